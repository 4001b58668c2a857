// What a SQLite journal is opened at: where one is made, what is refused and why.
#include <sys/stat.h>

#include "server/journal/sqlite_db.hpp"
#include "server/journal_suite.hpp"
#include "support/sqlite_journals.hpp"

namespace chatbridge {
namespace {

using namespace journal_suite;
using namespace test;
namespace fs = std::filesystem;
using Catch::Contains;

TEST_CASE("sqlite file: it and what is above it are made, for its owner only") {
  const Scratch dir;
  const auto path = dir / "a/b/chat.db";
  SqliteJournal j(quick(path));
  for (const auto& [name, mode] :
       {std::pair{dir / "a", 0700U}, {dir / "a/b", 0700U}, {path, 0600U}, {path + "-wal", 0600U}}) {
    INFO(name);
    struct stat s {};
    REQUIRE(::stat(name.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == mode);
  }
  j.close();
  CHECK_FALSE(fs::exists(path + "-wal"));  // one file is the whole journal
}

TEST_CASE("sqlite file: a relative path is taken from where the program is started") {
  const Scratch dir;
  const auto was = fs::current_path();
  fs::current_path(dir.path());
  for (const auto* path : {"chat.db", "a/chat.db"}) {
    INFO(path);
    SqliteJournal j(quick(path));
    CHECK(say(j, lobby, "a") == Seq{1});
  }
  fs::current_path(was);
  CHECK(fs::exists(dir / "chat.db"));
  CHECK(fs::exists(dir / "a/chat.db"));
}

TEST_CASE("sqlite file: a new one and the directories above it are on the disk before anything is acknowledged") {
  const Scratch dir;
  faulty_disk().listen();
  SqliteJournal j(quick(dir / "a/b/chat.db"));
  const auto real = fs::canonical(dir.path()).string();
  const auto sync = "sync " + real;
  CHECK(faulty_disk().heard() ==
        Texts{sync, sync + "/a", sync + "/a/b/chat.db-new", "rename " + real + "/a/b/chat.db", sync + "/a/b"});
}

TEST_CASE("sqlite file: what is not a file is refused before it is opened, and stays what it is") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THAT(refusal(path), Contains("is not a file; name another: --journal sqlite:PATH"));
  CHECK(fs::is_fifo(path));
  fs::create_directory(dir / "d");
  CHECK_THAT(refusal(dir / "d"), Contains("is a directory"));
}

TEST_CASE("sqlite file: an empty one that is there keeps its mode") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  write(path, "");
  fs::permissions(path, fs::perms(0640));
  SqliteJournal j(quick(path));
  say(j, lobby, "a");
  CHECK(fs::status(path).permissions() == fs::perms(0640));
}

TEST_CASE("sqlite file: what is not a journal is refused and left as it is") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  const auto refused = [&](const std::string& bytes, const std::string& why) {
    write(path, bytes);
    CHECK_THAT(refusal(path), Contains(why));
    CHECK(bytes_of(path) == bytes);
    CHECK(std::distance(fs::directory_iterator(dir.path()), {}) == 1);
  };
  refused("x", "not a chatbridge journal");
  refused(std::string(100'000, '\0'), "not a chatbridge journal");
  refused("SQLite format 3", "not a chatbridge journal");
  {
    sqlite::Db other(path + "2", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    other.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  }
  const auto foreign = bytes_of(path + "2");
  fs::remove(path + "2");
  refused(foreign, "not a chatbridge journal");
  fs::remove(path);
  write(path, "");  // nothing in it: nothing is lost
  SqliteJournal j(quick(path));
  say(j, lobby, "a");
}

TEST_CASE("sqlite file: what cannot be read is not called damaged, the reason comes with what is needed") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  {
    SqliteJournal j(quick(path));
    say(j, lobby, "a");
    copy_journal(path, dir / "killed.db");
  }
  for (const auto& name : {path, dir / "killed.db"}) {
    INFO(name);
    fs::create_directory(name + "-shm");  // root may open what others must not, but not that
    if (name == path) fs::create_directory(name + "-wal");
    const auto before = bytes_of(name);
    CHECK_THAT(refusal(name),
               Contains("cannot be used: ") && Contains("writable for this user") && !Contains("damaged"));
    CHECK(bytes_of(name) == before);
  }
}

TEST_CASE("sqlite file: one that lacks a table is damaged, and so is one whose tables are not ours") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  say(*std::make_unique<SqliteJournal>(quick(path)), lobby, "a");
  change_beside(path, "ALTER TABLE said RENAME TO unsaid");
  CHECK_THAT(refusal(path),
             Contains("damaged (tables are missing)") && Contains("the -wal and -shm beside it go with it"));
  change_beside(path, "ALTER TABLE unsaid RENAME TO said; ALTER TABLE rooms RENAME COLUMN floor TO flat");
  CHECK_THAT(refusal(path), Contains("damaged (table rooms has no column"));
}

TEST_CASE("sqlite file: rooms and sessions that cannot be read say whose they are") {
  const Scratch dir;
  const auto path = dir / "chat.db";
  SqliteJournal j(quick(path));
  change_beside(path, "ALTER TABLE rooms RENAME TO halls; ALTER TABLE sessions RENAME TO sittings");
  CHECK_THROWS_MATCHES(j.rooms(), JournalError,
                       Catch::Message("journal: " + path +
                                      " is damaged (no such table: rooms) and was left as it is; put back a copy of "
                                      "it, or move it away to start anew; the -wal and -shm beside it go with it"));
  CHECK_THROWS_AS(j.sessions(), JournalError);
}

}  // namespace
}  // namespace chatbridge
