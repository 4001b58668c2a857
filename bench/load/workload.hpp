// What the clients do once they are in.
#pragma once
#include <functional>
#include <vector>

#include "bench/load/crowd.hpp"

namespace chatbridge::bench {

// Every sender says something until everybody who receives has heard somebody, then what is still under way comes. From
// then on the checker counts. False: not everybody by then.
bool warm(Crowd& crowd, Clock::time_point deadline);

struct Outcome {
  std::uint64_t messages = 0;
  double seconds = 0;    // from the first message to the last delivery
  double behind = 0;     // seconds the load was behind its plan, at most
  bool stalled = false;  // nothing came any more although something was due
};

// In all of them what is missing is lost when for `patience` nothing has come.

// `rate` messages a second, of the senders in turn, whatever becomes of them.
Outcome at_rate(Crowd& crowd, double rate, Nanoseconds time, Nanoseconds patience);
// Every sender has up to `window` messages under way: sent, and not yet come to all.
Outcome with_window(Crowd& crowd, std::uint32_t window, Nanoseconds time, Nanoseconds patience);
inline constexpr std::uint32_t window_max = 4096;

// Seconds until one message has come to everybody, so many times, with a pause between them; less than 0: it has not,
// and nothing comes.
std::vector<double> one_to_all(Crowd& crowd, std::size_t times, Nanoseconds pause, Nanoseconds patience);

// For a crowd in which nobody sends: what another process says, from the first message on, has to come to everybody.
// Until `ended()`, then until nothing is missing or nothing comes. Seconds from when a message was sent to when its
// last receiver had it, for each in turn.
std::vector<double> follow(Crowd& crowd, const std::function<bool()>& ended, Nanoseconds patience);

}  // namespace chatbridge::bench
