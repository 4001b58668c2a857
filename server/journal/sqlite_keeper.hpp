// Stores a SQLite journal's transactions and finds out what became of them, whatever the disk does.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "server/journal/sqlite.hpp"
#include "server/journal/sqlite_readers.hpp"
#include "server/journal/sqlite_store.hpp"

namespace chatbridge::sqlite {

// Used by one thread; trouble and abandon by any.
class Keeper {
 public:
  // Opens the connection and begins the file's life. Throws Failure.
  Keeper(const SqliteOptions& options, File& file, Readers& readers, Places& places);

  // Runs `change`, and stores what it did as one transaction unless it returns false. Whether it is stored; false also
  // when there was nothing to store. Returns when that is known (after a failed commit, once the file is open again)
  // or when all is abandoned.
  bool transact(const std::function<bool(Store&)>& change);

  bool in_trouble() const { return in_trouble_; }
  void look();        // now and then: is the file where it was?
  void checkpoint();  // when due
  void empty_log();   // so that the file gets shorter
  void end();         // ends the file's life

  std::string trouble() const;
  bool abandoned() const { return abandoned_; }
  void abandon();  // nothing is waited for any more

 private:
  class Busy;
  std::unique_ptr<Store> open_store() const;
  std::string file_id() const;
  bool in_place();
  bool rescue();
  bool reopen();
  void wait_to_retry();
  void failed(const std::string& why);
  void works();

  const SqliteOptions& options_;
  File& file_;
  Readers& readers_;
  Places& places_;
  const std::uint64_t log_pages_;  // of the log from which it is copied into the file
  std::uint64_t empty_at_;         // from which readers are waited for, so that it starts anew
  std::unique_ptr<Store> store_;   // none only within reopen, and when abandoned in there

  mutable std::mutex m_;
  std::condition_variable given_up_;
  std::string trouble_;
  std::atomic<bool> in_trouble_{false}, abandoned_{false};
  std::atomic<TimePoint::rep> busy_since_{0};  // 0: not at the disk
};

}  // namespace chatbridge::sqlite
