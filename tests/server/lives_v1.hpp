// A person on chatbridge.v1, across connections; for lives_model_test.cpp. Knows its places, says again what was not
// acknowledged.
#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/lives_story.hpp"
#include "support/bench.hpp"

namespace chatbridge::lives {

struct Seen {
  std::uint64_t from, to;  // a gap; or of one message: its seq twice, and what it says
  std::string text;
};

// What a person reads of a room, across its connections.
struct Reading {
  bool began = false, newest = false;  // newest: began with the last 50
  std::uint64_t start = 0, last = 0;
  std::uint64_t head = 0, head_after = 0;  // of the room, before and after it joined; to begin with the newest
  std::vector<Seen> seen;
  std::size_t said = 0;
};

struct Saying {
  std::string id, room, text;
};

// Across its connections.
struct Person {
  std::size_t index = 0;
  bool newest = false;  // begins with the last 50 where there are any, as a page does; else with the head
  std::string session;
  std::map<std::string, Reading> rooms;
  std::deque<Saying> outbox;                                          // not acknowledged yet
  std::map<std::string, std::map<std::string, std::uint64_t>> acked;  // by room and text
  std::unique_ptr<test::Reader> reader;
};

inline constexpr std::size_t newest_count = 50;

inline void saw(Person& p, const std::string& name, Seen what) {
  auto& reading = p.rooms.at(name);
  reading.began = true;
  reading.last = what.to;
  reading.seen.push_back(std::move(what));
}

inline void object(Person& p, const nlohmann::json& o) {
  const std::string type = o["type"];
  if (type == "gap") {
    saw(p, o["room"], {o["from"], o["to"], {}});
  } else if (type == "message") {
    saw(p, o["room"], {o["seq"], o["seq"], o["text"]});
  } else if (type == "ack") {
    const auto sent = std::ranges::find(p.outbox, o["id"].get<std::string>(), &Saying::id);
    if (sent == p.outbox.end()) return;
    must(o["room"] == sent->room, "acknowledged in another room");
    p.acked[sent->room][sent->text] = o["seq"];
    p.outbox.erase(sent);
  }
}

// What has arrived of frames that are whole.
inline void take_in(Person& p) {
  auto& got = p.reader->got;
  std::size_t at = 0;
  while (got.size() - at >= 2) {
    std::size_t header = 2, size = static_cast<unsigned char>(got[at + 1]);
    if (size == 126) {
      header = 4;
      if (got.size() - at < header) break;
      size = static_cast<unsigned char>(got[at + 2]) << 8 | static_cast<unsigned char>(got[at + 3]);
    }
    if (got.size() - at < header + size) break;
    object(p, nlohmann::json::parse(got.substr(at + header, size)));
    at += header + size;
  }
  got.erase(0, at);
}

inline void check_said(const Story& story, const std::string& who, std::size_t said) {
  std::size_t before = 0;
  for (const auto& [seq, text] : story.all) {
    const Said s(text);
    if (s.speaker != who) continue;
    must(s.n == before + 1, "a speaker's order is not the room's");
    before = s.n;
  }
  must(before == said, "something said is not there");
}

// Behind what the newest at its coming began; or at the first of them that was not forgotten before it was read.
inline std::uint64_t begins(const Story& story, const Reading& reading) {
  const auto behind = [&](std::uint64_t head) {
    auto m = story.all.upper_bound(head);
    for (std::size_t n = 0; n <= newest_count; ++n, --m)
      if (m == story.all.begin()) return std::uint64_t{0};
    return m->first;
  };
  const auto latest = behind(reading.head_after);
  if (reading.seen.empty()) return latest;
  const auto first = reading.seen.front().from;
  must(first > behind(reading.head), "older than the newest it asked for");
  // Somebody may have spoken while it came: which of the heads it was is not known.
  return first <= latest ? first - 1 : std::max(latest, std::min(story.floor, first - 1));
}

inline void check_seen(const Story& story, const Reading& reading) {
  auto at = reading.newest ? begins(story, reading) : reading.start;
  const auto none_between = [&](std::uint64_t to) {
    const auto next = story.all.upper_bound(at);
    if (next != story.all.end() && next->first < to)
      FAIL("missed, and no gap told: " << next->second.substr(0, 9) << ", behind " << at << ", of "
                                       << story.all.size());
  };
  for (const auto& s : reading.seen) {
    if (s.text.empty()) {
      must(s.from > at, "a gap over what it has, or was told of already");
      must(s.to <= story.floor, "a gap over what is kept");
      none_between(s.from);
    } else {
      must(s.to > at, "twice, or out of order");
      none_between(s.to);
    }
    at = s.to;
  }
  none_between(UINT64_MAX);
}

}  // namespace chatbridge::lives
