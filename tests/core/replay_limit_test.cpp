#include "core/replay_limit.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000h};

Host host(std::size_t n) {
  NetworkBits bits{0xFD};  // an address, whatever n is
  for (std::size_t i = 0; i < sizeof n; ++i) bits[i + 1] = static_cast<unsigned char>(n >> 8 * i);
  return bits;
}

// Reads of `most` each, until one has to wait; how many it were.
std::size_t at_once(ReplayLimit& limit, const Host& who, std::size_t most, TimePoint now, std::size_t tries = 1000) {
  std::size_t in = 0;
  while (in < tries && limit.ask(who, most, now) == 0s) ++in;
  return in;
}

TEST_CASE("replay limit: four seconds' worth is read at once, the rest waits for its turn") {
  ReplayLimit limit(100);
  CHECK(at_once(limit, host(1), 50, start) == 8);
  const auto wait = limit.ask(host(1), 50, start);
  CHECK(wait == 10ms);
  CHECK(limit.ask(host(1), 50, start + wait) == 0s);
  CHECK(limit.ask(host(1), 50, start + wait) == 500ms);
  CHECK(at_once(limit, host(1), 50, start + 1h) == 8);
}

TEST_CASE("replay limit: each host has its own, who is no host none") {
  ReplayLimit limit(100);
  CHECK(at_once(limit, host(1), 400, start) == 1);
  CHECK(at_once(limit, host(2), 400, start) == 1);
  CHECK(at_once(limit, Host{}, 400, start) == 1000);
  ReplayLimit off(0);
  CHECK(at_once(off, host(1), 400, start) == 1000);
}

TEST_CASE("replay limit: what was asked for and not there is not counted") {
  ReplayLimit limit(100);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(limit.ask(host(1), 256, start) == 0s);
    limit.settle(host(1), 256, 0);
  }
  REQUIRE(limit.ask(host(1), 256, start) == 0s);
  limit.settle(host(1), 256, 250);
  CHECK(at_once(limit, host(1), 50, start) == 3);
}

TEST_CASE("replay limit: memory is bounded, hosts that have rested make room for new ones") {
  ReplayLimit limit(100);
  for (std::size_t i = 0; i < ReplayLimit::hosts_max; ++i) REQUIRE(limit.ask(host(i), 400, start) == 0s);
  CHECK(at_once(limit, host(ReplayLimit::hosts_max), 400, start) == 1000);
  CHECK(limit.ask(host(7), 1, start) > 0s);
  CHECK(at_once(limit, host(ReplayLimit::hosts_max), 400, start + 5s) == 1);
}

}  // namespace
}  // namespace chatbridge
