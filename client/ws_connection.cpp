#include "client/ws_connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "client/v1_frames.hpp"

namespace chatbridge::connect {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using error_code = boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto subprotocol = "chatbridge.v1";
constexpr std::size_t message_max = 1 << 20;  // the server's own bound is 256 KiB
constexpr auto open_time = 10s, silent_time = 50s;

}  // namespace

struct WsConnection::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& io, const Url& u, Events e)
      : resolver(io), stream(io), url(u), events(std::move(e)), deadline(io) {}

  template <class F>
  auto bound(F f) {
    return [self = shared_from_this(), f = std::move(f)](error_code ec, auto... args) {
      if (!self->over) f(*self, ec, args...);
    };
  }

  void start();
  void handshake();
  void declined();
  void read();
  void write();
  void gone(const std::string& why);

  asio::ip::tcp::resolver resolver;
  websocket::stream<beast::tcp_stream, false> stream;
  const Url url;
  Events events;
  asio::steady_timer deadline;  // of resolving, which Beast has none for
  websocket::response_type response;
  beast::flat_buffer buffer;
  std::deque<std::string> out;
  std::uint16_t close_code = 0;
  bool writing = false, over = false, abandoned = false;
};

void WsConnection::Impl::start() {
  deadline.expires_after(open_time);
  deadline.async_wait(bound([](Impl& self, error_code ec) {
    if (!ec) self.gone("no connection within 10 s");
  }));
  using Tcp = asio::ip::tcp;
  resolver.async_resolve(url.host, url.port, bound([](Impl& self, error_code ec, Tcp::resolver::results_type found) {
                           if (ec) return self.gone(self.url.host + ": " + ec.message());
                           beast::get_lowest_layer(self.stream)
                               .async_connect(found, self.bound([](Impl& me, error_code connect_ec, auto&&...) {
                                 if (connect_ec) return me.gone(me.url.authority() + ": " + connect_ec.message());
                                 me.handshake();
                               }));
                         }));
}

void WsConnection::Impl::handshake() {
  error_code ignored;
  beast::get_lowest_layer(stream).socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream.set_option(websocket::stream_base::timeout{open_time, silent_time, true});
  stream.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
    request.set(beast::http::field::user_agent, "chatbridge");
    request.set(beast::http::field::sec_websocket_protocol, subprotocol);
  }));
  stream.read_message_max(message_max);
  const auto host = url.port == "80" ? url.authority().substr(0, url.authority().rfind(':')) : url.authority();
  stream.async_handshake(response, host, url.path, bound([](Impl& self, error_code ec) {
                           self.deadline.cancel();
                           if (ec == websocket::error::upgrade_declined) return self.declined();
                           if (ec) return self.gone(self.url.authority() + ": " + ec.message());
                           if (self.response[beast::http::field::sec_websocket_protocol] != subprotocol)
                             return self.gone(self.url.authority() + " does not speak chatbridge.v1");
                           self.stream.text(true);
                           self.read();
                           self.events.open();
                         }));
}

// A server that is full is the right one all the same.
void WsConnection::Impl::declined() {
  if (response.result() == beast::http::status::service_unavailable) {
    const auto body = v1::objects(response.body());
    const auto why = body.empty() || !body.front().contains("error") || !body.front()["error"].is_object()
                         ? std::string{}
                         : v1::string(body.front()["error"], "message");
    return gone(url.authority() + ": " + (why.empty() ? "the server is not ready (503)" : why));
  }
  gone(url.authority() + ": not a WebSocket: the server answered " + std::to_string(response.result_int()) + " " +
       std::string(response.reason()));
}

void WsConnection::Impl::read() {
  stream.async_read(buffer, bound([](Impl& self, error_code ec, std::size_t) {
                      if (ec == websocket::error::closed) {
                        const auto& reason = self.stream.reason();
                        return self.gone("the server closed the connection (" + std::to_string(reason.code) +
                                         (reason.reason.empty() ? "" : ": " + std::string(reason.reason.c_str())) +
                                         ")");
                      }
                      // Beast's word when the writer found out first.
                      if (ec == asio::error::operation_aborted) ec = asio::error::connection_reset;
                      if (ec) return self.gone(self.url.authority() + ": " + ec.message());
                      const auto bytes = self.buffer.data();
                      if (self.stream.got_text())
                        self.events.text({static_cast<const char*>(bytes.data()), bytes.size()});
                      self.buffer.consume(self.buffer.size());
                      if (!self.over) self.read();
                    }));
}

void WsConnection::Impl::write() {
  if (writing || over) return;
  if (out.empty()) {
    if (close_code == 0) return;
    writing = true;
    // The reader hears of the end.
    return stream.async_close(static_cast<websocket::close_code>(close_code),
                              bound([](Impl& self, error_code) { self.gone("closed"); }));
  }
  writing = true;
  stream.async_write(asio::buffer(out.front()), bound([](Impl& self, error_code ec, std::size_t) {
                       self.writing = false;
                       self.out.pop_front();
                       if (!ec) self.write();  // else the reader tells of the end: the server may have said why
                     }));
}

void WsConnection::Impl::gone(const std::string& why) {
  if (std::exchange(over, true)) return;
  resolver.cancel();
  deadline.cancel();
  beast::get_lowest_layer(stream).close();
  if (!abandoned) events.gone(why);
}

WsConnection::WsConnection(asio::io_context& io, const Url& url, Events events)
    : impl_(std::make_shared<Impl>(io, url, std::move(events))) {
  impl_->start();
}

WsConnection::~WsConnection() {
  impl_->abandoned = true;
  impl_->gone({});
}

void WsConnection::send(std::string text) {
  if (impl_->over || impl_->close_code != 0) return;
  impl_->out.push_back(std::move(text));
  impl_->write();
}

void WsConnection::close(std::uint16_t code) {
  impl_->close_code = code;
  impl_->write();
}

}  // namespace chatbridge::connect
