// How long to wait before the next attempt at a server that went away.
#pragma once
#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

namespace chatbridge::connect {

// Doubles from half a second to half a minute. Half of every wait is chance, so that the clients of a server that went
// away do not all come back in one instant. `chance` gives numbers in [0, 1).
class Backoff {
 public:
  using ms = std::chrono::milliseconds;
  explicit Backoff(std::function<double()> chance) : chance_(std::move(chance)) {}

  // `asked`: what the server said in its goodbye. `lasted`: how long the connection that was lost had been good.
  ms next(std::optional<ms> asked, ms lasted) {
    if (lasted >= settled) attempts_ = 0;
    const auto longest = std::min(limit, first * (1 << std::min(attempts_, 10)));
    ++attempts_;
    if (asked) return scaled(std::clamp(*asked, ms(0), 10 * limit), 1 + chance_() / 2);
    return scaled(longest, (1 + chance_()) / 2);
  }

 private:
  static constexpr ms first{500}, limit{30'000}, settled{10'000};
  static ms scaled(ms wait, double by) { return ms(static_cast<ms::rep>(static_cast<double>(wait.count()) * by)); }

  std::function<double()> chance_;
  int attempts_ = 0;
};

}  // namespace chatbridge::connect
