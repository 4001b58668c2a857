// SQLite journals for tests: quick to look, to try again and to give up.
#pragma once
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "server/journal/sqlite.hpp"
#include "server/journal/sqlite_db.hpp"
#include "support/faulty_vfs.hpp"
#include "support/scratch.hpp"

namespace chatbridge::test {

using std::chrono::milliseconds;

inline SqliteOptions quick(const std::string& path) {
  SqliteOptions o;
  o.path = path;
  o.tick = milliseconds(20);
  o.retry = milliseconds(5);
  return o;
}
// A copy that copy_journal makes of one is taken for the one that was killed.
inline SqliteOptions killed(const std::string& path) {
  auto o = quick(path);
  o.file = "the same";
  return o;
}
inline SqliteOptions on_faulty_disk(const std::string& path) {
  auto o = quick(path);
  faulty_disk();
  o.vfs = FaultyDisk::vfs;
  return o;
}

// As they would be found had the process been killed.
inline void copy_journal(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  for (const auto* ending : {"", "-wal", "-journal"})
    if (fs::exists(from + ending)) fs::copy_file(from + ending, to + ending, fs::copy_options::overwrite_existing);
}

// As somebody would with another program, who waits while the journal itself is at it.
inline void change_beside(const std::string& path, const char* sql) {
  sqlite::Db db(path, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_busy_timeout(db.get(), 10'000);
  db.exec(sql);
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

// Holds the lock without which nobody can copy the log into the file, as another program that is at it does.
class CheckpointLock {
 public:
  explicit CheckpointLock(const std::string& path) : db_(path, SQLITE_OPEN_READWRITE, nullptr) {
    db_.number("SELECT count(*) FROM meta");
    sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
    REQUIRE(lock(SQLITE_SHM_LOCK) == SQLITE_OK);
    // Nor does it when it goes as the last one.
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  ~CheckpointLock() { lock(SQLITE_SHM_UNLOCK); }

 private:
  int lock(int how) { return file_->pMethods->xShmLock(file_, 1, 1, how | SQLITE_SHM_EXCLUSIVE); }
  sqlite::Db db_;
  sqlite3_file* file_ = nullptr;
};

// Why it is not taken.
inline std::string refusal(const SqliteOptions& options) {
  try {
    SqliteJournal j(options);
  } catch (const JournalError& e) {
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
    CHECK_THAT(e.what(), Catch::Contains(options.path));
    return e.what();
  }
  FAIL("it was taken");
  return {};
}
inline std::string refusal(const std::string& path) { return refusal(quick(path)); }

}  // namespace chatbridge::test
