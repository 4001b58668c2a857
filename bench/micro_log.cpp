// What a message costs on its way out, without a socket: encoded once per format, then once per reader.
#include <benchmark/benchmark.h>

#include "bench/micro.hpp"

namespace chatbridge::bench {
namespace {

void per(benchmark::State& state, std::size_t items) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * items));
}

// One message into a room's log in one format; what falls out of the window is dropped on the way.
void log_append(benchmark::State& state, Wire wire) {
  RoomLog log("lobby", 1 << 20, seq_zero);
  log.open(wire);
  auto m = message(1, static_cast<std::size_t>(state.range(0)));
  std::uint64_t seq = 0;
  for (auto _ : state) {
    m.seq = Seq{++seq};
    log.append(m);
  }
  per(state, 1);
}
BENCHMARK_CAPTURE(log_append, line, Wire::line)->Arg(16)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(log_append, text_frame, Wire::text_frame)->Arg(64);
BENCHMARK_CAPTURE(log_append, json_frame, Wire::json_frame)->Arg(16)->Arg(64)->Arg(4096);

// So many messages at once to 1,000 readers that take everything; an item is a delivery.
void cursor_next(benchmark::State& state, Wire wire) {
  constexpr std::size_t listeners = 1000;
  Audience audience(wire, listeners);
  const auto messages = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) audience.say(messages);
  per(state, messages * listeners);
}
BENCHMARK_CAPTURE(cursor_next, line, Wire::line)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(cursor_next, text_frame, Wire::text_frame)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(cursor_next, json_frame, Wire::json_frame)->Arg(1)->Arg(64);

// A message said in a room where nobody else is: all there is before the readers.
void say_alone(benchmark::State& state) {
  Audience audience(Wire::line, 0);
  for (auto _ : state) audience.say(1);
  per(state, 1);
}
BENCHMARK(say_alone);

void frame_encode(benchmark::State& state) {
  const auto payload = ascii_text(static_cast<std::size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    out.clear();
    wire::append_frame(out, payload);
    benchmark::DoNotOptimize(out.data());
  }
  per(state, 1);
}
BENCHMARK(frame_encode)->Arg(64)->Arg(1024)->Arg(65536);

void message_encode(benchmark::State& state, Wire wire) {
  const auto m = message(1, static_cast<std::size_t>(state.range(0)));
  std::string out;
  for (auto _ : state) {
    out.clear();
    wire::append_message(out, wire, "lobby", m);
    benchmark::DoNotOptimize(out.data());
  }
  per(state, 1);
}
BENCHMARK_CAPTURE(message_encode, line, Wire::line)->Arg(64);
BENCHMARK_CAPTURE(message_encode, json_frame, Wire::json_frame)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace chatbridge::bench
