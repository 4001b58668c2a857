#include "server/health.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <vector>

namespace chatbridge {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = boost::asio::ip::tcp;

struct Target {
  std::string host, port, path;
};

bool parse(std::string url, Target& out) {
  if (!url.starts_with("http://")) return false;
  url.erase(0, 7);
  const auto slash = url.find('/');
  out.path = slash == std::string::npos || slash + 1 == url.size() ? "/readyz" : url.substr(slash);
  url = url.substr(0, slash);
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string::npos && url.find(']', colon) == std::string::npos;
  out.port = has_port ? url.substr(colon + 1) : "80";
  out.host = has_port ? url.substr(0, colon) : url;
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  return !out.host.empty() && !out.port.empty();
}

// localhost is this machine's loopback and needs no look-up (RFC 6761 section 6.3). Both families, since ::1 is not
// there where IPv6 is off (as in Docker's default network), yet a listener on [::] takes IPv4.
std::vector<Tcp::endpoint> resolve(boost::asio::io_context& io, const Target& target) {
  std::vector<Tcp::endpoint> out;
  const auto add = [&](const std::string& host) {
    for (const auto& found : Tcp::resolver(io).resolve(host, target.port)) out.push_back(found.endpoint());
  };
  const bool local = target.host == "localhost";
  add(local ? "::1" : target.host);
  if (local) add("127.0.0.1");
  return out;
}

http::response<http::string_body> get(const Target& target) {
  boost::asio::io_context io;
  beast::tcp_stream stream(io);
  stream.expires_after(std::chrono::seconds(5));
  http::request<http::empty_body> request(http::verb::get, target.path, 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::connection, "close");
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  boost::system::error_code failed = boost::asio::error::timed_out;
  const auto endpoints = resolve(io, target);
  stream.async_connect(endpoints, [&](boost::system::error_code ec, const Tcp::endpoint&) {
    if (ec) return void(failed = ec);
    http::async_write(stream, request, [&](boost::system::error_code write_ec, std::size_t) {
      if (write_ec) return void(failed = write_ec);
      http::async_read(stream, buffer, response,
                       [&](boost::system::error_code read_ec, std::size_t) { failed = read_ec; });
    });
  });
  io.run();
  if (failed) throw boost::system::system_error(failed);
  return response;
}

}  // namespace

int health(const std::string& url) {
  Target target;
  if (!parse(url, target)) {
    std::cerr << "chatbridge: '" << url << "' is not http://HOST:PORT\n";
    return 2;
  }
  try {
    const auto response = get(target);
    if (response.result() == http::status::ok) return 0;
    std::cerr << "chatbridge: " << url << ": " << response.result_int() << ' '
              << response.body().substr(0, response.body().find('\n')) << '\n';
  } catch (const boost::system::system_error& e) {
    std::cerr << "chatbridge: " << url << ": " << e.code().message() << '\n';
  }
  return 1;
}

}  // namespace chatbridge
