#include "server/journal/sqlite_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "server/journal/open.hpp"
#include "server/journal/sqlite_check.hpp"
#include "server/journal/sqlite_schema.hpp"

namespace chatbridge::sqlite {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot(const std::string& path, const std::string& what) {
  throw JournalError("journal: " + path + " " + what + ": " + std::strerror(errno));
}

[[noreturn]] void failed(const char* what) {
  throw Failure(SQLITE_IOERR, std::string(what) + ": " + std::strerror(errno));
}

// Symbolic links are followed once, here: the files beside it are where it is. Absolute: a relative one that is not
// there yet stays relative otherwise, and has no parent to be synced.
std::string real(const std::string& path) {
  std::error_code ec;
  auto out = fs::weakly_canonical(fs::absolute(fs::path(path), ec), ec);
  return ec || out.empty() ? path : out.string();
}

bool sync_directory_of(const std::string& path) {
  const int fd = ::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::fsync(fd) == 0;
  ::close(fd);
  return done;
}

// Each is durable in the one above it, or a power cut takes the file with it.
void make_directories(const fs::path& directory) {
  std::error_code ec;
  if (directory.empty() || directory == directory.parent_path() || fs::exists(directory, ec)) return;
  make_directories(directory.parent_path());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) cannot(directory.string(), "cannot be made");
  if (!sync_directory_of(directory.string())) cannot(directory.string(), "cannot be made");
}

// False: nothing is. Not to be found out by opening it: that waits at a FIFO, and does things to a device.
bool is_there(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) {
    if (errno == ENOENT) return false;
    cannot(path, "cannot be used");
  }
  if (!S_ISREG(s.st_mode))
    throw JournalError("journal: " + path + (S_ISDIR(s.st_mode) ? " is a directory" : " is not a file") +
                       "; name another: --journal sqlite:PATH");
  return true;
}

void unlink_beside(const std::string& path, std::initializer_list<const char*> endings) {
  for (const auto* ending : endings) ::unlink((path + ending).c_str());
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// -1: somebody else has it locked, or it is no longer what the name means.
int lock(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_RDWR | O_CLOEXEC | O_NONBLOCK, 0600);
  if (fd < 0) cannot(path, "cannot be opened");
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    struct stat opened {
    }, named{};
    if (::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && same_file(opened, named) &&
        S_ISREG(opened.st_mode))
      return fd;
  } else if (errno != EWOULDBLOCK) {
    const int why = errno;
    ::close(fd);
    errno = why;
    cannot(path, "cannot be locked");
  }
  ::close(fd);
  return -1;
}

}  // namespace

File::File(std::string path, const char* vfs) : path_(real(path)), vfs_(vfs) {
  make_directories(fs::path(path_).parent_path());
  open();
}

File::~File() { drop_lock(); }

void File::drop_lock() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void File::open() {
  // Again when another process has just made or moved it.
  for (int tries = 0; tries < 20; ++tries) {
    if (is_there(path_)) {
      if (open_existing()) return;
    } else if (rescued()) {
      check_rescued();
      try {
        return adopt();
      } catch (const Failure& f) {
        drop_lock();
        throw JournalError("journal: " + path_ + "-rescue cannot take the place of " + path_ + ": " + f.what());
      }
    } else {
      make();
      if (fd_ >= 0) return;
    }
    ::usleep(5000);
  }
  throw JournalError("journal: " + path_ +
                     " is in use by another chatbridge (stop it, or name another file: --journal sqlite:PATH)");
}

// Not if it is locked, or gone again.
bool File::open_existing() {
  fd_ = lock(path_, 0);
  if (fd_ < 0) return false;
  ::fstat(fd_, &file_);
  std::error_code ec;
  had_log_ = fs::exists(path_ + "-wal", ec);
  try {
    if (file_.st_size > 0) {
      check_file(fd_, path_, vfs_);
      settle();
    } else {
      drop_lock();
      const auto empty = file_;
      make(&empty);
    }
  } catch (...) {
    drop_lock();
    throw;
  }
  return fd_ >= 0;
}

// A new journal is made beside its place and moved there whole: half of one is never seen.
void File::make(const struct stat* like) {
  // The last messages of a file that is not there, or was emptied.
  struct stat log {};
  if (::stat((path_ + "-wal").c_str(), &log) == 0 && log.st_size > 0)
    throw JournalError("journal: " + path_ + " is gone or empty, and " + path_ +
                       "-wal has what was written last; put the file back, or move that away to start anew");
  const auto name = path_ + "-new";
  fd_ = lock(name, O_CREAT | O_NOFOLLOW);
  if (fd_ < 0) return;
  try {
    if (::ftruncate(fd_, 0) != 0) cannot(name, "cannot be written");
    unlink_beside(name, {"-journal", "-wal", "-shm"});
    {
      Db db(name, SQLITE_OPEN_READWRITE, vfs_);
      // Before anything is in it, or incremental vacuum does nothing.
      db.exec("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA synchronous=FULL");
      migrate(db);
    }
    // Whoever made an empty file may have said by that whose it is. Not everybody may give a file away.
    if (like != nullptr && ::fchown(fd_, like->st_uid, like->st_gid) == 0) ::fchmod(fd_, like->st_mode & 0777);
    unlink_beside(path_, {"-wal", "-shm", "-journal"});  // of what was here before, not to be taken for its own
    if (::fsync(fd_) != 0 || ::rename(name.c_str(), path_.c_str()) != 0 || !sync_directory_of(path_))
      cannot(path_, "cannot be made");
    ::fstat(fd_, &file_);
  } catch (const Failure& f) {
    drop_lock();
    ::unlink(name.c_str());
    throw JournalError("journal: " + path_ + " cannot be made: " + f.what());
  } catch (...) {
    drop_lock();
    ::unlink(name.c_str());
    throw;
  }
}

// A number is given again once a file is gone; with when it was made, where the file system knows, it is another.
std::string File::id() const {
  struct statx s {};
  const bool born = ::statx(fd_, "", AT_EMPTY_PATH, STATX_BTIME, &s) == 0 && (s.stx_mask & STATX_BTIME) != 0;
  return std::to_string(file_.st_dev) + ':' + std::to_string(file_.st_ino) +
         (born ? ':' + std::to_string(s.stx_btime.tv_sec) + '.' + std::to_string(s.stx_btime.tv_nsec) : std::string{});
}

Db File::writer(bool sync_full, std::uint64_t wal_bytes) const {
  Db db(path_, SQLITE_OPEN_READWRITE, vfs_);
  sqlite3_busy_timeout(db.get(), 2000);
  if (db.text("PRAGMA journal_mode=WAL") != "wal") throw Failure(SQLITE_NOLFS, "this file system has no shared memory");
  db.exec(sync_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  // Checkpoints are the writer's own, when nobody waits for an answer.
  db.exec("PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192");
  db.exec(("PRAGMA journal_size_limit=" + std::to_string(wal_bytes)).c_str());
  return db;
}

Db File::reader() const {
  Db db(path_, SQLITE_OPEN_READONLY, vfs_);
  // It goes by the name, and that may mean something else by now.
  if (place() != Place::here) throw Failure(SQLITE_CANTOPEN, "deleted or replaced");
  sqlite3_busy_timeout(db.get(), 2000);
  return db;
}

File::Place File::place() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return errno == ENOENT || errno == ENOTDIR ? Place::gone : Place::replaced;
  return same_file(now, file_) ? Place::here : Place::replaced;
}

bool File::rescued() const {
  std::error_code ec;
  return fs::exists(path_ + "-rescue", ec);
}

void File::check_rescued() const {
  const auto name = path_ + "-rescue";
  const int fd = is_there(name) ? lock(name, 0) : -1;
  if (fd < 0) return;
  try {
    check_file(fd, name, vfs_);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
}

void File::rescue(Db& from) const {
  const auto part = path_ + "-rescue-part";
  make_directories(fs::path(path_).parent_path());
  unlink_beside(part, {"", "-journal"});
  const int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) failed("its copy");
  try {
    Statement(from, "VACUUM INTO ?").run(std::string_view(part));
  } catch (...) {
    ::close(fd);
    ::unlink(part.c_str());
    throw;
  }
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (!synced || ::rename(part.c_str(), (path_ + "-rescue").c_str()) != 0 || !sync_directory_of(path_))
    failed("its copy");
}

void File::adopt() {
  const auto name = path_ + "-rescue";
  const int fd = lock(name, 0);
  if (fd < 0) throw Failure(SQLITE_BUSY, "locked by another program");
  // They belong to the file that is gone. SQLite would take them for the copy's.
  unlink_beside(path_, {"-wal", "-shm", "-journal"});
  if (::rename(name.c_str(), path_.c_str()) != 0) {
    ::close(fd);
    failed("its copy");
  }
  // From here on it is the file, whether that is durable yet or not.
  drop_lock();
  fd_ = fd;
  ::fstat(fd_, &file_);
  moved_ = true;
  settle();
}

void File::settle() {
  if (moved_ && !sync_directory_of(path_)) failed("its directory");
  moved_ = false;
  // An older state, which must not be adopted one day.
  unlink_beside(path_, {"-rescue"});
}

}  // namespace chatbridge::sqlite
