#include "server/journal/sqlite_schema.hpp"

#include <iterator>

#include "core/secret.hpp"

namespace chatbridge::sqlite {
namespace {

// meta      epoch, boot, clean, base (of rooms that are not in `rooms`), turn (counts commits that add no message),
//           life (which process has it), file (which one this is, File::id)
// rooms     base: numbers up to it are not given; bytes, count: of what is kept
// messages  session: 64 bits of the secret's hash; unaltered bytes in text; origin: the connection that said it, in
//           what life
// said      what is remembered of messages that are gone: their ids, for a day
void first(Db& db) {
  db.exec(R"(
    CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE rooms(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL,
      floor INTEGER NOT NULL, floor_at INTEGER NOT NULL, base INTEGER NOT NULL, bytes INTEGER NOT NULL,
      count INTEGER NOT NULL);
    CREATE TABLE messages(room INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, nick TEXT NOT NULL,
      via INTEGER NOT NULL, form INTEGER NOT NULL, action INTEGER NOT NULL, text BLOB NOT NULL, id TEXT NOT NULL,
      session INTEGER NOT NULL, PRIMARY KEY(room, seq)) WITHOUT ROWID;
    CREATE UNIQUE INDEX messages_once ON messages(session, id, room) WHERE id <> '';
    CREATE TABLE said(session INTEGER NOT NULL, id TEXT NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL,
      at INTEGER NOT NULL, PRIMARY KEY(session, id, room)) WITHOUT ROWID;
    CREATE INDEX said_at ON said(at);
    CREATE TABLE sessions(id BLOB PRIMARY KEY, nick TEXT NOT NULL, connected INTEGER NOT NULL,
      in_grace INTEGER NOT NULL, seen INTEGER NOT NULL, token BLOB, room TEXT NOT NULL, place INTEGER NOT NULL)
      WITHOUT ROWID;
  )");
  set_meta(db, "epoch", random_token().substr(0, 8));
  set_meta(db, "boot", std::string_view{});
  set_meta(db, "clean", 1);
  set_meta(db, "base", 0);
  set_meta(db, "turn", 0);
  db.exec(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
}

void second(Db& db) {
  db.exec("ALTER TABLE messages ADD COLUMN origin INTEGER NOT NULL DEFAULT 0");
  db.exec("ALTER TABLE sessions ADD COLUMN earlier BLOB");
  set_meta(db, "life", 0);
}

// Step n leads from version n to n + 1.
constexpr void (*steps[])(Db&) = {first, second};
static_assert(std::size(steps) == schema_version);

}  // namespace

void migrate(Db& db) {
  for (auto version = db.number("PRAGMA user_version"); version < schema_version; ++version) {
    db.exec("BEGIN IMMEDIATE");
    steps[version](db);
    db.exec(("PRAGMA user_version=" + std::to_string(version + 1)).c_str());
    db.exec("COMMIT");
  }
}

std::int64_t meta_number(Db& db, std::string_view key) {
  Statement get(db, "SELECT value FROM meta WHERE key=?");
  auto rows = get.query(key);
  return rows.next() ? rows.integer(0) : 0;
}

std::string meta_text(Db& db, std::string_view key) {
  Statement get(db, "SELECT value FROM meta WHERE key=?");
  auto rows = get.query(key);
  return rows.next() ? std::string(rows.bytes(0)) : std::string{};
}

void set_meta(Db& db, std::string_view key, std::int64_t value) {
  Statement(db, "INSERT OR REPLACE INTO meta VALUES(?,?)").run(key, value);
}

void set_meta(Db& db, std::string_view key, std::string_view value) {
  Statement(db, "INSERT OR REPLACE INTO meta VALUES(?,?)").run(key, value);
}

}  // namespace chatbridge::sqlite
