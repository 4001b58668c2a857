#include "bridge/network.hpp"

namespace chatbridge {

namespace ip = boost::asio::ip;

ip::address_v6 mapped(const ip::address& address) {
  if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4());
  return ip::address_v6(address.to_v6().to_bytes());
}

NetworkBits network_bits(const ip::address& address, unsigned v4_bits, unsigned v6_bits) {
  auto bytes = mapped(address).to_bytes();
  const bool v4 = mapped(address).is_v4_mapped();
  for (unsigned bit = v4 ? 96 + v4_bits : v6_bits; bit < 128; ++bit)
    bytes[bit / 8] &= static_cast<unsigned char>(~(0x80U >> bit % 8));
  return bytes;
}

NetworkBits host_of(const ip::address& address) { return network_bits(address, 32, 64); }

Host limited_host_of(const ip::address& address) {
  const auto v6 = mapped(address);
  const bool loopback = v6.is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, v6).is_loopback() : v6.is_loopback();
  return loopback ? Host{} : host_of(address);
}

}  // namespace chatbridge
