#include "client/backoff.hpp"

#include <catch2/catch.hpp>

namespace chatbridge::connect {
namespace {

using namespace std::chrono_literals;

TEST_CASE("waits double up to half a minute, half of each is chance") {
  Backoff least([] { return 0.0; }), most([] { return 1.0; });
  for (const auto wait : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 16000ms, 30000ms, 30000ms}) {
    CHECK(least.next({}, 0ms) == wait / 2);
    CHECK(most.next({}, 0ms) == wait);
  }
  for (int i = 0; i < 100; ++i) CHECK(most.next({}, 0ms) == 30s);
}

TEST_CASE("a connection that lasted begins the waits anew") {
  Backoff backoff([] { return 1.0; });
  for (int i = 0; i < 5; ++i) backoff.next({}, 9s);
  CHECK(backoff.next({}, 10s) == 500ms);
}

TEST_CASE("what the server asks for in its goodbye is heeded, within reason") {
  Backoff backoff([] { return 0.5; });
  CHECK(backoff.next(800ms, 0ms) == 1000ms);
  CHECK(backoff.next(0ms, 0ms) == 0ms);
  CHECK(backoff.next(std::chrono::milliseconds(INT64_MAX), 0ms) == 375s);
}

}  // namespace
}  // namespace chatbridge::connect
