#include "server/journal/sqlite_store.hpp"

#include <algorithm>
#include <cstring>

#include "server/journal/sqlite_schema.hpp"

namespace chatbridge::sqlite {
namespace {

constexpr std::uint64_t jump = 1 << 20;
constexpr int origin_bits = 40;

// What a message takes in the file, about. SQLite keeps a row of up to 1002 bytes with its neighbours and gives what is
// larger pages of its own (sqlite.org/fileformat2.html section 1.5); an id stands in the index as well.
std::uint64_t row_bytes(std::uint64_t text, std::uint64_t nick, std::uint64_t id) {
  const auto row = text + nick + id + 24;
  const auto stored = row <= 1000 ? row : 489 + (row - 489 + 4091) / 4092 * 4096;
  return stored + (id == 0 ? 0 : id + 24);
}
std::uint64_t row_bytes(const Message& m) { return row_bytes(m.text.size(), m.nick.size(), m.id.size()); }

std::int64_t key_of(const std::string& session) {
  const auto hash = hash_secret(session);
  std::int64_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

std::int64_t stored_origin(ClientId origin, std::int64_t life) {
  return origin == 0 ? 0 : life << origin_bits | static_cast<std::int64_t>(origin);
}

ClientId origin_of(std::int64_t stored, std::int64_t life) {
  constexpr std::int64_t mask = (std::int64_t{1} << origin_bits) - 1;
  return stored >> origin_bits == life ? static_cast<ClientId>(stored & mask) : 0;
}

}  // namespace

MessagePtr message_of(const Rows& row, std::int64_t life) {
  auto m = std::make_shared<Message>();
  m->seq = Seq{static_cast<std::uint64_t>(row.integer(0))};
  m->at = wall_time(row.integer(1));
  m->nick = row.bytes(2);
  m->via = static_cast<Via>(std::clamp<std::int64_t>(row.integer(3), 0, static_cast<std::int64_t>(Via::link)));
  m->action = row.integer(4) != 0;
  m->form = static_cast<Form>(std::clamp<std::int64_t>(row.integer(5), 0, static_cast<std::int64_t>(Form::bytes)));
  m->text = row.bytes(6);
  m->id = row.bytes(7);
  m->origin = origin_of(row.integer(8), life);
  return m;
}

Store::Store(Db db, Places& places)
    : db_(std::make_unique<Db>(std::move(db))),
      places_(places),
      begin_(*db_, "BEGIN IMMEDIATE"),
      commit_(*db_, "COMMIT"),
      // A message whose (session, id) the room has already changes nothing.
      insert_(*db_, "INSERT INTO messages(room, " CHATBRIDGE_MESSAGE_COLUMNS
                    ", session) VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"),
      find_(*db_, "SELECT " CHATBRIDGE_MESSAGE_COLUMNS " FROM messages WHERE session=? AND id=? AND id<>'' AND room=?"),
      find_said_(*db_, "SELECT seq FROM said WHERE session=? AND id=? AND room=?"),
      add_room_(*db_, "INSERT INTO rooms(name, head, floor, floor_at, base, bytes, count) VALUES(?,0,0,0,?,0,0)"),
      set_room_(*db_, "UPDATE rooms SET head=?, floor=?, floor_at=?, bytes=?, count=? WHERE id=?"),
      set_turn_(*db_, "UPDATE meta SET value=? WHERE key='turn'"),
      put_(*db_,
           "INSERT OR REPLACE INTO sessions(id, nick, connected, in_grace, seen, token, room, place, earlier) "
           "VALUES(?,?,?,?,?,?,?,?,?)"),
      forget_(*db_, "DELETE FROM sessions WHERE id=?"),
      oldest_(*db_,
              "SELECT seq, at, length(text), length(CAST(nick AS BLOB)), length(CAST(id AS BLOB)) FROM messages "
              "WHERE room=? ORDER BY seq"),
      keep_said_(*db_,
                 "INSERT OR IGNORE INTO said(session, id, room, seq, at) SELECT session, id, room, seq, at FROM "
                 "messages WHERE room=? AND seq<=? AND id<>'' AND at>=?"),
      remove_(*db_, "DELETE FROM messages WHERE room=? AND seq<=?"),
      left_(*db_, "SELECT at FROM messages WHERE room=? ORDER BY seq LIMIT 1"),
      forget_said_(*db_,
                   "DELETE FROM said WHERE (session, id, room) IN (SELECT session, id, room FROM said WHERE at<? ORDER "
                   "BY at LIMIT ?)"),
      pages_(*db_, "PRAGMA page_count"),
      free_(*db_, "PRAGMA freelist_count"),
      page_bytes_(static_cast<std::uint64_t>(db_->number("PRAGMA page_size"))) {
  sqlite3_wal_hook(
      db_->get(),
      [](void* pages, sqlite3*, const char*, int n) {
        *static_cast<std::uint64_t*>(pages) = static_cast<std::uint64_t>(n);
        return SQLITE_OK;
      },
      log_pages_.get());
  load();
}

void Store::load() {
  base_ = static_cast<std::uint64_t>(meta_number(*db_, "base"));
  life_ = meta_number(*db_, "life");
  turn_ = next_turn_ = static_cast<std::uint64_t>(meta_number(*db_, "turn"));
  any_said_ = db_->number("SELECT EXISTS(SELECT 1 FROM said)") != 0;
  RoomRows rows;
  Statement all(*db_, R"(SELECT name, id, head, floor, floor_at, base, bytes, count,
    coalesce((SELECT at FROM messages WHERE room=rooms.id ORDER BY seq LIMIT 1), 0) FROM rooms)");
  auto row = all.query();
  const auto number = [&row](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  while (row.next())
    rows[std::string(row.bytes(0))] = {.id = row.integer(1),
                                       .head = number(2),
                                       .floor = number(3),
                                       .base = number(5),
                                       .floor_at = row.integer(4),
                                       .bytes = number(6),
                                       .count = number(7),
                                       .oldest_at = row.integer(8)};
  table_.load(std::move(rows), places_);
}

// ---- lives

// Whatever a commit is otherwise. A checkpoint, which would do as well, another program can hold up.
void Store::durably(const std::function<void()>& change) {
  const auto usual = std::to_string(db_->number("PRAGMA synchronous"));
  db_->exec("PRAGMA synchronous=FULL");
  begin();
  change();
  commit();
  db_->exec(("PRAGMA synchronous=" + usual).c_str());
}

bool Store::numbers_lost(const Start& start) {
  const bool clean = meta_number(*db_, "clean") != 0;
  const bool same_run = !start.boot.empty() && start.boot == meta_text(*db_, "boot");
  // Older files do not say which they are.
  const auto file = meta_text(*db_, "file");
  const bool copied = (!file.empty() && file != start.file) || (!clean && !start.log);
  return copied || (!clean && !same_run);
}

void Store::begin_life(const Start& start) {
  durably([&] {
    if (numbers_lost(start)) {
      Statement(*db_, "UPDATE rooms SET base=max(base, head) + ?").run(jump);
      set_meta(*db_, "base", static_cast<std::int64_t>(base_ + jump));
    }
    set_meta(*db_, "life", life_ + 1);
    set_meta(*db_, "clean", 0);
    set_meta(*db_, "boot", start.boot);
    set_meta(*db_, "file", start.file);
  });
  checkpoint(true);
  load();
}

void Store::go_on_in(const std::string& file) {
  durably([&] { set_meta(*db_, "file", file); });
}

void Store::end_life() {
  begin();
  set_meta(*db_, "clean", 1);
  commit();
  checkpoint(true);
}

// ---- messages

NamedRow& Store::room_of(const RoomName& name) {
  if (auto* found = table_.find(name.str())) return *found;
  add_room_.run(name.str(), base_);
  return table_.add(name.str(), {.id = sqlite3_last_insert_rowid(db_->get()), .base = base_});
}

std::vector<Appended> Store::append(const RoomName& room, std::vector<Message>& batch) {
  std::vector<Appended> out;
  out.reserve(batch.size());
  auto& row = room_of(room);
  for (auto& m : batch) out.push_back(add(row, std::move(m)));
  return out;
}

Appended Store::add(NamedRow& room, Message m) {
  auto& row = room.second;
  const auto session = m.id.empty() ? 0 : key_of(m.session);
  if (!m.id.empty() && any_said_) {
    if (const auto seq = remembered(row, session, m)) {
      // Its text is gone; the newcomer's stands for it.
      m.seq = Seq{*seq};
      return {std::make_shared<const Message>(std::move(m)), true};
    }
  }
  const auto seq = std::max(row.head, row.base) + 1;
  insert_.run(row.id, seq, milliseconds(m.at), m.nick, static_cast<int>(m.via), m.action, static_cast<int>(m.form),
              Blob{m.text}, m.id, stored_origin(m.origin, life_), session);
  if (db_->changed() == 0) {
    auto rows = find_.query(session, m.id, row.id);
    if (!rows.next()) throw Failure(SQLITE_CORRUPT, "damaged");
    return {message_of(rows, life_), true};
  }
  m.seq = Seq{seq};
  table_.touch(room);
  if (row.count++ == 0) row.oldest_at = milliseconds(m.at);
  row.head = seq;
  row.bytes += row_bytes(m);
  return {std::make_shared<const Message>(std::move(m)), false};
}

std::optional<std::uint64_t> Store::remembered(const RoomRow& room, std::int64_t session, const Message& m) {
  auto rows = find_said_.query(session, m.id, room.id);
  if (!rows.next()) return std::nullopt;
  return static_cast<std::uint64_t>(rows.integer(0));
}

// ---- sessions

void Store::put(const SessionRecord& r) {
  const auto blob = [](const std::optional<SecretHash>& h) {
    return h ? std::make_optional(Blob{bytes_of(*h)}) : std::nullopt;
  };
  put_.run(Blob{bytes_of(r.id)}, r.nick, r.connected, r.in_grace, milliseconds(r.seen), blob(r.tokens.newest), r.room,
           number(r.place), blob(r.tokens.earlier));
}

// ---- what is old

std::uint64_t Store::trim(NamedRow& room, const Trim& how) {
  auto& row = room.second;
  std::uint64_t count = 0, bytes = 0, last = 0;
  std::int64_t last_at = 0;
  bool remember = false;
  {
    auto rows = oldest_.query(row.id);
    while (count < how.count && bytes < how.bytes && rows.next() && rows.integer(1) < how.before) {
      ++count;
      last = static_cast<std::uint64_t>(rows.integer(0));
      last_at = rows.integer(1);
      const auto size = [&rows](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
      bytes += row_bytes(size(2), size(3), size(4));
      remember = remember || (size(4) != 0 && last_at >= how.remember);
    }
  }
  if (count == 0) return 0;
  if (remember) {
    keep_said_.run(row.id, last, how.remember);
    any_said_ = true;
  }
  remove_.run(row.id, last);
  table_.touch(room);
  row.floor = last;
  row.floor_at = last_at;
  row.bytes -= std::min(row.bytes, bytes);
  row.count -= std::min(row.count, count);
  auto left = left_.query(row.id);
  row.oldest_at = left.next() ? left.integer(0) : 0;
  return count;
}

std::uint64_t Store::forget_said(std::int64_t before, std::uint64_t count) {
  if (!any_said_) return 0;
  forget_said_.run(before, count);
  return static_cast<std::uint64_t>(db_->changed());
}

// ---- transactions

Mark Store::prepare() {
  Mark mark;
  for (const auto& t : table_.touched()) {
    const auto& row = t.row->second;
    set_room_.run(row.head, row.floor, row.floor_at, row.bytes, row.count, row.id);
    if (mark.room.empty() && row.head != t.before.head) mark = {t.row->first, row.head};
  }
  next_turn_ = turn_;
  if (mark.room.empty()) {
    mark.number = ++next_turn_;
    set_turn_.run(mark.number);
  }
  return mark;
}

void Store::committed() {
  turn_ = next_turn_;
  table_.keep(places_);
}

void Store::roll_back() noexcept {
  if (db_->in_transaction()) sqlite3_exec(db_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  table_.take_back();
}

bool Store::has(const Mark& mark) {
  if (mark.room.empty()) return turn_ >= mark.number;
  const auto* room = table_.find(mark.room);
  return room != nullptr && room->second.head >= mark.number;
}

// ---- the file

Store::Size Store::size() {
  auto pages = pages_.query();
  pages.next();
  auto free = free_.query();
  free.next();
  return {static_cast<std::uint64_t>(pages.integer(0)), static_cast<std::uint64_t>(free.integer(0))};
}

void Store::shrink(std::uint64_t pages) {
  db_->exec(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
}

bool Store::checkpoint(bool empty) {
  int pages = -1, copied = -1;
  const int code = sqlite3_wal_checkpoint_v2(
      db_->get(), nullptr, empty ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
  // Busy: somebody reads from the log, and what could be copied is; or somebody else is at it, and nothing is known.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) throw Failure(code, sqlite3_errmsg(db_->get()));
  if (pages < 0) return false;
  *log_pages_ = static_cast<std::uint64_t>(std::max(0, pages - copied));
  return pages == copied;
}

}  // namespace chatbridge::sqlite
