// core/resume: what a token gives, when, and to whom only.
#include "core/resume.hpp"

#include <catch2/catch.hpp>

#include "core/line_dialect.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// A line client whose dialect the test speaks.
struct Person {
  explicit Person(test::Bench& bench) : bench(bench), reader(bench, Wire::line), dialect(*reader) {
    dialect.come("peer");
    dialect.enter();
    dialect.greet();
    bench.poll();
  }
  Lines say(const std::string& line) {
    reader.got.clear();
    dialect.input(line);
    bench.poll();
    return reader.lines();
  }
  // The token of the last line that tells one; empty: none does.
  std::string token() const {
    const std::string mark = "hours: /resume ";
    for (const auto& line : reader.lines())
      if (const auto at = line.find(mark); at != std::string::npos) return line.substr(at + mark.size());
    return {};
  }
  std::string ask() {
    say("/resume");
    return token();
  }
  test::Bench& bench;
  test::Reader reader;
  LineDialect dialect;
};

struct Scene {
  Scene() { journal.hold_appends = false; }
  void fail_next() {
    journal.fail = [this] { return std::exchange(fails, false); };
    fails = true;
  }
  test::ListJournal list;
  test::DelayedJournal journal{list};
  test::Bench bench{journal};
  bool fails = false;
};

TEST_CASE("a token is told when the journal has its hash, and nothing else of it is kept") {
  Scene s;
  Person ann(s.bench);
  s.journal.hold_appends = true;
  ann.say("/resume");
  CHECK(ann.token().empty());
  s.journal.release();
  s.bench.poll();
  const auto token = ann.token();
  REQUIRE(token.size() == 26);
  CHECK(s.list.sessions().at(0).tokens.newest == hash_secret(token));
}

TEST_CASE("a token works once, and is used up before anything is given") {
  Scene s;
  Person ann(s.bench), back(s.bench), thief(s.bench);
  ann.say("/nick ann");
  const auto token = ann.ask();
  ann.reader.leave_for_good(Farewell::lost);
  s.journal.hold_appends = true;
  CHECK(back.say("/resume " + token).empty());
  CHECK(thief.say("/resume " + token).at(0).starts_with("*** that token is not known"));
  CHECK(back.reader->nick() != "ann");
  s.journal.release_all();
  s.bench.poll();
  CHECK(back.reader->nick() == "ann");
  CHECK(back.token().size() == 26);
  CHECK(back.token() != token);
}

TEST_CASE("the connection that is taken over ends only after the token is used up") {
  Scene s;
  Person ann(s.bench), back(s.bench);
  const auto token = ann.ask();
  s.fail_next();
  CHECK(back.say("/resume " + token).at(0).starts_with("*** "));
  CHECK(ann.reader.fell == 0);
  CHECK(back.reader->session() != ann.reader->session());
  // And it is as good as before.
  back.say("/resume " + token);
  CHECK(ann.reader.fell == 1);
  CHECK(back.reader->session() == ann.reader->session());
}

TEST_CASE("a token that could not be had leaves the one before as it was") {
  Scene s;
  Person ann(s.bench), back(s.bench);
  const auto token = ann.ask();
  s.fail_next();
  CHECK(ann.ask().empty());
  back.say("/resume " + token);
  CHECK(back.reader->session() == ann.reader->session());
}

TEST_CASE("who comes back while the session is being forgotten comes back all the same") {
  Scene s;
  auto ann = std::make_unique<Person>(s.bench);
  ann->say("/nick ann");
  const auto token = ann->ask();
  ann->reader.leave_for_good(Farewell::lost);
  ann.reset();
  test::pass(24h - 1s);
  Person back(s.bench);
  s.journal.hold_appends = true;
  back.say("/resume " + token);
  test::pass(2s);
  const auto other = s.bench.hub.new_session();  // forgets who is too old
  s.journal.release_all();
  s.bench.poll();
  CHECK(back.reader->nick() == "ann");
  const auto next = back.token();
  REQUIRE(next.size() == 26);
  back.reader.leave_for_good(Farewell::lost);
  s.journal.hold_appends = false;
  Person again(s.bench);
  again.say("/resume " + next);
  CHECK(again.reader->nick() == "ann");
}

TEST_CASE("who has a token and comes back as somebody else may still come back as who it was") {
  Scene s;
  Person ann(s.bench), bob(s.bench), back(s.bench);
  ann.say("/nick ann");
  bob.say("/nick bob");
  const auto anns = ann.ask(), bobs = bob.ask();
  ann.reader.leave_for_good(Farewell::lost);
  bob.say("/resume " + anns);
  REQUIRE(bob.reader->nick() == "ann");
  back.say("/resume " + bobs);
  CHECK(back.reader->nick() == "bob");
}

TEST_CASE("a new token that was on its way when the connection broke, or the server, leaves the used one good") {
  for (const bool restarted : {false, true}) {
    Scene s;
    auto ann = std::make_unique<Person>(s.bench), back = std::make_unique<Person>(s.bench);
    ann->say("/nick ann");
    const auto used = ann->ask();
    ann.reset();
    back->reader.unacked = 1 << 20;
    back->say("/resume " + used);
    const auto next = back->token();
    REQUIRE(next.size() == 26);
    Person thief(s.bench);
    CHECK(thief.say("/resume " + used).at(0).starts_with("*** that token is not known"));  // while somebody is there
    if (!restarted) back->reader.leave_for_good(Farewell::lost);
    test::Bench other(s.journal);
    Person again(restarted ? other : s.bench);
    again.say("/resume " + used);
    CHECK(again.reader->nick() == "ann");
    Person late(restarted ? other : s.bench);
    CHECK(late.say("/resume " + next).at(0).starts_with("*** that token is not known"));
  }
}

TEST_CASE("a new token that has arrived is the only one, also after a restart") {
  for (const bool restarted : {false, true}) {
    Scene s;
    auto ann = std::make_unique<Person>(s.bench), back = std::make_unique<Person>(s.bench);
    ann->say("/nick ann");
    const auto used = ann->ask();
    ann.reset();
    back->say("/resume " + used);
    const auto next = back->token();
    back->reader.leave_for_good(Farewell::lost);
    s.bench.poll();
    test::Bench other(s.journal);
    Person thief(restarted ? other : s.bench), again(restarted ? other : s.bench);
    CHECK(thief.say("/resume " + used).at(0).starts_with("*** that token is not known"));
    again.say("/resume " + next);
    CHECK(again.reader->nick() == "ann");
  }
}

TEST_CASE("the connection that is taken over confirms no token but its own") {
  Scene s;
  Person ann(s.bench), back(s.bench);
  ann.say("/nick ann");
  ann.reader.unacked = 1 << 20;
  const auto used = ann.ask();
  ann.reader.unacked = 0;  // it has arrived, and nobody has looked yet
  back.reader.unacked = 1 << 20;
  back.say("/resume " + used);
  REQUIRE(back.token().size() == 26);
  ann.reader.leave_for_good(Farewell::lost);
  back.reader.leave_for_good(Farewell::lost);
  Person again(s.bench);
  again.say("/resume " + used);
  CHECK(again.reader->nick() == "ann");
}

}  // namespace
}  // namespace chatbridge
