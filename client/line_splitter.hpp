// Bytes to lines, in bounded memory.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace chatbridge::connect {

// 1. A line ends with LF or CRLF and is given without it, whatever pieces it came in.
// 2. A line over `max` bytes is given in pieces of that size; all but its last are not `whole`.
class LineSplitter {
 public:
  enum class Cr { dropped, kept };  // of a CRLF
  explicit LineSplitter(std::size_t max, Cr cr = Cr::dropped) : max_(max), cr_(cr) {}

  // Calls `line(std::string_view, bool whole)` for each.
  template <class Line>
  void feed(std::string_view bytes, Line line) {
    while (!bytes.empty()) {
      const auto end = std::min(bytes.find('\n'), bytes.size());
      const auto take = std::min(end, max_ - partial_.size());
      partial_ += bytes.substr(0, take);
      bytes.remove_prefix(take);
      if (take == end && !bytes.empty()) {
        bytes.remove_prefix(1);
        give(line, true);
      } else if (partial_.size() == max_ && !bytes.empty()) {
        give(line, false);
      }
    }
  }

  // No more will come: what has no line end is a line.
  template <class Line>
  void end(Line line) {
    if (!partial_.empty()) give(line, true);
  }

  bool empty() const { return partial_.empty(); }

 private:
  template <class Line>
  void give(Line line, bool whole) {
    std::string text;
    text.swap(partial_);
    if (whole && cr_ == Cr::dropped && text.ends_with('\r')) text.pop_back();
    line(std::string_view(text), whole);
  }

  const std::size_t max_;
  const Cr cr_;
  std::string partial_;
};

}  // namespace chatbridge::connect
