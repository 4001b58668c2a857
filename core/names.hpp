// Names of rooms and people. The only door for names from outside: nothing else in the program makes one.
#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace chatbridge {

// [a-z0-9][a-z0-9._-]{0,63}
class RoomName {
 public:
  static result<RoomName> parse(std::string_view raw);
  const std::string& str() const { return text_; }
  friend auto operator<=>(const RoomName&, const RoomName&) = default;

 private:
  explicit RoomName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// 1 to 32 code points of the Unicode classes L, M, Nd, or '_' and '-'. Two nicks are the same person's when their keys
// are equal: NFKC casefold (Unicode Standard, section 5.18), so `Ann`, `ann` and fullwidth `ａｎｎ` are one. The key is
// made when it is asked for: everybody who is connected has a nick, and few are looked for by it.
class Nick {
 public:
  // A name a person chose. Names of the server's own making (guest-7, tcp-7, udp-3…) are refused as bad_nick.
  static result<Nick> parse(std::string_view raw);
  static Nick guest(std::uint64_t n);
  static Nick given(std::string text);  // by the server
  // What a name as somebody wrote it would be the key of; no door: the name may be none.
  static std::string key_of(std::string_view raw);
  const std::string& str() const { return text_; }
  std::string key() const { return key_of(text_); }

 private:
  explicit Nick(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace chatbridge
