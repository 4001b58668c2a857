// Nicks and sessions: core/session, as the hub keeps them.
#include "core/session.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

// Somebody comes and goes; those who have been away for too long are forgotten.
void visit(Hub& hub) { hub.disconnect(*hub.new_session(), Farewell::said); }

struct Scene {
  test::ListJournal journal;
  test::Bench bench{journal};
  Hub& hub = bench.hub;
  std::shared_ptr<Session> kept_session() {
    auto session = hub.new_session();
    hub.keep(session, {});
    return session;
  }
};

TEST_CASE("guests are numbered, and their sessions cannot be guessed") {
  Scene s;
  const auto a = s.kept_session(), b = s.kept_session();
  CHECK(a->nick() == "guest-1");
  CHECK(b->nick() == "guest-2");
  CHECK(a->id() != b->id());
  CHECK(a->id().size() == 26);
  CHECK(a->id().find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string::npos);
}

TEST_CASE("a nick is one person's, however it is written, until it is given up") {
  Scene s;
  const auto a = s.hub.new_session(), b = s.hub.new_session();
  CHECK(s.hub.rename(*a, "Ann", 0).has_value());
  CHECK(s.hub.rename(*b, "ANN", 0).error().code == errc::nick_taken);
  CHECK(b->nick() == "guest-2");
  CHECK(s.hub.rename(*a, "aNN", 0).has_value());
  CHECK(a->nick() == "aNN");
  CHECK(s.hub.rename(*a, "bob", 0).has_value());
  CHECK(s.hub.rename(*b, "ann", 0).has_value());
  CHECK(s.hub.rename(*b, "not a nick", 0).error().code == errc::bad_nick);
  CHECK(b->nick() == "ann");
}

TEST_CASE("a lost connection's nick is kept for its grace, a goodbye gives it up at once") {
  Scene s;
  const auto a = s.kept_session(), b = s.kept_session(), c = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  REQUIRE(s.hub.rename(*b, "bob", 0).has_value());
  s.hub.disconnect(*a, Farewell::lost);
  s.hub.disconnect(*b, Farewell::said);
  CHECK(s.hub.rename(*c, "bob", 0).has_value());
  CHECK(s.hub.rename(*c, "ann", 0).error().code == errc::nick_taken);
  test::pass(59s);
  CHECK(s.hub.rename(*c, "ann", 0).error().code == errc::nick_taken);
  test::pass(1s);
  CHECK(s.hub.rename(*c, "ann", 0).has_value());
}

TEST_CASE("a session is found again with its nick, within its grace") {
  Scene s;
  const auto a = s.kept_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  s.hub.disconnect(*a, Farewell::lost);
  test::pass(30s);
  const auto again = s.hub.find_session(a->id()).session;
  REQUIRE(again == a);
  CHECK(again->nick() == "ann");
  test::pass(1h);
  CHECK(s.hub.rename(*b, "ann", 0).error().code == errc::nick_taken);
  CHECK(s.hub.find_session("nobody's").session == nullptr);
}

TEST_CASE("a nick lasts until the last of a session's connections is gone") {
  Scene s;
  const auto a = s.kept_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  REQUIRE(s.hub.find_session(a->id()).session == a);
  s.hub.disconnect(*a, Farewell::said);
  CHECK(s.hub.rename(*b, "ann", 0).error().code == errc::nick_taken);
  s.hub.disconnect(*a, Farewell::said);
  CHECK(s.hub.rename(*b, "ann", 0).has_value());
}

TEST_CASE("a session that comes back after its nick went to somebody else has another one") {
  Scene s;
  const auto a = s.kept_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  s.hub.disconnect(*a, GENERATE(Farewell::said, Farewell::lost));
  test::pass(61s);
  REQUIRE(s.hub.rename(*b, "ann", 0).has_value());
  const auto again = s.hub.find_session(a->id());
  REQUIRE(again.session != nullptr);
  CHECK(again.session->nick() != "ann");
  CHECK(again.nick_taken);
}

TEST_CASE("a session that comes back with a nick that is free has it for itself again") {
  Scene s;
  const auto a = s.kept_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  s.hub.disconnect(*a, GENERATE(Farewell::said, Farewell::lost));
  test::pass(61s);
  const auto again = s.hub.find_session(a->id()).session;
  REQUIRE(again != nullptr);
  if (again->nick() == "ann") CHECK(s.hub.rename(*b, "ann", 0).error().code == errc::nick_taken);
}

TEST_CASE("a session without connections is forgotten after a day, one with a connection never") {
  Scene s;
  const auto gone = s.kept_session(), here = s.kept_session();
  s.hub.disconnect(*gone, Farewell::lost);
  test::pass(23h);
  visit(s.hub);
  CHECK(s.hub.find_session(gone->id()).session != nullptr);
  s.hub.disconnect(*gone, Farewell::lost);
  test::pass(24h);
  visit(s.hub);
  CHECK(s.hub.find_session(gone->id()).session == nullptr);
  CHECK(s.hub.find_session(here->id()).session == here);
}

TEST_CASE("a session that nobody asked to keep has no id, and is forgotten with its connection, however that ends") {
  Scene s;
  const auto a = s.hub.new_session(), b = s.hub.new_session();
  CHECK(a->id().empty());
  CHECK(s.hub.find_session({}).session == nullptr);
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  s.hub.disconnect(*a, GENERATE(Farewell::said, Farewell::lost));
  CHECK(s.hub.rename(*b, "ann", 0).has_value());
  CHECK(s.journal.sessions().empty());
}

TEST_CASE("a session has one id, however often it is kept") {
  Scene s;
  const auto a = s.kept_session();
  const auto id = a->id();
  s.hub.keep(a, {});
  CHECK(a->id() == id);
  CHECK(s.journal.sessions().size() == 1);
}

TEST_CASE("who comes and goes without end has its own host's sessions forgotten, not those of others") {
  test::ListJournal journal;
  HubOptions options;
  options.sessions = 10;
  test::Bench bench(journal, options);
  const auto leave_one = [&](unsigned char host) {
    test::Reader reader(bench, Wire::json_frame, Via::ws);
    reader->come_from(NetworkBits{host});
    reader.attach();
    bench.hub.keep(reader->session_ptr(), [](const result<void>&) {});
    const auto id = reader->session()->id();
    reader.leave_for_good(Farewell::lost);
    return id;
  };
  const auto found = [&](const std::string& id) { return bench.hub.find_session(id).session != nullptr; };
  const std::vector<std::string> quiet{leave_one(1), leave_one(2), leave_one(2)};
  std::vector<std::string> loud;
  for (int i = 0; i < 100; ++i) loud.push_back(leave_one(3));
  visit(bench.hub);
  CHECK(journal.sessions().size() == 10);
  CHECK(std::ranges::all_of(quiet, found));
  CHECK_FALSE(found(loud.at(92)));
  CHECK(found(loud.at(93)));
}

// The journal of several servers, one after the other.
struct Servers {
  Servers() { next(); }
  void next() { bench = std::make_unique<test::Bench>(journal); }
  Hub& hub() { return bench->hub; }
  std::string kept_session(const std::string& nick) {
    const auto session = hub().new_session();
    REQUIRE(hub().rename(*session, nick, 0).has_value());
    bool kept = false;
    hub().keep(session, [&kept](const result<void>& done) { kept = done.has_value(); });
    REQUIRE(kept);
    return session->id();
  }
  test::ListJournal journal;
  std::unique_ptr<test::Bench> bench;
};

TEST_CASE("a session that is kept is found by the next server, its id nowhere but with its person") {
  Servers s;
  const auto id = s.kept_session("ann");
  for (const auto& record : s.journal.sessions()) CHECK(record.id == hash_secret(id));
  s.next();
  const auto back = s.hub().find_session(id);
  REQUIRE(back.session != nullptr);
  CHECK(back.session->id() == id);
  CHECK(back.session->nick() == "ann");
  CHECK_FALSE(back.nick_taken);
  CHECK(s.hub().find_session(id + "x").session == nullptr);
}

TEST_CASE("who was connected or lost when a server ended has the nick kept for a grace of the next one") {
  Servers s;
  const auto id = s.kept_session("ann");
  if (GENERATE(false, true)) {
    const auto session = s.hub().find_session(id).session;
    s.hub().disconnect(*session, Farewell::lost);
    s.hub().disconnect(*session, Farewell::lost);
  }
  s.next();
  const auto other = s.hub().new_session();
  CHECK(s.hub().rename(*other, "ann", 0).error().code == errc::nick_taken);
  test::pass(61s);
  CHECK(s.hub().rename(*other, "ann", 0).has_value());
  const auto back = s.hub().find_session(id);
  CHECK(back.nick_taken);
  CHECK(back.session->nick().starts_with("guest-"));
}

TEST_CASE("who said goodbye has the nick free in the next server, and the session all the same") {
  Servers s;
  const auto id = s.kept_session("ann");
  {
    const auto session = s.hub().find_session(id).session;
    s.hub().disconnect(*session, Farewell::lost);
    s.hub().disconnect(*session, Farewell::said);
  }
  s.next();
  const auto other = s.hub().new_session();
  CHECK(s.hub().rename(*other, "ann", 0).has_value());
  CHECK(s.hub().find_session(id).session != nullptr);
}

TEST_CASE("a later nick is kept too, and a session forgotten after a day is forgotten by the journal") {
  Servers s;
  const auto id = s.kept_session("ann");
  {
    const auto session = s.hub().find_session(id).session;
    REQUIRE(s.hub().rename(*session, "bob", 0).has_value());
    s.hub().disconnect(*session, Farewell::lost);
    s.hub().disconnect(*session, Farewell::lost);
  }
  CHECK(s.journal.sessions().at(0).nick == "bob");
  test::pass(24h);
  visit(s.hub());
  CHECK(s.journal.sessions().empty());
}

TEST_CASE("a session that is not kept is nothing to the journal") {
  Servers s;
  const auto session = s.hub().new_session();
  REQUIRE(s.hub().rename(*session, "ann", 0).has_value());
  s.hub().disconnect(*session, Farewell::lost);
  CHECK(s.journal.sessions().empty());
}

TEST_CASE("a guest of the next server has no name that somebody may come back to") {
  Servers s;
  const auto session = s.hub().new_session();
  REQUIRE(session->nick() == "guest-1");
  s.hub().keep(session, [](const result<void>&) {});
  s.next();
  CHECK(s.hub().new_session()->nick() == "guest-2");
}

}  // namespace
}  // namespace chatbridge
