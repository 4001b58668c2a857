// What a SQLite journal writes: a transaction at a time, on one connection.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "core/journal.hpp"
#include "server/journal/sqlite_file.hpp"
#include "server/journal/sqlite_rooms.hpp"

namespace chatbridge::sqlite {

// What the file shows once a transaction is stored, and not before: how its fate is found out later.
struct Mark {
  std::string room;  // the head of this one is at `number`; empty: meta's turn is
  std::uint64_t number = 0;
};

// Used by one thread. A transaction is begin(), then changes, prepare(), commit(), committed(); whenever one of them
// throws Failure, roll_back(), except commit: what became of that is not known.
class Store {
 public:
  Store(Db db, Places& places);

  Db& db() { return *db_; }
  RoomTable& rooms() { return table_; }

  // The file's life with this process: it ends clean with end_life. Numbers that were given may be missing after an
  // end that was not, in another run of the machine; and in a copy that was put back: it is another file than the one
  // it says it is, or was not closed and has no log beside it. Then they go on 2^20 higher. Durable on return.
  struct Start {
    std::string boot;  // which run of the machine
    std::string file;  // which file
    bool log = false;  // there was one beside it
  };
  void begin_life(const Start& start);
  // The same life in the copy that took the file's place. Durable, and with it that the log begins anew.
  void go_on_in(const std::string& file);
  void end_life();

  void begin() { begin_.run(); }
  std::vector<Appended> append(const RoomName& room, std::vector<Message>& batch);
  void put(const SessionRecord& record);
  void forget(const SecretHash& id) { forget_.run(Blob{bytes_of(id)}); }

  struct Trim {
    std::uint64_t count = 0, bytes = 0;  // at most so many; no more than needed to free so much
    std::int64_t before = 0;             // only what is older
    std::int64_t remember = 0;           // ids of what is not older than this are kept
  };
  // Forgets the oldest messages of a room; how many.
  std::uint64_t trim(NamedRow& room, const Trim& how);
  // Forgets at most `count` remembered ids that are older than `before`, oldest first; how many.
  std::uint64_t forget_said(std::int64_t before, std::uint64_t count);

  Mark prepare();
  void commit() { commit_.run(); }
  void committed();
  void roll_back() noexcept;
  bool has(const Mark& mark);

  struct Size {
    std::uint64_t pages, free;  // free: of these
  };
  Size size();
  std::uint64_t page_bytes() const { return page_bytes_; }
  void shrink(std::uint64_t pages);  // gives so many free pages back, with the next checkpoint; within a transaction

  // Pages in the write-ahead log, as of the last commit or checkpoint.
  std::uint64_t log_pages() const { return *log_pages_; }
  // Copies the log into the file, durably; whether all of it. `empty`: waits a moment for readers, so that it can start
  // anew.
  bool checkpoint(bool empty);

 private:
  void load();
  void durably(const std::function<void()>& change);
  bool numbers_lost(const Start& start);
  NamedRow& room_of(const RoomName& name);
  Appended add(NamedRow& room, Message m);
  std::optional<std::uint64_t> remembered(const RoomRow& room, std::int64_t session, const Message& m);
  static std::string_view bytes_of(const SecretHash& h) { return {reinterpret_cast<const char*>(h.data()), h.size()}; }

  std::unique_ptr<Db> db_;
  Places& places_;
  RoomTable table_;
  std::unique_ptr<std::uint64_t> log_pages_ = std::make_unique<std::uint64_t>(0);  // SQLite has its address
  std::uint64_t base_ = 0, turn_ = 0, next_turn_ = 0;
  std::int64_t life_ = 0;
  bool any_said_ = false;
  Statement begin_, commit_, insert_, find_, find_said_, add_room_, set_room_, set_turn_, put_, forget_, oldest_,
      keep_said_, remove_, left_, forget_said_, pages_, free_;
  const std::uint64_t page_bytes_;
};

// Messages as rows, of these columns in this order; `session` stays out. A connection's number means something in the
// life of the file that it was given in only.
#define CHATBRIDGE_MESSAGE_COLUMNS "seq, at, nick, via, action, form, text, id, origin"
MessagePtr message_of(const Rows& row, std::int64_t life);
constexpr std::int64_t milliseconds(WallTime t) { return t.time_since_epoch().count(); }
constexpr WallTime wall_time(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

}  // namespace chatbridge::sqlite
