#include "server/journal/memory.hpp"
#include "server/journal/open.hpp"
#include "server/journal_suite.hpp"

namespace {

std::unique_ptr<chatbridge::Journal> memory(std::size_t room_bytes) {
  return chatbridge::open_journal({.url = "memory", .room_bytes = room_bytes});
}

JOURNAL_SUITE(memory, memory)

}  // namespace

namespace chatbridge {
namespace {

TEST_CASE("memory journal: every life has an epoch of its own") {
  const MemoryJournal a(1000), b(1000);
  CHECK(a.epoch().name != b.epoch().name);
}

TEST_CASE("memory journal: memory stays bounded, ids included") {
  using namespace journal_suite;
  MemoryJournal journal(20'000);
  for (int i = 0; i < 10'000; ++i) append(journal, lobby, {message("x", std::to_string(i), "s")});
  const auto kept = after(journal, lobby, seq_zero).messages;
  CHECK(kept.size() < 200);
  // An id is remembered as long as its message.
  CHECK(append(journal, lobby, {message("again", kept.back()->id, "s")}).at(0).repeated);
  CHECK_FALSE(append(journal, lobby, {message("again", "0", "s")}).at(0).repeated);
}

TEST_CASE("a journal that is not there is told by its URL") {
  CHECK_THROWS_WITH(open_journal({.url = "etcd://x"}), Catch::Contains("etcd://x"));
}

}  // namespace
}  // namespace chatbridge
