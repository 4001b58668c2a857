#include "core/text.hpp"

#include <nlohmann/json.hpp>

#include "support/random.hpp"

namespace chatbridge {
namespace {

using namespace std::string_literals;

const std::string fffd = "\xEF\xBF\xBD";

std::string clean(std::string_view text, Keep keep) {
  std::string out;
  append_clean(out, text, keep);
  return out;
}

std::string json(std::string_view text) {
  std::string out = "\"";
  append_json_clean(out, text);
  return nlohmann::json::parse(out + "\"").get<std::string>();
}

std::string utf8(char32_t c) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)};
}

TEST_CASE("well-formed UTF-8 is valid") {
  for (const auto& good :
       {""s, "plain"s, "\x7F"s, "\0"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
        "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "a\xE2\x82\xAC!"s})
    CHECK(valid_utf8(good));
}

TEST_CASE("overlong, surrogate, cut and stray bytes are not valid UTF-8, wherever they stand") {
  for (const auto& bad :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x41"s, "\xE0\x80\x80"s, "\xE0\x9F\xBF"s, "\xE2\x82"s,
        "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xF0\x80\x80\x80"s, "\xF0\x8F\xBF\xBF"s, "\xF0\x9F\x98"s,
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xF8\x88\x80\x80\x80"s, "\xFE"s, "\xFF"s}) {
    CHECK_FALSE(valid_utf8(bad));
    CHECK_FALSE(valid_utf8("before" + bad));
    CHECK_FALSE(valid_utf8(bad + "after"));
    CHECK_FALSE(Text::parse("x" + bad, {}).has_value());
  }
}

TEST_CASE("every code point is valid UTF-8 but the surrogates") {
  for (char32_t c = 0; c <= 0x110010; ++c)
    if (valid_utf8(utf8(c)) != (c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF))) FAIL("code point " << std::uint32_t(c));
}

TEST_CASE("a text has 1 to so many bytes and at most so many lines") {
  const TextLimits limits{10, 3};
  CHECK(Text::parse("1234567890", limits).value().str() == "1234567890");
  CHECK(Text::parse("12345678901", limits).error().code == errc::too_long);
  CHECK(Text::parse("", limits).error().code == errc::bad_request);
  CHECK(Text::parse("\n\r\n", limits).error().code == errc::bad_request);
  CHECK(Text::parse("a\nb\nc", limits).value().str() == "a\nb\nc");
  CHECK(Text::parse("a\nb\nc\n", limits).value().str() == "a\nb\nc");
  CHECK(Text::parse("a\nb\nc\nd", limits).error().code == errc::too_long);
  CHECK(Text::parse("a\n\n\nd", limits).error().code == errc::too_long);
  CHECK(Text::parse(std::string(4096, 'x'), {}).has_value());
  CHECK(Text::parse(std::string(4097, 'x'), {}).error().code == errc::too_long);
}

TEST_CASE("CRLF becomes LF, a CR alone stays, a text does not end with LF") {
  CHECK(Text::parse("a\r\nb\r\n", {}).value().str() == "a\nb");
  CHECK(Text::parse("a\rb", {}).value().str() == "a\rb");
  CHECK(Text::parse("a\r\r\nb", {}).value().str() == "a\r\nb");
  CHECK(Text::parse("a\n\nb\n\n", {}).value().str() == "a\n\nb");
}

TEST_CASE("what a terminal or page would act on becomes U+FFFD, all else stays") {
  const auto harmful = [](char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0x2028 || c == 0x2029;
  };
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const auto raw = "<" + utf8(c) + ">", replaced = "<" + fffd + ">";
    const bool white = c == '\n' || c == '\t';
    if (clean(raw, Keep::nothing) != (harmful(c) ? replaced : raw)) FAIL("code point " << std::uint32_t(c));
    if (clean(raw, Keep::lf_and_tab) != (harmful(c) && !white ? replaced : raw)) FAIL("kept " << std::uint32_t(c));
  }
}

TEST_CASE("malformed bytes become U+FFFD and do not swallow what follows") {
  CHECK(clean("a\xFFz", Keep::nothing) == "a" + fffd + "z");
  CHECK(clean("a\xE2\x82z", Keep::nothing) == "a" + fffd + "z");
  CHECK(clean("a\xE2", Keep::nothing) == "a" + fffd);
  CHECK(clean("\x9B\x31m", Keep::nothing) == fffd + "1m");  // a bare C1 byte
  CHECK(valid_utf8(clean("\xF0\x9F\xC3(\xED\xA0\x80\xFF", Keep::lf_and_tab)));
}

TEST_CASE("cleaned JSON strings parse back to the cleaned text") {
  CHECK(json("say \"hi\" \\ / \t\n end") == "say \"hi\" \\ / \t\n end");
  CHECK(json("\x1B[31m\r\x7F\xC2\x9B") == fffd + "[31m" + fffd + fffd + fffd);
  CHECK(json("\0"s) == fffd);
  for (int run = 0; run < 2000; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    std::string bytes;
    for (auto n = random.between(0, 40); n > 0; --n)
      bytes +=
          random.one_in(2) ? static_cast<char>(random.below(256)) : random.pick("\"\\\n\t\x1B/aZ\xC2\x85\xE2\x80\xA8");
    REQUIRE(json(bytes) == clean(bytes, Keep::lf_and_tab));
  }
}

}  // namespace
}  // namespace chatbridge
