#include "core/shard.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;

struct Scene {
  void say(const char* what) {
    ann.say(what);
    bench.poll();
  }
  test::ListJournal journal;
  test::Bench bench{journal};
  test::Reader ann{bench, Wire::line}, bob{bench, Wire::line};
};

struct Lingering : Scene {
  explicit Lingering(Duration linger) {
    bench.shards[0]->set_linger(linger);
    ann.attach(), bob.attach();
    bench.poll();
  }
};

TEST_CASE("in a quiet room a message waits for nothing, in a busy one for others that go with it in one send") {
  Lingering s(std::chrono::hours(1));
  s.say("one");
  CHECK(s.bob.lines().size() == 1);
  const auto flushes = s.bob.flushes;
  s.say("two");
  s.say("three");
  CHECK(s.bob.lines().size() == 1);
  CHECK(s.bob.flushes == flushes);
  s.bench.shards[0]->set_linger({});
  CHECK(s.bob.lines().size() == 3);
  CHECK(s.bob.flushes == flushes + 1);
  s.say("four");
  CHECK(s.bob.lines().size() == 4);
}

TEST_CASE("what lingers goes by itself, when its time has come") {
  Lingering s(std::chrono::milliseconds(30));
  s.say("one");
  s.say("two");
  test::until([&] { return s.bench.poll(), s.bob.lines().size() == 2; });
}

TEST_CASE("a reader that leaves while the room lingers is not flushed, and the others are") {
  Lingering s(std::chrono::hours(1));
  s.say("one");
  s.say("two");
  test::Reader carl(s.bench, Wire::line);
  carl.attach();
  s.bob.leave_for_good();
  const auto flushes = s.bob.flushes;
  s.say("three");
  s.bench.shards[0]->set_linger({});
  CHECK(s.bob.flushes == flushes);
  CHECK(carl.lines().size() == 1);
}

TEST_CASE("a reader whose flush fails takes nothing from the others, nor from what is said later") {
  Scene s;
  test::Reader carl(s.bench, Wire::line);
  s.ann.attach(), s.bob.attach(), carl.attach();
  s.bench.poll();
  s.bob.on_flush = [] { throw std::bad_alloc(); };
  s.say("one");
  s.say("two");
  CHECK(carl.lines().size() == 2);
  s.ann->tell("*** alone");
  s.bob->tell("*** alone");
  carl->tell("*** alone");
  s.bench.poll();
  CHECK(s.ann.lines() == Lines{"*** alone"});
  CHECK(carl.lines().back() == "*** alone");
  CHECK(s.ann->drained());
  s.bob.on_flush = nullptr;
  s.say("three");
  CHECK(s.bob.lines().size() == 4);
}

TEST_CASE("a room whose readers have all gone while it lingered is forgotten") {
  Lingering s(std::chrono::hours(1));
  s.say("one");
  s.say("two");
  s.ann.leave_for_good();
  s.bob.leave_for_good();
  s.bench.poll();
  s.bench.shards[0]->set_linger({});
  s.bench.poll();
  CHECK(s.bob.lines().size() == 1);
}

struct Ready : Scene {
  Ready() {
    for (auto* r : {&ann, &bob, &carl, &dora}) r->readies = true, r->attach();
    bench.poll();
  }
  test::Reader carl{bench, Wire::line}, dora{bench, Wire::json_frame};
};

TEST_CASE("a reader with nothing else to see to gets the room without a flush") {
  Ready s;
  const auto flushes = s.bob.flushes;
  for (const auto* what : {"one", "two", "three"}) s.say(what);
  CHECK(s.bob.flushes == flushes);
  CHECK(s.bob.walked == 3);
  CHECK(s.bob.lines() == Lines{"guest-1: one", "guest-1: two", "guest-1: three"});
  CHECK(s.dora.objects("message").size() == 3);
  CHECK(s.bob->first()->at_head());
  CHECK(s.bob->first()->seq() == s.journal.head(test::room("lobby")));
  CHECK(s.ann.got.empty());
}

TEST_CASE("of what does not fit the rest follows a flush later, whole and once") {
  Ready s;
  s.bob.resume(5);
  s.say("one");
  s.say("two");
  CHECK(s.bob.got == "guest");
  CHECK(s.bob.walked == 1);
  s.carl.piece = [](std::size_t) { return 1; };
  s.say("three");
  s.bob.resume();
  CHECK(s.bob.lines() == Lines{"guest-1: one", "guest-1: two", "guest-1: three"});
  CHECK(s.carl.lines() == s.bob.lines());
  s.say("four");
  CHECK(s.bob.walked == 2);
}

TEST_CASE("what a reader is told, says or waits for is seen to by its transport") {
  Ready s;
  const auto flushes = s.bob.flushes;
  SECTION("told") {
    s.bob->tell("*** hi");
    s.ann.say("one");
    s.bench.poll();
    CHECK(s.bob.lines() == Lines{"*** hi", "guest-1: one"});
  }
  SECTION("said") {
    s.bob.say("two");
    s.say("one");
    CHECK(s.bob.lines() == Lines{"guest-1: one"});
    CHECK(s.carl.lines() == Lines{"guest-2: two", "guest-1: one"});
  }
  SECTION("held") {
    s.bob->hold(true);
    s.say("one");
    CHECK(s.bob.got.empty());
  }
  SECTION("keeps its place") {
    s.bob->keep_place();
    s.say("one");
    CHECK(s.bob.lines().size() == 1);
  }
  SECTION("a new name") {
    s.bob->join(*s.bob->first());
    s.bench.hub.flush_presence();
    REQUIRE(s.bob->rename("robert").has_value());
    s.bench.poll();
    CHECK(s.bob.got.empty());
    CHECK(s.carl.lines().size() == 2);
  }
  CHECK(s.bob.flushes > flushes);
}

TEST_CASE("a datagram reader is given one entry by the walk, and several by its transport, each by itself") {
  Ready s;
  test::Reader eve(s.bench, Wire::line, Via::udp, 0, true);
  eve.readies = true;
  eve.attach();
  s.bench.poll();
  s.say("one");
  CHECK(eve.walked == 1);
  s.ann.say("two");
  s.say("three");
  CHECK(eve.walked == 1);
  CHECK(eve.datagrams == Lines{"guest-1: one\n", "guest-1: two\n", "guest-1: three\n"});
}

TEST_CASE("a reader that has fallen behind the window gets what it missed from the journal") {
  HubOptions o;
  o.window_bytes = 1;
  test::ListJournal journal;
  test::Bench bench(journal, o);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line);
  ann.attach(), bob.attach();
  bob.readies = true;
  bench.poll();
  ann.say("first");
  bench.poll();
  // More than a window between two walks.
  for (int i = 0; i < 100; ++i) ann.say(std::string(1000, 'x').c_str());
  bench.poll();
  CHECK(bob.lines().size() == 101);
}

TEST_CASE("who speaks in a lingering room and leaves it hears of it all the same") {
  Lingering s(std::chrono::hours(1));
  s.say("one");
  s.ann.say("two");
  s.ann->leave(test::room("lobby"));
  s.bob->leave(test::room("lobby"));
  s.bench.poll();
  CHECK(s.ann->in_flight() == 0);
  s.ann.attach(), s.bob.attach();
  s.say("three");
  s.ann.say("four");
  s.bench.poll();
  CHECK(s.ann->in_flight() == 1);
  s.ann->leave(test::room("lobby"));
  s.bob->leave(test::room("lobby"));
  s.bench.poll();
  CHECK(s.ann->in_flight() == 0);
}

TEST_CASE("who speaks in a lingering room hears of it behind what was said before it") {
  Lingering s(std::chrono::hours(1));
  test::Reader dora(s.bench, Wire::json_frame);
  dora.attach();
  s.say("one");
  s.say("two");
  dora.say("three", "lobby", "c1");
  s.bench.poll();
  CHECK(dora.objects("ack").empty());
  CHECK(dora->in_flight() == 1);
  s.bench.shards[0]->set_linger({});
  s.bench.poll();
  REQUIRE(dora.objects().size() == 4);
  CHECK(dora.objects()[2]["text"] == "three");
  CHECK(dora.objects()[3]["type"] == "ack");
  CHECK(dora->in_flight() == 0);
}

}  // namespace
}  // namespace chatbridge
