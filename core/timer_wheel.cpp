#include "core/timer_wheel.hpp"

#include <algorithm>

#include "core/guarded.hpp"

namespace chatbridge {

void Timer::arm(Duration after) {
  disarm();
  if (after <= Duration{}) return;
  due_ = wheel_.now() + after;
  // Rounded up, so that the slot is looked at when the deadline has passed, and never one already looked at.
  const long tick = std::max(TimerWheel::tick_of(due_) + 1, wheel_.ticked_ + 1);
  wheel_.link(*this, &wheel_.slots_[static_cast<std::size_t>(tick % TimerWheel::slots)]);
  if (wheel_.armed_ == 1 || tick < wheel_.next_tick_) {
    wheel_.next_tick_ = tick;
    wheel_.driver_.changed(wheel_.driver_.arg);
  }
}

void Timer::disarm() {
  if (at_ == nullptr) return;
  *at_ = next_;
  if (next_ != nullptr) next_->at_ = at_;
  at_ = nullptr;
  if (--wheel_.armed_ == 0) wheel_.driver_.changed(wheel_.driver_.arg);
}

void TimerWheel::link(Timer& t, Timer** list) {
  t.next_ = *list;
  if (t.next_ != nullptr) t.next_->at_ = &t.next_;
  t.at_ = list;
  *list = &t;
  ++armed_;
}

void TimerWheel::advance() {
  const auto now = this->now();
  const long until = tick_of(now);
  // After a long pause one turn of the wheel looks at everything.
  const long from = std::max(ticked_ + 1, until - slots + 1);
  ticked_ = until;
  for (long t = from; t <= until; ++t) fire(&slots_[static_cast<std::size_t>(t % slots)], now);
  if (armed_ == 0) return;
  next_tick_ = ticked_ + 1;
  while (next_tick_ < ticked_ + slots && slots_[static_cast<std::size_t>(next_tick_ % slots)] == nullptr) ++next_tick_;
}

void TimerWheel::fire(Timer** slot, TimePoint now) {
  // Moved to a list of its own first: what a callback arms or disarms does not disturb the walk.
  Timer* due = nullptr;
  for (Timer* t = *slot; t != nullptr;) {
    Timer* next = t->next_;
    if (t->due_ <= now) {
      *t->at_ = t->next_;
      if (t->next_ != nullptr) t->next_->at_ = t->at_;
      --armed_;
      link(*t, &due);
    }
    t = next;
  }
  while (due != nullptr) {
    Timer* t = due;
    t->disarm();
    guarded([t] { t->fn_(t->arg_); });
  }
}

TimePoint TimerWheel::next() const { return TimePoint(next_tick_ * tick); }

}  // namespace chatbridge
