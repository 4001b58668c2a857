// What the load generator's clients speak: chatbridge's protocols, and those of the servers it is compared with. Pure:
// bytes in, bytes out, no sockets.
#pragma once
#include <netinet/in.h>

#include <string>
#include <string_view>
#include <vector>

namespace chatbridge::bench {

// chat: lines of chatbridge and the floor. v1: chatbridge.v1. lines: ncat --chat.
enum class Dialect { chat, v1, lines, mqtt, nats, irc };

// tcp://HOST:PORT, udp://…, ws://HOST:PORT/PATH, v1://… (WebSocket), lines://… mqtt://… nats://… irc://…, and the
// latter three over WebSocket: mqtt+ws://…
struct Endpoint {
  std::string url;
  Dialect dialect = Dialect::chat;
  bool websocket = false, datagrams = false;
  sockaddr_in address{};
  std::string host;  // with its port, for HTTP
  std::string path = "/";
};
// Throws std::runtime_error; the host is an IPv4 address.
Endpoint parse_endpoint(std::string_view url);

std::string upgrade_request(const Endpoint& endpoint);

// A client's application bytes are messages or lines, each of which a WebSocket carries as a frame of its own.
struct Frames {
  std::string bytes;
  bool binary = false;
};

// What client number `n` says first.
std::vector<Frames> hello(const Endpoint& endpoint, std::size_t n, bool receives);
// `seen`: what it has been answered so far; may be shortened. Ready: it is in the room.
struct Login {
  bool ready = false;
  std::vector<Frames> answer;
};
Login logging_in(const Endpoint& endpoint, std::string& seen, bool receives);
// Says `text` in the room.
Frames say(const Endpoint& endpoint, std::string_view text);

}  // namespace chatbridge::bench
