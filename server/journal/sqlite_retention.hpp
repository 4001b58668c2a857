// What a SQLite journal forgets, and when: in slices between the appends.
#pragma once
#include "server/journal/sqlite_store.hpp"

namespace chatbridge::sqlite {

struct Limits {
  std::uint64_t max_bytes =
      0;  // of the file; 0: none. Over it the largest room loses its oldest, but for the newest. Half of it
  // are the messages' own, however much of the file is taken by sessions
  std::chrono::milliseconds max_age{};  // of a message; 0: none. A room can lose all it has
  std::uint64_t max_messages = 0;       // of a room; 0: none
};

// Ids are remembered for a day when their messages are gone earlier, in at most half of max_bytes.
class Retention {
 public:
  explicit Retention(const Limits& limits) : limits_(limits) {}

  void grown(const RoomTable& rooms);  // the transaction that touched them is stored
  void look() { look_ = true; }        // at everything, with the next slice: some time has passed
  bool due() const { return look_ || more_; }
  void rest() { look_ = more_ = false; }   // until something happens: it could not be stored
  bool slice(Store& store, WallTime now);  // part of a transaction; whether there was anything to do
  bool shrunk() const { return shrunk_; }  // a checkpoint makes the file shorter
  void checkpointed() { shrunk_ = false; }

 private:
  std::uint64_t most_rows() const;
  bool trim_rooms(Store& store, WallTime now);
  bool trim_file(Store& store, WallTime now);
  bool shrink(Store& store);
  std::uint64_t trim(Store& store, NamedRow& room, const Store::Trim& how);

  const Limits limits_;
  std::uint64_t grown_ = 0;  // bytes, since the last slice
  std::uint64_t came_ = 0;   // messages, with the last transaction
  bool look_ = true, more_ = false, over_ = false, shrunk_ = false, changed_ = false;
};

}  // namespace chatbridge::sqlite
