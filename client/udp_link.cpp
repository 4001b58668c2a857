#include "client/udp_link.hpp"

#include <boost/asio/post.hpp>

namespace chatbridge::connect {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t datagram_max = 65'507;  // RFC 768 over IPv4
constexpr auto resolve_time = 10s;
constexpr auto bye_time = 500ms;  // for an answer to /quit, which a server that takes no more just then drops
constexpr int byes_max = 3;
constexpr auto keep_time = 60s;  // a client that is silent for minutes is forgotten, by the server and by NATs sooner

}  // namespace

UdpLink::UdpLink(asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish)
    : io_(io),
      console_(console),
      url_(url),
      finish_(std::move(finish)),
      entry_(std::move(wishes)),
      resolver_(io),
      socket_(io),
      timer_(io),
      buffer_(datagram_max + 1, '\0'),
      typed_(datagram_max, LineSplitter::Cr::kept) {}

void UdpLink::start() {
  timer_.expires_after(resolve_time);
  timer_.async_wait([this](error_code ec) {
    if (!ec && !over_) end(1, url_.host + ": no address found within 10 s");
  });
  resolver_.async_resolve(url_.host, url_.port, [this](error_code ec, const Udp::resolver::results_type& found) {
    if (over_) return;
    if (ec) return end(1, url_.host + ": " + ec.message());
    for (const auto& each : found) addresses_.push_back(each.endpoint());
    try_next(asio::error::host_not_found);
  });
}

// The first of the host's addresses where nobody says that nobody is there.
void UdpLink::try_next(error_code why) {
  if (addresses_.empty()) return end(1, url_.authority() + ": " + why.message());
  error_code ec;
  socket_.close(ec);
  socket_ = Udp::socket(io_);
  socket_.open(addresses_.front().protocol(), ec);
  if (!ec) socket_.connect(addresses_.front(), ec);
  if (!ec) socket_.non_blocking(true, ec);
  addresses_.pop_front();
  if (ec) return try_next(ec);
  receive();
  out_.clear();
  send("");
  tick();
}

void UdpLink::tick() {
  timer_.expires_after(1s);
  timer_.async_wait([this](error_code ec) {
    if (ec || over_) return;
    const auto before = entry_.state();
    for (auto& l : entry_.tick()) send(std::move(l));
    entered(before);
    if (!over_ && !entry_.inside()) tick();
  });
}

// An empty datagram says nothing and registers.
void UdpLink::keep() {
  timer_.expires_after(keep_time);
  timer_.async_wait([this](error_code ec) {
    if (ec || over_ || leaving_) return;
    send("");
    keep();
  });
}

void UdpLink::receive() {
  socket_.async_receive(asio::buffer(buffer_), [this](error_code ec, std::size_t n) {
    if (over_ || ec == asio::error::operation_aborted) return;
    if (ec) return failed(ec);
    heard({buffer_.data(), n});
    if (!over_) receive();
  });
}

// Nobody is there (ICMP), or is no longer.
void UdpLink::failed(error_code ec) {
  if (over_) return;
  if (entry_.state() == Entry::State::asking) return try_next(ec);
  end(leaving_ ? status_ : 1, leaving_ ? "" : url_.authority() + ": " + ec.message());
}

void UdpLink::heard(std::string_view datagram) {
  const auto before = entry_.state();
  if (!chat()) return console_.raw(datagram);
  bool bye = false, down = false;
  LineSplitter lines(datagram_max + 1);
  const auto each = [&](std::string_view text, bool) {
    // One who says /quit and is not known any more is a stranger that wants nothing.
    for (auto& l : leaving_ ? Entry::Lines{} : entry_.challenged(text)) {
      send(std::move(l));
      if (entry_.state() == Entry::State::asking) tick();
    }
    for (auto& l : entry_.heard(text)) send(std::move(l));
    bye = text == "*** bye";
    down = down || text == "*** the server is going down, bye";
    console_.print(text);
  };
  lines.feed(datagram, each);
  lines.end(each);
  entered(before);
  if (over_) return;
  if (bye || (down && leaving_)) return end(status_, {});
  if (down) end(1, "the server is going down");
}

void UdpLink::entered(Entry::State before) {
  if (entry_.state() == before) return;
  if (entry_.state() == Entry::State::failed) return end(1, entry_.why());
  if (!entry_.inside()) return;
  timer_.cancel();
  chat() ? keep() : console_.note(verbatim_note);
  console_.open();
  console_.resume();
}

void UdpLink::input(std::string_view bytes) {
  typed_.feed(bytes, [this](auto text, bool whole) { line(text, whole); });
}

void UdpLink::line(std::string_view text, bool whole) {
  // A verbatim relay passes on what it gets: the line end is part of it.
  if (!chat()) return send(std::string(text) + (whole && text.size() < datagram_max ? "\n" : ""));
  if (whole && text.ends_with('\r')) text.remove_suffix(1);
  if (std::exchange(too_long_, !whole)) return;
  if (!whole) return console_.note("*** a datagram is at most 65507 bytes; not sent");
  // The server drops them without a word, so that two servers cannot be made to talk with each other.
  if (text.starts_with("*** ")) return console_.note("*** over UDP a message does not begin with ***; not sent");
  if (!text.empty()) send(std::string(text));
}

void UdpLink::send(std::string datagram) {
  out_.push_back(std::move(datagram));
  if (out_.size() == 1) write();
}

void UdpLink::write() {
  for (; !out_.empty(); out_.pop_front()) {
    error_code ec;
    socket_.send(asio::buffer(out_.front()), 0, ec);
    if (ec == asio::error::would_block) {
      console_.pause();
      return socket_.async_wait(Udp::socket::wait_write, [this](error_code wait_ec) {
        if (!wait_ec && !over_) write();
      });
    }
    if (ec == asio::error::message_size) {
      console_.note("*** a message was too long for a datagram; not sent");
    } else if (ec) {
      // Of an earlier datagram, told at this one.
      return asio::post(io_, [this, ec] { failed(ec); });
    }
  }
  if (leaving_) return;
  if (input_ended_) return goodbye();
  if (entry_.inside()) console_.resume();
}

void UdpLink::end_of_input() {
  input_ended_ = true;
  typed_.end([this](auto text, bool whole) { chat() ? line(text, whole) : send(std::string(text)); });
  if (out_.empty()) goodbye();
}

void UdpLink::goodbye() {
  if (std::exchange(leaving_, true)) return;
  if (!chat()) return end(status_, {});
  say_quit();
}

void UdpLink::say_quit() {
  if (byes_++ == byes_max) return end(status_, {});
  if (out_.empty()) send("/quit");
  timer_.expires_after(bye_time);
  timer_.async_wait([this](error_code ec) {
    if (!ec && !over_) say_quit();
  });
}

void UdpLink::leave(int status) {
  status_ = status;
  if (!entry_.inside() || leaving_) return end(status, {});
  out_.clear();
  goodbye();
}

void UdpLink::end(int status, std::string reason) {
  if (std::exchange(over_, true)) return;
  resolver_.cancel();
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  finish_(status, std::move(reason));
}

}  // namespace chatbridge::connect
