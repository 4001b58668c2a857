// Connected sockets: the type all of them have, what the program asks of a connection, and the one place that writes
// what a client is due.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "bridge/admission.hpp"
#include "core/client.hpp"

namespace chatbridge {

using Tcp = boost::asio::ip::tcp;

// A connected socket, whom it counts for, and the place it takes among the connections there may be.
class Socket : public Sink, public boost::asio::basic_stream_socket<Tcp, boost::asio::io_context::executor_type> {
 public:
  using Base = boost::asio::basic_stream_socket<Tcp, boost::asio::io_context::executor_type>;
  using Base::Base;
  Socket(Base&& socket) : Base(std::move(socket)) {}  // NOLINT: accepting makes them
  std::size_t send_now(const Chunk& chunk) override;
  Host host;
  Admission::Place place;
};

std::string to_string(const Tcp::endpoint& endpoint);  // "127.0.0.1:9999", "[::1]:9999"; mapped IPv4 as IPv4

// No delay, keep-alive, and a bound on what waits unsent in the kernel. A listening socket hands all of it down to what
// it accepts (Linux copies it), which saves as many calls for each. Errors are ignored.
void tune(int fd);

// Whether the peer's kernel has acknowledged anything in that time.
bool acknowledged_within(Socket& socket, std::chrono::milliseconds period);

// Bytes sent that the peer's kernel has not acknowledged, also of a connection that was reset; SIZE_MAX: not known.
std::size_t unacknowledged(const Socket& socket);

// Closes so that the peer gets what was sent: unread input would make close() a reset, and take it away.
void close_gently(Socket& socket);

// For operations that wait for as long as nothing comes: they take memory of their own size, and not, for all that
// time, what Asio has left of a larger one. (Of std::allocator it thinks that anything will do.)
template <class T>
struct OwnSize {
  using value_type = T;
  OwnSize() = default;
  template <class U>
  OwnSize(const OwnSize<U>&) {}  // NOLINT: an allocator's
  T* allocate(std::size_t n) { return std::allocator<T>{}.allocate(n); }
  void deallocate(T* p, std::size_t n) { std::allocator<T>{}.deallocate(p, n); }
  friend bool operator==(const OwnSize&, const OwnSize&) { return true; }
};

enum class Sending { drained, blocked, failed };
// Sends what `client` is due, as much as the kernel takes now. `delivered` is set if anything went out. When all of it
// did and the owner has nothing else to see to, it calls client.ready(socket).
Sending send_due(Client& client, Socket& socket, bool& delivered);

// One connection, as the program sees it when it stops. On its shard's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void stop_reading() = 0;  // what was read goes on, no more is taken
  virtual void finish() = 0;        // deliver what is due, say goodbye, close
  virtual void abort() = 0;         // close now

 private:
  friend class Connections;
  std::size_t index_ = 0;  // among the connections of its shard
};

// All connections of one shard: what is in here lives. On the shard's thread.
class Connections {
 public:
  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  std::size_t size() const { return all_.size(); }
  void stop_reading();
  void finish();
  void abort();
  // Calls `empty` once, as soon as none is left.
  void when_empty(std::function<void()> empty);

 private:
  template <class F>
  void each(F f);
  std::deque<std::shared_ptr<Connection>> all_;
  std::function<void()> empty_;
};

// A shard and its connections: what an accepted socket is handed to.
struct Lane {
  Shard shard;
  Connections connections;
};

}  // namespace chatbridge
