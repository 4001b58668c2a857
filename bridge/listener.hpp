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
  // What somebody is told for whom there is no place.
  using Refusal = std::function<std::string(const Error&)>;

  // Binds and listens. Throws boost::system::system_error when the address can't be had.
  Listener(std::vector<Lane*> lanes, const Tcp::endpoint& at, Admission& admission, Accepted accepted, Refusal refusal);
  ~Listener();

  Tcp::endpoint local() const { return acceptor_.local_endpoint(); }
  // Out of descriptors it pauses, and goes on when it can; every other error of one accept is that peer's alone.
  void start();
  void stop();

 private:
  void accept();
  void pause(const boost::system::error_code& why);
  class Refused;
  void refuse(Socket socket, const Error& why);

  const std::vector<Lane*> lanes_;
  Admission& admission_;
  const Accepted accepted_;
  const Refusal refusal_;
  boost::asio::basic_socket_acceptor<Tcp, boost::asio::io_context::executor_type> acceptor_;
  Tcp::endpoint peer_;  // of the connection that was accepted last
  Timer retry_;
  std::size_t turn_ = 0;
  bool paused_ = false;
  std::vector<std::shared_ptr<Refused>> refused_;  // told why not, until they have read it
};

}  // namespace chatbridge
