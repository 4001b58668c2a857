#include "core/pace.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000h};

// How many of `tries`, one every `step`, may come.
std::size_t let_in(const RateLimit& limit, std::size_t tries, Duration step) {
  Pace pace;
  std::size_t in = 0;
  for (std::size_t i = 0; i < tries; ++i) {
    const auto now = start + step * static_cast<long>(i);
    if (pace.wait(now, limit) > Duration{}) continue;
    pace.take(now, limit);
    ++in;
  }
  return in;
}

TEST_CASE("a burst comes at once, the rest at the rate") {
  const RateLimit limit{20, 1s, 40};
  CHECK(let_in(limit, 1000, 0s) == 40);
  CHECK(let_in(limit, 1000, 10ms) == 40 + 199);  // ten seconds, the first of them at zero
  CHECK(let_in(limit, 1000, 50ms) == 1000);
}

TEST_CASE("after the wait it names the next one may come, not before") {
  const RateLimit limit{10, 1s, 1};
  Pace pace;
  pace.take(start, limit);
  const auto wait = pace.wait(start, limit);
  CHECK(wait == 100ms);
  CHECK(pace.wait(start + wait - 1ns, limit) > 0s);
  CHECK(pace.wait(start + wait, limit) == 0s);
}

TEST_CASE("who was slow for long enough has a whole burst again, and no more than that") {
  const RateLimit limit{20, 1s, 40};
  Pace pace;
  for (int i = 0; i < 40; ++i) pace.take(start, limit);
  CHECK_FALSE(pace.rested(start + 1999ms));
  CHECK(pace.rested(start + 2s));
  const auto later = start + 1h;
  int in = 0;
  for (; pace.wait(later, limit) == 0s; ++in) pace.take(later, limit);
  CHECK(in == 40);
}

}  // namespace
}  // namespace chatbridge
