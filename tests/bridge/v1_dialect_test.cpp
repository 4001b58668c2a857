// chatbridge.v1 requests and their answers: bridge/v1_dialect.
#include <catch2/catch.hpp>

#include "v1_person.hpp"

namespace chatbridge {
namespace {

using test::json, test::Objects, test::room;
using Person = test::V1Person;
using Scene = test::V1Scene;

TEST_CASE("hello is welcomed with a nick, a session, a room and the limits, and joins nothing") {
  Scene s;
  Person ann(s.bench);
  const auto w = ann.hello();
  CHECK(w["type"] == "welcome");
  CHECK(w["nick"] == "guest-1");
  CHECK(w["session"].get<std::string>().size() == 26);
  CHECK(w["room"] == "lobby");
  CHECK(w["limits"]["message_bytes"] == 4096);
  CHECK(s.bench.hub.rooms(1).rooms.empty());
}

TEST_CASE("anything before hello is a bad request, and so is a second hello") {
  Scene s;
  Person ann(s.bench);
  for (const auto* object : {R"({"type":"ping"})", R"({"type":"join","room":"lobby"})",
                             R"({"type":"message","room":"lobby","text":"x"})", "nonsense"})
    CHECK(ann.send(object).at(0)["code"] == "bad_request");
  ann.hello();
  CHECK(ann.send(R"({"type":"hello"})").at(0)["code"] == "bad_request");
}

TEST_CASE("hello takes a nick, a taken one leaves a guest that is told") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  CHECK(ann.hello({{"nick", "ann"}})["nick"] == "ann");
  CHECK(bob.hello({{"nick", "ANN"}})["nick"] == "guest-2");
  CHECK(bob.reader.objects().at(1)["code"] == "nick_taken");
  CHECK(bob.send(R"({"type":"ping"})").at(0)["type"] == "pong");
}

TEST_CASE("a session gives its nick back, an unknown one gets a new one") {
  Scene s;
  std::string session;
  {
    Person ann(s.bench);
    session = ann.hello({{"nick", "ann"}})["session"];
    ann.reader.leave_for_good(Farewell::lost);
  }
  Person again(s.bench), stranger(s.bench);
  const auto w = again.hello({{"session", session}});
  CHECK(w["nick"] == "ann");
  CHECK(w["session"] == session);
  const auto other = stranger.hello({{"session", "made up"}});
  CHECK(other["session"] != "made up");
  CHECK(other["type"] == "welcome");
}

TEST_CASE("a page that comes back after a goodbye with its session and nick has that nick for itself") {
  Scene s;
  std::string session;
  {
    Person ann(s.bench);
    session = ann.hello({{"nick", "ann"}})["session"];
    ann.reader.leave_for_good(Farewell::said);
  }
  Person again(s.bench), bob(s.bench);
  CHECK(again.hello({{"session", session}, {"nick", "ann"}})["nick"] == "ann");
  CHECK(bob.hello({{"nick", "ann"}})["nick"] != "ann");
}

TEST_CASE("what is not sent is told with its id") {
  Scene s;
  Person ann(s.bench);
  ann.hello(), ann.join();
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{{std::string(4097, 'x'), "too_long"},
                                                        {std::string(100, '\n') + "x", "too_long"},
                                                        {"", "bad_request"},
                                                        {" /resume secret", "bad_request"},
                                                        {"hi\n/login x", "bad_request"}}) {
    const auto got = ann.say(text, "c1");
    REQUIRE(got.size() == 1);
    CHECK(got[0]["code"] == why);
    CHECK(got[0]["id"] == "c1");
  }
  CHECK(ann.say("/not a command here", "c2").size() == 2);
}

TEST_CASE("said again with the same id it is acknowledged with the same number") {
  Scene s;
  Person ann(s.bench);
  ann.hello(), ann.join();
  ann.say("first", "c1");
  const auto again = ann.say("other", "c1");
  REQUIRE(again.size() == 1);
  CHECK(again[0] == json::parse(R"({"type":"ack","id":"c1","room":"lobby","seq":2})"));
}

TEST_CASE("history comes in pages from a place backwards, within a frame's bound") {
  Scene s;
  Person ann(s.bench);
  ann.hello(), ann.join();
  for (int i = 1; i <= 40; ++i) ann.say(std::to_string(i) + std::string(i > 20 ? 4000 : 0, 'x'));
  auto got = ann.send(R"({"type":"history","room":"lobby","before":21,"limit":5})").at(0);
  CHECK(got["more"] == true);
  REQUIRE(got["messages"].size() == 5);
  CHECK(got["messages"][0]["text"] == "6");
  CHECK(got["messages"][4]["text"] == "10");
  got = ann.send(R"({"type":"history","room":"lobby","before":5})").at(0);
  CHECK(got["messages"].size() == 2);
  CHECK(got["more"] == false);
  got = ann.send(R"({"type":"history","room":"lobby","limit":1000})").at(0);
  CHECK(got["more"] == true);
  CHECK(got["messages"].back()["seq"] == 80);
  CHECK(ann.reader.got.size() < 64 * 1024);
  // All of it, page by page, with nothing missing.
  std::size_t seen = 0;
  for (std::uint64_t before = 1000; before > 2;) {
    got = ann.request(json{{"type", "history"}, {"room", "lobby"}, {"before", before}, {"limit", 1000}}).at(0);
    seen += got["messages"].size();
    before = got["messages"][0]["seq"];
    CHECK(got["more"] == (before > 2));
  }
  CHECK(seen == 40);
}

TEST_CASE("who lists people by prefix, of any room") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.hello({{"nick", "ann"}}), bob.hello({{"nick", "bob"}});
  ann.join(), bob.join();
  CHECK(
      ann.send(R"({"type":"who","room":"lobby","prefix":"b"})").at(0) ==
      json::parse(R"({"type":"members","room":"lobby","members":[{"nick":"bob","via":"ws"}],"count":2,"more":false})"));
  CHECK(ann.send(R"({"type":"who","room":"lobby","limit":1})").at(0)["more"] == true);
  CHECK(ann.send(R"({"type":"who","room":"empty"})").at(0)["count"] == 0);
}

TEST_CASE("a new nick is told to oneself, and to one's rooms") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.hello(), bob.hello();
  ann.join(), bob.join();
  s.bench.hub.flush_presence();
  s.bench.poll();
  bob.reader.got.clear();
  const auto got = ann.send(R"({"type":"nick","nick":"ann"})");
  CHECK(std::ranges::count(got, json::parse(R"({"type":"nick","old":"guest-1","nick":"ann"})")) == 1);
  CHECK(bob.reader.objects() == Objects{json::parse(R"({"type":"nick","room":"lobby","old":"guest-1","nick":"ann"})")});
  CHECK(bob.send(R"({"type":"nick","nick":"ann"})").at(0)["code"] == "nick_taken");
  CHECK(bob.send(R"({"type":"nick","nick":"guest-9"})").at(0)["code"] == "bad_nick");
}

TEST_CASE("one frame may hold several objects, each answered, empty lines ignored") {
  Scene s;
  Person ann(s.bench);
  const auto got = ann.send("{\"type\":\"hello\"}\n\n  \r\n{\"type\":\"ping\"}\r\nnonsense\n{\"type\":\"ping\"}");
  REQUIRE(got.size() == 4);
  CHECK(got[0]["type"] == "welcome");
  CHECK(got[1]["type"] == "pong");
  CHECK(got[2]["code"] == "bad_request");
  CHECK(got[3]["type"] == "pong");
}

TEST_CASE("a session is told when the journal has it, what is sent meanwhile waits") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  Person ann(bench);
  CHECK(ann.send(R"({"type":"hello","nick":"ann"})").empty());
  CHECK(ann.reader->congested());
  REQUIRE(journal.held() == 1);
  journal.release();
  bench.poll();
  CHECK_FALSE(ann.reader->congested());
  REQUIRE(ann.reader.objects("welcome").size() == 1);
  const std::string session = ann.reader.objects("welcome").at(0)["session"];
  CHECK(list.sessions().at(0).id == hash_secret(session));
  CHECK(list.sessions().at(0).nick == "ann");
  // One that is known already is told at once.
  Person again(bench);
  CHECK(again.hello({{"session", session}})["nick"] == "ann");
}

TEST_CASE("a session that the journal does not take is not told, and the connection ends") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  journal.fail = [] { return true; };
  test::Bench bench(journal);
  Person ann(bench);
  ann.send(R"({"type":"hello","nick":"ann"})");
  journal.release();
  bench.poll();
  CHECK(ann.reader.objects("welcome").empty());
  CHECK(ann.reader.objects("error").at(0)["code"] == "overloaded");
  CHECK(ann.reader.fell == 1);
  CHECK(list.sessions().empty());
}

}  // namespace
}  // namespace chatbridge
