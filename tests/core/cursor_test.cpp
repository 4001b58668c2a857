// One client's way through its rooms, in the window: core/cursor, and the sending side of core/client.
#include "core/cursor.hpp"

#include "cursor_scene.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using test::Lines, test::room, test::Scene, test::seqs, test::small_window;

TEST_CASE("readers get what is said after they came, raw speakers not their own, JSON speakers theirs too") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), early(s.bench, Wire::line), json(s.bench, Wire::json_frame, Via::ws);
  for (auto* r : {&ann, &early, &json}) r->attach();
  ann.say("one");
  json.say("two", "lobby", "c1");
  s.bench.poll();
  test::Reader late(s.bench, Wire::text_frame, Via::ws);
  late.attach();
  ann.say("three");
  s.bench.poll();
  CHECK(ann.lines() == Lines{"guest-3: two"});
  CHECK(early.lines() == Lines{"guest-1: one", "guest-3: two", "guest-1: three"});
  CHECK(late.payloads() == Lines{"guest-1: three"});
  CHECK(seqs(json) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(json.objects("ack").size() == 1);
}

TEST_CASE("with echo a raw speaker gets its own back") {
  HubOptions o;
  o.echo = true;
  Scene s(o);
  test::Reader ann(s.bench, Wire::line);
  ann.attach();
  s.say(ann, 2);
  CHECK(ann.lines() == s.expected(1, 2));
}

TEST_CASE("bytes are the same however a send is cut") {
  for (int run = 0; run < 200; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    Scene s;
    test::Reader ann(s.bench, Wire::line), whole(s.bench, Wire::line), cut(s.bench, Wire::line);
    for (auto* r : {&ann, &whole, &cut}) r->attach();
    const auto max = random.between(1, 200);
    cut.piece = [&](std::size_t n) { return std::min(n, random.between(1, max)); };
    for (int i = 0; i < 30; ++i) {
      s.say(ann, random.between(1, 5), random.below(300));
      if (random.one_in(3)) (*cut.client()).tell("*** told it alone");
      if (random.one_in(2)) cut.stall();
      if (random.one_in(2)) cut.resume(random.one_in(2) ? SIZE_MAX : random.between(1, 2000));
    }
    s.bench.poll();
    cut.resume();
    auto lines = cut.lines();
    std::erase(lines, "*** told it alone");
    REQUIRE(lines == whole.lines());
  }
}

TEST_CASE("a raw speaker's own messages are cut out of its stream, wherever they stand") {
  for (int run = 0; run < 200; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    Scene s;
    test::Reader ann(s.bench, Wire::line), bob(s.bench, Wire::line), all(s.bench, Wire::line);
    for (auto* r : {&ann, &bob, &all}) r->attach();
    const auto max = random.between(1, 400);
    for (auto* r : {&ann, &bob}) r->piece = [&](std::size_t n) { return std::min(n, random.between(1, max)); };
    for (int i = 0; i < 150; ++i) {
      auto& speaker = random.one_in(2) ? ann : bob;
      speaker.say(std::to_string(i));
      if (random.one_in(10)) s.bench.poll();
      if (random.one_in(10)) ann.credit = random.one_in(2) ? SIZE_MAX : random.below(100);
    }
    ann.credit = SIZE_MAX;
    s.bench.poll();
    ann.resume();
    auto of_bob = all.lines(), of_ann = all.lines();
    std::erase_if(of_bob, [](const std::string& l) { return l.starts_with("guest-1"); });
    std::erase_if(of_ann, [](const std::string& l) { return l.starts_with("guest-2"); });
    REQUIRE(all.lines().size() == 150);
    REQUIRE(ann.lines() == of_bob);
    REQUIRE(bob.lines() == of_ann);
  }
}

TEST_CASE("a stalled cursor that is still in the window goes on where it stood") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), slow(s.bench, Wire::line);
  ann.attach(), slow.attach();
  slow.credit = 13;  // ends within the second line
  s.say(ann, 100);
  CHECK(slow.got == "guest-1: 1\ngu");
  slow.resume();
  CHECK(slow.lines() == s.expected(1, 100));
}

TEST_CASE("what a client alone is told goes first, and whole entries only follow a cut one") {
  Scene s;
  test::Reader ann(s.bench, Wire::line), bob(s.bench, Wire::line);
  ann.attach(), bob.attach();
  bob.credit = 4;
  s.say(ann, 2);
  bob->tell("*** psst");
  bob.resume();
  CHECK(bob.lines() == Lines{"guest-1: 1", "*** psst", "guest-1: 2"});
}

TEST_CASE("several rooms share one connection: each room's order holds, and none starves") {
  Scene s;
  test::Reader ann(s.bench, Wire::json_frame), json(s.bench, Wire::json_frame);
  for (const auto* name : {"a", "b", "c"}) ann.attach(name), json.attach(name);
  json.stall();
  for (int i = 0; i < 30; ++i)
    for (const auto* name : {"a", "b", "c"}) ann.say(std::string(2000, 'x'), name);
  s.bench.poll();
  json.credit = 100'000;
  json.flush();
  std::map<std::string, std::uint64_t> last;
  json.resume();
  for (const auto& o : json.objects("message")) {
    auto& seq = last[o["room"]];
    CHECK(o["seq"] == seq + 1);
    seq = o["seq"];
  }
  CHECK(last == std::map<std::string, std::uint64_t>{{"a", 30}, {"b", 30}, {"c", 30}});
}

TEST_CASE("a datagram client gets one whole entry a datagram, its own left out") {
  Scene s(small_window());
  test::Reader ann(s.bench, Wire::line), udp(s.bench, Wire::line, Via::udp, 0, true);
  ann.attach(), udp.attach();
  udp->tell("*** you are guest-2");
  ann.say("one\ntwo");
  udp.say("own");
  ann.say("three");
  s.bench.poll();
  CHECK(udp.datagrams == Lines{"*** you are guest-2\n", "guest-1: one\nguest-1: two\n", "guest-1: three\n"});
  udp.stall();
  s.say(ann, 300);
  udp.resume();
  s.bench.poll();
  CHECK(udp.datagrams.size() == 303);
}

}  // namespace
}  // namespace chatbridge
