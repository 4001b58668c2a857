// What a SQLite journal knows of its rooms without asking the file.
#pragma once
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/names.hpp"
#include "core/position.hpp"

namespace chatbridge::sqlite {

// A row of `rooms`; the last two are not in the file.
struct RoomRow {
  std::int64_t id = 0;
  std::uint64_t head = 0, floor = 0, base = 0;
  std::int64_t floor_at = 0;
  std::uint64_t bytes = 0, count = 0;
  std::int64_t oldest_at = 0;  // of its oldest message
  bool touched = false;        // by the transaction under way
};
using RoomRows = std::unordered_map<std::string, RoomRow>;
using NamedRow = RoomRows::value_type;

// head() and floor() of every room, as of the last commit. Thread-safe; never waits for the disk.
class Places {
 public:
  Seq head(const RoomName& room) const { return find(room).head; }
  Seq floor(const RoomName& room) const { return find(room).floor; }

  struct Place {
    Seq head = seq_zero, floor = seq_zero;
  };
  // Whoever has many to set does it under one lock.
  template <class F>
  void change(F set_some) {
    const std::lock_guard lock(m_);
    set_some(places_);
  }

 private:
  Place find(const RoomName& room) const;
  mutable std::mutex m_;
  std::unordered_map<std::string, Place> places_;
};

// The writer's rows, with the changes of the transaction under way, which can be taken back.
class RoomTable {
 public:
  RoomRows& rows() { return rows_; }
  void load(RoomRows rows, Places& places);

  NamedRow* find(const std::string& name);
  NamedRow& add(const std::string& name, const RoomRow& row);  // as part of the transaction
  RoomRow& touch(NamedRow& row);                               // to be called before one is changed

  struct Touched {
    NamedRow* row;
    RoomRow before;
    bool is_new;
  };
  const std::vector<Touched>& touched() const { return touched_; }
  void keep(Places& places);  // the transaction is stored
  void take_back();           // it is not

 private:
  RoomRows rows_;  // its nodes stay where they are
  std::vector<Touched> touched_;
};

}  // namespace chatbridge::sqlite
