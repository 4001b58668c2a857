// Deadlines of one shard. A hashed wheel: arming and disarming are a list insertion, whatever is due is found by slot.
#pragma once
#include <array>
#include <cstddef>

#include "core/position.hpp"

namespace chatbridge {

class TimerWheel;

// One deadline, armed or not. Calls `fn(arg)` once when it is due, on the shard's thread; it may be armed again from
// there. Disarms itself when destroyed. The wheel outlives it.
class Timer {
 public:
  using Fn = void (*)(void*);
  Timer(TimerWheel& wheel, Fn fn, void* arg) : wheel_(wheel), fn_(fn), arg_(arg) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { disarm(); }

  // From now; moves the deadline when armed already. 0 is never: a limit that is off.
  void arm(Duration after);
  void disarm();
  bool armed() const { return at_ != nullptr; }

 private:
  friend class TimerWheel;
  TimerWheel& wheel_;
  Fn fn_;
  void* arg_;
  Timer** at_ = nullptr;  // the pointer that points here, nullptr: not armed
  Timer* next_ = nullptr;
  TimePoint due_{};
};

// Whoever drives it owns the clock.
class TimerWheel {
 public:
  struct Driver {
    TimePoint (*now)(void*);
    void (*changed)(void*);  // next() is earlier than it was, or nothing is armed any more
    void* arg;
  };
  explicit TimerWheel(Driver driver) : driver_(driver), ticked_(tick_of(driver.now(driver.arg))) {}

  // Fires what is due: never early, late by a tick at most if called when next() says.
  void advance();
  TimePoint now() const { return driver_.now(driver_.arg); }
  std::size_t armed() const { return armed_; }
  // When advance() should be called next; something is armed. Perhaps before the first deadline, at most a tick after
  // it.
  TimePoint next() const;

 private:
  friend class Timer;
  static constexpr Duration tick = std::chrono::milliseconds(4);
  static constexpr long slots = 1024;
  static long tick_of(TimePoint t) { return t.time_since_epoch() / tick; }
  void link(Timer& t, Timer** list);
  void fire(Timer** slot, TimePoint now);

  std::array<Timer*, slots> slots_{};
  std::size_t armed_ = 0;
  Driver driver_;
  long next_tick_ = 0;  // no timer lies before it, while one is armed
  long ticked_;         // every slot up to this tick has been looked at
};

}  // namespace chatbridge
