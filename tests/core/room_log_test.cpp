#include "core/room_log.hpp"

#include "support/random.hpp"

namespace chatbridge {
namespace {

Message message(std::uint64_t seq, std::string text, ClientId origin = 0) {
  Message m;
  m.seq = Seq{seq};
  m.at = WallTime(std::chrono::seconds(1000 + seq));
  m.nick = "n";
  m.text = std::move(text);
  m.origin = origin;
  return m;
}

View view(const RoomLog& log, Wire wire = Wire::line) {
  View v;
  log.view(wire, v);
  return v;
}

std::string bytes(const View& v) {
  std::string out;
  for (const auto& p : v.parts) out.append(p.segment->bytes.get(), p.used);
  return out;
}

std::vector<Mark> marks(const View& v) {
  std::vector<Mark> out;
  for (const auto& p : v.parts) out.insert(out.end(), p.segment->marks.get(), p.segment->marks.get() + p.marks);
  return out;
}

TEST_CASE("a format is encoded only while somebody reads it") {
  RoomLog log("lobby", 1 << 20, seq_zero);
  log.append(message(1, "unheard"));
  CHECK(bytes(view(log)).empty());
  log.open(Wire::line);
  log.append(message(2, "heard"));
  CHECK(bytes(view(log)) == "n: heard\n");
  CHECK(bytes(view(log, Wire::json_frame)).empty());
  log.close(Wire::line);
  log.append(message(3, "unheard"));
  CHECK(bytes(view(log)).empty());
  CHECK(log.head() == Seq{3});
}

TEST_CASE("a format opened late begins at the head") {
  RoomLog log("lobby", 1 << 20, Seq{7});
  log.open(Wire::line);
  CHECK(view(log).head_seq == Seq{7});
  CHECK(view(log).floor == Seq{7});
  log.append(message(9, "a"));
  log.open(Wire::text_frame);
  const auto v = view(log, Wire::text_frame);
  CHECK(v.floor == Seq{9});
  CHECK(v.head_seq == Seq{9});
  CHECK(v.begin == v.head);
}

TEST_CASE("offsets go on when a format is closed and opened again") {
  RoomLog log("lobby", 1 << 20, seq_zero);
  log.open(Wire::line);
  log.append(message(1, "abc"));
  const auto before = view(log).head;
  log.close(Wire::line);
  log.open(Wire::line);
  CHECK(view(log).begin == before);
  CHECK(view(log).head == before);
}

TEST_CASE("every entry is marked with its end, number, time and origin") {
  RoomLog log("lobby", 1 << 20, seq_zero);
  log.open(Wire::line);
  log.append(message(5, "a", 11));
  log.append(Rename{"n", "m", 12});
  log.append(PresenceChange{2, true, {{"x", Via::tcp, 13}}, {{"y", Via::udp, 14}}});
  log.append(message(8, "b"));
  const auto all = marks(view(log));
  REQUIRE(all.size() == 5);
  CHECK(all[0].end == 5);
  CHECK((all[0].seq == Seq{5} && all[0].origin == 11 && all[0].at == 1005));
  CHECK((all[1].seq == Seq{5} && all[1].origin == 12));
  CHECK((all[2].seq == Seq{5} && all[2].origin == 13));
  CHECK((all[3].seq == Seq{5} && all[3].origin == 14));
  CHECK((all[4].seq == Seq{8} && all[4].origin == 0));
  CHECK(all[4].end == bytes(view(log)).size());
  CHECK(view(log).notices == 2);
}

TEST_CASE("in JSON everything is told everybody, but who types is not told that") {
  RoomLog log("lobby", 1 << 20, seq_zero);
  log.open(Wire::json_frame);
  log.append(Rename{"n", "m", 12});
  log.append(PresenceChange{2, true, {{"x", Via::tcp, 13}}, {}});
  log.append(message(1, "own", 14));
  log.append(Typing{"n", 15});
  const auto all = marks(view(log, Wire::json_frame));
  REQUIRE(all.size() == 4);
  CHECK(all[0].origin == 0);
  CHECK(all[1].origin == 0);
  CHECK(all[2].origin == 0);
  CHECK(all[3].origin == 15);
}

TEST_CASE("counts only: lines are silent, JSON has the count") {
  RoomLog log("lobby", 1 << 20, seq_zero);
  for (const auto w : {Wire::line, Wire::text_frame, Wire::json_frame}) log.open(w);
  log.append(PresenceChange{500, false, {{"x"}}, {{"y"}}});
  CHECK(bytes(view(log)).empty());
  CHECK(bytes(view(log, Wire::text_frame)).empty());
  CHECK(bytes(view(log, Wire::json_frame)).find(R"("count":500})") != std::string::npos);
}

TEST_CASE("the window is bounded over all formats, and what stays is the newest, from a whole entry on") {
  const std::size_t window = 64 * 1024;
  RoomLog log("lobby", window, seq_zero);
  for (const auto w : {Wire::line, Wire::text_frame, Wire::json_frame}) log.open(w);
  for (std::uint64_t s = 1; s <= 5000; ++s) {
    log.append(message(s, std::string(s % 300 + 1, 'x')));
    std::size_t capacity = 0;
    for (const auto w : {Wire::line, Wire::text_frame, Wire::json_frame}) {
      const auto v = view(log, w);
      for (const auto& p : v.parts) capacity += p.segment->capacity;
      REQUIRE(v.head_seq == Seq{s});
      if (!v.parts.empty()) REQUIRE(v.begin == v.parts.front().segment->base);
    }
    // One segment of each format always stays.
    REQUIRE(capacity <= window + 3 * 65536);
  }
  const auto v = view(log);
  CHECK(v.begin > 0);
  CHECK(v.floor > seq_zero);
  const auto all = marks(v);
  CHECK(number(all.front().seq) == number(v.floor) + 1);
  CHECK(bytes(v).starts_with("n: x"));
}

TEST_CASE("one entry larger than any segment is kept whole") {
  RoomLog log("lobby", 16 * 1024, seq_zero);
  log.open(Wire::line);
  const std::string big(200'000, 'x');
  log.append(message(1, "before"));
  log.append(message(2, big));
  CHECK((bytes(view(log)) == "n: " + big + "\n"));
  log.append(message(3, "after"));
  CHECK(bytes(view(log)) == "n: after\n");
}

TEST_CASE("a view stays as it was while the log goes on and its window passes") {
  RoomLog log("lobby", 8 * 1024, seq_zero);
  log.open(Wire::line);
  log.append(message(1, "first"));
  const auto kept = view(log);
  for (std::uint64_t s = 2; s < 2000; ++s) log.append(message(s, "later"));
  CHECK(bytes(kept) == "n: first\n");
  CHECK(view(log).begin > kept.head);
}

TEST_CASE("a view brought up to date equals a new one, after any number of changes") {
  for (int run = 0; run < 300; ++run) {
    RANDOM_RUN(run);
    test::Random random(static_cast<std::uint64_t>(run));
    RoomLog log("lobby", random.between(1, 40'000), seq_zero);
    log.open(Wire::line);
    View old;
    std::uint64_t seq = 0;
    for (int step = 0; step < 60; ++step) {
      for (auto n = random.between(0, 20); n > 0; --n)
        log.append(message(seq += random.between(1, 5), std::string(random.between(1, 900), 'a')));
      log.view(Wire::line, old);
      const auto fresh = view(log);
      REQUIRE(bytes(old) == bytes(fresh));
      REQUIRE((old.begin == fresh.begin && old.head == fresh.head && old.floor == fresh.floor));
    }
  }
}

TEST_CASE("places are found by offset and by number, in every part and at every edge") {
  RoomLog log("lobby", 1 << 20, Seq{100});
  log.open(Wire::line);
  test::Random random;
  struct Entry {
    std::uint64_t from, to, seq;
    bool notice;
  };
  std::vector<Entry> entries;
  std::uint64_t seq = 100;
  for (int i = 0; i < 1000; ++i) {
    const auto from = view(log).head;
    const bool notice = random.one_in(4);
    if (notice) {
      log.append(Rename{"a", "b"});
    } else {
      log.append(message(seq += random.between(1, 3), std::string(random.between(1, 200), 'x')));
    }
    entries.push_back({from, view(log).head, seq, notice});
  }
  const auto v = view(log);
  REQUIRE(v.parts.size() > 3);
  for (const auto& e : entries)
    for (const auto offset : {e.from + 1, (e.from + e.to) / 2 + 1, e.to}) {
      const auto place = v.entry_at(offset);
      REQUIRE(place.end() == e.to);
      REQUIRE(place.mark->seq == Seq{e.seq});
    }
  for (std::uint64_t s = 100; s <= seq; ++s) {
    const auto next =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return !e.notice && e.seq > s; });
    REQUIRE(v.after(Seq{s}) == (next == entries.end() ? v.head : next->from));
  }
  CHECK(v.after(Seq{seq + 50}) == v.head);
}

}  // namespace
}  // namespace chatbridge
