#include "core/hub.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;
using test::room;

struct Scene {
  explicit Scene(HubOptions o = {}) : bench(journal, std::move(o)), hub(bench.hub) {}
  std::vector<std::string> names(std::string_view of) {
    std::vector<std::string> out;
    for (const auto& m : hub.people(room(of), {}, 1000).members) out.push_back(m.nick);
    return out;
  }
  std::vector<RoomInfo> rooms() { return hub.rooms(1000).rooms; }
  void presence() {
    hub.flush_presence();
    bench.poll();
  }
  test::ListJournal journal;
  test::Bench bench;
  Hub& hub;
};

// ---- presence

TEST_CASE("presence is asked for once, gathered, and told in one entry") {
  Scene s;
  test::Reader json(s.bench, Wire::json_frame, Via::ws), line(s.bench, Wire::line);
  json.enter(), line.enter();
  CHECK(s.bench.presence_due == 1);
  s.presence();
  const auto first = json.objects("presence");
  REQUIRE(first.size() == 1);
  CHECK(first[0]["count"] == 2);
  CHECK(first[0]["joined"].size() == 2);
  {
    test::Reader a(s.bench, Wire::line), b(s.bench, Wire::line);
    a.enter(), b.enter();
    CHECK(s.bench.presence_due == 2);
    s.presence();
  }
  CHECK(s.bench.presence_due == 3);
  s.presence();
  CHECK(json.objects("presence").size() == 3);
  CHECK(json.objects("presence")[2]["left"].size() == 2);
  CHECK(line.lines() == Lines{"*** guest-1 joined", "*** guest-3 joined", "*** guest-4 joined", "*** guest-4 left",
                              "*** guest-3 left"});
  s.presence();
  CHECK(json.objects("presence").size() == 3);
}

TEST_CASE("coming and going within one interval cancel out") {
  Scene s;
  test::Reader json(s.bench, Wire::json_frame), ann(s.bench, Wire::line);
  json.enter(), ann.enter();
  s.presence();
  ann->leave(room("lobby"));
  ann.enter();
  {
    test::Reader brief(s.bench, Wire::line);
    brief.enter();
  }
  s.presence();
  CHECK(json.objects("presence").size() == 1);
}

TEST_CASE("several connections of a session are one person") {
  Scene s;
  test::Reader json(s.bench, Wire::json_frame), one(s.bench, Wire::line), two(s.bench, Wire::line);
  json.enter(), one.enter();
  s.hub.keep(one->session_ptr(), {});
  two->become(s.hub.find_session(one->session()->id()).session);
  two.enter();
  s.presence();
  CHECK(s.hub.people(room("lobby"), {}, 10).count == 2);
  one.leave_for_good();
  s.presence();
  CHECK(json.objects("presence").size() == 1);
  two.leave_for_good();
  s.presence();
  CHECK(json.objects("presence").size() == 2);
  CHECK(json.objects("presence")[1]["left"].size() == 1);
}

TEST_CASE("who comes has come before it is somebody else") {
  Scene s;
  test::Reader bob(s.bench, Wire::line), ann(s.bench, Wire::line);
  bob.enter();
  s.presence();
  ann.enter();
  REQUIRE(ann->rename("ann").has_value());
  s.presence();
  CHECK(bob.lines() == Lines{"*** guest-2 joined", "*** guest-2 is now ann"});
}

struct Crowd : Scene {
  explicit Crowd(std::size_t max) : Scene(with(max)) {}
  static HubOptions with(std::size_t max) {
    HubOptions o;
    o.presence_max = max;
    return o;
  }
  // People in the lobby, the watchers included.
  void size(std::size_t n) {
    while (crowd.size() + 2 < n) {
      crowd.push_back(std::make_unique<test::Reader>(bench, Wire::line));
      crowd.back()->enter();
    }
    while (crowd.size() + 2 > n) crowd.pop_back();
    json.got.clear(), line.got.clear();
    presence();
  }
  test::Reader json{bench, Wire::json_frame}, line{bench, Wire::line};
  std::vector<std::unique_ptr<test::Reader>> crowd;
};

TEST_CASE("names are told up to the limit, above it counts, and names again below four fifths of it") {
  Crowd s(10);
  s.json.enter(), s.line.enter();
  s.size(10);
  CHECK(s.json.objects("presence").at(0)["joined"].size() == 10);
  s.size(11);
  CHECK(s.json.objects("presence").at(0) == nlohmann::json::parse(R"({"type":"presence","room":"lobby","count":11})"));
  CHECK(s.line.got.empty());
  REQUIRE(s.line->rename("ann").has_value());
  s.bench.poll();
  CHECK(s.json.objects("nick").empty());
  s.size(9);
  CHECK_FALSE(s.json.objects("presence").at(0).contains("joined"));
  s.size(8);
  // Whoever kept a list starts from this one.
  CHECK(s.json.objects("presence").at(0)["joined"].size() == 8);
  s.size(9);
  CHECK(s.json.objects("presence").at(0)["joined"].size() == 1);
}

TEST_CASE("more comings and goings at once than are told by name are told as a count") {
  Crowd s(10);
  s.json.enter(), s.line.enter();
  s.presence();
  s.json.got.clear(), s.line.got.clear();
  for (int i = 0; i < 11; ++i) test::Reader(s.bench, Wire::line).enter();  // come and gone
  s.presence();
  CHECK(s.json.objects("presence").empty());
  s.size(9);
  s.json.got.clear(), s.line.got.clear();
  // All others leave, and as many come: 14 changes, though there are never more than 10.
  std::vector<std::unique_ptr<test::Reader>> others;
  for (int i = 0; i < 7; ++i) {
    s.crowd.pop_back();
    others.push_back(std::make_unique<test::Reader>(s.bench, Wire::line));
    others.back()->enter();
  }
  s.presence();
  CHECK(s.json.objects("presence").at(0)["joined"].size() == 7);
  s.json.got.clear(), s.line.got.clear();
  for (int i = 0; i < 2; ++i)
    for (auto& other : others) {
      other = nullptr;
      other = std::make_unique<test::Reader>(s.bench, Wire::line);
      other->enter();
    }
  s.presence();
  CHECK(s.json.objects("presence").at(0)["count"] == 9);
  s.json.got.clear();
  others.clear();
  s.presence();
  CHECK(s.json.objects("presence").at(0)["count"] == 2);
}

TEST_CASE("a room that is small again does not tell raw clients of people who were there all along") {
  Crowd s(10);
  s.json.enter(), s.line.enter();
  s.size(11);
  s.size(8);
  for (const auto& l : s.line.lines()) CHECK_THAT(l, !Catch::EndsWith(" joined"));
}

// ---- rooms

TEST_CASE("people are listed by nick, by prefix, up to a limit") {
  Scene s;
  std::vector<std::unique_ptr<test::Reader>> all;
  for (const auto* nick : {"cat", "bob", "bea", "ann"}) {
    all.push_back(std::make_unique<test::Reader>(s.bench, Wire::line));
    all.back()->enter();
    REQUIRE(all.back()->client()->rename(nick).has_value());
  }
  CHECK(s.names("lobby") == std::vector<std::string>{"ann", "bea", "bob", "cat"});
  const auto b = s.hub.people(room("lobby"), "b", 1);
  CHECK(b.members.size() == 1);
  CHECK(b.count == 4);
  CHECK(b.more);
  CHECK(s.hub.people(room("nowhere"), {}, 10).count == 0);
}

TEST_CASE("a room is there while somebody is in it or it has messages") {
  Scene s;
  test::Reader ann(s.bench, Wire::line);
  CHECK(s.rooms().empty());
  ann.enter("den");
  CHECK(s.rooms().size() == 1);
  ann->leave(room("den"));
  s.presence();
  CHECK(s.rooms().empty());
  ann.enter("den");
  ann.say("hi", "den");
  s.bench.poll();
  ann->leave(room("den"));
  s.presence();
  REQUIRE(s.rooms().size() == 1);
  CHECK(s.rooms()[0].count == 0);
  CHECK(s.rooms()[0].head == Seq{1});
}

TEST_CASE("so many rooms are listed as asked for, and how many are not") {
  Scene s;
  test::Reader ann(s.bench, Wire::json_frame);
  for (const auto* name : {"c", "a", "d", "b"}) ann.enter(name);
  const auto two = s.hub.rooms(2);
  REQUIRE(two.rooms.size() == 2);
  CHECK(two.rooms[0].room == "a");
  CHECK(two.rooms[1].room == "b");
  CHECK(two.more == 2);
  CHECK(s.hub.rooms(4).more == 0);
}

TEST_CASE("there are so many rooms at most, and an empty one makes place") {
  HubOptions o;
  o.rooms = 2;
  Scene s(o);
  test::Reader ann(s.bench, Wire::json_frame);
  ann.enter("a"), ann.enter("b");
  CHECK(ann->attach(room("c"), {}).error().code == errc::too_many);
  CHECK(ann->find("c") == nullptr);
  ann->leave(room("a"));
  s.presence();
  CHECK(ann->attach(room("c"), {}).has_value());
}

TEST_CASE("one host opens a tenth of the rooms at most, and a hundred, others find place") {
  HubOptions o;
  o.rooms = 1010;
  o.rooms_per_client = 0;
  Scene s(o);
  test::Reader flood(s.bench, Wire::line), other(s.bench, Wire::line), near(s.bench, Wire::line);
  flood->become(s.hub.new_session());
  flood->come_from(NetworkBits{1});
  other->come_from(NetworkBits{2});
  for (int i = 0; i < 101; ++i) REQUIRE(flood->attach(room("r" + std::to_string(i)), {}).has_value());
  const auto refused = flood->attach(room("one-more"), {});
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::too_many);
  CHECK(refused.error().message == "your address has opened all the rooms it may");
  CHECK(flood->attach(o.default_room, {}).has_value());
  CHECK(other->attach(room("one-more"), {}).has_value());
  CHECK(flood->attach(room("one-more"), {}).has_value());
  CHECK(near->attach(room("nobody-counts-this-host"), {}).has_value());
  flood->leave(room("r7"));
  s.presence();
  CHECK(flood->attach(room("another"), {}).has_value());
  CHECK(!flood->attach(room("r7"), {}));
}

TEST_CASE("rooms that the journal has emptied make way for new ones") {
  HubOptions o;
  o.rooms = 2;
  Scene s(o);
  test::Reader ann(s.bench, Wire::json_frame, Via::ws);
  ann.attach("a");
  ann.say("hi", "a");
  s.bench.poll();
  ann->leave(room("a"));
  ann.attach("b");
  CHECK(ann->attach(room("c"), {}).error().code == errc::too_many);
  s.journal.keep(0);
  test::pass(std::chrono::seconds(2));
  CHECK(ann->attach(room("c"), {}).has_value());
  CHECK(ann->attach(room("d"), {}).error().code == errc::too_many);
}

TEST_CASE("a room that was only looked at makes place as well") {
  HubOptions o;
  o.rooms = 1;
  Scene s(o);
  test::Reader ann(s.bench, Wire::line);
  ann->become(s.hub.new_session());
  REQUIRE(ann->attach(room("a"), {}).has_value());
  ann->leave(room("a"));
  s.presence();
  CHECK(ann->attach(room("b"), {}).has_value());
}

TEST_CASE("rooms that empty together are all told of who comes later") {
  Scene s;
  const Lines names{"a", "b", "c"};
  test::Reader brief(s.bench, Wire::json_frame), ann(s.bench, Wire::line), bob(s.bench, Wire::line);
  for (const auto& name : names) brief.enter(name);
  s.presence();
  brief.leave_for_good();
  s.presence();
  for (const auto& name : names) {
    ann.enter(name);
    s.presence();
    bob.enter(name);
    s.presence();
    INFO(name);
    CHECK_THAT(ann.got, Catch::EndsWith("joined\n"));
    ann->leave(room(name)), bob->leave(room(name));
    s.presence();
    ann.got.clear();
  }
}

TEST_CASE("a room goes on where it was when a message under way arrives after everybody has left") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), bob(bench, Wire::line);
  ann.enter("den");
  ann.say("hi", "den");
  ann->leave(room("den"));
  bench.hub.flush_presence();
  bob.enter("den");
  journal.release();
  bench.poll();
  CHECK(bob.lines() == Lines{"guest-1: hi"});
}

}  // namespace
}  // namespace chatbridge
