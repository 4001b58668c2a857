#include "client/line_splitter.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace chatbridge::connect {
namespace {

struct Lines {
  explicit Lines(std::size_t max) : splitter(max) {}
  void feed(std::string_view bytes) {
    splitter.feed(bytes, [&](std::string_view l, bool whole) { got.push_back(std::string(l) + (whole ? "$" : "+")); });
  }
  void end() {
    splitter.end([&](std::string_view l, bool whole) { got.push_back(std::string(l) + (whole ? "$" : "+")); });
  }
  LineSplitter splitter;
  std::vector<std::string> got;
};
using Got = std::vector<std::string>;

TEST_CASE("lines are the same whatever pieces they come in") {
  const std::string text = "one\n\ntwo\r\nth\rree\nlast";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    Lines lines(100);
    for (std::size_t at = 0; at < text.size(); at += piece) lines.feed(std::string_view(text).substr(at, piece));
    lines.end();
    CHECK(lines.got == Got{"one$", "$", "two$", "th\rree$", "last$"});
  }
}

TEST_CASE("a line over the limit comes in pieces, and the next is whole again") {
  Lines lines(4);
  lines.feed("12345678\n1234\n12345\nx\n");
  CHECK(lines.got == Got{"1234+", "5678$", "1234$", "1234+", "5$", "x$"});
}

TEST_CASE("an end without anything before it is no line") {
  Lines lines(4);
  lines.feed("1\n");
  lines.end();
  CHECK(lines.got == Got{"1$"});
}

}  // namespace
}  // namespace chatbridge::connect
