// The daemon: its parts put together, started, and stopped in order.
#pragma once
#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "bridge/http_gateway.hpp"
#include "bridge/listener.hpp"
#include "bridge/origin.hpp"
#include "core/hub.hpp"
#include "server/config.hpp"
#include "server/relay/tcp_relay.hpp"
#include "server/relay/udp_relay.hpp"

namespace chatbridge {

// It could not run: what() says why and what to do. Exit status 1.
struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class App {
 public:
  // Binds every address. Throws StartError.
  explicit App(const Config& config);
  ~App();

  // Says `ready`, serves until SIGTERM or SIGINT, stops, returns. Every io_context has then ended by itself.
  void run();

 private:
  void announce() const;
  void wait_for_signal();
  void signalled(int number);
  void stop();
  void commit();
  void finish_clients();
  void out_of_time();
  void stopped();
  // Calls `each` on every lane's thread, then `then` on the first's.
  void on_every_lane(std::function<void(Lane&)> each, std::function<void()> then);
  void arm_presence();
  void look_after_waiting();

  const Config config_;
  Admission admission_;  // before the lanes, whose sockets give their places back
  std::vector<std::unique_ptr<Lane>> lanes_;
  Lane& first_;
  std::unique_ptr<Journal> journal_;
  Hub hub_;
  const Guard guard_;
  std::atomic<Readiness> readiness_{Readiness::starting};
  HttpGateway gateway_;
  TcpRelay tcp_relay_;
  std::vector<std::unique_ptr<Listener>> tcp_, http_;
  std::shared_ptr<UdpRelay> udp_;
  boost::asio::signal_set signals_;
  Timer presence_, deadline_, patience_;
  std::vector<std::unique_ptr<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>> work_;
  std::string trouble_;  // of the journal, as last logged
  bool stopping_ = false, finishing_ = false, aborted_ = false;
};

}  // namespace chatbridge
