// SQLite journals for tests: quick to look, to try again and to give up.
#pragma once
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
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

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

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
