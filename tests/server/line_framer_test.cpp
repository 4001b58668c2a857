#include "server/relay/line_framer.hpp"

#include "support/random.hpp"

namespace chatbridge {
namespace {

using namespace std::string_literals;
using Lines = std::vector<std::string>;

constexpr std::size_t max = 20;
const std::string long_line(max + 1, 'x'), full_line(max, 'y');

struct Framer {
  LineFramer framer{max};
  Lines lines;                     // "!" for one that was too long
  std::size_t stop_at = SIZE_MAX;  // lines; then it is enough for now
  bool took(std::string line) {
    lines.push_back(std::move(line));
    return lines.size() < stop_at;
  }
  std::size_t feed(std::string_view bytes) {
    return framer.feed(
        bytes, [this](std::string_view line) { return took(std::string(line)); }, [this] { return took("!"); });
  }
  void pause(bool at_end = false) {
    framer.timeout([this](std::string_view line) { took(std::string(line)); }, at_end);
  }
};

struct Row {
  std::string bytes;
  Lines lines;
};
const std::vector<Row> rows{
    {"", {}},
    {"a\n", {"a"}},
    {"a\r\nb\n", {"a", "b"}},
    {"\n\r\n\n", {"", "", ""}},
    {"a\rb\r\n", {"a\rb"}},
    {"a\r\r\n", {"a\r"}},
    {"one\ntwo\nthree", {"one", "two"}},
    {full_line + "\n" + full_line + "\r\n", {full_line, full_line}},
    {long_line + "\nafter\n", {"!", "after"}},
    {long_line + "\r\nafter\n", {"!", "after"}},
    {full_line + "\r" + "x\nafter\n", {"!", "after"}},
    {full_line + "\r\r\nafter\n", {"!", "after"}},
    {std::string(10'000, 'z') + "\n" + long_line + "\na\n", {"!", "!", "a"}},
    {std::string(10'000, 'z'), {"!"}},
    {"a\0b\n"s, {"a\0b"s}},
    {"caf\xC3\xA9\n", {"caf\xC3\xA9"}},
    // Telnet: IAC WILL ECHO, IAC SB … IAC SE, IAC NOP, IAC IAC
    {"\xFF\xFB\x01hi\n", {"hi"}},
    {"h\xFF\xFD\ni\n", {"hi"}},  // the option is 10: no line end
    {"h\xFF\xFA\x18\nx\xFF\xFF\xFFy\xFF\xF0i\n", {"hi"}},
    {"h\xFF\xF1i\n", {"hi"}},
    {"a\xFF\xFF"
     "b\n",
     {"a\xFF"
      "b"}},
    {"\xFF\xFF\xFF\xFF\n", {"\xFF\xFF"}},
    {"hi\r\xFF\xF1\n", {"hi"}},
    {full_line + "\xFF\xFB\x01\n", {full_line}},
    {long_line + "\xFF\xFB\n\nafter\n", {"!", "after"}},
};

TEST_CASE("bytes become lines, whole or in any pieces") {
  for (const auto& row : rows) {
    INFO(row.bytes);
    Framer whole, single;
    whole.feed(row.bytes);
    CHECK(whole.lines == row.lines);
    for (const char c : row.bytes) single.feed({&c, 1});
    CHECK(single.lines == row.lines);
    for (std::size_t at = 0; at <= row.bytes.size() && at < 100; ++at) {
      Framer two;
      two.feed(std::string_view(row.bytes).substr(0, at));
      two.feed(std::string_view(row.bytes).substr(at));
      REQUIRE(two.lines == row.lines);
    }
  }
}

TEST_CASE("random bytes in random pieces become the same lines") {
  for (int run = 0; run < 2000; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    std::string bytes;
    for (auto n = random.between(1, 6); n > 0; --n) {
      bytes += random.one_in(3) ? random.pick(rows).bytes.substr(0, 60) : std::string(random.below(30), 'q');
      for (auto k = random.below(5); k > 0; --k)
        bytes +=
            "\r\n\xFF\xFA\xFB\xF0"
            "ab"[random.below(8)];
    }
    Framer whole, cut;
    whole.feed(bytes);
    for (const auto piece : random.pieces(bytes, random.between(1, 10))) cut.feed(piece);
    REQUIRE(cut.lines == whole.lines);
    REQUIRE(cut.framer.waiting() == whole.framer.waiting());
  }
}

TEST_CASE("whoever is told a line may stop there, and go on later with what was not taken") {
  for (int run = 0; run < 500; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    std::string bytes;
    for (auto n = random.between(1, 6); n > 0; --n) bytes += random.pick(rows).bytes.substr(0, 200);
    Framer whole, stopping;
    REQUIRE(whole.feed(bytes) == bytes.size());
    for (std::string_view left = bytes; !left.empty();) {
      stopping.stop_at = stopping.lines.size() + 1;
      const auto before = stopping.lines.size();
      left.remove_prefix(stopping.feed(left.substr(0, random.between(1, left.size()))));
      REQUIRE(stopping.lines.size() <= before + 1);
    }
    REQUIRE(stopping.lines == whole.lines);
  }
}

TEST_CASE("before the first line end a pause ends a line too") {
  Framer f;
  CHECK_FALSE(f.framer.waiting());
  f.feed("hi");
  CHECK(f.framer.waiting());
  CHECK(f.lines.empty());
  f.pause();
  CHECK(f.lines == Lines{"hi"});
  CHECK_FALSE(f.framer.waiting());
  f.pause();
  f.feed("the");
  f.feed("re\r");
  f.pause();
  CHECK(f.lines == Lines{"hi", "there"});
}

TEST_CASE("after the first line end, or telnet option bytes, only a line end or the end does") {
  for (const auto* first : {"a\n", "\n", "\xFF\xFB\x01", "\xFF\xF1"}) {
    Framer f;
    f.feed(first);
    f.lines.clear();
    f.feed("part");
    CHECK_FALSE(f.framer.waiting());
    f.pause();
    CHECK(f.lines.empty());
    f.feed("ial\n");
    CHECK(f.lines == Lines{"partial"});
    f.feed("last");
    f.pause(true);
    CHECK(f.lines == Lines{"partial", "last"});
  }
}

TEST_CASE("a line end that arrives after its line was ended by a pause gives an empty line, no repetition") {
  Framer f;
  f.feed("hi");
  f.pause();
  f.feed("\r\nho\n");
  CHECK(f.lines == Lines{"hi", "", "ho"});
}

TEST_CASE("at the end there is nothing to give of a line that was too long") {
  Framer f;
  f.feed(long_line + "more");
  f.pause(true);
  CHECK(f.lines == Lines{"!"});
}

TEST_CASE("a pause ends a line that was too long, as it ends every other before the first line end") {
  Framer f;
  f.feed(long_line);
  f.pause();
  f.feed("hi");
  CHECK(f.framer.waiting());
  f.pause();
  CHECK(f.lines == Lines{"!", "hi"});
}

}  // namespace
}  // namespace chatbridge
