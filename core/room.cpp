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
      log_(name_.str(), window_bytes, journal.head(name_), journal.epoch().name) {}

void Room::append(Message m, std::shared_ptr<Speaker> from) {
  in_flight_.add();
  auto& shard = from->shard();
  {
    const std::lock_guard lock(m_);
    queued_by_.push_back({std::move(from), m.id, m.text.size(), std::chrono::steady_clock::now()});
    queue_.push_back(std::move(m));
    if (appending_) return;
    appending_ = true;
  }
  if (journal_.immediate()) return append_queued();
  // What was read with it goes with it, and reaches every reader in one send.
  shard.post([self = shared_from_this()] { self->append_queued(); });
}

// Runs with appending_ set, so by one thread at a time.
void Room::append_queued() {
  constexpr int rounds_max = 16;
  for (int round = 0; append_batch(); ++round) {
    if (round < rounds_max) continue;
    // Others keep the queue filled: this thread has clients of its own to see to.
    std::shared_ptr<Speaker> next;
    {
      const std::lock_guard lock(m_);
      if (!queued_by_.empty()) next = queued_by_.front().speaker;
    }
    if (next) return next->shard().post([self = shared_from_this()] { self->append_queued(); });
  }
}

// True: the journal has answered already, go on. False: nothing is queued, or its answer will go on.
bool Room::append_batch() {
  std::vector<Message> batch;
  std::vector<Sender> senders;
  {
    const std::lock_guard lock(m_);
    batch.swap(queue_);
    senders.swap(queued_by_);
    if (batch.empty()) {
      appending_ = false;
      return false;
    }
  }
  // Whoever of the two comes second goes on: this function, or the answer.
  auto second = std::make_shared<std::atomic<bool>>(false);
  journal_.append(
      name_, std::move(batch),
      [self = shared_from_this(), senders = std::move(senders), second](result<std::vector<Appended>> outcome) mutable {
        self->settle(std::move(senders), outcome);
        if (second->exchange(true)) self->append_queued();
      });
  return second->exchange(true);
}

void Room::settle(std::vector<Sender> senders, const result<std::vector<Appended>>& outcome) {
  if (outcome) {
    const std::lock_guard lock(m_);
    for (const auto& a : *outcome)
      if (!a.repeated) log_.append(*a.message);
    wake_locked();
  }
  for (std::size_t i = 0; i < senders.size(); ++i) {
    auto& s = senders[i];
    s.speaker->settled(*this, s.id, s.bytes,
                       outcome ? result<Appended>((*outcome)[i]) : result<Appended>(outcome.error()));
    in_flight_.settle();
  }
}

void Room::give_up(TimePoint since) {
  std::vector<Sender> given_up;
  {
    const std::lock_guard lock(m_);
    const auto kept = std::ranges::find_if(queued_by_, [since](const Sender& s) { return s.since >= since; });
    const auto n = kept - queued_by_.begin();
    if (n == 0) return;
    given_up.assign(std::make_move_iterator(queued_by_.begin()), std::make_move_iterator(kept));
    queued_by_.erase(queued_by_.begin(), kept);
    queue_.erase(queue_.begin(), queue_.begin() + n);
  }
  settle(std::move(given_up), Error{errc::overloaded, "the journal does not answer; not sent, try again later"});
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
void Room::append(const Typing& typing) { append_notice(typing); }

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
