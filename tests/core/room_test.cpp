// From a client's message to the journal and back: core/room, core/shard, and the speaking side of core/client.
#include "core/room.hpp"

#include <thread>

#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;
using test::room;

TEST_CASE("nobody sees a message before the journal has settled it") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::json_frame), bob(bench, Wire::line);
  ann.attach(), bob.attach();
  ann.say("hi", "lobby", "c1");
  bench.poll();
  CHECK(bob.got.empty());
  CHECK(ann.got.empty());
  CHECK(ann->in_flight() == 1);
  CHECK(bench.hub.in_flight().count() == 1);
  journal.release();
  bench.poll();
  CHECK(bob.lines() == Lines{"guest-1: hi"});
  CHECK(ann.objects("message").size() == 1);
  CHECK(ann.objects("ack") == std::vector{nlohmann::json::parse(R"({"type":"ack","id":"c1","room":"lobby","seq":1})")});
  CHECK(ann->in_flight() == 0);
  CHECK(bench.hub.in_flight().count() == 0);
}

TEST_CASE("one append of a room is under way, the rest goes with the next, in order") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line), reader(bench, Wire::line);
  for (auto* r : {&ann, &bob, &reader}) r->attach();
  for (int i = 0; i < 10; ++i) (i % 2 == 0 ? ann : bob).say(std::to_string(i));
  bench.poll();
  CHECK(journal.held() == 1);
  journal.release();
  bench.poll();
  CHECK(reader.lines() == Lines{"guest-1: 0"});
  CHECK(journal.held() == 1);
  journal.release();
  bench.poll();
  CHECK(journal.held() == 0);
  CHECK_FALSE(journal.overlapped);
  REQUIRE(reader.lines().size() == 10);
  for (int i = 0; i < 10; ++i)
    CHECK(reader.lines()[static_cast<std::size_t>(i)] ==
          "guest-" + std::to_string(i % 2 + 1) + ": " + std::to_string(i));
}

TEST_CASE("what is said together is one append of a journal that takes its time, and one send") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  journal.at_once = false;
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line);
  ann.attach(), bob.attach();
  bench.poll();
  for (int i = 0; i < 10; ++i) ann.say(std::to_string(i));
  CHECK(journal.held() == 0);
  bench.poll();
  CHECK(journal.held() == 1);
  const auto flushes = bob.flushes;
  journal.release();
  bench.poll();
  CHECK(bob.lines().size() == 10);
  CHECK(bob.flushes == flushes + 1);
}

TEST_CASE("rooms do not wait for each other") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::json_frame);
  ann.attach("a"), ann.attach("b");
  ann.say("in a", "a");
  ann.say("in b", "b");
  REQUIRE(journal.held() == 2);
  journal.release(1);
  bench.poll();
  REQUIRE(ann.objects("message").size() == 1);
  CHECK(ann.objects("message")[0]["room"] == "b");
  journal.release();
  bench.poll();
  CHECK(ann.objects("message").size() == 2);
}

TEST_CASE("a settled message is told on the sender's own shard, and read on every other") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal, {}, 3);
  test::Reader ann(bench, Wire::json_frame, Via::ws, 0), bob(bench, Wire::line, Via::tcp, 1),
      cat(bench, Wire::line, Via::tcp, 2);
  for (auto* r : {&ann, &bob, &cat}) r->attach();
  bench.poll();
  ann.say("hi", "lobby", "c1");
  bench.on_shard([&] { journal.release(); }, 2);
  CHECK(ann.objects("ack").size() == 1);
  CHECK(ann.objects("message").size() == 1);
  CHECK(bob.lines() == Lines{"guest-1: hi"});
  CHECK(cat.lines() == Lines{"guest-1: hi"});
}

TEST_CASE("the same id again is acknowledged with the same number and shown once") {
  test::ListJournal journal;
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::json_frame), bob(bench, Wire::line);
  ann.attach(), bob.attach();
  ann.say("first wins", "lobby", "c1");
  ann.say("second", "lobby", "c1");
  bench.poll();
  CHECK(bob.lines() == Lines{"guest-1: first wins"});
  const auto acks = ann.objects("ack");
  REQUIRE(acks.size() == 2);
  CHECK(acks[0] == acks[1]);
  CHECK(ann.objects("message").size() == 1);
}

TEST_CASE("append that fails at journal call n leaves readers unchanged, for every n") {
  for (std::size_t n = 1; n <= 12; ++n) {
    INFO("the journal fails at call " << n);
    test::ListJournal list;
    test::FailingJournal journal(list, n);
    test::Bench bench(journal);
    test::Reader ann(bench, Wire::line), json(bench, Wire::json_frame), bob(bench, Wire::line);
    for (auto* r : {&ann, &json, &bob}) r->attach();
    Lines expected;
    for (std::size_t i = 1; i <= 12; ++i) {
      const auto what = std::to_string(i);
      if (i % 2 == 0) {
        ann.say(what);
      } else {
        json.say(what, "lobby", "c" + what);
      }
      bench.poll();
      if (i != n) expected.push_back((i % 2 == 0 ? "guest-1: " : "guest-2: ") + what);
      CHECK(bob.lines() == expected);
    }
    CHECK(journal.calls() == 12);
    const auto told = ann.lines();
    CHECK(std::ranges::count(told, "*** the journal does not answer") == (n % 2 == 0 ? 1 : 0));
    CHECK(json.objects("ack").size() == (n % 2 == 0 ? 6 : 5));
    const auto errors = json.objects("error");
    REQUIRE(errors.size() == (n % 2 == 0 ? 0 : 1));
    if (errors.empty()) continue;
    CHECK(errors[0]["code"] == "overloaded");
    CHECK(errors[0]["id"] == "c" + std::to_string(n));
    CHECK(errors[0]["room"] == "lobby");
  }
}

TEST_CASE("a failed batch is refused to each of its senders, and what came meanwhile goes on") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line), reader(bench, Wire::line);
  for (auto* r : {&ann, &bob, &reader}) r->attach();
  ann.say("1");
  ann.say("2"), bob.say("3");
  journal.release();
  journal.fail = [] { return true; };
  bob.say("4");
  journal.release();
  journal.fail = [] { return false; };
  journal.release();
  bench.poll();
  CHECK(reader.lines() == Lines{"guest-1: 1", "guest-2: 4"});
  CHECK(std::ranges::count(ann.lines(), "*** the journal does not answer") == 1);
  CHECK(std::ranges::count(bob.lines(), "*** the journal does not answer") == 1);
  CHECK(bench.hub.in_flight().count() == 0);
  CHECK(ann->in_flight() + bob->in_flight() == 0);
}

TEST_CASE("a client with too much in the journal or unread is congested until it is not") {
  HubOptions o;
  o.pending_bytes = 10'000;
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal, o);
  test::Reader ann(bench, Wire::line);
  ann.attach();
  for (int i = 0; i < 2; ++i) ann.say(std::string(4500, 'x'));
  CHECK_FALSE(ann->congested());
  ann.say(std::string(1000, 'y'));
  CHECK(ann->congested());
  while (journal.held() > 0) journal.release(), bench.poll();
  CHECK_FALSE(ann->congested());
  ann.stall();
  for (int i = 0; i < 3; ++i) ann->tell(std::string(4000, 'z'));
  CHECK(ann->congested());
  ann.resume();
  CHECK_FALSE(ann->congested());
}

TEST_CASE("a message of somebody who is gone still reaches the others") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader bob(bench, Wire::line);
  auto ann = std::make_unique<test::Reader>(bench, Wire::line);
  bob.attach(), ann->attach();
  ann->say("bye");
  ann->leave_for_good();
  ann.reset();
  journal.release();
  bench.poll();
  CHECK(bob.lines() == Lines{"guest-2: bye"});
}

TEST_CASE("appends that always find another one waiting do not go deeper and deeper") {
  // As when one shard's appends keep coming while another shard settles, with a journal that answers at once.
  class Busy final : public Journal {
   public:
    explicit Busy(Journal& inner) : inner_(inner) {}
    const Epoch& epoch() const override { return inner_.epoch(); }
    std::vector<RoomName> rooms() override { return {}; }
    Seq head(const RoomName& r) const override { return inner_.head(r); }
    Seq floor(const RoomName& r) const override { return inner_.floor(r); }
    void append(const RoomName& r, std::vector<Message> batch, AppendHandler done) override {
      const char here = 0;
      const auto at = reinterpret_cast<std::uintptr_t>(&here);
      lowest = std::min(lowest, at), highest = std::max(highest, at);
      if (--left > 0) again();
      inner_.append(r, std::move(batch), std::move(done));
    }
    void read_after(const RoomName&, Seq, std::size_t, ReadHandler) override {}
    void read_before(const RoomName&, Seq, std::size_t, ReadHandler) override {}
    std::vector<SessionRecord> sessions() override { return {}; }
    void put_session(SessionRecord, DoneHandler) override {}
    void forget_session(const SecretHash&) override {}
    std::string trouble() const override { return {}; }
    void close() override {}
    std::function<void()> again;
    int left = 200;
    std::uintptr_t lowest = UINTPTR_MAX, highest = 0;

   private:
    Journal& inner_;
  };
  test::ListJournal list;
  Busy journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line);
  ann.attach();
  journal.again = [&] { ann.say("more"); };
  ann.say("first");
  bench.poll();
  CHECK(list.head(room("lobby")) == Seq{200});
  CHECK(journal.highest - journal.lowest < 16 * 1024);
}

TEST_CASE("who leaves in the middle of a walk costs nobody else what is said") {
  test::ListJournal journal;
  test::Bench bench(journal, {}, 2);
  std::vector<std::unique_ptr<test::Reader>> readers;
  for (int i = 0; i < 4; ++i) readers.push_back(std::make_unique<test::Reader>(bench, Wire::line));
  for (auto& r : readers) r->attach();
  test::Reader speaker(bench, Wire::line, Via::tcp, 1);
  speaker.attach();
  bench.poll();
  const auto leaver = static_cast<std::size_t>(GENERATE(0, 1, 2, 3)),
             leaves = static_cast<std::size_t>(GENERATE(0, 1, 3));
  readers[leaver]->on_flush = [&] {
    auto& client = **readers[leaves];
    if (client.first() != nullptr) client.leave(room("lobby"));
  };
  speaker.say("hello");
  bench.poll();
  for (std::size_t i = 0; i < readers.size(); ++i)
    if (i != leaves) CHECK(readers[i]->lines().size() == 1);
}

TEST_CASE("the idle callback comes once, when nothing is in flight, and does not wait for what starts later") {
  InFlight in_flight;
  int idle = 0;
  in_flight.when_idle([&] { ++idle; });
  CHECK(idle == 1);
  in_flight.add();
  in_flight.add();
  in_flight.when_idle([&] { ++idle; });
  in_flight.settle();
  CHECK(idle == 1);
  in_flight.settle();
  CHECK(idle == 2);
  in_flight.add();
  in_flight.settle();
  CHECK(idle == 2);
  CHECK(in_flight.count() == 0);
}

TEST_CASE("many threads in flight: idle comes once, at the end") {
  for (int round = 0; round < 50; ++round) {
    InFlight in_flight;
    std::atomic<int> idle{0};
    in_flight.add();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) in_flight.add(), in_flight.settle();
      });
    in_flight.when_idle([&] { ++idle; });
    threads.clear();
    CHECK(idle == 0);
    in_flight.settle();
    CHECK(idle == 1);
  }
}

}  // namespace
}  // namespace chatbridge
