// One message of a room, as the journal keeps it: what was said, unaltered. Cleaning for terminals and pages is wire's.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/position.hpp"

namespace chatbridge {

enum class Via : std::uint8_t { tcp, udp, ws, http, link };  // what its sender is connected over
constexpr const char* name(Via via) {
  constexpr const char* names[] = {"tcp", "udp", "ws", "http", "link"};
  return names[static_cast<std::size_t>(via)];
}

// A connection of this process; 0 is none (an older process's, or the server itself).
using ClientId = std::uint64_t;

// How raw clients without names and lines (verbatim relay) get a message.
enum class Form : std::uint8_t {
  chat,   // somebody with a name said it: to them it is followed by LF
  text,   // as it is; it came as text, and to WebSocket clients it goes as text
  bytes,  // as it is
};

struct Message {
  Seq seq = seq_zero;  // given by the journal
  WallTime at{};
  std::string nick;
  Via via = Via::tcp;
  bool action = false;  // /me
  Form form = Form::chat;
  std::string text;
  std::string id;       // its sender's own id for it, may be empty
  std::string session;  // with `id`: said once only
  ClientId origin = 0;
};
using MessagePtr = std::shared_ptr<const Message>;

// Said to one person: delivered at most once, never journaled.
struct Direct {
  WallTime at{};
  std::string nick, to;
  Via via = Via::tcp;
  std::string text;
  std::string id;  // its sender's own id for it, may be empty
};
using DirectPtr = std::shared_ptr<const Direct>;

// What of a room is not a message: no seq, never journaled, gone with the window.
struct Member {
  std::string nick;
  Via via = Via::tcp;
  ClientId origin = 0;  // the connection whose coming or going this is; it is not told itself
};

}  // namespace chatbridge
