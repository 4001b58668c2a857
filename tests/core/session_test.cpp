// Nicks and sessions: core/session, as the hub keeps them.
#include "core/session.hpp"

#include <catch2/catch.hpp>

#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

struct Scene {
  test::ListJournal journal;
  test::Bench bench{journal};
  Hub& hub = bench.hub;
};

TEST_CASE("guests are numbered, and their sessions cannot be guessed") {
  Scene s;
  const auto a = s.hub.new_session(), b = s.hub.new_session();
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
  const auto a = s.hub.new_session(), b = s.hub.new_session(), c = s.hub.new_session();
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
  const auto a = s.hub.new_session(), b = s.hub.new_session();
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
  const auto a = s.hub.new_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  REQUIRE(s.hub.find_session(a->id()).session == a);
  s.hub.disconnect(*a, Farewell::said);
  CHECK(s.hub.rename(*b, "ann", 0).error().code == errc::nick_taken);
  s.hub.disconnect(*a, Farewell::said);
  CHECK(s.hub.rename(*b, "ann", 0).has_value());
}

TEST_CASE("a session that comes back after its nick went to somebody else has another one") {
  Scene s;
  const auto a = s.hub.new_session(), b = s.hub.new_session();
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
  const auto a = s.hub.new_session(), b = s.hub.new_session();
  REQUIRE(s.hub.rename(*a, "ann", 0).has_value());
  s.hub.disconnect(*a, GENERATE(Farewell::said, Farewell::lost));
  test::pass(61s);
  const auto again = s.hub.find_session(a->id()).session;
  REQUIRE(again != nullptr);
  if (again->nick() == "ann") CHECK(s.hub.rename(*b, "ann", 0).error().code == errc::nick_taken);
}

TEST_CASE("a session without connections is forgotten after a day, one with a connection never") {
  Scene s;
  const auto gone = s.hub.new_session(), here = s.hub.new_session();
  s.hub.disconnect(*gone, Farewell::lost);
  test::pass(23h);
  s.hub.new_session();
  CHECK(s.hub.find_session(gone->id()).session != nullptr);
  s.hub.disconnect(*gone, Farewell::lost);
  test::pass(24h);
  s.hub.new_session();
  CHECK(s.hub.find_session(gone->id()).session == nullptr);
  CHECK(s.hub.find_session(here->id()).session == here);
}

}  // namespace
}  // namespace chatbridge
