#include "client/connect.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "client/console.hpp"
#include "client/tcp_link.hpp"
#include "client/udp_link.hpp"
#include "client/ws_link.hpp"
#include "core/text.hpp"

namespace chatbridge::connect {
namespace {

// Descriptors 0 to 2 are there, so that no socket becomes one of them.
void open_standard_descriptors() {
  int fd = 0;
  do fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

class Program {
 public:
  explicit Program(const Options& options) : options_(options) {}

  int run() {
    signals_.add(SIGHUP);
    watch_signals();
    link_ = make_link();
    link_->start();
    io_.run();
    console_.close();
    if (!reason_.empty()) {
      std::string clean;
      append_clean(clean, reason_, Keep::nothing);
      std::cerr << "chatbridge: " << clean << std::endl;
    }
    // A name that is still being looked up, on a thread of the resolver, would be waited for.
    if (status_ != 0) ::_exit(status_);
    return status_;
  }

 private:
  std::unique_ptr<Link> make_link() {
    const Finish finish = [this](int status, std::string reason) { finish_with(status, std::move(reason)); };
    switch (options_.url.scheme) {
      case Url::Scheme::tcp:
        return std::make_unique<TcpLink>(io_, console_, options_.url, options_.wishes, finish);
      case Url::Scheme::udp:
        return std::make_unique<UdpLink>(io_, console_, options_.url, options_.wishes, finish);
      case Url::Scheme::ws:
        break;
    }
    return std::make_unique<WsLink>(io_, console_, options_.url, options_.wishes, finish);
  }

  void finish_with(int status, std::string reason) {
    status_ = status;
    reason_ = std::move(reason);
    io_.stop();
  }

  // The first one leaves, with a goodbye where that is quick; the second does not wait for it.
  void watch_signals() {
    signals_.async_wait([this](boost::system::error_code ec, int number) {
      if (ec) return;
      if (std::exchange(leaving_, true)) return finish_with(128 + number, {});
      watch_signals();
      link_->leave(128 + number);
    });
  }

  const Options options_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM};
  Console console_{io_,
                   {[this](std::string_view bytes) { link_->input(bytes); }, [this] { link_->end_of_input(); },
                    [this] { finish_with(1, "nobody reads the output"); }}};
  std::unique_ptr<Link> link_;
  int status_ = 0;
  std::string reason_;
  bool leaving_ = false;
};

}  // namespace

int run(const Options& options) {
  open_standard_descriptors();
  return Program(options).run();
}

}  // namespace chatbridge::connect
