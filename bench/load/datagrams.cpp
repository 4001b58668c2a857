#include "bench/load/datagrams.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace chatbridge::bench {
namespace {

constexpr std::uint32_t first_address = 0x7F010001;  // 127.1.0.1

union Control {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(in_pktinfo))];
};

std::system_error failed(const char* what) { return {errno, std::generic_category(), what}; }

}  // namespace

DatagramSocket::DatagramSocket(const Endpoint& endpoint, std::size_t first, std::size_t count)
    : endpoint_(&endpoint), first_(first), count_(count) {
  fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw failed("socket");
  const int on = 1, buffer = 4 << 20;
  ::setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0) throw failed("bind");
}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept
    : endpoint_(other.endpoint_), first_(other.first_), count_(other.count_), fd_(std::exchange(other.fd_, -1)) {}

DatagramSocket::~DatagramSocket() {
  if (fd_ >= 0) ::close(fd_);
}

void DatagramSocket::hello(std::size_t client) { send(client, bench::hello(*endpoint_, client, true).front().bytes); }
void DatagramSocket::quit(std::size_t client) { send(client, "/quit"); }

void DatagramSocket::send(std::size_t client, std::string_view text) {
  iovec bytes{const_cast<char*>(text.data()), text.size()};
  Control control{};
  msghdr message{};
  auto to = endpoint_->address;
  message.msg_name = &to;
  message.msg_namelen = sizeof to;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  in_pktinfo from{};
  from.ipi_spec_dst.s_addr = htonl(first_address + static_cast<std::uint32_t>(client - first_));
  std::memcpy(CMSG_DATA(header), &from, sizeof from);
  ::sendmsg(fd_, &message, MSG_NOSIGNAL);  // whoever is not answered asks again
}

DatagramSocket::Received DatagramSocket::receive(std::span<char> buffer) {
  iovec bytes{buffer.data(), buffer.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  for (;;) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    const auto n = ::recvmsg(fd_, &message, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) continue;  // an ICMP error of an earlier datagram
    if (n < 0) return {};
    const auto* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo to;
    std::memcpy(&to, CMSG_DATA(header), sizeof to);
    const auto index = ntohl(to.ipi_addr.s_addr) - first_address;
    if (index < count_) return {first_ + index, {buffer.data(), static_cast<std::size_t>(n)}};
  }
}

}  // namespace chatbridge::bench
