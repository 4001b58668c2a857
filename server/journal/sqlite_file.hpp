// The file of a SQLite journal: found or made, checked, and kept from every other process; looked after when somebody
// deletes or replaces it.
#pragma once
#include <sys/stat.h>

#include <string>

#include "server/journal/sqlite_db.hpp"

namespace chatbridge::sqlite {

class File {
 public:
  // Opens `path`, or makes it and the directories above it, and locks it for as long as this lives.
  // Throws JournalError: in use, no file, not ours, newer, damaged, or the system's own reason; then no byte of it was
  // changed.
  File(std::string path, const char* vfs);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  const std::string& path() const { return path_; }
  std::string id() const;  // no other file has it, nor had it on this file system, as far as that can be known
  bool had_log() const { return had_log_; }  // when it was opened there was one beside it
  void unlock() { drop_lock(); }             // when the last connection is closed

  // Connections to it. Throw Failure. `sync_full`: a commit is on the disk when it returns.
  Db writer(bool sync_full, std::uint64_t wal_bytes) const;
  Db reader() const;

  // Is what `path` names still the file that is locked?
  enum class Place { here, gone, replaced };
  Place place() const;

  // When it is gone: `from`, still connected to it, is copied beside it (rescue); once all connections are closed, the
  // copy takes its place (adopt). A copy that nobody adopted is adopted by the next who opens `path`. Throw Failure.
  void rescue(Db& from) const;
  bool rescued() const;
  void check_rescued() const;  // throws JournalError: what is there by that name is not ours, newer, damaged
  void adopt();
  void settle();  // it is in its place durably, and no copy is left; when adopt could not see to it

 private:
  void open();
  bool open_existing();
  void make(const struct stat* like = nullptr);  // with the mode and owner of that
  void drop_lock();

  std::string path_;
  const char* const vfs_;
  int fd_ = -1;  // holds the lock. Not closed while a connection is open: that would end SQLite's own locks
  struct stat file_ {};
  bool had_log_ = false, moved_ = false;
};

}  // namespace chatbridge::sqlite
