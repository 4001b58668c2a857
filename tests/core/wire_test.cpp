#include "core/wire.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/bench.hpp"

namespace chatbridge {
namespace {

using nlohmann::json;

WallTime at(std::chrono::sys_seconds s, int ms = 0) { return WallTime(s) + std::chrono::milliseconds(ms); }
const WallTime noon =
    at(std::chrono::sys_days{std::chrono::January / 2 / 2026} + std::chrono::hours(3) + std::chrono::seconds(245), 678);

Message message(std::string text, bool action = false) {
  Message m;
  m.seq = Seq{1251};
  m.at = noon;
  m.nick = "bob";
  m.text = std::move(text);
  m.action = action;
  return m;
}

std::string encoded(Wire wire, const Message& m, bool old = false) {
  std::string out;
  wire::append_message(out, wire, "lobby", m, old);
  return out;
}

json object(const std::string& frame) {
  const auto payloads = test::split_frames(frame);
  REQUIRE(payloads.size() == 1);
  return json::parse(payloads.front());
}

TEST_CASE("frames have the shortest length that fits") {
  for (const auto& [size, head] : std::vector<std::pair<std::size_t, std::string>>{
           {0, std::string("\x81\x00", 2)},
           {1, "\x81\x01"},
           {125, "\x81\x7D"},
           {126, std::string("\x81\x7E\x00\x7E", 4)},
           {127, std::string("\x81\x7E\x00\x7F", 4)},
           {65535, "\x81\x7E\xFF\xFF"},
           {65536, std::string("\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10)}}) {
    std::string frame = "before";
    const std::string payload(size, 'x');
    wire::append_frame(frame, payload);
    INFO(size);
    CHECK((frame == "before" + head + payload));
  }
}

TEST_CASE("a message is a line in each line format") {
  CHECK(encoded(Wire::line, message("hi")) == "bob: hi\n");
  CHECK(encoded(Wire::text_frame, message("hi")) ==
        "\x81\x07"
        "bob: hi");
  CHECK(encoded(Wire::line, message("waves", true)) == "* bob waves\n");
  CHECK(encoded(Wire::line, message("hi"), true) == "[03:04] bob: hi\n");
  CHECK(encoded(Wire::line, message("waves", true), true) == "[03:04] * bob waves\n");
}

TEST_CASE("every further line of a text is prefixed again, so that nobody can forge another's") {
  CHECK(encoded(Wire::line, message("hi\nann: no\n*** bye")) == "bob: hi\nbob: ann: no\nbob: *** bye\n");
  CHECK(encoded(Wire::line, message("a\n\nb")) == "bob: a\nbob: \nbob: b\n");
  CHECK(encoded(Wire::line, message("a\nb", true), true) == "[03:04] * bob a\n[03:04] * bob b\n");
  CHECK(test::split_frames(encoded(Wire::text_frame, message("hi\nho"))) ==
        std::vector<std::string>{"bob: hi", "bob: ho"});
}

TEST_CASE("lines are clean: one line end, at the end of each") {
  CHECK(encoded(Wire::line, message("a\rb\tc\x1B[1m\xE2\x80\xA8"
                                    "d")) ==
        "bob: a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD"
        "c\xEF\xBF\xBD[1m\xEF\xBF\xBD"
        "d\n");
}

TEST_CASE("a JSON message has what the protocol says, and what is not there is left out") {
  CHECK(object(encoded(Wire::json_frame, message("hi"))) == json::parse(R"({"type":"message","room":"lobby","seq":1251,
      "at":"2026-01-02T03:04:05.678Z","nick":"bob","via":"tcp","text":"hi"})"));
  auto m = message("a\n\"b\"\t\\\x1B", true);
  m.id = "c\"1";
  m.via = Via::ws;
  m.session = "secret";
  const auto o = object(encoded(Wire::json_frame, m));
  CHECK(o["text"] == "a\n\"b\"\t\\\xEF\xBF\xBD");
  CHECK(o["action"] == true);
  CHECK(o["id"] == "c\"1");
  CHECK(o["via"] == "ws");
  CHECK(o.dump().find("secret") == std::string::npos);
}

TEST_CASE("sequence numbers are whole up to the largest") {
  auto m = message("hi");
  m.seq = Seq{(1ULL << 53) - 1};
  CHECK(object(encoded(Wire::json_frame, m))["seq"] == 9007199254740991);
}

TEST_CASE("coming, going and renaming are told as lines and as objects") {
  std::string out;
  wire::append_joined(out, Wire::line, {"ann"});
  wire::append_left(out, Wire::line, {"ann"});
  wire::append_rename(out, Wire::line, "lobby", {"ann", "bob"});
  CHECK(out == "*** ann joined\n*** ann left\n*** ann is now bob\n");
  out.clear();
  wire::append_rename(out, Wire::json_frame, "lobby", {"ann", "bob"});
  CHECK(object(out) == json::parse(R"({"type":"nick","room":"lobby","old":"ann","nick":"bob"})"));
  out.clear();
  wire::append_presence(out, "lobby", {4, true, {{"ann", Via::udp}}, {{"bob", Via::ws}}, {}});
  CHECK(object(out) == json::parse(R"({"type":"presence","room":"lobby","count":4,
      "joined":[{"nick":"ann","via":"udp"}],"left":[{"nick":"bob","via":"ws"}]})"));
  out.clear();
  wire::append_presence(out, "lobby", {400, false, {{"ann"}}, {}, {}});
  CHECK(object(out) == json::parse(R"({"type":"presence","room":"lobby","count":400})"));
}

TEST_CASE("a gap names the first and the last number that is gone, or when they were said") {
  std::string out;
  wire::append_gap(out, Wire::json_frame, "lobby", Seq{899}, Seq{1100}, noon, noon);
  CHECK(object(out) == json::parse(R"({"type":"gap","room":"lobby","from":900,"to":1100})"));
  out.clear();
  wire::append_gap(out, Wire::line, "lobby", Seq{899}, Seq{1100}, noon, noon + std::chrono::minutes(2));
  CHECK(out == "*** you missed messages from 03:04 to 03:06\n");
}

TEST_CASE("an event names its place and has the message as one line of data") {
  std::string out;
  wire::append_message(out, Wire::sse, {"lobby", "k3f9"}, message("a\nb\r\n\ndata: x"));
  const std::string head = "id: k3f9-1251\ndata: ";
  REQUIRE(out.starts_with(head));
  REQUIRE(out.ends_with("}\n\n"));
  CHECK(std::ranges::count(out, '\n') == 3);
  CHECK(out.find('\r') == std::string::npos);
  CHECK(json::parse(out.substr(head.size())) == object(encoded(Wire::json_frame, message("a\nb\r\n\ndata: x"))));
  out.clear();
  wire::append_gap(out, Wire::sse, {"lobby", "k3f9"}, Seq{899}, Seq{1100}, noon, noon);
  CHECK(out == "id: k3f9-1100\ndata: {\"type\":\"gap\",\"room\":\"lobby\",\"from\":900,\"to\":1100}\n\n");
  out.clear();
  wire::append_place(out, "k3f9", Seq{7});
  CHECK(out == "id: k3f9-7\n\n");
}

TEST_CASE("a listener to events is told nothing that is no message") {
  std::string out;
  wire::append_line(out, Wire::sse, "*** hello");
  wire::append_error(out, Wire::sse, {errc::internal, "oh"}, {}, {});
  wire::append_rename(out, Wire::sse, "lobby", {"ann", "bob"});
  wire::append_joined(out, Wire::sse, {"ann"});
  CHECK(out.empty());
}

TEST_CASE("errors and acks name what they are about") {
  std::string out;
  wire::append_error(out, Wire::line, {errc::nick_taken, "the nick ann is taken"}, "c1", "lobby");
  CHECK(out == "*** the nick ann is taken\n");
  out.clear();
  wire::append_error(out, Wire::json_frame, {errc::nick_taken, "taken"}, "c1", "lobby");
  CHECK(object(out) ==
        json::parse(R"({"type":"error","code":"nick_taken","message":"taken","id":"c1","room":"lobby"})"));
  out.clear();
  wire::append_error(out, Wire::json_frame, {errc::internal, "oh"}, {}, {});
  CHECK(object(out) == json::parse(R"({"type":"error","code":"internal","message":"oh"})"));
  out.clear();
  wire::append_ack(out, "c\n1", "lobby", Seq{1252});
  CHECK(object(out) == json::parse(R"({"type":"ack","id":"c\n1","room":"lobby","seq":1252})"));
}

TEST_CASE("times are UTC, whole to the millisecond") {
  using namespace std::chrono;
  CHECK(wire::rfc3339(noon) == "2026-01-02T03:04:05.678Z");
  CHECK(wire::rfc3339(WallTime{}) == "1970-01-01T00:00:00.000Z");
  CHECK(wire::rfc3339(at(sys_days{February / 29 / 2028} + hours(23) + minutes(59) + seconds(59), 999)) ==
        "2028-02-29T23:59:59.999Z");
  CHECK(wire::rfc3339(at(sys_days{December / 31 / 2037}, 7)) == "2037-12-31T00:00:00.007Z");
  CHECK(wire::utc_minute(at(sys_days{January / 1 / 2026} + hours(23) + minutes(59) + seconds(59))) == "23:59");
  CHECK(wire::utc_minute(at(sys_days{January / 1 / 2026})) == "00:00");
}

TEST_CASE("every error code has its name and an HTTP status") {
  CHECK(name(errc::bad_request) == "bad_request");
  CHECK(name(errc::no_such_nick) == "no_such_nick");
  CHECK(name(errc::internal) == "internal");
  CHECK(http_status(errc::bad_request) == 400);
  CHECK(http_status(errc::nick_taken) == 409);
  CHECK(http_status(errc::overloaded) == 503);
  for (int i = 0; i <= static_cast<int>(errc::internal); ++i) {
    CHECK_FALSE(name(static_cast<errc>(i)).empty());
    CHECK(http_status(static_cast<errc>(i)) >= 400);
  }
}

}  // namespace
}  // namespace chatbridge
