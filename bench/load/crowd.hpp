// All the clients of a run, on one thread: connects them, reads what they get, has it checked.
#pragma once
#include <sys/epoll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/checker.hpp"
#include "bench/load/datagrams.hpp"
#include "bench/load/histogram.hpp"
#include "bench/load/stream.hpp"

namespace chatbridge::bench {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

// `count` clients that do the same at one address.
struct Group {
  Endpoint endpoint;
  std::size_t count = 0;
  bool receives = true, sends = false;
};

class Crowd {
 public:
  // Whoever sends in a chat room gets what the others send. Only those of MQTT and NATS need not.
  static bool receives(const Group& group);

  // `groups` outlive it. Nobody sends: what comes is another crowd's, a sender's that is number 0 there.
  Crowd(const std::vector<Group>& groups, std::size_t payload_size, Nanoseconds nap);
  Crowd(const Crowd&) = delete;
  ~Crowd();

  // At most `at_once` are on their way at a time. False: not all are in by then. A server that takes no more of them
  // shows in refused().
  bool connect(std::size_t at_once, Clock::time_point deadline);
  std::size_t size() const { return streams_.size() + datagram_clients_; }
  std::size_t receivers() const { return roles_.size(); }
  std::size_t ready() const { return ready_; }
  std::size_t refused() const { return refused_; }
  std::size_t disconnected() const { return disconnected_; }
  const std::string& why() const { return why_; }  // the last one was

  std::size_t senders() const { return senders_.size(); }
  bool sender_ready(std::uint32_t sender) const { return streams_[senders_[sender]].state() == Stream::State::ready; }
  // Queues a message; flush() sends all that is queued, a sender's in one piece.
  void say(std::uint32_t sender);
  void flush();
  // Reads what has come; if nothing has, waits for at most so long, or the nap, first.
  void poll(Nanoseconds wait);

  Checker& checker() { return *checker_; }
  const Histogram& latencies() const { return latencies_; }
  void forget_figures() { latencies_ = {}, deliveries_ = own_ = reads_ = bytes_ = 0; }
  std::uint64_t deliveries() const { return deliveries_; }  // as expected
  std::uint64_t own() const { return own_; }                // to those who said it
  std::uint64_t reads() const { return reads_; }
  std::uint64_t bytes() const { return bytes_; }
  // Data segments and datagrams that have come so far, of clients that are there. Over loopback what a server gives the
  // kernel by one send is one segment, up to 64 KiB and as long as the receiver keeps up: a look at its sends from
  // outside.
  std::uint64_t segments() const;

  // A message of this sender has come to one more receiver.
  std::function<void(std::uint32_t sender, std::uint32_t counter)> on_delivery;
  // A message has come, so many microseconds after it was sent; called before it is checked.
  std::function<void(const Stamp& stamp, std::uint64_t waited)> on_stamp;
  // Of a receiver that is gone: how many of the newest of each sender it lacks.
  std::function<void(const std::vector<std::uint32_t>& lacked)> on_gone;

 private:
  void add(const Group& group);
  void start(std::size_t stream);
  void ask_in(Clock::time_point now);
  void stream_event(std::size_t index, std::uint32_t events);
  void settle(std::size_t index);
  void datagram_event(DatagramSocket& socket);
  void text(std::size_t receiver, std::string_view bytes);
  void came(std::size_t receiver, const Stamp& stamp);
  std::uint64_t now_us() const;
  int poll_now(Nanoseconds wait);
  void watch(int fd, std::uint64_t key, std::uint32_t events);

  static constexpr std::size_t no_receiver = SIZE_MAX;
  static constexpr std::uint64_t datagram_key = std::uint64_t{1} << 32;

  std::vector<Stream> streams_;
  std::vector<std::size_t> receiver_of_;  // by stream
  std::vector<std::uint8_t> begun_;       // by stream: 1 on its way, 2 in, 3 no more
  std::vector<std::size_t> senders_;      // streams
  std::vector<std::size_t> to_flush_;
  std::vector<DatagramSocket> sockets_;
  std::size_t datagram_clients_ = 0, first_datagram_ = 0, asked_ = 0;
  std::vector<bool> let_in_;  // by datagram client
  std::vector<Checker::Receiver> roles_;
  std::vector<Scanner> scanners_;  // by receiver
  std::optional<Checker> checker_;
  Payload payload_;
  const Nanoseconds nap_;
  int epoll_;
  std::vector<epoll_event> events_;
  std::vector<char> buffer_;
  Clock::time_point asked_again_{};
  std::size_t ready_ = 0, refused_ = 0, disconnected_ = 0;
  std::string why_;
  Histogram latencies_;
  std::uint64_t deliveries_ = 0, own_ = 0, reads_ = 0, bytes_ = 0, now_ = 0, datagrams_ = 0;
};

}  // namespace chatbridge::bench
