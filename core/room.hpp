// A room: the queue of what is to be journaled, the log of what was, and the shards that read it.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/journal.hpp"
#include "core/room_log.hpp"

namespace chatbridge {

class Room;
class RoomReaders;
class Shard;

// Who hands messages to rooms and hears what became of them.
class Speaker {
 public:
  // The message `id` of `bytes` is in the room, or why not. Any thread; in the order of the appends, but what is given
  // up may be told before what the journal has.
  virtual void settled(Room& room, const std::string& id, std::size_t bytes, const result<Appended>& outcome) = 0;
  // Whose thread goes on when the one that has the answers has clients of its own to see to.
  virtual Shard& shard() = 0;

 protected:
  ~Speaker() = default;
};

// Messages handed to a journal and not settled, in the whole process. At stop, somebody wants to know when it is none.
class InFlight {
 public:
  void add() { count_.fetch_add(1); }
  void settle();
  // Calls `idle` once, on any thread, as soon as nothing is in flight. Appends that start later are not waited for.
  void when_idle(std::function<void()> idle);
  std::size_t count() const { return count_.load(); }

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex m_;
  std::function<void()> idle_;
};

// Thread-safe. Lives as long as somebody holds it; which rooms there are is the hub's to say.
class Room : public std::enable_shared_from_this<Room> {
 public:
  Room(RoomName name, Journal& journal, std::size_t window_bytes, InFlight& in_flight);

  const RoomName& name() const { return name_; }
  Journal& journal() { return journal_; }

  // Appends one message and tells `from` what became of it.
  // 1. The journal has a message before any reader can see it.  2. Calls of one thread keep their order; the order of
  // seq is the order every reader sees.  3. One append per room is under way; what comes meanwhile goes with the next.
  void append(Message m, std::shared_ptr<Speaker> from);

  // What is no message goes straight into the log.
  void append(const PresenceChange& change);
  void append(const Rename& rename);
  void append(const Typing& typing);

  // Refuses, as overloaded, what has waited since before `since` and is not handed to the journal yet.
  void give_up(TimePoint since);

  Seq head() const;
  std::uint64_t notices() const;

  // A shard reads the room in a format from open() until as many close().
  void open(RoomReaders& readers, Wire wire);
  void close(RoomReaders& readers, Wire wire);
  void view(Wire wire, View& into) const;

 private:
  // Who waits to hear of a message of a batch.
  struct Sender {
    std::shared_ptr<Speaker> speaker;
    std::string id;
    std::size_t bytes;
    TimePoint since;
  };
  void append_queued();
  bool append_batch();
  void settle(std::vector<Sender> senders, const result<std::vector<Appended>>& outcome);
  template <class Change>
  void append_notice(const Change& change);
  void wake_locked();

  const RoomName name_;
  Journal& journal_;
  InFlight& in_flight_;
  mutable std::mutex m_;
  RoomLog log_;
  std::vector<Message> queue_;
  std::vector<Sender> queued_by_;
  bool appending_ = false;
  struct Reader {
    std::shared_ptr<RoomReaders> readers;
    std::size_t uses;
  };
  std::vector<Reader> readers_;
  std::array<std::size_t, wire_count> uses_{};
};

}  // namespace chatbridge
