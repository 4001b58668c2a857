#include "bridge/ws_session.hpp"

#include <random>

#include "core/log.hpp"

namespace chatbridge {
namespace {

constexpr std::uint16_t normal = 1000, going_away = 1001, unsupported_data = 1003, bad_data = 1007,
                        try_again = 1013;  // RFC 6455 section 7.4.1
constexpr std::string_view ping_frame("\x89\x00", 2);
constexpr int silent_max = 2;
constexpr Duration look_without_pings = std::chrono::seconds(25);  // after stalled clients

// Spread over a second, so that a restarted server is not met by everybody at once.
int retry_after_ms() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_int_distribution<int>(200, 1200)(random);
}

}  // namespace

void WsSession::start(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, std::string early,
                      const HttpRequest& request, bool v1, std::string peer) {
  const auto host = socket.host;
  auto session =
      std::make_shared<WsSession>(lane, hub, options, std::move(socket), std::move(early), v1, std::move(peer));
  session->client_->come_from(host);
  lane.connections.add(session);
  session->timer_.arm(options.close);
  if (auto* lines = std::get_if<LineDialect>(&session->dialect_)) {
    // It is in when it is told that it is connected: nothing that is said from then on is missed.
    lines->come(session->peer_);
    lines->enter();
    session->client_->hold(true);
  }
  session->socket_.accept(session, request, v1 ? v1_name : std::string_view{});
}

WsSession::WsSession(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, std::string early, bool v1,
                     std::string peer)
    : lane_(lane),
      options_(options),
      peer_(std::move(peer)),
      v1_(v1),
      client_(Client::make(hub, lane.shard, *this, Via::ws,
                           v1                       ? Wire::json_frame
                           : hub.options().verbatim ? Wire::raw_frame
                                                    : Wire::text_frame)),
      socket_(std::move(socket), std::move(early), options.frame_bytes, verbatim(client_->wire()), *client_, *this),
      dialect_(v1 ? std::variant<LineDialect, V1Dialect>(V1Dialect(*client_)) : LineDialect(*client_)),
      timer_(
          lane.shard.wheel(), [](void* self) { static_cast<WsSession*>(self)->on_timer(); }, this) {}

// ---- the socket's events

void WsSession::ws_open() {
  state_ = State::open;
  timer_.arm(period());
  log::info("connect",
            {{"transport", "ws"}, {"peer", peer_}, {"client", client_->id()}, {"protocol", v1_ ? v1_name : "text"}});
  if (auto* lines = std::get_if<LineDialect>(&dialect_)) {
    client_->hold(false);
    lines->greet();
  }
  client_->shard().flush_soon(*client_);  // the answer to the upgrade is still to be sent
  if (stopped_) return;
  socket_.read();
}

void WsSession::ws_text(std::string_view text) {
  if (state_ != State::open || stopped_) return;
  ++said_;
  if (relay(text, true)) return;
  take(text);
  if (client_->congested()) socket_.pause();
}

// What a client says while it is congested waits in rest_; nothing more is read then.
void WsSession::take(std::string_view text) {
  if (auto* v1 = std::get_if<V1Dialect>(&dialect_)) {
    const auto taken = v1->input(text);
    rest_ = std::string(text.substr(taken));
    return;
  }
  if (client_->congested()) return static_cast<void>(rest_ = std::string(text));
  auto& lines = std::get<LineDialect>(dialect_);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  lines.input(text);
  if (lines.quit()) end(normal, "quit", true);
}

// Whether that is what a message is here: bytes for the other raw clients.
bool WsSession::relay(std::string_view bytes, bool as_text) {
  if (!verbatim(client_->wire())) return false;
  for (std::size_t taken = 0; taken < bytes.size();)
    taken += std::get<LineDialect>(dialect_).relay(bytes.substr(taken), as_text);
  if (client_->congested()) socket_.pause();
  return true;
}

void WsSession::ws_binary(std::string_view bytes) {
  if (state_ != State::open || stopped_) return;
  if (!relay(bytes, false)) end(unsupported_data, "text only", false);
}

void WsSession::ws_bad_text() { end(bad_data, "bad UTF-8", false); }

void WsSession::ws_writable() {
  blocked_ = false;
  flush();
}

void WsSession::ws_closing() {
  if (state_ == State::gone) return;
  state_ = State::closing;
  timer_.arm(options_.close);
}

void WsSession::ws_gone(Farewell farewell, const std::string& reason) {
  if (state_ == State::gone) return;
  const bool was_open = state_ != State::handshake;
  state_ = State::gone;
  timer_.disarm();
  // Whom the server sends away has not said goodbye.
  const auto left = close_code_ == normal ? Farewell::said : close_code_ != 0 ? Farewell::lost : farewell;
  client_->gone(left);
  if (was_open)
    log::info("disconnect", {{"transport", "ws"},
                             {"client", client_->id()},
                             {"reason", close_reason_.empty() ? reason : close_reason_},
                             {"said", said_}});
  lane_.connections.remove(*this);
}

// ---- sending

void WsSession::flush() {
  if (state_ == State::handshake || state_ == State::gone) return;
  // Who does not read may still speak: a flush is also the end of a pause that its pace had asked for.
  if (blocked_) return read_if_wanted();
  switch (socket_.send(delivered_)) {
    case Sending::blocked:
      blocked_ = true;
      socket_.wait_writable();
      return read_if_wanted();
    case Sending::failed:
      // Reading finds out too, but a paused reader would not.
      lane_.shard.post([self = shared_from_this()] { self->abort(); });
      return;
    case Sending::drained:
      break;
  }
  if (state_ == State::ending) {
    close_if_drained();
  } else {
    read_if_wanted();
    if (state_ == State::open) socket_.ready();
  }
}

void WsSession::read_if_wanted() {
  if (state_ != State::open || client_->congested()) return;
  if (!rest_.empty()) {
    const auto rest = std::exchange(rest_, {});
    take(rest);
  }
  if (!stopped_ && !client_->congested()) socket_.read();
}

// ---- ending

void WsSession::end(std::uint16_t code, std::string_view reason, bool drain) {
  if (state_ != State::open) return;
  state_ = State::ending;
  close_code_ = code;
  close_reason_ = reason;
  socket_.pause();
  client_->ends();
  if (!drain) client_->hold(true);
  timer_.arm(options_.close);
  client_->shard().flush_soon(*client_);
}

void WsSession::close_if_drained() {
  if (!client_->drained()) return;
  if (!std::exchange(goodbye_, true)) {
    say_goodbye();
    if (client_->private_bytes() > 0) return;  // flushed once more, then closed
  }
  state_ = State::closing;
  // By post: Beast may finish within the call, and this one may be inside a walk over other clients.
  lane_.shard.post([self = shared_from_this()] {
    if (self->state_ == State::closing) self->socket_.close(self->close_code_, self->close_reason_);
  });
}

void WsSession::say_goodbye() {
  if (close_code_ == going_away && v1_) {
    client_->tell_json(R"({"type":"bye","reason":"shutdown","retry_after_ms":)" + std::to_string(retry_after_ms()) +
                       "}");
  } else if (!v1_ && close_code_ == going_away) {
    client_->tell("*** the server is going down, bye");
  } else if (!v1_ && close_code_ == normal) {
    client_->tell("*** bye");
  }
}

void WsSession::stop_reading() {
  stopped_ = true;
  socket_.pause();
}

void WsSession::finish() {
  if (state_ == State::handshake) return abort();
  end(going_away, "going away", true);
}

void WsSession::abort() { socket_.abort(); }

void WsSession::turned_away(std::string_view reason) {
  lane_.shard.post([self = shared_from_this(), reason] { self->end(try_again, reason, true); });
}

// ---- time

Duration WsSession::period() const { return options_.ping > Duration{} ? options_.ping : look_without_pings; }

void WsSession::on_timer() {
  const auto self = shared_from_this();
  if (state_ != State::open) {
    close_reason_ = state_ == State::handshake
                        ? "handshake took too long"
                        : (close_reason_.empty() ? "closed" : close_reason_) + ", without an answer";
    return abort();
  }
  timer_.arm(period());
  if (blocked_ && !std::exchange(delivered_, false)) {
    // A client that takes nothing is one that stalls: it is given longer, and no pings on top of what it does not take.
    stalled_ += period();
    if (options_.stall == Duration{} || stalled_ < options_.stall) return;
    close_reason_ = "stalled";
    return abort();
  }
  stalled_ = {};
  if (options_.ping == Duration{}) return;
  // The last ping went out a period ago: its acknowledgement is as old, and a little more.
  const auto recent = std::chrono::duration_cast<std::chrono::milliseconds>(options_.ping + options_.ping / 4);
  const bool alive = std::exchange(heard_, false) || client_->congested() || socket_.acknowledged_within(recent);
  silent_periods_ = alive ? 0 : silent_periods_ + 1;
  if (silent_periods_ >= silent_max) {
    close_reason_ = "no answer to pings";
    return abort();
  }
  client_->tell_bytes(ping_frame);
}

}  // namespace chatbridge
