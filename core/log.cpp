#include "core/log.hpp"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/text.hpp"

namespace chatbridge::log {
namespace {

std::atomic<Format> format{Format::text};

spdlog::level::level_enum to_spdlog(Level level) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

// As log.level has them.
std::string_view name(Level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  append_json_clean(out, value);
  return out + '"';
}

std::string text_line(Level level, std::string_view what, std::initializer_list<Field> fields) {
  std::string line = std::string(name(level)) + ' ' + std::string(what);
  for (const auto& f : fields) {
    line += ' ';
    line += f.name;
    line += '=';
    line += f.value.empty() || f.value.find_first_of(" \"=\n") != std::string::npos ? quoted(f.value) : f.value;
  }
  return line;
}

std::string json_members(Level level, std::string_view what, std::initializer_list<Field> fields) {
  std::string line = R"("level":")" + std::string(name(level)) + R"(","event":)" + quoted(what);
  for (const auto& f : fields) {
    line += ",\"";
    line += f.name;
    line += "\":";
    line += f.quoted ? quoted(f.value) : f.value;
  }
  return line;
}

std::string line_of(Level level, std::string_view what, std::initializer_list<Field> fields) {
  return format == Format::json ? json_members(level, what, fields) : text_line(level, what, fields);
}

constexpr std::size_t waiting_bytes = 2 * 1024 * 1024;
constexpr std::size_t reserve_bytes = waiting_bytes / 4;  // for warnings and errors only
constexpr auto linger = std::chrono::milliseconds(10);

// Lines wait here for a thread that writes them. A line that comes alone is written at once, what follows within the
// linger by one write, and at once when it is a warning or worse: to wake a thread and write for each would cost as
// much as accepting a connection does.
class Lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Lines() : writer_([this] { run(); }) {}
  ~Lines() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    more_.notify_one();
    writer_.join();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {  // under mutex_
    const bool urgent = message.level >= spdlog::level::warn;
    if (waiting_.size() >= waiting_bytes - (urgent ? 0 : reserve_bytes)) {
      ++lost_;
      return;
    }
    take(message);
    if (urgent) hurry_ = true;
    if (std::exchange(asleep_, false) || urgent) more_.notify_one();
  }
  void flush_() override {}

  void take(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    waiting_.append(line.data(), line.size());
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (std::string now; !closing_ || !waiting_.empty();) {
      asleep_ = waiting_.empty();
      more_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (lost_ > 0)
        take({"", spdlog::level::warn, line_of(Level::warn, "log_lines_lost", {{"lines", std::exchange(lost_, 0)}})});
      std::swap(now, waiting_);
      hurry_ = false;
      lock.unlock();
      const auto lost = write_all(now);
      now.clear();
      lock.lock();
      lost_ += lost;
      more_.wait_for(lock, linger, [this] { return closing_ || hurry_; });
    }
  }

  // How many lines could not be written: the disk is full, or nobody is left to read them.
  static std::uint64_t write_all(std::string_view rest) {
    while (!rest.empty()) {
      const auto n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd writable{STDERR_FILENO, POLLOUT, 0};  // somebody else has made it non-blocking
        ::poll(&writable, 1, -1);
      } else if (errno != EINTR) {
        return static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
      }
    }
    return 0;
  }

  std::string waiting_;
  std::uint64_t lost_ = 0;
  bool asleep_ = false, hurry_ = false, closing_ = false;
  std::condition_variable more_;
  std::thread writer_;  // last: it uses the rest
};

}  // namespace

void open(Level level, Format chosen) {
  format = chosen;
  auto logger = std::make_shared<spdlog::logger>("chatbridge", std::make_shared<Lines>());
  logger->set_pattern(chosen == Format::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(level));
  spdlog::set_default_logger(std::move(logger));
}

void close() { spdlog::shutdown(); }

void event(Level level, std::string_view what, std::initializer_list<Field> fields) {
  auto* logger = spdlog::default_logger_raw();
  if (logger == nullptr || !logger->should_log(to_spdlog(level))) return;
  logger->log(to_spdlog(level), "{}", line_of(level, what, fields));
}

}  // namespace chatbridge::log
