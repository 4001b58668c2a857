#include "server/journal/sqlite.hpp"
#include "server/journal_suite.hpp"
#include "support/sqlite_journals.hpp"

namespace {

chatbridge::test::Scratch& scratch() {
  static chatbridge::test::Scratch dir;
  return dir;
}

// About so many bytes are about so many messages.
std::unique_ptr<chatbridge::Journal> sqlite(std::size_t room_bytes) {
  return std::make_unique<chatbridge::SqliteJournal>(
      chatbridge::SqliteOptions{.path = scratch().next() + "/chat.db", .max_messages = room_bytes / 1000});
}

std::unique_ptr<chatbridge::Journal> again(bool anew) {
  static std::string path;
  if (anew) path = scratch().next() + "/chat.db";
  return std::make_unique<chatbridge::SqliteJournal>(chatbridge::test::quick(path));
}

JOURNAL_SUITE(sqlite, sqlite)
JOURNAL_LIFE_SUITE(sqlite, again)

}  // namespace
