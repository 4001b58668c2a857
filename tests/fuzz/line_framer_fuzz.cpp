// The line framer: bytes of a raw TCP client, telnet and all, in any pieces.
#if __has_include(<sanitizer/allocator_interface.h>)  // clang's
#include <sanitizer/allocator_interface.h>
#define COUNTS_BYTES
#endif

#include "server/relay/line_framer.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

constexpr std::size_t max = 24;

// What the framer said: "=line" or "!" for one that was too long.
using Said = std::vector<std::string>;

// What rules 1, 2 and 4 ask for, in two steps instead of one: first the telnet bytes go, then lines are cut.
Said expected(std::string_view bytes, bool& terminated) {
  std::string text;
  std::vector<std::size_t> ends;  // where in `text` lines end: an LF of telnet's never gets there
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto at = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0U; };
    if (at(i) != 255) {
      text += bytes[i];
      continue;
    }
    if (i + 1 >= bytes.size()) break;
    const auto command = at(++i);
    if (command == 255) {
      text += '\xFF';
      continue;
    }
    terminated = true;
    if (command >= 251 && command <= 254) ++i;
    if (command == 250) {
      ++i;
      while (i < bytes.size() && !(at(i) == 255 && at(i + 1) == 240)) i += at(i) == 255 ? 2 : 1;
      ++i;
    }
  }
  Said out;
  for (std::size_t from = 0; from < text.size();) {
    const auto lf = text.find('\n', from);
    auto line = text.substr(from, lf - from);
    if (lf == std::string::npos) {
      // Not whole yet, but its limit may be passed; a CR may still turn out to be part of its end.
      if (line.size() > max + 1 || (line.size() == max + 1 && line.back() != '\r')) out.push_back("!");
      break;
    }
    terminated = true;
    if (line.ends_with('\r')) line.pop_back();
    out.push_back(line.size() > max ? "!" : "=" + line);
    from = lf + 1;
  }
  return out;
}

struct Framer {
  std::size_t feed(std::string_view bytes, std::size_t stop_after = SIZE_MAX) {
    const auto go_on = [this, &stop_after](std::string what) {
      said.push_back(std::move(what));
      return --stop_after > 0;
    };
    return framer.feed(
        bytes, [&](std::string_view line) { return go_on("=" + std::string(line)); }, [&] { return go_on("!"); });
  }
  LineFramer framer{max};
  Said said;
};

// Time may pass anywhere: no line is over the limit, none holds LF, and after the first line end it makes no line.
void with_pauses(std::string_view bytes, fuzz::Choices& choices) {
  LineFramer framer(max);
  bool ended = false;
  const auto check = [&](std::string_view line) {
    FUZZ_CHECK(line.size() <= max);
    FUZZ_CHECK(line.find('\n') == std::string_view::npos);
    return true;
  };
  for (const auto piece : choices.pieces(bytes, 40)) {
    framer.feed(
        piece,
        [&](std::string_view line) {
          ended = true;
          return check(line);
        },
        [] { return true; });
    if (choices.between(0, 2) > 0) continue;
    framer.timeout([&](std::string_view line) {
      FUZZ_CHECK(!ended);
      check(line);
    });
    FUZZ_CHECK(!framer.waiting());
  }
  framer.timeout(check, true);
}

// However much comes without a line end, only so much is kept.
void keeps_little([[maybe_unused]] std::string_view bytes) {
#ifdef COUNTS_BYTES
  const auto before = __sanitizer_get_current_allocated_bytes();
  LineFramer framer(max);
  for (int i = 0; i < 8; ++i) {
    framer.feed(
        bytes, [](std::string_view) { return true; }, [] { return true; });
    FUZZ_CHECK(__sanitizer_get_current_allocated_bytes() - before <= 4 * max);
  }
#endif
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  fuzz::Choices choices(bytes);
  bool terminated = false;
  const auto lines = expected(bytes, terminated);

  Framer whole;
  FUZZ_CHECK(whole.feed(bytes) == size);
  FUZZ_CHECK(whole.said == lines);
  FUZZ_CHECK(!terminated || !whole.framer.waiting());

  Framer single;
  for (const auto byte : bytes) single.feed({&byte, 1});
  FUZZ_CHECK(single.said == lines);
  FUZZ_CHECK(single.framer.waiting() == whole.framer.waiting());

  Framer cut;
  for (const auto piece : choices.pieces(bytes, choices.between(2, 30))) cut.feed(piece);
  FUZZ_CHECK(cut.said == lines);

  Framer stopping;  // after each line; goes on with what was not taken
  for (auto left = bytes; !left.empty();) {
    const auto before = stopping.said.size();
    left.remove_prefix(stopping.feed(left.substr(0, choices.between(1, left.size())), 1));
    FUZZ_CHECK(stopping.said.size() <= before + 1);
  }
  FUZZ_CHECK(stopping.said == lines);

  with_pauses(bytes, choices);
  keeps_little(bytes);
  return 0;
}
