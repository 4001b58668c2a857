// GET /api/rooms/{room}/messages.
#include <catch2/catch.hpp>

#include "api_server.hpp"
#include "bridge/room_api.hpp"

namespace chatbridge {
namespace {

using nlohmann::json;
using Server = test::ApiServer;
using test::fill, test::header, test::Headers, test::is_error, test::room;
namespace http = boost::beast::http;

std::vector<std::uint64_t> seqs(const json& history) {
  std::vector<std::uint64_t> out;
  for (const auto& m : history.at("messages")) out.push_back(m.at("seq"));
  return out;
}

std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> out;
  for (; from <= to; ++from) out.push_back(from);
  return out;
}

TEST_CASE("history: without a place the newest, oldest first, and whether there are older ones") {
  Server s;
  fill(s, 60);
  const auto h = s.history();
  CHECK(h["epoch"] == "test");
  CHECK(seqs(h) == range(11, 60));
  CHECK(h["more"] == true);
  CHECK_FALSE(h.contains("gap"));
  CHECK(h["messages"][0]["text"] == "11");
  CHECK(h["messages"][0]["type"] == "message");
  CHECK(seqs(s.history("?limit=2")) == range(59, 60));
  CHECK(s.history("?limit=60")["more"] == false);
  CHECK(s.history("?limit=99999999999999999999")["messages"].size() == 60);
  CHECK(s.history("?limit=0")["messages"].size() == 1);
}

TEST_CASE("history: from a place on, and whether there are later ones") {
  Server s;
  fill(s, 10);
  auto h = s.history("?after=3&limit=4&epoch=test");
  CHECK(seqs(h) == range(4, 7));
  CHECK(h["more"] == true);
  h = s.history("?after=7&limit=4");
  CHECK(seqs(h) == range(8, 10));
  CHECK(h["more"] == false);
  CHECK(seqs(s.history("?after=10")).empty());
  CHECK(seqs(s.history("?after=0&limit=3")) == range(1, 3));
}

TEST_CASE("history: pages of the journal are put together, whichever way they are read") {
  Server s;
  s.kept.page_max = 7;
  fill(s, 100);
  CHECK(seqs(s.history("?limit=1000")) == range(1, 100));
  CHECK(s.history("?limit=1000")["more"] == false);
  CHECK(seqs(s.history("?limit=20")) == range(81, 100));
  CHECK(seqs(s.history("?after=50&limit=1000")) == range(51, 100));
  CHECK(s.history("?after=50&limit=1000")["more"] == false);
  const auto some = s.history("?after=50&limit=14");
  CHECK(seqs(some) == range(51, 64));
  CHECK(some["more"] == true);
}

TEST_CASE("history: an answer is bounded, and goes on where it ended") {
  Server s;
  fill(s, 600, 4000);
  const auto newest = s.history("?limit=1000");
  CHECK(newest["more"] == true);
  CHECK(newest["messages"].size() < 300);
  CHECK(seqs(newest).back() == 600);
  std::vector<std::uint64_t> all;
  json h;
  do {
    const auto r = s.get("/api/rooms/lobby/messages?limit=1000&after=" + std::to_string(all.empty() ? 0 : all.back()));
    CHECK(r.body().size() < 256 * 1024 + 32 * 1024);
    h = json::parse(r.body());
    REQUIRE_FALSE(h["messages"].empty());
    for (const auto seq : seqs(h)) all.push_back(seq);
  } while (h["more"] == true);
  CHECK(all == range(1, 600));
}

TEST_CASE("history: a start that is no longer kept is told as a gap, then all that is kept") {
  Server s(5);
  fill(s, 12);
  for (const std::string after : {"0", "3", "6"}) {
    const auto h = s.history("?after=" + after);
    CHECK(h["gap"] == json{{"from", std::stoi(after) + 1}, {"to", 7}});
    CHECK(seqs(h) == range(8, 12));
    CHECK(h["more"] == false);
  }
  CHECK_FALSE(s.history("?after=7").contains("gap"));
  CHECK_FALSE(s.history("?limit=1000").contains("gap"));
  CHECK(s.history("?limit=1000")["more"] == false);
}

TEST_CASE("history: a place of another epoch, or above the head, is none: the newest") {
  Server s;
  fill(s, 5);
  CHECK(seqs(s.history("?after=3&epoch=other&limit=2")) == range(4, 5));
  CHECK(s.history("?after=3&epoch=other&limit=2")["more"] == true);
  CHECK(seqs(s.history("?after=6&limit=2")) == range(4, 5));
  CHECK(seqs(s.history("?after=99999999999999999999&limit=2")) == range(4, 5));
  CHECK(seqs(s.history("?after=0&epoch=other&limit=2")) == range(1, 2));  // before everything, in every epoch
  CHECK(seqs(s.history("?epoch=other&limit=2")) == range(4, 5));
}

TEST_CASE("history: a room that is not there is empty and stays so") {
  Server s;
  CHECK(s.history("", "den") == json::parse(R"({"epoch":"test","messages":[],"more":false})"));
  CHECK(seqs(s.history("?after=0", "den")).empty());
  CHECK(seqs(s.history("?after=5", "den")).empty());
  CHECK(s.bench.hub.rooms(10).rooms.empty());
}

TEST_CASE("history: what is wrong with a request is said") {
  Server s;
  for (const auto* query : {"?after=x", "?after=-1", "?after=", "?limit=1.5", "?limit=abc", "?after=%zz", "?limit=%"})
    is_error(s.get(std::string("/api/rooms/lobby/messages") + query), 400, "bad_request");
  for (const auto* name : {"Lobby", "", "..", "%00", "a%2Fb", "%", "a%zz", "a b", "\xC3\xA4"})
    is_error(s.get("/api/rooms/" + std::string(name) + "/messages"), 400, "bad_room");
  fill(s, 1);
  CHECK(s.history("?after=%30", "%6cobby")["messages"].size() == 1);
}

TEST_CASE("history: a journal that can't read is 503, at the first page or later") {
  for (const int page : {1, 3}) {
    Server s;
    s.kept.page_max = 2;
    fill(s, 10);
    int reads = 0;
    s.journal.fail_reads = [&] { return ++reads == page; };
    const auto r = s.get("/api/rooms/lobby/messages");
    is_error(r, 503, "overloaded");
    CHECK_FALSE(header(r, "Retry-After").empty());
    CHECK(s.history()["messages"].size() == 10);
  }
}

TEST_CASE("history: a host that has read a lot waits, others do not, and who goes away is forgotten") {
  HubOptions options;
  options.replay_rate = 2;  // a page is worth many seconds
  Server s(SIZE_MAX, options);
  fill(s, 60);
  s.host = NetworkBits{1};
  CHECK(s.history("?limit=50")["messages"].size() == 50);
  const auto waits = s.begin(Server::request(http::verb::get, "/api/rooms/lobby/messages?limit=50"));
  CHECK_FALSE(waits->has_value());
  s.under_way.clear();
  CHECK(waits.use_count() == 1);
  s.host = NetworkBits{2};
  CHECK(s.history("?limit=50")["messages"].size() == 50);
}

TEST_CASE("history: what goes while it is read ends the answer, and is told to whoever goes on") {
  Server s(6);
  s.kept.page_max = 2;
  fill(s, 6);
  s.journal.hold_reads = true;
  const auto answer = s.begin(Server::request(http::verb::get, "/api/rooms/lobby/messages?after=0"));
  s.bench.poll();
  s.journal.release();
  s.bench.poll();
  s.journal.hold_reads = false;
  fill(s, 4);  // 1 to 4 are gone; 1 and 2 were read
  s.journal.release_all();
  s.bench.poll();
  const auto h = json::parse(std::get<HttpResponse>(answer->value()).body());
  CHECK(seqs(h) == range(1, 2));
  CHECK(h["more"] == true);
  CHECK(s.history("?after=2")["gap"] == json{{"from", 3}, {"to", 4}});
}

}  // namespace
}  // namespace chatbridge
