// Latencies in logarithmic buckets: 64 to each power of two, so a figure is off by 1.6 % at most.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace chatbridge::bench {

class Histogram {
 public:
  void add(std::uint64_t value) {
    ++buckets_[bucket(value)];
    ++count_;
    max_ = std::max(max_, value);
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // The value that this share of all does not exceed; 0 without any.
  double quantile(double share) const {
    if (count_ == 0) return 0;
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      if ((seen += buckets_[i]) >= rank) return std::min<double>(middle(i), max_);
    return max_;
  }

 private:
  static constexpr int bits = 6;
  static constexpr std::size_t steps = 1 << bits;
  static std::size_t bucket(std::uint64_t value) {
    if (value < steps) return value;
    const auto shift = std::bit_width(value) - 1 - bits;
    return (static_cast<std::size_t>(shift) + 1) * steps + (value >> shift) - steps;
  }
  static double middle(std::size_t i) {
    if (i < steps) return i;
    const auto shift = i / steps - 1;
    return std::ldexp(static_cast<double>(steps + i % steps) + 0.5, static_cast<int>(shift));
  }
  std::array<std::uint64_t, steps*(64 - bits + 1)> buckets_{};
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace chatbridge::bench
