#include "server/journal/sqlite.hpp"
#include "server/journal_suite.hpp"
#include "support/scratch.hpp"

namespace {

// A journal in a directory of its own, which goes with it. About so many bytes are about so many messages.
std::unique_ptr<chatbridge::Journal> sqlite(std::size_t room_bytes) {
  static chatbridge::test::Scratch scratch;
  return std::make_unique<chatbridge::SqliteJournal>(
      chatbridge::SqliteOptions{.path = scratch.next() + "/chat.db", .max_messages = room_bytes / 1000});
}

JOURNAL_SUITE(sqlite, sqlite)

}  // namespace
