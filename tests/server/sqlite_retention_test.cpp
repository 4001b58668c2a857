// What a SQLite journal forgets, and when.
#include "server/journal/sqlite_retention.hpp"

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

// What the journal takes for the time.
struct Clock {
  std::shared_ptr<std::atomic<std::int64_t>> ms = std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'123);
  void advance(std::chrono::milliseconds by) const { *ms += by.count(); }
  WallTime now() const { return WallTime(milliseconds(*ms)); }
  void install(SqliteOptions& o) const {
    o.now = [ms = ms] { return WallTime(milliseconds(*ms)); };
  }
};

std::uint64_t size_of(const std::string& path) {
  std::uint64_t out = 0;
  for (const auto* ending : {"", "-wal"}) {
    std::error_code ec;
    const auto size = fs::file_size(path + ending, ec);
    if (!ec) out += size;
  }
  return out;
}

std::vector<Message> many(int n, std::size_t bytes, WallTime at, const std::string& id = {}) {
  std::vector<Message> out;
  for (int i = 0; i < n; ++i) {
    out.push_back(message(std::string(bytes, 'x'), id.empty() ? id : id + std::to_string(i), "s"));
    out.back().at = at;
  }
  return out;
}

std::size_t kept(Journal& j, const RoomName& room) {
  std::size_t out = 0;
  for (Seq place = seq_zero;;) {
    const auto page = after(j, room, place);
    out += page.messages.size();
    if (!page.more) return out;
    place = page.messages.back()->seq;
  }
}

TEST_CASE("sqlite retention: the file stays near its limit however fast it is written") {
  const Scratch dir(true);
  const Clock clock;
  auto options = quick(dir / "chat.db");
  clock.install(options);
  options.max_bytes = 4 << 20;
  SqliteJournal j(options);
  append(j, den, many(100, 200, clock.now()));
  std::uint64_t most = 0;
  for (int i = 0; i < 400; ++i) {
    append(j, lobby, many(100, 1000, clock.now(), i % 2 == 0 ? "id" + std::to_string(i) + "-" : ""));
    most = std::max(most, size_of(options.path));
  }
  CHECK(most < 6 << 20);
  CHECK(kept(j, den) == 100);  // the room with most loses
  CHECK(kept(j, lobby) > 200);
  CHECK(j.floor(lobby) > seq_zero);
  until([&] { return size_of(options.path) < (4 << 20) + (300 << 10); });
  const auto floor = settled_floor(j, lobby);
  const auto page = after(j, lobby, seq_zero);
  CHECK(page.floor == floor);
  CHECK(page.start == floor);
  CHECK(number(page.messages.front()->seq) == number(floor) + 1);
  CHECK(number(j.head(lobby)) == 40'000);
  const auto left = kept(j, lobby);
  j.close();
  SqliteJournal again(options);
  CHECK(again.floor(lobby) == floor);
  CHECK(kept(again, lobby) == left);
  CHECK(number(say(again, lobby, "x")) == 40'001);
}

TEST_CASE("sqlite retention: while somebody reads without end") {
  const Scratch dir(true);
  const Clock clock;
  auto options = quick(dir / "chat.db");
  clock.install(options);
  options.max_bytes = 4 << 20;
  SqliteJournal j(options);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      for (Seq place = seq_zero; !stop;) {
        const auto page = after(j, lobby, place);
        if (page.start < place && page.start != page.floor) ++wrong;
        for (const auto& m : page.messages) {
          // Every message after the one before, but for the gap that the page tells of.
          if (number(m->seq) != number(std::max(place, page.floor)) + 1) ++wrong;
          place = m->seq;
        }
        if (page.messages.empty()) place = seq_zero;
      }
    });
  std::uint64_t most = 0;
  for (int i = 0; i < 150; ++i) {
    append(j, lobby, many(100, 1000, clock.now()));
    most = std::max(most, size_of(options.path));
  }
  stop = true;
  readers.clear();
  CHECK(wrong == 0);
  CHECK(most < 8 << 20);
}

TEST_CASE("sqlite retention: it keeps up with small messages by the thousand") {
  const Scratch dir(true);
  const Clock clock;
  auto options = quick(dir / "chat.db");
  clock.install(options);
  options.max_bytes = 1 << 20;
  SqliteJournal j(options);
  std::uint64_t most = 0;
  for (int i = 0; i < 30; ++i) {
    append(j, lobby, many(7000, 10, clock.now()));
    most = std::max(most, size_of(options.path));
  }
  until([&] { return size_of(options.path) < 2 << 20; });
  CHECK(most < 4 << 20);
}

TEST_CASE("sqlite retention: a slice is small, however much there is to forget") {
  const Scratch dir(true);
  const auto path = dir / "chat.db";
  sqlite::Places places;
  sqlite::Db db(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  db.exec("PRAGMA auto_vacuum=INCREMENTAL");
  sqlite::migrate(db);
  sqlite::Store store(std::move(db), places);
  const auto transact = [&](auto change) {
    store.begin();
    change();
    store.prepare();
    store.commit();
    store.committed();
  };
  sqlite::Retention retention({.max_bytes = 1 << 20});
  const auto append = [&](int n) {
    transact([&] {
      auto batch = many(n, 10, WallTime{});
      store.append(lobby, batch);
      retention.grown(store.rooms());
    });
  };
  append(50'000);
  append(1);
  const auto& row = store.rooms().find("lobby")->second;
  int slices = 0;
  for (; retention.due() && slices < 1000; ++slices) {
    const auto before = row.count;
    transact([&] { retention.slice(store, WallTime{}); });
    REQUIRE(before - row.count <= 2000);
  }
  CHECK(slices > 10);
  CHECK(row.count < 30'000);
}

TEST_CASE("sqlite retention: sessions do not take the messages' half") {
  const Scratch dir(true);
  auto options = quick(dir / "chat.db");
  options.max_bytes = 1 << 20;
  SqliteJournal j(options);
  append(j, lobby, many(300, 900, WallTime{}));
  std::atomic<int> left = 10'000;
  for (int i = 0; i < 10'000; ++i)
    j.put_session(session(std::to_string(i), "guest" + std::to_string(i)), [&](const auto&) { --left; });
  until([&] { return left == 0; });
  CHECK(size_of(options.path) + size_of(options.path + "-wal") > 1 << 20);
  append(j, lobby, many(1, 900, WallTime{}));
  append(j, den, many(600, 900, WallTime{}));
  until([&] { return j.floor(den) > seq_zero; });  // it does go on
  CHECK(kept(j, lobby) + kept(j, den) > 400);
}

TEST_CASE("sqlite retention: the newest message stays, however large, and a room of one is left alone") {
  const Scratch dir(true);
  auto options = quick(dir / "chat.db");
  options.max_bytes = 1 << 20;
  SqliteJournal j(options);
  for (int i = 0; i < 20; ++i) say(j, RoomName::parse("r" + std::to_string(i)).value(), std::string(100'000, 'x'));
  for (int i = 0; i < 20; ++i) CHECK(kept(j, RoomName::parse("r" + std::to_string(i)).value()) == 1);
  say(j, lobby, "small");
  const auto last = say(j, lobby, std::string(100'000, 'y'));
  until([&] { return kept(j, lobby) == 1; });
  CHECK(after(j, lobby, seq_zero).messages.at(0)->seq == last);
}

TEST_CASE("sqlite retention: by age a room can lose everything, but never its numbers, the file shrinks") {
  const Scratch dir(true);
  const Clock clock;
  auto options = quick(dir / "chat.db");
  clock.install(options);
  options.max_age = std::chrono::hours(2);
  auto j = std::make_unique<SqliteJournal>(options);
  for (int i = 0; i < 30; ++i) append(*j, lobby, many(100, 1000, clock.now()));
  const auto old = clock.now();
  CHECK(size_of(options.path) > 3 << 20);
  clock.advance(std::chrono::minutes(90));
  append(*j, den, many(10, 10, clock.now()));
  clock.advance(std::chrono::minutes(60));
  until([&] { return j->floor(lobby) == j->head(lobby); });
  CHECK(number(j->head(lobby)) == 3000);
  CHECK(kept(*j, den) == 10);
  const auto page = after(*j, lobby, seq_zero);
  CHECK((page.messages.empty() && !page.more && page.floor == Seq{3000} && page.floor_at == old));
  until([&] { return size_of(options.path) < 2'500'000; });
  j.reset();
  CHECK(size_of(options.path) < 2'500'000);
  j = std::make_unique<SqliteJournal>(options);
  CHECK(j->rooms() == std::vector{den});
  CHECK((j->head(lobby) == Seq{3000} && j->floor(lobby) == Seq{3000}));
  CHECK(say(*j, lobby, "x") == Seq{3001});
}

TEST_CASE("sqlite retention: by count a room keeps its newest") {
  const Scratch dir(true);
  auto options = quick(dir / "chat.db");
  options.max_messages = 50;
  SqliteJournal j(options);
  for (int i = 0; i < 200; ++i) say(j, lobby, std::to_string(i));
  until([&] { return j.floor(lobby) == Seq{150}; });
  CHECK(texts(after(j, lobby, seq_zero)).front() == "150");
  CHECK(kept(j, lobby) == 50);
  CHECK(j.floor(den) == seq_zero);
}

TEST_CASE("sqlite retention: ids are remembered for a day, when the message goes earlier and past a restart") {
  const Scratch dir(true);
  const Clock clock;
  auto options = quick(dir / "chat.db");
  clock.install(options);
  options.max_messages = 10;
  auto j = std::make_unique<SqliteJournal>(options);
  const auto say_id = [&](const std::string& id) {
    auto m = message("text", id, "s");
    m.at = clock.now();
    return append(*j, lobby, {m}).at(0);
  };
  const auto first = say_id("first").message->seq;
  clock.advance(std::chrono::hours(2));
  for (int i = 0; i < 50; ++i) say_id("other" + std::to_string(i));
  until([&] { return j->floor(lobby) == Seq{41}; });
  clock.advance(std::chrono::hours(21));
  for (const bool restarted : {false, true}) {
    INFO(restarted);
    if (restarted) {
      j.reset();
      j = std::make_unique<SqliteJournal>(options);
    }
    const auto again = say_id("first");
    CHECK(again.repeated);
    CHECK(again.message->seq == first);
    CHECK(say_id("other49").repeated);  // kept
    CHECK(say_id("other1").repeated);   // gone
    CHECK_FALSE(append(*j, lobby, {message("x", "first", restarted ? "s1" : "s2")}).at(0).repeated);
    CHECK(append(*j, den, {message("x", "first", "s")}).at(0).repeated == restarted);
  }
  // A day after it was said it is new again; what was said later is not.
  clock.advance(std::chrono::minutes(70));
  until([&] {
    sqlite3* db = nullptr;
    sqlite3_open_v2(options.path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_stmt* s = nullptr;
    sqlite3_prepare_v2(db, "SELECT count(*) FROM said WHERE id='first' AND room=1", -1, &s, nullptr);
    const bool gone = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) == 0;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return gone;
  });
  CHECK_FALSE(say_id("first").repeated);
  CHECK(say_id("other1").repeated);
}

}  // namespace
}  // namespace chatbridge
