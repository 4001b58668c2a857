#include "bench/load/workload.hpp"

#include <algorithm>

namespace chatbridge::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto tick = Nanoseconds(20ms);

double seconds(Nanoseconds t) { return std::chrono::duration<double>(t).count(); }

// When something last came.
class Progress {
 public:
  Progress(const Crowd& crowd, Nanoseconds patience) : crowd_(crowd), patience_(patience) {}
  void look() {
    const auto all = crowd_.deliveries() + crowd_.own();
    if (all == seen_) return;
    seen_ = all;
    last_ = Clock::now();
  }
  Clock::time_point last() const { return last_; }
  bool stalled() const { return Clock::now() - last_ > patience_; }

 private:
  const Crowd& crowd_;
  const Nanoseconds patience_;
  std::uint64_t seen_ = 0;
  Clock::time_point last_ = Clock::now();
};

// Until all that was sent has come. Whether it has.
bool drain(Crowd& crowd, Progress& progress) {
  while (crowd.checker().missing() > 0) {
    if (progress.stalled()) return false;
    crowd.poll(tick);
    progress.look();
  }
  return true;
}

// Messages of each sender that are under way.
class Windows {
 public:
  Windows(Crowd& crowd, std::uint32_t window)
      : crowd_(crowd), window_(window), under_way_(crowd.senders()), left_(crowd.senders()) {
    for (auto& ring : left_) ring.resize(window_max);
    crowd_.on_delivery = [this](std::uint32_t sender, std::uint32_t counter) { came(sender, counter); };
    crowd_.on_gone = [this](const std::vector<std::uint32_t>& lacked) { gone(lacked); };
  }
  ~Windows() { crowd_.on_delivery = nullptr, crowd_.on_gone = nullptr; }

  // Sends what there is room for; how many messages.
  std::uint64_t fill() {
    std::uint64_t sent = 0;
    for (std::uint32_t s = 0; s < under_way_.size(); ++s) {
      if (!crowd_.sender_ready(s)) continue;
      for (; under_way_[s] < window_; ++sent, ++under_way_[s]) {
        left_[s][counter_of(s)] = static_cast<std::uint32_t>(crowd_.checker().audience(s));
        crowd_.say(s);
        ++said_[s];
      }
    }
    crowd_.flush();
    return sent;
  }
  // Counters of what is said from now on begin here; they are the checker's.
  void begin(const std::vector<std::uint32_t>& counters) { said_ = counters; }

 private:
  std::size_t counter_of(std::uint32_t sender) const { return said_[sender] % window_max; }
  void came(std::uint32_t sender, std::uint32_t counter) {
    auto& left = left_[sender][counter % window_max];
    if (left > 0 && --left == 0) --under_way_[sender];
  }
  void gone(const std::vector<std::uint32_t>& lacked) {
    for (std::uint32_t s = 0; s < lacked.size(); ++s)
      for (std::uint32_t i = 1; i <= std::min(lacked[s], window_max); ++i) came(s, said_[s] - i);
  }

  Crowd& crowd_;
  const std::uint32_t window_;
  std::vector<std::uint32_t> under_way_, said_;
  std::vector<std::vector<std::uint32_t>> left_;  // by sender and counter: to how many it has not come
};

}  // namespace

bool warm(Crowd& crowd, Clock::time_point deadline) {
  auto& checker = crowd.checker();
  const auto receivers = crowd.receivers();
  Clock::time_point said{};
  const auto all_heard = [&] {
    for (std::size_t r = 0; r < receivers; ++r)
      if (!checker.heard(r) && !checker.alone(r)) return false;
    return true;
  };
  while (!all_heard()) {
    const auto now = Clock::now();
    if (now > deadline) return false;
    if (now - said > 1s) {
      said = now;
      for (std::uint32_t s = 0; s < crowd.senders(); ++s) crowd.say(s);
      crowd.flush();
    }
    crowd.poll(tick);
  }
  // What was said twice meanwhile, and what servers tell of who came, may still be under way.
  for (auto quiet = Clock::now(); Clock::now() - quiet < 300ms && Clock::now() < deadline;) {
    const auto before = crowd.bytes();
    crowd.poll(tick);
    if (crowd.bytes() != before) quiet = Clock::now();
  }
  checker.start();
  return true;
}

Outcome at_rate(Crowd& crowd, double rate, Nanoseconds time, Nanoseconds patience) {
  Outcome out;
  const auto began = Clock::now();
  Progress progress(crowd, patience);
  const auto planned = static_cast<std::uint64_t>(rate * seconds(time));
  const auto due = [&](std::uint64_t n) {
    return began +
           std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(static_cast<double>(n) / rate));
  };
  std::uint32_t turn = 0;
  while (out.messages < planned) {
    const auto now = Clock::now();
    for (; out.messages < planned && due(out.messages) <= now; ++out.messages, turn = (turn + 1) % crowd.senders()) {
      out.behind = std::max(out.behind, seconds(now - due(out.messages)));
      if (crowd.sender_ready(turn)) crowd.say(turn);
    }
    crowd.flush();
    crowd.poll(std::min(tick, due(out.messages) - Clock::now()));
    progress.look();
  }
  out.stalled = !drain(crowd, progress);
  out.seconds = seconds(progress.last() - began);
  return out;
}

Outcome with_window(Crowd& crowd, std::uint32_t window, Nanoseconds time, Nanoseconds patience) {
  Outcome out;
  Windows windows(crowd, window);
  windows.begin(crowd.checker().sent());
  const auto began = Clock::now();
  Progress progress(crowd, patience);
  while (Clock::now() - began < time && !progress.stalled()) {
    out.messages += windows.fill();
    crowd.poll(tick);
    progress.look();
  }
  out.stalled = !drain(crowd, progress);
  out.seconds = seconds(progress.last() - began);
  return out;
}

std::vector<double> one_to_all(Crowd& crowd, std::size_t times, Nanoseconds pause, Nanoseconds patience) {
  std::vector<double> out;
  for (std::size_t i = 0; i < times; ++i) {
    for (const auto next = Clock::now() + pause; i > 0 && Clock::now() < next;) crowd.poll(tick);
    Progress progress(crowd, patience);
    const auto began = Clock::now();
    const auto all = crowd.deliveries() + crowd.checker().audience(0);
    crowd.say(0);
    crowd.flush();
    while (crowd.deliveries() < all && !progress.stalled()) {
      crowd.poll(tick);
      progress.look();
    }
    out.push_back(crowd.deliveries() < all ? -1 : seconds(progress.last() - began));
  }
  return out;
}

std::vector<double> follow(Crowd& crowd, const std::function<bool()>& ended, Nanoseconds patience) {
  std::vector<double> out;
  auto& checker = crowd.checker();
  checker.start();
  // Whoever is first to get a message shows that it was sent, and all that were sent before it.
  crowd.on_stamp = [&](const Stamp& stamp, std::uint64_t waited) {
    if (stamp.sender != 0) return;
    while (out.size() <= stamp.counter) checker.send(0), out.push_back(0);
    out[stamp.counter] = std::max(out[stamp.counter], static_cast<double>(waited) / 1e6);
  };
  while (!ended()) crowd.poll(tick);
  Progress progress(crowd, patience);
  drain(crowd, progress);
  crowd.on_stamp = nullptr;
  return out;
}

}  // namespace chatbridge::bench
