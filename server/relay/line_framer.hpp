// Bytes of a raw TCP client to lines. A machine without I/O: it is fed what was read, and told when time has passed.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace chatbridge {

// 1. A line ends with LF or CRLF, and may come in any number of pieces.
// 2. Telnet option bytes (RFC 854, IAC …) are dropped, also across pieces; IAC IAC is the byte 255.
// 3. Until the first line end or option bytes, timeout() ends a line too: for clients that never send a line end.
// 4. A line over `max` bytes is reported once, when it passes the limit, and dropped up to its end.
class LineFramer {
 public:
  explicit LineFramer(std::size_t max) : max_(static_cast<std::uint32_t>(max)) {}

  // Takes bytes and calls `line(std::string_view)` for each that is whole, `too_long()` for each that is over. Both
  // return whether to go on; returns how many bytes were taken.
  template <class Line, class TooLong>
  std::size_t feed(std::string_view bytes, Line line, TooLong too_long) {
    const auto all = bytes.size();
    bool on = true;
    while (on && !bytes.empty()) {
      if (telnet_ == Telnet::none && !partial_ && !dropping_ && bytes.front() != telnet_byte) {
        // The usual case: a whole line lies in the read; nothing is copied. No option bytes at its beginning: a read
        // full of these would be searched from each of them to its end.
        const auto end = bytes.find('\n');
        if (end != std::string_view::npos && bytes.substr(0, end).find(telnet_byte) == std::string_view::npos) {
          terminated_ = true;
          const auto text = without_cr(bytes.substr(0, end));
          bytes.remove_prefix(end + 1);
          on = text.size() > max_ ? too_long() : line(text);
          continue;
        }
      }
      const char c = bytes.front();
      bytes.remove_prefix(1);
      if (!text(c)) continue;
      if (c == '\n') {
        terminated_ = true;
        const auto whole = std::exchange(partial_, nullptr);
        if (!std::exchange(dropping_, false)) on = line(whole ? without_cr(*whole) : std::string_view{});
      } else if (!dropping_) {
        if (!partial_) partial_ = std::make_unique<std::string>();
        *partial_ += c;
        // One more for a CR that is not part of the text.
        if (partial_->size() > max_ + 1 || (partial_->size() == max_ + 1 && c != '\r')) {
          dropping_ = true;
          partial_.reset();
          on = too_long();
        }
      }
    }
    return all - bytes.size();
  }

  // No more bytes came for a while, or none will come: what is there is a line if rule 3 holds or `at_end`.
  template <class Line>
  void timeout(Line line, bool at_end = false) {
    if (terminated_ && !at_end) return;
    dropping_ = false;
    if (const auto whole = std::exchange(partial_, nullptr)) line(without_cr(*whole));
  }

  // timeout() would end a line.
  bool waiting() const { return !terminated_ && (dropping_ || partial_); }

 private:
  enum class Telnet : std::uint8_t { none, iac, option, sub, sub_iac };
  static constexpr char telnet_byte = '\xFF';

  bool text(char c);  // whether c is text; telnet bytes change the state
  static std::string_view without_cr(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::unique_ptr<std::string> partial_;  // of a line, never empty
  const std::uint32_t max_;
  Telnet telnet_ = Telnet::none;
  bool terminated_ = false, dropping_ = false;
};

}  // namespace chatbridge
