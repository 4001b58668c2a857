// Random choices of a test. Every run has its own seed (CTest passes --rng-seed time), told when a check fails.
#pragma once
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace chatbridge::test {

class Random {
 public:
  // `run`: which of many runs with the same seed.
  explicit Random(std::uint64_t run = 0) : engine_(Catch::rngSeed() * 1'000'003ULL + run) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class C>  // a string literal's end counts
  auto& pick(C&& of) {
    return of[below(std::size(of))];
  }

  // `text` as pieces of 1 to `max` bytes.
  std::vector<std::string_view> pieces(std::string_view text, std::size_t max) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
      const auto n = std::min(text.size(), between(1, max));
      out.push_back(text.substr(0, n));
      text.remove_prefix(n);
    }
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace chatbridge::test

// Says which run it was, in the message of every check that fails in this scope.
#define RANDOM_RUN(run) INFO("--rng-seed " << Catch::rngSeed() << ", run " << (run))
