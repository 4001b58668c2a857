// The contract of every journal (core/journal.hpp). JOURNAL_SUITE(name, factory) makes its test cases for one adapter;
// `factory` is called with about how many bytes of a room to keep and gives a std::unique_ptr<Journal>.
#pragma once
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "core/journal.hpp"

namespace chatbridge::journal_suite {

using Factory = std::unique_ptr<Journal> (*)(std::size_t room_bytes);
constexpr std::size_t ample = 64 << 20;
inline const RoomName lobby = RoomName::parse("lobby").value(), den = RoomName::parse("den").value();

// Calls `ask` with a handler and waits for its answer, on whatever thread it comes.
template <class T, class Ask>
T wait(Ask ask) {
  std::mutex m;
  std::condition_variable came;
  std::optional<T> answer;
  int times = 0;
  ask([&](T given) {
    const std::lock_guard lock(m);
    answer = std::move(given);
    ++times;
    came.notify_all();
  });
  std::unique_lock lock(m);
  came.wait(lock, [&] { return answer.has_value(); });
  if (times != 1) throw std::logic_error("answered twice");
  return *std::move(answer);
}

inline Message message(std::string text, std::string id = {}, std::string session = {}) {
  Message m;
  m.at = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  m.nick = "ann";
  m.text = std::move(text);
  m.id = std::move(id);
  m.session = std::move(session);
  return m;
}

inline std::vector<Appended> append(Journal& j, const RoomName& room, std::vector<Message> batch) {
  return wait<result<std::vector<Appended>>>([&](auto done) { j.append(room, std::move(batch), done); }).value();
}
inline Seq say(Journal& j, const RoomName& room, std::string text) {
  return append(j, room, {message(std::move(text))}).at(0).message->seq;
}
inline Page after(Journal& j, const RoomName& room, Seq place, std::size_t max = 1000) {
  return wait<result<Page>>([&](auto done) { j.read_after(room, place, max, done); }).value();
}
inline Page before(Journal& j, const RoomName& room, Seq place = Seq{UINT64_MAX}, std::size_t max = 1000) {
  return wait<result<Page>>([&](auto done) { j.read_before(room, place, max, done); }).value();
}
inline std::vector<std::string> texts(const Page& page) {
  std::vector<std::string> out;
  for (const auto& m : page.messages) out.push_back(m->text);
  return out;
}
using Texts = std::vector<std::string>;

inline void empty_room(Journal& j) {
  CHECK(j.head(lobby) == seq_zero);
  CHECK(j.floor(lobby) == seq_zero);
  CHECK_FALSE(j.epoch().name.empty());
  for (const auto& page : {after(j, lobby, seq_zero), before(j, lobby)}) {
    CHECK(page.messages.empty());
    CHECK_FALSE(page.more);
  }
}

inline void order(Journal& j) {
  const auto first = append(j, lobby, {message("a"), message("b"), message("c")});
  const auto second = append(j, lobby, {message("d")});
  REQUIRE(first.size() == 3);
  Seq last = seq_zero;
  for (const auto& a : {first[0], first[1], first[2], second.at(0)}) {
    CHECK(a.message->seq > last);
    CHECK(number(a.message->seq) < 1ULL << 53);
    CHECK_FALSE(a.repeated);
    last = a.message->seq;
  }
  CHECK(j.head(lobby) == last);
  CHECK(texts(after(j, lobby, seq_zero)) == Texts{"a", "b", "c", "d"});
  CHECK(j.head(den) == seq_zero);
  say(j, den, "elsewhere");
  CHECK(texts(after(j, den, seq_zero)) == Texts{"elsewhere"});
  CHECK(j.head(lobby) == last);
}

inline void what_was_said(Journal& j) {
  auto m = message(std::string("line\nand \x1B[0m \0 bytes", 21) + "\xC3\xBC", "c\"1", "session");
  m.via = Via::udp;
  m.action = true;
  m.nick = "J\xC3\xBCrgen";
  m.origin = 77;
  append(j, lobby, {m});
  const auto kept = after(j, lobby, seq_zero).messages.at(0);
  CHECK(kept->text == m.text);
  CHECK(kept->nick == m.nick);
  CHECK(kept->via == Via::udp);
  CHECK(kept->action);
  CHECK(kept->id == m.id);
  CHECK(kept->at == m.at);
  CHECK(kept->origin == 77);
  CHECK(kept->seq == j.head(lobby));
}

inline void pages(Journal& j) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 10; ++i) seqs.push_back(say(j, lobby, std::to_string(i)));
  auto page = after(j, lobby, seq_zero, 3);
  CHECK(texts(page) == Texts{"0", "1", "2"});
  CHECK(page.more);
  CHECK(page.start == seq_zero);
  page = after(j, lobby, seqs[2], 3);
  CHECK(texts(page) == Texts{"3", "4", "5"});
  CHECK(page.start == seqs[2]);
  page = after(j, lobby, seqs[6], 3);
  CHECK(texts(page) == Texts{"7", "8", "9"});
  CHECK_FALSE(page.more);
  page = after(j, lobby, seqs[9]);
  CHECK(page.messages.empty());
  CHECK_FALSE(page.more);
  CHECK(page.start == seqs[9]);

  page = before(j, lobby, Seq{UINT64_MAX}, 3);
  CHECK(texts(page) == Texts{"7", "8", "9"});
  CHECK(page.more);
  CHECK(page.start == seqs[6]);
  page = before(j, lobby, seqs[3], 3);
  CHECK(texts(page) == Texts{"0", "1", "2"});
  CHECK_FALSE(page.more);
  CHECK(page.start == seq_zero);
  CHECK(texts(before(j, lobby, seqs[0])).empty());
  CHECK(texts(before(j, lobby, seqs[9], 1)) == Texts{"8"});
}

// A page is about 64 KiB of text; however large a message is, a page makes progress.
inline void large_pages(Journal& j) {
  const auto big = [](int i) { return std::to_string(i) + std::string(8000, 'x'); };
  Texts all;
  for (int i = 0; i < 100; ++i) say(j, lobby, all.emplace_back(big(i)));
  Texts forwards, backwards;
  for (Seq place = seq_zero;;) {
    const auto page = after(j, lobby, place);
    REQUIRE_FALSE(page.messages.empty());
    CHECK(page.messages.size() <= 10);
    for (auto& t : texts(page)) forwards.push_back(t);
    place = page.messages.back()->seq;
    if (!page.more) break;
  }
  for (Seq place{UINT64_MAX};;) {
    const auto page = before(j, lobby, place);
    REQUIRE_FALSE(page.messages.empty());
    CHECK(page.messages.size() <= 10);
    const auto these = texts(page);
    backwards.insert(backwards.begin(), these.begin(), these.end());
    place = page.messages.front()->seq;
    if (!page.more) break;
  }
  CHECK((forwards == all));
  CHECK((backwards == all));
}

inline void once_only(Journal& j) {
  const auto first = append(j, lobby, {message("first", "c1", "s1")}).at(0);
  const auto again = append(j, lobby, {message("second", "c1", "s1")}).at(0);
  CHECK(again.repeated);
  CHECK(again.message->seq == first.message->seq);
  CHECK(again.message->text == "first");
  CHECK_FALSE(append(j, lobby, {message("other session", "c1", "s2")}).at(0).repeated);
  CHECK_FALSE(append(j, lobby, {message("other id", "c2", "s1")}).at(0).repeated);
  CHECK_FALSE(append(j, den, {message("other room", "c1", "s1")}).at(0).repeated);
  CHECK_FALSE(append(j, lobby, {message("no id", "", "s1")}).at(0).repeated);
  CHECK_FALSE(append(j, lobby, {message("no id", "", "s1")}).at(0).repeated);
  const auto batch = append(j, lobby, {message("x", "c3", "s1"), message("y", "c3", "s1"), message("z", "c4", "s1")});
  CHECK((!batch[0].repeated && batch[1].repeated && !batch[2].repeated));
  CHECK(batch[1].message->seq == batch[0].message->seq);
  CHECK(batch[2].message->seq > batch[0].message->seq);
  // A session and an id are two things, however they are put together.
  append(j, lobby, {message("a", "b c", "a")});
  CHECK_FALSE(append(j, lobby, {message("b", "c", "a b")}).at(0).repeated);
}

// A journal may drop what is too old a little later than it took what is new.
inline Seq settled_floor(Journal& j, const RoomName& room) {
  for (auto floor = j.floor(room);;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (floor == j.floor(room)) return floor;
    floor = j.floor(room);
  }
}

inline void trimming(Journal& j) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 1000; ++i) seqs.push_back(say(j, lobby, std::to_string(i) + std::string(200, 'x')));
  const auto floor = settled_floor(j, lobby);
  CHECK(floor > seq_zero);
  CHECK(floor < j.head(lobby));
  const auto page = after(j, lobby, seq_zero);
  REQUIRE_FALSE(page.messages.empty());
  CHECK(page.floor == floor);
  CHECK(page.start == floor);
  CHECK(page.floor_at == WallTime(std::chrono::milliseconds(1'700'000'000'123)));
  CHECK(page.messages.front()->seq > floor);
  // The floor is the newest that is gone: what follows it is there, up to the head.
  const auto oldest = std::ranges::upper_bound(seqs, floor);
  CHECK(page.messages.front()->seq == *oldest);
  CHECK(after(j, lobby, floor).start == floor);
  CHECK(j.head(lobby) == seqs.back());
  const auto back = before(j, lobby, *oldest);
  CHECK(back.messages.empty());
  CHECK_FALSE(back.more);
  CHECK(back.floor == floor);
  CHECK(j.floor(den) == seq_zero);
}

// The newest message is kept, however large.
inline void one_large_message(Journal& j) {
  say(j, lobby, "small");
  const auto seq = say(j, lobby, std::string(200'000, 'x'));
  CHECK(after(j, lobby, seq_zero).messages.back()->seq == seq);
}

inline void many_threads(Journal& j) {
  constexpr int rooms = 8, batches = 100;
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int r = 0; r < rooms; ++r)
    threads.emplace_back([&, room = RoomName::parse("room" + std::to_string(r)).value()] {
      Seq last = seq_zero;
      for (int i = 0; i < batches; ++i) {
        const auto n = std::to_string(i);
        for (const auto& a : append(j, room, {message(n + "a"), message(n + "b")})) {
          if (a.message->seq <= last) ++wrong;
          last = a.message->seq;
        }
        if (j.head(room) != last) ++wrong;
        if (before(j, room, Seq{UINT64_MAX}, 1).messages.at(0)->seq != last) ++wrong;
      }
      if (after(j, room, seq_zero).messages.size() != 2 * batches) ++wrong;
    });
  threads.clear();
  CHECK(wrong == 0);
}

// ---- what outlives the process, where something does

// `open(true)` gives an empty journal, `open(false)` the one before it again, which was closed.
using Reopen = std::unique_ptr<Journal> (*)(bool anew);

inline void lives_on(Reopen open) {
  auto j = open(true);
  CHECK(j->rooms().empty());
  const auto epoch = j->epoch();
  say(*j, lobby, "a");
  const auto first = append(*j, lobby, {message("b", "c1", "s1")}).at(0).message->seq;
  say(*j, den, "x");
  const auto head = j->head(lobby), den_head = j->head(den);
  j->close();
  j = open(false);
  CHECK(j->epoch() == epoch);
  auto rooms = j->rooms();
  std::ranges::sort(rooms);
  CHECK(rooms == std::vector{den, lobby});
  CHECK(j->head(lobby) == head);
  CHECK(j->head(den) == den_head);
  CHECK(texts(after(*j, lobby, seq_zero)) == Texts{"a", "b"});
  const auto again = append(*j, lobby, {message("b2", "c1", "s1")}).at(0);
  CHECK(again.repeated);
  CHECK(again.message->seq == first);
  CHECK(again.message->text == "b");
  CHECK(say(*j, lobby, "c") > head);
  CHECK(texts(before(*j, lobby)) == Texts{"a", "b", "c"});
  j->close();
}

inline SessionRecord session(std::string_view secret, std::string nick) {
  SessionRecord r;
  r.id = hash_secret(secret);
  r.nick = std::move(nick);
  r.seen = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  return r;
}
inline bool put(Journal& j, SessionRecord record) {
  return wait<result<void>>([&](auto done) { j.put_session(std::move(record), done); }).has_value();
}
inline std::map<std::string, SessionRecord> sessions_by_nick(Journal& j) {
  std::map<std::string, SessionRecord> out;
  for (auto& r : j.sessions()) out.emplace(r.nick, r);
  return out;
}

inline void sessions_live_on(Reopen open) {
  auto j = open(true);
  CHECK(j->sessions().empty());
  auto ann = session("1", "J\xC3\xBCrgen");
  ann.connected = true;
  CHECK(put(*j, ann));
  auto bob = session("2", "bob");
  bob.in_grace = true;
  bob.tokens = {hash_secret("token"), hash_secret("earlier")};
  bob.room = "lobby";
  bob.place = Seq{(1ULL << 53) - 1};
  CHECK(put(*j, bob));
  CHECK(put(*j, session("3", "carl")));
  j->forget_session(hash_secret("3"));
  CHECK(put(*j, session("4", "dora")));
  j->forget_session(hash_secret("4"));
  CHECK(put(*j, session("4", "dora again")));
  CHECK(put(*j, session("5", "ed")));
  CHECK(put(*j, session("5", "ed later")));
  j->forget_session(hash_secret("none"));
  j->close();
  j = open(false);
  auto kept = sessions_by_nick(*j);
  REQUIRE(kept.size() == 4);
  CHECK((kept.contains("dora again") && kept.contains("ed later")));
  const auto& a = kept.at(ann.nick);
  CHECK((a.id == ann.id && a.connected && !a.in_grace && a.seen == ann.seen && a.tokens == Tokens{} && a.room.empty()));
  const auto& b = kept.at("bob");
  CHECK((b.id == bob.id && !b.connected && b.in_grace && b.tokens == bob.tokens && b.room == "lobby" &&
         b.place == bob.place));
  // A forget is the last thing before the end; and a token that was used is gone.
  bob.tokens = {};
  CHECK(put(*j, bob));
  j->forget_session(ann.id);
  j->close();
  j = open(false);
  kept = sessions_by_nick(*j);
  CHECK(kept.size() == 3);
  CHECK(kept.at("bob").tokens == Tokens{});
  j->close();
}

// All that was handed over is settled when close returns.
inline void close_settles(Reopen open) {
  auto j = open(true);
  std::atomic<int> stored = 0, other = 0;
  for (int i = 0; i < 100; ++i)
    j->append(RoomName::parse("r" + std::to_string(i)).value(), {message("x")},
              [&](const auto& outcome) { ++(outcome ? stored : other); });
  for (int i = 0; i < 20; ++i)
    j->read_after(lobby, seq_zero, 10, [&](const auto& outcome) { ++(outcome ? stored : other); });
  j->close();
  CHECK(stored == 120);
  CHECK(other == 0);
  j = open(false);
  CHECK(j->rooms().size() == 100);
  j->close();
}

}  // namespace chatbridge::journal_suite

#define JOURNAL_CASE(name, factory, bytes, function, behaviour) \
  TEST_CASE(#name " journal: " behaviour) {                     \
    const auto journal = factory(bytes);                        \
    chatbridge::journal_suite::function(*journal);              \
    journal->close();                                           \
  }
#define JOURNAL_SUITE(name, factory)                                                                                \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, empty_room, "a room nobody spoke in is empty")      \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, order, "order is the order of appends, by room")    \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, what_was_said, "a message is kept as it was said")  \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, pages, "pages follow a place or end before it")     \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, large_pages, "a page of large messages is bounded") \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, once_only, "session and id are said once a room")   \
  JOURNAL_CASE(name, factory, 100'000, trimming, "what is gone for good is below the floor")                        \
  JOURNAL_CASE(name, factory, 100'000, one_large_message, "the newest message is kept, however large")              \
  JOURNAL_CASE(name, factory, chatbridge::journal_suite::ample, many_threads, "many threads, each its own room")

#define JOURNAL_LIFE_CASE(name, reopen, function, behaviour) \
  TEST_CASE(#name " journal: " behaviour) { chatbridge::journal_suite::function(reopen); }
// For adapters that keep what they have; `reopen` is a Reopen.
#define JOURNAL_LIFE_SUITE(name, reopen)                                                                \
  JOURNAL_LIFE_CASE(name, reopen, lives_on, "opened again it has its epoch, order, numbering and ids")  \
  JOURNAL_LIFE_CASE(name, reopen, sessions_live_on, "sessions are as they were put last, or forgotten") \
  JOURNAL_LIFE_CASE(name, reopen, close_settles, "what was handed over is settled when it is closed")
