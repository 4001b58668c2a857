#include "server/relay/udp_socket.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/v6_only.hpp>
#include <cstring>

namespace chatbridge {
namespace {

namespace ip = boost::asio::ip;
using error_code = boost::system::error_code;

constexpr std::size_t receive_batch = 16, datagram_max = 65536;
constexpr int kernel_buffer = 1 << 20;

struct alignas(cmsghdr) Control {
  char bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
};

template <class T>
void put(msghdr& h, Control& control, int level, int type, const T& info) {
  h.msg_control = control.bytes;
  h.msg_controllen = CMSG_SPACE(sizeof info);
  auto* c = CMSG_FIRSTHDR(&h);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(c), &info, sizeof info);
}

void take_local(msghdr& h, UdpAddress& from) {
  from.has_local = false;
  for (auto* c = CMSG_FIRSTHDR(&h); c != nullptr; c = CMSG_NXTHDR(&h, c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      from.local = ip::address_v6(bytes);
      from.has_local = !from.local.is_multicast();
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      // Not ipi_addr: of a broadcast that is an address nobody can answer from.
      from.local = mapped(ip::address_v4(ntohl(info.ipi_spec_dst.s_addr)));
      from.has_local = true;
    }
  }
}

}  // namespace

struct UdpSocket::Received {
  std::vector<char> data = std::vector<char>(receive_batch * datagram_max);
  std::array<UdpAddress, receive_batch> from;
  std::array<Control, receive_batch> control;
  std::array<iovec, receive_batch> iov;
  std::array<mmsghdr, receive_batch> messages;
};

struct UdpSocket::Sending {
  std::array<mmsghdr, batch> messages;
  std::array<iovec, batch> iov;
  std::array<Control, batch> control;
};

std::string UdpAddress::key() const {
  const auto bytes = mapped(remote.address()).to_bytes();
  const std::uint64_t scope = remote.address().is_v6() ? remote.address().to_v6().scope_id() : 0;
  const auto port = remote.port();
  std::string key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  key.append(reinterpret_cast<const char*>(&scope), sizeof scope);
  return key.append(reinterpret_cast<const char*>(&port), sizeof port);
}

UdpSocket::UdpSocket(boost::asio::io_context& io, const Udp::endpoint& at)
    : socket_(io),
      v6_(at.address().is_v6()),
      wildcard_(at.address().is_unspecified()),
      received_(std::make_unique<Received>()),
      sending_(std::make_unique<Sending>()) {
  socket_.open(at.protocol());
  if (v6_) socket_.set_option(ip::v6_only(!wildcard_));
  error_code ignored;
  socket_.set_option(boost::asio::socket_base::receive_buffer_size(kernel_buffer), ignored);
  socket_.set_option(boost::asio::socket_base::send_buffer_size(kernel_buffer), ignored);
  const int on = 1;
  ::setsockopt(socket_.native_handle(), v6_ ? IPPROTO_IPV6 : IPPROTO_IP, v6_ ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
               sizeof on);
  socket_.bind(at);
  socket_.non_blocking(true);
  local_ = socket_.local_endpoint();
}

UdpSocket::~UdpSocket() = default;

bool UdpSocket::own(const UdpAddress& from) const {
  if (from.remote.port() != local_.port()) return false;
  const auto remote = mapped(from.remote.address());
  if (remote == mapped(local_.address())) return true;
  // Bound to all addresses: it is ours if it is the one written to, or this machine's own.
  return wildcard_ && (remote.is_loopback() || remote == mapped(ip::address_v4::loopback()) ||
                       (from.has_local && remote == from.local));
}

void UdpSocket::read(Took took, std::weak_ptr<void> owner) {
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [this, took = std::move(took), kept = owner.lock(), owner](error_code ec) mutable {
                       if (ec || !socket_.is_open()) return;
                       receive(took);
                       if (socket_.is_open()) read(std::move(took), owner);
                     });
}

void UdpSocket::receive(const Took& took) {
  auto& r = *received_;
  for (std::size_t i = 0; i < receive_batch; ++i) {
    r.iov[i] = {r.data.data() + i * datagram_max, datagram_max};
    r.from[i].remote = {};
    r.messages[i].msg_hdr = {r.from[i].remote.data(),
                             static_cast<socklen_t>(r.from[i].remote.capacity()),
                             &r.iov[i],
                             1,
                             r.control[i].bytes,
                             sizeof r.control[i].bytes,
                             0};
  }
  const int n = ::recvmmsg(socket_.native_handle(), r.messages.data(), receive_batch, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n) && socket_.is_open(); ++i) {
    r.from[i].remote.resize(r.messages[i].msg_hdr.msg_namelen);
    take_local(r.messages[i].msg_hdr, r.from[i]);
    took(r.from[i], {static_cast<const char*>(r.iov[i].iov_base), r.messages[i].msg_len});
  }
}

void UdpSocket::queue(const UdpAddress& to, Cursor::Entry entry) { out_.push_back({std::move(entry), to}); }

int UdpSocket::send_batch() {
  auto& s = *sending_;
  const auto count = std::min(out_.size(), batch);
  for (std::size_t i = 0; i < count; ++i) {
    auto& o = out_[i];
    s.iov[i] = {const_cast<char*>(o.entry.bytes.data()), o.entry.bytes.size()};
    auto& h = s.messages[i].msg_hdr;
    h = {o.to.remote.data(), static_cast<socklen_t>(o.to.remote.size()), &s.iov[i], 1, nullptr, 0, 0};
    if (!wildcard_ || !o.to.has_local) continue;
    if (v6_) {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, o.to.local.to_bytes().data(), sizeof info.ipi6_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        info.ipi6_ifindex = static_cast<unsigned>(o.to.remote.address().to_v6().scope_id());
      put(h, s.control[i], IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else {
      in_pktinfo info{};
      info.ipi_spec_dst.s_addr = htonl(ip::make_address_v4(ip::v4_mapped, o.to.local).to_uint());
      put(h, s.control[i], IPPROTO_IP, IP_PKTINFO, info);
    }
  }
  return ::sendmmsg(socket_.native_handle(), s.messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
}

bool UdpSocket::send(Writable writable, std::weak_ptr<void> owner) {
  while (!blocked_ && !out_.empty()) {
    const int n = send_batch();
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      blocked_ = true;
      socket_.async_wait(boost::asio::socket_base::wait_write,
                         [this, writable = std::move(writable), kept = owner.lock()](error_code ec) {
                           blocked_ = false;
                           if (!ec && socket_.is_open()) writable();
                         });
      return false;
    }
    // An error is the first datagram's alone: it is tried once more without our address, which may be one that can't be
    // sent from, and skipped when the client can't be reached.
    if (n < 0 && std::exchange(out_.front().to.has_local, false)) continue;
    out_.erase(out_.begin(), out_.begin() + (n < 0 ? 1 : n));
  }
  return !blocked_;
}

void UdpSocket::close() {
  error_code ignored;
  socket_.close(ignored);
  out_.clear();
}

}  // namespace chatbridge
