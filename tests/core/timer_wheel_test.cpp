#include "core/timer_wheel.hpp"

#include <map>
#include <memory>
#include <optional>

#include "support/random.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

constexpr Duration tick = 4ms;

// A wheel, its clock, and what it was told to do.
struct Clock {
  TimePoint now{1000h + 1ms};
  int changes = 0;
  TimerWheel wheel{{[](void* self) { return static_cast<Clock*>(self)->now; },
                    [](void* self) { ++static_cast<Clock*>(self)->changes; }, this}};

  // Goes on as a driver would, always to when the wheel asks for it.
  void run_until(TimePoint end) {
    while (wheel.armed() > 0 && wheel.next() <= end) {
      now = std::max(now, wheel.next());
      wheel.advance();
    }
    now = end;
  }
};

struct Alarm {
  explicit Alarm(
      Clock& c, std::function<void()> then = [] {})
      : clock(c),
        then(std::move(then)),
        timer(
            c.wheel, [](void* self) { static_cast<Alarm*>(self)->ring(); }, this) {}
  void ring() {
    rang.push_back(clock.now);
    then();
  }
  Clock& clock;
  std::function<void()> then;
  std::vector<TimePoint> rang;
  Timer timer;
};

TEST_CASE("a callback that fails takes no other timer with it") {
  Clock clock;
  Alarm first(clock), failing(clock, [] { throw std::bad_alloc(); }), last(clock);
  for (auto* alarm : {&first, &failing, &last}) alarm->timer.arm(5ms);
  clock.run_until(clock.now + 1s);
  for (auto* alarm : {&first, &failing, &last}) CHECK(alarm->rang.size() == 1);
  failing.timer.arm(5ms);
  first.timer.arm(5ms);
  clock.run_until(clock.now + 1s);
  CHECK(first.rang.size() == 2);
}

TEST_CASE("a timer fires once, never early, late by a tick at most") {
  for (const Duration after : {1ns + 0ms, 1ms + 0ns, 3999us + 0ns, 4ms + 0ns, 5ms + 0ns, 100ms + 0ns, 4095ms + 0ns,
                               4096ms + 0ns, 4097ms + 0ns, 25s + 0ns, 600s + 0ns}) {
    Clock clock;
    Alarm alarm(clock);
    const auto due = clock.now + after;
    alarm.timer.arm(after);
    CHECK(alarm.timer.armed());
    clock.run_until(due + 1h);
    REQUIRE(alarm.rang.size() == 1);
    CHECK(alarm.rang.front() >= due);
    CHECK(alarm.rang.front() <= due + tick);
    CHECK_FALSE(alarm.timer.armed());
    CHECK(clock.wheel.armed() == 0);
  }
}

TEST_CASE("a deadline of 0 is never, whatever was armed before") {
  Clock clock;
  Alarm alarm(clock);
  alarm.timer.arm(0ms);
  CHECK_FALSE(alarm.timer.armed());
  alarm.timer.arm(10ms);
  alarm.timer.arm(0ms);
  CHECK_FALSE(alarm.timer.armed());
  clock.run_until(clock.now + 1h);
  CHECK(alarm.rang.empty());
}

TEST_CASE("a disarmed or destroyed timer does not fire") {
  Clock clock;
  Alarm one(clock), two(clock);
  auto three = std::make_unique<Alarm>(clock);
  for (auto* a : {&one, &two, three.get()}) a->timer.arm(10ms);
  one.timer.disarm();
  one.timer.disarm();
  three.reset();
  CHECK(clock.wheel.armed() == 1);
  clock.run_until(clock.now + 1s);
  CHECK(one.rang.empty());
  CHECK(two.rang.size() == 1);
}

TEST_CASE("arming again moves the deadline, both ways") {
  Clock clock;
  Alarm sooner(clock), later(clock);
  const auto start = clock.now;
  sooner.timer.arm(10s);
  sooner.timer.arm(10ms);
  later.timer.arm(10ms);
  later.timer.arm(10s);
  clock.run_until(start + 1s);
  CHECK(sooner.rang.size() == 1);
  CHECK(later.rang.empty());
  clock.run_until(start + 11s);
  CHECK(sooner.rang.size() == 1);
  CHECK(later.rang.size() == 1);
}

TEST_CASE("a callback may arm itself and others") {
  Clock clock;
  int rounds = 0;
  Alarm other(clock);
  std::optional<Alarm> main;
  main.emplace(clock, [&] {
    other.timer.arm(1ns);
    if (++rounds < 5) main->timer.arm(1ns);
  });
  main->timer.arm(20ms);
  clock.run_until(clock.now + 1s);
  CHECK(rounds == 5);
  CHECK(other.rang.size() >= 1);
  CHECK(clock.wheel.armed() == 0);
}

TEST_CASE("a callback may disarm or destroy others that are due as well, then these do not fire") {
  Clock clock;
  std::vector<std::unique_ptr<Alarm>> alarms(3);
  int rang = 0;
  for (std::size_t i = 0; i < 3; ++i)
    alarms[i] = std::make_unique<Alarm>(clock, [&, i] {
      ++rang;
      alarms[(i + 1) % 3]->timer.disarm();
      alarms[(i + 2) % 3].reset();
    });
  for (const auto& a : alarms) a->timer.arm(20ms);
  clock.run_until(clock.now + 1s);
  CHECK(rang == 1);
  CHECK(clock.wheel.armed() == 0);
}

TEST_CASE("after a long pause everything that is due fires, and nothing else") {
  Clock clock;
  std::vector<std::unique_ptr<Alarm>> due, later;
  for (int i = 0; i < 2000; ++i) {
    (i % 2 == 0 ? due : later).push_back(std::make_unique<Alarm>(clock));
    (i % 2 == 0 ? due : later).back()->timer.arm(i % 2 == 0 ? (i + 1) * 30ms : 61s + i * 30ms);
  }
  clock.now += 61s;  // 15 turns of the wheel, and nobody drove it
  clock.wheel.advance();
  for (const auto& a : due) CHECK(a->rang.size() == 1);
  for (const auto& a : later) CHECK(a->rang.empty());
  clock.run_until(clock.now + 10min);
  for (const auto& a : later) CHECK(a->rang.size() == 1);
}

TEST_CASE("the driver is told when a deadline comes before all others, and when none is left") {
  Clock clock;
  Alarm one(clock), two(clock), three(clock);
  one.timer.arm(1s);
  CHECK(clock.changes == 1);
  two.timer.arm(2s);
  CHECK(clock.changes == 1);
  three.timer.arm(500ms);
  CHECK(clock.changes == 2);
  one.timer.disarm();
  three.timer.disarm();
  CHECK(clock.changes == 2);
  two.timer.disarm();
  CHECK(clock.changes == 3);
}

TEST_CASE("a wheel that stood idle for long takes new deadlines") {
  Clock clock;
  clock.now += 5h + 3ms;
  Alarm alarm(clock);
  alarm.timer.arm(50ms);
  const auto due = clock.now + 50ms;
  clock.run_until(due + tick);
  CHECK(alarm.rang.size() == 1);
}

TEST_CASE("a wheel agrees with a sorted map over thousands of random steps") {
  for (int run = 0; run < 20; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    Clock clock;
    std::map<const Alarm*, TimePoint> model;
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 40; ++i) alarms.push_back(std::make_unique<Alarm>(clock));
    const auto any = [&] {
      return std::chrono::duration_cast<Duration>(
          std::chrono::microseconds(1 + random.below(random.one_in(3)   ? 20'000
                                                     : random.one_in(2) ? 3'000'000
                                                                        : 30'000'000)));
    };
    const auto arm = [&](Alarm& a) {
      const auto after = any();
      a.timer.arm(after);
      model[&a] = clock.now + after;
    };
    for (const auto& a : alarms)
      a->then = [&, self = a.get()] {
        const auto due = model.find(self);
        REQUIRE(due != model.end());
        REQUIRE(due->second <= clock.now);
        model.erase(due);
        if (random.one_in(3)) arm(*random.pick(alarms));
        if (random.one_in(4)) {
          auto& other = *random.pick(alarms);
          other.timer.disarm();
          model.erase(&other);
        }
      };
    for (int step = 0; step < 3000; ++step) {
      auto& a = *random.pick(alarms);
      switch (random.below(4)) {
        case 0:
          arm(a);
          break;
        case 1:
          a.timer.disarm();
          model.erase(&a);
          break;
        case 2:
          clock.now += any() / 10;
          clock.wheel.advance();
          for (const auto& [alarm, due] : model) REQUIRE(due > clock.now - tick);
          break;
        default:
          clock.run_until(clock.now + any() / 10);
          for (const auto& [alarm, due] : model) REQUIRE(due > clock.now - tick);
      }
      REQUIRE(clock.wheel.armed() == model.size());
    }
    for (const auto& alarm : alarms) alarm->then = [] {};
  }
}

}  // namespace
}  // namespace chatbridge
