#include "client/ws_link.hpp"

#include <random>

#include "client/http_rooms.hpp"

namespace chatbridge::connect {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t line_max = 48 * 1024;
constexpr auto answer_time = 10s, later_time = 1s, patience = 30s, close_time = 1s;
constexpr std::uint16_t normal = 1000;

double chance() {
  static std::mt19937 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

// 128 bits: ids of two clients never meet.
std::string id_prefix() {
  std::random_device random;
  std::string out;
  for (int i = 0; i < 4; ++i) {
    char word[16];
    std::snprintf(word, sizeof word, "%08x", random());
    out += word;
  }
  return out + "-";
}

std::string count(std::size_t n) { return n == 1 ? "1 line was" : std::to_string(n) + " lines were"; }

}  // namespace

WsLink::WsLink(boost::asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish)
    : io_(io),
      console_(console),
      url_(url),
      finish_(std::move(finish)),
      client_(std::move(wishes), id_prefix(), *this),
      backoff_(chance),
      again_(io),
      later_(io),
      patience_(io),
      typed_(line_max) {}

void WsLink::start() { connect(); }

void WsLink::connect() {
  connection_ = std::make_unique<WsConnection>(io_, url_,
                                               WsConnection::Events{[this] {
                                                                      open_ = true;
                                                                      client_.opened();
                                                                      expect_answer();
                                                                    },
                                                                    [this](std::string_view text) {
                                                                      const bool before = client_.welcomed(),
                                                                                 known = client_.known();
                                                                      client_.received(text);
                                                                      if (!why_.empty()) return lost(why_);
                                                                      if (client_.welcomed() && !before)
                                                                        welcomed_at_ = Clock::now();
                                                                      if (!known && client_.known()) console_.open();
                                                                      look();
                                                                    },
                                                                    [this](const std::string& why) { lost(why); }});
}

// A server that upgrades and then says nothing is none.
void WsLink::expect_answer() {
  again_.expires_after(answer_time);
  again_.async_wait([this](error_code ec) {
    if (!ec && !over_ && !client_.inside()) lost(url_.authority() + ": no answer within 10 s");
  });
}

void WsLink::lost(const std::string& why) {
  if (over_) return;
  if (leaving_) return end(status_, {});
  if (!client_.known()) return end(1, why);
  const auto lasted = client_.welcomed() ? Clock::now() - welcomed_at_ : Clock::duration::zero();
  if (open_ && client_.welcomed()) console_.note("*** reconnecting… (" + why + ")");
  open_ = false;
  why_.clear();
  client_.lost();
  connection_.reset();
  again_.expires_after(backoff_.next(client_.bye(), std::chrono::duration_cast<std::chrono::milliseconds>(lasted)));
  again_.async_wait([this](error_code ec) {
    if (!ec && !over_) connect();
  });
  look();
}

void WsLink::failed(const std::string& why) { why_ = why; }

void WsLink::send(std::string frame) {
  if (open_) connection_->send(std::move(frame));
}

void WsLink::fetch_rooms() {
  get_rooms(io_, url_, [this, life = std::weak_ptr(life_)](const std::optional<std::string>& body) {
    if (life.expired() || over_) return;
    client_.rooms(body);
    look();
  });
}

void WsLink::input(std::string_view bytes) {
  typed_.feed(bytes, [this](auto text, bool whole) { line(text, whole); });
  look();
}

void WsLink::line(std::string_view text, bool whole) {
  if (std::exchange(too_long_, !whole)) return;
  whole ? client_.typed(text) : client_.too_long();
}

void WsLink::end_of_input() {
  typed_.end([this](auto text, bool whole) { line(text, whole); });
  input_ended_ = true;
  look();
}

void WsLink::look() {
  if (over_ || leaving_) return;
  if (client_.wants_retry() && !std::exchange(later_pending_, true)) {
    later_.expires_after(later_time);
    later_.async_wait([this](error_code ec) {
      if (ec || over_) return;
      later_pending_ = false;
      client_.retry();
      look();
    });
  }
  if (client_.quit()) input_ended_ = true;
  if (!input_ended_) return client_.known() && !client_.full() ? console_.resume() : console_.pause();
  console_.pause();
  if (client_.settled()) return say_goodbye(0);
  watch_progress();
}

// Nothing more is typed: what waits for its answer is waited for as long as there is any progress.
void WsLink::watch_progress() {
  if (answers_ == client_.answers() + 1) return;
  answers_ = client_.answers() + 1;
  patience_.expires_after(patience);
  patience_.async_wait([this](error_code ec) {
    if (!ec && !over_) end(1, count(client_.unsettled()) + " not acknowledged within 30 s");
  });
}

void WsLink::say_goodbye(int status) {
  leaving_ = true;
  status_ = status;
  if (!open_) return lost({});
  connection_->close(normal);
  patience_.expires_after(close_time);
  patience_.async_wait([this](error_code ec) {
    if (!ec && !over_) end(status_, {});
  });
}

void WsLink::leave(int status) { say_goodbye(status); }

void WsLink::end(int status, std::string reason) {
  if (std::exchange(over_, true)) return;
  again_.cancel();
  later_.cancel();
  patience_.cancel();
  // On a terminal it was seen; a script sees the status.
  if (status == 0 && client_.refused() > 0 && !console_.terminal()) {
    status = 1;
    reason = count(client_.refused()) + " refused";
  }
  finish_(status, std::move(reason));
}

}  // namespace chatbridge::connect
