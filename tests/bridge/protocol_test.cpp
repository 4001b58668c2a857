#include "bridge/protocol.hpp"

#include "support/random.hpp"

namespace chatbridge::v1 {
namespace {

template <class R>
R as(std::string_view object) {
  const auto parsed = parse(object);
  INFO(object);
  REQUIRE(std::holds_alternative<Request>(parsed));
  const auto& request = std::get<Request>(parsed);
  REQUIRE(std::holds_alternative<R>(request));
  return std::get<R>(request);
}

Invalid invalid(std::string_view object) {
  const auto parsed = parse(object);
  INFO(object);
  REQUIRE(std::holds_alternative<Invalid>(parsed));
  return std::get<Invalid>(parsed);
}

TEST_CASE("every request has its fields") {
  const auto hello = as<Hello>(R"({"type":"hello","nick":"ann","session":"s"})");
  CHECK((hello.nick == "ann" && hello.session == "s"));
  const auto join = as<Join>(R"({"type":"join","room":"lobby","after":1234,"epoch":"k3f9"})");
  CHECK((join.room == "lobby" && join.after == 1234 && join.epoch == "k3f9"));
  CHECK(as<Leave>(R"({"type":"leave","room":"lobby"})").room == "lobby");
  const auto say = as<Say>(R"({"type":"message","room":"lobby","text":"hi","id":"c1","action":true})");
  CHECK((say.room == "lobby" && say.text == "hi" && say.id == "c1" && say.action));
  const auto history = as<History>(R"({"type":"history","room":"lobby","before":1200,"limit":7})");
  CHECK((history.before == 1200 && history.limit == 7));
  CHECK(as<SetNick>(R"({"type":"nick","nick":"bob"})").nick == "bob");
  const auto who = as<Who>(R"({"type":"who","room":"lobby","prefix":"b","limit":9})");
  CHECK((who.prefix == "b" && who.limit == 9));
  as<Ping>(R"({"type":"ping"})");
}

TEST_CASE("what may be left out is left out, and null is the same") {
  for (const auto* object : {R"({"type":"hello"})", R"({"type":"hello","nick":null,"session":null,"token":null})"}) {
    CHECK_FALSE(as<Hello>(object).nick);
    CHECK_FALSE(as<Hello>(object).session);
  }
  CHECK_FALSE(as<Join>(R"({"type":"join","room":"a","after":null,"epoch":null})").after);
  CHECK(as<Join>(R"({"type":"join","room":"a","after":0})").after == 0);
  const auto say = as<Say>(R"({"type":"message","room":"a","text":"","id":null,"action":null})");
  CHECK((say.id.empty() && !say.action && say.text.empty()));
  CHECK(as<History>(R"({"type":"history","room":"a"})").limit == 50);
  CHECK(as<Who>(R"({"type":"who","room":"a","prefix":null})").limit == 100);
}

TEST_CASE("unknown fields are ignored, of two the last counts") {
  CHECK(as<SetNick>(R"({"type":"nick","nick":"bob","color":{"r":[1,2]},"x":-1e300})").nick == "bob");
  CHECK(as<SetNick>(R"({"nick":"ann","type":"ping","nick":"bob","type":"nick"})").nick == "bob");
}

TEST_CASE("nothing stands behind an object unseen, not even after a NUL") {
  using namespace std::string_literals;
  for (const auto& object : {"{\"type\":\"ping\"}\0"s, "{\"type\":\"ping\"}\0{["s, "\0{\"type\":\"ping\"}"s,
                             "{\"type\":\"ping\"} {}"s, "{\"type\":\"nick\",\"nick\":\"a\0b\"}"s})
    CHECK(invalid(object).error.message == "not a JSON object");
}

TEST_CASE("wrong objects are refused by what is wrong with them") {
  struct Row {
    const char* object;
    errc code;
    const char* says;
  };
  for (const auto& [object, code, says] : std::initializer_list<Row>{
           {"", errc::bad_request, "JSON"},
           {"{", errc::bad_request, "JSON"},
           {"null", errc::bad_request, "JSON object"},
           {"[]", errc::bad_request, "JSON object"},
           {"\"ping\"", errc::bad_request, "JSON object"},
           {"{\"type\":\"ping\"} x", errc::bad_request, "JSON"},
           {"{\"type\":\"ping\"}{}", errc::bad_request, "JSON"},
           {"{type:ping}", errc::bad_request, "JSON"},
           {"{\"type\":\"nick\",\"nick\":\"\xFF\"}", errc::bad_request, "JSON"},
           {R"({"type":"nick","nick":"\ud800"})", errc::bad_request, "JSON"},
           {"{}", errc::bad_request, "type"},
           {R"({"type":null})", errc::bad_request, "type"},
           {R"({"type":7})", errc::bad_request, "type"},
           {R"({"type":"nope"})", errc::unknown_type, ""},
           {R"({"type":""})", errc::unknown_type, ""},
           {R"({"type":"Ping"})", errc::unknown_type, ""},
           {R"({"type":"hello","nick":7})", errc::bad_request, "nick"},
           {R"({"type":"hello","session":["s"]})", errc::bad_request, "session"},
           {R"({"type":"join"})", errc::bad_request, "room"},
           {R"({"type":"join","room":null})", errc::bad_request, "room"},
           {R"({"type":"join","room":{}})", errc::bad_request, "room"},
           {R"({"type":"join","room":"a","after":-1})", errc::bad_request, "after"},
           {R"({"type":"join","room":"a","after":1.5})", errc::bad_request, "after"},
           {R"({"type":"join","room":"a","after":"1"})", errc::bad_request, "after"},
           {R"({"type":"join","room":"a","after":99999999999999999999})", errc::bad_request, "after"},
           {R"({"type":"join","room":"a","epoch":1})", errc::bad_request, "epoch"},
           {R"({"type":"message","room":"a"})", errc::bad_request, "text"},
           {R"({"type":"message","text":"hi"})", errc::bad_request, "room"},
           {R"({"type":"message","room":"a","text":7})", errc::bad_request, "text"},
           {R"({"type":"message","room":"a","text":"hi","id":7})", errc::bad_request, "id"},
           {R"({"type":"message","room":"a","text":"hi","action":1})", errc::bad_request, "action"},
           {R"({"type":"history","room":"a","limit":-5})", errc::bad_request, "limit"},
           {R"({"type":"history","room":"a","limit":true})", errc::bad_request, "limit"},
           {R"({"type":"nick"})", errc::bad_request, "nick"},
           {R"({"type":"who","room":"a","prefix":7})", errc::bad_request, "prefix"}}) {
    const auto wrong = invalid(object);
    CHECK(wrong.error.code == code);
    CHECK_THAT(wrong.error.message, Catch::Contains(says));
  }
}

TEST_CASE("limits are kept within what an answer can hold") {
  CHECK(as<History>(R"({"type":"history","room":"a","limit":0})").limit == 1);
  const auto most = as<History>(R"({"type":"history","room":"a","limit":9007199254740992})").limit;
  CHECK((most >= 100 && most <= 1000));
  CHECK(as<Who>(R"({"type":"who","room":"a","limit":100000})").limit <= 1000);
}

TEST_CASE("an error tells which request it was, if that can be told") {
  const auto wrong = invalid(R"({"type":"message","room":"lobby","id":"c1"})");
  CHECK((wrong.id == "c1" && wrong.room == "lobby"));
  CHECK(invalid(R"({"type":"nope","id":"c2"})").id == "c2");
  CHECK(invalid(R"({"type":"message","room":"a","text":"x","id":7})").id.empty());
  CHECK(invalid(R"({"type":"nope","id":")" + std::string(5000, 'x') + "\"}").id.empty());
}

TEST_CASE("a place beyond all numbers is a place, above every head") {
  CHECK(as<Join>(R"({"type":"join","room":"a","after":9007199254740993})").after == 9007199254740993);
  CHECK(as<Join>(R"({"type":"join","room":"a","after":18446744073709551615})").after == UINT64_MAX);
}

TEST_CASE("an id comes back as it was given, so it has nothing in it that would be cleaned") {
  for (const auto* id : {"\\u0000", "a\\nb", "\\u001b", "\\u202e", "\\u0085"}) {
    const auto wrong = invalid(R"({"type":"message","room":"a","text":"x","id":")" + std::string(id) + "\"}");
    CHECK(wrong.error.code == errc::bad_request);
    CHECK(wrong.id.empty());
  }
  CHECK(as<Say>(R"({"type":"message","room":"a","text":"x","id":"\u00fc \"\\"})").id == "\xC3\xBC \"\\");
}

TEST_CASE("an id is at most 128 bytes") {
  const auto say = [](std::size_t n) {
    return R"({"type":"message","room":"a","text":"x","id":")" + std::string(n, 'i') + "\"}";
  };
  CHECK(as<Say>(say(128)).id.size() == 128);
  CHECK(invalid(say(129)).error.code == errc::bad_request);
}

TEST_CASE("nesting is bounded, and as deep as a frame allows it is refused, not followed") {
  const auto deep = [](std::size_t n, const char* open, const char* close) {
    std::string out = R"({"type":"ping","x":)";
    for (std::size_t i = 0; i < n; ++i) out += open;
    out += "1";
    for (std::size_t i = 0; i < n; ++i) out += close;
    return out + "}";
  };
  as<Ping>(deep(5, "[", "]"));
  for (const std::size_t n : {20U, 1000U, 15000U}) {
    CHECK(invalid(deep(n, "[", "]")).error.code == errc::bad_request);
    CHECK(invalid(deep(n, R"({"a":)", "}")).error.code == errc::bad_request);
  }
  CHECK(invalid(std::string(60'000, '[')).error.code == errc::bad_request);
  CHECK(invalid(std::string(60'000, '{')).error.code == errc::bad_request);
}

TEST_CASE("any bytes are a request or refused, and a refusal never quotes control characters") {
  const std::vector<std::string> parts{
      "{",        "}",     "[",        "]",  ":",    ",",    "\"",      "\"type\"", "null", "\"ping\"", "\"message\"",
      "\"room\"", "\"a\"", "\"text\"", "-1", "9e99", "true", "\\u0000", "\x1B",     "\xFF", " ",        "\n"};
  for (int run = 0; run < 5000; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    std::string object = random.one_in(2) ? R"({"type":"message")" : "";
    for (auto n = random.between(1, 15); n > 0; --n) object += random.pick(parts);
    const auto parsed = parse(object);
    if (const auto* wrong = std::get_if<Invalid>(&parsed))
      for (const char c : wrong->error.message) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  }
}

}  // namespace
}  // namespace chatbridge::v1
