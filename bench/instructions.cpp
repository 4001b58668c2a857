// A fixed amount of work of one function, for a count of its instructions: bench/instructions.py runs this under
// callgrind, which counts what happens within measured().
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>

#include "bench/micro.hpp"

namespace chatbridge::bench {
namespace {

using Work = std::function<void()>;

Work log_append() {
  const auto log = std::make_shared<RoomLog>("lobby", 1 << 20, seq_zero);
  for (const auto wire : {Wire::line, Wire::text_frame, Wire::json_frame}) log->open(wire);
  return [log] {
    auto m = message(1);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      m.seq = Seq{i + 1};
      log->append(m);
    }
  };
}

// Nothing to batch: every reader gets every message by itself.
Work cursor_next() {
  const auto audience = std::make_shared<Audience>(Wire::text_frame, 200);
  audience->say(1);  // what is made once is there
  return [audience] {
    for (int i = 0; i < 100; ++i) audience->say(1);
  };
}

Work text_check() {
  return [raw = mixed_text()] {
    for (int i = 0; i < 5000; ++i)
      if (!Text::parse(raw, {})) std::abort();
  };
}

Work line_framing() {
  return [bytes = lines(5000)] {
    LineFramer framer(4096);
    std::size_t found = 0;
    framer.feed(
        bytes, [&](std::string_view) { return ++found > 0; }, [] { return true; });
    if (found != 5000) std::abort();
  };
}

const std::map<std::string_view, Work (*)()> works{{"log_append", log_append},
                                                   {"cursor_next", cursor_next},
                                                   {"text_check", text_check},
                                                   {"line_framing", line_framing}};

}  // namespace
}  // namespace chatbridge::bench

// callgrind finds it by this name; what is before it, as making the room, is not counted.
extern "C" __attribute__((noinline)) void measured(const std::function<void()>& work) {
  work();
  asm volatile("" ::: "memory");
}

// instructions NAME
int main(int argc, char** argv) {
  const auto found = argc == 2 ? chatbridge::bench::works.find(argv[1]) : chatbridge::bench::works.end();
  if (found == chatbridge::bench::works.end()) {
    for (const auto& [name, work] : chatbridge::bench::works) std::printf("%s\n", std::string(name).c_str());
    return argc == 1 ? 0 : 2;
  }
  measured(found->second());
}
