#include "bench/load/crowd.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <thread>

namespace chatbridge::bench {
namespace {

using namespace std::chrono_literals;

// Few sockets when clients are few, as they would be; else so few clients to a socket that one message to all of them
// fits into its receive buffer.
std::size_t clients_per_socket(std::size_t clients) { return clients <= 5000 ? 1 : 100; }

}  // namespace

bool Crowd::receives(const Group& group) {
  const auto dialect = group.endpoint.dialect;
  return group.receives || (dialect != Dialect::mqtt && dialect != Dialect::nats);
}

Crowd::Crowd(const std::vector<Group>& groups, std::size_t payload_size, Nanoseconds nap)
    : payload_(payload_size), nap_(nap), epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_(4096), buffer_(256 * 1024) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  // Streams come first: the orders of all are compared with that of the first receiver, which must lose nothing.
  for (const auto& group : groups)
    if (!group.endpoint.datagrams) add(group);
  first_datagram_ = roles_.size();
  for (const auto& group : groups)
    if (group.endpoint.datagrams) add(group);
  if (senders_.size() > Payload::senders_max) throw std::runtime_error("too many senders");
  checker_.emplace(roles_, std::max<std::size_t>(senders_.size(), 1));
  scanners_.resize(roles_.size());
  begun_.resize(streams_.size());
  let_in_.resize(datagram_clients_);
}

Crowd::~Crowd() {
  // A server does not see UDP clients go: it would send to them for minutes.
  for (auto& socket : sockets_)
    for (auto c = socket.first(); c < socket.first() + socket.count(); ++c)
      if (let_in_[c]) socket.quit(c);
  ::close(epoll_);
}

void Crowd::add(const Group& group) {
  if (group.endpoint.datagrams) {
    const auto step = clients_per_socket(group.count);
    for (std::size_t done = 0; done < group.count; done += step) {
      const auto count = std::min(step, group.count - done);
      sockets_.emplace_back(group.endpoint, datagram_clients_, count);
      datagram_clients_ += count;
    }
    roles_.resize(roles_.size() + group.count);
    return;
  }
  for (std::size_t i = 0; i < group.count; ++i) {
    const bool in_room = receives(group);
    receiver_of_.push_back(in_room ? roles_.size() : no_receiver);
    if (in_room) roles_.push_back({group.sends ? static_cast<std::uint32_t>(senders_.size()) : Checker::nobody});
    if (group.sends) senders_.push_back(streams_.size());
    streams_.emplace_back(group.endpoint, streams_.size(), in_room);
  }
}

void Crowd::watch(int fd, std::uint64_t key, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = key}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) < 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

// ---- coming

void Crowd::start(std::size_t index) {
  auto& stream = streams_[index];
  stream.connect();
  begun_[index] = 1;
  if (stream.state() == Stream::State::connecting) watch(stream.fd(), index, EPOLLIN | EPOLLOUT | EPOLLET);
  settle(index);
}

void Crowd::ask_in(Clock::time_point now) {
  // A server's buffer that is full drops what comes: who is not answered asks again.
  if (now - asked_again_ < 500ms) return;
  asked_again_ = now;
  for (auto& socket : sockets_)
    for (auto c = socket.first(); c < std::min(socket.first() + socket.count(), asked_); ++c)
      if (!let_in_[c]) socket.hello(c);
}

bool Crowd::connect(std::size_t at_once, Clock::time_point deadline) {
  for (const auto& socket : sockets_) watch(socket.fd(), datagram_key | (&socket - sockets_.data()), EPOLLIN | EPOLLET);
  std::size_t next = 0, socket = 0;
  asked_again_ = Clock::now();
  while (ready_ + refused_ < size()) {
    const auto now = Clock::now();
    if (now > deadline) return false;
    const auto under_way = [&] { return next + asked_ - ready_ - refused_; };
    for (; next < streams_.size() && under_way() < at_once; ++next) start(next);
    for (; asked_ < datagram_clients_ && next == streams_.size() && under_way() < at_once; ++asked_) {
      while (asked_ >= sockets_[socket].first() + sockets_[socket].count()) ++socket;
      sockets_[socket].hello(asked_);
    }
    ask_in(now);
    poll(20ms);
  }
  return refused_ == 0;
}

// Counts a stream once when it is in, and once when it is no more.
void Crowd::settle(std::size_t index) {
  const auto state = streams_[index].state();
  auto& begun = begun_[index];
  if (begun == 1 && state == Stream::State::ready) {
    begun = 2;
    ++ready_;
  } else if (begun != 3 && state == Stream::State::closed) {
    why_ = streams_[index].why_closed();
    if (begun == 1) ++refused_;
    if (begun == 2) {
      --ready_;
      ++disconnected_;
    }
    begun = 3;
    if (receiver_of_[index] == no_receiver) return;
    const auto lacked = checker_->gone(receiver_of_[index]);
    if (on_gone) on_gone(lacked);
  }
}

// ---- speaking

std::uint64_t Crowd::now_us() const {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
  return static_cast<std::uint64_t>(now) & Payload::time_mask;
}

void Crowd::say(std::uint32_t sender) {
  const auto counter = checker_->send(sender);
  streams_[senders_[sender]].say(payload_.encode({sender, counter, now_us()}));
  to_flush_.push_back(senders_[sender]);
}

void Crowd::flush() {
  for (const auto index : to_flush_) {
    streams_[index].flush();
    settle(index);
  }
  to_flush_.clear();
}

// ---- hearing

void Crowd::came(std::size_t receiver, const Stamp& stamp) {
  const auto waited = (now_ - stamp.at) & Payload::time_mask;
  if (on_stamp) on_stamp(stamp, waited);
  switch (checker_->received(receiver, stamp)) {
    case Checker::Verdict::own:
      ++own_;
      return;
    case Checker::Verdict::fault:
      return;
    case Checker::Verdict::delivery:
      break;
  }
  ++deliveries_;
  latencies_.add(waited);
  if (on_delivery) on_delivery(stamp.sender, stamp.counter);
}

void Crowd::text(std::size_t receiver, std::string_view bytes) {
  if (receiver == no_receiver) return;
  scanners_[receiver].feed(
      payload_, bytes, [&](const Stamp& stamp) { came(receiver, stamp); }, [&] { checker_->torn(); });
}

void Crowd::stream_event(std::size_t index, std::uint32_t events) {
  auto& stream = streams_[index];
  if (stream.state() == Stream::State::closed) return;
  if ((events & EPOLLOUT) != 0 || stream.state() == Stream::State::connecting) stream.writable();
  now_ = now_us();
  const auto bytes = stream.readable(buffer_, [&](std::string_view piece) { text(receiver_of_[index], piece); });
  bytes_ += bytes;
  reads_ += bytes > 0;
  settle(index);
}

void Crowd::datagram_event(DatagramSocket& socket) {
  now_ = now_us();
  socket.readable(buffer_, [&](std::size_t client, std::string_view bytes) {
    ++reads_;
    ++datagrams_;
    bytes_ += bytes.size();
    if (!let_in_[client]) {
      let_in_[client] = true;
      ++ready_;
    }
    // A datagram is whole or not there: nothing of it is kept for the next one.
    Scanner().feed(
        payload_, bytes, [&](const Stamp& stamp) { came(first_datagram_ + client, stamp); }, [&] { checker_->torn(); });
  });
}

std::uint64_t Crowd::segments() const {
  auto out = datagrams_;
  for (const auto& stream : streams_) out += stream.segments();
  return out;
}

void Crowd::poll(Nanoseconds wait) {
  // Asleep in epoll_wait the load would be woken by the server's sends, on the server's time. Where clients are on
  // other machines it is not so; here the load looks now and then by itself.
  if (nap_ > 0ns) {
    if (poll_now(0ns) > 0) return;
    std::this_thread::sleep_for(std::min(wait, nap_));
    wait = 0ns;
  }
  poll_now(std::max(wait, Nanoseconds(0)));
}

int Crowd::poll_now(Nanoseconds wait) {
  const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  const auto n = ::epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
  if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
  for (int i = 0; i < n; ++i) {
    const auto key = events_[i].data.u64;
    if ((key & datagram_key) != 0) {
      datagram_event(sockets_[key & ~datagram_key]);
    } else {
      stream_event(key, events_[i].events);
    }
  }
  return n;
}

}  // namespace chatbridge::bench
