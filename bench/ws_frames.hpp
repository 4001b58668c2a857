// WebSocket framing (RFC 6455 section 5.2) for the load generator and the floor: just what the two need, with nothing
// of the server's own code in it, which they are there to measure.
#pragma once
#include <algorithm>
#include <boost/uuid/detail/sha1.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatbridge::bench::ws {

enum Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Header {
  std::uint8_t opcode;
  std::size_t size;  // of the header, the mask included
  std::uint64_t payload;
  std::string_view mask;  // of a client's frame; empty: a server's
  bool control() const { return opcode >= close; }
};

// Nothing: there is more of it to come. At most header_max bytes are needed.
inline constexpr std::size_t header_max = 14;
inline std::optional<Header> parse(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  Header out{.opcode = static_cast<std::uint8_t>(byte(0) & 15), .size = 2, .payload = byte(1) & 127u, .mask = {}};
  if (out.payload >= 126) {
    const std::size_t wide = out.payload == 126 ? 2 : 8;
    if (bytes.size() < 2 + wide) return std::nullopt;
    out.payload = 0;
    for (std::size_t i = 0; i < wide; ++i) out.payload = out.payload << 8 | byte(2 + i);
    out.size += wide;
  }
  if ((byte(1) & 128) != 0) {
    if (bytes.size() < out.size + 4) return std::nullopt;
    out.mask = bytes.substr(out.size, 4);
    out.size += 4;
  }
  return out;
}

// One frame; with a mask as a client sends it.
inline void append(std::string& out, Opcode opcode, std::string_view payload, std::string_view mask = {}) {
  const auto masked = mask.empty() ? 0 : 128;
  const auto size = payload.size();
  out += static_cast<char>(128 | opcode);
  const int wide = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(masked | (wide == 0 ? size : wide == 2 ? 126 : 127));
  for (int i = wide - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
  out += mask;
  const auto begin = out.size();
  out += payload;
  for (std::size_t i = 0; i < size && masked != 0; ++i) out[begin + i] ^= mask[i & 3];
}

// What a server answers to a Sec-WebSocket-Key (section 4.2.2).
inline std::string accept_key(std::string_view key) {
  boost::uuids::detail::sha1 hash;
  hash.process_bytes(key.data(), key.size());
  constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  hash.process_bytes(magic.data(), magic.size());
  boost::uuids::detail::sha1::digest_type words;
  hash.get_digest(words);
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  const auto byte = [&](std::size_t i) { return i < 20 ? words[i / 4] >> (24 - 8 * (i % 4)) & 255 : 0; };
  for (std::size_t i = 0; i < 21; i += 3) {
    const auto three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) out += digits[three >> shift & 63];
  }
  out.back() = '=';  // 20 bytes are 27 digits
  return out;
}

}  // namespace chatbridge::bench::ws
