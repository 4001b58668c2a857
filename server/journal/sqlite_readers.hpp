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
  TimePoint asked{};
};

// Thread-safe. Whoever has it runs `run` on `count` threads, and refuse_late on one.
class Readers {
 public:
  static constexpr std::size_t count = 2;

  // What has not begun to be read within `patience` is refused: while the disk hangs no more than that queues up.
  Readers(const File& file, Duration patience);
  ~Readers();

  void read(PageRequest request);

  // Until resume() nothing is read and no connection is open; it waits for the reads under way. What waits longer than
  // a second is refused.
  void pause();
  void resume();

  void run(std::size_t n);  // until closed; n < count
  void refuse_late();       // until closed
  void close();             // what was asked for is still answered
  // It is not answered any more, but refused; a thread may be stuck. No handler runs, nor will, when it returns.
  void abandon();

 private:
  class Connection;
  void answer(std::unique_lock<std::mutex>& lock, std::size_t n);
  template <class Call>
  void outside(std::unique_lock<std::mutex>& lock, Call call);

  const File& file_;
  const Duration patience_;
  std::mutex m_;
  std::condition_variable asked_, answered_, late_;
  std::deque<PageRequest> queue_;
  struct Slot {
    std::unique_ptr<Connection> connection;
    std::optional<Journal::ReadHandler> reading;  // for whom
  };
  Slot slots_[count];
  std::size_t answering_ = 0;  // threads in handlers
  bool paused_ = false, closed_ = false;
  TimePoint paused_since_{};
};

}  // namespace chatbridge::sqlite
