// Addresses as numbers: which ones count as one sender.
#pragma once
#include <boost/asio/ip/address.hpp>

#include "core/host.hpp"

namespace chatbridge {

// Every address as IPv6, IPv4 mapped; without a scope, so that it can be compared.
boost::asio::ip::address_v6 mapped(const boost::asio::ip::address& address);

NetworkBits network_bits(const boost::asio::ip::address& address, unsigned v4_bits, unsigned v6_bits);
// What counts as one sender, whatever port it uses: an IPv4 address, an IPv6 /64, of which everybody has plenty.
NetworkBits host_of(const boost::asio::ip::address& address);
// The same for limits of a host's own, which loopback has none of: behind a proxy on this machine are many.
Host limited_host_of(const boost::asio::ip::address& address);

}  // namespace chatbridge
