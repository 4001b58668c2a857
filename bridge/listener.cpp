#include "bridge/listener.hpp"

#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>

#include "core/guarded.hpp"

namespace chatbridge {
namespace {

constexpr Duration retry_after = std::chrono::milliseconds(50);
constexpr Duration refused_time = std::chrono::seconds(1);
constexpr std::size_t refused_max = 16;  // at once; each takes a descriptor

}  // namespace

// Closes so that the answer is not lost to a reset: what the peer sent is taken until it closes or time is up.
class Listener::Refused : public std::enable_shared_from_this<Refused> {
 public:
  Refused(Listener& listener, Socket socket)
      : listener_(listener),
        socket_(std::move(socket)),
        timer_(
            listener.lanes_.front()->shard.wheel(), [](void* self) { static_cast<Refused*>(self)->close(); }, this) {
    timer_.arm(refused_time);
  }
  void drain() {
    socket_.async_read_some(boost::asio::buffer(rest_),
                            [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                              if (!self->socket_.is_open()) return;
                              if (ec) return self->close();
                              self->drain();
                            });
  }
  void close() {
    const auto kept = shared_from_this();
    timer_.disarm();
    boost::system::error_code ignored;
    socket_.close(ignored);
    std::erase(listener_.refused_, kept);
  }

 private:
  Listener& listener_;
  Socket socket_;
  Timer timer_;
  std::array<char, 512> rest_;
};

Listener::~Listener() = default;

void Listener::refuse(Socket socket, const Error& why) {
  log::info("refused", {{"peer", to_string(peer_)}, {"reason", why.message}});
  boost::system::error_code ec;
  const auto answer = refusal_(why);
  socket.non_blocking(true, ec);
  socket.write_some(boost::asio::buffer(answer), ec);
  socket.shutdown(Socket::shutdown_send, ec);
  if (refused_.size() >= refused_max) return;
  // It was accepted for some lane; from now on it is the first one's, like all that is kept here.
  Socket here(lanes_.front()->shard.io());
  const auto protocol = local().protocol();
  const int fd = socket.release(ec);
  if (ec) return;
  here.assign(protocol, fd, ec);
  if (ec) return static_cast<void>(::close(fd));
  refused_.push_back(std::make_shared<Refused>(*this, std::move(here)));
  refused_.back()->drain();
}

Listener::Listener(std::vector<Lane*> lanes, const Tcp::endpoint& at, Admission& admission, Accepted accepted,
                   Refusal refusal)
    : lanes_(std::move(lanes)),
      admission_(admission),
      accepted_(std::move(accepted)),
      refusal_(std::move(refusal)),
      acceptor_(lanes_.front()->shard.io()),
      retry_(
          lanes_.front()->shard.wheel(), [](void* self) { static_cast<Listener*>(self)->accept(); }, this) {
  acceptor_.open(at.protocol());
  acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
  if (at.address().is_v6()) acceptor_.set_option(boost::asio::ip::v6_only(!at.address().is_unspecified()));
  tune(acceptor_.native_handle());
  acceptor_.bind(at);
  acceptor_.listen(4096);
}

void Listener::start() { accept(); }

void Listener::stop() {
  retry_.disarm();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  while (!refused_.empty()) refused_.back()->close();
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  auto& lane = *lanes_[turn_];
  acceptor_.async_accept(lane.shard.io(), peer_, [this, &lane](boost::system::error_code ec, Socket::Base accepted) {
    Socket socket(std::move(accepted));
    if (!acceptor_.is_open()) return;
    if (ec) {
      // Aborted connections and the like are over with their peer; without descriptors or memory it has to wait.
      if (ec == boost::asio::error::connection_aborted || ec.value() == EPROTO) return accept();
      return pause(ec);
    }
    if (std::exchange(paused_, false)) log::info("accept_resumed");
    socket.host = limited_host_of(peer_.address());
    auto place = admission_.admit(socket.host);
    if (!place) {
      refuse(std::move(socket), place.error());
      return accept();
    }
    socket.place = std::move(*place);
    turn_ = (turn_ + 1) % lanes_.size();
    guarded([&] {
      lane.shard.dispatch(
          [this, &lane, s = std::make_shared<Socket>(std::move(socket))] { accepted_(lane, std::move(*s)); });
    });
    accept();
  });
}

void Listener::pause(const boost::system::error_code& why) {
  if (!std::exchange(paused_, true)) log::warn("accept_paused", {{"reason", why.message()}});
  retry_.arm(retry_after);
}

}  // namespace chatbridge
