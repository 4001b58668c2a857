// Raw TCP: as a person in a chat, or as bytes in a verbatim relay.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "client/console.hpp"
#include "client/entry.hpp"
#include "client/line_splitter.hpp"
#include "client/link.hpp"
#include "client/url.hpp"

namespace chatbridge::connect {

class TcpLink final : public Link {
 public:
  TcpLink(boost::asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish);
  void start() override;
  void input(std::string_view bytes) override;
  void end_of_input() override;
  void leave(int status) override;

 private:
  using Tcp = boost::asio::ip::tcp;
  using error_code = boost::system::error_code;
  bool chat() const { return entry_.state() != Entry::State::verbatim; }
  bool inside() const { return entry_.inside(); }
  void connect(const Tcp::resolver::results_type& found);
  void read();
  void heard(std::string_view bytes);
  void line(std::string_view text);
  void tick();
  void entered(Entry::State before);
  void send(std::string_view bytes);
  void write();
  void server_ended(error_code ec);
  void wait_for_close();
  void end(int status, std::string reason);

  Console& console_;
  const Url url_;
  const Finish finish_;
  Entry entry_;
  Tcp::resolver resolver_;
  Tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::string buffer_, first_;  // first_: what came before it is known what talks
  LineSplitter lines_;
  std::string out_, writing_;
  std::size_t lines_sent_ = 0;
  char last_ = '\n';  // of what was sent
  bool input_ended_ = false, said_bye_ = false, over_ = false;
};

}  // namespace chatbridge::connect
