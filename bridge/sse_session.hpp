// A client that hears a room as Server-Sent Events: a listener, nobody in the room.
#pragma once
#include <string>

#include "bridge/room_api.hpp"
#include "bridge/stream.hpp"
#include "bridge/ws_session.hpp"

namespace chatbridge {

class SseSession final : public Connection, public Transport, public std::enable_shared_from_this<SseSession> {
 public:
  // Takes the connection of a request that asked for `what`; the session then lives in the lane's connections. Of the
  // options it has the pings, the stall and the close.
  static void start(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, Listen what, std::string peer);

  SseSession(Lane& lane, Hub& hub, const WsOptions& options, Socket socket);

  void stop_reading() override {}  // nothing it sends is taken anyway
  void finish() override { end("shutdown"); }
  void abort() override { close("aborted"); }
  void flush() override;

 private:
  enum class State { open, ending, gone };
  void begin(Listen what);
  void watch();
  void on_timer();
  Duration period() const;  // of on_timer(): pings are sent then, and stalls are looked for
  void end(std::string_view reason);
  void close(std::string_view reason);
  void close_soon(std::string_view reason);

  Lane& lane_;
  const WsOptions& options_;
  Socket socket_;
  const std::shared_ptr<Client> client_;
  Timer timer_;
  State state_ = State::open;
  bool blocked_ = false, delivered_ = false;
  int silent_periods_ = 0;
  Duration stalled_{};
  std::string_view reason_;
};

}  // namespace chatbridge
