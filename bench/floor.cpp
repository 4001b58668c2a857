// The floor that chatbridge is measured against: what the kernel takes for the same deliveries, and nothing else. One
// thread, one room, no names, no checks, no history, no limits; not a server for anybody.
//
// A message is put into bytes once per format, at the end of one buffer. A client is a place in it: whenever messages
// have come, everybody gets all bytes behind its place by one send. UDP clients get each message by sendmmsg.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#include "bench/ws_frames.hpp"

namespace chatbridge::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view greeting = "*** you are at the floor";

// All that was ever sent in one format; what everybody has is cut off at times.
struct Log {
  std::string bytes;
  std::uint64_t base = 0;  // place of the first byte that is here
  std::uint64_t head() const { return base + bytes.size(); }
  const char* at(std::uint64_t place) const { return bytes.data() + (place - base); }
};
constexpr std::size_t cut_at = 16 << 20, behind_max = 256 << 20;

enum class Kind : std::uint8_t { tcp, ws };

struct Range {
  std::uint64_t begin, end;
};
// What few clients need: those that speak, and those whose bytes came in pieces.
struct Speaker {
  std::string input;
  std::vector<Range> own;  // of the log, not sent back
};
struct Client {
  std::uint64_t place = 0;
  std::unique_ptr<Speaker> speaker;
  Kind kind = Kind::tcp;
  bool upgraded = false, blocked = false, open = false;
};

class Floor {
 public:
  explicit Floor(std::chrono::microseconds linger) : linger_(linger), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    tcp_ = listen(SOCK_STREAM);
    ws_ = listen(SOCK_STREAM);
    udp_ = listen(SOCK_DGRAM);
    std::fprintf(stderr, "ready tcp=%s udp=%s http=%s\n", address(tcp_).c_str(), address(udp_).c_str(),
                 address(ws_).c_str());
  }
  void run();

 private:
  int listen(int type);
  static std::string address(int fd);
  void accept(int listener, Kind kind);
  void register_datagrams();
  void readable(int fd);
  std::size_t take_lines(int fd, std::string_view bytes);
  std::size_t take_frames(int fd, char* bytes, std::size_t size);
  std::size_t upgrade(int fd, std::string_view bytes);
  void say(int fd, std::string_view text);
  void flush(int fd);
  bool flush_around_own(int fd);
  void flush_all();
  void send_datagrams();
  void cut();
  void close(int fd);
  void tell(int fd, std::string_view bytes) { ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  Log& log(const Client& c) { return logs_[static_cast<std::size_t>(c.kind)]; }

  const std::chrono::microseconds linger_;
  const int epoll_;
  int tcp_, ws_, udp_;
  Log logs_[2];
  std::vector<Client> clients_;  // by descriptor
  std::vector<int> live_;
  std::vector<sockaddr_in> peers_;
  std::unordered_set<std::uint64_t> known_;
  std::vector<std::size_t> datagrams_;  // where each line since the last flush ends
  std::uint64_t datagrams_from_ = 0;
  std::optional<Clock::time_point> due_;
  bool news_ = false, closed_ = false;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

int Floor::listen(int type) {
  const int fd = ::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int buffer = 4 << 20;
  if (type == SOCK_DGRAM) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0) throw std::runtime_error("bind");
  if (type == SOCK_STREAM && ::listen(fd, 4096) < 0) throw std::runtime_error("listen");
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

std::string Floor::address(int fd) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
}

void Floor::accept(int listener, Kind kind) {
  for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (clients_.size() <= static_cast<std::size_t>(fd)) clients_.resize(fd + 1);
    auto& c = clients_[fd];
    c = Client{.place = 0, .speaker = nullptr, .kind = kind, .open = true};
    c.place = log(c).head();
    live_.push_back(fd);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

void Floor::register_datagrams() {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  while (::recvfrom(udp_, buffer_.data(), buffer_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size) >= 0) {
    if (known_.insert(std::uint64_t{from.sin_addr.s_addr} << 16 | from.sin_port).second) peers_.push_back(from);
    ::sendto(udp_, greeting.data(), greeting.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
}

// ---- what clients say

void Floor::say(int fd, std::string_view text) {
  const auto& c = clients_[fd];
  const auto begin = log(c).head();
  logs_[0].bytes.append(text) += '\n';
  ws::append(logs_[1].bytes, ws::text, text);
  clients_[fd].speaker->own.push_back({begin, log(c).head()});
  if (!peers_.empty()) datagrams_.push_back(logs_[0].head());
  news_ = true;
}

std::size_t Floor::take_lines(int fd, std::string_view bytes) {
  std::size_t used = 0;
  for (std::size_t end; (end = bytes.find('\n', used)) != bytes.npos; used = end + 1) {
    if (end > used) {
      say(fd, bytes.substr(used, end - used));
    } else {
      tell(fd, std::string(greeting) + "\n");
    }
  }
  return used;
}

std::size_t Floor::upgrade(int fd, std::string_view bytes) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const auto end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return 0;
  const auto key = bytes.find(name);
  if (key > end) return close(fd), bytes.size();
  const auto value = bytes.substr(key + name.size(), bytes.find('\r', key) - key - name.size());
  auto answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      ws::accept_key(value) + "\r\n\r\n";
  ws::append(answer, ws::text, greeting);
  tell(fd, answer);
  clients_[fd].upgraded = true;
  clients_[fd].place = logs_[1].head();
  return end + 4;
}

std::size_t Floor::take_frames(int fd, char* bytes, std::size_t size) {
  std::size_t used = 0;
  if (!clients_[fd].upgraded) used = upgrade(fd, {bytes, size});
  while (clients_[fd].open && clients_[fd].upgraded) {
    const auto header = ws::parse({bytes + used, size - used});
    if (!header || size - used - header->size < header->payload) break;
    char* payload = bytes + used + header->size;
    for (std::size_t i = 0; i < header->payload && !header->mask.empty(); ++i) payload[i] ^= header->mask[i & 3];
    if (header->opcode == ws::close) return close(fd), size;
    if (!header->control()) say(fd, {payload, header->payload});
    used += header->size + header->payload;
  }
  return used;
}

void Floor::readable(int fd) {
  while (clients_[fd].open) {
    auto& c = clients_[fd];
    std::size_t had = 0;
    if (c.speaker) had = c.speaker->input.copy(buffer_.data(), buffer_.size());
    const auto n = ::recv(fd, buffer_.data() + had, buffer_.size() - had, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return close(fd);
    if (!c.speaker) c.speaker = std::make_unique<Speaker>();
    const auto size = had + static_cast<std::size_t>(n);
    const auto used =
        c.kind == Kind::tcp ? take_lines(fd, {buffer_.data(), size}) : take_frames(fd, buffer_.data(), size);
    if (!c.open) return;
    c.speaker->input.assign(buffer_.data() + used, size - used);
    if (c.speaker->input.empty() && c.speaker->own.empty()) c.speaker.reset();
  }
}

// ---- what clients get

void Floor::flush(int fd) {
  auto& c = clients_[fd];
  auto& all = log(c);
  c.blocked = false;
  while (c.open && c.place < all.head()) {
    if (c.speaker && !c.speaker->own.empty()) {
      if (!flush_around_own(fd)) return;
      continue;
    }
    const auto want = all.head() - c.place;
    const auto n = ::send(fd, all.at(c.place), want, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return close(fd);
    if (n > 0) c.place += static_cast<std::uint64_t>(n);
    if (n < 0 || static_cast<std::uint64_t>(n) < want) {
      c.blocked = true;
      return;
    }
  }
}

// One send of what lies between the client's own messages. Whether the kernel took all of it.
bool Floor::flush_around_own(int fd) {
  auto& c = clients_[fd];
  auto& all = log(c);
  auto& own = c.speaker->own;
  iovec parts[64];
  int count = 0;
  std::uint64_t want = 0, place = c.place;
  std::size_t passed = 0;
  for (; passed < own.size() && count < 63; ++passed) {
    if (own[passed].begin > place) parts[count++] = {const_cast<char*>(all.at(place)), own[passed].begin - place};
    want += own[passed].begin - std::min(place, own[passed].begin);
    place = own[passed].end;
  }
  if (passed == own.size() && place < all.head()) {
    parts[count++] = {const_cast<char*>(all.at(place)), all.head() - place};
    want += all.head() - place;
    place = all.head();
  }
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<std::size_t>(count);
  const auto n = count == 0 ? 0 : ::sendmsg(fd, &message, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) return close(fd), false;
  if (n >= 0 && static_cast<std::uint64_t>(n) == want) {
    own.erase(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(passed));
    c.place = place;
    return true;
  }
  c.blocked = true;
  auto left = n < 0 ? 0 : static_cast<std::uint64_t>(n);
  while (!own.empty() && left >= own.front().begin - c.place) {
    left -= own.front().begin - c.place;
    c.place = own.front().end;
    own.erase(own.begin());
  }
  c.place += left;
  return false;
}

void Floor::send_datagrams() {
  constexpr std::size_t batch = 1024;  // UIO_MAXIOV
  static std::vector<mmsghdr> messages(batch);
  for (const auto end : datagrams_) {
    iovec bytes{const_cast<char*>(logs_[0].at(datagrams_from_)), end - datagrams_from_};
    datagrams_from_ = end;
    for (std::size_t done = 0; done < peers_.size();) {
      const auto count = std::min(batch, peers_.size() - done);
      for (std::size_t i = 0; i < count; ++i)
        messages[i].msg_hdr = {&peers_[done + i], sizeof(sockaddr_in), &bytes, 1, nullptr, 0, 0};
      const auto n = ::sendmmsg(udp_, messages.data(), static_cast<unsigned>(count), 0);
      done += n > 0 ? static_cast<std::size_t>(n) : 1;  // a datagram that cannot go is lost
    }
  }
  datagrams_.clear();
}

void Floor::flush_all() {
  send_datagrams();
  datagrams_from_ = logs_[0].head();
  for (const int fd : live_)
    if (clients_[fd].open && !clients_[fd].blocked && (clients_[fd].kind == Kind::tcp || clients_[fd].upgraded))
      flush(fd);
  news_ = false;
  due_.reset();
  cut();
}

void Floor::cut() {
  for (auto kind : {Kind::tcp, Kind::ws}) {
    auto& all = logs_[static_cast<std::size_t>(kind)];
    if (all.bytes.size() < cut_at) continue;
    auto last = all.head();
    for (const int fd : live_) {
      auto& c = clients_[fd];
      if (!c.open || c.kind != kind || (kind == Kind::ws && !c.upgraded)) continue;
      if (all.head() - c.place > behind_max) close(fd);
      if (c.open) last = std::min(last, c.place);
    }
    all.bytes.erase(0, last - all.base);
    all.base = last;
  }
}

void Floor::close(int fd) {
  ::close(fd);
  clients_[fd].open = false;
  closed_ = true;
}

void Floor::run() {
  std::vector<epoll_event> events(4096);
  for (;;) {
    timespec wait{0, 0};
    if (due_) wait.tv_nsec = std::max<long>(0, std::chrono::nanoseconds(*due_ - Clock::now()).count());
    const auto n =
        ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), due_ ? &wait : nullptr, nullptr);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == tcp_) {
        accept(fd, Kind::tcp);
      } else if (fd == ws_) {
        accept(fd, Kind::ws);
      } else if (fd == udp_) {
        register_datagrams();
      } else {
        if ((events[i].events & ~EPOLLOUT) != 0) readable(fd);
        if (clients_[fd].open && clients_[fd].blocked && (events[i].events & EPOLLOUT) != 0) flush(fd);
      }
    }
    if (news_ && linger_.count() > 0 && !due_) due_ = Clock::now() + linger_;
    if (news_ && (!due_ || Clock::now() >= *due_)) flush_all();
    if (std::exchange(closed_, false)) std::erase_if(live_, [&](int fd) { return !clients_[fd].open; });
  }
}

}  // namespace
}  // namespace chatbridge::bench

// floor [LINGER]: how many microseconds a message waits for others to go with it, 0. Listens on free loopback ports.
int main(int argc, char** argv) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    chatbridge::bench::Floor(std::chrono::microseconds(argc > 1 ? std::atol(argv[1]) : 0)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 1;
  }
}
