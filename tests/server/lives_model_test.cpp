// Random lives of people on a journal that outlives the process: they speak with ids, stall, are cut off, come back to
// their place, say again what was not acknowledged; the hub ends or is killed at any moment and another begins on the
// same journal; the journal forgets its oldest. In the end everything said is there once, in its speaker's order, and
// each reader was given the room's order from where it began, once, less what a gap announced. Others have a plain
// connection and come back with tokens: what must hold for them says lives_raw.hpp.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <thread>

#include "server/journal/open.hpp"
#include "server/lives_raw.hpp"
#include "server/lives_v1.hpp"

namespace chatbridge {
namespace {

using lives::must;
using lives::newest_count;
using lives::Person;
using lives::RawPerson;
using lives::Reading;
using lives::Saying;
using lives::speaker;
using lives::Story;
using lives::Tally;
using test::Bench;
using test::MortalJournal;
using test::Random;
using test::Reader;
using test::room;

// In memory where there is such a place: what is tested is not the disk.
std::string scratch() {
  const std::string in_memory = "/dev/shm";
  struct stat there {};
  const auto base = ::stat(in_memory.c_str(), &there) == 0 ? in_memory : std::string("/tmp");
  return base + "/chatbridge_lives_" + std::to_string(::getpid());
}

void remove(const std::string& path) {
  for (const auto* end : {"", "-wal", "-shm"}) ::unlink((path + end).c_str());
}

class Life {
 public:
  Life(std::uint64_t run, std::string path, Tally& tally) : random_(run), path_(std::move(path)) {
    remove(path_);
    options_.url = "sqlite:" + path_;
    options_.sync_full = false;
    if (random_.one_in(3)) options_.max_messages = random_.between(5, 60);
    begin();
    const auto raw = random_.between(0, 2), n = random_.between(2, raw > 0 ? 3 : 4);
    for (std::size_t i = 0; i < n; ++i) {
      auto& p = people_.emplace_back();
      p.index = i;
      p.newest = random_.one_in(3);
      p.rooms[lives::rooms[0]];
      if (random_.one_in(4)) p.rooms[lives::rooms[1]];
    }
    for (std::size_t i = 0; i < raw; ++i) raw_.emplace_back(n + i, random_, tally);
  }
  ~Life() {
    raw_.clear();
    people_.clear();
    end();
    remove(path_);
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (journal_->dead()) restart(true);
    }
    journal_->live_on();
    drain();
    check();
  }

 private:
  void begin() {
    journal_ = std::make_unique<MortalJournal>(opened(), ledger_);
    HubOptions o;
    o.window_bytes = random_.one_in(2) ? 1 : random_.between(4096, 40'000);
    bench_ = std::make_unique<Bench>(*journal_, o, 2);
    ++hubs_;
  }

  // On a busy machine a thread of the last one may not have let the file go in the time it has.
  std::unique_ptr<Journal> opened() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      try {
        return open_journal(options_);
      } catch (const JournalError&) {
        if (std::chrono::steady_clock::now() > deadline) throw;
      }
    }
  }

  // What is under way is cut off: nobody hears what became of it. Whether the journal lived to see it.
  bool end() {
    if (!bench_) return false;  // the last one could not begin
    for (auto& p : people_) disconnect(p);
    for (auto& p : raw_) p.disconnect();
    const bool killed = journal_->dead();
    journal_->close();
    bench_->poll();
    bench_.reset();
    journal_.reset();
    return !killed;
  }

  // Killed: no place is told to the journal any more, and nothing to anybody.
  void restart(bool killed) {
    if (killed) {
      journal_->die();
      for (auto& p : people_)
        if (p.reader) p.reader->stall();
      for (auto& p : raw_) p.stall();
    }
    const bool told = end();
    begin();
    for (auto& p : raw_) p.restarted(ledger_, !told);
    if (random_.one_in(4)) journal_->die_after(random_.below(60));
  }

  void connect(Person& p) {
    if (p.reader) return;
    p.reader = std::make_unique<Reader>(*bench_, Wire::json_frame, Via::ws, random_.below(2));
    auto& reader = *p.reader;
    auto& hub = bench_->hub;
    const auto found = p.session.empty() ? Found{} : hub.find_session(p.session);
    must(p.session.empty() || found.session, "a session that is not known any more");
    reader->become(found.session ? found.session : hub.new_session());
    if (!found.session && !keep(reader->session_ptr())) return p.reader.reset();
    p.session = reader->session()->id();
    const auto max = random_.between(1, 3000);
    reader.piece = [this, max](std::size_t size) { return std::min(size, random_.between(1, max)); };
    for (auto& [name, reading] : p.rooms) enter(p, name, reading);
    for (const auto& s : p.outbox) reader.say(s.text, s.room, s.id);
  }

  void enter(Person& p, const std::string& name, Reading& r) {
    const auto opened = bench_->hub.open(room(name), {}).value();
    auto from = r.began ? From{From::What::after, Seq{r.last}, 0} : From{};
    if (!r.began) {
      r.newest = p.newest;
      if (r.newest) from = {From::What::last, {}, newest_count};
      r.head = number(opened->head());
    }
    const auto place = number(p.reader->enter(name, from).seq());
    if (!r.began) r.head_after = number(opened->head());
    bench_->hub.close(room(name));
    // Who begins with the newest knows no place before something has come.
    if (!r.newest && !std::exchange(r.began, true)) r.start = r.last = place;
  }

  // Durable before it is told, as a connection does it. False: not before the end.
  bool keep(const std::shared_ptr<Session>& session) {
    // What was handed over before the end may be answered after it.
    const auto kept = std::make_shared<std::atomic<bool>>(false);
    bench_->hub.keep(session, [kept](result<void> done) { *kept = done.has_value(); });
    poll_until([&] { return kept->load(); });
    return *kept;
  }

  void disconnect(Person& p) {
    if (!p.reader) return;
    lives::take_in(p);
    p.reader->leave_for_good(Farewell::lost);
    p.reader.reset();
  }

  void say(Person& p) {
    const auto& name = lives::rooms[random_.below(p.rooms.size())];
    const auto id = speaker(p.index, name) + "-" + std::to_string(++p.rooms[name].said);
    p.outbox.push_back({id, name, id + " " + std::string(random_.between(1, random_.one_in(8) ? 1500 : 40), 'x')});
    if (p.reader) p.reader->say(p.outbox.back().text, name, id);
  }

  void step() {
    const auto what = random_.below(24);
    if (what == 0) return restart(random_.one_in(2));
    if (what == 5) return poll_until([this] { return bench_->hub.in_flight().count() == 0; });
    if (what >= 6 && what <= 8) return bench_->poll();
    raw_.empty() || random_.one_in(2) ? step(random_.pick(people_), what) : step(random_.pick(raw_), what);
  }

  void step(Person& p, std::size_t what) {
    switch (what) {
      case 1:
      case 2:
        return disconnect(p);
      case 3:
        if (p.reader) p.reader->stall();
        return;
      case 4:
        if (p.reader) p.reader->resume(random_.one_in(2) ? SIZE_MAX : random_.below(3000));
        return;
      case 9:
      case 10:
      case 11:
        return connect(p);
      default:
        for (auto n = random_.between(1, 6); n > 0; --n) say(p);
    }
  }

  void step(RawPerson& p, std::size_t what) {
    switch (what) {
      case 1:
      case 2:
        return p.disconnect(false);
      case 3:
        return p.stall();
      case 4:
        return p.resume(random_.one_in(2) ? SIZE_MAX : random_.below(3000));
      case 9:
      case 10:
      case 11:
      case 12:
        p.connect(*bench_);
        if (!random_.one_in(4)) poll_until([&p] { return !p.waits(); });
        return;
      case 13:
        if (!random_.one_in(3)) return p.be_robbed(*bench_);
        if (random_.one_in(2)) journal_->die_after(random_.between(0, 2));  // while it asks
        return p.ask();
      case 14:
        return p.take_in();
      case 15:
      case 16:
        return p.acknowledge();
      default:
        for (auto n = random_.between(1, 6); n > 0; --n) p.say(hubs_);
    }
  }

  // Or until the journal is dead.
  template <class Condition>
  void poll_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (bench_->poll(); !condition() && !journal_->dead(); bench_->poll()) {
      must(std::chrono::steady_clock::now() < deadline, "not in time");
      std::this_thread::yield();
    }
  }

  void drain() {
    for (auto& p : people_) {
      connect(p);
      p.reader->resume();
    }
    for (auto& p : raw_) p.resume();
    poll_until([this] {
      if (bench_->hub.in_flight().count() > 0) return false;  // also of those who are gone
      for (auto& p : people_) {
        lives::take_in(p);
        if (!p.outbox.empty() || !(*p.reader)->drained()) return false;
        for (const auto& [name, reading] : p.rooms)
          if (reading.last < number(journal_->head(room(name)))) return false;
      }
      return std::ranges::all_of(raw_, [this](auto& p) { return p.settled(*bench_, *journal_); });
    });
  }

  // What was ever given a number: what is kept, what people were told of the rest, and what the journal stored.
  Story tell(const std::string& name) {
    Story story;
    for (Seq place = seq_zero;;) {
      Page page;
      bool came = false;
      std::mutex m;
      journal_->read_after(room(name), place, 1000, [&](result<Page> read) {
        const std::lock_guard lock(m);
        page = *read;
        came = true;
      });
      poll_until([&] {
        const std::lock_guard lock(m);
        return came;
      });
      // What the file says: the journal's own number may follow a moment later.
      story.floor = std::max(story.floor, number(page.floor));
      for (const auto& message : page.messages) story.note(number(message->seq), message->text);
      if (page.messages.empty()) break;
      place = page.messages.back()->seq;
    }
    for (auto& p : people_) {
      const auto reading = p.rooms.find(name);
      if (reading == p.rooms.end()) continue;
      for (const auto& s : reading->second.seen)
        if (!s.text.empty()) story.note(s.to, s.text);
      for (const auto& [text, seq] : p.acked[name]) story.note(seq, text);
    }
    for (const auto& [seq, text] : ledger_.said(room(name))) story.note(seq, text);
    return story;
  }

  void check() {
    std::map<std::string, Story> stories;
    for (const auto& name : lives::rooms) stories.emplace(name, tell(name));
    for (const auto& p : people_)
      for (const auto& [name, reading] : p.rooms) {
        lives::check_said(stories[name], speaker(p.index, name), reading.said);
        lives::check_seen(stories[name], reading);
      }
    for (const auto& p : raw_) p.check(stories, hubs_);
  }

  Random random_;
  const std::string path_;
  JournalOptions options_;
  MortalJournal::Ledger ledger_;
  std::unique_ptr<MortalJournal> journal_;
  std::unique_ptr<Bench> bench_;
  std::size_t hubs_ = 0;
  std::deque<Person> people_;
  std::deque<RawPerson> raw_;
};

void lives(std::uint64_t from, std::uint64_t count, int steps) {
  Tally tally;
  for (std::uint64_t run = from; run < from + count; ++run) {
    RANDOM_RUN(run);
    Life(run, scratch() + "_" + std::to_string(from), tally).live(steps);
  }
  INFO("--rng-seed " << Catch::rngSeed() << ": came back " << tally.came_back << ", after a kill " << tally.from_killed
                     << ", by taking over " << tally.took_over << "; given again " << tally.repeated
                     << "; tokens lost with the hub " << tally.lost_by_kill << ", with the connection "
                     << tally.lost_by_line);
  // What is to be seen is there to be seen; to lose a token is rare.
  CHECK(tally.from_killed > 0);
  CHECK(tally.took_over > 0);
  CHECK(tally.repeated > 0);
  CHECK((tally.lost_by_kill + tally.lost_by_line) * 20 < tally.came_back);
}

// In parts, so that they run beside each other.
TEST_CASE("lives on a journal that outlives the process: part 1 of 8") { lives(0, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 2 of 8") { lives(1250, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 3 of 8") { lives(2500, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 4 of 8") { lives(3750, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 5 of 8") { lives(5000, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 6 of 8") { lives(6250, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 7 of 8") { lives(7500, 1250, 60); }
TEST_CASE("lives on a journal that outlives the process: part 8 of 8") { lives(8750, 1250, 60); }
TEST_CASE("the same lives for long", "[long]") { lives(1'000'000, 20'000, 150); }

}  // namespace
}  // namespace chatbridge
