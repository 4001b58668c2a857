// A disk for SQLite that fails when told, forgets what was not synced, and hangs. It lies over the system's files.
#pragma once
#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace chatbridge::test {

// One a process: faulty_disk(). Thread-safe.
class FaultyDisk {
 public:
  static constexpr const char* vfs = "faulty";

  // Counts writes, syncs, truncations and openings from 1; the n-th fails, and those after it up to `times`. A write
  // that fails has written half. A sync that fails has lost what it was to sync: the next one brings none of it back.
  void fail(std::uint64_t n, std::uint64_t times = 1);
  void heal() { fail(0, 0); }
  std::uint64_t steps() const;  // since fail() or heal()
  bool failed() const;          // has one, since then?

  // Syncs of data wait until released.
  void block_syncs();
  void release();
  void wait_until_blocked();

  void block_reads();  // and reads; release() as well

  // What is done to files beside SQLite: fsync and rename, by anybody in this process. Told in order as "sync PATH" and
  // "rename TO".
  void listen();
  std::vector<std::string> heard() const;  // since then
  // All but the first n of directories; negative: none. heal() does not end it.
  void fail_directory_syncs_after(int n) { directories_left_ = n; }
  void fail_from_next_sync();  // of SQLite's: that one and every step after it, until heal()

  // What the files named `path`, `path`-wal and `path`-journal hold after a power cut, written to `copy`, ….
  void after_power_cut(const std::string& path, const std::string& copy) const;

  // ---- for the files
  bool step();  // false: this one fails
  void opened(const std::string& path, sqlite3_file* real);
  void deleted(const std::string& path);
  void written(const std::string& path, sqlite3_int64 from, sqlite3_int64 size);
  void synced(const std::string& path, sqlite3_file* real);
  void not_synced(const std::string& path);
  void maybe_block();
  void maybe_block_read();
  bool sync();  // as step()
  void hear(const std::string& what);
  bool directory_fails() {
    const int left = directories_left_;
    if (left > 0) directories_left_ = left - 1;
    return left == 0;
  }

 private:
  void block(std::unique_lock<std::mutex>& lock, const bool& blocking);
  struct Kept {
    std::string durable;
    std::map<sqlite3_int64, sqlite3_int64> dirty;  // from, size
  };
  mutable std::mutex m_;
  std::condition_variable changed_;
  std::uint64_t steps_ = 0, first_ = 0, last_ = 0;
  bool failed_ = false, blocking_ = false, blocking_reads_ = false, sync_fails_ = false, listening_ = false;
  std::atomic<int> directories_left_{-1};
  std::vector<std::string> heard_;
  int blocked_ = 0;
  std::map<std::string, Kept> files_;
};

FaultyDisk& faulty_disk();  // registers its VFS

}  // namespace chatbridge::test
