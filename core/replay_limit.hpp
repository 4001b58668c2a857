// How fast the people of one host may read what was said before, so that nobody keeps the disk to himself by asking for
// everything again and again. Who reads more waits; nobody is refused.
#pragma once
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "core/host.hpp"
#include "core/pace.hpp"

namespace chatbridge {

// Thread-safe. The caller's clock.
class ReplayLimit {
 public:
  static constexpr Duration burst = std::chrono::seconds(4);  // what a host that has rested may read at once
  static constexpr std::size_t hosts_max = 65'536;            // known at a time; more are not limited until one rests

  // Messages per second; 0: no limit.
  explicit ReplayLimit(std::size_t rate);

  // Somebody of `host` is about to read `most` messages at most. 0: it may, and settle() MUST follow; else so long to
  // wait before it asks again.
  Duration ask(const Host& host, std::size_t most, TimePoint now);
  // Of the `most` that were asked for `read` were read.
  void settle(const Host& host, std::size_t most, std::size_t read);

 private:
  bool room_for_one_more(TimePoint now);

  const RateLimit limit_;
  std::mutex m_;
  std::unordered_map<NetworkBits, Pace, KeyedHash> hosts_;
  TimePoint swept_{};
};

}  // namespace chatbridge
