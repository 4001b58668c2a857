// Raw UDP clients of one address: datagrams in, datagrams out. One socket, read by one lane.
#pragma once
#include <netinet/in.h>

#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/ip/udp.hpp>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/stream.hpp"
#include "core/line_dialect.hpp"

namespace chatbridge {

using Udp = boost::asio::ip::udp;

// Networks by prefix, "127.0.0.0/8", "fc00::/7"; mapped IPv4 addresses count as IPv4.
class Networks {
 public:
  bool add(const std::string& cidr);  // false: not a network
  bool contain(const boost::asio::ip::address& address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

struct UdpOptions {
  Duration idle = std::chrono::minutes(10);  // after a client's last datagram it is forgotten
  std::size_t peers = 100'000;               // per address, 0: no limit; more are dropped and counted
  Networks trusted;                          // whose datagrams are taken; source addresses can be forged
};

class UdpRelay final : public Connection, public std::enable_shared_from_this<UdpRelay> {
 public:
  // Binds. Throws boost::system::system_error when the address can't be had. Lives in the lane's connections.
  UdpRelay(Lane& lane, Hub& hub, UdpOptions options, const Udp::endpoint& at);
  ~UdpRelay() override;

  Udp::endpoint local() const { return socket_.local_endpoint(); }
  void start();

  void stop_reading() override { stopped_ = true; }
  void finish() override;
  void abort() override;

 private:
  class Peer;
  // A client's address as the kernel gives it, and the address of ours that it wrote to.
  struct Address {
    sockaddr_in6 remote{};  // IPv4 as mapped on a dual stack socket, else in the bytes of a sockaddr_in
    socklen_t size = 0;
    in6_addr local{};
    bool has_local = false;
    std::string key() const;
  };
  struct Out {
    Cursor::Entry entry;
    Address to;
  };
  struct Received;
  enum class Drop { low_port, own_socket, server_line, untrusted, too_many, congested, count };

  void read();
  void readable();
  void took(const Address& from, std::string_view datagram);
  bool acceptable(const Address& from, std::string_view datagram);
  Peer* peer_of(const Address& from);
  void queue(const Address& to, Cursor::Entry entry);
  void send_queued();
  bool send_some();
  void forget(Peer& peer, std::string_view reason);
  void expire();
  void drop(Drop why);
  void report_drops();
  void remove_if_done();
  boost::asio::ip::address address_of(const Address& a) const;
  std::uint16_t port_of(const Address& a) const;

  Lane& lane_;
  Hub& hub_;
  const UdpOptions options_;
  boost::asio::basic_datagram_socket<Udp, boost::asio::io_context::executor_type> socket_;
  const bool v6_, wildcard_;
  std::unique_ptr<Received> received_;
  std::unordered_map<std::string, std::shared_ptr<Peer>> peers_;
  std::list<Peer*> by_activity_;  // longest silent first
  std::vector<Out> out_;
  Timer idle_, report_;
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::count)> drops_{};
  bool stopped_ = false, finishing_ = false, blocked_ = false, queued_ = false;
};

}  // namespace chatbridge
