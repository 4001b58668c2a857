#include "server/relay/udp_relay.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cstring>

#include "core/log.hpp"

namespace chatbridge {
namespace {

using error_code = boost::system::error_code;

constexpr std::size_t receive_max = 16, datagram_max = 65536, send_max = 64;
constexpr std::uint16_t privileged_ports = 1024;
constexpr Duration report_every = std::chrono::seconds(10);
constexpr int receive_buffer = 1 << 20;

std::string_view without_line_end(std::string_view s) {
  if (s.ends_with('\n')) s.remove_suffix(1);
  if (s.ends_with('\r')) s.remove_suffix(1);
  return s;
}

}  // namespace

bool Networks::add(const std::string& cidr) {
  error_code ec;
  const auto v4 = boost::asio::ip::make_network_v4(cidr, ec);
  if (!ec) return v4_.push_back(v4), true;
  const auto v6 = boost::asio::ip::make_network_v6(cidr, ec);
  if (!ec) return v6_.push_back(v6), true;
  return false;
}

bool Networks::contain(const boost::asio::ip::address& address) const {
  namespace ip = boost::asio::ip;
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    const auto a = address.to_v6();
    return std::ranges::any_of(
        v6_, [&](const auto& n) { return ip::network_v6(a, n.prefix_length()).canonical() == n.canonical(); });
  }
  const auto a = address.is_v4() ? address.to_v4() : ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return std::ranges::any_of(
      v4_, [&](const auto& n) { return ip::network_v4(a, n.prefix_length()).canonical() == n.canonical(); });
}

// One address that has sent something: a client like any other.
class UdpRelay::Peer final : public Transport {
 public:
  Peer(UdpRelay& relay, const Address& address)
      : relay_(relay),
        address(address),
        client(std::make_shared<Client>(relay.hub_, relay.lane_.shard, *this, Via::udp, Wire::line, true)),
        dialect(*client) {}

  void flush() override {
    while (!relay_.blocked_) {
      auto entry = client->next_datagram();
      if (entry.bytes.empty()) return;
      relay_.queue(address, std::move(entry));
    }
  }

  UdpRelay& relay_;
  Address address;
  const std::shared_ptr<Client> client;
  LineDialect dialect;
  TimePoint heard;
  std::list<Peer*>::iterator place;
  std::uint64_t datagrams = 0;
};

// Buffers of one recvmmsg.
struct UdpRelay::Received {
  struct alignas(cmsghdr) Control {
    char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
  };
  std::vector<char> data = std::vector<char>(receive_max * datagram_max);
  std::array<Address, receive_max> from;
  std::array<Control, receive_max> control;
  std::array<iovec, receive_max> iov;
  std::array<mmsghdr, receive_max> messages;

  void prepare() {
    for (std::size_t i = 0; i < receive_max; ++i) {
      iov[i] = {data.data() + i * datagram_max, datagram_max};
      messages[i] = {};
      messages[i].msg_hdr = {&from[i].remote,  sizeof(sockaddr_in6),    &iov[i], 1,
                             control[i].bytes, sizeof control[i].bytes, 0};
    }
  }
};

std::string UdpRelay::Address::key() const { return {reinterpret_cast<const char*>(&remote), size}; }

UdpRelay::UdpRelay(Lane& lane, Hub& hub, UdpOptions options, const Udp::endpoint& at)
    : lane_(lane),
      hub_(hub),
      options_(std::move(options)),
      socket_(lane.shard.io()),
      v6_(at.address().is_v6()),
      wildcard_(at.address().is_unspecified()),
      received_(std::make_unique<Received>()),
      idle_(
          lane.shard.wheel(), [](void* self) { static_cast<UdpRelay*>(self)->expire(); }, this),
      report_(
          lane.shard.wheel(), [](void* self) { static_cast<UdpRelay*>(self)->report_drops(); }, this) {
  socket_.open(at.protocol());
  if (v6_) socket_.set_option(boost::asio::ip::v6_only(!wildcard_));
  error_code ignored;
  socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer), ignored);
  socket_.set_option(boost::asio::socket_base::send_buffer_size(receive_buffer), ignored);
  const int on = 1;
  ::setsockopt(socket_.native_handle(), v6_ ? IPPROTO_IPV6 : IPPROTO_IP, v6_ ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
               sizeof on);
  socket_.bind(at);
  socket_.non_blocking(true);
}

UdpRelay::~UdpRelay() = default;

void UdpRelay::start() { read(); }

// ---- in

void UdpRelay::read() {
  socket_.async_wait(boost::asio::socket_base::wait_read, [self = shared_from_this()](error_code ec) {
    if (ec || self->stopped_) return;
    self->readable();
    self->read();
  });
}

void UdpRelay::readable() {
  auto& r = *received_;
  r.prepare();
  const int n = ::recvmmsg(socket_.native_handle(), r.messages.data(), receive_max, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i) {
    auto& header = r.messages[i].msg_hdr;
    auto& from = r.from[i];
    from.size = header.msg_namelen;
    from.has_local = false;
    for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        std::memcpy(&from.local, &reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c))->ipi6_addr, sizeof from.local);
        from.has_local = true;
      } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        std::memcpy(&from.local, &reinterpret_cast<in_pktinfo*>(CMSG_DATA(c))->ipi_addr, sizeof(in_addr));
        from.has_local = true;
      }
    }
    took(from, {static_cast<const char*>(r.iov[i].iov_base), r.messages[i].msg_len});
  }
}

boost::asio::ip::address UdpRelay::address_of(const Address& a) const {
  if (a.remote.sin6_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &a.remote, sizeof v4);
    return boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  boost::asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &a.remote.sin6_addr, bytes.size());
  const boost::asio::ip::address_v6 v6(bytes, a.remote.sin6_scope_id);
  if (v6.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6);
  return v6;
}

// The port lies at the same place for both families.
std::uint16_t UdpRelay::port_of(const Address& a) const { return ntohs(a.remote.sin6_port); }

bool UdpRelay::acceptable(const Address& from, std::string_view datagram) {
  if (port_of(from) < privileged_ports) return drop(Drop::low_port), false;
  const auto address = address_of(from);
  if (port_of(from) == local().port()) {
    // From this very socket, if the address is the one it was sent to or the one bound.
    const bool own =
        from.has_local && (v6_ ? std::memcmp(&from.local, &from.remote.sin6_addr, sizeof from.local) == 0
                               : std::memcmp(&from.local, reinterpret_cast<const char*>(&from.remote) + 4, 4) == 0);
    if (own || address == local().address()) return drop(Drop::own_socket), false;
  }
  if (datagram.starts_with("*** ")) return drop(Drop::server_line), false;
  if (!options_.trusted.contain(address)) return drop(Drop::untrusted), false;
  return true;
}

void UdpRelay::took(const Address& from, std::string_view datagram) {
  if (!acceptable(from, datagram)) return;
  auto* peer = peer_of(from);
  if (peer == nullptr) return;
  peer->heard = lane_.shard.wheel().now();
  peer->address = from;
  by_activity_.splice(by_activity_.end(), by_activity_, peer->place);
  ++peer->datagrams;
  if (peer->client->congested()) return drop(Drop::congested);
  peer->dialect.input(without_line_end(datagram));
  if (peer->dialect.quit()) {
    peer->client->tell("*** bye");
    peer->flush();
    send_queued();
    forget(*peer, "quit");
  }
}

UdpRelay::Peer* UdpRelay::peer_of(const Address& from) {
  const auto key = from.key();
  if (const auto found = peers_.find(key); found != peers_.end()) return found->second.get();
  if (options_.peers > 0 && peers_.size() >= options_.peers) return drop(Drop::too_many), nullptr;
  auto peer = std::make_shared<Peer>(*this, from);
  peer->client->become(hub_.new_session());
  if (!peer->dialect.enter()) return drop(Drop::too_many), peer->client->gone(Farewell::said), nullptr;
  peer->heard = lane_.shard.wheel().now();
  peer->place = by_activity_.insert(by_activity_.end(), peer.get());
  log::info("connect", {{"transport", "udp"},
                        {"peer", to_string(Tcp::endpoint(address_of(from), port_of(from)))},
                        {"client", peer->client->id()}});
  peer->dialect.greet();
  if (!idle_.armed()) idle_.arm(options_.idle);
  return peers_.emplace(key, std::move(peer)).first->second.get();
}

void UdpRelay::forget(Peer& peer, std::string_view reason) {
  const auto kept = peers_.extract(peer.address.key());
  by_activity_.erase(peer.place);
  peer.client->gone(Farewell::said);
  log::info("disconnect",
            {{"transport", "udp"}, {"client", peer.client->id()}, {"reason", reason}, {"datagrams", peer.datagrams}});
  // A flush may be on its way to it.
  lane_.shard.post([kept = kept.mapped()] {});
}

void UdpRelay::expire() {
  const auto now = lane_.shard.wheel().now();
  while (!by_activity_.empty() && now - by_activity_.front()->heard >= options_.idle)
    forget(*by_activity_.front(), "idle");
  if (!by_activity_.empty()) idle_.arm(by_activity_.front()->heard + options_.idle - now);
}

// ---- out

void UdpRelay::queue(const Address& to, Cursor::Entry entry) {
  out_.push_back({std::move(entry), to});
  if (out_.size() >= send_max) return send_queued();
  if (std::exchange(queued_, true)) return;
  lane_.shard.after_flush(
      [](void* self) {
        static_cast<UdpRelay*>(self)->queued_ = false;
        static_cast<UdpRelay*>(self)->send_queued();
      },
      this);
}

void UdpRelay::send_queued() {
  while (!blocked_ && !out_.empty())
    if (!send_some()) break;
  remove_if_done();
}

// False: the socket takes no more now.
bool UdpRelay::send_some() {
  std::array<mmsghdr, send_max> messages{};
  std::array<iovec, send_max> iov;
  std::array<Received::Control, send_max> control{};
  const auto count = std::min(out_.size(), send_max);
  for (std::size_t i = 0; i < count; ++i) {
    auto& o = out_[i];
    iov[i] = {const_cast<char*>(o.entry.bytes.data()), o.entry.bytes.size()};
    auto& h = messages[i].msg_hdr;
    h = {&o.to.remote, o.to.size, &iov[i], 1, nullptr, 0, 0};
    if (!wildcard_ || !o.to.has_local) continue;
    // Leaves from the address that was written to.
    h.msg_control = control[i].bytes;
    h.msg_controllen = v6_ ? CMSG_SPACE(sizeof(in6_pktinfo)) : CMSG_SPACE(sizeof(in_pktinfo));
    auto* c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = v6_ ? IPPROTO_IPV6 : IPPROTO_IP;
    c->cmsg_type = v6_ ? IPV6_PKTINFO : IP_PKTINFO;
    c->cmsg_len = v6_ ? CMSG_LEN(sizeof(in6_pktinfo)) : CMSG_LEN(sizeof(in_pktinfo));
    if (v6_) {
      in6_pktinfo info{};
      info.ipi6_addr = o.to.local;
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = o.to.remote.sin6_scope_id;
      std::memcpy(CMSG_DATA(c), &info, sizeof info);
    } else {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, &o.to.local, sizeof info.ipi_spec_dst);
      std::memcpy(CMSG_DATA(c), &info, sizeof info);
    }
  }
  const int n = ::sendmmsg(socket_.native_handle(), messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    blocked_ = true;
    socket_.async_wait(boost::asio::socket_base::wait_write, [self = shared_from_this()](error_code ec) {
      self->blocked_ = false;
      if (ec) return;
      self->send_queued();
      const Shard::Flushing flushing(self->lane_.shard);
      for (auto* p : self->by_activity_) p->flush();
    });
    return false;
  }
  // An error is the first datagram's alone: an address that can't be reached any more. It is skipped.
  const auto gone = n < 0 ? 1 : n;
  out_.erase(out_.begin(), out_.begin() + gone);
  return true;
}

// ---- the end

void UdpRelay::finish() {
  stopped_ = true;
  {
    const Shard::Flushing flushing(lane_.shard);
    for (auto* p : by_activity_) {
      p->flush();
      p->client->tell("*** the server is going down, bye");
      p->flush();
    }
  }
  finishing_ = true;
  remove_if_done();
}

void UdpRelay::remove_if_done() {
  if (!finishing_ || !out_.empty()) return;
  abort();
}

void UdpRelay::abort() {
  finishing_ = false;
  stopped_ = true;
  idle_.disarm();
  if (report_.armed()) report_drops();
  report_.disarm();
  const auto kept = shared_from_this();
  error_code ignored;
  socket_.close(ignored);
  while (!by_activity_.empty()) forget(*by_activity_.front(), "shutdown");
  lane_.connections.remove(*this);
}

void UdpRelay::drop(Drop why) {
  ++drops_[static_cast<std::size_t>(why)];
  if (!report_.armed()) report_.arm(report_every);
}

void UdpRelay::report_drops() {
  const auto take = [&](Drop d) { return std::exchange(drops_[static_cast<std::size_t>(d)], 0); };
  log::info("udp_dropped", {{"low_port", take(Drop::low_port)},
                            {"own_socket", take(Drop::own_socket)},
                            {"server_line", take(Drop::server_line)},
                            {"untrusted", take(Drop::untrusted)},
                            {"too_many", take(Drop::too_many)},
                            {"congested", take(Drop::congested)}});
}

}  // namespace chatbridge
