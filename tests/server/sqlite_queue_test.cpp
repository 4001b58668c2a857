// What waits for a SQLite journal's disk, and who is told when it is closed meanwhile.
#include <atomic>

#include "server/journal/sqlite_readers.hpp"
#include "server/journal_suite.hpp"
#include "support/sqlite_journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using namespace journal_suite;
using namespace test;

TEST_CASE("sqlite queue: of a session that nobody waits for there is one record, the latest") {
  const Scratch dir(true);
  const auto path = dir / "chat.db";
  auto j = std::make_unique<SqliteJournal>(quick(path));
  CHECK(put(*j, session("4", "dora")));
  change_beside(
      path,
      "CREATE TABLE puts(id); CREATE TRIGGER t AFTER INSERT ON sessions BEGIN INSERT INTO puts VALUES(new.id); "
      "END");
  std::atomic<bool> held = false, go = false;
  j->append(lobby, {message("a")}, [&](const auto&) {
    held = true;
    while (!go) std::this_thread::yield();
  });
  until([&] { return held.load(); });
  std::atomic<int> answered = 0;
  const auto count = [&](const auto& outcome) { answered += outcome ? 1 : 100; };
  for (int i = 0; i < 1000; ++i) j->put_session(session("1", "ann" + std::to_string(i)), {});
  j->put_session(session("2", "bob"), {});
  j->forget_session(hash_secret("2"));
  j->put_session(session("3", "carl first"), {});
  j->put_session(session("3", "carl"), count);  // keeps its place among those of its session
  j->put_session(session("3", "carl later"), {});
  j->put_session(session("3", "carl last"), {});
  j->forget_session(hash_secret("4"));
  j->put_session(session("4", "dora again"), {});
  j->put_session(session("5", "ed"), count);
  j->forget_session(hash_secret("5"));
  go = true;
  until([&] { return answered == 2; });
  j.reset();
  j = std::make_unique<SqliteJournal>(quick(path));
  const auto kept = sessions_by_nick(*j);
  CHECK(kept.size() == 3);
  for (const auto* nick : {"ann999", "carl last", "dora again"}) CHECK(kept.contains(nick));
  CHECK(sqlite::Db(path, SQLITE_OPEN_READONLY, nullptr).number("SELECT count(*) FROM puts") == 6);
}

TEST_CASE("sqlite queue: while reads hang those behind them are refused after a while") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  auto options = on_faulty_disk(dir / "chat.db");
  options.stall = milliseconds(50);
  SqliteJournal j(options);
  say(j, lobby, "a");
  disk.block_reads();
  std::atomic<int> refused = 0, read = 0;
  const auto count = [&](const result<Page>& page) {
    if (!page) CHECK(page.error().code == errc::overloaded);
    ++(page ? read : refused);
  };
  for (std::size_t i = 0; i < sqlite::Readers::count + 3; ++i) j.read_after(lobby, seq_zero, 10, count);
  until([&] { return refused == 3; });
  CHECK(read == 0);
  disk.release();
  until([&] { return read == sqlite::Readers::count; });
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"a"});
  CHECK(refused == 3);
}

TEST_CASE("sqlite queue: close returns when no handler runs any more, also when it waits no longer for the disk") {
  for (const bool reading : {false, true}) {
    INFO(reading);
    const Scratch dir;
    auto options = quick(dir / "chat.db");
    options.closing = milliseconds(20);
    SqliteJournal j(options);
    std::atomic<bool> held = false, closed = false, over = false;
    // Longer than close() waits; nothing has to happen meanwhile.
    const auto handler = [&](const auto&) {
      held = true;
      const auto end = std::chrono::steady_clock::now() + milliseconds(200);
      while (!closed && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      over = !closed;
    };
    if (reading) {
      j.read_after(lobby, seq_zero, 10, handler);
    } else {
      j.append(lobby, {message("a")}, handler);
    }
    until([&] { return held.load(); });
    j.close();
    CHECK(over);
    closed = true;
  }
}

}  // namespace
}  // namespace chatbridge
