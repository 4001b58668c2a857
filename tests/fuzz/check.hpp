// What the fuzz targets share: a check that ends the run and says where, and choices that follow from the input.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace chatbridge::fuzz {

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Choices that the input is not spelled in, so that seeds are what comes over the wire. The same input, the same ones.
class Choices {
 public:
  explicit Choices(std::string_view input) : engine_(hash(input)) {}
  std::size_t between(std::size_t low, std::size_t high) { return low + engine_() % (high - low + 1); }

  // `text` as pieces of 1 to `max` bytes.
  std::vector<std::string_view> pieces(std::string_view text, std::size_t max) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
      out.push_back(text.substr(0, between(1, max)));
      text.remove_prefix(out.back().size());
    }
    return out;
  }

 private:
  static std::uint64_t hash(std::string_view input) {  // FNV-1a
    std::uint64_t h = 14695981039346656037ULL;
    for (const unsigned char c : input) h = (h ^ c) * 1099511628211ULL;
    return h;
  }
  std::minstd_rand engine_;
};

// ---- Unicode by the book, not by ICU as the parsers do it

// Takes the first code point off `text`; -1 and one byte if that begins no well-formed sequence (RFC 3629 section 4).
inline std::int32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const int b = byte(0), second = byte(1);
  const std::size_t more = b < 0x80 ? 0 : b < 0xC2 ? 4 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : b < 0xF5 ? 3 : 4;
  bool good = more < 4 && !(b == 0xE0 && second < 0xA0) && !(b == 0xED && second > 0x9F) &&
              !(b == 0xF0 && second < 0x90) && !(b == 0xF4 && second > 0x8F);
  std::int32_t c = more == 0 ? b : b & (0x3F >> more);
  for (std::size_t k = 1; good && k <= more; ++k) {
    good = (byte(k) & 0xC0) == 0x80;
    c = c << 6 | (byte(k) & 0x3F);
  }
  text.remove_prefix(good ? more + 1 : 1);
  return good ? c : -1;
}

inline std::vector<std::int32_t> code_points(std::string_view text) {
  std::vector<std::int32_t> out;
  out.reserve(text.size());
  while (!text.empty()) out.push_back(take_code_point(text));
  return out;
}

inline bool well_formed(std::string_view text) {
  while (!text.empty())
    if (take_code_point(text) < 0) return false;
  return true;
}

// Nothing in it that a terminal or page would act on (docs/PROTOCOL.md, "Rooms, names, text").
inline bool harmless(std::string_view text, bool lf_and_tab) {
  while (!text.empty()) {
    const auto c = take_code_point(text);
    if (c < 0 || (lf_and_tab && (c == '\n' || c == '\t'))) continue;
    if (c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
        c == 0x2028 || c == 0x2029)
      return false;
  }
  return true;
}

}  // namespace chatbridge::fuzz
