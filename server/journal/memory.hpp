// The journal in memory: order and history for as long as the process lives, so much a room as its window holds.
#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include "core/journal.hpp"

namespace chatbridge {

// Thread-safe; answers within the call, on the caller's thread.
class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(std::size_t room_bytes);

  const Epoch& epoch() const override { return epoch_; }
  std::vector<RoomName> rooms() override { return {}; }
  Seq head(const RoomName& room) const override;
  Seq floor(const RoomName& room) const override;
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override;
  bool immediate() const override { return true; }
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override;
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override;
  std::vector<SessionRecord> sessions() override { return {}; }
  void put_session(SessionRecord, DoneHandler done) override {
    if (done) done({});
  }
  void forget_session(const SecretHash&) override {}
  std::string trouble() const override { return {}; }
  void close() override {}

 private:
  struct Kept {
    std::deque<MessagePtr> messages;
    std::unordered_map<std::string, MessagePtr> said;  // by session and id
    std::size_t bytes = 0;
    Seq head = seq_zero, floor = seq_zero;
    WallTime floor_at{};
  };
  Appended add(Kept& kept, Message m);
  void trim(Kept& kept) const;
  static Page page(const Kept& kept, std::size_t from, std::size_t to);

  const std::size_t room_bytes_;
  const Epoch epoch_;
  mutable std::mutex m_;
  std::map<RoomName, Kept> rooms_;
};

}  // namespace chatbridge
