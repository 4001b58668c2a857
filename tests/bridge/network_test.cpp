#include "bridge/network.hpp"

#include <catch2/catch.hpp>

namespace chatbridge {
namespace {

namespace ip = boost::asio::ip;

TEST_CASE("one sender is an IPv4 address or an IPv6 /64, mapped addresses are IPv4") {
  const auto host = [](const char* a) { return host_of(ip::make_address(a)); };
  CHECK(host("203.0.113.9") == host("::ffff:203.0.113.9"));
  CHECK(host("203.0.113.9") != host("203.0.113.8"));
  CHECK(host("2001:db8::1") == host("2001:db8::ffff:1:2:3"));
  CHECK(host("2001:db8::1") != host("2001:db8:0:1::1"));
  CHECK(network_bits(ip::make_address("203.0.113.9"), 24, 48) ==
        network_bits(ip::make_address("203.0.113.200"), 24, 48));
  CHECK(network_bits(ip::make_address("203.0.113.9"), 24, 48) != network_bits(ip::make_address("203.0.112.9"), 24, 48));
  CHECK(network_bits(ip::make_address("2001:db8:0:ff::"), 24, 48) ==
        network_bits(ip::make_address("2001:db8::"), 24, 48));
}

}  // namespace
}  // namespace chatbridge
