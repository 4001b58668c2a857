#include "server/relay/tcp_relay.hpp"

#include <sys/socket.h>

#include "core/line_dialect.hpp"
#include "core/log.hpp"
#include "server/relay/http_sniffer.hpp"
#include "server/relay/line_framer.hpp"

namespace chatbridge {
namespace {

using error_code = boost::system::error_code;

constexpr std::size_t read_bytes = LineDialect::relay_max;

class TcpConnection final : public Connection, public Transport {
 public:
  TcpConnection(const TcpRelay& relay, Lane& lane, Socket socket)
      : relay_(relay),
        lane_(lane),
        socket_(std::move(socket)),
        client_(relay.hub(), lane.shard, *this, Via::tcp, relay.hub().options().verbatim ? Wire::bytes : Wire::line),
        dialect_(client_),
        framer_(relay.hub().options().text.bytes) {
    client_.come_from(socket_.host);
  }

  void start(const std::shared_ptr<TcpConnection>& self);

  void stop_reading() override;
  void finish() override { end("*** the server is going down, bye", "shutdown"); }
  void abort() override { close("aborted"); }
  void flush() override;
  std::size_t unacknowledged() const override { return chatbridge::unacknowledged(socket_); }
  void turned_away(std::string_view reason) override {
    lane_.shard.post([self = shared_from_this(), reason] { self->end(nullptr, reason); });
  }

 private:
  // It waits for as long as nothing comes.
  struct Readable {
    using allocator_type = OwnSize<void>;
    allocator_type get_allocator() const { return {}; }
    void operator()(error_code ec) const {
      self->reading_ = false;
      if (ec || self->state_ == State::gone) return;
      self->readable();
      self->read();
    }
    std::shared_ptr<TcpConnection> self;
  };
  std::shared_ptr<TcpConnection> shared_from_this() { return std::static_pointer_cast<TcpConnection>(client_.owner()); }
  enum class State : std::uint8_t { sniffing, open, half_open, ending, gone };
  void read();
  void readable();
  void took(std::string_view bytes);
  void sniffed();
  void become_http();
  void become_chat();
  void greet();
  // deadline_ is free for a stall: not while bytes are held back, nor when another end is in sight.
  bool may_stall() const { return state_ == State::open || (state_ == State::sniffing && !rest_); }
  bool may_speak() const { return state_ == State::open || state_ == State::sniffing; }
  void sending_failed();
  void feed(std::string_view bytes);
  void feed_rest();
  void keep(std::string_view rest);
  bool line(std::string_view text);
  void input_ended();
  void arm(std::unique_ptr<Timer>& timer, Duration after, Timer::Fn fn);
  void set_deadline(Duration after) {
    arm(deadline_, after, [](void* self) { static_cast<TcpConnection*>(self)->on_deadline(); });
  }
  void on_deadline();
  void wait_for_more(Duration pause) {
    arm(pause_, pause, [](void* self) { static_cast<TcpConnection*>(self)->on_pause(); });
  }
  void on_pause();
  void end(const char* goodbye, std::string_view reason);
  void close(std::string_view reason);

  const TcpRelay& relay_;
  Lane& lane_;
  Socket socket_;
  Client client_;
  LineDialect dialect_;
  LineFramer framer_;
  std::unique_ptr<std::string> rest_;  // bytes read and not taken: State::sniffing, or the client is congested
  // Both while they are armed: most of the time nothing is waited for.
  std::unique_ptr<Timer> deadline_;  // of the state, or of a stall
  std::unique_ptr<Timer> pause_;     // for more bytes
  State state_ = State::sniffing;
  bool reading_ = false, stopped_ = false, blocked_ = false, delivered_ = false;
  bool deaf_ = false;  // nothing can be sent to it
  std::uint32_t lines_ = 0;
  const char* goodbye_ = nullptr;
  std::string_view reason_;
};

void TcpConnection::start(const std::shared_ptr<TcpConnection>& self) {
  client_.lives_in(self);
  error_code ec;
  const auto remote = socket_.remote_endpoint(ec);
  const auto peer = ec ? "?" : to_string(remote);
  dialect_.come(peer);
  dialect_.enter();
  log::info("connect", {{"transport", "tcp"}, {"peer", peer}, {"client", client_.id()}});
  client_.hold(true);  // nothing comes before the greeting
  wait_for_more(relay_.options().greeting);
  if (!pause_) greet();
  read();
}

// ---- reading

void TcpConnection::read() {
  if (state_ == State::open && rest_ && !client_.congested()) feed_rest();
  if (reading_ || stopped_ || !may_speak() || client_.congested()) return;
  reading_ = true;
  socket_.async_wait(Socket::wait_read, Readable{shared_from_this()});
}

void TcpConnection::readable() {
  if (stopped_ || client_.congested()) return;
  thread_local std::vector<char> buffer(read_bytes);
  const auto n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n > 0) return took({buffer.data(), static_cast<std::size_t>(n)});
  if (n == 0) return input_ended();
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) close("connection lost");
}

void TcpConnection::took(std::string_view bytes) {
  if (state_ == State::open && !rest_) return feed(bytes);
  if (state_ == State::open) return static_cast<void>(*rest_ += bytes);  // in turn
  if (state_ != State::sniffing) return;
  if (!rest_) {
    set_deadline(relay_.options().request);
    rest_ = std::make_unique<std::string>();
  }
  *rest_ += bytes;
  sniffed();
}

void TcpConnection::sniffed() {
  switch (sniff(*rest_)) {
    case Sniffed::unsure:
    case Sniffed::held:
      return;
    case Sniffed::endless:
      return close("http without an end");
    case Sniffed::request:
      return dialect_.greeted() ? close("http after the greeting") : become_http();
    case Sniffed::chat:
      break;
  }
  become_chat();
}

void TcpConnection::become_chat() {
  greet();
  state_ = State::open;
  deadline_.reset();
  if (blocked_ || deaf_) set_deadline(relay_.options().stall);
  feed_rest();
}

void TcpConnection::become_http() {
  state_ = State::gone;
  deadline_.reset();
  pause_.reset();
  client_.gone(Farewell::said);
  log::info("disconnect", {{"transport", "tcp"}, {"client", client_.id()}, {"reason", "speaks http"}});
  const auto kept = shared_from_this();
  lane_.connections.remove(*this);
  relay_.http(lane_, std::move(socket_), std::move(*rest_));
}

void TcpConnection::greet() {
  if (dialect_.greeted()) return;
  client_.hold(false);
  dialect_.greet();
}

void TcpConnection::feed_rest() {
  if (const auto rest = std::exchange(rest_, nullptr)) feed(*rest);
}

void TcpConnection::feed(std::string_view bytes) {
  if (verbatim(client_.wire())) {
    for (; !bytes.empty() && !client_.congested(); ++lines_) bytes.remove_prefix(dialect_.relay(bytes, false));
    return keep(bytes);
  }
  const auto taken = framer_.feed(
      bytes, [this](std::string_view text) { return line(text); },
      [this] {
        const auto max = client_.hub().options().text.bytes;
        client_.tell(Error{errc::too_long, "a message is at most " + std::to_string(max) + " bytes; not sent"});
        return !client_.congested();
      });
  if (state_ != State::open) return;
  keep(bytes.substr(taken));
  if (framer_.waiting()) {
    wait_for_more(relay_.options().unterminated);
  } else {
    pause_.reset();
  }
}

void TcpConnection::keep(std::string_view rest) {
  if (!rest.empty()) rest_ = std::make_unique<std::string>(rest);
}

// Whether the next one may follow at once.
bool TcpConnection::line(std::string_view text) {
  if (state_ != State::open) return false;
  ++lines_;
  dialect_.input(text);
  if (dialect_.quit()) end("*** bye", "quit");
  return state_ == State::open && !client_.congested();
}

void TcpConnection::input_ended() {
  // What was kept back is all there is: no request line, or it would have been one.
  if (state_ == State::sniffing) become_chat();
  framer_.timeout([this](std::string_view text) { line(text); }, true);
  if (state_ != State::open) return;
  if (deaf_) return close("left");
  state_ = State::half_open;
  client_.unready();  // what it takes from now on moves its deadline
  pause_.reset();
  set_deadline(relay_.options().half_open);
}

// ---- time

// 0: never.
void TcpConnection::arm(std::unique_ptr<Timer>& timer, Duration after, Timer::Fn fn) {
  if (after == Duration{}) return timer.reset();
  if (!timer) timer = std::make_unique<Timer>(lane_.shard.wheel(), fn, this);
  timer->arm(after);
}

void TcpConnection::on_pause() {
  const auto self = shared_from_this();
  pause_.reset();
  if (state_ == State::sniffing) {
    if (!rest_) greet();
    return;
  }
  if (client_.congested()) return wait_for_more(relay_.options().unterminated);
  framer_.timeout([this](std::string_view text) { line(text); });
}

void TcpConnection::on_deadline() {
  const auto self = shared_from_this();
  deadline_.reset();
  switch (state_) {
    case State::sniffing:
      if (!rest_) return close("stalled");  // it only listens
      if (begins_request(*rest_)) return close("http without an end");
      become_chat();
      // It has waited longer than the unterminated rule asks for already.
      if (!client_.congested()) framer_.timeout([this](std::string_view text) { line(text); });
      return;
    case State::open:
      return close("stalled");
    case State::half_open:
      return close("left");
    case State::ending:
      return close(reason_);
    case State::gone:
      return;
  }
}

// ---- sending

void TcpConnection::flush() {
  if (state_ == State::gone) return;
  // Who does not read may still speak: a flush is also the end of a pause that its pace had asked for.
  if (blocked_) return may_stall() ? read() : void();
  delivered_ = false;
  const auto sending = deaf_ ? Sending::drained : send_due(client_, socket_, delivered_);
  if (sending == Sending::failed) return sending_failed();
  if (state_ == State::half_open && delivered_) set_deadline(relay_.options().half_open);
  if (sending == Sending::blocked) {
    blocked_ = true;
    if (may_stall() && (delivered_ || !deadline_)) set_deadline(relay_.options().stall);
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code) {
      self->blocked_ = false;
      self->flush();
    });
    if (may_stall()) read();
    return;
  }
  if (may_stall()) {
    if (!deaf_) deadline_.reset();
    read();
    if (!deaf_ && may_stall() && (reading_ || stopped_)) client_.ready(socket_);
  } else if (state_ == State::ending && client_.drained()) {
    if (goodbye_ != nullptr) return client_.tell(std::exchange(goodbye_, nullptr));
    lane_.shard.post([self = shared_from_this()] { self->close(self->reason_); });
  }
}

// What it said before is heard all the same, at its pace, as of `seq 100 | ncat --send-only`; not for ever.
void TcpConnection::sending_failed() {
  if (!may_speak()) {
    lane_.shard.post([self = shared_from_this()] { self->close("connection lost"); });
    return;
  }
  deaf_ = true;
  client_.deafen();
  if (may_stall()) set_deadline(relay_.options().stall);
  read();
}

// ---- the end

void TcpConnection::stop_reading() {
  stopped_ = true;
  // What is only waiting for its end to be sure of was said.
  if (state_ == State::open && framer_.waiting()) framer_.timeout([this](std::string_view text) { line(text); });
}

void TcpConnection::end(const char* goodbye, std::string_view reason) {
  if (state_ == State::gone || state_ == State::ending) return;
  state_ = State::ending;
  if (!verbatim(client_.wire()) && !deaf_) goodbye_ = goodbye;
  reason_ = reason;
  client_.hold(false);
  client_.ends();
  pause_.reset();
  set_deadline(relay_.options().close);
  lane_.shard.flush_soon(client_);
}

void TcpConnection::close(std::string_view reason) {
  if (state_ == State::gone) return;
  state_ = State::gone;
  deadline_.reset();
  pause_.reset();
  client_.gone(Farewell::said);
  close_gently(socket_);
  socket_.place = {};  // what is still to be settled may keep the rest
  log::info("disconnect",
            {{"transport", "tcp"}, {"client", client_.id()}, {"reason", reason}, {"lines", std::uint64_t{lines_}}});
  lane_.connections.remove(*this);
}

}  // namespace

void TcpRelay::serve(Lane& lane, Socket socket) {
  auto connection = std::make_shared<TcpConnection>(*this, lane, std::move(socket));
  lane.connections.add(connection);
  connection->start(connection);
}

}  // namespace chatbridge
