// The relay without names and lines.
#include <catch2/catch.hpp>

#include "core/line_dialect.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge {
namespace {

HubOptions options(std::size_t window = 1 << 20) {
  HubOptions o;
  o.verbatim = true;
  o.window_bytes = window;
  return o;
}

struct Raw {
  Raw(test::Bench& bench, Wire wire, Via via, bool datagrams = false)
      : reader(bench, wire, via, 0, datagrams), dialect(*reader) {
    dialect.come("192.0.2.1:5000");
    dialect.enter();
    dialect.greet();
    bench.poll();
  }
  test::Reader reader;
  LineDialect dialect;
};

std::string all_bytes() {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}

TEST_CASE("bytes go as they are to every other raw client, in its transport's form, and nothing else ever does") {
  test::ListJournal journal;
  test::Bench bench(journal, options());
  Raw tcp(bench, Wire::bytes, Via::tcp), udp(bench, Wire::bytes, Via::udp, true), ws(bench, Wire::raw_frame, Via::ws);
  bench.hub.flush_presence();
  bench.poll();
  CHECK(tcp.reader.got.empty());
  CHECK(ws.reader.got.empty());
  CHECK(udp.reader.datagrams.empty());
  const auto bytes = all_bytes();
  CHECK(udp.dialect.relay(bytes, false) == bytes.size());
  CHECK(ws.dialect.relay("/nick x", true) == 7);
  CHECK(tcp.dialect.relay("", false) == 0);
  bench.poll();
  CHECK(tcp.reader.got == bytes + "/nick x");
  CHECK(udp.reader.datagrams == std::vector<std::string>{"/nick x"});
  std::string frame;
  wire::append_frame(frame, bytes, true);
  CHECK(frame[0] == '\x82');
  CHECK(ws.reader.got == frame);
}

TEST_CASE("what came as text is text to WebSocket clients, cut within a character it is not") {
  test::ListJournal journal;
  test::Bench bench(journal, options());
  Raw from(bench, Wire::raw_frame, Via::ws), to(bench, Wire::raw_frame, Via::ws);
  const auto large = "\xC3\xA4" + std::string(LineDialect::relay_max - 3, 'x') + "\xC3\xA4";
  const auto first = from.dialect.relay(large, true);
  CHECK(first == LineDialect::relay_max);
  CHECK(from.dialect.relay(std::string_view(large).substr(first), true) == 1);
  from.dialect.relay("\xC3\xA4", true);
  bench.poll();
  CHECK(to.reader.got[0] == '\x82');
  CHECK(to.reader.got.substr(to.reader.got.size() - 7) == std::string("\x82\x01\xA4\x81\x02\xC3\xA4"));
}

TEST_CASE("browsers see who it was and clean text, and are heard with a line end") {
  test::ListJournal journal;
  auto o = options();
  test::Bench bench(journal, o);
  Raw tcp(bench, Wire::bytes, Via::tcp), ws(bench, Wire::raw_frame, Via::ws);
  test::Reader ann(bench, Wire::json_frame, Via::ws);
  ann.enter();
  REQUIRE(ann->rename("ann").has_value());
  tcp.dialect.relay("a\xFF\x1B\r\n", false);
  bench.poll();
  const auto seen = ann.objects("message");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0]["nick"] == "tcp-" + std::to_string(tcp.reader.id()));
  CHECK(seen[0]["via"] == "tcp");
  CHECK(seen[0]["text"] == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  tcp.reader.got.clear();
  ws.reader.got.clear();
  ann.say("hi");
  bench.poll();
  CHECK(tcp.reader.got == "hi\n");
  CHECK(ws.reader.got == std::string("\x81\x03hi\n"));
}

TEST_CASE("nothing is said to a raw client alone: it would be a line of the server") {
  test::ListJournal journal;
  test::Bench bench(journal, options());
  const bool stream = GENERATE(true, false);
  Raw raw(bench, Wire::bytes, stream ? Via::tcp : Via::udp, !stream);
  test::Reader ann(bench, Wire::json_frame, Via::ws);
  ann.enter();
  ann.got.clear();
  ann->direct(raw.reader->nick(), test::text("psst"), "d1");
  bench.poll();
  REQUIRE(ann.objects("error").size() == 1);
  CHECK(ann.objects("error")[0]["code"] == "no_such_nick");
  CHECK(ann.objects("ack").empty());
}

TEST_CASE("with show_address a raw client is its address") {
  test::ListJournal journal;
  auto o = options();
  o.show_address = true;
  test::Bench bench(journal, o);
  Raw tcp(bench, Wire::bytes, Via::tcp);
  CHECK(tcp.reader->nick() == "192.0.2.1:5000");
}

TEST_CASE("who falls behind what is kept is given nothing more") {
  test::ListJournal journal(20, 2);
  test::Bench bench(journal, options(16 * 1024));
  Raw from(bench, Wire::bytes, Via::tcp), slow(bench, Wire::bytes, Via::tcp), quick(bench, Wire::bytes, Via::tcp);
  slow.reader.stall();
  const std::string piece(4000, 'x');
  for (int i = 0; i < 100; ++i) {
    from.dialect.relay(piece, false);
    bench.poll();
  }
  CHECK(quick.reader.got.size() == 100 * piece.size());
  slow.reader.resume();
  bench.poll();
  from.dialect.relay("after", false);
  bench.poll();
  CHECK(slow.reader.fell == 1);
  CHECK(slow.reader.got.find("after") == std::string::npos);
}

}  // namespace
}  // namespace chatbridge
