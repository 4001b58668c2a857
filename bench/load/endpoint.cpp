#include "bench/load/endpoint.hpp"

#include <arpa/inet.h>

#include <map>
#include <stdexcept>

namespace chatbridge::bench {
namespace {

constexpr std::string_view room = "lobby";

std::string subprotocol(Dialect dialect) {
  switch (dialect) {
    case Dialect::v1:
      return "chatbridge.v1";
    case Dialect::mqtt:
      return "mqtt";
    case Dialect::irc:
      return "text.ircv3.net";
    default:
      return {};
  }
}

// MQTT 3.1.1: 1.5.3 strings, 2.2 fixed header.
std::string mqtt_string(std::string_view text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  return out.append(text);
}
std::string mqtt_packet(unsigned char type, std::string_view body) {
  std::string out(1, static_cast<char>(type));
  auto left = body.size();
  do {
    out += static_cast<char>((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return out.append(body);
}

std::string line(const Endpoint& endpoint, std::string text, std::string_view end = "\r\n") {
  return endpoint.websocket ? text : text.append(end);
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

Login irc_login(const Endpoint& endpoint, std::string& seen) {
  Login out;
  if (const auto at = seen.find("PING :"); at != seen.npos) {
    const auto end = seen.find_first_of("\r\n", at);
    if (end != seen.npos || endpoint.websocket) {
      const auto token = seen.substr(at + 6, end == seen.npos ? end : end - at - 6);
      out.answer.push_back({line(endpoint, "PONG :" + token)});
      seen.erase(at, 6 + token.size());
    }
  }
  if (has(seen, " 001 ")) {
    seen.clear();
    out.answer.push_back({line(endpoint, "JOIN #" + std::string(room))});
  }
  out.ready = has(seen, " 366 ");
  return out;
}

}  // namespace

Endpoint parse_endpoint(std::string_view url) {
  static const std::map<std::string_view, std::pair<Dialect, bool>> schemes{
      {"tcp", {Dialect::chat, false}},    {"udp", {Dialect::chat, false}},    {"ws", {Dialect::chat, true}},
      {"v1", {Dialect::v1, true}},        {"lines", {Dialect::lines, false}}, {"mqtt", {Dialect::mqtt, false}},
      {"nats", {Dialect::nats, false}},   {"irc", {Dialect::irc, false}},     {"mqtt+ws", {Dialect::mqtt, true}},
      {"nats+ws", {Dialect::nats, true}}, {"irc+ws", {Dialect::irc, true}}};
  const auto wrong = [&] { return std::runtime_error("not an address this speaks with: " + std::string(url)); };
  Endpoint out;
  out.url = url;
  const auto colon = url.find("://");
  const auto scheme = schemes.find(url.substr(0, colon));
  if (colon == url.npos || scheme == schemes.end()) throw wrong();
  out.datagrams = scheme->first == "udp";
  std::tie(out.dialect, out.websocket) = scheme->second;
  url.remove_prefix(colon + 3);
  const auto slash = std::min(url.find('/'), url.size());
  if (slash < url.size()) out.path = url.substr(slash);
  out.host = url.substr(0, slash);
  const auto port = out.host.rfind(':');
  if (port == out.host.npos) throw wrong();
  out.address.sin_family = AF_INET;
  out.address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(out.host.substr(port + 1))));
  if (inet_pton(AF_INET, out.host.substr(0, port).c_str(), &out.address.sin_addr) != 1) throw wrong();
  return out;
}

std::string upgrade_request(const Endpoint& endpoint) {
  std::string out = "GET " + endpoint.path + " HTTP/1.1\r\nHost: " + endpoint.host +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: Y2hhdGJyaWRnZSBiZW5jaA==\r\n"
                    "Sec-WebSocket-Version: 13\r\nOrigin: http://" +
                    endpoint.host + "\r\n";
  if (const auto wanted = subprotocol(endpoint.dialect); !wanted.empty())
    out += "Sec-WebSocket-Protocol: " + wanted + "\r\n";
  return out + "\r\n";
}

std::vector<Frames> hello(const Endpoint& endpoint, std::size_t n, bool receives) {
  using namespace std::string_literals;
  const auto number = std::to_string(n);
  switch (endpoint.dialect) {
    case Dialect::lines:
      return {};
    // An empty line or datagram is no message; the greeting need not wait for first bytes then.
    case Dialect::chat:
      return endpoint.websocket ? std::vector<Frames>{} : std::vector<Frames>{{endpoint.datagrams ? "" : "\n"}};
    case Dialect::v1:
      return {{R"({"type":"hello"})"
               "\n"
               R"({"type":"join","room":"lobby"})"}};
    case Dialect::mqtt: {
      // 3.1: protocol level 4, clean session, no keep alive. 3.8: at most once.
      std::vector<Frames> out{
          {mqtt_packet(0x10, mqtt_string("MQTT") + "\x04\x02\x00\x00"s + mqtt_string("bench-" + number)), true}};
      if (receives) out.push_back({mqtt_packet(0x82, "\x00\x01"s + mqtt_string(room) + "\x00"s), true});
      return out;
    }
    case Dialect::nats:
      return {{R"(CONNECT {"verbose":false,"pedantic":false,"echo":false,"lang":"c++","version":"1","name":")" +
                   number + "\"}\r\n" + (receives ? "SUB " + std::string(room) + " 1\r\n" : "") + "PING\r\n",
               true}};
    case Dialect::irc:
      return {{line(endpoint, "NICK b" + number)}, {line(endpoint, "USER bench 0 * :bench")}};
  }
  return {};
}

Login logging_in(const Endpoint& endpoint, std::string& seen, bool receives) {
  switch (endpoint.dialect) {
    case Dialect::lines:
      return {.ready = has(seen, "already connected:"), .answer = {}};
    case Dialect::chat:
      return {.ready = has(seen, "*** you are"), .answer = {}};
    case Dialect::v1:
      return {.ready = has(seen, R"("type":"joined")"), .answer = {}};
    case Dialect::mqtt:
      return {.ready = seen.size() >= (receives ? 9u : 4u), .answer = {}};  // CONNACK 4, SUBACK 5
    case Dialect::nats:
      return {.ready = has(seen, "PONG\r\n"), .answer = {}};
    case Dialect::irc:
      return irc_login(endpoint, seen);
  }
  return {};
}

Frames say(const Endpoint& endpoint, std::string_view text) {
  switch (endpoint.dialect) {
    case Dialect::chat:
    case Dialect::lines:
      return {line(endpoint, std::string(text), endpoint.datagrams ? "" : "\n")};
    case Dialect::v1:
      return {R"({"type":"message","room":"lobby","text":")" + std::string(text) + "\"}"};
    case Dialect::mqtt:
      return {mqtt_packet(0x30, mqtt_string(room) + std::string(text)), true};
    case Dialect::nats:
      return {"PUB " + std::string(room) + " " + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n",
              true};
    case Dialect::irc:
      return {line(endpoint, "PRIVMSG #" + std::string(room) + " :" + std::string(text))};
  }
  return {};
}

}  // namespace chatbridge::bench
