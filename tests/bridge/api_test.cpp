#include "bridge/api.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "api_server.hpp"
#include "bridge/assets.hpp"

namespace chatbridge {
namespace {

using nlohmann::json;
using test::header, test::Headers, test::is_error;
namespace http = boost::beast::http;

struct Server : test::ApiServer {
  using ApiServer::ask;
  HttpResponse ask(http::verb method, const std::string& target, const Headers& headers = {}) {
    return ask(request(method, target, headers));
  }
};

TEST_CASE("every file of the page is served in every form there is, with its type and what keeps it safe") {
  Server s;
  REQUIRE(find_asset("/") != nullptr);
  std::set<std::string_view> etags;
  for (const auto& a : assets()) {
    REQUIRE(a.representations.back().coding == identity);
    for (const auto& form : a.representations) {
      const auto r = s.get(std::string(a.path), {{"Accept-Encoding", std::string(form.coding)}});
      INFO(a.path << ' ' << form.coding);
      CHECK(r.result_int() == 200);
      CHECK(r.body() == form.body);
      CHECK(header(r, "Content-Type") == a.content_type);
      CHECK(header(r, "Content-Encoding") == (form.coding == identity ? "" : form.coding));
      CHECK(header(r, "Content-Length") == std::to_string(form.body.size()));
      CHECK(header(r, "X-Content-Type-Options") == "nosniff");
      CHECK(header(r, "ETag") == form.etag);
      CHECK(header(r, "Vary") == "Accept-Encoding");
      CHECK(header(r, "Cache-Control") == "no-cache");
      CHECK_FALSE(header(r, "Date").empty());
      CHECK_FALSE(form.body.empty());
      CHECK((form.coding == identity || form.body.size() < a.representations.back().body.size()));
      CHECK_THAT(std::string(form.etag), Catch::Matches("\"[0-9a-f]{16}\""));
      etags.insert(form.etag);
    }
  }
  std::size_t forms = 0;
  for (const auto& a : assets()) forms += a.representations.size();
  CHECK(etags.size() == forms);
  CHECK(find_asset("/")->representations.size() == 3);
  CHECK(header(s.get("/"), "Content-Type") == "text/html; charset=utf-8");
  CHECK(s.get("/?x=1").result_int() == 200);
}

TEST_CASE("whatever can become a document has the policy, what cannot has no use for it") {
  Server s;
  for (const auto& a : assets()) {
    const auto r = s.get(std::string(a.path));
    const bool document = a.path == "/" || a.path.ends_with(".svg");
    INFO(a.path);
    CHECK(header(r, "Content-Security-Policy").empty() != document);
    CHECK(header(r, "Referrer-Policy") == (document ? "no-referrer" : ""));
  }
}

TEST_CASE("who can read no form of a file is told so") {
  Server s;
  const auto r = s.get("/", {{"Accept-Encoding", "identity;q=0"}});
  is_error(r, 406, "bad_request");
  CHECK(header(r, "Vary") == "Accept-Encoding");
  CHECK(s.get("/healthz", {{"Accept-Encoding", "identity;q=0"}}).result_int() == 200);
}

TEST_CASE("the page's policy allows itself and its own sockets, nothing else") {
  Server s;
  const auto policy = header(s.get("/", {{"Host", "box.local:8080"}}), "Content-Security-Policy");
  CHECK_THAT(policy, Catch::Contains("default-src 'none'") && Catch::Contains("script-src 'self'") &&
                         Catch::Contains("connect-src 'self' ws://box.local:8080 wss://box.local:8080") &&
                         Catch::Contains("base-uri 'none'") && !Catch::Contains("unsafe"));
}

TEST_CASE("a host that would write its own policy is no host") {
  Server s;
  const auto r = s.get("/", {{"Host", "localhost; script-src *"}});
  CHECK((r.result_int() == 400 || r.result_int() == 421));
}

TEST_CASE("what a browser has already is not sent again, whatever its form") {
  Server s;
  for (const auto& form : find_asset("/")->representations) {
    const std::string coding(form.coding), etag(form.etag);
    const auto full = s.get("/", {{"Accept-Encoding", coding}});
    for (const auto& known : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")})
      for (const auto method : {http::verb::get, http::verb::head}) {
        const auto r = s.ask(method, "/", {{"Accept-Encoding", coding}, {"If-None-Match", known}});
        INFO(coding << ' ' << known);
        CHECK(r.result_int() == 304);
        CHECK(r.body().empty());
        // RFC 9110 section 15.4.5, and the policy: a newer daemon's may be another.
        for (const auto* same : {"ETag", "Vary", "Cache-Control", "Content-Security-Policy"})
          CHECK(header(r, same) == header(full, same));
        CHECK_FALSE(header(r, "Date").empty());
        for (const auto* none : {"Content-Type", "Content-Encoding", "Content-Length"}) CHECK(header(r, none).empty());
      }
    CHECK(s.get("/", {{"Accept-Encoding", coding}, {"If-None-Match", "\"other\""}}).result_int() == 200);
  }
}

TEST_CASE("another form of the same file is another thing to have") {
  Server s;
  const auto etag = header(s.get("/", {{"Accept-Encoding", "br"}}), "ETag");
  CHECK(s.get("/", {{"Accept-Encoding", "gzip"}, {"If-None-Match", etag}}).result_int() == 200);
}

TEST_CASE("a range of a file is the whole of it (RFC 9110 section 14.2)") {
  Server s;
  const auto r = s.get("/", {{"Range", "bytes=0-9"}});
  CHECK(r.result_int() == 200);
  CHECK(r.body() == find_asset("/")->representations.back().body);
}

TEST_CASE("HEAD is GET without its body") {
  Server s;
  for (const auto* target : {"/", "/healthz", "/readyz", "/api/rooms", "/nowhere"}) {
    const auto get = s.get(target), head = s.ask(http::verb::head, target);
    INFO(target);
    CHECK(head.body().empty());
    CHECK(head.result_int() == get.result_int());
    CHECK(header(head, "Content-Length") == std::to_string(get.body().size()));
    CHECK(header(head, "Content-Type") == header(get, "Content-Type"));
  }
  const auto get = s.get("/", {{"Accept-Encoding", "br"}});
  const auto head = s.ask(http::verb::head, "/", {{"Accept-Encoding", "br"}});
  CHECK(head.body().empty());
  for (const auto* same : {"Content-Encoding", "Content-Length", "ETag", "Vary"})
    CHECK(header(head, same) == header(get, same));
}

TEST_CASE("healthz is always well, readyz only while clients are taken") {
  Server s;
  CHECK(s.get("/readyz").body() == "ok\n");
  for (const auto state : {Readiness::starting, Readiness::draining}) {
    s.readiness = state;
    CHECK(s.get("/healthz").result_int() == 200);
    CHECK(s.get("/readyz").result_int() == 503);
    CHECK_FALSE(s.get("/readyz").body().empty());
  }
  CHECK(header(s.get("/readyz"), "Cache-Control") == "no-store");
}

TEST_CASE("readyz says what is wrong with the journal, in any state") {
  Server s;
  s.journal.wrong = "the disk is full";
  CHECK(s.get("/readyz").result_int() == 503);
  CHECK(s.get("/readyz").body() == "the disk is full\n");
  CHECK(s.get("/healthz").result_int() == 200);
  s.readiness = Readiness::draining;
  CHECK(s.get("/readyz").result_int() == 503);
}

TEST_CASE("rooms are listed with people and heads") {
  Server s;
  CHECK(json::parse(s.get("/api/rooms").body()) == json::parse(R"({"rooms":[]})"));
  test::Reader ann(s.bench, Wire::line);
  ann.enter("den"), ann.enter("lobby");
  ann.say("hi", "den");
  const auto r = s.get("/api/rooms");
  CHECK(header(r, "Content-Type") == "application/json");
  CHECK(json::parse(r.body()) ==
        json::parse(R"({"rooms":[{"room":"den","count":1,"head":1},{"room":"lobby","count":1,"head":0}]})"));
}

TEST_CASE("a page is told the ports it can name to others, by the name it was asked for") {
  Server s;
  const auto told = [&s](const std::string& host) {
    return json::parse(s.get("/api/server", {{"Host", host}}).body());
  };
  CHECK(told("localhost") == json::parse(R"({"room":"lobby","relay":"chat"})"));
  const auto at = [](const char* address, std::uint16_t port) {
    return boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address(address), port);
  };
  const boost::asio::ip::udp::endpoint udp(boost::asio::ip::make_address("::"), 9998);
  s.api.listening = {{at("127.0.0.1", 9001), at("::1", 9002), at("10.0.0.3", 9003)}, {at("127.0.0.1", 8080)}, {udp}};
  CHECK(told("localhost:8080") == json::parse(R"({"room":"lobby","relay":"chat","tcp":9001,"udp":9998,"http":8080})"));
  CHECK(told("[::1]:8080")["tcp"] == 9001);
  CHECK(told("box.local:8080") == json::parse(R"({"room":"lobby","relay":"chat","tcp":9003,"udp":9998})"));
  CHECK_THAT(s.get("/api/server").body(), !Catch::Contains("10.0.0.3"));
}

TEST_CASE("what is not there is 404, and not quoted") {
  Server s;
  for (const auto* target : {"/nowhere", "/index.html/", "/js/", "/../etc/passwd", "/%2e%2e/etc/passwd", "/api/room",
                             "//", "/<script>", "/api/rooms/", "/api/rooms/lobby", "/api/rooms/lobby/",
                             "/api/rooms/lobby/messages/", "/api/rooms/lobby/event", "/api/rooms/a/b/messages"}) {
    const auto r = s.get(target);
    INFO(target);
    is_error(r, 404, "not_found");
    CHECK_THAT(r.body(), !Catch::Contains(target));
  }
}

TEST_CASE("other methods are 405 and told what is allowed") {
  Server s;
  for (const auto method :
       {http::verb::post, http::verb::put, http::verb::delete_, http::verb::options, http::verb::trace})
    for (const auto* target : {"/", "/healthz", "/api/rooms"}) {
      const auto r = s.ask(method, target);
      is_error(r, 405, "bad_request");
      CHECK(header(r, "Allow") == "GET, HEAD");
    }
}

TEST_CASE("a plain request to the WebSocket address is told to upgrade") {
  Server s;
  const auto r = s.get("/ws");
  CHECK(r.result_int() == 426);
  CHECK(header(r, "Upgrade") == "websocket");
}

TEST_CASE("a name that is not this server's is 421 on every route, and told of the setting") {
  Server s;
  for (const auto* target : {"/", "/healthz", "/api/rooms", "/nowhere", "/ws"}) {
    const auto r = s.get(target, {{"Host", "rebound.example:8080"}});
    is_error(r, 421, "forbidden");
    CHECK_THAT(r.body(), Catch::Contains("http.hosts") && !Catch::Contains("rebound"));
  }
}

TEST_CASE("a request has one Host header") {
  Server s;
  is_error(s.ask(HttpRequest(http::verb::get, "/", 11)), 400, "bad_request");
  HttpRequest two(http::verb::get, "/", 11);
  two.insert(http::field::host, "localhost");
  two.insert(http::field::host, "localhost");
  is_error(s.ask(two), 400, "bad_request");
  HttpRequest old(http::verb::get, "/healthz", 10);
  CHECK(s.ask(old).result_int() == 200);
}

TEST_CASE("a POST or an upgrade from another origin is 403, a GET is not looked at") {
  Server s;
  is_error(s.ask(http::verb::post, "/api/rooms", {{"Origin", "http://evil.example"}}), 403, "forbidden");
  is_error(s.ask(http::verb::post, "/nowhere", {{"Origin", "null"}}), 403, "forbidden");
  CHECK(s.get("/ws", {{"Origin", "http://evil.example"}, {"Upgrade", "websocket"}}).result_int() == 403);
  CHECK(s.ask(http::verb::post, "/api/rooms", {{"Origin", "http://localhost:8080"}}).result_int() == 405);
  CHECK(s.ask(http::verb::post, "/api/rooms", {{"Origin", "https://friend.example"}}).result_int() == 405);
  CHECK(s.get("/healthz", {{"Origin", "http://evil.example"}}).result_int() == 200);
}

TEST_CASE("a connection stays open when its client wants it to") {
  Server s;
  HttpRequest request(http::verb::get, "/healthz", 11);
  request.set(http::field::host, "localhost");
  CHECK(s.ask(request).keep_alive());
  request.keep_alive(false);
  CHECK_FALSE(s.ask(request).keep_alive());
}

}  // namespace
}  // namespace chatbridge
