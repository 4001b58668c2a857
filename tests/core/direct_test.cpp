// What is said to one person, and who is typing.
#include <catch2/catch.hpp>

#include "core/line_dialect.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;
using test::room;
using test::text;

struct Scene {
  test::ListJournal journal;
  test::Bench bench{journal};
  test::Reader ann{bench, Wire::json_frame, Via::ws}, bob{bench, Wire::line};
  Scene() {
    ann.enter();
    bob.enter();
    bench.hub.keep(ann->session_ptr(), {});
    REQUIRE(ann->rename("ann").has_value());
    REQUIRE(bob->rename("Bob").has_value());
    settle();
  }
  void settle() {
    bench.hub.flush_presence();
    bench.poll();
    ann.got.clear();
    bob.got.clear();
  }
};

TEST_CASE("a direct message reaches one person, whatever the spelling, and nobody else") {
  Scene s;
  test::Reader carol(s.bench, Wire::line);
  carol.enter();
  s.settle();
  carol.got.clear();
  s.ann->direct("bOB", text("one\ntwo"), "d1");
  s.bench.poll();
  CHECK(s.bob.lines() == Lines{"*** ann to you: one", "*** ann to you: two"});
  REQUIRE(s.ann.objects().size() == 1);
  CHECK(s.ann.objects()[0] == nlohmann::json({{"type", "ack"}, {"id", "d1"}}));
  CHECK(carol.got.empty());
  CHECK(s.journal.head(room("lobby")) == seq_zero);
}

TEST_CASE("all connections of a person get it, and the other ones of its sender") {
  Scene s;
  test::Reader other(s.bench, Wire::json_frame, Via::ws);
  other->become(s.bench.hub.find_session(s.ann->session()->id()).session);
  s.bob->direct("ann", text("hi"), {});
  s.bench.poll();
  CHECK(s.ann.objects("direct").size() == 1);
  CHECK(other.objects("direct").size() == 1);
  s.ann->direct("bob", text("back"), "x");
  s.bench.poll();
  CHECK(s.ann.objects("direct").size() == 1);
  REQUIRE(other.objects("direct").size() == 2);
  CHECK(other.objects("direct")[1]["to"] == "Bob");
  CHECK(other.objects("direct")[1]["nick"] == "ann");
  CHECK(other.objects("ack").empty());
}

TEST_CASE("guests have names too, of who is gone, or never was, the sender is told") {
  Scene s;
  test::Reader guest(s.bench, Wire::line);
  guest.enter();
  const auto name = guest->nick();
  s.bob->direct(name, text("hi"), {});
  s.bench.poll();
  CHECK(guest.lines().back() == "*** Bob to you: hi");
  guest.leave_for_good();
  s.settle();
  for (const auto& to : {name, std::string("nobody"), std::string("\x1b[2J\xff"), std::string(1000, 'x')}) {
    s.bob.got.clear();
    s.bob->direct(to, text("hi"), {});
    s.bench.poll();
    CHECK(s.bob.lines() == Lines{"*** nobody of that name is here; not sent"});
  }
}

TEST_CASE("a hundred wait for somebody who may come back, and are given once, in order") {
  Scene s;
  const auto session = s.ann->session()->id();
  s.ann.leave_for_good(Farewell::lost);
  s.settle();
  for (int i = 0; i <= 100; ++i) s.bob->direct("ann", text(std::to_string(i)), {});
  s.bench.poll();
  CHECK(s.bob.lines() == Lines{"*** 100 messages wait for ann; not sent"});
  test::Reader back(s.bench, Wire::json_frame, Via::ws);
  back->become(s.bench.hub.find_session(session).session);
  s.bench.poll();
  const auto got = back.objects("direct");
  REQUIRE(got.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(got[static_cast<std::size_t>(i)]["text"] == std::to_string(i));
  test::Reader again(s.bench, Wire::json_frame, Via::ws);
  again->become(s.bench.hub.find_session(session).session);
  s.bench.poll();
  CHECK(again.got.empty());
}

TEST_CASE("nothing waits for who said goodbye, or past the grace") {
  Scene s;
  s.ann.leave_for_good(Farewell::lost);
  s.settle();
  test::pass(s.bench.hub.options().session_grace);
  s.bob->direct("ann", text("hi"), {});
  s.bench.poll();
  CHECK(s.bob.lines() == Lines{"*** nobody of that name is here; not sent"});
}

TEST_CASE("what waits for all together is bounded, and a grace that is over makes room") {
  Scene s;
  const std::string big(100'000, 'x');
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    test::Reader lost(s.bench, Wire::json_frame, Via::ws);
    lost.attach();
    s.bench.hub.keep(lost->session_ptr(), {});
    REQUIRE(lost->rename(names.emplace_back("lost" + std::to_string(i))).has_value());
    lost.leave_for_good(Farewell::lost);
  }
  s.settle();
  const auto sends = [&](const std::string& to) {
    s.ann.got.clear();
    for (int i = 0; i < 100; ++i) s.ann->direct(to, text(big), "d");
    s.bench.poll();
    for (const auto& e : s.ann.objects("error")) REQUIRE(e["code"] == "overloaded");
    return s.ann.objects("ack").size();
  };
  CHECK(sends(names[0]) == 100);
  CHECK(sends(names[1]) == Hub::waiting_bytes_max / (big.size() + 256) - 100);
  CHECK(sends(names[2]) == 0);
  test::pass(s.bench.hub.options().session_grace - std::chrono::seconds(1));
  test::Reader late(s.bench, Wire::json_frame, Via::ws);
  late.attach();
  s.bench.hub.keep(late->session_ptr(), {});
  REQUIRE(late->rename("late").has_value());
  late.leave_for_good(Farewell::lost);
  CHECK(sends("late") == 0);
  test::pass(std::chrono::seconds(1));
  CHECK(sends("late") == 100);
}

TEST_CASE("what waited and was given makes room") {
  Scene s;
  const std::string big(100'000, 'x');
  const auto session = s.ann->session()->id();
  s.ann.leave_for_good(Farewell::lost);
  for (int round = 0; round < 4; ++round) {
    s.settle();
    for (int i = 0; i < 100; ++i) s.bob->direct("ann", text(big), {});
    s.bench.poll();
    REQUIRE(s.bob.lines().empty());
    test::Reader back(s.bench, Wire::json_frame, Via::ws);
    back->become(s.bench.hub.find_session(session).session);
    s.bench.poll();
    CHECK(back.objects("direct").size() == 100);
    back.leave_for_good(Farewell::lost);
  }
}

TEST_CASE("a connection that cannot come back keeps no name when it is lost") {
  Scene s;
  s.bob.leave_for_good(Farewell::lost);
  s.settle();
  s.ann->direct("bob", text("hi"), "d1");
  s.bench.poll();
  REQUIRE(s.ann.objects("error").size() == 1);
  CHECK(s.ann.objects("error")[0]["code"] == "no_such_nick");
  CHECK(s.ann->rename("Bob").has_value());
}

TEST_CASE("nothing is said to somebody before the greeting, and no end waits for it") {
  Scene s;
  test::Reader late(s.bench, Wire::line);
  late.attach();
  late->hold(true);
  s.ann->direct(late->nick(), text("early"), {});
  s.bench.poll();
  CHECK(late.got.empty());
  CHECK(late->drained());
  late->tell("*** greeting");
  late->hold(false);
  CHECK_FALSE(late->drained());
  s.bench.poll();
  CHECK(late.lines() == Lines{"*** greeting", "*** ann to you: early"});
}

TEST_CASE("a reader that does not read holds a bounded heap of them, and their senders are told") {
  Scene s;
  s.bob.stall();
  const std::string big(4000, 'x');
  for (int i = 0; i < 1000; ++i) s.ann->direct("Bob", text(big), std::to_string(i));
  s.bench.poll();
  const auto errors = s.ann.objects("error");
  const auto acks = s.ann.objects("ack");
  CHECK(errors.size() + acks.size() == 1000);
  CHECK(acks.size() < 250);
  for (const auto& e : errors) REQUIRE(e["code"] == "overloaded");
  CHECK(s.bob->private_bytes() < 80'000);
  s.bob.resume();
  s.bench.poll();
  CHECK(s.bob.lines().size() == acks.size());
}

TEST_CASE("texts of many lines, which grow on their way out, make the heap no larger") {
  Scene s;
  std::string lines = "x";
  for (int i = 1; i < 100; ++i) lines += "\nx";
  s.bob.stall();
  for (int i = 0; i < 100; ++i) s.ann->direct("Bob", text(lines), {});
  s.bench.poll();
  CHECK(s.bob->private_bytes() < 80'000);
  s.bob.resume();
  s.bench.poll();
  CHECK(s.bob.lines().size() == 10'000);
  test::Reader device(s.bench, Wire::line, Via::udp, 0, true);
  device.enter();
  REQUIRE(device->rename("device").has_value());
  s.settle();
  device.stall();
  device.datagrams.clear();
  for (int i = 0; i < 100; ++i) s.ann->direct("device", text(lines), {});
  s.bench.poll();
  CHECK(device->private_bytes() < 80'000);
  device.resume();
  CHECK(device.datagrams.size() == 100);
}

TEST_CASE("who types is shown to others on JSON, not to raw clients, itself, or a crowd") {
  Scene s;
  test::Reader carol(s.bench, Wire::json_frame, Via::ws);
  carol.enter();
  s.settle();
  carol.got.clear();
  s.ann->typing(*s.ann->find("lobby"));
  s.ann->typing(*s.ann->find("lobby"));  // within a second: forgotten
  s.bench.poll();
  REQUIRE(carol.objects().size() == 1);
  CHECK(carol.objects()[0] == nlohmann::json({{"type", "typing"}, {"room", "lobby"}, {"nick", "ann"}}));
  CHECK(s.ann.got.empty());
  CHECK(s.bob.got.empty());
  s.ann.say("done");
  s.bench.poll();
  CHECK(s.ann.objects("message").size() == 1);
}

}  // namespace
}  // namespace chatbridge
