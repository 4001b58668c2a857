#include "server/relay/networks.hpp"

#include <algorithm>

namespace chatbridge {

namespace ip = boost::asio::ip;

bool Networks::add(const std::string& cidr) {
  boost::system::error_code ec;
  const auto v4 = ip::make_network_v4(cidr, ec);
  if (!ec) {
    v4_.push_back(v4.canonical());
    return true;
  }
  const auto v6 = ip::make_network_v6(cidr, ec);
  // With a scope, or of mapped addresses, it would contain nothing: contain() looks for neither.
  if (ec || cidr.find('%') != std::string::npos || v6.address().is_v4_mapped()) return false;
  v6_.push_back(v6.canonical());
  return true;
}

bool Networks::contain(const ip::address& address) const {
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    const ip::address_v6 a(address.to_v6().to_bytes());  // without its scope, which no network has
    return std::ranges::any_of(v6_,
                               [&](const auto& n) { return ip::network_v6(a, n.prefix_length()).canonical() == n; });
  }
  const auto a = address.is_v4() ? address.to_v4() : ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return std::ranges::any_of(v4_, [&](const auto& n) { return ip::network_v4(a, n.prefix_length()).canonical() == n; });
}

}  // namespace chatbridge
