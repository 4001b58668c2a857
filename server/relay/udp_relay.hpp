// Raw UDP clients: datagrams in, datagrams out. An address is a client, whichever of our sockets it writes to.
#pragma once
#include <array>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridge/stream.hpp"
#include "core/line_dialect.hpp"
#include "server/relay/networks.hpp"
#include "server/relay/udp_guard.hpp"
#include "server/relay/udp_socket.hpp"

namespace chatbridge {

struct UdpOptions {
  Duration idle = std::chrono::minutes(10);  // after a client's last datagram it is forgotten
  std::size_t peers = 100'000;               // 0: no limit; a newcomer above it needs somebody's place, see FairPlaces
  Networks trusted;                          // whose datagrams are taken at once; source addresses can be forged
  bool challenge = true;                     // others are challenged; false: dropped
};

// Lives in its lane's connections, on the lane's thread.
class UdpRelay final : public Connection, public std::enable_shared_from_this<UdpRelay> {
 public:
  UdpRelay(Lane& lane, Hub& hub, UdpOptions options);
  ~UdpRelay() override;

  // Before start(). Throws boost::system::system_error when the address can't be had.
  void bind(const Udp::endpoint& at);
  std::vector<Udp::endpoint> local() const;
  void start();

  void stop_reading() override { stopped_ = true; }
  void finish() override;
  void abort() override;

 private:
  class Peer;
  enum class Drop {
    low_port,
    own_socket,
    server_line,
    untrusted,
    challenged,
    wrong_cookie,
    over_limit,
    too_many,
    congested,
    rate,
    count
  };

  void took(UdpSocket& socket, const UdpAddress& from, std::string_view datagram);
  bool acceptable(const UdpAddress& from, std::string_view datagram);
  // Whether a stranger may come in; if not, it is challenged at most.
  bool admit(UdpSocket& socket, const UdpAddress& from, std::string_view datagram);
  Peer* peer_of(const UdpAddress& from);
  Peer* new_peer(UdpSocket& socket, const UdpAddress& from);
  void queue(UdpSocket& socket, const UdpAddress& to, Cursor::Entry entry);
  void send_queued(UdpSocket& socket);
  void flush_all();
  void forget(Peer& peer, std::string_view reason);
  void forget_soon(Peer& peer, std::string_view reason);
  void expire();
  void drop(Drop why);
  void report_drops();
  void close_if_done();

  Lane& lane_;
  Hub& hub_;
  const UdpOptions options_;
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
  std::unordered_map<std::string, std::shared_ptr<Peer>, KeyedHash> peers_;
  FairPlaces<NetworkBits, Peer, KeyedHash> places_;
  UdpGuard guard_;
  std::list<Peer*> by_activity_;  // longest silent first
  std::list<Peer*>::iterator flush_next_ = by_activity_.end();
  Timer idle_, report_;
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::count)> drops_{};
  bool stopped_ = false, finishing_ = false, send_due_ = false;
};

}  // namespace chatbridge
