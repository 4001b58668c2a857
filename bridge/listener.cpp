#include "bridge/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include "core/log.hpp"

namespace chatbridge {
namespace {

constexpr Duration retry_after = std::chrono::milliseconds(50);

}  // namespace

Listener::Listener(std::vector<Lane*> lanes, const Tcp::endpoint& at, Accepted accepted)
    : lanes_(std::move(lanes)),
      accepted_(std::move(accepted)),
      acceptor_(lanes_.front()->shard.io()),
      retry_(
          lanes_.front()->shard.wheel(), [](void* self) { static_cast<Listener*>(self)->accept(); }, this) {
  acceptor_.open(at.protocol());
  acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
  if (at.address().is_v6()) acceptor_.set_option(boost::asio::ip::v6_only(!at.address().is_unspecified()));
  acceptor_.bind(at);
  acceptor_.listen(4096);
}

void Listener::start() { accept(); }

void Listener::stop() {
  retry_.disarm();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  auto& lane = *lanes_[turn_];
  acceptor_.async_accept(lane.shard.io(), [this, &lane](boost::system::error_code ec, Socket socket) {
    if (!acceptor_.is_open()) return;
    if (ec) {
      // Aborted connections and the like are over with their peer; without descriptors or memory it has to wait.
      if (ec == boost::asio::error::connection_aborted || ec.value() == EPROTO) return accept();
      return pause(ec);
    }
    if (std::exchange(paused_, false)) log::info("accept_resumed");
    turn_ = (turn_ + 1) % lanes_.size();
    lane.shard.dispatch(
        [this, &lane, s = std::make_shared<Socket>(std::move(socket))] { accepted_(lane, std::move(*s)); });
    accept();
  });
}

void Listener::pause(const boost::system::error_code& why) {
  if (!std::exchange(paused_, true)) log::warn("accept_paused", {{"reason", why.message()}});
  retry_.arm(retry_after);
}

}  // namespace chatbridge
