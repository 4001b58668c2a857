#include "server/relay/http_sniffer.hpp"

#include <algorithm>
#include <array>

namespace chatbridge {
namespace {

constexpr std::size_t method_min = 3, method_max = 16;

bool upper(char c) { return c >= 'A' && c <= 'Z'; }

constexpr std::array<std::string_view, 9> methods{"GET /",     "POST /",  "PUT /",     "HEAD /", "DELETE /",
                                                  "OPTIONS /", "PATCH /", "CONNECT /", "TRACE /"};

bool could_begin_request(std::string_view first) {
  return std::ranges::any_of(methods, [&](std::string_view m) { return m.starts_with(first); });
}

// "GET /x HTTP/1.1", without its line end.
bool request_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto version = line.rfind(' ');
  if (version == std::string_view::npos) return false;
  const auto v = line.substr(version + 1);
  return v.size() == 8 && v.starts_with("HTTP/") && v[6] == '.';
}

}  // namespace

bool begins_request(std::string_view first) {
  return std::ranges::any_of(methods, [&](std::string_view m) { return first.starts_with(m); });
}

Sniffed sniff(std::string_view first) {
  const bool known = begins_request(first);
  if (!known && could_begin_request(first)) return Sniffed::unsure;
  const auto word = static_cast<std::size_t>(std::ranges::find_if_not(first, upper) - first.begin());
  if (word < method_min || word > method_max || !first.substr(word).starts_with(' ')) return Sniffed::chat;
  const auto lf = first.find('\n');
  if (lf != std::string_view::npos) return request_line(first.substr(0, lf)) ? Sniffed::request : Sniffed::chat;
  if (!first.substr(word).starts_with(" /")) return Sniffed::chat;
  if (first.size() < sniff_max) return Sniffed::held;
  return known ? Sniffed::endless : Sniffed::chat;
}

}  // namespace chatbridge
