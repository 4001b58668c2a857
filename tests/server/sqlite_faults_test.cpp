// A SQLite journal on a disk that fails, hangs, loses power.
#include <atomic>

#include "server/journal/sqlite_db.hpp"
#include "server/journal_suite.hpp"
#include "support/sqlite_journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using namespace journal_suite;
using namespace test;

// Appends as a few rooms make them, and what became of each.
struct Script {
  std::vector<std::string> stored[2], refused;  // stored: in the order of their numbers
  const RoomName rooms[2] = {lobby, den};

  void say(Journal& j, int r, const std::string& text) {
    const auto outcome = wait<result<std::vector<Appended>>>(
        [&](auto done) { j.append(rooms[r], {message(text, "id " + text, "s")}, done); });
    if (outcome) {
      CHECK_FALSE(outcome->at(0).repeated);
      stored[r].push_back(text);
    } else {
      CHECK(outcome.error().code == errc::overloaded);
      refused.push_back(text);
    }
  }
  void run(Journal& j, int first, int last) {
    // Of the size of a page: the log is copied into the file now and then.
    for (int i = first; i < last; ++i) say(j, i % 2, std::to_string(i) + std::string(i % 3 == 0 ? 8000 : 10, 'x'));
  }
  void check(Journal& j) const {
    for (int r = 0; r < 2; ++r) {
      Texts there;
      Seq last = seq_zero;
      for (Page page; page = after(j, rooms[r], last), !page.messages.empty();)
        for (const auto& m : page.messages) {
          CHECK(m->seq > last);
          last = m->seq;
          there.push_back(m->text);
        }
      CHECK((there == stored[r]));  // each acknowledged one once in order, no refused one
      CHECK(j.head(rooms[r]) == last);
    }
  }
};

// What is kept beside the messages says what they say.
void check_counts(const std::string& path) {
  sqlite::Db db(path, SQLITE_OPEN_READONLY, nullptr);
  CHECK(db.number(R"(SELECT count(*) FROM rooms WHERE count <> (SELECT count(*) FROM messages WHERE room=rooms.id)
    OR head <> (SELECT coalesce(max(seq), 0) FROM messages WHERE room=rooms.id))") == 0);
  CHECK(db.text("PRAGMA integrity_check") == "ok");
}

SqliteOptions small_log(const std::string& path) {
  auto o = on_faulty_disk(path);
  o.retry = milliseconds(1);
  o.tick = milliseconds(5);
  o.max_bytes = 1 << 20;  // small: its log goes into the file after 64 pages
  return o;
}

// Fails `times` steps from the n-th on while appends go on. Whether it came to that.
bool fails_at(std::uint64_t n, std::uint64_t times) {
  INFO("step " << n << ", " << times << " times");
  const Scratch dir(true);
  Script script;
  auto& disk = faulty_disk();
  disk.heal();
  bool failed = false;
  {
    SqliteJournal j(small_log(dir / "chat.db"));
    script.run(j, 0, 1);  // the other room comes into being while the disk fails
    disk.fail(n, times);
    script.run(j, 1, 30);
    failed = disk.failed();
    disk.heal();
    until([&] { return j.trouble().empty(); });
    script.run(j, 30, 34);
    script.check(j);
    disk.after_power_cut(dir / "chat.db", dir / "cut.db");
    j.close();
  }
  for (const auto* name : {"chat.db", "cut.db"}) {
    INFO(name);
    SqliteJournal j(quick(dir / name));
    script.check(j);
    j.close();
    check_counts(dir / name);
  }
  return failed;
}

TEST_CASE("sqlite journal: whichever write, sync, truncation or opening fails, nothing is lost or doubled") {
  std::uint64_t n = 1;
  while (fails_at(n, 1)) ++n;
  CHECK(n > 200);
}

TEST_CASE("sqlite journal: a disk that goes on failing for a while") {
  std::uint64_t n = 1;
  while (fails_at(n, 4 + n % 17)) ++n;
  CHECK(n > 200);
}

TEST_CASE("sqlite journal: what fails before its commit changes nothing, sessions to be forgotten are, with the next") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  auto j = std::make_unique<SqliteJournal>(quick(path));
  CHECK(put(*j, session("1", "ann")));
  CHECK(put(*j, session("2", "bob")));
  change_beside(
      path,
      "CREATE TRIGGER t BEFORE INSERT ON messages WHEN new.text=x'706F69736F6E' BEGIN SELECT raise(ABORT, 'no'); "
      "END");
  // While the writer is held in an answer, all of this queues up for one transaction.
  std::atomic<bool> held = false, go = false;
  std::atomic<int> answered = 0, stored = 0;
  j->append(lobby, {message("a")}, [&](const auto&) {
    held = true;
    while (!go) std::this_thread::yield();
  });
  until([&] { return held.load(); });
  const auto count = [&](const auto& outcome) {
    if (outcome) ++stored;
    ++answered;
  };
  j->append(lobby, {message("b")}, count);
  j->forget_session(hash_secret("1"));
  j->put_session(session("2", "robert"), count);
  j->append(den, {message("c"), message("poison")}, count);
  go = true;
  until([&] { return answered == 3; });
  CHECK(stored == 0);
  until([&] { return j->trouble().empty(); });
  CHECK((j->head(lobby) == Seq{1} && j->head(den) == seq_zero));
  CHECK(journal_suite::say(*j, den, "d") == Seq{1});
  CHECK(journal_suite::say(*j, lobby, "e") == Seq{2});
  CHECK(texts(after(*j, lobby, seq_zero)) == Texts{"a", "e"});
  CHECK(texts(after(*j, den, seq_zero)) == Texts{"d"});
  j.reset();
  check_counts(path);
  j = std::make_unique<SqliteJournal>(quick(path));
  const auto sessions = sessions_by_nick(*j);
  CHECK((sessions.size() == 1 && sessions.contains("bob")));
}

TEST_CASE("sqlite journal: a file that cannot be opened is left as it was") {
  const Scratch dir(true);
  Script script;
  auto& disk = faulty_disk();
  disk.heal();
  {
    SqliteJournal j(small_log(dir / "chat.db"));
    script.run(j, 0, 6);
    copy_journal(dir / "chat.db", dir / "killed.db");
  }
  bool failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    INFO("step " << n);
    disk.heal();
    copy_journal(dir / "killed.db", dir / "again.db");
    disk.fail(n);
    try {
      SqliteJournal j(small_log(dir / "again.db"));
      failed = disk.failed();
      disk.heal();
      script.check(j);
    } catch (const JournalError&) {
      CHECK(disk.failed());
    }
    disk.heal();
    SqliteJournal j(quick(dir / "again.db"));
    script.check(j);
  }
  // A new one is made whole or not at all.
  failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    const auto path = dir / "new.db";
    std::filesystem::remove(path);
    disk.fail(n);
    try {
      SqliteJournal j(small_log(path));
      failed = disk.failed();
    } catch (const JournalError&) {
    }
    disk.heal();
    SqliteJournal j(quick(path));
    journal_suite::say(j, lobby, "a");
    CHECK(texts(after(j, lobby, seq_zero)) == Texts{"a"});
  }
}

TEST_CASE("sqlite journal: what was acknowledged survives a power cut at any time") {
  const Scratch dir;
  faulty_disk().heal();
  SqliteJournal j(small_log(dir / "chat.db"));
  Script script;
  for (int i = 0; i < 60; ++i) {
    script.run(j, i, i + 1);
    if (i % 4 != 0) continue;
    INFO(i);
    faulty_disk().after_power_cut(dir / "chat.db", dir / "cut.db");
    SqliteJournal cut(quick(dir / "cut.db"));
    script.check(cut);
    cut.close();
    std::filesystem::remove(dir / "cut.db");
  }
}

TEST_CASE("sqlite journal: while a sync hangs it says so, and answers when it is back") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  auto options = on_faulty_disk(dir / "chat.db");
  options.stall = milliseconds(50);
  SqliteJournal j(options);
  say(j, lobby, "before");
  disk.block_syncs();
  std::atomic<int> answered = 0;
  j.append(lobby, {message("held")}, [&](const auto& outcome) { answered += outcome ? 1 : 100; });
  disk.wait_until_blocked();
  j.append(den, {message("held too")}, [&](const auto& outcome) { answered += outcome ? 1 : 100; });
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"before"});  // reads go on
  until([&] { return j.trouble() != ""; });
  CHECK_THAT(j.trouble(), Catch::StartsWith("journal: the disk does not answer"));
  CHECK(answered == 0);
  disk.release();
  until([&] { return answered == 2; });
  until([&] { return j.trouble().empty(); });
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"before", "held"});
}

TEST_CASE("sqlite journal: a file deleted while a commit is under way is written again before the answer") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  SqliteJournal j(on_faulty_disk(dir / "chat.db"));
  say(j, lobby, "a");
  disk.block_syncs();
  std::atomic<int> answered = 0;
  j.append(lobby, {message("b")}, [&](const auto& outcome) {
    copy_journal(dir / "chat.db", dir / "killed.db");
    answered = outcome ? 1 : 2;
  });
  disk.wait_until_blocked();
  std::filesystem::remove(dir / "chat.db");
  disk.release();
  until([&] { return answered != 0; });
  CHECK(answered == 1);
  SqliteJournal killed(quick(dir / "killed.db"));
  CHECK(texts(after(killed, lobby, seq_zero)) == Texts{"a", "b"});
}

TEST_CASE("sqlite journal: after a failed sync nothing is acknowledged while another program keeps it from the file") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  SqliteJournal j(on_faulty_disk(dir / "chat.db"));
  say(j, lobby, "a");
  disk.fail_from_next_sync();
  std::atomic<int> answered = 0;
  j.append(lobby, {message("b")}, [&](const auto& outcome) { answered = outcome ? 1 : 2; });
  until([&] { return !j.trouble().empty(); });
  until([&, seen = disk.steps()] { return disk.steps() > seen + 20; });  // it is closed, and cannot be opened
  // Whoever is the first to open it again finds what was written, and shows it to the journal.
  std::optional<CheckpointLock> other(dir / "chat.db");
  disk.heal();
  until([&] { return answered != 0 || j.trouble().find("locked by another program") != std::string::npos; });
  CHECK(answered == 0);
  other.reset();
  until([&] { return answered != 0; });
  REQUIRE(answered == 1);
  disk.after_power_cut(dir / "chat.db", dir / "cut.db");
  SqliteJournal cut(quick(dir / "cut.db"));
  CHECK(texts(after(cut, lobby, seq_zero)) == Texts{"a", "b"});
}

TEST_CASE("sqlite journal: that a life has begun is on the disk, whatever sync is and another program does") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  auto options = on_faulty_disk(dir / "chat.db");
  options.sync_full = false;
  say(*std::make_unique<SqliteJournal>(options), lobby, "a");
  const CheckpointLock other(dir / "chat.db");
  SqliteJournal j(options);
  disk.after_power_cut(dir / "chat.db", dir / "cut.db");
  auto later = quick(dir / "cut.db");
  later.boot = "another";
  SqliteJournal cut(later);
  CHECK(number(say(cut, lobby, "b")) > 1 << 20);
}

// Of this process, proc(5).
std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST_CASE("sqlite journal: a disk that hangs does not hold up close") {
  const Scratch dir;
  auto& disk = faulty_disk();
  disk.heal();
  auto options = on_faulty_disk(dir / "chat.db");
  options.closing = milliseconds(100);
  std::atomic<int> refused = 0;
  std::jthread([] {}).join();  // a sanitizer begins one of its own with the first
  const auto before = threads();
  {
    SqliteJournal j(options);
    disk.block_syncs();
    j.append(lobby, {message("a")}, [&](const auto& outcome) { refused += outcome ? 100 : 1; });
    disk.wait_until_blocked();
    j.append(den, {message("b")}, [&](const auto& outcome) { refused += outcome ? 100 : 1; });
    const auto began = std::chrono::steady_clock::now();
    j.close();
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
    CHECK(refused == 2);
  }
  disk.release();
  until([&] { return threads() == before; });  // the one that was left behind ends
  CHECK(refused == 2);
}

}  // namespace
}  // namespace chatbridge
