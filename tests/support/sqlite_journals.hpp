// SQLite journals for tests: quick to look, to try again and to give up.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "server/journal/sqlite.hpp"
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

}  // namespace chatbridge::test
