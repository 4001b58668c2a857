#include "client/tcp_link.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace chatbridge::connect {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t line_max = 64 * 1024;  // longer ones are printed in pieces
constexpr auto connect_time = 10s, close_time = 10s;

// In a chat the server takes telnet options out (RFC 854); the byte itself is sent as two.
std::string telnet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out.append(c == '\xFF' ? 2 : 1, c);
  return out;
}

}  // namespace

TcpLink::TcpLink(asio::io_context& io, Console& console, const Url& url, Wishes wishes, Finish finish)
    : console_(console),
      url_(url),
      finish_(std::move(finish)),
      entry_(std::move(wishes)),
      resolver_(io),
      socket_(io),
      timer_(io),
      buffer_(line_max, '\0'),
      lines_(line_max) {}

void TcpLink::start() {
  timer_.expires_after(connect_time);
  timer_.async_wait([this](error_code ec) {
    if (!ec) end(1, "no connection to " + url_.authority() + " within 10 s");
  });
  resolver_.async_resolve(url_.host, url_.port, [this](error_code ec, const Tcp::resolver::results_type& found) {
    if (over_) return;
    ec ? end(1, url_.host + ": " + ec.message()) : connect(found);
  });
}

void TcpLink::connect(const Tcp::resolver::results_type& found) {
  asio::async_connect(socket_, found, [this](error_code ec, const Tcp::endpoint&) {
    if (over_) return;
    if (ec) return end(1, url_.authority() + ": " + ec.message());
    socket_.set_option(Tcp::no_delay(true), ec);
    read();
    tick();
  });
}

void TcpLink::tick() {
  timer_.expires_after(1s);
  timer_.async_wait([this](error_code ec) {
    if (ec || over_) return;
    const auto before = entry_.state();
    // Nothing is lost on this way, so nothing is asked for again.
    entry_.tick();
    entered(before);
    if (!over_ && !inside()) tick();
  });
}

void TcpLink::read() {
  socket_.async_read_some(asio::buffer(buffer_), [this](error_code ec, std::size_t n) {
    if (over_) return;
    if (ec) return server_ended(ec);
    heard({buffer_.data(), n});
    if (!over_) read();
  });
}

void TcpLink::heard(std::string_view bytes) {
  if (!chat()) return console_.raw(bytes);
  if (entry_.state() != Entry::State::asking) return lines_.feed(bytes, [this](auto text, bool) { line(text); });
  first_ += bytes;
  LineSplitter all(line_max);
  const auto before = entry_.state();
  std::string answer;
  all.feed(first_, [&](std::string_view text, bool) {
    for (const auto& l : entry_.heard(text)) answer += l + "\n";
  });
  if (entry_.state() != before) {
    lines_.feed(std::exchange(first_, {}), [this](auto text, bool) { line(text); });
    // The empty line tells the server that this client ends its lines, so that it waits for the end of one that comes
    // in pieces.
    send("\n" + answer);
    entered(before);
  } else if (first_.size() >= line_max) {
    entry_.tick();
    entered(before);
  }
}

void TcpLink::line(std::string_view text) {
  const auto before = entry_.state();
  entry_.heard(text);
  said_bye_ = text == "*** bye";
  console_.print(text);
  entered(before);
}

void TcpLink::entered(Entry::State before) {
  if (entry_.state() == before) return;
  if (entry_.state() == Entry::State::failed) return end(1, entry_.why());
  if (!inside()) return;
  timer_.cancel();
  if (!chat()) {
    console_.note(verbatim_note);
    if (!first_.empty()) console_.raw(std::exchange(first_, {}));
  }
  console_.open();
  console_.resume();
}

void TcpLink::input(std::string_view bytes) {
  if (bytes.empty()) return;
  last_ = bytes.back();
  lines_sent_ += static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
  send(chat() ? telnet(bytes) : std::string(bytes));
}

void TcpLink::send(std::string_view bytes) {
  out_ += bytes;
  if (writing_.empty()) write();
}

void TcpLink::write() {
  if (out_.empty()) {
    if (!input_ended_ && inside()) console_.resume();
    if (!input_ended_) return;
    if (chat()) return;
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    return;
  }
  console_.pause();
  writing_ = std::exchange(out_, {});
  asio::async_write(socket_, asio::buffer(writing_), [this](error_code ec, std::size_t) {
    if (over_) return;
    writing_.clear();
    // Why it could not be written is for the reader to find out: the server may have said so.
    if (!ec) write();
  });
}

void TcpLink::end_of_input() {
  input_ended_ = true;
  if (chat()) {
    send(last_ == '\n' ? "/quit\n" : "\n/quit\n");
    wait_for_close();
  } else if (writing_.empty()) {
    write();
  }
}

// A server takes lines at its own pace (limits.rate), and leaving sooner would lose what it has not read: a tenth of a
// second a line, twice what it takes usually.
void TcpLink::wait_for_close() {
  timer_.expires_after(close_time + lines_sent_ * 100ms);
  timer_.async_wait([this](error_code ec) {
    if (!ec && !over_) end(1, "the server does not end the connection; not everything may have been said");
  });
}

void TcpLink::server_ended(error_code ec) {
  if (entry_.state() == Entry::State::asking) lines_.feed(std::exchange(first_, {}), [this](auto l, bool) { line(l); });
  lines_.end([this](auto text, bool) { line(text); });
  if (over_) return;
  const bool well = ec == asio::error::eof;
  if (said_bye_ || (well && input_ended_ && !chat())) return end(0, {});
  if (!well) return end(1, url_.authority() + ": " + ec.message());
  end(1, input_ended_ ? "the server closed the connection before it had read everything" : "closed by the server");
}

void TcpLink::leave(int status) { end(status, {}); }

void TcpLink::end(int status, std::string reason) {
  if (std::exchange(over_, true)) return;
  resolver_.cancel();
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  finish_(status, std::move(reason));
}

}  // namespace chatbridge::connect
