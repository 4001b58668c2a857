// One client's way through its rooms, below the window: core/cursor and the journal's pages.
#include "core/cursor.hpp"
#include "cursor_scene.hpp"
#include "support/random.hpp"

namespace chatbridge {
namespace {

using test::Lines, test::room, test::Scene, test::seqs, test::small_window;

TEST_CASE("a cursor older than the window is served from the journal, then from the window") {
  Scene s(small_window());
  test::Reader ann(s.bench, Wire::line), slow(s.bench, Wire::line);
  ann.attach(), slow.attach();
  slow.credit = 13;
  for (int i = 0; i < 20; ++i) s.say(ann, 100);
  CHECK(slow.got == "guest-1: 1\ngu");
  slow.credit = SIZE_MAX;
  slow.flush();
  s.bench.poll();
  CHECK(slow.lines() == s.expected(1, 2000));
}

TEST_CASE("pages of one message each are enough") {
  Scene s(small_window());
  s.journal.page_max = 1;
  test::Reader ann(s.bench, Wire::line), slow(s.bench, Wire::line);
  ann.attach(), slow.attach();
  slow.stall();
  for (int i = 0; i < 3; ++i) s.say(ann, 100);
  slow.resume();
  s.bench.poll();
  CHECK(slow.lines() == s.expected(1, 300));
}

TEST_CASE("people of one host share how fast they read again, and nobody else waits for them") {
  auto options = small_window();
  options.replay_rate = 2;  // a page is worth many seconds
  Scene s(options);
  s.journal.page_max = 50;
  test::Reader ann(s.bench, Wire::line), one(s.bench, Wire::line), two(s.bench, Wire::line), far(s.bench, Wire::line);
  ann.attach();
  s.say(ann, 1000);
  const From start{From::What::after, seq_zero, 0};
  one->come_from(NetworkBits{1});
  two->come_from(NetworkBits{1});
  far->come_from(NetworkBits{2});
  one.attach("lobby", start);
  s.bench.poll();
  CHECK(one.lines() == s.expected(1, 50));
  two.attach("lobby", start);
  far.attach("lobby", start);
  s.bench.poll();
  CHECK(two.lines().empty());
  CHECK(far.lines() == s.expected(1, 50));
}

TEST_CASE("a cursor older than the window gets one Gap, then the oldest entry") {
  Scene s(small_window(), 150);
  test::Reader ann(s.bench, Wire::line), slow(s.bench, Wire::line), json(s.bench, Wire::json_frame);
  ann.attach(), slow.attach(), json.attach();
  s.say(ann, 1);
  slow.credit = 5;
  json.stall();
  s.say(ann, 1);
  for (int i = 0; i < 10; ++i) s.say(ann, 100);
  slow.resume();
  json.resume();
  s.bench.poll();
  const auto lines = slow.lines();
  REQUIRE(lines.size() == 3 + 150);
  CHECK(lines[1] == "guest-1: 2");  // had begun before
  CHECK_THAT(lines[2], Catch::StartsWith("*** you missed messages from "));
  CHECK(Lines(lines.begin() + 3, lines.end()) == s.expected(1002 - 149, 1002));
  const auto gaps = json.objects("gap");
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0]["from"] == 2);
  CHECK(gaps[0]["to"] == 1002 - 150);
  const auto got = seqs(json);
  CHECK(got.size() == 151);
  CHECK(got[1] == 1002 - 149);
}

TEST_CASE("what only others lost is no gap: a cursor at the floor misses nothing") {
  Scene s(small_window(), 100);
  test::Reader ann(s.bench, Wire::line), slow(s.bench, Wire::json_frame);
  ann.attach(), slow.attach();
  s.say(ann, 50);
  slow.stall();
  s.say(ann, 100);
  slow.resume();
  s.bench.poll();
  CHECK(s.journal.floor(room("lobby")) == Seq{50});
  CHECK(slow.objects("gap").empty());
  CHECK(seqs(slow).size() == 150);
}

TEST_CASE("a page that cannot be read is asked for again after a while, and nothing is lost") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  journal.hold_appends = false;
  test::Bench bench(journal, small_window());
  test::Reader ann(bench, Wire::line), slow(bench, Wire::line);
  ann.attach(), slow.attach();
  slow.stall();
  for (int i = 1; i <= 300; ++i) ann.say(std::to_string(i)), bench.poll();
  int failed = 0;
  journal.fail_reads = [&] { return ++failed > 0; };
  slow.resume();
  bench.poll();
  CHECK(failed == 1);  // it does not ask on and on
  CHECK(slow.got.empty());
  // A timer will flush it, whatever the room does.
  auto& wheel = bench.shards[0]->wheel();
  REQUIRE(wheel.armed() == 1);
  CHECK(wheel.next() <= wheel.now() + std::chrono::seconds(2));
  journal.fail_reads = [] { return false; };
  slow.flush();
  bench.poll();
  CHECK(slow.got.empty());  // nor because there is news
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (slow.lines().size() < 300 && std::chrono::steady_clock::now() < deadline) bench.poll();
  CHECK(slow.lines().size() == 300);
}

TEST_CASE("what is said while a page is read is not skipped, though the page was empty and the window has gone on") {
  for (const From from : {From{From::What::last, seq_zero, 50}, From{From::What::after, seq_zero, 0}}) {
    test::ListJournal list;
    test::DelayedJournal journal(list);
    journal.hold_appends = false;
    journal.hold_reads = journal.early = true;
    test::Bench bench(journal, small_window());
    test::Reader ann(bench, Wire::line), late(bench, Wire::line);
    ann.attach();
    late.attach("lobby", from);
    bench.poll();
    for (int i = 1; i <= 400; ++i) ann.say(std::to_string(i)), bench.poll();
    journal.hold_reads = false;
    journal.release_all();
    bench.poll();
    CHECK(late.lines().size() == 400);
    CHECK(late.lines() == [] {
      Lines all;
      for (int i = 1; i <= 400; ++i) all.push_back("guest-1: " + std::to_string(i));
      return all;
    }());
  }
}

TEST_CASE("a joiner may ask for the newest so many, for all after a place, and for the head") {
  Scene s;
  test::Reader ann(s.bench, Wire::line);
  ann.attach();
  s.say(ann, 100);
  test::Reader last(s.bench, Wire::json_frame), after(s.bench, Wire::json_frame), all(s.bench, Wire::json_frame),
      head(s.bench, Wire::json_frame), many(s.bench, Wire::json_frame);
  last.attach("lobby", {From::What::last, seq_zero, 3});
  many.attach("lobby", {From::What::last, seq_zero, 500});
  after.attach("lobby", {From::What::after, Seq{98}, 0});
  all.attach("lobby", {From::What::after, seq_zero, 0});
  head.attach("lobby");
  s.bench.poll();
  s.say(ann, 1);
  CHECK(seqs(last) == std::vector<std::uint64_t>{98, 99, 100, 101});
  CHECK(seqs(after) == std::vector<std::uint64_t>{99, 100, 101});
  CHECK(seqs(all).size() == 101);
  CHECK(seqs(many).size() == 101);
  CHECK(seqs(head) == std::vector<std::uint64_t>{101});
}

TEST_CASE("the newest so many of an empty room, then live") {
  Scene s;
  test::Reader json(s.bench, Wire::json_frame);
  json.attach("lobby", {From::What::last, seq_zero, 50});
  s.bench.poll();
  s.say(json, 2);
  CHECK(seqs(json) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("what came between asking for a page and getting it comes once, in order") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  journal.hold_appends = false;
  journal.hold_reads = true;
  journal.early = GENERATE(true, false);
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), json(bench, Wire::json_frame);
  ann.attach();
  for (int i = 0; i < 60; ++i) ann.say("before");
  bench.poll();
  json.attach("lobby", {From::What::last, seq_zero, 50});
  bench.poll();
  ann.say("between");
  bench.poll();
  CHECK(json.objects().empty());
  while (journal.held() > 0) journal.release(), bench.poll();
  const auto got = seqs(json);
  REQUIRE(got.size() >= 50);
  CHECK(got.back() == 61);
  for (std::size_t i = 1; i < got.size(); ++i) CHECK(got[i] == got[i - 1] + 1);
}

TEST_CASE("a page for a place that was left meanwhile is not shown") {
  test::ListJournal list;
  test::DelayedJournal journal(list);
  journal.hold_appends = false;
  test::Bench bench(journal);
  test::Reader ann(bench, Wire::line), json(bench, Wire::json_frame);
  ann.attach();
  ann.say("old");
  bench.poll();
  journal.hold_reads = true;
  json.attach("lobby", {From::What::last, seq_zero, 50});
  bench.poll();
  json->leave(room("lobby"));
  json.attach("lobby");
  journal.release_all();
  bench.poll();
  CHECK(json.objects("message").empty());
}

}  // namespace
}  // namespace chatbridge
