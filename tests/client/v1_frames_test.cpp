#include "client/v1_frames.hpp"

#include <catch2/catch.hpp>

namespace chatbridge::connect::v1 {
namespace {

using Lines = std::vector<std::string>;

json one(std::string_view text) {
  auto all = objects(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

TEST_CASE("objects are taken line by line, what is none costs the others nothing") {
  const auto all = objects("{\"a\":1}\nnonsense\n[]\n\n{\"b\":2}");
  REQUIRE(all.size() == 2);
  CHECK(number(all[1], "b") == 2);
  CHECK(objects(std::string(100'000, '[')).empty());
  CHECK(objects("{\"a\":" + std::string(20, '[') + std::string(20, ']') + "}").empty());
}

TEST_CASE("a field of another type is as good as none") {
  const auto o = one(R"({"s":1,"n":"1","m":-1,"f":1,"l":{},"z":null})");
  CHECK(string(o, "s").empty());
  CHECK(number(o, "n") == 0);
  CHECK(number(o, "m") == 0);
  CHECK_FALSE(flag(o, "f"));
  CHECK(list(o, "l").empty());
  CHECK_FALSE(has(o, "z"));
}

TEST_CASE("a message reads as raw clients see it, every line with its speaker") {
  CHECK(message_lines(one(R"({"nick":"ann","text":"hi\nthere","at":"2026-01-02T03:04:05.678Z"})"), false) ==
        Lines{"ann: hi", "ann: there"});
  CHECK(message_lines(one(R"({"nick":"ann","text":"waves","action":true,"at":"2026-01-02T23:59:05.678Z"})"), true) ==
        Lines{"[23:59] * ann waves"});
  CHECK(message_lines(one(R"({"nick":"a\nb","text":"x","at":"soon"})"), true) == Lines{"[00:00] a\xEF\xBF\xBD"
                                                                                       "b: x"});
}

TEST_CASE("a direct message says that it is for you alone, on every line") {
  CHECK(direct_lines(one(R"({"nick":"ann","to":"bob","text":"psst\nhey"})")) ==
        Lines{"*** ann to you: psst", "*** ann to you: hey"});
}

TEST_CASE("people and rooms are one line each") {
  CHECK(
      who_line(one(R"({"room":"lobby","count":2,"members":[{"nick":"ann","via":"tcp"},{"nick":"bob","via":"ws"}]})")) ==
      "*** 2 in lobby: ann (tcp), bob (ws)");
  CHECK(who_line(one(R"({"room":"lobby","count":9,"more":true,"members":[{"nick":"ann","via":"tcp"}]})")) ==
        "*** 9 in lobby: ann (tcp) and 8 more");
  CHECK(rooms_line(one(R"({"rooms":[{"room":"dev","count":1},{"room":"lobby","count":3}]})")) ==
        "*** rooms: dev (1), lobby (3)");
}

}  // namespace
}  // namespace chatbridge::connect::v1
