#include "core/room.hpp"

#include <algorithm>

#include "core/client.hpp"
#include "core/shard.hpp"

namespace chatbridge {

void InFlight::settle() {
  if (count_.fetch_sub(1) != 1) return;
  std::function<void()> idle;
  {
    const std::lock_guard lock(m_);
    if (count_.load() == 0) idle.swap(idle_);
  }
  if (idle) idle();
}

void InFlight::when_idle(std::function<void()> idle) {
  {
    const std::lock_guard lock(m_);
    idle_ = std::move(idle);
  }
  add();
  settle();
}

Room::Room(RoomName name, Journal& journal, std::size_t window_bytes, InFlight& in_flight)
    : name_(std::move(name)),
      journal_(journal),
      in_flight_(in_flight),
      log_(name_.str(), window_bytes, journal.head(name_)) {}

void Room::append(Message m, std::shared_ptr<Client> from) {
  in_flight_.add();
  {
    const std::lock_guard lock(m_);
    queue_.push_back({std::move(m), std::move(from)});
    if (appending_) return;
    appending_ = true;
  }
  append_queued();
}

// Runs with appending_ set, so by one thread at a time.
void Room::append_queued() {
  std::vector<Draft> drafts;
  {
    const std::lock_guard lock(m_);
    drafts.swap(queue_);
    if (drafts.empty()) {
      appending_ = false;
      return;
    }
  }
  std::vector<Message> batch;
  batch.reserve(drafts.size());
  for (const auto& d : drafts) batch.push_back(d.message);
  journal_.append(
      name_, std::move(batch),
      [self = shared_from_this(), drafts = std::move(drafts)](result<std::vector<Appended>> outcome) mutable {
        self->settle(std::move(drafts), outcome);
        self->append_queued();
      });
}

void Room::settle(std::vector<Draft> drafts, const result<std::vector<Appended>>& outcome) {
  if (outcome) {
    const std::lock_guard lock(m_);
    for (const auto& a : *outcome)
      if (!a.repeated) log_.append(*a.message);
    wake_locked();
  }
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    auto& d = drafts[i];
    d.from->settled(*this, d.message.id, d.message.text.size(),
                    outcome ? result<Seq>((*outcome)[i].message->seq) : result<Seq>(outcome.error()));
    in_flight_.settle();
  }
}

void Room::wake_locked() {
  for (const auto& r : readers_) r.readers->wake();
}

template <class Change>
void Room::append_notice(const Change& change) {
  const std::lock_guard lock(m_);
  log_.append(change);
  wake_locked();
}

void Room::append(const PresenceChange& change) { append_notice(change); }
void Room::append(const Rename& rename) { append_notice(rename); }

Seq Room::head() const {
  const std::lock_guard lock(m_);
  return log_.head();
}

std::uint64_t Room::notices() const {
  const std::lock_guard lock(m_);
  return log_.notices();
}

void Room::open(RoomReaders& readers, Wire wire) {
  const std::lock_guard lock(m_);
  if (uses_[static_cast<std::size_t>(wire)]++ == 0) log_.open(wire);
  const auto found = std::ranges::find(readers_, &readers, [](const Reader& r) { return r.readers.get(); });
  if (found != readers_.end()) {
    ++found->uses;
  } else {
    readers_.push_back({readers.shared_from_this(), 1});
  }
}

void Room::close(RoomReaders& readers, Wire wire) {
  const std::lock_guard lock(m_);
  if (--uses_[static_cast<std::size_t>(wire)] == 0) log_.close(wire);
  const auto found = std::ranges::find(readers_, &readers, [](const Reader& r) { return r.readers.get(); });
  if (--found->uses == 0) readers_.erase(found);
}

void Room::view(Wire wire, View& into) const {
  const std::lock_guard lock(m_);
  log_.view(wire, into);
}

}  // namespace chatbridge
