// A whole talk: what three clients send, in turn, and what that does to everybody who looks on. Each line of the input
// is said by one of them: `{…` by a chatbridge.v1 client, `|a|b` is a datagram of lines, anything else a raw line. A
// line
// `!` is the moment at which presence is told, `%` one at which a reader stalls or goes on.
#include <nlohmann/json.hpp>

#include "bridge/v1_dialect.hpp"
#include "core/line_dialect.hpp"
#include "server/journal/memory.hpp"
#include "support/bench.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

// A name that a person or the server gave.
bool nick(std::string_view s) { return Nick::parse(s).has_value() || s.starts_with("guest-"); }

// A line of a raw client: the server's, or somebody's whose name stands first.
void whose(std::string_view line) {
  FUZZ_CHECK(fuzz::well_formed(line) && fuzz::harmless(line, false));
  if (line.starts_with("*** ")) return;
  if (line.starts_with('[')) {  // /history
    FUZZ_CHECK(line.size() > 8 && line.substr(6, 2) == "] ");
    line.remove_prefix(8);
  }
  const bool action = line.starts_with("* ");
  if (action) line.remove_prefix(2);
  const auto end = line.find(action ? " " : ": ");
  FUZZ_CHECK(end != std::string_view::npos && nick(line.substr(0, end)));
}

void objects(const test::Reader& reader) {
  for (const auto& payload : reader.payloads()) {
    FUZZ_CHECK(payload.size() <= 64 * 1024 && fuzz::harmless(payload, false));
    const auto o = nlohmann::json::parse(payload, nullptr, false);
    FUZZ_CHECK(o.is_object() && o.contains("type") && o["type"].is_string());
    if (o["type"] == "error") FUZZ_CHECK(o["code"] != "internal");
    if (o.contains("room")) FUZZ_CHECK(o["type"] == "error" || RoomName::parse(o["room"].get<std::string>()));
    if (o.contains("nick")) FUZZ_CHECK(nick(o["nick"].get<std::string>()));
  }
}

struct Raw {
  Raw(test::Bench& bench, Via via, bool datagrams) : reader(bench, Wire::line, via, 0, datagrams), dialect(*reader) {
    reader->become(bench.hub.new_session());
    dialect.enter();
    dialect.greet();
  }
  test::Reader reader;
  LineDialect dialect;
};

struct Talk {
  Talk() {
    browser.input(R"({"type":"hello"})");
    browser.input(R"({"type":"join","room":"lobby"})");
  }
  void said(std::string_view line) {
    if (line.starts_with('{')) {
      browser.input(line);
    } else if (line.starts_with('|')) {
      std::string lines(line.substr(1));
      std::replace(lines.begin(), lines.end(), '|', '\n');
      udp.dialect.input(lines);
    } else if (line == "!") {
      bench.hub.flush_presence();
    } else if (line == "%") {
      slow.credit == 0 ? slow.resume() : slow.stall();
    } else {
      tcp.dialect.input(line);
    }
    bench.poll();
  }
  void check() {
    if (slow.credit == 0) slow.resume();
    bench.hub.flush_presence();
    bench.poll();
    for (const auto* reader : {&tcp.reader, &lines, &slow})
      for (const auto& line : reader->lines()) whose(line);
    for (const auto& datagram : udp.reader.datagrams)
      for (const auto& line : test::split_lines(datagram)) whose(line);
    for (const auto& line : text.payloads()) whose(line);
    objects(watcher);
    objects(speaker);
    // Who looks on sees every message of the room, once, in its order; and the same lines, framed or not, late or not.
    std::uint64_t last = 0, count = 0;
    for (const auto& m : watcher.objects("message")) {
      FUZZ_CHECK(m["seq"] > last);
      FUZZ_CHECK(!command::may_hold_secret(m["text"].get<std::string>()));
      last = m["seq"];
      ++count;
    }
    FUZZ_CHECK(last == number(journal.head(test::room("lobby"))) && count == last);
    FUZZ_CHECK(lines.lines() == text.payloads() && lines.got == slow.got);
  }

  MemoryJournal journal{1 << 20};
  test::Bench bench{journal};
  test::Reader lines{bench, Wire::line}, slow{bench, Wire::line}, text{bench, Wire::text_frame},
      watcher{bench, Wire::json_frame, Via::ws};
  test::Reader speaker{bench, Wire::json_frame, Via::ws};
  V1Dialect browser{*speaker};
  const bool looking = (lines.attach(), slow.attach(), text.attach(), watcher.attach(), true);
  Raw tcp{bench, Via::tcp, false}, udp{bench, Via::udp, true};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto rest = fuzz::view(data, size);
  Talk talk;
  for (int n = 0; n < 200 && !rest.empty(); ++n) {
    const auto lf = std::min(rest.find('\n'), rest.size());
    talk.said(rest.substr(0, lf));
    rest.remove_prefix(std::min(lf + 1, rest.size()));
  }
  talk.check();
  return 0;
}
