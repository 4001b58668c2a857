#include "core/text.hpp"

#include <unicode/utf8.h>

#include <algorithm>

namespace chatbridge {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool plain(unsigned char c) { return c >= 0x20 && c < 0x7F; }

bool harmful(UChar32 c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x2028 || c == 0x2029;
}

// Calls `plain_run` for stretches that need no look and `other` for each code point that does (negative: malformed).
template <class Run, class Other>
void scan(std::string_view text, Run plain_run, Other other) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto from = at;
    while (at < text.size() && plain(static_cast<unsigned char>(text[at]))) ++at;
    if (at > from) plain_run(text.substr(from, at - from));
    if (at == text.size()) return;
    const auto start = at;
    const auto c = next_code_point(text, at);
    other(c, text.substr(start, at - start));
  }
}

std::string without_cr(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i)
    if (raw[i] != '\r' || i + 1 == raw.size() || raw[i + 1] != '\n') out += raw[i];
  return out;
}

}  // namespace

std::int32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  UChar32 c;
  U8_NEXT(bytes, at, text.size(), c);
  return c;
}

bool valid_utf8(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (static_cast<unsigned char>(bytes[at]) < 0x80) {
      ++at;
    } else if (next_code_point(bytes, at) < 0) {
      return false;
    }
  }
  return true;
}

result<Text> Text::parse(std::string_view raw, const TextLimits& limits) {
  if (raw.size() > limits.bytes)
    return Error{errc::too_long, "a message is at most " + std::to_string(limits.bytes) + " bytes; not sent"};
  if (!valid_utf8(raw)) return Error{errc::bad_request, "a message is UTF-8 text; not sent"};
  auto text = raw.find('\r') == std::string_view::npos ? std::string(raw) : without_cr(raw);
  while (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return Error{errc::bad_request, "a message is not empty"};
  if (static_cast<std::size_t>(std::ranges::count(text, '\n')) >= limits.lines)
    return Error{errc::too_long, "a message is at most " + std::to_string(limits.lines) + " lines; not sent"};
  return Text{std::move(text)};
}

void append_clean(std::string& out, std::string_view text, Keep keep) {
  scan(
      text, [&](std::string_view run) { out += run; },
      [&](UChar32 c, std::string_view bytes) {
        const bool kept = keep == Keep::lf_and_tab && (c == '\n' || c == '\t');
        out += c < 0 || (harmful(c) && !kept) ? replacement : bytes;
      });
}

void append_json_clean(std::string& out, std::string_view text) {
  scan(
      text,
      [&](std::string_view run) {
        for (const char c : run) {
          if (c == '"' || c == '\\') out += '\\';
          out += c;
        }
      },
      [&](UChar32 c, std::string_view bytes) {
        if (c == '\n') {
          out += "\\n";
        } else if (c == '\t') {
          out += "\\t";
        } else {
          out += c < 0 || harmful(c) ? replacement : bytes;
        }
      });
}

}  // namespace chatbridge
