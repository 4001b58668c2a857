#include "core/line_dialect.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using Lines = std::vector<std::string>;
using test::room;

// A raw client that is spoken for by its dialect.
struct Person {
  Person(test::Bench& bench, Wire wire = Wire::line) : bench(bench), reader(bench, wire), dialect(*reader) {
    reader->become(bench.hub.new_session());
    dialect.enter();
    dialect.greet();
    bench.hub.flush_presence();
    bench.poll();
    reader.got.clear();
  }
  // What comes back.
  Lines type(std::string_view line) {
    reader.got.clear();
    dialect.input(line);
    bench.poll();
    return reader.lines();
  }
  test::Bench& bench;
  test::Reader reader;
  LineDialect dialect;
};

struct Scene {
  explicit Scene(HubOptions o = {}) : bench(journal, std::move(o)) {}
  test::ListJournal journal;
  test::Bench bench;
};

TEST_CASE("entering reads from the head, greeting shows who one is, in that order") {
  Scene s;
  Person bob(s.bench);
  test::Reader ann(s.bench, Wire::line);
  LineDialect dialect(*ann);
  ann->become(s.bench.hub.new_session());
  dialect.enter();
  CHECK(s.bench.hub.people(room("lobby"), {}, 10).count == 1);
  ann->hold(true);
  bob.type("before the greeting");
  CHECK(ann.got.empty());
  ann->hold(false);
  dialect.greet();
  s.bench.poll();
  CHECK(ann.lines() == Lines{"*** you are guest-2 in lobby, /help", "guest-1: before the greeting"});
  s.bench.hub.flush_presence();
  s.bench.poll();
  CHECK(bob.reader.lines() == Lines{"*** guest-2 joined"});
}

TEST_CASE("lines are said, empty ones ignored, wrong ones answered and not relayed") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  bob.reader.got.clear();
  CHECK(ann.type("hi").empty());
  CHECK(ann.type("").empty());
  CHECK(ann.type("/me waves").empty());
  CHECK(ann.type("//who").empty());
  CHECK(ann.type(std::string(4097, 'x')) == Lines{"*** a message is at most 4096 bytes; not sent"});
  CHECK_THAT(ann.type("bad \xFF").at(0), Catch::StartsWith("*** "));
  CHECK_THAT(ann.type("/nope").at(0), Catch::StartsWith("*** "));
  CHECK_THAT(ann.type(" /resume hunter2").at(0), Catch::StartsWith("*** ") && !Catch::Contains("hunter2"));
  CHECK(bob.reader.lines() == Lines{"guest-1: hi", "* guest-1 waves", "guest-1: /who"});
}

TEST_CASE("a nick is taken, told, and refused to others") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  bob.reader.got.clear();
  CHECK(ann.type("/nick Ann") == Lines{"*** you are Ann"});
  CHECK(bob.reader.lines() == Lines{"*** guest-1 is now Ann"});
  CHECK(bob.type("/nick ann") == Lines{"*** the nick ann is taken"});
  CHECK_THAT(bob.type("/nick guest-7").at(0), Catch::StartsWith("*** "));
  CHECK_THAT(bob.type("/nick a b").at(0), Catch::StartsWith("*** "));
  CHECK(ann.type("/nick ann") == Lines{"*** you are ann"});
}

TEST_CASE("joining moves to another room, and what is said stays in each") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  CHECK(ann.type("/join den") == Lines{"*** you are guest-1 in den, /help"});
  CHECK(ann.type("/join den") == Lines{"*** you are guest-1 in den, /help"});
  CHECK_THAT(ann.type("/join No Room").at(0), Catch::StartsWith("*** a room is"));
  s.bench.hub.flush_presence();
  s.bench.poll();
  bob.reader.got.clear();
  ann.type("in the den");
  CHECK(bob.reader.lines().empty());
  CHECK(bob.type("in the lobby").empty());
  CHECK(ann.reader.lines().empty());
  CHECK(s.bench.hub.people(room("lobby"), {}, 10).count == 1);
  CHECK(s.bench.hub.people(room("den"), {}, 10).count == 1);
}

TEST_CASE("with one room a client, joining still moves") {
  HubOptions o;
  o.rooms_per_client = 1;
  Scene s(o);
  Person ann(s.bench);
  CHECK(ann.type("/join den") == Lines{"*** you are guest-1 in den, /help"});
}

TEST_CASE("a room that cannot be had is refused, and the old one is not lost") {
  HubOptions o;
  o.rooms = 1;
  Scene s(o);
  Person ann(s.bench), bob(s.bench);
  CHECK_THAT(ann.type("/join den").at(0), Catch::StartsWith("*** "));
  bob.reader.got.clear();
  ann.type("still here");
  CHECK(bob.reader.lines() == Lines{"guest-1: still here"});
}

TEST_CASE("who and rooms list what there is") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.type("/nick ann");
  CHECK(bob.type("/who") == Lines{"*** 2 in lobby: ann (tcp), guest-2 (tcp)"});
  ann.type("/join den");
  CHECK(bob.type("/rooms") == Lines{"*** rooms: den (1), lobby (1)"});
}

TEST_CASE("history is the last lines, marked with their time, and says when there are none") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  CHECK(ann.type("/history") == Lines{"*** nothing was said here yet"});
  for (const auto* what : {"one", "two", "three"}) bob.type(what);
  const auto lines = ann.type("/history 2");
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Catch::Matches(R"(\[\d\d:\d\d\] guest-2: two)"));
  CHECK_THAT(lines[1], Catch::Matches(R"(\[\d\d:\d\d\] guest-2: three)"));
}

TEST_CASE("after quit nothing more is taken") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.type("/quit");
  CHECK(ann.dialect.quit());
  bob.reader.got.clear();
  ann.type("after");
  CHECK(bob.reader.lines().empty());
}

}  // namespace
}  // namespace chatbridge
