#include "bridge/ws_socket.hpp"

#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "bridge/write_layer.hpp"
#include "core/text.hpp"

namespace chatbridge {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using error_code = boost::system::error_code;

namespace {

// Keeps what owns `self` for as long as the operation is under way.
template <class Self, class F>
struct Bound {
  using allocator_type = OwnSize<void>;
  allocator_type get_allocator() const { return {}; }
  template <class... Args>
  void operator()(Args... args) {
    const auto kept = self;
    f(*kept, args...);
  }
  std::shared_ptr<Self> self;
  F f;
};

}  // namespace

struct WsSocket::Impl {
  Impl(Socket socket, std::string early, bool take_binary, Client& client, WsEvents& e)
      : stream(std::move(socket), std::move(early), client), events(e), take_binary(take_binary) {}

  WriteLayer& layer() { return stream.next_layer(); }

  template <class F>
  auto bound(F f) {
    return Bound<Impl, F>{std::shared_ptr<Impl>(owner.lock(), this), std::move(f)};
  }

  void read_some();
  void read_done(error_code ec, std::size_t n);
  void whole(std::string_view message);
  void gone(error_code ec);

  websocket::stream<WriteLayer, false> stream;
  WsEvents& events;
  std::weak_ptr<void> owner;
  static constexpr std::size_t piece = 4096;
  std::array<char, 128> first;  // piece of a message: most have no other. Small, since most connections are idle
  std::string message;          // one that has more: pieces are read into it
  const bool take_binary;
  bool reading = false, paused = false, over = false, waiting = false, refused = false;
};

void WsSocket::Impl::read_some() {
  reading = true;
  auto to = boost::asio::buffer(first);
  if (!message.empty()) {
    const auto had = message.size();
    message.resize(had + piece);
    to = boost::asio::buffer(&message[had], piece);
  }
  stream.async_read_some(to, bound([](Impl& self, error_code ec, std::size_t n) { self.read_done(ec, n); }));
}

void WsSocket::Impl::read_done(error_code ec, std::size_t n) {
  reading = false;
  const bool began = message.empty();
  if (!began) message.resize(message.size() - piece + n);
  if (over) return;
  if (ec) return gone(ec);
  events.ws_heard();
  if (refused || (stream.got_binary() && !take_binary)) {
    if (!std::exchange(refused, true)) events.ws_binary({});
  } else if (began && stream.is_message_done()) {
    whole({first.data(), n});
  } else {
    if (began) message.assign(first.data(), n);
    if (stream.is_message_done()) {
      const auto kept = std::exchange(message, {});
      // Beast does not look for a character's end in a last frame that is empty.
      if (n == 0 && !stream.got_binary() && !valid_utf8(kept)) {
        refused = true;
        events.ws_bad_text();
      } else {
        whole(kept);
      }
    }
  }
  if (!paused && !over && !reading) read_some();
}

void WsSocket::Impl::whole(std::string_view message) {
  if (stream.got_binary()) {
    events.ws_binary(message);
  } else {
    events.ws_text(message);
  }
}

void WsSocket::Impl::gone(error_code ec) {
  if (std::exchange(over, true)) return;
  layer().fail();
  // 1000: the person left; anything else may be a page that is only being loaded again, or a lost connection.
  const bool said = stream.reason().code == websocket::close_code::normal;
  events.ws_gone(said ? Farewell::said : Farewell::lost, ec == websocket::error::closed ? "closed" : ec.message());
  error_code ignored;
  layer().socket().close(ignored);  // last: what the peer has acknowledged is still asked for
}

WsSocket::WsSocket(Socket socket, std::string early, std::size_t message_max, bool take_binary, Client& client,
                   WsEvents& events)
    : impl_(std::make_unique<Impl>(std::move(socket), std::move(early), take_binary, client, events)) {
  impl_->stream.read_message_max(message_max);
  impl_->stream.auto_fragment(false);
  // Deadlines are the shard's; Beast's own would need a timer each.
  websocket::stream_base::timeout none{};
  none.handshake_timeout = none.idle_timeout = websocket::stream_base::none();
  none.keep_alive_pings = false;
  impl_->stream.set_option(none);
  impl_->stream.control_callback(
      [i = impl_.get()](websocket::frame_type, beast::string_view) { i->events.ws_heard(); });
}

WsSocket::~WsSocket() = default;

void WsSocket::accept(std::weak_ptr<void> owner, const HttpRequest& request, std::string_view subprotocol) {
  impl_->owner = std::move(owner);
  impl_->stream.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
    response.set(beast::http::field::server, "chatbridge");
    if (!subprotocol.empty())
      response.set(beast::http::field::sec_websocket_protocol,
                   beast::string_view(subprotocol.data(), subprotocol.size()));
  }));
  impl_->stream.async_accept(request, impl_->bound([](Impl& self, error_code ec) {
    if (self.over) return;
    if (ec) {
      bool delivered = false;
      send_due(self.layer().client(), self.layer().socket(), delivered);  // the answer that refuses
      return self.gone(ec);
    }
    self.layer().engage(self.events);
    self.events.ws_open();
  }));
}

void WsSocket::read() {
  impl_->paused = false;
  if (!impl_->reading && !impl_->over) impl_->read_some();
}

void WsSocket::pause() { impl_->paused = true; }

Sending WsSocket::send(bool& delivered) {
  if (impl_->over) return Sending::drained;
  const auto sending = send_due(impl_->layer().client(), impl_->layer().socket(), delivered);
  impl_->layer().progress();
  return sending;
}

void WsSocket::ready() {
  if (!impl_->over) impl_->layer().client().ready(impl_->layer().socket());
}

void WsSocket::wait_writable() {
  if (std::exchange(impl_->waiting, true)) return;
  impl_->layer().socket().async_wait(Socket::wait_write, impl_->bound([](Impl& self, error_code ec) {
    self.waiting = false;
    if (!ec && !self.over) self.events.ws_writable();
  }));
}

std::size_t WsSocket::unacknowledged() const { return chatbridge::unacknowledged(impl_->layer().socket()); }

bool WsSocket::acknowledged_within(std::chrono::milliseconds period) {
  return chatbridge::acknowledged_within(impl_->layer().socket(), period);
}

void WsSocket::close(std::uint16_t code, std::string_view reason) {
  if (impl_->layer().over()) return;  // Beast is answering the peer's Close, or its error
  websocket::close_reason why(static_cast<websocket::close_code>(code),
                              beast::string_view(reason.data(), reason.size()));
  impl_->stream.async_close(why, impl_->bound([](Impl& self, error_code) {
    if (!self.over) self.gone(websocket::error::closed);
  }));
}

void WsSocket::abort() {
  if (impl_->over) return;
  error_code ignored;
  impl_->layer().socket().shutdown(Socket::shutdown_both, ignored);
  boost::asio::post(impl_->stream.get_executor(),
                    impl_->bound([](Impl& self) { self.gone(boost::asio::error::operation_aborted); }));
}

}  // namespace chatbridge
