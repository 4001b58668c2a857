// A WebSocket client: text mode or chatbridge.v1.
#pragma once
#include <string>
#include <variant>

#include "bridge/v1_dialect.hpp"
#include "bridge/ws_socket.hpp"
#include "core/line_dialect.hpp"

namespace chatbridge {

struct WsOptions {
  std::size_t frame_bytes = 64 * 1024;        // of one message from a client
  Duration ping = std::chrono::seconds(25);   // two periods without an answer end a connection; 0: no pings
  Duration stall = std::chrono::minutes(10);  // without progress while something is to be sent
  Duration close = std::chrono::seconds(5);   // for the handshake, and for the peer's Close
};

class WsSession final : public Connection,
                        public Transport,
                        public WsEvents,
                        public std::enable_shared_from_this<WsSession> {
 public:
  static constexpr std::string_view v1_name = "chatbridge.v1";

  // Answers the upgrade request; the session then lives in the lane's connections. `v1`: chatbridge.v1 was asked for.
  static void start(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, std::string early,
                    const HttpRequest& request, bool v1, std::string peer);

  WsSession(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, std::string early, bool v1,
            std::string peer);

  void stop_reading() override;
  void finish() override;
  void abort() override;
  void flush() override;
  std::size_t unacknowledged() const override { return socket_.unacknowledged(); }
  void turned_away(std::string_view reason) override;

 private:
  void ws_open() override;
  void ws_text(std::string_view text) override;
  void ws_binary(std::string_view bytes) override;
  void ws_bad_text() override;
  void ws_heard() override { heard_ = true; }
  void ws_writable() override;
  void ws_closing() override;
  void ws_gone(Farewell farewell, const std::string& reason) override;

  enum class State { handshake, open, ending, closing, gone };
  void end(std::uint16_t code, std::string_view reason, bool drain);
  void close_if_drained();
  void take(std::string_view text);
  bool relay(std::string_view bytes, bool as_text);
  void read_if_wanted();
  void say_goodbye();
  Duration period() const;  // of on_timer(): pings are sent then, and stalls are looked for
  void on_timer();

  Lane& lane_;
  const WsOptions& options_;
  const std::string peer_;
  const bool v1_;
  std::string rest_;  // of a message that was read and not looked at: the client is congested
  const std::shared_ptr<Client> client_;
  WsSocket socket_;
  std::variant<LineDialect, V1Dialect> dialect_;
  Timer timer_;
  State state_ = State::handshake;
  bool blocked_ = false, delivered_ = false, heard_ = false, stopped_ = false, goodbye_ = false;
  int silent_periods_ = 0;
  Duration stalled_{};
  std::uint64_t said_ = 0;  // messages taken from it, for the log
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
};

}  // namespace chatbridge
