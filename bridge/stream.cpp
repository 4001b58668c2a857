#include "bridge/stream.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace chatbridge {
namespace {

constexpr int unsent_bytes = 128 * 1024;  // TCP_NOTSENT_LOWAT, tcp(7)
constexpr int keepalive_idle_s = 60, keepalive_interval_s = 15, keepalive_probes = 4;

// One piece is the usual case, and the kernel has less to take apart.
ssize_t write(int fd, const Chunk& chunk) {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (chunk.count == 1) return ::send(fd, chunk.iov[0].iov_base, chunk.iov[0].iov_len, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(chunk.iov.data());
  message.msg_iovlen = chunk.count;
  return ::sendmsg(fd, &message, flags);
}

void set(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

}  // namespace

std::string to_string(const Tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  const auto text = address.to_string();
  return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

void tune(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
}

bool acknowledged_within(Socket& socket, std::chrono::milliseconds period) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return std::chrono::milliseconds(info.tcpi_last_ack_recv) < period;
}

std::size_t unacknowledged(const Socket& socket) {
  int bytes = 0;
  const int fd = const_cast<Socket&>(socket).native_handle();
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(std::max(bytes, 0)) : SIZE_MAX;  // tcp(7)
}

void close_gently(Socket& socket) {
  boost::system::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  char rest[4096];
  for (int i = 0; i < 64 && ::recv(socket.native_handle(), rest, sizeof rest, MSG_DONTWAIT) > 0; ++i) {
  }
  socket.close(ignored);
}

std::size_t Socket::send_now(const Chunk& chunk) {
  return static_cast<std::size_t>(std::max<ssize_t>(write(native_handle(), chunk), 0));
}

Sending send_due(Client& client, Socket& socket, bool& delivered) {
  for (;;) {
    auto& chunk = client.gather();
    if (chunk.bytes == 0) return Sending::drained;
    const auto n = write(socket.native_handle(), chunk);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Sending::blocked : Sending::failed;
    }
    delivered = true;
    const auto bytes = static_cast<std::size_t>(n);
    const bool all = bytes == chunk.bytes;
    client.sent(chunk, bytes);
    if (!all) return Sending::blocked;
  }
}

void Connections::add(std::shared_ptr<Connection> connection) {
  connection->index_ = all_.size();
  all_.push_back(std::move(connection));
}

void Connections::remove(Connection& connection) {
  const auto index = connection.index_;
  if (index >= all_.size() || all_[index].get() != &connection) return;
  std::swap(all_[index], all_.back());
  all_[index]->index_ = index;
  const auto kept = std::move(all_.back());
  all_.pop_back();
  if (all_.empty() && empty_) std::exchange(empty_, nullptr)();
}

template <class F>
void Connections::each(F f) {
  const std::vector<std::shared_ptr<Connection>> now(all_.begin(), all_.end());
  for (const auto& connection : now) f(*connection);
}

void Connections::stop_reading() {
  each([](Connection& c) { c.stop_reading(); });
}
void Connections::finish() {
  each([](Connection& c) { c.finish(); });
}
void Connections::abort() {
  each([](Connection& c) { c.abort(); });
}

void Connections::when_empty(std::function<void()> empty) {
  empty_ = std::move(empty);
  if (all_.empty()) std::exchange(empty_, nullptr)();
}

}  // namespace chatbridge
