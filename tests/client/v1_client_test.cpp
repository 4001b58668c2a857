#include "client/v1_client.hpp"

#include <catch2/catch.hpp>

namespace chatbridge::connect {
namespace {

using Lines = std::vector<std::string>;

// A server that says what the test says, and hears everything.
struct Bench final : V1Host {
  explicit Bench(Wishes wishes = {}) : client(std::move(wishes), "me-", *this) {}
  void send(std::string frame) override { sent.push_back(std::move(frame)); }
  void print(std::string_view line) override { printed.emplace_back(line); }
  void note(std::string_view line) override { notes.emplace_back(line); }
  void fetch_rooms() override { ++fetched; }
  void failed(const std::string& why) override { failures.push_back(why); }

  // In the lobby of epoch e1 with head 10, nothing printed or sent since.
  Bench& enter() {
    client.opened();
    client.received(R"({"type":"welcome","nick":"ann","session":"s1","room":"lobby"})");
    client.received(
        R"({"type":"joined","room":"lobby","epoch":"e1","head":10,"members":[{"nick":"ann"},{"nick":"bob"}]})");
    return clear();
  }
  // Comes back; the server is where `joined` says.
  Bench& come_back(const std::string& epoch, int head) {
    client.lost();
    client.opened();
    client.received(R"({"type":"welcome","nick":"ann","session":"s1","room":"lobby"})");
    clear();
    joined(epoch, head);
    return *this;
  }
  void joined(const std::string& epoch, int head, const std::string& room = "lobby") {
    client.received(R"({"type":"joined","room":")" + room + R"(","epoch":")" + epoch + R"(","head":)" +
                    std::to_string(head) + "}");
  }
  void said(int seq, const std::string& text, const std::string& id = {}, const std::string& room = "lobby") {
    client.received(R"({"type":"message","room":")" + room + R"(","seq":)" + std::to_string(seq) +
                    R"(,"at":"2026-01-02T03:04:05.678Z","nick":"bob","text":")" + text + R"(","id":")" + id + "\"}");
  }
  void ack(const std::string& id) { client.received(R"({"type":"ack","id":")" + id + "\"}"); }
  Bench& clear() {
    sent.clear(), printed.clear(), notes.clear();
    return *this;
  }
  Lines take() { return std::exchange(sent, {}); }

  V1Client client;
  Lines sent, printed, notes, failures;
  int fetched = 0;
};

std::string message(const std::string& text, int id, const std::string& room = "lobby") {
  return R"({"type":"message","room":")" + room + R"(","text":")" + text + R"(","id":"me-)" + std::to_string(id) +
         "\"}";
}

TEST_CASE("it says hello, joins, and tells where it is, what was said before is not printed") {
  Bench b({"ann", "dev"});
  b.client.opened();
  CHECK(b.take() == Lines{R"({"type":"hello","nick":"ann"})"});
  b.client.received(R"({"type":"welcome","nick":"ann","session":"s1","room":"lobby"})");
  CHECK(b.take() == Lines{R"({"type":"join","room":"dev"})"});
  CHECK_FALSE(b.client.known());
  b.joined("e1", 10, "dev");
  CHECK(b.client.known());
  b.said(9, "old", "", "dev");
  b.said(11, "new", "", "dev");
  CHECK(b.printed == Lines{"*** you are ann in dev, /help", "bob: new"});
}

TEST_CASE("a room that is refused at the beginning is a failure, a nick is not") {
  Bench b({"ann", "dev"});
  b.client.opened();
  b.client.received(R"({"type":"welcome","nick":"guest-1","session":"s1","room":"lobby"})"
                    "\n"
                    R"({"type":"error","code":"nick_taken","message":"taken"})");
  CHECK(b.printed == Lines{"*** taken"});
  CHECK(b.client.refused() == 0);
  b.client.received(R"({"type":"error","code":"too_many","message":"no room","room":"dev"})");
  CHECK(b.failures == Lines{"no room"});
}

TEST_CASE("commands become requests, text becomes messages with ids of their own") {
  Bench b;
  b.enter();
  for (const auto* line : {"hi", "//x", "/me waves", "/msg bob psst  now", "/nick zoe", "/who", "/rooms", ""})
    b.client.typed(line);
  CHECK(b.take() == Lines{message("hi", 1), message("/x", 2),
                          R"({"type":"message","room":"lobby","text":"waves","id":"me-3","action":true})",
                          R"({"type":"direct","nick":"bob","text":"psst  now","id":"me-4"})",
                          R"({"type":"nick","nick":"zoe"})", R"({"type":"who","room":"lobby","limit":100})"});
  CHECK(b.fetched == 1);
  CHECK(b.client.unsettled() == 7);
}

TEST_CASE("what is wrong is refused without the server") {
  Bench b;
  b.enter();
  for (const auto* line : {"/nosuch", "/msg bob", "/msg", "/join", "\xFF", "/login x", "/msg bob /login x"})
    b.client.typed(line);
  b.client.typed(std::string(70'000, 'x'));
  CHECK(b.sent.empty());
  CHECK(b.printed.size() == 8);
  CHECK(b.client.refused() == 8);
  CHECK(b.client.settled());
}

TEST_CASE("an ack or the message itself settles what was said, and own messages are not printed") {
  Bench b;
  b.enter();
  b.client.typed("one");
  b.client.typed("two");
  b.ack("me-1");
  b.said(11, "one", "me-1");
  b.said(12, "two", "me-2");
  CHECK(b.client.settled());
  b.ack("me-2");
  b.ack("somebody-1");
  CHECK(b.printed.empty());
}

TEST_CASE("after a loss it comes back to its place with its session and says again what was not acknowledged") {
  Bench b;
  b.enter();
  for (const auto* line : {"one", "two", "/who"}) b.client.typed(line);
  b.ack("me-1");
  b.said(12, "hello");
  b.client.lost();
  b.client.typed("three");
  b.clear();
  b.client.opened();
  CHECK(b.take() == Lines{R"({"type":"hello","session":"s1"})"});
  b.client.received(R"({"type":"welcome","nick":"ann","session":"s1","room":"lobby"})");
  CHECK(b.take() == Lines{R"({"type":"join","room":"lobby","after":12,"epoch":"e1"})"});
  CHECK(b.notes == Lines{"*** connected"});
  b.joined("e1", 14);
  CHECK(b.take() == Lines{message("two", 2), R"({"type":"who","room":"lobby","limit":100})", message("three", 3)});
  b.said(13, "missed");
  b.said(14, "two", "me-2");
  b.said(15, "live");
  CHECK(b.printed == Lines{"[03:04] bob: missed", "bob: live"});
  CHECK(b.client.unsettled() == 2);
}

TEST_CASE("what is given twice at the seam is printed once") {
  Bench b;
  b.enter();
  b.said(11, "a");
  b.come_back("e1", 12);
  b.said(11, "a");
  b.said(12, "b");
  CHECK(b.printed == Lines{"[03:04] bob: b"});
}

TEST_CASE("what is gone is told") {
  Bench b;
  b.enter();
  b.said(11, "a");
  b.come_back("e1", 100);
  b.client.received(R"({"type":"gap","room":"lobby","from":12,"to":90})");
  b.said(91, "b");
  CHECK(b.printed == Lines{"*** you missed messages after 03:04", "[03:04] bob: b"});
}

TEST_CASE("in another epoch it asks for all there is, and the end that came first is not printed twice") {
  Bench b;
  b.enter();
  b.client.typed("unacknowledged");
  b.come_back("e2", 2);
  CHECK(b.take() == Lines{R"({"type":"join","room":"lobby","after":0,"epoch":"e2"})"});
  b.said(2, "second");
  CHECK_FALSE(b.client.inside());
  b.joined("e2", 2);
  b.said(1, "first");
  b.said(2, "second");
  CHECK(b.printed == Lines{"*** the room began anew; what was said last before may be missing", "[03:04] bob: first",
                           "[03:04] bob: second"});
  CHECK(b.take() == Lines{message("unacknowledged", 1)});
}

TEST_CASE("a nick that was chosen is asked for again, one that was given is not") {
  Bench b;
  b.enter();
  b.client.typed("/nick zoe");
  b.client.received(R"({"type":"nick","room":"lobby","old":"ann","nick":"zoe"})");
  b.client.received(R"({"type":"nick","old":"ann","nick":"zoe"})");
  CHECK(b.client.settled());
  b.client.lost();
  b.client.opened();
  CHECK(b.sent.back() == R"({"type":"hello","session":"s1","nick":"zoe"})");
  b.client.received(R"({"type":"welcome","nick":"guest-3","session":"s2","room":"lobby"})");
  CHECK(b.printed.back() == "*** you are guest-3");
}

TEST_CASE("everything is said in the room where it was typed: /join waits, and is waited for") {
  Bench b;
  b.enter();
  for (const auto* line : {"here", "/join dev", "there"}) b.client.typed(line);
  CHECK(b.take() == Lines{message("here", 1)});
  b.ack("me-1");
  CHECK(b.take() == Lines{R"({"type":"join","room":"dev"})"});
  b.said(11, "still here");
  b.joined("e1", 5, "dev");
  CHECK(b.take() == Lines{R"({"type":"leave","room":"lobby"})", message("there", 2, "dev")});
  b.said(12, "too late");
  b.said(6, "over there", "", "dev");
  CHECK(b.printed == Lines{"bob: still here", "*** you are ann in dev, /help", "bob: over there"});
}

TEST_CASE("a room that cannot be had leaves it where it is") {
  Bench b;
  b.enter();
  b.client.typed("/join dev");
  b.client.typed("hi");
  b.client.received(R"({"type":"error","code":"too_many","message":"full","room":"dev"})");
  CHECK(b.printed == Lines{"*** full"});
  CHECK(b.sent.back() == message("hi", 1));
}

TEST_CASE("a refused message is told and settled, one that only came too early is said again later") {
  Bench b;
  b.enter();
  b.client.typed("bad");
  b.client.typed("early");
  b.client.received(R"({"type":"error","code":"too_long","message":"long","id":"me-1","room":"lobby"})");
  b.client.received(R"({"type":"error","code":"overloaded","message":"busy","id":"me-2","room":"lobby"})");
  CHECK(b.client.refused() == 1);
  CHECK(b.client.unsettled() == 1);
  CHECK(b.client.wants_retry());
  b.clear();
  b.client.retry();
  CHECK(b.sent == Lines{message("early", 2)});
  CHECK_FALSE(b.client.wants_retry());
}

TEST_CASE("what only came too early and has no id is asked for again later as well") {
  Bench b;
  b.enter();
  const auto early = [&](const std::string& code, const std::string& more = {}) {
    b.client.received(R"({"type":"error","code":")" + code + R"(","message":")" + code + "\"" + more + "}");
    b.clear();
    CHECK(b.client.wants_retry());
    b.client.retry();
  };
  b.client.typed("/nick zoe");
  early("rate_limited");
  CHECK(b.sent == Lines{R"({"type":"nick","nick":"zoe"})"});
  b.client.received(R"({"type":"nick","old":"ann","nick":"zoe"})");
  b.client.typed("/history 5");
  early("overloaded", R"(,"room":"lobby")");
  CHECK(b.sent == Lines{R"({"type":"history","room":"lobby","limit":5})"});
  b.client.received(R"({"type":"history","room":"lobby","messages":[],"more":false})");
  CHECK(b.client.settled());
  CHECK(b.client.refused() == 0);
}

TEST_CASE("to be told that one is too fast takes no answered change of nick for a refused one") {
  Bench b;
  b.enter();
  b.client.typed("/nick zoe");
  b.client.typed("/nick zed");
  b.client.received(R"({"type":"error","code":"rate_limited","message":"slower"})");
  b.client.received(R"({"type":"nick","old":"ann","nick":"zoe"})");
  b.client.received(R"({"type":"nick","old":"zoe","nick":"zed"})");
  CHECK(b.client.settled());
  b.clear();
  b.client.retry();
  CHECK(b.sent.empty());
}

TEST_CASE("each reason to wait is told once") {
  Bench b;
  b.enter();
  b.client.typed("/nick zoe");
  for (const auto* why : {"slower", "slower", "10 times a minute", "10 times a minute", "slower"})
    b.client.received(R"({"type":"error","code":"rate_limited","message":")" + std::string(why) + "\"}");
  CHECK(b.printed == Lines{"*** slower", "*** 10 times a minute"});
}

TEST_CASE("64 lines are under way at most") {
  Bench b;
  b.enter();
  for (int i = 1; i <= 100; ++i) b.client.typed("x");
  CHECK(b.client.full());
  CHECK(b.take().size() == 64);
  b.ack("me-1");
  CHECK(b.take() == Lines{message("x", 65)});
}

TEST_CASE("history longer than an answer is put together from several, oldest first") {
  Bench b;
  b.enter();
  b.client.typed("/history 400");
  CHECK(b.take() == Lines{R"({"type":"history","room":"lobby","limit":300})"});
  const auto answer = [&](int seq, bool more) {
    b.client.received(R"({"type":"history","room":"lobby","messages":[{"seq":)" + std::to_string(seq) +
                      R"(,"at":"2026-01-02T03:04:05.678Z","nick":"bob","text":"m)" + std::to_string(seq) +
                      R"("}],"more":)" + (more ? "true}" : "false}"));
  };
  answer(9, true);
  CHECK(b.take() == Lines{R"({"type":"history","room":"lobby","limit":300,"before":9})"});
  answer(4, false);
  CHECK(b.printed == Lines{"[03:04] bob: m4", "[03:04] bob: m9"});
  CHECK(b.client.settled());
  b.client.typed("/history");
  b.client.received(R"({"type":"history","room":"lobby","messages":[],"more":false})");
  CHECK(b.printed.back() == "*** nothing was said here yet");
}

TEST_CASE("one /history is answered before the next one is asked") {
  Bench b;
  b.enter();
  b.client.typed("/history 1000");
  b.client.typed("/history 1");
  CHECK(b.take() == Lines{R"({"type":"history","room":"lobby","limit":300})"});
  const auto answer = [&](int seq, const char* more) {
    b.client.received(R"({"type":"history","room":"lobby","messages":[{"seq":)" + std::to_string(seq) +
                      R"(,"at":"2026-01-02T03:04:05.678Z","nick":"bob","text":"m)" + std::to_string(seq) +
                      R"("}],"more":)" + more + "}");
  };
  answer(9, "true");
  CHECK(b.take() == Lines{R"({"type":"history","room":"lobby","limit":300,"before":9})"});
  answer(4, "false");
  CHECK(b.take() == Lines{R"({"type":"history","room":"lobby","limit":1})"});
  answer(9, "true");
  CHECK(b.printed == Lines{"[03:04] bob: m4", "[03:04] bob: m9", "[03:04] bob: m9"});
  CHECK(b.client.settled());
}

TEST_CASE("/join of the room one is in says where one is, and begins nothing anew") {
  Bench b;
  b.enter();
  b.client.typed("/join lobby");
  CHECK(b.sent.empty());
  CHECK(b.printed == Lines{"*** you are ann in lobby, /help"});
  for (const auto* line : {"one", "/join lobby", "two"}) b.client.typed(line);
  CHECK(b.take() == Lines{message("one", 1)});
  b.ack("me-1");
  CHECK(b.take() == Lines{message("two", 2)});
  CHECK(b.printed.size() == 2);
}

TEST_CASE("who comes and goes is told, not oneself, and not who was there when names are told again") {
  Bench b;
  b.enter();
  const auto presence = [&](const char* names) {
    b.client.received(std::string(R"({"type":"presence","room":"lobby","count":3)") + names + "}");
  };
  presence(R"(,"joined":[{"nick":"ann"},{"nick":"cy"}],"left":[])");
  presence(R"(,"joined":[],"left":[{"nick":"bob"}])");
  CHECK(b.printed == Lines{"*** cy joined", "*** bob left"});
  presence("");
  presence(R"(,"joined":[{"nick":"ann"},{"nick":"cy"},{"nick":"dan"}],"left":[])");
  CHECK(b.printed.size() == 2);
  presence(R"(,"joined":[],"left":[{"nick":"dan"}])");
  b.client.received(R"({"type":"nick","room":"lobby","old":"cy","nick":"cyn"})");
  presence(R"(,"joined":[],"left":[{"nick":"cyn"}])");
  CHECK(b.printed == Lines{"*** cy joined", "*** bob left", "*** dan left", "*** cy is now cyn", "*** cyn left"});
}

TEST_CASE("direct messages to oneself are printed, acks of one's own settle without a seq") {
  Bench b;
  b.enter();
  b.client.received(R"({"type":"direct","nick":"bob","to":"ann","text":"psst"})");
  b.client.received(R"({"type":"direct","nick":"ann","to":"bob","text":"from my other window"})");
  CHECK(b.printed == Lines{"*** bob to you: psst"});
  b.client.typed("/msg bob hi");
  b.ack("me-1");
  CHECK(b.client.settled());
}

TEST_CASE("the goodbye's wait is kept until the next connection") {
  Bench b;
  b.enter();
  b.client.received(R"({"type":"bye","reason":"shutdown","retry_after_ms":800})");
  b.client.lost();
  CHECK(b.client.bye() == std::chrono::milliseconds(800));
  b.client.opened();
  CHECK_FALSE(b.client.bye());
}

TEST_CASE("/quit is the end: nothing after it is said") {
  Bench b;
  b.enter();
  b.client.typed("/quit");
  b.client.typed("more");
  CHECK(b.client.quit());
  CHECK(b.sent.empty());
}

}  // namespace
}  // namespace chatbridge::connect
