// What the SQLite journal costs over SQLite: acknowledged appends per second beside a bare loop that commits the same
// rows in batches of the same sizes, and how fast pages are replayed. script/bench journal builds and runs it.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include "core/room.hpp"
#include "core/shard.hpp"
#include "server/journal/sqlite.hpp"
#include "server/journal/sqlite_db.hpp"

namespace chatbridge {
namespace {

using Clock = std::chrono::steady_clock;
using Batches = std::vector<std::size_t>;  // appends of each transaction

double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }
double median(std::vector<double> v) {
  std::ranges::sort(v);
  return v.empty() ? 0 : v[v.size() / 2];
}

std::string fresh_directory() {
  auto path = (std::filesystem::current_path() / "journal-bench-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no directory to work in");
  return path;
}

RoomName room_of(std::size_t i) { return RoomName::parse("room" + std::to_string(i)).value(); }

Message message_of(std::size_t writer, std::size_t i) {
  Message m;
  m.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  m.nick = "ann";
  m.text = std::string(64, 'x');
  m.id = "c" + std::to_string(i);
  m.session = "session of writer " + std::to_string(writer);
  return m;
}

SqliteOptions options_for(const std::string& dir, bool full, Batches* batches) {
  SqliteOptions o;
  o.path = dir + "/chat.db";
  o.sync_full = full;
  if (batches != nullptr) o.batch = [batches](std::size_t n) { batches->push_back(n); };
  return o;
}

// ---- appends

// Each writer waits for its acknowledgement before it speaks again; it speaks from the handler, as a server's clients
// whose next line is there already.
struct Writers {
  Writers(SqliteJournal& journal, std::size_t count) : journal(journal), count(count) {}
  SqliteJournal& journal;
  const std::size_t count;
  std::vector<std::size_t> said = std::vector<std::size_t>(count);
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> stored{0}, refused{0}, running{0};

  void say(std::size_t w) {
    journal.append(room_of(w), {message_of(w, said[w]++)}, [this, w](const auto& outcome) {
      ++(outcome ? stored : refused);
      stop ? static_cast<void>(--running) : say(w);
    });
  }
};

struct Figure {
  double rate = 0;
  Batches batches;
};

// Threads that block, one for each writer: as many as a server has shards and more.
Figure threads(bool full, std::size_t count, double seconds) {
  const auto dir = fresh_directory();
  Figure out;
  {
    SqliteJournal journal(options_for(dir, full, &out.batches));
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> stored{0};
    const auto began = Clock::now();
    {
      std::vector<std::jthread> all;
      for (std::size_t w = 0; w < count; ++w)
        all.emplace_back([&, w] {
          const auto room = room_of(w);
          for (std::size_t i = 0; !stop; ++i) {
            std::atomic<bool> done{false};
            journal.append(room, {message_of(w, i)}, [&](const auto& outcome) {
              if (outcome) ++stored;
              done = true;
              done.notify_one();
            });
            done.wait(false);
          }
        });
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
      stop = true;
    }
    out.rate = static_cast<double>(stored) / seconds_since(began);
    journal.close();
  }
  std::filesystem::remove_all(dir);
  return out;
}

Figure from_handlers(bool full, std::size_t count, double seconds) {
  const auto dir = fresh_directory();
  Figure out;
  {
    SqliteJournal journal(options_for(dir, full, &out.batches));
    Writers writers(journal, count);
    const auto began = Clock::now();
    writers.running = count;
    for (std::size_t w = 0; w < count; ++w) writers.say(w);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    writers.stop = true;
    while (writers.running > 0) std::this_thread::yield();
    out.rate = static_cast<double>(writers.stored) / seconds_since(began);
    journal.close();
  }
  std::filesystem::remove_all(dir);
  return out;
}

// All in one room, through core's Room: it gathers what waits while an append is under way.
class OneRoom : public Speaker {
 public:
  OneRoom(Room& room, Shard& shard, std::size_t count) : room_(room), shard_(shard), said_(count) {}
  void say(std::size_t w, const std::shared_ptr<OneRoom>& self) {
    auto m = message_of(w, said_[w]++);
    m.id += "-" + std::to_string(w);
    room_.append(std::move(m), self);
  }
  void settled(Room&, const std::string& id, std::size_t, const result<Appended>& outcome) override {
    if (outcome) ++stored;
    if (stop) {
      --running;
      return;
    }
    say(std::stoul(id.substr(id.find('-') + 1)), self.lock());
  }
  Shard& shard() override { return shard_; }
  std::weak_ptr<OneRoom> self;
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> stored{0}, running{0};

 private:
  Room& room_;
  Shard& shard_;
  std::vector<std::size_t> said_;
};

Figure one_room(bool full, std::size_t count, double seconds) {
  const auto dir = fresh_directory();
  Figure out;
  {
    SqliteJournal journal(options_for(dir, full, nullptr));
    Shard shard;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work(shard.io().get_executor());
    std::jthread thread([&] { shard.run(); });
    InFlight in_flight;
    const auto room = std::make_shared<Room>(room_of(0), journal, 1 << 20, in_flight);
    const auto speaker = std::make_shared<OneRoom>(*room, shard, count);
    speaker->self = speaker;
    const auto began = Clock::now();
    speaker->running = count;
    for (std::size_t w = 0; w < count; ++w) speaker->say(w, speaker);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    speaker->stop = true;
    while (speaker->running > 0) std::this_thread::yield();
    out.rate = static_cast<double>(speaker->stored) / seconds_since(began);
    work.reset();
    thread.join();
    journal.close();
  }
  std::filesystem::remove_all(dir);
  return out;
}

// The same rows into the same tables, by nobody but SQLite: in each transaction as many messages as there were in the
// journal's, each of its own room, whose row goes with it.
double bare(bool full, std::size_t count, const Batches& batches, double seconds) {
  const auto dir = fresh_directory();
  const auto path = dir + "/chat.db";
  { SqliteJournal(options_for(dir, full, nullptr)).close(); }
  std::size_t stored = 0;
  double took = 0;
  {
    sqlite::Db db(path, SQLITE_OPEN_READWRITE, nullptr);
    db.exec(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    db.exec("PRAGMA cache_size=-8192");
    sqlite::Statement begin(db, "BEGIN IMMEDIATE"), commit(db, "COMMIT");
    sqlite::Statement insert(db, "INSERT INTO messages VALUES(?,?,?,?,?,?,?,?,?,?,?)");
    sqlite::Statement set(db, "UPDATE rooms SET head=?, floor=?, floor_at=?, bytes=?, count=? WHERE id=?");
    begin.run();
    for (std::size_t w = 0; w < count; ++w)
      sqlite::Statement(db, "INSERT INTO rooms VALUES(?,?,0,0,0,0,0,0)").run(w + 1, room_of(w).str());
    commit.run();
    std::vector<std::size_t> said(count);
    const auto began = Clock::now();
    for (std::size_t next = 0, batch = 0; seconds_since(began) < seconds; batch = (batch + 1) % batches.size()) {
      begin.run();
      for (std::size_t i = 0; i < batches[batch]; ++i, next = (next + 1) % count) {
        const auto m = message_of(next, ++said[next]);
        insert.run(next + 1, said[next], m.at.time_since_epoch().count(), m.nick, 0, 0, 0, sqlite::Blob{m.text}, m.id,
                   static_cast<std::int64_t>(0x9E3779B97F4A7C15ULL * (next + 1)),
                   std::int64_t{1} << 40 | static_cast<std::int64_t>(next + 1));
        set.run(said[next], 0, 0, said[next] * 100, said[next], next + 1);
      }
      commit.run();
      stored += batches[batch];
    }
    took = seconds_since(began);
  }
  std::filesystem::remove_all(dir);
  return static_cast<double>(stored) / took;
}

void appends(std::size_t rounds, double seconds) {
  std::printf("acknowledged appends/s, medians of %zu rounds; bare: SQLite alone, same rows, same batches\n", rounds);
  std::printf("%-7s %-9s %8s %10s %10s %7s   %s\n", "sync", "writers", "how", "journal", "bare", "ratio",
              "appends a batch");
  for (const bool full : {false, true})
    for (const std::size_t count : {1, 16, 256})
      for (const bool blocking : {true, false}) {
        std::vector<double> journal, alone, ratio, mean;
        for (std::size_t r = 0; r < rounds; ++r) {
          const auto figure = blocking ? threads(full, count, seconds) : from_handlers(full, count, seconds);
          journal.push_back(figure.rate);
          alone.push_back(bare(full, count, figure.batches, seconds));
          ratio.push_back(journal.back() / alone.back());
          double all = 0;
          for (const auto n : figure.batches) all += static_cast<double>(n);
          mean.push_back(all / static_cast<double>(figure.batches.size()));
        }
        std::printf("%-7s %-9zu %8s %10.0f %10.0f %7.2f   %.1f\n", full ? "full" : "normal", count,
                    blocking ? "threads" : "handlers", median(journal), median(alone), median(ratio), median(mean));
        std::fflush(stdout);
      }
  std::printf("\nall in one room, through Room\n");
  for (const bool full : {false, true})
    for (const std::size_t count : {1, 16, 256}) {
      std::vector<double> rates;
      for (std::size_t r = 0; r < rounds; ++r) rates.push_back(one_room(full, count, seconds).rate);
      std::printf("%-7s %-9zu %19.0f\n", full ? "full" : "normal", count, median(rates));
      std::fflush(stdout);
    }
}

// ---- replay

void fill(SqliteJournal& journal, const RoomName& room, std::size_t messages) {
  constexpr std::size_t batch = 1000;
  for (std::size_t i = 0; i < messages; i += batch) {
    std::vector<Message> all;
    for (std::size_t k = 0; k < batch; ++k) all.push_back(message_of(0, i + k));
    std::atomic<bool> done{false};
    journal.append(room, std::move(all), [&](const auto&) {
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }
}

// A reader asks for the next page when it has one, as a cursor does.
struct Reader {
  Reader(SqliteJournal& journal, RoomName room, std::atomic<std::size_t>& running)
      : journal(journal), room(std::move(room)), running(running) {}
  SqliteJournal& journal;
  const RoomName room;
  std::atomic<std::size_t>& running;
  Seq place = seq_zero;
  std::size_t got = 0;

  void next() {
    journal.read_after(room, place, 256, [this](result<Page> page) {
      if (!page || page->messages.empty()) {
        running.fetch_sub(1);
        return;
      }
      got += page->messages.size();
      place = page->messages.back()->seq;
      next();
    });
  }
};

double replay(SqliteJournal& journal, const RoomName& room, std::size_t count, std::size_t& got) {
  std::atomic<std::size_t> running{count};
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::size_t i = 0; i < count; ++i) readers.push_back(std::make_unique<Reader>(journal, room, running));
  const auto began = Clock::now();
  for (const auto& r : readers) r->next();
  while (running > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto took = seconds_since(began);
  got = 0;
  for (const auto& r : readers) got += r->got;
  return static_cast<double>(got) / took;
}

void replays(std::size_t rounds, std::size_t messages) {
  const auto dir = fresh_directory();
  {
    SqliteJournal journal(options_for(dir, false, nullptr));
    const auto room = room_of(0);
    fill(journal, room, messages);
    std::printf("\nreplay of %zu messages by pages of 256, messages/s\n", messages);
    for (const std::size_t count : {1, 100}) {
      std::vector<double> rates;
      std::size_t got = 0;
      for (std::size_t r = 0; r < (count == 1 ? rounds : 1); ++r) rates.push_back(replay(journal, room, count, got));
      std::printf("%zu at once %12.0f   (%zu in all)\n", count, median(rates), got);
      std::fflush(stdout);
    }
    journal.close();
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace chatbridge

// journal_bench [rounds [seconds of each [messages to replay]]]
int main(int argc, char** argv) {
  const std::size_t rounds = argc > 1 ? std::stoul(argv[1]) : 5;
  const double seconds = argc > 2 ? std::stod(argv[2]) : 1;
  const std::size_t messages = argc > 3 ? std::stoul(argv[3]) : 1'000'000;
  chatbridge::appends(rounds, seconds);
  chatbridge::replays(rounds, messages);
}
