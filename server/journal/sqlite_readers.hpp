// The threads of a SQLite journal that read pages, each on a connection of its own: they never hold up the writer.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/journal.hpp"
#include "server/journal/sqlite_file.hpp"

namespace chatbridge::sqlite {

struct PageRequest {
  RoomName room;
  Seq place;
  std::size_t max;
  bool backwards;
  Journal::ReadHandler done;
};

// Thread-safe. Whoever has it runs `run` on `count` threads.
class Readers {
 public:
  static constexpr std::size_t count = 2;

  explicit Readers(const File& file);
  ~Readers();

  void read(PageRequest request);

  // Until resume() nothing is read and no connection is open; it waits for the reads under way. What waits longer than
  // a second is refused.
  void pause();
  void resume();

  void run(std::size_t n);  // until closed; n < count
  void close();             // what was asked for is still answered
  void abandon();           // it is not answered any more, but refused; a thread may be stuck

 private:
  class Connection;
  void answer(std::unique_lock<std::mutex>& lock, std::size_t n);

  const File& file_;
  std::mutex m_;
  std::condition_variable asked_, answered_;
  std::deque<PageRequest> queue_;
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::optional<Journal::ReadHandler> reading;  // for whom
  };
  Slot slots_[count];
  bool paused_ = false, closed_ = false;
  TimePoint paused_since_{};
};

}  // namespace chatbridge::sqlite
