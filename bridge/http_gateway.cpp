#include "bridge/http_gateway.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>

#include "bridge/sse_session.hpp"
#include "core/pace.hpp"

namespace chatbridge {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using error_code = boost::system::error_code;

constexpr std::size_t body_max = 64 * 1024;

// The subprotocol to speak: unknown ones alone are refused.
enum class Subprotocol { none, v1, unknown };
Subprotocol subprotocol_of(const HttpRequest& request) {
  bool offered = false;
  const auto range = request.equal_range(http::field::sec_websocket_protocol);
  for (auto field = range.first; field != range.second; ++field)
    for (const auto& token : http::token_list{field->value()}) {
      if (token == beast::string_view(WsSession::v1_name.data(), WsSession::v1_name.size())) return Subprotocol::v1;
      offered = true;
    }
  return offered ? Subprotocol::unknown : Subprotocol::none;
}

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Lane& lane, const HttpGateway& gateway, Socket socket, std::string early)
      : lane_(lane),
        gateway_(gateway),
        socket_(std::move(socket)),
        timer_(
            lane.shard.wheel(), [](void* self) { static_cast<HttpSession*>(self)->out_of_time(); }, this),
        pause_(
            lane.shard.wheel(), [](void* self) { static_cast<HttpSession*>(self)->read(); }, this),
        buffer_(std::max(gateway.options().header_bytes, early.size()) + body_max) {
    error_code ec;
    const auto remote = socket_.remote_endpoint(ec);
    peer_ = ec ? "?" : to_string(remote);
    const auto to = buffer_.prepare(early.size());
    boost::asio::buffer_copy(to, boost::asio::buffer(early));
    buffer_.commit(early.size());
  }

  void start() {
    timer_.arm(gateway_.options().header_timeout);
    read();
  }

  void stop_reading() override {
    stopping_ = true;
    if (!answering_) abort();
  }
  void finish() override { stop_reading(); }
  void abort() override {
    timer_.disarm();
    pause_.disarm();
    await_no_more();
    error_code ignored;
    socket_.close(ignored);
    lane_.connections.remove(*this);
  }

 private:
  void read() {
    answering_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(gateway_.options().header_bytes));
    parser_->body_limit(body_max);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, std::size_t) { self->got(ec); });
  }

  void got(error_code ec) {
    if (!socket_.is_open()) return;
    answering_ = true;
    if (ec == http::error::end_of_stream ||
        (ec && !parser_->got_some() && ec.category() != http::make_error_code(http::error::bad_method).category()))
      return hang_up();
    if (ec) return refuse_malformed(ec);
    const HttpRequest request = parser_->release();
    if (!framed(request)) return refuse_framing();
    if (beast::websocket::is_upgrade(request)) return upgrade(request);
    posted_ = request.method() == http::verb::post;
    timer_.arm(gateway_.options().answer_timeout);
    awaited_ = ++asked_;
    auto under_way = gateway_.api().handle(request, {lane_.shard, socket_.host},
                                           [self = shared_from_this(), n = awaited_](Outcome outcome) {
                                             if (n == self->awaited_) self->answer(std::move(outcome));
                                           });
    if (awaited_ > 0) under_way_ = std::move(under_way);
  }

  void answer(Outcome outcome) {
    await_no_more();
    if (auto* events = std::get_if<Listen>(&outcome)) return listen(std::move(*events));
    write(std::get<HttpResponse>(std::move(outcome)));
  }

  void await_no_more() {
    awaited_ = 0;
    under_way_.reset();
  }

  // What was handed to the journal goes on; its answer comes too late to be told.
  void out_of_time() {
    const auto self = shared_from_this();
    if (awaited_ == 0) return abort();
    await_no_more();
    HttpRequest none;
    none.version(11);
    none.keep_alive(false);
    write(error_response(
        none, {errc::overloaded, posted_ ? "the journal does not answer: whether it was sent is not known; with an id, "
                                           "it can be sent again and is said once"
                                         : "the journal does not answer; try again later"}));
  }

  void listen(Listen what) {
    auto& lane = lane_;
    const auto kept = leave_lane();
    SseSession::start(lane, gateway_.api().hub, gateway_.options().ws, std::move(socket_), std::move(what), peer_);
  }

  // The connection becomes something else.
  std::shared_ptr<HttpSession> leave_lane() {
    timer_.disarm();
    auto kept = shared_from_this();
    lane_.connections.remove(*this);
    return kept;
  }

  void refuse_malformed(error_code ec) {
    const bool malformed = ec.category() == http::make_error_code(http::error::bad_method).category();
    if (!malformed || ec == http::error::partial_message) return hang_up();
    unsigned status = 400;
    if (ec == http::error::header_limit) status = 431;
    if (ec == http::error::body_limit) status = 413;
    HttpRequest none;
    none.version(11);
    none.keep_alive(false);
    write(error_response(none, status, {status == 413 ? errc::too_long : errc::bad_request, ec.message()}));
  }

  // Where a body ends is known (RFC 9112, section 6.1): else what follows could be taken for another request.
  static bool framed(const HttpRequest& request) {
    const auto codings = request.count(http::field::transfer_encoding);
    return codings == 0 || (codings == 1 && beast::iequals(request[http::field::transfer_encoding], "chunked"));
  }

  void refuse_framing() {
    HttpRequest none;
    none.version(11);
    none.keep_alive(false);
    write(error_response(none, 501, {errc::bad_request, "the only transfer coding here is chunked"}));
  }

  void upgrade(const HttpRequest& request) {
    if (auto refused = refuse(request, gateway_.api().guard)) return write(*std::move(refused));
    const auto path = path_of(request);
    if (path != "/ws" && path != "/")
      return write(error_response(request, 404, {errc::not_found, "WebSocket is at /ws"}));
    const auto key = request[http::field::sec_websocket_key];
    if (request[http::field::sec_websocket_version] != "13") {
      auto r = error_response(request, 426, {errc::bad_request, "WebSocket version 13"});
      r.set(http::field::sec_websocket_version, "13");
      r.set(http::field::upgrade, "websocket");
      return write(std::move(r));
    }
    if (key.size() != 24)
      return write(error_response(request, 400, {errc::bad_request, "Sec-WebSocket-Key is missing"}));
    const auto subprotocol = subprotocol_of(request);
    if (subprotocol == Subprotocol::unknown)
      return write(error_response(request, 400, {errc::bad_request, "the subprotocol here is chatbridge.v1"}));
    auto& lane = lane_;
    const auto kept = leave_lane();
    std::string early(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    WsSession::start(lane, gateway_.api().hub, gateway_.options().ws, std::move(socket_), std::move(early), request,
                     subprotocol == Subprotocol::v1, peer_);
  }

  void write(HttpResponse response) {
    if (stopping_) response.keep_alive(false);
    response_.emplace(std::move(response));
    serializer_.emplace(*response_);
    write_some();
  }

  // Piece by piece, each with its own deadline: a large answer over a slow line is no stall.
  void write_some() {
    timer_.arm(gateway_.options().idle_timeout);
    http::async_write_some(socket_, *serializer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (!self->socket_.is_open()) return;
      if (ec) return self->hang_up();
      if (self->serializer_->is_done()) return self->wrote();
      self->write_some();
    });
  }

  void wrote() {
    if (response_->need_eof() || stopping_) return hang_up();
    serializer_.reset();
    response_.reset();
    answering_ = false;
    timer_.arm(gateway_.options().idle_timeout);
    // Who says more than is allowed is read more slowly.
    const auto wait = posted_ ? pace() : Duration{};
    if (wait > Duration{}) return pause_.arm(wait);
    read();
  }

  Duration pace() {
    const auto& limit = gateway_.api().hub.options().rate;
    if (limit.off()) return {};
    const auto now = lane_.shard.wheel().now();
    pace_.take(now, limit);
    return pace_.wait(now, limit);
  }

  // Closes so that the answer is not lost to a reset: the peer's unread bytes are taken until it closes or time is up.
  void hang_up() {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    timer_.arm(std::chrono::seconds(1));
    drain();
  }
  void drain() {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code ec, std::size_t) {
      if (!self->socket_.is_open()) return;
      if (ec) return self->abort();
      self->drain();
    });
  }

  Lane& lane_;
  const HttpGateway& gateway_;
  Socket socket_;
  std::string peer_;
  Timer timer_, pause_;
  Pace pace_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<HttpResponse> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::uint64_t asked_ = 0, awaited_ = 0;  // which request's answer is awaited, 0: none
  std::shared_ptr<void> under_way_;
  bool answering_ = false, stopping_ = false, posted_ = false;
};

}  // namespace

void HttpGateway::serve(Lane& lane, Socket socket, std::string early) {
  auto session = std::make_shared<HttpSession>(lane, *this, std::move(socket), std::move(early));
  lane.connections.add(session);
  session->start();
}

}  // namespace chatbridge
