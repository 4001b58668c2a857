#include "bench/load/checker.hpp"

#include <algorithm>

namespace chatbridge::bench {
namespace {

constexpr std::uint32_t mask = Payload::counters - 1;

// How far `a` is ahead of `b`; counters begin again at 0.
std::int32_t ahead(std::uint32_t a, std::uint32_t b) {
  const auto d = (a - b) & mask;
  return d < Payload::counters / 2 ? static_cast<std::int32_t>(d) : static_cast<std::int32_t>(d) - Payload::counters;
}

std::uint64_t name(const Stamp& stamp) { return std::uint64_t{stamp.sender} << 32 | stamp.counter; }

}  // namespace

Checker::Checker(std::vector<Receiver> receivers, std::size_t senders)
    : heard_(receivers.size()),
      sent_(senders),
      next_(receivers.size() * senders),
      present_as_(senders),
      present_(receivers.size()) {
  for (const auto& r : receivers) {
    if (r.sender == nobody) reference_ = std::min(reference_, receivers_.size());
    if (r.sender != nobody) ++present_as_[r.sender];
    receivers_.push_back({.sender = r.sender});
  }
}

void Checker::start() {
  for (std::size_t r = 0; r < receivers_.size(); ++r)
    for (std::uint32_t s = 0; s < sent_.size(); ++s) next(r, s) = sent_[s];
  started_ = true;
}

std::uint32_t Checker::send(std::uint32_t sender) {
  const auto counter = sent_[sender];
  sent_[sender] = (counter + 1) & mask;
  if (started_) expected_ += audience(sender);
  return counter;
}

void Checker::came(State& state, const Stamp& stamp) {
  ++came_;
  state.order = after(state.order, name(stamp));
  if (&state == &receivers_.data()[reference_]) order_.push_back(name(stamp));
}

Checker::Verdict Checker::received(std::size_t receiver, const Stamp& stamp) {
  auto& state = receivers_[receiver];
  if (stamp.sender != state.sender) heard_[receiver] = true;
  if (!started_) return Verdict::own;
  if (stamp.sender >= sent_.size()) {
    ++faults_.foreign;
    return Verdict::fault;
  }
  if (stamp.sender == state.sender) return Verdict::own;
  auto& due = next(receiver, stamp.sender);
  if (stamp.counter != due || due == sent_[stamp.sender]) return out_of_turn(receiver, stamp);
  due = (due + 1) & mask;
  came(state, stamp);
  return Verdict::delivery;
}

Checker::Verdict Checker::out_of_turn(std::size_t receiver, const Stamp& stamp) {
  auto& state = receivers_[receiver];
  auto& due = next(receiver, stamp.sender);
  auto& skipped = skipped_[{receiver, stamp.sender}];
  if (ahead(stamp.counter, sent_[stamp.sender]) >= 0) {
    ++faults_.foreign;
    return Verdict::fault;
  }
  state.faulty = true;
  if (ahead(stamp.counter, due) > 0) {  // whether the ones between are lost or late is seen later
    for (; due != stamp.counter; due = (due + 1) & mask) skipped.insert(due);
    due = (due + 1) & mask;
    came(state, stamp);
    return Verdict::delivery;
  }
  if (skipped.erase(stamp.counter) == 0) {
    ++faults_.doubled;
    return Verdict::fault;
  }
  ++faults_.reordered;
  came(state, stamp);
  return Verdict::delivery;
}

std::vector<std::uint32_t> Checker::gone(std::size_t receiver) {
  auto& state = receivers_[receiver];
  std::vector<std::uint32_t> lacked(sent_.size());
  if (!std::exchange(state.present, false)) return lacked;
  --present_;
  if (state.sender != nobody) --present_as_[state.sender];
  for (std::uint32_t s = 0; s < sent_.size(); ++s) {
    if (s == state.sender || !started_) continue;
    const auto found = skipped_.find({receiver, s});
    lacked[s] = (sent_[s] - next(receiver, s)) & mask;
    const auto lost = lacked[s] + (found == skipped_.end() ? 0 : found->second.size());
    expected_ -= lost;
    faults_.lost += lost;
  }
  return lacked;
}

std::uint64_t Checker::order_without(std::uint32_t sender) const {
  std::uint64_t order = 0;
  for (const auto message : order_)
    if (message >> 32 != sender) order = after(order, message);
  return order;
}

const Faults& Checker::finish() {
  faults_.lost += missing();
  if (!orders_compared() || receivers_[reference_].faulty || !receivers_[reference_].present) return faults_;
  std::map<std::uint32_t, std::uint64_t> orders;
  for (std::size_t r = 0; r < receivers_.size(); ++r) {
    const auto& state = receivers_[r];
    bool complete = state.present && !state.faulty;
    for (std::uint32_t s = 0; s < sent_.size() && complete; ++s) complete = s == state.sender || next(r, s) == sent_[s];
    if (!complete) continue;
    const auto found = orders.try_emplace(state.sender, 0);
    if (found.second) found.first->second = order_without(state.sender);
    faults_.disordered += state.order != found.first->second;
  }
  return faults_;
}

}  // namespace chatbridge::bench
