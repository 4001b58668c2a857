// Sets of networks, as operators write them.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <vector>

namespace chatbridge {

// Networks by prefix, "127.0.0.0/8", "fc00::/7"; mapped IPv4 addresses count as IPv4.
class Networks {
 public:
  bool add(const std::string& cidr);  // false: not a network
  bool contain(const boost::asio::ip::address& address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace chatbridge
