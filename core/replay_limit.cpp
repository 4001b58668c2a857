#include "core/replay_limit.hpp"

namespace chatbridge {
namespace {

constexpr Duration sweep_every = std::chrono::seconds(1);

}  // namespace

ReplayLimit::ReplayLimit(std::size_t rate)
    : limit_{rate, std::chrono::seconds(1), rate * static_cast<std::size_t>(burst / std::chrono::seconds(1))} {}

// Paid for in advance: else everybody of a host who asks at one time would read a whole page.
Duration ReplayLimit::ask(const Host& host, std::size_t most, TimePoint now) {
  if (!host || limit_.off()) return {};
  const std::lock_guard lock(m_);
  auto known = hosts_.find(*host);
  if (known == hosts_.end()) {
    if (!room_for_one_more(now)) return {};
    known = hosts_.try_emplace(*host).first;
  }
  const auto wait = known->second.wait(now, limit_);
  if (wait == Duration{}) known->second.take(now, limit_, most);
  return wait;
}

void ReplayLimit::settle(const Host& host, std::size_t most, std::size_t read) {
  if (!host || limit_.off()) return;
  const std::lock_guard lock(m_);
  const auto known = hosts_.find(*host);
  if (known != hosts_.end()) known->second.give_back(limit_, most - read);
}

bool ReplayLimit::room_for_one_more(TimePoint now) {
  if (hosts_.size() < hosts_max) return true;
  if (now - swept_ < sweep_every) return false;
  swept_ = now;
  std::erase_if(hosts_, [&](const auto& host) { return host.second.rested(now); });
  return hosts_.size() < hosts_max;
}

}  // namespace chatbridge
