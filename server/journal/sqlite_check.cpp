#include "server/journal/sqlite_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "server/journal/sqlite_schema.hpp"

namespace chatbridge::sqlite {
namespace {

constexpr auto check_time = std::chrono::seconds(2);

using Header = std::array<unsigned char, 100>;

std::uint32_t number_at(const Header& header, std::size_t offset) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | header[offset + i];
  return out;
}

[[noreturn]] void foreign(const std::string& path) {
  throw JournalError("journal: " + path +
                     " is not a chatbridge journal and was left as it is; name another file: --journal sqlite:PATH");
}
JournalError damage(const std::string& path, const std::string& how) {
  return JournalError("journal: " + path + " is damaged (" + how +
                      ") and was left as it is; put back a copy of it, or move it away to start anew; the -wal and "
                      "-shm beside it go with it");
}
[[noreturn]] void damaged(const std::string& path, const std::string& how) { throw damage(path, how); }
[[noreturn]] void newer(const std::string& path, std::int64_t version) {
  throw JournalError("journal: " + path + " was written by a newer chatbridge (format " + std::to_string(version) +
                     ", this one knows " + std::to_string(schema_version) +
                     ") and was left as it is; start that version, or name another file");
}

bool there(const std::string& path, off_t& size) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return false;
  size = s.st_size;
  return true;
}

// Ends the check when it takes too long. (SQLite 3.40 asks no progress handler within it, but sees an interrupt.)
class Watchdog {
 public:
  explicit Watchdog(Db& db)
      : thread_([this, &db] {
          std::unique_lock lock(m_);
          if (!done_.wait_for(lock, check_time, [this] { return is_done_; })) {
            barked_ = true;
            sqlite3_interrupt(db.get());
          }
        }) {}
  // Whether it was ended.
  bool stop() {
    {
      const std::lock_guard lock(m_);
      is_done_ = true;
    }
    done_.notify_all();
    if (thread_.joinable()) thread_.join();
    return barked_;
  }
  ~Watchdog() { stop(); }

 private:
  std::mutex m_;
  std::condition_variable done_;
  bool is_done_ = false, barked_ = false;
  std::thread thread_;
};

std::string uri_of(const std::string& path) {
  std::string out = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      constexpr auto digits = "0123456789ABCDEF";
      out += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

void check_content(Db& db, const std::string& path) {
  // What an unclean end left in the write-ahead log counts, and only a connection sees it.
  if (const auto version = db.number("PRAGMA user_version"); version > schema_version) newer(path, version);
  if (db.number("SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN "
                "('meta', 'rooms', 'messages', 'said', 'sessions')") != 5)
    damaged(path, "tables are missing");
  std::string found;
  bool ended = false;
  {
    Watchdog watchdog(db);
    try {
      found = db.text("PRAGMA quick_check(1)");
    } catch (const Failure&) {
      ended = watchdog.stop();
      if (!ended) throw;
    }
    ended = watchdog.stop() || ended;
  }
  // Interrupted it may say anything.
  if (ended || found == "ok") return;
  for (auto& c : found)
    if (c == '\n') c = ' ';
  damaged(path, found);
}

}  // namespace

JournalError unusable(const std::string& path, const Failure& why) {
  const std::string what = why.what();
  switch (why.code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // our statements do not fit what is in it
      return damage(path, what);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return JournalError("journal: " + path + " cannot be used: " + what +
                          "; it, its directory and the -wal and -shm beside it must be readable and writable for this "
                          "user");
    default:
      return JournalError("journal: " + path + " cannot be used: " + what);
  }
}

void check_file(int fd, const std::string& path, const char* vfs) {
  Header header{};
  const auto got = ::pread(fd, header.data(), header.size(), 0);
  if (got < 0) throw JournalError("journal: " + path + " cannot be read: " + std::strerror(errno));
  if (static_cast<std::size_t>(got) < header.size() || std::memcmp(header.data(), "SQLite format 3", 16) != 0)
    foreign(path);
  if (number_at(header, 68) != application_id) foreign(path);
  if (const auto version = number_at(header, 60); version > schema_version) newer(path, version);
  off_t log_size = 0, shared_size = 0, size = 0;
  const bool log = there(path + "-wal", log_size);
  const bool shared = there(path + "-shm", shared_size);
  const auto page = number_at(header, 16) >> 16, pages = number_at(header, 28);
  // Cheap, and holds for a file that is too large for the check below. A log can make up for what is missing.
  if (log_size == 0 && there(path, size) &&
      static_cast<std::uint64_t>(size) < std::uint64_t{page == 1 ? 65536 : page} * pages)
    damaged(path, "truncated");
  try {
    // Immutable: not even the files beside it are made.
    const auto uri = uri_of(path) + (log_size == 0 ? "?immutable=1" : "");
    Db db(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
    // The last connection that closes would copy the log into the file.
    sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    check_content(db, path);
  } catch (const Failure& f) {
    throw unusable(path, f);
  }
  if (log && !shared) ::unlink((path + "-shm").c_str());
}

}  // namespace chatbridge::sqlite
