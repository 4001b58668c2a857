// One WebSocket connection to a server that speaks chatbridge.v1 (RFC 6455, client). The wall round Beast's
// websocket::stream, which only ws_connection.cpp names.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/url.hpp"

namespace chatbridge::connect {

// Tries the host's addresses one after the other. What it has not answered for 10 s, or heard nothing of for 50 s
// though it was pinged, is gone. After gone, and after the end of this object, nothing is called any more.
class WsConnection {
 public:
  struct Events {
    std::function<void()> open;
    std::function<void(std::string_view)> text;    // one message
    std::function<void(const std::string&)> gone;  // once; why, for a person
  };
  WsConnection(boost::asio::io_context& io, const Url& url, Events events);
  ~WsConnection();

  void send(std::string text);     // after open; in order
  void close(std::uint16_t code);  // after what was sent; gone follows

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chatbridge::connect
