#include "client/url.hpp"

#include <catch2/catch.hpp>

namespace chatbridge::connect {
namespace {

Url good(std::string_view text) {
  const auto url = parse_url(text);
  INFO(text);
  REQUIRE(url.has_value());
  return *url;
}

TEST_CASE("a URL names scheme, host, port and path") {
  const auto tcp = good("tcp://example.org:4711");
  CHECK(tcp.scheme == Url::Scheme::tcp);
  CHECK(tcp.host == "example.org");
  CHECK(tcp.port == "4711");
  CHECK(good("udp://127.0.0.1:1/").scheme == Url::Scheme::udp);
  const auto ws = good("ws://h:65535/a/b?c=d");
  CHECK(ws.scheme == Url::Scheme::ws);
  CHECK(ws.path == "/a/b?c=d");
}

TEST_CASE("what is not named has its usual value") {
  CHECK(good("tcp://h").port == "9999");
  CHECK(good("udp://h").port == "9999");
  CHECK(good("ws://h").port == "80");
  CHECK(good("ws://h").path == "/ws");
  CHECK(good("ws://h/").path == "/ws");
  CHECK(good("ws://h?x").path == "/ws?x");
}

TEST_CASE("IPv6 stands in brackets, and again where it is shown") {
  CHECK(good("tcp://[::1]").host == "::1");
  const auto url = good("ws://[fe80::1]:8080/ws");
  CHECK(url.host == "fe80::1");
  CHECK(url.port == "8080");
  CHECK(url.authority() == "[fe80::1]:8080");
  CHECK(good("tcp://h:1").authority() == "h:1");
}

TEST_CASE("what is no such URL is refused with a sentence that says why") {
  for (const auto* text : {"",
                           "h:1",
                           "http://h",
                           "tcp:/h",
                           "tcp://",
                           "tcp://:1",
                           "tcp://h:",
                           "tcp://h:0",
                           "tcp://h:65536",
                           "tcp://h:x",
                           "tcp://h:1x",
                           "tcp://h:1:2",
                           "tcp://::1",
                           "tcp://[]",
                           "tcp://[::1",
                           "tcp://[::1]x",
                           "tcp://h/path",
                           "tcp://h 1",
                           "ws://h/a b",
                           "ws://h/a\r\nX: y",
                           "ws://u@h/",
                           "ws://h/#room"}) {
    INFO(text);
    const auto url = parse_url(text);
    REQUIRE_FALSE(url.has_value());
    CHECK_FALSE(url.error().message.empty());
  }
  CHECK(parse_url("wss://h/ws").error().message.find("not built in") != std::string::npos);
}

}  // namespace
}  // namespace chatbridge::connect
