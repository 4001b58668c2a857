#include "core/session.hpp"

#include <array>
#include <mutex>

namespace chatbridge {
namespace {

// For what other threads read while the hub changes it. A mutex of each session's own would be a quarter of its size.
std::mutex& lock_of(const Session& session) {
  static std::array<std::mutex, 64> locks;
  return locks[reinterpret_cast<std::uintptr_t>(&session) / alignof(std::max_align_t) % locks.size()];
}

}  // namespace

std::string Session::id() const {
  const std::lock_guard lock(lock_of(*this));
  return kept_ ? kept_->id : std::string{};
}

std::string Session::nick() const {
  const std::lock_guard lock(lock_of(*this));
  return nick_.str();
}

void Session::set_kept(std::unique_ptr<Kept> kept) {
  const std::lock_guard lock(lock_of(*this));
  kept_ = std::move(kept);
}

void Session::set_id(const std::string& id) {
  const std::lock_guard lock(lock_of(*this));
  kept_->id = id;
}

void Session::set_nick(Nick nick) {
  const std::lock_guard lock(lock_of(*this));
  nick_ = std::move(nick);
}

}  // namespace chatbridge
