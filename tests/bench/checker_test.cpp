#include "bench/load/checker.hpp"

#include <catch2/catch.hpp>

#include "bench/load/histogram.hpp"
#include "bench/load/stream.hpp"

namespace chatbridge::bench {
namespace {

// Three who listen and two who send.
struct Room {
  Room() : checker(std::vector<Checker::Receiver>(3), 2) { checker.start(); }
  void give(std::size_t receiver, std::uint32_t sender, std::uint32_t counter) {
    checker.received(receiver, {sender, counter, 0});
  }
  // Messages 0 … n - 1 of the first sender, to all.
  void say(std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) checker.send(0);
  }
  void give_all(std::size_t receiver, std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) give(receiver, 0, i);
  }
  Checker checker;
};

TEST_CASE("what comes once and in order to everybody is no fault") {
  Room room;
  room.say(3);
  for (std::size_t r = 0; r < 3; ++r) room.give_all(r, 3);
  CHECK(room.checker.missing() == 0);
  CHECK_FALSE(room.checker.finish().any());
}

TEST_CASE("a message that one receiver does not get is lost") {
  Room room;
  room.say(3);
  room.give_all(0, 3);
  room.give_all(1, 3);
  SECTION("in the middle") {
    room.give(2, 0, 0);
    room.give(2, 0, 2);
  }
  SECTION("at the end") { room.give_all(2, 2); }
  CHECK(room.checker.missing() == 1);
  const auto& faults = room.checker.finish();
  CHECK(faults.lost == 1);
  CHECK(faults.doubled + faults.reordered + faults.disordered + faults.foreign == 0);
}

TEST_CASE("a message that comes again is doubled") {
  Room room;
  room.say(2);
  for (std::size_t r = 0; r < 3; ++r) room.give_all(r, 2);
  room.give(1, 0, 0);
  room.give(1, 0, 1);
  const auto& faults = room.checker.finish();
  CHECK(faults.doubled == 2);
  CHECK(faults.lost == 0);
}

TEST_CASE("a message that comes after a later one is reordered, not lost") {
  Room room;
  room.say(3);
  room.give_all(0, 3);
  room.give_all(1, 3);
  room.give(2, 0, 1);
  room.give(2, 0, 0);
  room.give(2, 0, 2);
  const auto& faults = room.checker.finish();
  CHECK(faults.reordered == 1);
  CHECK(faults.lost + faults.doubled == 0);
}

TEST_CASE("messages of different senders in another order are seen though each sender's are in order") {
  Room room;
  room.checker.send(0);
  room.checker.send(1);
  for (std::size_t r = 0; r < 2; ++r) {
    room.give(r, 0, 0);
    room.give(r, 1, 0);
  }
  room.give(2, 1, 0);
  room.give(2, 0, 0);
  const auto& faults = room.checker.finish();
  CHECK(faults.disordered == 1);
  CHECK(faults.lost + faults.doubled + faults.reordered == 0);
}

TEST_CASE("who sends as well is not expected to get its own, and has the order of the others'") {
  // The first only listens, the other two send.
  Checker checker({{}, {.sender = 0}, {.sender = 1}, {.sender = 2}}, 3);
  checker.start();
  for (std::uint32_t s = 0; s < 3; ++s) checker.send(s);
  CHECK(checker.expected() == 9);
  const auto give = [&](std::size_t receiver, std::vector<std::uint32_t> senders) {
    for (const auto s : senders) checker.received(receiver, {s, 0, 0});
  };
  give(0, {1, 0, 2});
  give(1, {1, 2});
  give(2, {0, 1, 2});  // its own comes back
  SECTION("as everybody") {
    give(3, {1, 0});
    CHECK_FALSE(checker.finish().any());
  }
  SECTION("otherwise") {
    give(3, {0, 1});
    CHECK(checker.finish().disordered == 1);
  }
}

TEST_CASE("a message nobody has sent is foreign") {
  Room room;
  room.say(1);
  for (std::size_t r = 0; r < 3; ++r) room.give_all(r, 1);
  room.give(0, 0, 1);
  room.give(0, 7, 0);
  CHECK(room.checker.finish().foreign == 2);
}

TEST_CASE("of a receiver that is gone nothing more is expected, what it lacked is lost") {
  Room room;
  room.say(4);
  room.give_all(0, 4);
  room.give_all(1, 4);
  room.give_all(2, 1);
  CHECK(room.checker.gone(2) == std::vector<std::uint32_t>{3, 0});
  CHECK(room.checker.missing() == 0);
  CHECK(room.checker.audience(0) == 2);
  CHECK(room.checker.finish().lost == 3);
}

// ---- finding messages in bytes

struct Found {
  std::vector<std::uint32_t> counters;
  std::size_t torn = 0;
};
Found scan(const Payload& payload, std::string_view bytes, std::size_t piece) {
  Found out;
  Scanner scanner;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    scanner.feed(
        payload, bytes.substr(at, piece), [&](const Stamp& s) { out.counters.push_back(s.counter); },
        [&] { ++out.torn; });
  return out;
}

TEST_CASE("messages are found whatever is round them and however they are cut") {
  for (const std::size_t size : {16, 17, 64, 300}) {
    Payload payload(size);
    std::string bytes = "*** ann joined\n";
    for (std::uint32_t i = 0; i < 5; ++i)
      bytes += "guest-7: " + std::string(payload.encode({3, 1000 + i, 123456789 + i})) + "\n";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      const auto found = scan(payload, bytes, piece);
      REQUIRE(found.counters == std::vector<std::uint32_t>{1000, 1001, 1002, 1003, 1004});
      REQUIRE(found.torn == 0);
    }
  }
}

TEST_CASE("a message with bytes missing, changed or put in is torn, and those round it are found") {
  Payload payload(64);
  const std::string first(payload.encode({0, 1, 99})), broken(payload.encode({0, 2, 99})),
      last(payload.encode({0, 3, 99}));
  std::string middle;
  SECTION("cut in front of the next") { middle = broken.substr(0, 40); }
  SECTION("cut in its head") { middle = broken.substr(0, 7); }
  SECTION("a byte of the counter changed") { middle = std::string(broken).replace(6, 1, "Q"); }
  SECTION("a byte of the filler changed") { middle = std::string(broken).replace(30, 1, "y"); }
  SECTION("something in it") { middle = std::string(broken).insert(30, "guest-7: "); }
  for (std::size_t piece = 1; piece <= 200; ++piece) {
    const auto found = scan(payload, first + "\n" + middle + "\n" + last + "\n", piece);
    REQUIRE(found.counters == std::vector<std::uint32_t>{1, 3});
    REQUIRE(found.torn == 1);
  }
}

TEST_CASE("a length byte that looks like a message's begin is none") {
  Payload payload(78);
  const auto text = std::string(payload.encode({0, 1, 99}));
  // PUBLISH, remaining length 94 ('^'), topic length, topic
  const auto packet = std::string("\x30\x5E\x00\x0E", 4) + "abcdefghijklmn" + text;
  const auto found = scan(payload, packet + packet, 5);
  CHECK(found.counters.size() == 2);
  CHECK(found.torn == 0);
}

TEST_CASE("frames are taken apart however they are cut") {
  std::string bytes;
  ws::append(bytes, ws::text, "hello");
  ws::append(bytes, ws::ping, "are you there");
  ws::append(bytes, ws::binary, std::string(70'000, 'b'));
  ws::append(bytes, ws::text, "");
  ws::append(bytes, ws::text, std::string(200, 'c'));
  for (const std::size_t piece : {1, 2, 3, 7, 1000, 100'000}) {
    Unframer unframer;
    std::string data, pings;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      unframer.feed(
          std::string_view(bytes).substr(at, piece), [&](std::string_view p) { data += p; },
          [&](ws::Opcode opcode, const std::string& payload) {
            CHECK(opcode == ws::ping);
            pings += payload;
          });
    CHECK(data == "hello" + std::string(70'000, 'b') + std::string(200, 'c'));
    CHECK(pings == "are you there");
  }
}

TEST_CASE("the key of RFC 6455 is answered as there") {
  CHECK(ws::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("quantiles are off by 1.6 % at most") {
  Histogram h;
  for (std::uint64_t i = 1; i <= 100'000; ++i) h.add(i * 10);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    CHECK(h.quantile(share) > share * 1'000'000 * 0.984);
    CHECK(h.quantile(share) < share * 1'000'000 * 1.016);
  }
  CHECK(h.quantile(1) == 1'000'000);
}

}  // namespace
}  // namespace chatbridge::bench
