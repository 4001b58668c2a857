// The file of a SQLite journal: what is in it after any end, which ones are refused, what happens when it is taken
// away.
#include "server/journal/sqlite_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>

#include "server/journal/sqlite_schema.hpp"
#include "server/journal_suite.hpp"
#include "support/sqlite_journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using namespace journal_suite;
using namespace test;
namespace fs = std::filesystem;
using Catch::Contains;

// A journal that was closed, with 200 messages.
void make(const std::string& path) {
  SqliteJournal j(quick(path));
  std::vector<Message> batch;
  for (int i = 0; i < 200; ++i) batch.push_back(message(std::to_string(i) + std::string(200, 'x')));
  append(j, lobby, batch);
}

// As sqlite3's .backup does.
void back_up(const std::string& from, const std::string& to) {
  sqlite::Db source(from, SQLITE_OPEN_READONLY, nullptr), copy(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  auto* backup = sqlite3_backup_init(copy.get(), "main", source.get(), "main");
  CHECK(sqlite3_backup_step(backup, -1) == SQLITE_DONE);
  sqlite3_backup_finish(backup);
}

bool try_to_say(Journal& j, std::string text) {
  return wait<result<std::vector<Appended>>>([&](auto done) { j.append(lobby, {message(std::move(text))}, done); })
      .has_value();
}

TEST_CASE("sqlite file: killed at any moment it is whole, and numbers go on") {
  const Scratch dir;
  SqliteJournal j(killed(dir / "chat.db"));
  Texts said;
  for (int i = 0; i < 10; ++i) {
    say(j, lobby, said.emplace_back(std::to_string(i)));
    copy_journal(dir / "chat.db", dir / "killed.db");
    SqliteJournal after_it(killed(dir / "killed.db"));
    CHECK(after_it.epoch() == j.epoch());
    CHECK(texts(after(after_it, lobby, seq_zero)) == said);
    CHECK(number(say(after_it, lobby, "next")) == number(j.head(lobby)) + 1);
    after_it.close();
    fs::remove(dir / "killed.db");
  }
}

TEST_CASE("sqlite file: after an unclean end on another boot numbers go on 2^20 higher") {
  const Scratch dir;
  auto options = killed(dir / "chat.db");
  options.boot = "first";
  SqliteJournal j(options);
  const auto last = say(j, lobby, "a");
  copy_journal(dir / "chat.db", dir / "cut.db");
  constexpr std::uint64_t jump = 1 << 20;
  options.path = dir / "cut.db";
  options.boot = "second";
  {
    SqliteJournal cut(options);
    CHECK(cut.epoch() == j.epoch());
    CHECK(cut.head(lobby) == last);
    CHECK(number(say(cut, lobby, "b")) == number(last) + jump + 1);
    CHECK(number(say(cut, den, "of a room that may have been lost")) == jump + 1);
    CHECK(texts(after(cut, lobby, seq_zero)) == Texts{"a", "b"});
    cut.close();
  }
  options.boot = "third";
  SqliteJournal clean(options);  // the last end was clean
  CHECK(number(say(clean, lobby, "c")) == number(last) + jump + 2);
  CHECK(number(say(clean, den, "d")) == jump + 2);
  // Killed on the same boot: the system kept what was written.
  copy_journal(dir / "cut.db", dir / "killed.db");
  options.path = dir / "killed.db";
  SqliteJournal again(options);
  CHECK(number(say(again, lobby, "e")) == number(last) + jump + 3);
}

TEST_CASE("sqlite file: a copy that is put back gives no number a second time") {
  for (const std::string what :
       {"made while it ran, moved there", "made while it ran, written over it", "moved there"}) {
    INFO(what);
    const Scratch dir;
    const auto path = dir / "chat.db", copy = dir / "copy.db";
    const bool cold = what == "moved there";
    {
      SqliteJournal j(quick(path));
      for (int i = 1; i <= 3; ++i) say(j, lobby, std::to_string(i));
      if (!cold) back_up(path, copy);
    }
    if (cold) fs::copy_file(path, copy);
    {
      SqliteJournal j(quick(path));
      for (int i = 4; i <= 6; ++i) CHECK(number(say(j, lobby, "lost")) == static_cast<std::uint64_t>(i));
    }
    if (what == "made while it ran, written over it") {
      write(path, bytes_of(copy));
    } else {
      fs::rename(copy, path);
    }
    auto j = std::make_unique<SqliteJournal>(quick(path));
    const auto next = say(*j, lobby, "new");
    CHECK(number(next) == (1 << 20) + 4);
    CHECK(texts(after(*j, lobby, Seq{6})) == Texts{"new"});
    j.reset();
    j = std::make_unique<SqliteJournal>(quick(path));  // it is this one's own file now
    CHECK(number(say(*j, lobby, "more")) == number(next) + 1);
  }
}

TEST_CASE("sqlite file: written again when it was deleted it is the same one: numbers go on") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  {
    SqliteJournal j(quick(path));
    say(j, lobby, "a");
    fs::remove(path);
    say(j, lobby, "b");
  }
  SqliteJournal j(quick(path));
  CHECK(say(j, lobby, "c") == Seq{3});
}

TEST_CASE("sqlite file: one of an older version becomes today's, with all that is in it") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  {
    sqlite::Db db(path, SQLITE_OPEN_READWRITE, nullptr);
    db.exec("ALTER TABLE messages DROP COLUMN origin");
    db.exec("ALTER TABLE sessions DROP COLUMN earlier");
    db.exec("DELETE FROM meta WHERE key='life'");
    db.exec("PRAGMA user_version=1");
  }
  SqliteJournal j(quick(path));
  const auto kept = texts(after(j, lobby, seq_zero));
  CHECK_FALSE(kept.empty());
  say(j, lobby, "more");
  CHECK(texts(after(j, lobby, seq_zero)).size() == kept.size() + 1);
}

TEST_CASE("sqlite file: which connection said something is known in the life it was said in only") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  const auto origins = [](Journal& j) {
    std::vector<ClientId> out;
    for (const auto& m : after(j, lobby, seq_zero).messages) out.push_back(m->origin);
    return out;
  };
  const auto said_by = [](ClientId origin) {
    auto m = message("a");
    m.origin = origin;
    return m;
  };
  {
    SqliteJournal j(quick(path));
    append(j, lobby, {said_by(5), said_by(0)});
    CHECK(origins(j) == std::vector<ClientId>{5, 0});
  }
  SqliteJournal j(quick(path));
  append(j, lobby, {said_by(5)});
  CHECK(origins(j) == std::vector<ClientId>{0, 0, 5});
}

TEST_CASE("sqlite file: an emptied or lost one whose log is still there is not begun anew") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  for (const bool lost : {false, true}) {
    if (lost) {
      fs::remove(path);
    } else {
      write(path, "");
    }
    write(path + "-wal", "the last messages");
    CHECK_THAT(refusal(path), Contains("-wal") && Contains("put the file back"));
    CHECK(bytes_of(path + "-wal") == "the last messages");
  }
}

TEST_CASE("sqlite file: nothing is written through a link at the place where a new one is made") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  write(dir / "victim", "precious");
  fs::create_symlink(dir / "victim", path + "-new");
  CHECK_FALSE(refusal(path).empty());
  CHECK(bytes_of(dir / "victim") == "precious");
}

TEST_CASE("sqlite file: a copy that nobody adopted is looked at like any other file") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  write(path + "-rescue", "no journal");
  CHECK_THAT(refusal(path), Contains("not a chatbridge journal"));
  CHECK(bytes_of(path + "-rescue") == "no journal");
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("sqlite file: one of a newer version is refused and left as it is") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  {
    sqlite::Db db(path, SQLITE_OPEN_READWRITE, nullptr);
    db.exec("PRAGMA user_version=7");
    // Its last moments may be in the log only.
    copy_journal(path, dir / "log.db");
  }
  for (const auto& name : {path, dir / "log.db"}) {
    const auto before = bytes_of(name);
    CHECK_THAT(refusal(name), Contains("newer") && Contains("7"));
    CHECK(bytes_of(name) == before);
  }
}

TEST_CASE("sqlite file: a damaged one is refused and left as it is") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  const auto whole = bytes_of(path);
  const auto refused = [&](const std::string& bytes) {
    write(path, bytes);
    CHECK_THAT(refusal(path), Contains("damaged") && Contains("left as it is"));
    CHECK(bytes_of(path) == bytes);
    CHECK_FALSE(fs::exists(path + "-wal"));
  };
  for (const auto size : {whole.size() - 1, whole.size() / 2, std::size_t{5000}, std::size_t{100}}) {
    INFO(size);
    refused(whole.substr(0, size));
  }
  for (const auto page : {std::size_t{1}, whole.size() / 4096 - 2}) {
    INFO("page " << page);
    auto bytes = whole;
    for (std::size_t i = 0; i < 2000; ++i) bytes[page * 4096 + i] = static_cast<char>(i * 7 + 1);
    refused(bytes);
  }
  write(path, whole);
  SqliteJournal j(quick(path));
  CHECK(number(j.head(lobby)) == 200);
}

TEST_CASE("sqlite file: a damaged one that was not closed is left as it is, its log as well") {
  const Scratch dir;
  {
    SqliteJournal j(quick(dir / "chat.db"));
    say(j, lobby, std::string(20'000, 'x'));
    copy_journal(dir / "chat.db", dir / "killed.db");
  }
  const auto path = dir / "killed.db";
  auto bytes = bytes_of(path);
  const auto log = bytes_of(path + "-wal");
  REQUIRE(log.size() > 20'000);
  for (std::size_t i = 5 * 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + 1);
  write(path, bytes);
  CHECK_THAT(refusal(path), Contains("damaged"));
  CHECK(bytes_of(path) == bytes);
  CHECK(bytes_of(path + "-wal") == log);
}

TEST_CASE("sqlite file: a second server is refused") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  {
    SqliteJournal j(quick(path));
    // From a process of its own, as a server would: SQLite's locks are a process's.
    const auto child = ::fork();
    if (child == 0) {
      try {
        sqlite::File second(path, nullptr);
      } catch (const JournalError& e) {
        ::_exit(std::string(e.what()).find("in use by another chatbridge") != std::string::npos ? 7 : 8);
      }
      ::_exit(9);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
    say(j, lobby, "a");
  }
  SqliteJournal j(quick(path));
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"a"});
}

TEST_CASE("sqlite file: when it is deleted under the journal it is written again before anything is acknowledged") {
  for (const std::string what : {"file", "with its log", "directory", "while idle"}) {
    INFO(what);
    const Scratch dir;
    const auto path = dir / "a/chat.db";
    SqliteJournal j(quick(path));
    say(j, lobby, "a");
    // The copy has its pages in another order than the log that is left behind.
    for (int i = 0; i < 10; ++i) say(j, RoomName::parse("r" + std::to_string(i % 3)).value(), std::string(9000, 'x'));
    CHECK(put(j, session("1", "ann")));
    texts(after(j, lobby, seq_zero));  // readers have it open as well
    fs::remove(path);
    if (what == "with its log") fs::remove(path + "-wal"), fs::remove(path + "-shm");
    if (what == "directory") fs::remove_all(dir / "a");
    if (what == "while idle") {
      until([&] { return fs::exists(path); });
    } else {
      say(j, lobby, "b");
    }
    say(j, lobby, "c");
    copy_journal(path, dir / "killed.db");
    const auto expected = what == "while idle" ? Texts{"a", "c"} : Texts{"a", "b", "c"};
    CHECK(texts(after(j, lobby, seq_zero)) == expected);
    CHECK(j.trouble() == "");
    struct stat s {};
    REQUIRE(::stat(path.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
    SqliteJournal killed(quick(dir / "killed.db"));
    CHECK(killed.epoch() == j.epoch());
    CHECK(texts(after(killed, lobby, seq_zero)) == expected);
    CHECK(killed.sessions().size() == 1);
    j.close();
    sqlite::Db db(path, SQLITE_OPEN_READONLY, nullptr);
    CHECK(db.text("PRAGMA integrity_check") == "ok");
    SqliteJournal again(quick(path));
    CHECK(texts(after(again, lobby, seq_zero)) == expected);
  }
}

TEST_CASE("sqlite file: deleted while a commit fails it is written again first, with all that was acknowledged") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  auto& disk = faulty_disk();
  disk.heal();
  SqliteJournal j(on_faulty_disk(path));
  say(j, lobby, "a");
  disk.block_syncs();
  std::atomic<int> answered = 0;
  j.append(lobby, {message("b")}, [&](const auto& outcome) { answered = outcome ? 1 : 2; });
  disk.wait_until_blocked();
  fs::remove(path);
  disk.fail(1);
  disk.release();
  until([&] { return answered != 0; });
  until([&] { return j.trouble().empty(); });
  say(j, lobby, "c");
  CHECK(texts(after(j, lobby, seq_zero)) == (answered == 1 ? Texts{"a", "b", "c"} : Texts{"a", "c"}));
}

TEST_CASE("sqlite file: while the directory cannot be synced after it is written again, it is locked and silent") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  SqliteJournal j(quick(path));
  say(j, lobby, "a");
  faulty_disk().fail_directory_syncs_after(1);  // that of the copy
  fs::remove(path);
  std::atomic<int> answered = 0;
  j.append(lobby, {message("b")}, [&](const auto& outcome) { answered = outcome ? 1 : 2; });
  until([&] { return j.trouble().find("its directory") != std::string::npos; });
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  CHECK((fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0));
  ::close(fd);  // nothing has it open: no lock of SQLite's ends by that
  CHECK(answered == 0);
  faulty_disk().fail_directory_syncs_after(-1);
  until([&] { return answered != 0 && j.trouble().empty(); });
  say(j, lobby, "c");
  CHECK(texts(after(j, lobby, seq_zero)) == (answered == 1 ? Texts{"a", "b", "c"} : Texts{"a", "c"}));
}

TEST_CASE("sqlite file: an old copy that nobody needed is not taken for the file one day") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  write(path + "-rescue", "old");
  SqliteJournal j(quick(path));
  CHECK_FALSE(fs::exists(path + "-rescue"));
}

TEST_CASE("sqlite file: readers do not read what has taken its place") {
  const Scratch dir;
  make(dir / "other.db");
  const auto path = dir / "chat.db";
  const sqlite::File file(path, nullptr);
  fs::rename(path, dir / "moved.db");
  fs::rename(dir / "other.db", path);
  CHECK_THROWS_AS(file.reader(), sqlite::Failure);
}

TEST_CASE("sqlite file: a copy that was made when it was deleted is found again") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  make(path);
  fs::rename(path, path + "-rescue");
  write(path + "-wal", "of the file that was deleted");
  SqliteJournal j(quick(path));
  CHECK(number(j.head(lobby)) == 200);
  CHECK_FALSE(fs::exists(path + "-rescue"));
}

TEST_CASE("sqlite file: when it is replaced nothing is acknowledged until it is back") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  SqliteJournal j(quick(path));
  say(j, lobby, "a");
  fs::rename(path, dir / "moved.db");
  write(path, "something else");
  CHECK_FALSE(try_to_say(j, "b"));
  CHECK_THAT(j.trouble(), Contains("replaced") && Contains(path));
  CHECK_FALSE(try_to_say(j, "b"));
  CHECK(bytes_of(path) == "something else");
  fs::rename(dir / "moved.db", path);
  until([&] { return j.trouble().empty(); });
  say(j, lobby, "c");
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"a", "c"});
}

}  // namespace
}  // namespace chatbridge
