#include "bench/load/payload.hpp"

#include <cassert>
#include <cstring>

namespace chatbridge::bench {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xFF;
constexpr auto digits = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) out[static_cast<unsigned char>(alphabet[i])] = i;
  return out;
}();

void put(char*& to, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) *to++ = alphabet[value >> (6 * i) & 63];
}

// Ors the digits' codes into `all`, so that one test tells whether any was none.
std::uint64_t take(const char*& from, int count, std::uint8_t& all) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const auto digit = digits[static_cast<unsigned char>(*from++)];
    all |= digit;
    value = value << 6 | digit;
  }
  return value;
}

}  // namespace

Payload::Payload(std::size_t size) : text_(size, 'x') {
  assert(size >= size_min);
  text_.front() = '^';
  text_.back() = '$';
}

std::uint32_t Payload::check(const Stamp& stamp) {
  const auto mixed =
      (stamp.at << 28 ^ std::uint64_t{stamp.counter} << 12 ^ stamp.sender ^ stamp.at >> 20) * 0x9E3779B97F4A7C15ULL;
  return mixed >> 52;
}

std::string_view Payload::encode(const Stamp& stamp) {
  auto* to = text_.data() + 1;
  put(to, stamp.sender, 2);
  put(to, stamp.counter, 4);
  put(to, stamp.at, 6);
  put(to, check(stamp), 2);
  return text_;
}

std::optional<Stamp> Payload::decode(const char* bytes) const {
  if (bytes[0] != '^' || bytes[size() - 1] != '$') return std::nullopt;
  const auto* from = bytes + 1;
  std::uint8_t all = 0;
  Stamp out;
  out.sender = take(from, 2, all);
  out.counter = take(from, 4, all);
  out.at = take(from, 6, all);
  const auto sum = take(from, 2, all);
  if (all > 63 || sum != check(out)) return std::nullopt;
  if (std::memcmp(from, text_.data() + (size_min - 1), size() - size_min) != 0) return std::nullopt;
  return out;
}

bool Payload::begun(std::string_view bytes) {
  return bytes.size() > 1 && bytes[0] == '^' && digits[static_cast<unsigned char>(bytes[1])] != no_digit;
}

}  // namespace chatbridge::bench
