#include "client/entry.hpp"

#include <catch2/catch.hpp>

namespace chatbridge::connect {
namespace {

using State = Entry::State;
using Lines = Entry::Lines;

TEST_CASE("the greeting lets in, and only it does") {
  Entry entry({});
  CHECK(entry.heard("bob: *** you are guest-1").empty());
  CHECK(entry.state() == State::asking);
  CHECK(entry.heard("*** you are guest-1 in lobby, /help").empty());
  CHECK(entry.state() == State::in);
}

TEST_CASE("a second without the greeting is a verbatim relay, whatever is said there later") {
  Entry entry({"ann", "dev"});
  CHECK(entry.tick().empty());
  CHECK(entry.state() == State::verbatim);
  CHECK(entry.heard("*** you are guest-1 in lobby, /help").empty());
  CHECK(entry.challenged("*** reply /hello 1 to join").empty());
  CHECK(entry.state() == State::verbatim);
}

TEST_CASE("a nick is asked for after the greeting") {
  Entry entry({"ann", {}});
  CHECK(entry.heard("*** you are guest-1 in lobby, /help") == Lines{"/nick ann"});
  CHECK(entry.inside());
}

TEST_CASE("who asked for a room is in when the server says that it is there") {
  Entry entry({"ann", "dev"});
  CHECK(entry.heard("*** you are guest-1 in lobby, /help") == Lines{"/nick ann", "/join dev"});
  for (const auto* line : {"*** you are ann", "*** you are ann in lobby, /help", "*** you are ann in devel, /help",
                           "bob: *** you are ann in dev, /help"}) {
    CHECK(entry.heard(line).empty());
    CHECK(entry.state() == State::entering);
  }
  entry.heard("*** you are ann in dev, /help");
  CHECK(entry.state() == State::in);
}

TEST_CASE("a room that one is in by itself is not joined") {
  Entry entry({"ann", "lobby"});
  CHECK(entry.heard("*** you are guest-1 in lobby, /help") == Lines{"/nick ann"});
  CHECK(entry.state() == State::in);
}

TEST_CASE("a room is asked for again, and in the end it is given up") {
  Entry entry({{}, "dev"});
  entry.heard("*** you are guest-1 in lobby, /help");
  for (int i = 0; i < 4; ++i) CHECK(entry.tick() == Lines{"/join dev"});
  CHECK(entry.tick().empty());
  CHECK(entry.state() == State::failed);
  CHECK(entry.why().find("dev") != std::string::npos);
}

TEST_CASE("a challenge is answered once, and ten at most") {
  Entry entry({});
  CHECK(entry.challenged("*** reply /hello 8f3a21 to join") == Lines{"/hello 8f3a21"});
  CHECK(entry.challenged("*** reply /hello 8f3a21 to join").empty());
  for (int i = 0; i < 9; ++i)
    CHECK(entry.challenged("*** reply /hello a" + std::to_string(i) + " to join").size() == 1);
  CHECK(entry.challenged("*** reply /hello b to join").empty());
}

TEST_CASE("a server cannot make a client say anything else") {
  Entry entry({});
  for (const auto* line :
       {"*** reply /quit to join", "*** reply /hello  to join", "*** reply /hello a b to join",
        "*** reply /hello a\xC3\xA9 to join", "*** reply  to join", "*** reply to join",
        "bob: *** reply /hello 1 to join", "*** reply /hello 1 to join!", "*** reply /hellox 1 to join"}) {
    INFO(line);
    CHECK(entry.challenged(line).empty());
  }
  CHECK(entry.challenged("*** reply /hello " + std::string(65, 'a') + " to join").empty());
}

TEST_CASE("who was challenged is in no verbatim relay: it waits five seconds for the greeting, then gives up") {
  Entry entry({});
  entry.challenged("*** reply /hello 1 to join");
  for (int i = 0; i < 4; ++i) entry.tick();
  CHECK(entry.state() == State::asking);
  entry.tick();
  CHECK(entry.state() == State::failed);
}

}  // namespace
}  // namespace chatbridge::connect
