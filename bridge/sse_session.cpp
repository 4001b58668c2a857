#include "bridge/sse_session.hpp"

#include <sys/socket.h>

#include <boost/beast/http/write.hpp>
#include <sstream>

#include "core/log.hpp"

namespace chatbridge {
namespace {

using error_code = boost::system::error_code;

constexpr std::string_view retry_hint = "retry: 1000\n";  // ms until a browser comes back
constexpr std::string_view ping = ":\n\n";                // a comment
constexpr int silent_max = 2;
constexpr Duration look_without_pings = std::chrono::seconds(25);  // after stalled clients

template <class Message>
std::string written(const Message& message) {
  std::ostringstream out;
  out << message;
  return out.str();
}

HttpResponse refusal(const Error& why) {
  HttpRequest none;
  none.version(11);
  none.keep_alive(false);
  return error_response(none, why);
}

}  // namespace

void SseSession::start(Lane& lane, Hub& hub, const WsOptions& options, Socket socket, Listen what, std::string peer) {
  auto session = std::make_shared<SseSession>(lane, hub, options, std::move(socket));
  log::info("connect", {{"transport", "sse"}, {"peer", std::move(peer)}, {"client", session->client_->id()}});
  lane.connections.add(session);
  session->begin(std::move(what));
}

SseSession::SseSession(Lane& lane, Hub& hub, const WsOptions& options, Socket socket)
    : lane_(lane),
      options_(options),
      socket_(std::move(socket)),
      client_(Client::make(hub, lane.shard, *this, Via::http, Wire::sse)),
      timer_(
          lane.shard.wheel(), [](void* self) { static_cast<SseSession*>(self)->on_timer(); }, this) {}

void SseSession::begin(Listen what) {
  client_->come_from(socket_.host);
  watch();
  const auto cursor = client_->attach(what.room, what.from);
  if (!cursor) {
    client_->tell_bytes(written(refusal(cursor.error())));
    return end("no room");
  }
  std::string head = written(what.head.base());
  head += retry_hint;
  // Its browser knows where it stands before there is anything to hear: else what is said between two connections
  // would be missed.
  if (what.from.what == From::What::head)
    wire::append_place(head, client_->hub().journal().epoch().name, (*cursor)->seq());
  else
    head += '\n';
  client_->tell_bytes(head);
  timer_.arm(period());
}

// Sees the peer leave. What it sends is not asked for.
void SseSession::watch() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code ec) {
    if (ec || self->state_ == State::gone) return;
    char ignored[4096];
    const auto n = ::recv(self->socket_.native_handle(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (n == 0) return self->close("left");
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return self->close("connection lost");
    self->watch();
  });
}

void SseSession::flush() {
  if (state_ == State::gone || blocked_) return;
  switch (send_due(*client_, socket_, delivered_)) {
    case Sending::blocked:
      blocked_ = true;
      socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code) {
        self->blocked_ = false;
        self->flush();
      });
      return;
    case Sending::failed:
      return close_soon("connection lost");
    case Sending::drained:
      if (state_ == State::open) return client_->ready(socket_);
      if (client_->drained()) close_soon(reason_);
  }
}

// ---- time

Duration SseSession::period() const { return options_.ping > Duration{} ? options_.ping : look_without_pings; }

void SseSession::on_timer() {
  const auto self = shared_from_this();
  if (state_ == State::ending) return close(reason_);
  timer_.arm(period());
  if (blocked_ && !std::exchange(delivered_, false)) {
    // No pings on top of what it does not take.
    stalled_ += period();
    if (options_.stall > Duration{} && stalled_ >= options_.stall) close("stalled");
    return;
  }
  stalled_ = {};
  if (options_.ping == Duration{}) return;
  // The last ping went out a period ago: its acknowledgement, all the answer there is, is as old, and a little more.
  const auto recent = std::chrono::duration_cast<std::chrono::milliseconds>(options_.ping + options_.ping / 4);
  silent_periods_ = blocked_ || acknowledged_within(socket_, recent) ? 0 : silent_periods_ + 1;
  if (silent_periods_ >= silent_max) return close("no answer to pings");
  client_->tell_bytes(ping);
}

// ---- the end

void SseSession::end(std::string_view reason) {
  if (state_ != State::open) return;
  state_ = State::ending;
  client_->ends();
  reason_ = reason;
  timer_.arm(options_.close);
  lane_.shard.flush_soon(*client_);
}

// Not within a flush: other clients are being flushed around it.
void SseSession::close_soon(std::string_view reason) {
  lane_.shard.post([self = shared_from_this(), reason] { self->close(reason); });
}

void SseSession::close(std::string_view reason) {
  if (state_ == State::gone) return;
  state_ = State::gone;
  timer_.disarm();
  client_->gone(Farewell::said);
  close_gently(socket_);
  log::info("disconnect", {{"transport", "sse"}, {"client", client_->id()}, {"reason", reason}});
  lane_.connections.remove(*this);
}

}  // namespace chatbridge
