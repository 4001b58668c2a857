#include "client/url.hpp"

#include <algorithm>
#include <charconv>

namespace chatbridge::connect {
namespace {

Error wrong(std::string_view text, std::string_view why) {
  return {errc::bad_request, "'" + std::string(text) + "' " + std::string(why)};
}

bool takes(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

bool port_number(std::string_view text) {
  unsigned n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  return ec == std::errc{} && end == text.data() + text.size() && n > 0 && n <= 65535;
}

// "host:port", "[::1]:port", "host" into the two; false if it is none of them.
bool split(std::string_view text, std::string& host, std::string& port) {
  if (takes(text, "[")) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    host = text.substr(0, bracket);
    text.remove_prefix(bracket + 1);
    if (text.empty()) return !host.empty();
    if (!takes(text, ":")) return false;
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    if (colon == std::string_view::npos) return !host.empty();
    text.remove_prefix(colon + 1);
  }
  port = text;
  return !host.empty() && port_number(port);
}

}  // namespace

std::string Url::authority() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

result<Url> parse_url(std::string_view text) {
  Url url;
  auto rest = text;
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; }))
    return wrong("the URL", "has a blank or control character in it");
  if (takes(rest, "tcp://")) {
    url.port = "9999";
  } else if (takes(rest, "udp://")) {
    url.scheme = Url::Scheme::udp;
    url.port = "9999";
  } else if (takes(rest, "ws://")) {
    url.scheme = Url::Scheme::ws;
    url.port = "80";
  } else if (rest.starts_with("wss://")) {
    return wrong("wss://", "is not built in");
  } else {
    return wrong(text, "is not tcp://HOST:PORT, udp://HOST:PORT or ws://HOST:PORT/PATH");
  }
  if (rest.find('#') != std::string_view::npos) return wrong(text, "has a '#' in it; a room is named with --room");
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  url.path = rest.substr(slash);
  const auto at = rest.substr(0, slash);
  if (at.find('@') != std::string_view::npos) return wrong(text, "has a user in it; a nick is given with --nick");
  if (!split(at, url.host, url.port)) return wrong(text, "does not name HOST:PORT, with a port from 1 to 65535");
  if (url.scheme != Url::Scheme::ws && !url.path.empty() && url.path != "/")
    return wrong(text, "has a path, which " + std::string(text.substr(0, 3)) + " does not know");
  if (url.path.empty() || url.path == "/")
    url.path = "/ws";
  else if (url.path.front() == '?')
    url.path.insert(0, "/ws");
  return url;
}

}  // namespace chatbridge::connect
