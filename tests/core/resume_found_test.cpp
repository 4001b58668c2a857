// core/resume: what random lives (tests/server/lives_model_test.cpp) and readers found, as small as it gets.
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

// Ann's token is being used by `back`, and the journal has not answered yet.
struct ComingBack {
  ComingBack() {
    j.hold_appends = false;
    for (auto* who : {&ann, &back, &again}) who->enter();
    b.poll();
    nick = ann->nick();
    token = offered(b, ann);
  }
  void begin() {
    j.hold_appends = true;
    chatbridge::resume(*back, token);
    b.poll();
  }
  void answer() {
    j.hold_appends = false;
    j.release_all();
    b.poll();
  }
  void leave(Reader& who) {
    who.leave_for_good(Farewell::lost);
    b.poll();
  }
  bool lets_in(Reader& who, const std::string& with) {
    who.got.clear();
    chatbridge::resume(*who, with);
    b.poll();
    return who.got.find("you are " + nick + " in") != std::string::npos;
  }
  test::ListJournal list;
  test::DelayedJournal j{list};
  Bench b{j};
  Reader ann{b, Wire::line}, back{b, Wire::line}, again{b, Wire::line};
  std::string nick, token;
};

TEST_CASE("a token that could not be told any more leaves the used one good") {
  ComingBack s;
  s.leave(s.ann);
  s.begin();
  s.back->deafen();
  s.answer();
  s.leave(s.back);
  CHECK(s.lets_in(s.again, s.token));
}

TEST_CASE("a token is used up though the connection that has it ends while its heir waits for the journal") {
  ComingBack s;
  s.begin();
  s.leave(s.ann);
  CHECK_FALSE(s.lets_in(s.again, s.token));
  CHECK(s.again.got.find("that token is not known") != std::string::npos);
  s.answer();
  CHECK(s.back.got.find("you are " + s.nick + " in") != std::string::npos);
  CHECK(s.back->nick() == s.nick);
}

TEST_CASE("the used token is good again when its heir has gone before it was given anything") {
  ComingBack s;
  s.begin();
  s.leave(s.ann);
  s.leave(s.back);
  s.answer();
  CHECK(s.lets_in(s.again, s.token));
}

TEST_CASE("the connection that is taken over spends no token any more") {
  ComingBack s;
  REQUIRE(s.lets_in(s.back, s.token));
  REQUIRE(s.ann->gave_place_away());
  const auto next = s.back.got.substr(s.back.got.rfind("/resume ") + 8, 26);
  offer_token(*s.ann);
  chatbridge::resume(*s.ann, next);
  s.b.poll();
  s.leave(s.back);
  s.leave(s.ann);
  CHECK(s.lets_in(s.again, next));
}

}  // namespace
}  // namespace chatbridge
