// How fast something may come.
#pragma once
#include <algorithm>
#include <cstddef>

#include "core/position.hpp"

namespace chatbridge {

// `count` in `period` on average, `burst` at once. A count of 0: no limit.
struct RateLimit {
  std::size_t count = 0;
  Duration period = std::chrono::seconds(1);
  std::size_t burst = 1;

  bool off() const { return count == 0; }
  Duration interval() const { return period / static_cast<long>(std::max<std::size_t>(count, 1)); }
};

// What came of one sender: the generic cell rate algorithm (ITU-T I.371, annex A), one point in time for all of it.
class Pace {
 public:
  void take(TimePoint now, const RateLimit& limit, std::size_t n = 1) {
    due_ = std::max(due_, now) + static_cast<long>(n) * limit.interval();
  }
  // So many that were taken did not come.
  void give_back(const RateLimit& limit, std::size_t n) { due_ -= static_cast<long>(n) * limit.interval(); }
  // Until the next one may come; 0: now.
  Duration wait(TimePoint now, const RateLimit& limit) const {
    const auto ahead = static_cast<long>(std::max<std::size_t>(limit.burst, 1) - 1) * limit.interval();
    return std::max(due_ - now - ahead, Duration{});
  }
  // Nothing is owed: a whole burst may come.
  bool rested(TimePoint now) const { return due_ <= now; }

 private:
  TimePoint due_{};
};

}  // namespace chatbridge
