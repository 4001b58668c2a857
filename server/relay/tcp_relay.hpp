// Raw TCP clients: lines in, lines out.
#pragma once
#include <functional>
#include <string>

#include "bridge/stream.hpp"

namespace chatbridge {

struct TcpOptions {
  Duration unterminated = std::chrono::milliseconds(100);  // without more bytes, before a connection's first line end
  Duration greeting = std::chrono::milliseconds(200);      // how long the greeting waits for first bytes
  Duration request = std::chrono::seconds(5);              // how long what looks like HTTP is held
  Duration half_open = std::chrono::seconds(5);            // without a delivery, after the client has half-closed
  Duration stall = std::chrono::minutes(10);               // without progress while something is to be sent
  Duration close = std::chrono::seconds(5);                // to deliver what is due at the end
};

// Thread-safe; outlives its connections.
class TcpRelay {
 public:
  // Who takes a connection that turns out to be HTTP, with what was read of it.
  using Http = std::function<void(Lane&, Socket, std::string early)>;

  TcpRelay(Hub& hub, TcpOptions options, Http http) : hub_(hub), options_(std::move(options)), http_(std::move(http)) {}

  // Takes an accepted socket. On the lane's thread.
  void serve(Lane& lane, Socket socket);

  Hub& hub() const { return hub_; }
  const TcpOptions& options() const { return options_; }
  void http(Lane& lane, Socket socket, std::string early) const { http_(lane, std::move(socket), std::move(early)); }

 private:
  Hub& hub_;
  const TcpOptions options_;
  const Http http_;
};

}  // namespace chatbridge
