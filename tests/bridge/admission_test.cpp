#include "bridge/admission.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

namespace chatbridge {
namespace {

Host at(const char* text) { return limited_host_of(boost::asio::ip::make_address(text)); }

TEST_CASE("there are so many places in all, and one given back is taken by the next") {
  Admission doors({2, 0});
  auto one = doors.admit(at("192.0.2.1"));
  auto two = doors.admit(at("127.0.0.1"));
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK(doors.admit(at("::1")).error().code == errc::too_many);
  { const auto moved = *std::move(one); }
  CHECK(doors.admit(at("::1")).has_value());
}

TEST_CASE("an address has its own limit: mapped is the same, a /64 is one, loopback has none") {
  for (const auto& [taken, more, same] :
       std::vector<std::tuple<const char*, const char*, bool>>{{"192.0.2.1", "192.0.2.1", true},
                                                               {"192.0.2.1", "::ffff:192.0.2.1", true},
                                                               {"192.0.2.1", "192.0.2.2", false},
                                                               {"2001:db8::1", "2001:db8::ffff:1", true},
                                                               {"2001:db8::1", "2001:db8:0:1::1", false},
                                                               {"127.0.0.1", "127.0.0.1", false},
                                                               {"::1", "::1", false},
                                                               {"::ffff:127.0.0.1", "::ffff:127.0.0.1", false}}) {
    INFO(taken << " then " << more);
    Admission doors({0, 1});
    const auto first = doors.admit(at(taken));
    REQUIRE(first.has_value());
    CHECK(doors.admit(at(more)).has_value() != same);
  }
}

TEST_CASE("limits of 0 are none") {
  Admission doors({0, 0});
  std::vector<Admission::Place> held;
  for (int i = 0; i < 1000; ++i) held.push_back(*doors.admit(at("192.0.2.1")));
  CHECK(held.size() == 1000);
}

}  // namespace
}  // namespace chatbridge
