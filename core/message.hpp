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

struct Message {
  Seq seq = seq_zero;  // given by the journal
  WallTime at{};
  std::string nick;
  Via via = Via::tcp;
  bool action = false;  // /me
  std::string text;
  std::string id;       // its sender's own id for it, may be empty
  std::string session;  // with `id`: said once only
  ClientId origin = 0;
};
using MessagePtr = std::shared_ptr<const Message>;

// What of a room is not a message: no seq, never journaled, gone with the window.
struct Member {
  std::string nick;
  Via via = Via::tcp;
  ClientId origin = 0;  // the connection whose coming or going this is; it is not told itself
};

}  // namespace chatbridge
