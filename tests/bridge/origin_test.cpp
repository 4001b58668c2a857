#include "bridge/origin.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

const Guard guard({"chat.example.org", "Alias.Example:8443"}, {"https://friend.example", "http://other.example:3000"},
                  "Box.example.net");

TEST_CASE("addresses, local names, this machine's and configured names are hosts of this server") {
  for (const auto* host : {"127.0.0.1",
                           "127.0.0.1:8080",
                           "192.168.1.7:80",
                           "8.8.8.8",
                           "[::1]",
                           "[::1]:8080",
                           "[fe80::1]:80",
                           "localhost",
                           "localhost:8080",
                           "LOCALHOST",
                           "localhost.",
                           "box.example.net",
                           "BOX.EXAMPLE.NET:8080",
                           "box",
                           "raspberry:8080",
                           "box.local",
                           "box.local.:80",
                           "a.b.lan",
                           "chat.internal",
                           "nas.home.arpa",
                           "chat.example.org",
                           "Chat.Example.Org:9000",
                           "chat.example.org.",
                           "alias.example:8443"}) {
    INFO(host);
    CHECK(guard.host_allowed(host));
  }
}

TEST_CASE("every other name is not") {
  for (const auto* host : {"", ":80", "evil.example", "evil.example:8080", "evil.example.", "127.0.0.1.evil.example",
                           "localhost.evil.example", "evil.localhost.example", "box.local.evil.example", "xlan.example",
                           "chat.example.org.evil.example", "evilchat.example.org", "alias.example", "alias.example:80",
                           "127.1.2", "1.2.3.4.5", "[::1].evil.example"}) {
    INFO(host);
    CHECK_FALSE(guard.host_allowed(host));
  }
}

TEST_CASE("what is no host at all is not allowed, whether it has a dot or not") {
  for (const auto* host : {"a b", "localhost; script-src *", "a/b", "a\"b", "user@localhost", "local\thost", "a,b",
                           "a?b", "localhost:80x", "localhost:808080"}) {
    INFO(host);
    CHECK_FALSE(guard.host_allowed(host));
  }
}

TEST_CASE("the same host and port, and configured origins, may connect") {
  struct Row {
    const char *origin, *host;
  };
  for (const auto& [origin, host] :
       std::initializer_list<Row>{{"http://localhost:8080", "localhost:8080"},
                                  {"HTTP://LocalHost:8080", "localhost:8080"},
                                  {"http://localhost", "localhost"},
                                  {"http://localhost", "localhost:80"},
                                  {"http://localhost:80", "localhost"},
                                  {"https://chat.example.org", "chat.example.org"},
                                  {"https://chat.example.org", "chat.example.org:443"},
                                  {"https://chat.example.org:8443", "chat.example.org:8443"},
                                  {"http://[::1]:8080", "[::1]:8080"},
                                  {"http://127.0.0.1:8080", "127.0.0.1:8080"},
                                  {"https://friend.example", "localhost:8080"},
                                  {"HTTPS://Friend.Example", "localhost:8080"},
                                  {"http://other.example:3000", "10.0.0.1"}}) {
    INFO(origin << " at " << host);
    CHECK(guard.origin_allowed(origin, host));
  }
}

TEST_CASE("another host, port or no origin that can be read may not") {
  struct Row {
    const char *origin, *host;
  };
  for (const auto& [origin, host] :
       std::initializer_list<Row>{{"null", "localhost:8080"},
                                  {"", "localhost:8080"},
                                  {"http://evil.example", "localhost:8080"},
                                  {"http://localhost:8081", "localhost:8080"},
                                  {"http://localhost", "localhost:8080"},
                                  {"https://localhost", "localhost:80"},
                                  {"http://localhost:8080.evil.example", "localhost:8080"},
                                  {"http://evil.example:8080", "127.0.0.1:8080"},
                                  {"http://127.0.0.1:8080", "localhost:8080"},
                                  {"http://friend.example", "localhost:8080"},
                                  {"https://friend.example:444", "localhost:8080"},
                                  {"https://friend.example.evil.example", "localhost:8080"},
                                  {"http://other.example", "localhost:8080"},
                                  {"file://", "localhost:8080"},
                                  {"localhost:8080", "localhost:8080"},
                                  {"http://user@localhost:8080", "localhost:8080"}}) {
    INFO(origin << " at " << host);
    CHECK_FALSE(guard.origin_allowed(origin, host));
  }
}

TEST_CASE("loopback is asked for by its addresses and names, with a port or without") {
  for (const auto* host : {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.1.2.3:80", "[::1]:8080", "app.localhost"})
    CHECK(is_loopback_host(host));
  for (const auto* host : {"", "10.0.0.3", "[fe80::1]", "box", "localhost.example", "127.0.0.1.example", "mylocalhost"})
    CHECK_FALSE(is_loopback_host(host));
}

}  // namespace
}  // namespace chatbridge
