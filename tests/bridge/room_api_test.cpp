#include "bridge/room_api.hpp"

#include <catch2/catch.hpp>

#include "api_server.hpp"

namespace chatbridge {
namespace {

using nlohmann::json;
using Server = test::ApiServer;
using test::header, test::Headers, test::room;
namespace http = boost::beast::http;

void is_error(const HttpResponse& r, unsigned status, const std::string& code) {
  INFO(r.body());
  CHECK(r.result_int() == status);
  CHECK(json::parse(r.body())["error"]["code"] == code);
}

// Says `n` things in the lobby, "1" and so on.
void fill(Server& s, int n, std::size_t bytes = 0) {
  for (int i = 1; i <= n; ++i)
    REQUIRE(s.post(json{{"text", std::to_string(i) + std::string(bytes, 'x')}}.dump()).result_int() == 201);
}

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

// ---- history

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

// ---- saying something

TEST_CASE("post: 201 with the number, and everybody hears it once, over http") {
  Server s;
  test::Reader line(s.bench, Wire::line), page(s.bench, Wire::json_frame, Via::ws), sse(s.bench, Wire::sse, Via::http);
  line.enter(), page.enter(), sse.attach();
  const auto r = s.post(R"({"text":"hi","nick":"ci","id":"k1"})");
  CHECK(r.result_int() == 201);
  CHECK(json::parse(r.body()) == json{{"seq", 1}});
  CHECK(header(r, "Content-Type") == "application/json");
  CHECK(line.lines().back() == "ci: hi");
  const auto said = page.objects("message");
  REQUIRE(said.size() == 1);
  CHECK(said[0]["via"] == "http");
  CHECK(said[0]["nick"] == "ci");
  CHECK(said[0]["id"] == "k1");
  CHECK_THAT(sse.got, Catch::StartsWith("id: test-1\ndata: {\"type\":\"message\"") && Catch::EndsWith("}\n\n"));
}

TEST_CASE("post: without a nick it is from http") {
  Server s;
  s.post(R"({"text":"hi"})");
  CHECK(s.history()["messages"][0]["nick"] == "http");
  CHECK(s.post(R"({"text":"hi","nick":null})").result_int() == 201);
}

TEST_CASE("post: the same room, nick and id is said once, the first text wins") {
  Server s;
  test::Reader line(s.bench, Wire::line);
  line.enter();
  const auto body = [](const char* text, const char* nick, const char* id) {
    return json{{"text", text}, {"nick", nick}, {"id", id}}.dump();
  };
  CHECK(s.post(body("one", "ci", "k1")).result_int() == 201);
  const auto again = s.post(body("other", "CI", "k1"));
  CHECK(again.result_int() == 200);
  CHECK(json::parse(again.body()) == json{{"seq", 1}});
  CHECK(s.post(body("two", "ci", "k2")).result_int() == 201);
  CHECK(s.post(body("three", "cd", "k1")).result_int() == 201);
  CHECK(s.post(body("four", "ci", "k1"), {}, "den").result_int() == 201);
  CHECK(s.post(R"({"text":"no id"})").result_int() == 201);
  CHECK(s.post(R"({"text":"no id"})").result_int() == 201);
  CHECK(s.post(R"({"text":"x","id":"k"})").result_int() == 201);
  CHECK(s.post(R"({"text":"x","id":"k"})").result_int() == 200);
  CHECK(s.history("?limit=1000")["messages"].size() == 6);
  CHECK(line.lines().size() == 6);
}

TEST_CASE("post: an id of a connected session's is another one's") {
  Server s;
  test::Reader ann(s.bench, Wire::json_frame, Via::ws);
  ann.enter();
  ann.say("mine", "lobby", "k1");
  s.bench.poll();
  CHECK(s.post(R"({"text":"theirs","nick":"ci","id":"k1"})").result_int() == 201);
  CHECK(s.history()["messages"].size() == 2);
}

TEST_CASE("post: the nick of somebody who is connected or may come back is taken") {
  Server s;
  test::Reader ann(s.bench, Wire::json_frame, Via::ws);
  ann.enter();
  s.bench.hub.keep(ann->session_ptr(), {});
  ann->rename("Ann").value();
  const auto as = [&](const char* nick) { return s.post(json{{"text", "x"}, {"nick", nick}}.dump()); };
  is_error(as("Ann"), 409, "nick_taken");
  is_error(as("\xEF\xBD\x81nn"), 409, "nick_taken");  // fullwidth a
  CHECK(as("anna").result_int() == 201);
  ann.leave_for_good(Farewell::lost);
  is_error(as("ann"), 409, "nick_taken");
  test::pass(std::chrono::seconds(60));
  CHECK(as("ann").result_int() == 201);
}

TEST_CASE("post: what may not be said is refused, with its code, and nothing is said") {
  Server s;
  is_error(s.post(R"({"text":"x","nick":"a b"})"), 400, "bad_nick");
  is_error(s.post(R"({"text":"x","nick":""})"), 400, "bad_nick");
  is_error(s.post(R"({"text":"x","nick":"guest-7"})"), 400, "bad_nick");
  is_error(s.post(R"({"text":""})"), 400, "bad_request");
  is_error(s.post(json{{"text", std::string(4097, 'x')}}.dump()), 413, "too_long");
  is_error(s.post(json{{"text", std::string(200, '\n') + "x"}}.dump()), 413, "too_long");
  is_error(s.post(R"({"text":"hi\n /resume 123"})"), 400, "bad_request");
  for (const auto* body :
       {"", "x", "[]", "{}", "null", R"({"text":1})", R"({"text":"x","nick":1})", R"({"text":"x","id":2})",
        R"({"text":"x","id":"a\nb"})", R"({"text":"x"} y)", "{\"text\":\"\xFF\"}", R"({"text":null})", R"(text=hi)"})
    is_error(s.post(body), 400, "bad_request");
  is_error(s.post(json{{"text", "x"}, {"id", std::string(129, 'i')}}.dump()), 400, "bad_request");
  is_error(s.post(R"({"text":"x"})", {}, "Bad"), 400, "bad_room");
  CHECK(s.bench.hub.rooms(10).rooms.empty());
}

TEST_CASE("post: unknown fields are ignored, an action is one") {
  Server s;
  CHECK(s.post(R"({"text":"waves","action":true,"room":"den","type":"hello","x":[1]})").result_int() == 201);
  CHECK(s.history()["messages"][0]["action"] == true);
}

TEST_CASE("post: a page sends JSON, others what they like") {
  Server s;
  const std::string body = R"({"text":"x"})";
  const std::string form = "application/x-www-form-urlencoded", own = "http://localhost:8080";
  CHECK(s.post(body, {{"Content-Type", form}}).result_int() == 201);
  CHECK(s.post(body).result_int() == 201);
  is_error(s.post(body, {{"Content-Type", form}, {"Origin", own}}), 415, "bad_request");
  is_error(s.post(body, {{"Origin", own}}), 415, "bad_request");
  is_error(s.post(body, {{"Content-Type", "application/jsonp"}, {"Origin", own}}), 415, "bad_request");
  for (const std::string type : {"application/json", "Application/JSON; charset=utf-8", "application/json ;x"})
    CHECK(s.post(body, {{"Content-Type", type}, {"Origin", own}}).result_int() == 201);
  is_error(s.post(body, {{"Content-Type", "application/json"}, {"Origin", "http://evil.example"}}), 403, "forbidden");
  CHECK(s.kept.all(room("lobby")).size() == 5);
}

TEST_CASE("post: the answer waits for the journal, and the room for the message") {
  Server s;
  s.journal.hold_appends = true;
  const auto answer = s.begin(Server::request(http::verb::post, "/api/rooms/den/messages", {}, R"({"text":"x"})"));
  CHECK_FALSE(answer->has_value());
  {
    test::Reader passer_by(s.bench, Wire::line), other(s.bench, Wire::line);
    passer_by.enter("den");
  }
  s.bench.hub.flush_presence();
  s.journal.release();
  s.bench.poll();
  CHECK(std::get<HttpResponse>(answer->value()).result_int() == 201);
  CHECK(s.history("", "den")["messages"].size() == 1);
  CHECK(s.bench.hub.rooms(10).rooms.size() == 1);
}

TEST_CASE("post: what the journal refuses is 503 and to be tried again, a room only for it is gone") {
  HubOptions options;
  options.rooms = 1;
  Server s(SIZE_MAX, options);
  s.journal.fail = [] { return true; };
  const auto r = s.post(R"({"text":"x"})", {}, "den");
  is_error(r, 503, "overloaded");
  CHECK_FALSE(header(r, "Retry-After").empty());
  s.journal.fail = [] { return false; };
  CHECK(s.post(R"({"text":"x"})", {}, "attic").result_int() == 201);
  is_error(s.post(R"({"text":"x"})", {}, "den"), 429, "too_many");
}

TEST_CASE("post: in verbatim relay it goes to raw clients as a browser's text does") {
  HubOptions options;
  options.verbatim = true;
  Server s(SIZE_MAX, options);
  test::Reader raw(s.bench, Wire::bytes);
  raw.attach();
  CHECK(s.post(R"({"text":"hi","nick":"ci"})").result_int() == 201);
  CHECK(raw.got == "hi\n");
}

// ---- events

TEST_CASE("events: a stream that no cache or proxy keeps, live without an id") {
  Server s;
  fill(s, 3);
  const auto live = s.events();
  CHECK(live.room == room("lobby"));
  CHECK(live.from.what == From::What::head);
  CHECK(header(live.head, "Content-Type") == "text/event-stream");
  CHECK(header(live.head, "Cache-Control") == "no-store");
  CHECK(header(live.head, "X-Accel-Buffering") == "no");
  CHECK(header(live.head, "Connection") == "close");
  CHECK(header(live.head, "Content-Length").empty());
  CHECK(s.events("").from.what == From::What::head);
}

TEST_CASE("events: after the last id, or the newest when that is no place here") {
  Server s;
  fill(s, 3);
  CHECK(s.events("test-2").from.what == From::What::after);
  CHECK(s.events("test-2").from.after == Seq{2});
  CHECK(s.events("test-3").from.after == Seq{3});
  CHECK(s.events("test-0").from.what == From::What::after);
  for (const auto* other : {"test-4", "other-2", "other-0", "test", "test-", "-2", "test-x", "2", "test-2-2", "\xFF",
                            "test-99999999999999999999999"}) {
    INFO(other);
    CHECK(s.events(other).from.what == From::What::last);
    CHECK(s.events(other).from.last == 50);
  }
}

TEST_CASE("events: HEAD is the header alone, other methods are told what is allowed") {
  Server s;
  const auto head = s.ask(Server::request(http::verb::head, "/api/rooms/lobby/events"));
  CHECK(head.result_int() == 200);
  CHECK(header(head, "Content-Type") == "text/event-stream");
  const auto put = s.ask(Server::request(http::verb::post, "/api/rooms/lobby/events"));
  is_error(put, 405, "bad_request");
  CHECK(header(put, "Allow") == "GET, HEAD");
  const auto del = s.ask(Server::request(http::verb::delete_, "/api/rooms/lobby/messages"));
  CHECK(del.result_int() == 405);
  CHECK(header(del, "Allow") == "GET, HEAD, POST");
  is_error(s.get("/api/rooms/Bad/events"), 400, "bad_room");
  CHECK(s.ask(Server::request(http::verb::head, "/api/rooms/lobby/messages")).body().empty());
}

// ---- other origins

TEST_CASE("origins: events and posts of a foreign page are refused, a listed one may read all answers") {
  Server s;
  const std::string events = "/api/rooms/lobby/events", messages = "/api/rooms/lobby/messages";
  const Headers evil{{"Origin", "http://evil.example"}}, friendly{{"Origin", "https://friend.example"}};
  is_error(s.get(events, evil), 403, "forbidden");
  is_error(s.get(events, {{"Origin", "null"}}), 403, "forbidden");
  CHECK(s.get(messages, evil).result_int() == 200);
  CHECK(header(s.get(messages, evil), "Access-Control-Allow-Origin").empty());
  for (const auto& target : {messages, std::string("/api/rooms"), messages + "?after=x"}) {
    CHECK(header(s.get(target, friendly), "Access-Control-Allow-Origin") == "https://friend.example");
    CHECK(header(s.get(target, friendly), "Vary") == "Origin");
  }
  CHECK(header(s.get("/", friendly), "Access-Control-Allow-Origin").empty());
  const auto stream = std::get<Listen>(s.begin(Server::request(http::verb::get, events, friendly))->value());
  CHECK(header(stream.head, "Access-Control-Allow-Origin") == "https://friend.example");
  const auto posted = s.post(R"({"text":"x"})", {friendly[0], {"Content-Type", "application/json"}});
  CHECK(posted.result_int() == 201);
  CHECK(header(posted, "Access-Control-Allow-Origin") == "https://friend.example");
}

TEST_CASE("origins: a browser that asks before it posts is told") {
  Server s;
  const auto asks = [&](const std::string& origin) {
    return s.ask(Server::request(http::verb::options, "/api/rooms/lobby/messages",
                                 {{"Origin", origin},
                                  {"Access-Control-Request-Method", "POST"},
                                  {"Access-Control-Request-Headers", "content-type"}}));
  };
  const auto yes = asks("https://friend.example");
  CHECK(yes.result_int() == 204);
  CHECK(header(yes, "Access-Control-Allow-Origin") == "https://friend.example");
  CHECK_THAT(header(yes, "Access-Control-Allow-Methods"), Catch::Contains("POST"));
  CHECK_THAT(header(yes, "Access-Control-Allow-Headers"), Catch::Contains("Content-Type"));
  CHECK(header(yes, "Content-Length").empty());
  const auto no = asks("http://evil.example");
  is_error(no, 403, "forbidden");
  CHECK(header(no, "Access-Control-Allow-Origin").empty());
}

}  // namespace
}  // namespace chatbridge
