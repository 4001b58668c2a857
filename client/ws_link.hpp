// chatbridge.v1 over WebSocket, across as many connections as it takes.
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "client/backoff.hpp"
#include "client/console.hpp"
#include "client/line_splitter.hpp"
#include "client/link.hpp"
#include "client/v1_client.hpp"
#include "client/ws_connection.hpp"

namespace chatbridge::connect {

// Who was let in once is connected again after every loss, for as long as there is input; who never was finishes
// with 1.
class WsLink final : public Link, private V1Host {
 public:
  WsLink(boost::asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish);
  void start() override;
  void input(std::string_view bytes) override;
  void end_of_input() override;
  void leave(int status) override;

 private:
  using error_code = boost::system::error_code;
  using Clock = std::chrono::steady_clock;

  void send(std::string frame) override;
  void print(std::string_view line) override { console_.print(line); }
  void note(std::string_view line) override { console_.note(line); }
  void fetch_rooms() override;
  void failed(const std::string& why) override;

  void connect();
  void expect_answer();
  void lost(const std::string& why);
  void line(std::string_view text, bool whole);
  void look();  // after anything changed: reads on or not, leaves or not
  void watch_progress();
  void say_goodbye(int status);
  void end(int status, std::string reason);

  boost::asio::io_context& io_;
  Console& console_;
  const Url url_;
  const Finish finish_;
  V1Client client_;
  Backoff backoff_;
  std::unique_ptr<WsConnection> connection_;
  boost::asio::steady_timer again_, later_, patience_;
  LineSplitter typed_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
  Clock::time_point welcomed_at_{};
  std::string why_;  // the server does not let this person in
  std::size_t answers_ = 0;
  int status_ = 0;
  bool open_ = false, later_pending_ = false, too_long_ = false, input_ended_ = false, leaving_ = false, over_ = false;
};

}  // namespace chatbridge::connect
