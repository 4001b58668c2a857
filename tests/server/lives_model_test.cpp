// Random lives of people on a journal that outlives the process: they speak with ids, stall, are cut off, come back to
// their place, say again what was not acknowledged; the hub ends at any moment and another begins on the same journal;
// the journal forgets its oldest. In the end everything said is there once, in its speaker's order, and each reader was
// given the room's order from where it began, once, less what a gap announced.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "server/journal/open.hpp"
#include "support/bench.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using test::Bench;
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

struct Seen {
  std::uint64_t from, to;  // a gap; or of one message: its seq twice, and what it says
  std::string text;
};

// Across its connections.
struct Person {
  std::size_t index = 0;
  std::string session;
  std::deque<std::pair<std::string, std::string>> outbox;  // id, text: not acknowledged yet
  std::map<std::string, std::uint64_t> acked;              // by text
  std::size_t said = 0;
  bool began = false;
  std::uint64_t start = 0, last = 0;
  std::vector<Seen> seen;
  std::unique_ptr<Reader> reader;
};

class Life {
 public:
  Life(std::uint64_t run, std::string path) : random_(run), path_(std::move(path)) {
    remove(path_);
    options_.url = "sqlite:" + path_;
    options_.sync_full = false;
    if (random_.one_in(3)) options_.max_messages = random_.between(5, 60);
    begin();
    const auto n = random_.between(2, 4);
    for (std::size_t i = 0; i < n; ++i) people_.emplace_back().index = i;
  }
  ~Life() {
    end();
    remove(path_);
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) step();
    drain();
    check();
  }

 private:
  void begin() {
    journal_ = open_journal(options_);
    HubOptions o;
    o.window_bytes = random_.one_in(2) ? 1 : random_.between(4096, 40'000);
    bench_ = std::make_unique<Bench>(*journal_, o, 2);
  }

  // What is under way is cut off: nobody hears what became of it.
  void end() {
    for (auto& p : people_) disconnect(p);
    journal_->close();
    bench_->poll();
    bench_.reset();
    journal_.reset();
  }

  void connect(Person& p) {
    if (p.reader) return;
    p.reader = std::make_unique<Reader>(*bench_, Wire::json_frame, Via::ws, random_.below(2));
    auto& reader = *p.reader;
    auto& hub = bench_->hub;
    const auto found = p.session.empty() ? Found{} : hub.find_session(p.session);
    must(p.session.empty() || found.session, "a session that is not known any more");
    reader->become(found.session ? found.session : keep(hub.new_session()));
    p.session = reader->session()->id();
    const auto max = random_.between(1, 3000);
    reader.piece = [this, max](std::size_t size) { return std::min(size, random_.between(1, max)); };
    const From from = p.began ? From{From::What::after, Seq{p.last}, 0} : From{};
    const auto place = number(reader.enter("lobby", from).seq());
    if (!std::exchange(p.began, true)) p.start = p.last = place;
    for (const auto& [id, what] : p.outbox) reader.say(what, "lobby", id);
  }

  // Durable before it is told, as a connection does it.
  std::shared_ptr<Session> keep(std::shared_ptr<Session> session) {
    std::atomic<bool> kept = false;
    bench_->hub.keep(*session, [&kept](result<void> done) { kept = done.has_value(); });
    poll_until([&] { return kept.load(); });
    return session;
  }

  void disconnect(Person& p) {
    if (!p.reader) return;
    take_in(p);
    p.reader->leave_for_good(Farewell::lost);
    p.reader.reset();
  }

  // What has arrived of frames that are whole.
  void take_in(Person& p) {
    auto& got = p.reader->got;
    std::size_t at = 0;
    while (got.size() - at >= 2) {
      std::size_t header = 2, size = static_cast<unsigned char>(got[at + 1]);
      if (size == 126) {
        header = 4;
        if (got.size() - at < header) break;
        size = static_cast<unsigned char>(got[at + 2]) << 8 | static_cast<unsigned char>(got[at + 3]);
      }
      if (got.size() - at < header + size) break;
      object(p, nlohmann::json::parse(got.substr(at + header, size)));
      at += header + size;
    }
    got.erase(0, at);
  }

  void object(Person& p, const nlohmann::json& o) {
    const std::string type = o["type"];
    if (type == "gap") {
      p.seen.push_back({o["from"], o["to"], {}});
      p.last = o["to"];
    } else if (type == "message") {
      p.last = o["seq"];
      p.seen.push_back({p.last, p.last, o["text"]});
    } else if (type == "ack") {
      const auto sent = std::ranges::find(p.outbox, o["id"].get<std::string>(), &decltype(p.outbox)::value_type::first);
      if (sent == p.outbox.end()) return;
      p.acked[sent->second] = o["seq"];
      p.outbox.erase(sent);
    }
  }

  void say(Person& p) {
    const auto id = std::to_string(p.index) + "-" + std::to_string(++p.said);
    p.outbox.emplace_back(id, id + " " + std::string(random_.between(1, random_.one_in(8) ? 1500 : 40), 'x'));
    if (p.reader) p.reader->say(p.outbox.back().second, "lobby", id);
  }

  void step() {
    auto& p = people_[random_.below(people_.size())];
    switch (random_.below(24)) {
      case 0:
        end();
        return begin();
      case 1:
      case 2:
        return disconnect(p);
      case 3:
        if (p.reader) p.reader->stall();
        return;
      case 4:
        if (p.reader) p.reader->resume(random_.one_in(2) ? SIZE_MAX : random_.below(3000));
        return;
      case 5:
        return poll_until([this] { return bench_->hub.in_flight().count() == 0; });
      case 6:
      case 7:
      case 8:
        return bench_->poll();
      case 9:
      case 10:
      case 11:
        return connect(p);
      default:
        for (auto n = random_.between(1, 6); n > 0; --n) say(p);
    }
  }

  template <class Condition>
  void poll_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (bench_->poll(); !condition(); bench_->poll()) {
      must(std::chrono::steady_clock::now() < deadline, "not in time");
      std::this_thread::yield();
    }
  }

  void drain() {
    for (auto& p : people_) {
      connect(p);
      p.reader->resume();
    }
    poll_until([this] {
      for (auto& p : people_) {
        take_in(p);
        if (!p.outbox.empty() || !(*p.reader)->drained() || p.last < number(journal_->head(lobby_))) return false;
      }
      return true;
    });
  }

  static void must(bool good, const char* wrong) {
    if (!good) FAIL(wrong);
  }

  void check() {
    // What was ever given a number: what is kept, and what people were told of the rest.
    std::map<std::uint64_t, std::string> all;
    std::uint64_t floor = 0;
    const auto note = [&](std::uint64_t seq, const std::string& text) {
      const auto [known, fresh] = all.emplace(seq, text);
      must(fresh || known->second == text, "two texts of one number");
    };
    for (Seq place = seq_zero;;) {
      Page page;
      bool came = false;
      std::mutex m;
      journal_->read_after(lobby_, place, 1000, [&](result<Page> read) {
        const std::lock_guard lock(m);
        page = *read;
        came = true;
      });
      poll_until([&] {
        const std::lock_guard lock(m);
        return came;
      });
      // What the file says: the journal's own number may follow a moment later.
      floor = std::max(floor, number(page.floor));
      for (const auto& message : page.messages) note(number(message->seq), message->text);
      if (page.messages.empty()) break;
      place = page.messages.back()->seq;
    }
    for (const auto& p : people_) {
      for (const auto& s : p.seen)
        if (s.from == s.to && !s.text.empty()) note(s.to, s.text);
      for (const auto& [text, seq] : p.acked) note(seq, text);
    }
    std::set<std::string> texts;
    std::map<std::string, std::size_t> last;
    for (const auto& [seq, text] : all) {
      must(texts.insert(text).second, "one text twice");
      const auto dash = text.find('-');
      const auto n = std::stoul(text.substr(dash + 1));
      auto& before = last[text.substr(0, dash)];
      must(n == before + 1, "a speaker's order is not the room's");
      before = n;
    }
    for (const auto& p : people_) must(last[std::to_string(p.index)] == p.said, "something said is not there");
    for (const auto& p : people_) {
      auto at = p.start;
      const auto none_between = [&](std::uint64_t to) {
        const auto next = all.upper_bound(at);
        must(next == all.end() || next->first >= to, "missed, and no gap told");
      };
      for (const auto& s : p.seen) {
        if (s.text.empty()) {
          must(s.from > at, "a gap over what it has, or was told of already");
          must(s.to <= floor, "a gap over what is kept");
          none_between(s.from);
        } else {
          must(s.to > at, "twice, or out of order");
          none_between(s.to);
        }
        at = s.to;
      }
      none_between(UINT64_MAX);
    }
  }

  Random random_;
  const std::string path_;
  const RoomName lobby_ = room("lobby");
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Bench> bench_;
  std::deque<Person> people_;
};

void lives(std::uint64_t from, std::uint64_t count, int steps) {
  for (std::uint64_t run = from; run < from + count; ++run) {
    RANDOM_RUN(run);
    Life(run, scratch() + "_" + std::to_string(from)).live(steps);
  }
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
