#include "bridge/room_api.hpp"

#include <catch2/catch.hpp>

#include "api_server.hpp"

namespace chatbridge {
namespace {

using nlohmann::json;
using Server = test::ApiServer;
using test::header, test::Headers, test::room;
namespace http = boost::beast::http;
using test::fill, test::is_error;

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
  const auto client = s.get("/client.js", friendly);
  CHECK(header(client, "Access-Control-Allow-Origin") == "https://friend.example");
  CHECK_THAT(header(client, "Vary"), Catch::Contains("Origin"));
  CHECK(header(s.get("/client.js", evil), "Access-Control-Allow-Origin").empty());
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
