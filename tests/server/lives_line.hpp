// One plain connection with what the network does to it; for lives_model_test.cpp.
#pragma once
#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "support/bench.hpp"
#include "support/random.hpp"

namespace chatbridge::lives {

using test::Bench;
using test::Random;
using test::Reader;

// One connection, as its peer and the network know it.
class Line {
 public:
  Line(Bench& bench, Random& random, std::size_t number)
      : number(number), reader(bench, Wire::line, Via::tcp, random.below(2)), random_(random) {
    const auto max = random.between(1, 3000);
    reader.piece = [this, max](std::size_t size) { return std::min(size, random_.between(1, max)); };
    reader.acknowledges = !random.one_in(3);
    reader.on_sent = [this](std::size_t bytes) {
      sent_ += bytes;
      as_whom();
      if (auto* cursor = reader->first())
        marks_.push_back({sent_ + reader->private_bytes(), chatbridge::number(cursor->seq())});
      look();
    };
    reader.on_flush = [this] {
      if (reader.fell > 0 && !over_) look(), over_ = true;
    };
  }

  // The peer's kernel has got more of it.
  void acknowledge() {
    if (reader.fell > 0) return;
    reader.unacked = random_.one_in(2) ? 0 : random_.below(reader.unacked + 1);
    if (random_.one_in(3)) reader.acknowledges = !reader.acknowledges;
    look();
  }
  // What of all that was not acknowledged arrived is the network's choice.
  void cut(Farewell farewell) {
    look();
    over_ = gone = true;
    reader.leave_for_good(farewell);
    const auto parsed = sent_ - reader.got.size();
    const auto sure = std::max(sent_ - reader.unacked, parsed);
    reader.got.resize(random_.between(sure, sent_) - parsed);
  }
  template <class F>
  void each_line(F f) {
    for (std::size_t end; (end = reader.got.find('\n')) != std::string::npos;) {
      const auto line = reader.got.substr(0, end);
      reader.got.erase(0, end + 1);
      f(line);
    }
  }
  // The last place that is known to have arrived, 0: none is.
  std::uint64_t known() const { return known_; }
  bool busy() { return reader.fell > 0 || reader->congested(); }

  const std::size_t number;
  Reader reader;
  std::size_t stay = 0;
  std::string nick;
  bool resuming = false;  // a token was shown, and nothing is heard of it yet
  bool unsure = false;    // that one may have been used up
  bool gone = false;      // cut
  std::size_t asks = 0;   // for a token, not answered yet
  bool live = false;      // something was told without a time

 private:
  // Places are of who it is now.
  void as_whom() {
    if (std::exchange(session_, reader->session()) == reader->session()) return;
    marks_.clear();
    known_ = 0;
  }
  // All that was sent or waited to be sent when its cursor stood at a place has been acknowledged: it has that.
  void look() {
    if (over_) return;
    as_whom();
    for (; !marks_.empty() && marks_.front().first <= sent_ - reader.unacked; marks_.pop_front())
      known_ = marks_.front().second;
  }

  Random& random_;
  std::uint64_t sent_ = 0, known_ = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> marks_;  // bytes, seq
  Session* session_ = nullptr;
  bool over_ = false;
};

}  // namespace chatbridge::lives
