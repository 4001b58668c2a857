#include "client/console.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "core/text.hpp"

namespace chatbridge::connect {
namespace {

constexpr std::size_t typed_max = 100;
constexpr std::size_t out_max = 64 * 1024;

bool can_edit() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && term != nullptr && *term != '\0' &&
         std::string_view(term) != "dumb";
}

// How many bytes at the end are the beginning of a character.
std::size_t unfinished(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const auto c = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((c & 0xC0) == 0x80) continue;
    const std::size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

}  // namespace

Console::Console(boost::asio::io_context& io, Events events)
    : io_(io),
      events_(std::move(events)),
      input_(io, STDIN_FILENO),
      signals_(io),
      out_is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

Console::~Console() = default;

void Console::open() {
  if (!can_edit()) return;
  editor_ = std::make_unique<Editor>(Editor::Events{[this](std::string line) {
                                                      typed_.push_back(std::move(line) + "\n");
                                                      deliver();
                                                    },
                                                    [this] {
                                                      ended_ = true;
                                                      deliver();
                                                    }});
  signals_.add(SIGWINCH);
  signals_.add(SIGCONT);
  watch_signals();
  wait();
}

void Console::watch_signals() {
  signals_.async_wait([this](boost::system::error_code ec, int number) {
    if (ec || !editing()) return;
    number == SIGWINCH ? editor_->resized() : editor_->continued();
    watch_signals();
  });
}

void Console::pause() { paused_ = true; }

void Console::resume() {
  paused_ = false;
  deliver();
  wait();
}

void Console::wait() {
  if (waiting_ || ended_ || (editing() ? typed_.size() >= typed_max : paused_)) return;
  waiting_ = true;
  input_.wait([this] {
    waiting_ = false;
    if (editing()) {
      editor_->read();
    } else if (!paused_) {
      read();
    }
    wait();
  });
}

void Console::read() {
  std::array<char, 16 * 1024> buffer;
  const auto n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) return events_.input({buffer.data(), static_cast<std::size_t>(n)});
  ended_ = true;
  deliver();
}

void Console::deliver() {
  while (!paused_ && !typed_.empty()) {
    const auto line = std::move(typed_.front());
    typed_.pop_front();
    events_.input(line);
  }
  if (!paused_ && ended_ && !std::exchange(end_told_, true)) events_.end();
}

void Console::print(std::string_view line) {
  append_clean(out_, line, Keep::nothing);
  out_ += '\n';
  flush_soon();
}

void Console::raw(std::string_view bytes) {
  if (!out_is_terminal_) {
    out_ += bytes;
    return flush_soon();
  }
  std::string all = tail_;
  for (const char c : bytes)
    if (c != '\r') all += c;
  tail_ = all.substr(all.size() - unfinished(all));
  all.resize(all.size() - tail_.size());
  append_clean(out_, all, Keep::lf_and_tab);
  if (editing() && !out_.empty() && !out_.ends_with('\n')) out_ += '\n';
  flush_soon();
}

void Console::note(std::string_view line) {
  if (editing()) return print(line);
  flush();
  std::string clean;
  append_clean(clean, line, Keep::nothing);
  write(STDERR_FILENO, clean + "\n");
}

void Console::flush_soon() {
  if (out_.size() >= out_max) return flush();
  if (!std::exchange(flushing_, true)) boost::asio::post(io_, [this] { flush(); });
}

void Console::flush() {
  flushing_ = false;
  if (out_.empty()) return;
  const auto all = std::exchange(out_, {});
  editing() ? editor_->show(all) : write(STDOUT_FILENO, all);
}

void Console::write(int fd, std::string_view bytes) {
  while (!bytes.empty() && !(fd == STDOUT_FILENO && broken_)) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {  // whoever shares it has made it so
      pollfd one{fd, POLLOUT, 0};
      ::poll(&one, 1, -1);
    } else if (errno == EINTR && ::isatty(fd) == 1) {
      continue;  // the window's size
    } else {     // nobody reads it, or a signal says that it is enough
      if (fd == STDOUT_FILENO && !std::exchange(broken_, true)) events_.broken();
      return;
    }
  }
}

void Console::close() {
  flush();
  input_.cancel();
  signals_.cancel();
  ended_ = true;
  editor_.reset();
}

}  // namespace chatbridge::connect
