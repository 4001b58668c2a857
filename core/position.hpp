// A place in a room's log: the epoch that numbers it, and the number.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace chatbridge {

// The number of a message in its room: 0 < seq < 2^53, strictly increasing, not dense. Ordered, without arithmetic:
// only a journal makes new ones.
enum class Seq : std::uint64_t {};
inline constexpr Seq seq_zero{0};  // before the first message of every room
constexpr std::uint64_t number(Seq s) { return static_cast<std::uint64_t>(s); }

// One life of a room's numbering; never reused.
struct Epoch {
  std::string name;
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace chatbridge
