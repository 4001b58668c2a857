// One bound UDP socket: datagrams in and out by the batch, each with the address it came from and the one it came to.
#pragma once
#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/network.hpp"
#include "core/cursor.hpp"

namespace chatbridge {

using Udp = boost::asio::ip::udp;

// Where a datagram came from, and the address of ours that it was sent to: answers leave from there.
struct UdpAddress {
  Udp::endpoint remote;
  boost::asio::ip::address_v6 local;  // IPv4 as mapped; without a scope
  bool has_local = false;

  // The remote address whatever socket it was seen on: IPv4 and mapped IPv4 are one.
  std::string key() const;
};

// On its shard's thread. The owner is kept alive while an operation is under way.
class UdpSocket {
 public:
  using Took = std::function<void(const UdpAddress& from, std::string_view datagram)>;
  using Writable = std::function<void()>;

  // Binds. Throws boost::system::system_error when the address can't be had.
  UdpSocket(boost::asio::io_context& io, const Udp::endpoint& at);
  ~UdpSocket();

  Udp::endpoint local() const { return local_; }
  // Whether `from` is this socket's own address: a loop. `from` may have come to any socket.
  bool own(const UdpAddress& from) const;

  // Calls `took` for every datagram until close(); `owner` is kept meanwhile. Datagrams over 65,507 bytes do not exist.
  void read(Took took, std::weak_ptr<void> owner);

  // Adds one datagram to what send() will send. Nothing is sent before.
  void queue(const UdpAddress& to, Cursor::Entry entry);
  bool full() const { return out_.size() >= batch; }
  std::size_t queued() const { return out_.size(); }
  // Sends what is queued. False: the socket takes no more now; `writable` is called when it does.
  bool send(Writable writable, std::weak_ptr<void> owner);
  bool blocked() const { return blocked_; }

  void close();

 private:
  static constexpr std::size_t batch = 64;
  struct Received;
  struct Sending;
  struct Out {
    Cursor::Entry entry;
    UdpAddress to;
  };
  void receive(const Took& took);
  int send_batch();

  boost::asio::basic_datagram_socket<Udp, boost::asio::io_context::executor_type> socket_;
  const bool v6_, wildcard_;
  Udp::endpoint local_;
  std::unique_ptr<Received> received_;
  std::unique_ptr<Sending> sending_;
  std::vector<Out> out_;
  bool blocked_ = false;
};

}  // namespace chatbridge
