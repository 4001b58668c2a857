// Raw UDP: a datagram is a message. Best effort, as the network's.
#pragma once
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "client/console.hpp"
#include "client/entry.hpp"
#include "client/line_splitter.hpp"
#include "client/link.hpp"
#include "client/url.hpp"

namespace chatbridge::connect {

class UdpLink final : public Link {
 public:
  UdpLink(boost::asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish);
  void start() override;
  void input(std::string_view bytes) override;
  void end_of_input() override;
  void leave(int status) override;

 private:
  using Udp = boost::asio::ip::udp;
  using error_code = boost::system::error_code;
  bool chat() const { return entry_.state() != Entry::State::verbatim; }
  void try_next(error_code why);
  void failed(error_code ec);
  void receive();
  void heard(std::string_view datagram);
  void entered(Entry::State before);
  void tick();
  void keep();
  void line(std::string_view text, bool whole);
  void send(std::string datagram);
  void write();
  void goodbye();
  void say_quit();
  void end(int status, std::string reason);

  boost::asio::io_context& io_;
  Console& console_;
  const Url url_;
  const Finish finish_;
  Entry entry_;
  Udp::resolver resolver_;
  Udp::socket socket_;
  boost::asio::steady_timer timer_;
  std::deque<Udp::endpoint> addresses_;  // that were not tried yet
  std::string buffer_;
  LineSplitter typed_;
  std::deque<std::string> out_;
  bool too_long_ = false, input_ended_ = false, leaving_ = false, over_ = false;
  int status_ = 0, byes_ = 0;
};

}  // namespace chatbridge::connect
