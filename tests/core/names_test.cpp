#include "core/names.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace chatbridge {
namespace {

using namespace std::string_literals;

std::string key(std::string_view nick) { return Nick::parse(nick).value().key(); }

TEST_CASE("a room is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit") {
  for (const auto& good : {"lobby"s, "a"s, "0"s, "a.b_c-d"s, "9-"s, std::string(64, 'x')})
    CHECK(RoomName::parse(good).value().str() == good);
  for (const auto& bad : {""s, "Lobby"s, "-a"s, ".a"s, "_a"s, "a b"s, "a/b"s, "a\n"s, "a\0"s, "\0"s, "caf\xC3\xA9"s,
                          "#a"s, "../x"s, std::string(65, 'x')})
    CHECK(RoomName::parse(bad).error().code == errc::bad_room);
}

TEST_CASE("a nick is 1 to 32 code points of letters, marks, digits, _ and -") {
  std::string kanji;
  for (int i = 0; i < 32; ++i) kanji += "\xE6\xBC\xA2";
  for (const auto& good : {"a"s, "Ann"s, "J\xC3\xBCrgen"s, "_"s, "-"s, "7"s, "e\xCC\x81"s, "\xD9\xA3"s, kanji,
                           "\xF0\x90\x90\x80"s, std::string(32, 'x')})
    CHECK(Nick::parse(good).value().str() == good);
  for (const auto& bad : {""s,
                          "a b"s,
                          "a.b"s,
                          "a:b"s,
                          "*"s,
                          "a\n"s,
                          "\x1B[1m"s,
                          "a\0b"s,
                          "\xC2\xA0"s,
                          "\xE2\x80\x8B"s,
                          "\xE2\x80\xAE"s,
                          "\xF0\x9F\x98\x80"s,
                          "\xC2\xBD"s,
                          "\xE2\x85\xA8"s,
                          "a\xFF"s,
                          "\xC3"s,
                          "\xED\xA0\x80"s,
                          kanji + "x",
                          std::string(33, 'x'),
                          std::string(4000, 'x')})
    CHECK(Nick::parse(bad).error().code == errc::bad_nick);
}

TEST_CASE("nicks that look the same after NFKC casefold are one") {
  CHECK(key("Ann") == key("ann"));
  CHECK(key("\xEF\xBD\x81\xEF\xBD\x8E\xEF\xBD\x8E") == key("ann"));  // fullwidth
  CHECK(key("stra\xC3\x9F"
            "e") == key("STRASSE"));
  CHECK(key("\xC3\xA9") == key("e\xCC\x81"));  // composed and not
  CHECK(key("\xEF\xAC\x81") == key("fi"));     // ligature
  CHECK(key("\xCF\x82") == key("\xCE\xA3"));   // final sigma
  CHECK(key("ann") != key("anna"));
  CHECK(key("ann") != key("\xD0\xB0nn"));  // Cyrillic a: another letter
}

TEST_CASE("a nick of nothing but ignorable letters is none") {
  CHECK(Nick::parse("\xE1\x85\x9F").error().code == errc::bad_nick);              // Hangul filler
  CHECK(Nick::parse("\xE3\x85\xA4\xE3\x85\xA4").error().code == errc::bad_nick);  // folds to nothing too
}

TEST_CASE("names of the server's making cannot be claimed, however they are written") {
  for (const auto& given :
       {"guest-7", "tcp-7", "udp-3", "ws-1", "http-1", "link-1", "GUEST-7", "guest-007", "\xEF\xBD\x87uest-7",
        "guest-\xEF\xBC\x97", "guest-\xD9\xA3", "tcp-1\xD9\xA1", "http", "HTTP", "\xEF\xBD\x88ttp"})
    CHECK(Nick::parse(given).error().code == errc::bad_nick);
  for (const auto& free :
       {"guest", "guest-", "guest-a", "guest7", "my-guest-7", "tcp_7", "guest-7a", "x-7", "x-\xD9\xA3", "https", "tcp"})
    CHECK(Nick::parse(free).has_value());
}

TEST_CASE("a guest is named by its number") {
  CHECK(Nick::guest(42).str() == "guest-42");
  CHECK(Nick::guest(42).key() == "guest-42");
}

}  // namespace
}  // namespace chatbridge
