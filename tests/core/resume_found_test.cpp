// core/resume: what random lives (tests/server/lives_model_test.cpp) found, as small as it gets.
#include <catch2/catch.hpp>

#include "core/resume.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"
#include "support/mortal_journal.hpp"

namespace chatbridge {
namespace {

using test::Bench;
using test::MortalJournal;
using test::Reader;

// The token that somebody in a room is given.
std::string offered(Bench& b, Reader& who) {
  offer_token(*who);
  b.poll();
  return who.got.substr(who.got.rfind("/resume ") + 8, 26);
}

TEST_CASE("all that was acknowledged is not given again, however many pieces it waited in") {
  test::ListJournal j;
  Bench b(j);
  Reader ann(b, Wire::line), bob(b, Wire::line), back(b, Wire::line);
  ann.enter();
  bob.enter();
  b.poll();
  const auto token = offered(b, ann);
  ann.acknowledges = false;
  for (int i = 0; i < 65; ++i) {
    bob.say("m" + std::to_string(i));
    b.poll();
  }
  ann.unacked = 0;
  ann.leave_for_good(Farewell::lost);
  back.enter();
  b.poll();
  back.got.clear();
  chatbridge::resume(*back, token);
  b.poll();
  CHECK(back.got.find("m64") == std::string::npos);
  CHECK(back.got.find("you are") != std::string::npos);
}

TEST_CASE("asking for another token does not move the place of the one before") {
  MortalJournal::Ledger ledger;
  MortalJournal j(std::make_unique<test::ListJournal>(), ledger);
  Bench b(j);
  Reader ann(b, Wire::line), bob(b, Wire::line);
  ann.enter();
  bob.enter();
  b.poll();
  const auto token = offered(b, ann);
  ann.acknowledges = false;
  bob.say("lost");
  b.poll();
  j.die_after(1);
  offer_token(*ann);
  b.poll();
  REQUIRE(ledger.holder(token));
  CHECK(number(ledger.holder(token)->place) == 0);
}

TEST_CASE("the connection that was taken over does not take the nick with it") {
  test::ListJournal j;
  Bench b(j);
  Reader ann(b, Wire::line), back(b, Wire::line);
  ann.enter();
  back.enter();
  b.poll();
  offer_token(*ann);
  b.poll();
  const auto nick = Nick::parse(ann->nick());
  const auto key = ann->nick();
  const auto token = ann.got.substr(ann.got.rfind("/resume ") + 8, 26);
  chatbridge::resume(*back, token);
  b.poll();
  REQUIRE(ann.fell == 1);
  back.leave_for_good(Farewell::lost);
  ann.leave_for_good(Farewell::said);
  CHECK(b.hub.nick_in_use(Nick::given(key)));
}

TEST_CASE("a token asked for on a connection that is taken over does not replace its heir's") {
  test::ListJournal list;
  test::DelayedJournal j{list};
  j.hold_appends = false;
  Bench b(j);
  Reader ann(b, Wire::line), back(b, Wire::line), again(b, Wire::line);
  ann.enter();
  back.enter();
  again.enter();
  b.poll();
  const auto token = offered(b, ann);
  j.hold_appends = true;
  chatbridge::resume(*back, token);
  offer_token(*ann);
  j.release();
  b.poll();
  ann.leave_for_good(Farewell::said);
  j.release_all();
  b.poll();
  j.release_all();
  b.poll();
  j.hold_appends = false;
  j.release_all();
  b.poll();
  const auto at = back.got.rfind("/resume ");
  REQUIRE(at != std::string::npos);
  chatbridge::resume(*again, back.got.substr(at + 8, 26));
  b.poll();
  CHECK(again.got.find("not known") == std::string::npos);
}

}  // namespace
}  // namespace chatbridge
