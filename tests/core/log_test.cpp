#include "core/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <thread>
#include <vector>

namespace chatbridge {
namespace {

// Standard error, as a pipe that the test reads.
class Pipe {
 public:
  Pipe() : kept_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe(ends_) == 0);
    REQUIRE(::dup2(ends_[1], STDERR_FILENO) == STDERR_FILENO);
    ::close(ends_[1]);
  }
  ~Pipe() {
    restore();
    ::close(ends_[0]);
  }
  void restore() {
    if (kept_ < 0) return;
    ::dup2(kept_, STDERR_FILENO);
    ::close(std::exchange(kept_, -1));
  }
  // What comes until `done` says that it is enough, or to the end.
  template <class Done>
  std::string read(Done done) {
    std::string all;
    char some[65536];
    while (!done(all)) {
      pollfd readable{ends_[0], POLLIN, 0};
      if (::poll(&readable, 1, 60'000) != 1) FAIL("nothing came for a minute");
      const auto n = ::read(ends_[0], some, sizeof some);
      if (n <= 0) break;
      all.append(some, static_cast<std::size_t>(n));
    }
    return all;
  }
  std::string rest() {
    return read([](const std::string&) { return false; });
  }

 private:
  int kept_, ends_[2];
};

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

}  // namespace

TEST_CASE("a line of the log is written without waiting for another") {
  Pipe pipe;
  log::open(log::Level::info, log::Format::text);
  log::info("alone", {{"n", std::uint64_t{7}}});
  const auto read = pipe.read([](const std::string& all) { return all.ends_with('\n'); });
  log::close();
  CHECK(read.ends_with("Z info alone n=7\n"));
}

TEST_CASE("every line of several threads is in the log once, whole, each thread's in order") {
  constexpr std::size_t threads = 4, each = 2000;
  Pipe pipe;
  auto reading = std::async(std::launch::async, [&] { return pipe.rest(); });
  log::open(log::Level::info, log::Format::text);
  std::vector<std::thread> writers;
  for (std::size_t t = 0; t < threads; ++t)
    writers.emplace_back([t] {
      for (std::size_t n = 0; n < each; ++n) log::info("line", {{"thread", std::uint64_t{t}}, {"n", std::uint64_t{n}}});
    });
  for (auto& writer : writers) writer.join();
  log::close();
  pipe.restore();
  const auto all = reading.get();
  CHECK(std::ranges::count(all, '\n') == threads * each);
  std::size_t in_place = 0;
  for (std::size_t t = 0; t < threads; ++t)
    for (std::size_t n = 0, at = 0; n < each; ++n) {
      at = all.find(" info line thread=" + std::to_string(t) + " n=" + std::to_string(n) + "\n", at);
      if (at == std::string::npos) break;
      ++in_place;
    }
  CHECK(in_place == threads * each);
}

TEST_CASE("a log that nobody reads costs lines, and it says how many when it is read again") {
  constexpr std::size_t lines = 40'000;  // of more than 100 bytes: beyond the bound
  Pipe pipe;
  log::open(log::Level::info, log::Format::text);
  const std::string much(100, 'x');
  for (std::size_t n = 0; n < lines; ++n) log::info("line", {{"much", much}});
  auto reading = std::async(std::launch::async, [&] { return pipe.rest(); });
  log::close();
  pipe.restore();
  const auto all = reading.get();
  const auto lost = all.find("warn log_lines_lost lines=");
  REQUIRE(lost != std::string::npos);
  CHECK(count(all, " info line ") + std::stoul(all.substr(all.find('=', lost) + 1)) == lines);
}

}  // namespace chatbridge
