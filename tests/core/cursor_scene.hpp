// What the tests of cursors share: one speaker's numbered messages, and what a reader has of them.
#pragma once
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge::test {

using Lines = std::vector<std::string>;

inline HubOptions small_window() {
  HubOptions o;
  o.window_bytes = 1;  // the newest segment only: 4 KiB or 85 short lines at first
  return o;
}

struct Scene {
  explicit Scene(HubOptions options = {}, std::size_t keep = SIZE_MAX) : journal(keep), bench(journal, options) {}
  // `n` messages of `speaker`, "1".."n" with `pad` bytes behind.
  void say(Reader& speaker, std::size_t n, std::size_t pad = 0, std::string_view name = "lobby") {
    for (std::size_t i = 0; i < n; ++i) speaker.say(std::to_string(++said) + std::string(pad, '.'), name);
    bench.poll();
  }
  Lines expected(std::size_t from, std::size_t to, std::size_t pad = 0) const {
    Lines out;
    for (auto i = from; i <= to; ++i) out.push_back("guest-1: " + std::to_string(i) + std::string(pad, '.'));
    return out;
  }
  ListJournal journal;
  Bench bench;
  std::size_t said = 0;
};

inline std::vector<std::uint64_t> seqs(const Reader& r) {
  std::vector<std::uint64_t> out;
  for (const auto& o : r.objects("message")) out.push_back(o.at("seq"));
  return out;
}

}  // namespace chatbridge::test
