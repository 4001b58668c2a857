#include "server/journal/sqlite.hpp"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "server/journal/sqlite_check.hpp"
#include "server/journal/sqlite_schema.hpp"
#include "server/journal/sqlite_writer.hpp"

namespace chatbridge {
namespace {

SqliteOptions complete(SqliteOptions options) {
  if (options.boot.empty()) std::ifstream("/proc/sys/kernel/random/boot_id") >> options.boot;
  if (!options.now)
    options.now = [] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); };
  return options;
}

// With the file's name and advice in what it throws. The name is copied: options are moved away.
template <class F>
auto usable(std::string path, F use) {
  try {
    return use();
  } catch (const sqlite::Failure& f) {
    throw sqlite::unusable(path, f);
  }
}

std::vector<RoomName> read_rooms(sqlite::Db db) {
  sqlite::Statement all(db, "SELECT name FROM rooms WHERE count > 0");
  std::vector<RoomName> out;
  for (auto row = all.query(); row.next();)
    if (auto room = RoomName::parse(row.bytes(0))) out.push_back(*std::move(room));
  return out;
}

std::vector<SessionRecord> read_sessions(sqlite::Db db) {
  sqlite::Statement all(db, "SELECT id, nick, connected, in_grace, seen, token, room, place, earlier FROM sessions");
  std::vector<SessionRecord> out;
  const auto hash = [](std::string_view bytes) {
    SecretHash h{};
    std::memcpy(h.data(), bytes.data(), std::min(bytes.size(), h.size()));
    return h;
  };
  for (auto row = all.query(); row.next();) {
    auto& r = out.emplace_back();
    r.id = hash(row.bytes(0));
    r.nick = row.bytes(1);
    r.connected = row.integer(2) != 0;
    r.in_grace = row.integer(3) != 0;
    r.seen = sqlite::wall_time(row.integer(4));
    if (!row.null(5)) r.tokens.newest = hash(row.bytes(5));
    if (!row.null(8)) r.tokens.earlier = hash(row.bytes(8));
    r.room = row.bytes(6);
    r.place = Seq{static_cast<std::uint64_t>(row.integer(7))};
  }
  return out;
}

}  // namespace

struct SqliteJournal::Parts {
  explicit Parts(SqliteOptions given)
      : options(complete(std::move(given))),
        file(options.path, options.vfs),
        readers(file, options.stall),
        keeper(options, file, readers, places),
        writer(options, keeper),
        epoch{[this] {
          auto db = file.reader();
          return sqlite::meta_text(db, "epoch");
        }()} {}

  const SqliteOptions options;
  sqlite::File file;
  sqlite::Places places;
  sqlite::Readers readers;
  sqlite::Keeper keeper;
  sqlite::Writer writer;
  const Epoch epoch;

  // Threads that have not returned.
  std::mutex m;
  std::condition_variable returned;
  std::size_t reading = 0, writing = 0;
  std::vector<std::thread> threads;
  bool closed = false;

  bool wait(const std::size_t& running, Duration time) {
    std::unique_lock lock(m);
    return returned.wait_for(lock, time, [&] { return running == 0; });
  }
};

SqliteJournal::SqliteJournal(SqliteOptions options) {
  usable(options.path, [&] { parts_ = std::make_shared<Parts>(std::move(options)); });
  const auto start = [this](std::size_t& running, auto run) {
    ++running;
    parts_->threads.emplace_back([parts = parts_, &running, run] {
      run(*parts);
      {
        const std::lock_guard lock(parts->m);
        --running;
      }
      parts->returned.notify_all();
    });
  };
  for (std::size_t i = 0; i < sqlite::Readers::count; ++i) start(parts_->reading, [i](Parts& p) { p.readers.run(i); });
  start(parts_->reading, [](Parts& p) { p.readers.refuse_late(); });
  start(parts_->writing, [](Parts& p) { p.writer.run(); });
}

SqliteJournal::~SqliteJournal() { close(); }

const std::string& SqliteJournal::path() const { return parts_->file.path(); }
const Epoch& SqliteJournal::epoch() const { return parts_->epoch; }
Seq SqliteJournal::head(const RoomName& room) const { return parts_->places.head(room); }
Seq SqliteJournal::floor(const RoomName& room) const { return parts_->places.floor(room); }
std::string SqliteJournal::trouble() const { return parts_->keeper.trouble(); }

std::vector<RoomName> SqliteJournal::rooms() {
  return usable(parts_->file.path(), [this] { return read_rooms(parts_->file.reader()); });
}

std::vector<SessionRecord> SqliteJournal::sessions() {
  return usable(parts_->file.path(), [this] { return read_sessions(parts_->file.reader()); });
}

void SqliteJournal::append(const RoomName& room, std::vector<Message> batch, AppendHandler done) {
  parts_->writer.append(room, std::move(batch), std::move(done));
}
void SqliteJournal::put_session(SessionRecord record, DoneHandler done) {
  parts_->writer.put(std::move(record), std::move(done));
}
void SqliteJournal::forget_session(const SecretHash& id) { parts_->writer.forget(id); }

void SqliteJournal::read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) {
  parts_->readers.read({room, after, max, false, std::move(done)});
}
void SqliteJournal::read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) {
  parts_->readers.read({room, before, max, true, std::move(done)});
}

void SqliteJournal::close() {
  auto& p = *parts_;
  if (std::exchange(p.closed, true)) return;
  p.readers.close();
  const bool read = p.wait(p.reading, p.options.closing / 4);
  if (!read) p.readers.abandon();
  p.writer.close();
  const bool written = p.wait(p.writing, p.options.closing);
  if (!written) p.writer.abandon();
  // A thread that the disk does not let go has its share of the parts; the process ends without it.
  for (auto& t : p.threads) read&& written ? t.join() : t.detach();
  p.threads.clear();
  if (read && written) p.file.unlock();
}

}  // namespace chatbridge
