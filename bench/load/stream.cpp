#include "bench/load/stream.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace chatbridge::bench {
namespace {

// Clients mask what they send (RFC 6455 section 5.3). Any mask will do for a server that is measured.
constexpr std::string_view mask{"\x37\xfa\x21\x3d", 4};

}  // namespace

Stream::Stream(Stream&& other) noexcept
    : endpoint_(other.endpoint_),
      number_(other.number_),
      receives_(other.receives_),
      fd_(std::exchange(other.fd_, -1)),
      state_(other.state_) {}

void Stream::connect() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  state_ = State::connecting;
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint_->address);
  if (::connect(fd_, address, sizeof endpoint_->address) < 0 && errno != EINPROGRESS) close(std::strerror(errno));
}

void Stream::writable() { state_ == State::connecting ? connected() : flush(); }

void Stream::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return close(std::strerror(error));
  if (!endpoint_->websocket) return enter();
  state_ = State::upgrading;
  out_ += upgrade_request(*endpoint_);
  flush();
}

void Stream::upgraded(std::string_view bytes) {
  seen_ += bytes;
  const auto end = seen_.find("\r\n\r\n");
  if (end == seen_.npos) return;
  if (!seen_.starts_with("HTTP/1.1 101")) return close("no upgrade: " + seen_.substr(0, seen_.find('\r')));
  const auto rest = seen_.substr(end + 4);
  seen_.clear();
  enter();
  take(rest, [](std::string_view) {});
}

void Stream::enter() {
  state_ = State::logging_in;
  for (const auto& frames : hello(*endpoint_, number_, receives_)) queue(frames);
  login({});
  flush();
}

void Stream::login(std::string_view bytes) {
  if (state_ == State::ready) return;
  seen_ += bytes;
  const auto next = logging_in(*endpoint_, seen_, receives_);
  for (const auto& frames : next.answer) queue(frames);
  if (next.ready) {
    state_ = State::ready;
    std::string().swap(seen_);
  }
  flush();
}

void Stream::control(ws::Opcode opcode, const std::string& payload) {
  if (opcode == ws::close) return close("the server closed");
  if (opcode != ws::ping) return;
  ws::append(out_, ws::pong, payload, mask);
  flush();
}

void Stream::queue(const Frames& frames) {
  if (endpoint_->websocket) {
    ws::append(out_, frames.binary ? ws::binary : ws::text, frames.bytes, mask);
  } else {
    out_ += frames.bytes;
  }
}

void Stream::flush() {
  if (state_ == State::closed) return;
  while (sent_ < out_.size()) {
    const auto n = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;  // the socket is watched, edge by edge
    if (n < 0) return close(std::strerror(errno));
    sent_ += static_cast<std::size_t>(n);
  }
  out_.clear();
  sent_ = 0;
}

std::string_view Stream::receive(std::span<char> buffer) {
  ssize_t n;
  do n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) return {buffer.data(), static_cast<std::size_t>(n)};
  if (n == 0) close("the server closed");
  if (n < 0 && errno != EAGAIN) close(std::strerror(errno));
  return {};
}

std::uint64_t Stream::segments() const {
  tcp_info info{};  // the kernel's, which has more than the C library's
  socklen_t size = sizeof info;
  if (fd_ < 0 || ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return 0;
  return info.tcpi_data_segs_in;
}

void Stream::close(std::string why) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
  why_ = std::move(why);
}

}  // namespace chatbridge::bench
