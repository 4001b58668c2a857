// One WebSocket connection on the server's side (RFC 6455): handshake, reading, control frames, close. The wall round
// Beast's websocket::stream, which only ws_socket.cpp names.
#pragma once
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/stream.hpp"

namespace chatbridge {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

// What happens on a WebSocket connection, told to its owner. All on the shard's thread.
class WsEvents {
 public:
  virtual void ws_open() = 0;                          // the 101 goes out with what is written now
  virtual void ws_text(std::string_view text) = 0;     // one message, valid UTF-8
  virtual void ws_binary(std::string_view bytes) = 0;  // one message; if binary is not taken, it only began
  virtual void ws_bad_text() = 0;                      // one that is not valid UTF-8
  virtual void ws_heard() = 0;                         // anything came, control frames included
  virtual void ws_writable() = 0;                      // after wait_writable()
  virtual void ws_closing() = 0;                       // our Close is being sent: the peer's Close, or its end, is next
  virtual void ws_gone(Farewell farewell, const std::string& reason) = 0;  // once; the socket is closed right after
 protected:
  ~WsEvents() = default;
};

// Belongs to its owner, who is `events`. Every call on the shard's thread.
class WsSocket {
 public:
  // `client`, what is sent to it, outlives the socket.
  WsSocket(Socket socket, std::string early, std::size_t message_max, bool take_binary, Client& client,
           WsEvents& events);
  ~WsSocket();

  // Answers the upgrade; `subprotocol`: a literal, empty: none. The first call; from then on the owner is kept alive
  // while an operation is under way.
  void accept(std::weak_ptr<void> owner, const HttpRequest& request, std::string_view subprotocol);
  // Reads until the connection ends or pause(); read() goes on.
  void read();
  void pause();

  Sending send(bool& delivered);
  void ready();  // as Client::ready; after send(), if that is drained
  void wait_writable();
  std::size_t unacknowledged() const;                          // as chatbridge::unacknowledged
  bool acknowledged_within(std::chrono::milliseconds period);  // the peer's kernel has acknowledged something

  // Sends Close once everything the client is due is sent (the caller sees to that) and waits for the peer's, which is
  // told by ws_gone. MUST be called once at most.
  void close(std::uint16_t code, std::string_view reason);
  void abort();  // ends the connection now; ws_gone follows

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatbridge
