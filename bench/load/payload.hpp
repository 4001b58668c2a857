// What the load generator sends as a message's text, and how it finds it again in whatever a server makes of it: a
// name before it, JSON or frames round it, any chunking. 16 bytes and more, the same for every message of a run:
//
//   ^ ss cccc tttttt hh … $         sender, its counter, when it was sent, a check of those, filler
//
// Numbers are in the base64url alphabet, which no server escapes. '^' and '$' stand nowhere else in what the servers
// send, but '^' may be a length of MQTT: a 0 follows it then.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chatbridge::bench {

struct Stamp {
  std::uint32_t sender = 0;   // < senders_max
  std::uint32_t counter = 0;  // modulo counters
  std::uint64_t at = 0;       // microseconds, modulo 2^36: 19 hours
};

class Payload {
 public:
  static constexpr std::size_t size_min = 16;
  static constexpr std::uint32_t senders_max = 1 << 12, counters = 1 << 24;
  static constexpr std::uint64_t time_mask = (std::uint64_t{1} << 36) - 1;

  explicit Payload(std::size_t size);  // size >= size_min
  std::size_t size() const { return text_.size(); }
  // Valid until the next call.
  std::string_view encode(const Stamp& stamp);
  // `bytes` are size() of them. Nothing: this is not one whole message.
  std::optional<Stamp> decode(const char* bytes) const;
  // Whether it began as a message does.
  static bool begun(std::string_view bytes);

 private:
  static std::uint32_t check(const Stamp& stamp);
  std::string text_;
};

// Finds the messages in one connection's bytes.
class Scanner {
 public:
  // Calls `found(stamp)` for each whole message and `torn()` for each that began and is something else.
  template <class Found, class Torn>
  void feed(const Payload& format, std::string_view bytes, Found found, Torn torn) {
    while (!carry_.empty() && !bytes.empty()) {
      const auto take = std::min(format.size() - carry_.size(), bytes.size());
      carry_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      if (carry_.size() < format.size()) return;
      if (const auto stamp = format.decode(carry_.data())) {
        found(*stamp);
        carry_.clear();
      } else {
        if (Payload::begun(carry_)) torn();
        carry_.erase(0, std::min(carry_.find('^', 1), carry_.size()));
      }
    }
    for (auto at = bytes.find('^'); at != bytes.npos; at = bytes.find('^', at)) {
      if (bytes.size() - at < format.size()) {
        carry_.assign(bytes.substr(at));
        return;
      }
      if (const auto stamp = format.decode(bytes.data() + at)) {
        found(*stamp);
        at += format.size();
      } else {
        if (Payload::begun(bytes.substr(at))) torn();
        ++at;
      }
    }
  }

 private:
  std::string carry_;  // a message's beginning, whose end has not come
};

}  // namespace chatbridge::bench
