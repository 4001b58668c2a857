// Who must get which message, and what went wrong: every receiver gets every message of the others once, and all get
// them in one order.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "bench/load/payload.hpp"

namespace chatbridge::bench {

// Each counted per receiver.
struct Faults {
  std::uint64_t lost = 0;       // messages that did not come
  std::uint64_t doubled = 0;    // came again
  std::uint64_t reordered = 0;  // came after a later one of the same sender
  std::uint64_t torn = 0;       // began as a message does and were none
  std::uint64_t foreign = 0;    // whole, but nobody has sent them
  // Receivers that got every message once, but those of different senders in another order than the first receiver.
  std::uint64_t disordered = 0;
  bool any() const { return lost + doubled + reordered + torn + foreign + disordered > 0; }
};

class Checker {
 public:
  static constexpr auto nobody = std::numeric_limits<std::uint32_t>::max();
  struct Receiver {
    std::uint32_t sender = nobody;  // who it is, if it sends as well: its own messages are not expected
  };

  Checker(std::vector<Receiver> receivers, std::size_t senders);

  // From now on everything counts; before, what comes only shows that it can come (heard()).
  void start();
  bool heard(std::size_t receiver) const { return heard_[receiver]; }
  // Nobody but itself sends.
  bool alone(std::size_t receiver) const { return sent_.size() == 1 && receivers_[receiver].sender == 0; }

  // The next message of a sender has this counter and goes to so many.
  std::uint32_t send(std::uint32_t sender);
  const std::vector<std::uint32_t>& sent() const { return sent_; }  // by sender: its next counter
  enum class Verdict { delivery, own, fault };
  Verdict received(std::size_t receiver, const Stamp& stamp);
  void torn() { faults_.torn += started_; }
  // The receiver is no more, nothing is expected of it from now on; gives how many messages of each sender it lacked.
  std::vector<std::uint32_t> gone(std::size_t receiver);

  // Receivers that are there, but for the sender itself.
  std::uint64_t audience(std::uint32_t sender) const { return present_ - present_as_[sender]; }
  // What has been sent since start() and has neither come nor been given up.
  std::uint64_t missing() const { return expected_ - came_; }
  std::uint64_t expected() const { return expected_; }
  // What is missing is lost; compares the orders. The last call.
  const Faults& finish();
  // Whether there was a receiver that sends nothing: only then the orders of different senders are compared.
  bool orders_compared() const { return reference_ != SIZE_MAX; }

 private:
  struct State {
    std::uint32_t sender;
    bool present = true, faulty = false;
    std::uint64_t order = 0;  // of what it got, as one number
  };
  std::uint32_t& next(std::size_t receiver, std::uint32_t sender) { return next_[receiver * sent_.size() + sender]; }
  Verdict out_of_turn(std::size_t receiver, const Stamp& stamp);
  void came(State& state, const Stamp& stamp);
  std::uint64_t order_without(std::uint32_t sender) const;
  static std::uint64_t after(std::uint64_t order, std::uint64_t message) {
    return (order ^ message) * 0x9E3779B97F4A7C15ULL + 1;
  }

  std::vector<State> receivers_;
  std::vector<bool> heard_;
  std::vector<std::uint32_t> sent_;  // by sender: counters given so far
  std::vector<std::uint32_t> next_;  // by receiver and sender: the counter that is due
  std::vector<std::uint32_t> present_as_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::set<std::uint32_t>> skipped_;
  std::size_t reference_ = SIZE_MAX;
  std::vector<std::uint64_t> order_;  // what the reference got
  std::uint64_t present_, expected_ = 0, came_ = 0;
  bool started_ = false;
  Faults faults_;
};

}  // namespace chatbridge::bench
