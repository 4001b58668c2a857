// chatbridge.v1: joining, coming back and leaving: bridge/v1_dialect.
#include <catch2/catch.hpp>

#include "v1_person.hpp"

namespace chatbridge {
namespace {

using test::json, test::Objects, test::room;
using Person = test::V1Person;
using Scene = test::V1Scene;

TEST_CASE("joining answers joined, then what is asked for, then live, one's own included") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.hello({{"nick", "ann"}}), bob.hello({{"nick", "bob"}});
  ann.join();
  for (int i = 0; i < 60; ++i) ann.say(std::to_string(i));
  const auto got = bob.join();
  REQUIRE(got.size() == 51);
  CHECK(got[0]["type"] == "joined");
  CHECK(got[0]["epoch"] == "test");
  CHECK(got[0]["head"] == 120);
  CHECK(got[0]["count"] == 2);
  CHECK(got[0]["members"].size() == 2);
  CHECK(got[0]["recovered"] == false);
  CHECK(got[1]["text"] == "10");
  CHECK(got[50]["text"] == "59");
  const auto own = bob.say("live", "c1");
  REQUIRE(own.size() == 2);
  CHECK((own[0]["type"] == "message" || own[1]["type"] == "message"));
  CHECK((own[0]["type"] == "ack" || own[1]["type"] == "ack"));
  CHECK(own[0]["seq"] == 122);
  CHECK(own[1]["seq"] == 122);
  CHECK(own[0]["id"] == "c1");
}

TEST_CASE("coming back gives every later message once, and tells whether that was all") {
  HubOptions o;
  o.window_bytes = 1;  // the newest segment: less than is kept
  Scene s(100, o);
  Person ann(s.bench), bob(s.bench);
  ann.hello(), bob.hello();
  ann.join();
  for (int i = 1; i <= 150; ++i) ann.say(std::to_string(i));  // seqs 2, 4 … 300; 100 kept: above 100
  const auto texts = [](const Objects& all) {
    std::vector<int> out;
    for (const auto& o : all)
      if (o["type"] == "message") out.push_back(std::stoi(o["text"].get<std::string>()));
    return out;
  };
  const auto last = [](const std::vector<int>& all, int first) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i] != first + static_cast<int>(i)) return false;
    return static_cast<int>(all.size()) == 151 - first;
  };
  SECTION("within what is kept") {
    const auto got = bob.join({{"after", 290}, {"epoch", "test"}});
    CHECK(got[0]["recovered"] == true);
    CHECK(texts(got) == std::vector<int>{146, 147, 148, 149, 150});
  }
  SECTION("at the head") {
    const auto got = bob.join({{"after", 300}});
    CHECK(got[0]["recovered"] == true);
    CHECK(got.size() == 1);
  }
  SECTION("just at the floor") {
    const auto got = bob.join({{"after", 100}});
    CHECK(got[0]["recovered"] == true);
    CHECK(got[1]["type"] == "message");
    CHECK(last(texts(got), 51));
  }
  SECTION("older than kept: a gap, then all that is kept") {
    const auto got = bob.join({{"after", 50}});
    CHECK(got[0]["recovered"] == false);
    CHECK(got[1] == json::parse(R"({"type":"gap","room":"lobby","from":51,"to":100})"));
    CHECK(last(texts(got), 51));
  }
  SECTION("after 0: all that is kept, of any epoch, and no gap") {
    for (const auto* epoch : {"test", "other"}) {
      const auto got = bob.join({{"after", 0}, {"epoch", epoch}});
      CHECK(got[1]["type"] == "message");
      CHECK(last(texts(got), 51));
    }
  }
  SECTION("another epoch, or above the head: the last 50") {
    for (const auto& place : {json{{"after", 290}, {"epoch", "other"}}, json{{"after", 302}, {"epoch", "test"}},
                              json{{"after", 1ULL << 53}}}) {
      const auto got = bob.join(place);
      CHECK(got[0]["recovered"] == false);
      CHECK(last(texts(got), 101));
    }
  }
}

TEST_CASE("what the window still has is recovered, whether the journal has it or not") {
  Scene s(10);
  Person ann(s.bench), bob(s.bench);
  ann.hello(), bob.hello();
  ann.join();
  for (int i = 1; i <= 50; ++i) ann.say(std::to_string(i));
  const auto got = bob.join({{"after", 50}});
  REQUIRE(got.size() > 1);
  CHECK((got[0]["recovered"] == true) == (got[1]["type"] != "gap"));
}

TEST_CASE("joining again is from the new place, and one stays one person") {
  Scene s;
  Person ann(s.bench);
  ann.hello(), ann.join();
  for (int i = 0; i < 3; ++i) ann.say("x");
  CHECK(ann.join({{"after", 2}}).size() == 3);
  CHECK(s.bench.hub.people(room("lobby"), {}, 10).count == 1);
  ann.reader.got.clear();
  CHECK(ann.say("once").size() == 1);
}

TEST_CASE("requests about rooms one is not in are refused by name") {
  Scene s;
  Person ann(s.bench);
  ann.hello();
  for (const auto* type : {"leave", "message", "history"}) {
    const auto e = ann.request(json{{"type", type}, {"room", "den"}, {"text", "x"}, {"id", "c1"}}).at(0);
    CHECK(e["code"] == "not_joined");
    CHECK(e["room"] == "den");
  }
  CHECK(ann.join({{"room", "No Room"}}).at(0)["code"] == "bad_room");
}

TEST_CASE("leaving is answered, and nothing of the room comes after") {
  Scene s;
  Person ann(s.bench), bob(s.bench);
  ann.hello(), bob.hello();
  ann.join(), bob.join();
  CHECK(bob.send(R"({"type":"leave","room":"lobby"})").back() == json::parse(R"({"type":"left","room":"lobby"})"));
  bob.reader.got.clear();
  ann.say("unheard");
  CHECK(bob.reader.got.empty());
}

TEST_CASE("above the limit of names joined has a count only") {
  HubOptions o;
  o.presence_max = 1;
  Scene s(SIZE_MAX, o);
  Person ann(s.bench), bob(s.bench);
  ann.hello(), bob.hello();
  CHECK(ann.join().at(0).contains("members"));
  CHECK_FALSE(bob.join().at(0).contains("members"));
}

}  // namespace
}  // namespace chatbridge
