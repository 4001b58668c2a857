// What a message costs on its way in: found in the bytes, checked, understood.
#include <benchmark/benchmark.h>

#include "bench/micro.hpp"

namespace chatbridge::bench {
namespace {

void text_check(benchmark::State& state, std::string (*make)(std::size_t)) {
  const auto raw = make(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto text = Text::parse(raw, {});
    benchmark::DoNotOptimize(text);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}
BENCHMARK_CAPTURE(text_check, ascii, ascii_text)->Arg(16)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(text_check, mixed, mixed_text)->Arg(64)->Arg(4096);

// An item is a line; all are in one read, or each comes in two.
void line_framing(benchmark::State& state) {
  constexpr std::size_t count = 256;
  const auto bytes = lines(count);
  const auto pieces = static_cast<std::size_t>(state.range(0));
  const auto size = bytes.size() / pieces;
  LineFramer framer(4096);
  std::size_t found = 0;
  for (auto _ : state)
    for (std::size_t i = 0; i < pieces; ++i)
      framer.feed(
          std::string_view(bytes).substr(i * size, size), [&](std::string_view) { return ++found > 0; },
          [] { return true; });
  benchmark::DoNotOptimize(found);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * count));
}
BENCHMARK(line_framing)->ArgName("reads")->Arg(1)->Arg(512);

void json_in(benchmark::State& state) {
  const auto object = json_say(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    auto parsed = v1::parse(object);
    benchmark::DoNotOptimize(parsed);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(json_in)->Arg(16)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace chatbridge::bench

BENCHMARK_MAIN();
