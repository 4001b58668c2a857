// The layer under websocket::stream that owns the write side of a WebSocket connection.
//
// Messages go to a client as ready frames, straight from the rooms' logs (send_due). Beast keeps the handshake,
// reading, ping, pong and close, and what it writes of these must not land inside a frame of ours. So from engage() on
// a write of Beast's is not a write: the control frame becomes an entry of the client's private log, which is sent in
// order with everything else, and Beast's write completes when the kernel has taken it.
//
// 1. What Beast writes before engage(), its answer to the upgrade, counts as written when it is in the private log: a
//    greeting goes out with it, by one send.
// 2. After Beast's Close frame the client is muted: RFC 6455 section 5.5.1 allows no data after it.
// 3. The owner calls progress() after each send and fail() when the connection is given up; a held write completes by
//    post, never within these calls.
// 4. Nobody keeps the descriptor: teardown closes it inside Beast.
// Meets Beast's requirements of a NextLayer: AsyncStream plus teardown found by ADL.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <memory>
#include <string>

#include "bridge/ws_socket.hpp"

namespace chatbridge {

class WriteLayer {
 public:
  using executor_type = Socket::executor_type;
  using error_code = boost::system::error_code;

  // `early`: bytes that were read from the socket already and belong behind the handshake. `client` outlives it.
  WriteLayer(Socket socket, std::string early, Client& client)
      : socket_(std::move(socket)), early_(std::move(early)), client_(client) {}

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  Client& client() { return client_; }

  // ws_closing() is called when Beast has written its Close, within that call.
  void engage(WsEvents& events) { events_ = &events; }
  // Beast has written its Close, or the connection is given up.
  bool over() const { return over_; }

  void progress() {
    if (held_ && client_.told_sent() >= held_->until) complete({});
  }
  void fail() {
    over_ = true;
    if (held_) complete(boost::asio::error::operation_aborted);
    client_.mute();
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& to) {
          if (early_.empty()) return socket_.async_read_some(to, std::move(handler));
          const auto n = boost::asio::buffer_copy(to, boost::asio::buffer(early_));
          early_.erase(0, n);
          boost::asio::post(get_executor(), boost::beast::bind_front_handler(std::move(handler), error_code{}, n));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) { hold(from, std::move(handler)); }, token, buffers);
  }

 private:
  // Beast's write, waiting for its bytes to be sent.
  struct Held {
    virtual ~Held() = default;
    virtual void complete(error_code ec, std::size_t n) = 0;
    std::size_t bytes = 0;
    std::uint64_t until = 0;  // in the client's private log
  };
  template <class Handler>
  struct HeldHandler final : Held {
    HeldHandler(executor_type ex, Handler h) : executor(std::move(ex)), handler(std::move(h)) {}
    void complete(error_code ec, std::size_t n) override {
      boost::asio::post(executor, boost::beast::bind_front_handler(std::move(handler), ec, n));
    }
    executor_type executor;
    Handler handler;
  };

  template <class Buffers, class Handler>
  void hold(const Buffers& from, Handler handler) {
    std::string frame(boost::asio::buffer_size(from), '\0');
    boost::asio::buffer_copy(boost::asio::buffer(frame), from);
    held_ = std::make_unique<HeldHandler<Handler>>(get_executor(), std::move(handler));
    held_->bytes = frame.size();
    if (events_ == nullptr) {
      client_.tell_last(frame);
      return complete({});
    }
    constexpr unsigned char opcode_mask = 0x0F, opcode_close = 0x08;
    const bool close = (static_cast<unsigned char>(frame.front()) & opcode_mask) == opcode_close;
    // Whom nothing more is told is told why, too.
    if (!over_) client_.tell_last(frame);
    held_->until = client_.told();
    if (close && !std::exchange(over_, true)) {
      client_.mute();
      events_->ws_closing();
    }
    progress();
  }

  void complete(error_code ec) {
    const auto held = std::move(held_);
    held->complete(ec, ec ? 0 : held->bytes);
  }

  friend void teardown(boost::beast::role_type role, WriteLayer& layer, error_code& ec) {
    boost::beast::websocket::teardown(role, static_cast<Socket::Base&>(layer.socket_), ec);
  }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, WriteLayer& layer, Handler&& handler) {
    boost::beast::websocket::async_teardown(role, static_cast<Socket::Base&>(layer.socket_),
                                            std::forward<Handler>(handler));
  }
  friend void beast_close_socket(WriteLayer& layer) {
    error_code ignored;
    layer.socket_.close(ignored);
  }

  Socket socket_;
  std::string early_;
  Client& client_;
  WsEvents* events_ = nullptr;
  bool over_ = false;  // Close is on its way, or the connection is given up: nothing follows
  std::unique_ptr<Held> held_;
};

}  // namespace chatbridge
