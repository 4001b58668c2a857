#include "client/http_rooms.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <memory>

namespace chatbridge::connect {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = boost::asio::ip::tcp;
using error_code = boost::system::error_code;

struct Get : std::enable_shared_from_this<Get> {
  Get(boost::asio::io_context& io, std::function<void(std::optional<std::string>)> d)
      : resolver(io), stream(io), done(std::move(d)) {
    parser.body_limit(1 << 20);
  }

  // Goes on with `f` unless the step before failed.
  template <class F>
  auto then(F f) {
    return [self = shared_from_this(), f](error_code ec, auto&&... args) {
      ec ? self->done(std::nullopt) : f(*self, args...);
    };
  }

  void start(const Url& url) {
    request = {http::verb::get, "/api/rooms", 11};
    request.set(http::field::host, url.authority());
    request.set(http::field::connection, "close");
    stream.expires_after(std::chrono::seconds(10));
    resolver.async_resolve(url.host, url.port, then([](Get& g, const Tcp::resolver::results_type& found) {
                             g.stream.async_connect(found, g.then([](Get& h, auto&&...) { h.ask(); }));
                           }));
  }

  void ask() {
    http::async_write(stream, request, then([](Get& g, std::size_t) {
                        http::async_read(g.stream, g.buffer, g.parser, g.then([](Get& h, std::size_t) {
                          const auto& response = h.parser.get();
                          h.done(response.result() == http::status::ok ? std::optional(response.body()) : std::nullopt);
                        }));
                      }));
  }

  Tcp::resolver resolver;
  beast::tcp_stream stream;
  std::function<void(std::optional<std::string>)> done;
  http::request<http::empty_body> request;
  beast::flat_buffer buffer{64 * 1024};
  http::response_parser<http::string_body> parser;
};

}  // namespace

void get_rooms(boost::asio::io_context& io, const Url& url, std::function<void(std::optional<std::string>)> done) {
  std::make_shared<Get>(io, std::move(done))->start(url);
}

}  // namespace chatbridge::connect
