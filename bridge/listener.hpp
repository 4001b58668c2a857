// Accepts TCP connections of one address and deals them to the lanes in turn.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "bridge/stream.hpp"

namespace chatbridge {

// Lives on the first lane's thread; `accepted` is called on the thread of the lane it names.
class Listener {
 public:
  using Accepted = std::function<void(Lane&, Socket)>;

  // Binds and listens. Throws boost::system::system_error when the address can't be had.
  Listener(std::vector<Lane*> lanes, const Tcp::endpoint& at, Accepted accepted);

  Tcp::endpoint local() const { return acceptor_.local_endpoint(); }
  // Out of descriptors it pauses, and goes on when it can; every other error of one accept is that peer's alone.
  void start();
  void stop();

 private:
  void accept();
  void pause(const boost::system::error_code& why);

  const std::vector<Lane*> lanes_;
  const Accepted accepted_;
  boost::asio::basic_socket_acceptor<Tcp, boost::asio::io_context::executor_type> acceptor_;
  Timer retry_;
  std::size_t turn_ = 0;
  bool paused_ = false;
};

}  // namespace chatbridge
