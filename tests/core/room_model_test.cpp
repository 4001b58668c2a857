// Thousands of short random lives of a hub, against what every client must have been given in the end:
// a raw client its rooms' order minus its own messages, minus what a gap announced; a JSON client all of it, once, with
// increasing numbers. Readers stall anywhere, windows are small, the journal answers late, fails, forgets.
#include <map>

#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using test::Random;
using test::Reader;
using test::room;

const std::vector<std::string> rooms{"a", "b"};

// A stretch of a client's time in a room: what is behind `after`, up to `until`, was for it.
struct Visit {
  std::uint64_t after, until = UINT64_MAX;
};

struct Person {
  Person(test::Bench& bench, std::size_t index, Wire wire, std::size_t shard, bool datagrams)
      : index(index), wire(wire), shard(shard), datagrams(datagrams), reader(bench, wire, Via::tcp, shard, datagrams) {
    reader->become(bench.hub.new_session());
  }
  bool raw() const { return wire != Wire::json_frame; }
  const std::size_t index;
  const Wire wire;
  const std::size_t shard;
  const bool datagrams;
  Reader reader;
  std::map<std::string, std::vector<Visit>> visits;  // by room
  std::size_t said = 0;
};

// What a client saw, in order: the beginning of a visit by its number, a message by its seq, or a gap.
struct Seen {
  enum class What { visit, message, gap } what;
  std::string room;
  std::uint64_t seq = 0, from = 0, to = 0;  // of a gap told in a line nothing is known
};

class Life {
 public:
  explicit Life(std::uint64_t run)
      : random_(run),
        list_(random_.one_in(2) ? SIZE_MAX : random_.between(3, 60), random_.between(1, 3)),
        journal_(list_),
        bench_(journal_, options(), 2) {
    journal_.early = random_.one_in(2);
    journal_.at_once = random_.one_in(2);
    list_.page_max = random_.one_in(3) ? random_.between(1, 5) : SIZE_MAX;
    may_fail_ = random_.one_in(3);
    journal_.fail = journal_.fail_reads = [this] { return may_fail_ && random_.one_in(8); };
    const auto n = random_.between(2, 5);
    for (std::size_t i = 0; i < n; ++i) {
      const auto wire = std::array{Wire::line, Wire::text_frame, Wire::json_frame}.at(random_.below(3));
      const bool datagrams = wire == Wire::line && random_.one_in(3);
      people_.push_back(std::make_unique<Person>(bench_, i, wire, random_.below(2), datagrams));
      auto& p = *people_.back();
      const auto max = random_.between(1, 3000);
      p.reader.readies = random_.one_in(2);
      p.reader.piece = [this, max](std::size_t size) { return std::min(size, random_.between(1, max)); };
      enter(p, random_.pick(rooms));
    }
    pad_ = random_.one_in(2) ? 40 : 1500;
    if (random_.one_in(2)) linger(std::chrono::hours(1));
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) step();
    drain();
    index();
    for (const auto& p : people_) check(*p);
    REQUIRE_FALSE(journal_.overlapped);
    REQUIRE(bench_.hub.in_flight().count() == 0);
    check_speakers();
  }

 private:
  HubOptions options() {
    HubOptions o;
    o.window_bytes = random_.one_in(2) ? 1 : random_.between(4096, 40'000);
    o.page_retry = std::chrono::milliseconds(1);
    return o;
  }

  void linger(Duration d) {
    for (auto& shard : bench_.shards) shard->set_linger(d);
  }

  std::uint64_t head(const std::string& name) { return number(list_.head(room(name))); }

  void enter(Person& p, const std::string& name) {
    From from;
    if (!p.raw() && random_.one_in(2)) from = {From::What::after, Seq{random_.below(head(name) + 1)}, 0};
    auto& visits = p.visits[name];
    visits.push_back({from.what == From::What::head ? head(name) : number(from.after)});
    // Told to it alone, so in front of everything of this visit.
    const auto n = std::to_string(visits.size() - 1);
    if (p.raw()) {
      p.reader->tell("*** visit " + name + n);
    } else {
      p.reader->tell_json(R"({"type":"visit","room":")" + name + R"(","seq":)" + n + "}");
    }
    p.reader.enter(name, from);
  }

  void leave(Person& p, const std::string name) {  // a copy: the room may go
    p.reader->leave(room(name));
    p.visits[name].back().until = head(name);
  }

  void move(Person& p) {
    const auto& name = random_.pick(rooms);
    auto* here = p.reader->find(name);
    if (p.raw()) {
      if (here != nullptr) return;
      leave(p, p.reader->first()->room().name().str());
      return enter(p, name);
    }
    if (here == nullptr) return enter(p, name);
    leave(p, name);
  }

  void say(Person& p) {
    if (p.reader->first() == nullptr) return;
    const auto name = p.raw() ? p.reader->first()->room().name().str() : random_.pick(rooms);
    if (p.reader->find(name) == nullptr) return;
    const auto id = std::to_string(p.index) + "-" + std::to_string(++p.said);
    const auto what = id + " " + std::string(random_.below(pad_) + 1, 'x');
    const auto speak = [&] { p.reader.say(what, name, p.raw() ? "" : id); };
    if (random_.one_in(2)) return speak();
    bench_.on_shard(speak, p.shard);
  }

  void step() {
    auto& p = *random_.pick(people_);
    switch (random_.below(16)) {
      case 0:
        return move(p);
      case 1:
        return p.reader.stall();
      case 2:
        p.reader.credit = random_.one_in(2) ? SIZE_MAX : random_.below(p.datagrams ? 3 : 3000);
        return p.reader.flush();
      case 3:
        journal_.hold_appends = random_.one_in(2);
        journal_.hold_reads = random_.one_in(2);
        return;
      case 4:
        if (random_.one_in(2)) return linger(random_.one_in(2) ? std::chrono::hours(1) : Duration{});
        return bench_.hub.flush_presence();
      case 5:
        return void(p.reader->rename("p" + std::to_string(p.index) + "_" + std::to_string(random_.below(5))));
      case 6:
      case 7:
        if (journal_.held() > 0) journal_.release(random_.below(journal_.held()));
        return;
      case 8:
      case 9:
        return bench_.poll();
      default:
        for (auto n = random_.between(1, 8); n > 0; --n) say(p);
    }
  }

  void drain() {
    journal_.hold_appends = journal_.hold_reads = may_fail_ = false;
    journal_.release_all();
    bench_.poll();
    linger({});
    for (const auto& p : people_) p->reader.credit = SIZE_MAX;
    // A page that could not be read is asked for again when its reader is flushed.
    for (const auto& p : people_) p->reader.flush();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    do {
      bench_.poll();
    } while (std::chrono::steady_clock::now() < deadline &&
             !std::ranges::all_of(people_, [](const auto& p) { return p->reader->drained(); }));
    for (const auto& p : people_) REQUIRE(p->reader->drained());
  }

  // Of a message's text: who said it, as "client-number".
  static std::string id_of(const std::string& text) { return text.substr(0, text.find(' ')); }

  std::vector<Seen> seen(const Person& p) {
    using enum Seen::What;
    std::vector<Seen> out;
    if (!p.raw()) {
      for (const auto& o : p.reader.objects()) {
        if (o["type"] == "visit") out.push_back({visit, o["room"], o["seq"]});
        if (o["type"] == "gap") out.push_back({gap, o["room"], 0, o["from"], o["to"]});
        if (o["type"] != "message") continue;
        out.push_back({message, o["room"], o["seq"]});
        must(o["text"] == by_seq(o["room"], o["seq"])->text, "another text");
      }
      return out;
    }
    auto lines = p.wire == Wire::line ? p.reader.lines() : p.reader.payloads();
    if (p.datagrams) {
      lines.clear();
      for (const auto& d : p.reader.datagrams) lines.push_back(d.substr(0, d.size() - 1));
    }
    const std::string mark = "*** visit ";
    for (const auto& line : lines) {
      if (line.starts_with(mark))
        out.push_back({visit, line.substr(mark.size(), 1), std::stoul(line.substr(mark.size() + 1))});
      if (line.starts_with("*** you missed")) out.push_back({gap, out.back().room});
      if (line.starts_with("*** ")) continue;
      const auto& [name, m] = by_id(id_of(line.substr(line.find(": ") + 2)));
      out.push_back({message, name, number(m->seq)});
      must(line == m->nick + ": " + m->text, "another text");
    }
    return out;
  }

  // REQUIRE for what is checked a million times.
  static void must(bool good, const char* wrong) {
    if (!good) FAIL(wrong);
  }

  void index() {
    for (const auto& name : rooms)
      for (const auto& m : list_.all(room(name))) {
        by_seq_[{name, number(m->seq)}] = m;
        by_id_[id_of(m->text)] = {name, m};
      }
  }
  const MessagePtr& by_seq(const std::string& name, std::uint64_t seq) { return by_seq_.at({name, seq}); }
  const std::pair<std::string, MessagePtr>& by_id(const std::string& id) { return by_id_.at(id); }

  void check(Person& p) {
    const auto all = seen(p);
    for (const auto& name : rooms) check(p, name, all);
  }

  // Walks what `p` saw of a room along what was said there.
  void check(Person& p, const std::string& name, const std::vector<Seen>& all) {
    INFO("client " << p.index << ", wire " << int(p.wire) << (p.datagrams ? ", datagrams" : "") << ", room " << name);
    const auto& visits = p.visits[name];
    std::uint64_t visit = UINT64_MAX, at = 0;  // all of the visit's messages up to here are accounted for
    bool gap = false;                          // told in a line just before
    for (const auto& s : all) {
      if (s.room != name) continue;
      if (s.what == Seen::What::visit) {
        must(s.seq == visit + 1, "visits out of order");
        visit = s.seq;
        at = visits[visit].after;
        gap = false;
      } else if (s.what == Seen::What::gap) {
        gap = p.raw();
        if (gap) continue;
        must(s.from == at + 1, "a gap that is not where it was");
        must(s.to <= number(list_.floor(room(name))), "a gap over what is kept");
        at = s.to;
      } else {
        must(s.seq > at, "twice, or out of order");
        must(s.seq <= visits[visit].until, "said after it had left");
        must(!p.raw() || by_seq(name, s.seq)->origin != p.reader.id(), "its own");
        account(p, name, at, s.seq, gap);
        at = s.seq;
        gap = false;
      }
    }
    REQUIRE(visit + 1 == visits.size());
    if (!visits.empty() && visits.back().until == UINT64_MAX) account(p, name, at, head(name) + 1, gap);
  }

  // Nothing between two places was for `p`, but what is gone and was said to be.
  void account(Person& p, const std::string& name, std::uint64_t from, std::uint64_t to, bool gap) {
    const auto floor = number(list_.floor(room(name)));
    for (auto next = by_seq_.upper_bound({name, from}); next != by_seq_.end() && next->first < Place{name, to};
         ++next) {
      const auto seq = next->first.second;
      if (p.raw() && next->second->origin == p.reader.id()) continue;
      must(gap && seq <= floor, "not seen, and no gap told");
    }
  }

  // Each speaker's order is every room's order.
  void check_speakers() {
    for (const auto& name : rooms) {
      std::map<ClientId, std::size_t> last;
      for (const auto& m : list_.all(room(name))) {
        const auto n = std::stoul(m->text.substr(m->text.find('-') + 1));
        must(n > last[m->origin], "a speaker's order is not the room's");
        last[m->origin] = n;
      }
    }
  }

  Random random_;
  test::ListJournal list_;
  test::DelayedJournal journal_;
  test::Bench bench_;
  std::vector<std::unique_ptr<Person>> people_;
  using Place = std::pair<std::string, std::uint64_t>;
  std::map<Place, MessagePtr> by_seq_;
  std::map<std::string, std::pair<std::string, MessagePtr>> by_id_;
  std::size_t pad_ = 40;
  bool may_fail_ = false;
};

TEST_CASE("whatever happens, every client is given its rooms' order, once, less its own and what a gap announced") {
  for (std::uint64_t run = 0; run < 2000; ++run) {
    RANDOM_RUN(run);
    Life(run).live(80);
  }
}

TEST_CASE("the same, for long", "[long]") {
  for (std::uint64_t run = 0; run < 100'000; ++run) {
    RANDOM_RUN(run);
    Life(1'000'000 + run).live(200);
  }
}

}  // namespace
}  // namespace chatbridge
