#include "core/names.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

namespace chatbridge {
namespace {

constexpr std::size_t room_max = 64, nick_max = 32;

bool room_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool nick_char(UChar32 c) {
  return c == '_' || c == '-' || (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK)) != 0;
}

std::string fold(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfkc = icu::Normalizer2::getNFKCCasefoldInstance(status);
  std::string key;
  if (U_SUCCESS(status)) nfkc->normalize(text, status).toUTF8String(key);
  return U_SUCCESS(status) ? key : std::string{};
}

bool all_digits(std::string_view utf8) {
  const auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<int32_t>(utf8.size())));
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
    if (u_charType(text.char32At(i)) != U_DECIMAL_DIGIT_NUMBER) return false;  // of any script: NFKC keeps most apart
  return true;
}

// guest-7 and its like, and http: given by the server, so that nobody can pose as one.
bool reserved(std::string_view key) {
  static constexpr std::array<std::string_view, 6> families{"guest", "tcp", "udp", "ws", "http", "link"};
  if (key == "http") return true;
  const auto dash = key.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == key.size()) return false;
  const auto digits = key.substr(dash + 1);
  return std::ranges::find(families, key.substr(0, dash)) != families.end() && all_digits(digits);
}

}  // namespace

result<RoomName> RoomName::parse(std::string_view raw) {
  const bool good = !raw.empty() && raw.size() <= room_max && room_char(raw.front()) &&
                    std::ranges::all_of(raw, [](char c) { return room_char(c) || c == '.' || c == '_' || c == '-'; });
  if (!good) return Error{errc::bad_room, "a room is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit"};
  return RoomName{std::string(raw)};
}

result<Nick> Nick::parse(std::string_view raw) {
  static constexpr auto rule = "a nick is 1 to 32 letters, digits, _ or -";
  if (raw.empty() || raw.size() > nick_max * 4) return Error{errc::bad_nick, rule};
  const auto text = icu::UnicodeString::fromUTF8(icu::StringPiece(raw.data(), static_cast<int32_t>(raw.size())));
  if (text.countChar32() > static_cast<int32_t>(nick_max)) return Error{errc::bad_nick, rule};
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
    if (!nick_char(text.char32At(i))) return Error{errc::bad_nick, rule};
  const auto key = fold(text);
  if (key.empty()) return Error{errc::bad_nick, rule};
  if (reserved(key)) return Error{errc::bad_nick, "names like guest-7 are given by the server"};
  return Nick{std::string(raw)};
}

Nick Nick::given(std::string text) { return Nick{std::move(text)}; }

std::string Nick::key_of(std::string_view raw) {
  if (raw.size() > nick_max * 4) return {};
  const auto folded = [](char c) { return static_cast<unsigned char>(c) < 0x80 && (c < 'A' || c > 'Z'); };
  if (std::ranges::all_of(raw, folded)) return std::string(raw);
  return fold(icu::UnicodeString::fromUTF8(icu::StringPiece(raw.data(), static_cast<int32_t>(raw.size()))));
}

Nick Nick::guest(std::uint64_t n) { return Nick{"guest-" + std::to_string(n)}; }

}  // namespace chatbridge
