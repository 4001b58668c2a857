#include "core/client.hpp"

#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;
using test::room;

struct Scene {
  explicit Scene(HubOptions o = {}) : bench(journal, std::move(o)) {}
  test::ListJournal journal;
  test::Bench bench;
};

TEST_CASE("what a client is told is in its transport's format") {
  Scene s;
  test::Reader line(s.bench, Wire::line), text(s.bench, Wire::text_frame), json(s.bench, Wire::json_frame);
  for (auto* r : {&line, &text}) {
    r->client()->tell("*** hi");
    r->client()->tell(Error{errc::too_long, "too long"}, "c1", "lobby");
  }
  json->tell_json(R"({"type":"pong"})");
  json->tell(Error{errc::too_long, "too long"}, "c1", "lobby");
  s.bench.poll();
  CHECK(line.lines() == Lines{"*** hi", "*** too long"});
  CHECK(text.payloads() == Lines{"*** hi", "*** too long"});
  REQUIRE(json.objects().size() == 2);
  CHECK(json.objects()[1]["code"] == "too_long");
}

TEST_CASE("however much is told at once, the transport is flushed once") {
  Scene s;
  test::Reader r(s.bench, Wire::line);
  for (int i = 0; i < 100; ++i) r->tell("x");
  CHECK(r.flushes == 0);
  s.bench.poll();
  CHECK(r.flushes == 1);
  CHECK(r.lines().size() == 100);
}

TEST_CASE("the private log's places go on while it is sent") {
  Scene s;
  test::Reader r(s.bench, Wire::line);
  r.stall();
  r->tell("12345");
  CHECK(r->told() == 6);
  CHECK(r->told_sent() == 0);
  r.resume(4);
  CHECK(r->told_sent() == 4);
  CHECK(r->private_bytes() == 2);
  r->tell("678");
  CHECK(r->told() == 10);
  r.resume();
  CHECK(r->told_sent() == 10);
  CHECK(r.got == "12345\n678\n");
}

TEST_CASE("a muted client sends what it was told before, and nothing after") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), r(s.bench, Wire::line);
  ann.enter(), r.enter();
  r.stall();
  r->tell("before");
  r->mute();
  r->tell("after");
  ann.say("after");
  s.bench.poll();
  r.resume();
  s.bench.poll();
  CHECK(r.lines() == Lines{"before"});
  CHECK(r->drained());
}

TEST_CASE("a held client gets what it alone is told, its rooms when it is let go") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), r(s.bench, Wire::line);
  ann.attach(), r.attach();
  r->hold(true);
  ann.say("room");
  s.bench.poll();
  r->tell("alone");
  s.bench.poll();
  CHECK(r.lines() == Lines{"alone"});
  r->hold(false);
  s.bench.shards[0]->flush_soon(*r);
  s.bench.poll();
  CHECK(r.lines() == Lines{"alone", "guest-1: room"});
}

TEST_CASE("drained means sent and settled") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line);
  ann.enter(), bob.enter();
  CHECK(ann->drained());
  ann.say("hi");
  CHECK_FALSE(ann->drained());
  bob.stall();
  journal.release();
  bench.poll();
  CHECK(ann->drained());
  CHECK_FALSE(bob->drained());
  bob.resume();
  CHECK(bob->drained());
}

TEST_CASE("who ends is drained when it has what was in its rooms by then, though they linger") {
  Scene s;
  auto& shard = *s.bench.shards[0];
  shard.set_linger(std::chrono::hours(1));
  test::Reader ann(s.bench, Wire::line), bob(s.bench, Wire::line);
  ann.attach(), bob.attach();
  s.bench.poll();
  const auto say = [&](const char* what) {
    ann.say(what);
    s.bench.poll();
  };
  say("one");
  say("two");
  CHECK(bob.lines().size() == 1);
  CHECK(bob->drained());
  bob->ends();
  CHECK_FALSE(bob->drained());
  shard.set_linger({});
  CHECK(bob.lines().size() == 2);
  CHECK(bob->drained());
  bob.stall();
  say("three");
  CHECK(bob->drained());
}

TEST_CASE("a client is in so many rooms at most") {
  HubOptions o;
  o.rooms_per_client = 2;
  Scene s(o);
  test::Reader r(s.bench, Wire::json_frame);
  r.enter("a"), r.enter("b");
  CHECK(r->attach(room("c"), {}).error().code == errc::too_many);
  r->leave(room("a"));
  CHECK(r->attach(room("c"), {}).has_value());
  CHECK(r->find("a") == nullptr);
  CHECK(r->find("b") != nullptr);
}

TEST_CASE("a client whose connection is gone does not touch its transport any more") {
  Scene s;
  struct Socket final : Transport {
    void flush() override { ++flushes; }
    int flushes = 0;
  } socket;
  auto client = Client::make(s.bench.hub, *s.bench.shards[0], socket, Via::tcp, Wire::line);
  client->become(s.bench.hub.new_session());
  client->tell("*** hi");
  // From here on the transport may be destroyed, before the flush that is due.
  client->gone(Farewell::lost);
  client.reset();
  s.bench.poll();
  CHECK(socket.flushes == 0);
}

TEST_CASE("a client that is gone gets nothing, and nobody is told by it") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::json_frame), bob(bench, Wire::line);
  ann.attach(), bob.enter();
  ann.say("last words", "lobby", "c1");
  ann.leave_for_good();
  journal.release();
  bench.poll();
  CHECK(ann.got.empty());
  CHECK(bob.lines() == Lines{"guest-1: last words"});
  CHECK(bench.hub.people(room("lobby"), {}, 10).count == 1);
}

TEST_CASE("raw clients are not told of their own coming, going and renaming, others are") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), bob(s.bench, Wire::line);
  bob.enter();
  s.bench.hub.flush_presence();
  ann.enter();
  s.bench.hub.flush_presence();
  s.bench.poll();
  CHECK(ann->rename("ann").value() == "ann");
  s.bench.poll();
  CHECK(bob->rename("bob").value() == "bob");
  s.bench.poll();
  ann->leave(room("lobby"));
  s.bench.hub.flush_presence();
  s.bench.poll();
  CHECK(ann.lines() == Lines{"*** guest-1 is now bob"});
  CHECK(bob.lines() == Lines{"*** guest-2 joined", "*** guest-2 is now ann", "*** ann left"});
}

TEST_CASE("own notices are cut out while others' come in between") {
  for (int run = 0; run < 300; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    Scene s;
    test::Reader ann(s.bench, Wire::line), bob(s.bench, Wire::line), json(s.bench, Wire::json_frame);
    for (auto* r : {&ann, &bob, &json}) r->enter();
    const auto max = random.between(1, 100);
    ann.piece = [&](std::size_t n) { return std::min(n, random.between(1, max)); };
    for (int i = 0; i < 40; ++i) {
      switch (random.below(6)) {
        case 0:
          REQUIRE(ann->rename("ann" + std::to_string(i)).has_value());
          break;
        case 1:
          REQUIRE(bob->rename("bob" + std::to_string(i)).has_value());
          break;
        case 2:
          s.bench.hub.flush_presence();
          break;
        case 3:
          ann.credit = random.one_in(2) ? SIZE_MAX : random.below(50);
          break;
        case 4:
          bob->leave(room("lobby"));
          bob.enter();
          break;
        default:
          s.bench.poll();
      }
    }
    ann.credit = SIZE_MAX;
    s.bench.poll();
    ann.resume();
    for (const auto& line : ann.lines()) {
      REQUIRE_THAT(line, !Catch::StartsWith("*** ann") && !Catch::StartsWith("*** guest-1 "));
      REQUIRE_THAT(line, Catch::StartsWith("*** bob") || Catch::StartsWith("*** guest-"));
    }
  }
}

TEST_CASE("a private log larger than a send does not stop the room's bytes, nor the thread") {
  test::ListJournal journal;
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line);
  ann.enter();
  bob.enter();
  bench.poll();
  for (int i = 0; i < 100; ++i) ann->tell(std::string(4000, 'x'));
  bob.say("news");
  bench.poll();
  CHECK(ann.got.find(": news\n") != std::string::npos);
  CHECK(ann->drained());
}

TEST_CASE("a stream over the rate is not read for a while, is told once, and goes on by itself") {
  test::ListJournal journal;
  HubOptions o;
  o.rate = {1000, std::chrono::seconds(1), 3};
  test::Bench bench(journal, o);
  test::Reader ann(bench, Wire::line);
  ann.enter();
  bench.poll();
  ann.got.clear();
  int heard = 0;
  for (; heard < 3; ++heard) {
    CHECK_FALSE(ann->congested());
    CHECK(ann->heard());
  }
  CHECK(ann->congested());
  CHECK(ann.got.empty());
  const auto flushes = ann.flushes;
  while (ann->congested()) {
    bench.shards[0]->io().restart();
    bench.shards[0]->io().run_one();
  }
  bench.poll();
  CHECK(ann.flushes > flushes);  // which is when its transport reads on
  for (int i = 0; i < 10; ++i) ann->heard();
  bench.poll();
  CHECK(ann.lines().size() == 1);
}

TEST_CASE("of datagrams over the rate those are dropped that are too many, and it is told once") {
  test::ListJournal journal;
  HubOptions o;
  o.rate = {1, std::chrono::hours(1), 3};
  test::Bench bench(journal, o);
  test::Reader udp(bench, Wire::line, Via::udp, 0, true);
  udp.enter();
  bench.poll();
  udp.datagrams.clear();
  int heard = 0;
  for (int i = 0; i < 10; ++i) heard += udp->heard() ? 1 : 0;
  bench.poll();
  CHECK(heard == 3);
  CHECK_FALSE(udp->congested());
  CHECK(udp.datagrams.size() == 1);
}

TEST_CASE("a nick is changed so often a minute, then the client is told") {
  test::ListJournal journal;
  HubOptions o;
  o.nick_changes = {2, std::chrono::minutes(1), 2};
  test::Bench bench(journal, o);
  test::Reader ann(bench, Wire::line);
  ann.enter();
  CHECK(ann->rename("a").has_value());
  CHECK(ann->rename("b").has_value());
  CHECK(ann->rename("c").error().code == errc::rate_limited);
  CHECK(ann->nick() == "b");
}

}  // namespace
}  // namespace chatbridge
