#include "core/shard.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;

struct Lingering {
  explicit Lingering(Duration linger) {
    bench.shards[0]->set_linger(linger);
    ann.attach(), bob.attach();
    bench.poll();
  }
  void say(const char* what) {
    ann.say(what);
    bench.poll();
  }
  test::ListJournal journal;
  test::Bench bench{journal};
  test::Reader ann{bench, Wire::line}, bob{bench, Wire::line};
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

}  // namespace
}  // namespace chatbridge
