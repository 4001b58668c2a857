#include "server/relay/udp_guard.hpp"

#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <regex>

#include "support/random.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;
namespace ip = boost::asio::ip;

const TimePoint start{1000h};

UdpAddress address(const std::string& host, std::uint16_t port = 4000) {
  UdpAddress a;
  a.remote = {ip::make_address(host), port};
  return a;
}

ip::address v4(std::uint32_t bits) { return ip::address_v4(bits); }

// A /64 of 2001:db8::/32.
ip::address v6(std::uint64_t network) {
  ip::address_v6::bytes_type bytes{0x20, 0x01, 0x0d, 0xb8};
  for (int i = 0; i < 4; ++i) bytes[7 - i] = static_cast<unsigned char>(network >> 8 * i);
  bytes[15] = 1;
  return ip::address_v6(bytes);
}

// What the challenge asks for, by hand.
std::string reply(const std::string& challenge) {
  const auto from = challenge.find("/hello");
  return challenge.substr(from, challenge.find(" to join") - from);
}

struct Stranger {
  UdpGuard& guard;
  UdpAddress at;
  TimePoint now = start;
  UdpGuard::Answer says(std::string_view datagram) { return guard.judge(at, datagram, now); }
  std::string right() { return reply(guard.challenge(at, now)); }
  // A cookie that is neither this slot's nor the last one's.
  std::string wrong() {
    for (std::uint32_t n = 0;; ++n) {
      char line[16];
      std::snprintf(line, sizeof line, "/hello %06x", n);
      if (line != right() && line != reply(guard.challenge(at, now - UdpGuard::slot))) return line;
    }
  }
};

TEST_CASE("a stranger is challenged whatever it says, and let in by the reply") {
  UdpGuard guard;
  Stranger ann{guard, address("203.0.113.9")};
  CHECK(std::regex_match(guard.challenge(ann.at, start), std::regex("\\*\\*\\* reply /hello [0-9a-f]{6} to join\n")));
  for (const std::string_view said : {"", "hi", "/hello", "/hello 12345", "/hello 1234567", "/hello zzzzzz"}) {
    const auto answer = ann.says(said);
    CHECK(answer.challenge);
    CHECK_FALSE((answer.join || answer.wrong));
  }
  const auto answer = ann.says(ann.right());
  CHECK(answer.join);
  CHECK_FALSE((answer.challenge || answer.wrong));
}

TEST_CASE("a reply is recognised with capitals, blanks and line ends") {
  UdpGuard guard;
  Stranger ann{guard, address("2001:db8::9")};
  const auto right = ann.right();
  auto capitals = right;
  for (auto& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto digits = right.substr(7);
  for (const auto& said : {right + "\n", right + "\r\n", "  " + right + " \t", capitals, "/hello\t  " + digits})
    CHECK(ann.says(said).join);
  for (const auto& said : {"/hello" + digits, "/hello  x" + digits, right + " to join", right + "\nhi", digits,
                           "hi " + right, "//hello " + digits, right + '\0'})
    CHECK_FALSE(ann.says(said).join);
}

TEST_CASE("what follows hello") {
  const std::map<std::string, std::optional<std::string>> rows{
      {"", {}},        {" \n", {}},         {"hello", {}},      {"/hell", {}},         {"/helloo", {}},
      {"/hello", ""},  {"/HELLO \r\n", ""}, {" /hello x", "x"}, {"/hello a b", "a b"}, {"/hello x\nhi", "x\nhi"},
      {"x /hello", {}}};
  for (const auto& [said, rest] : rows) {
    INFO(said);
    const auto got = parse_hello(said);
    CHECK(got.has_value() == rest.has_value());
    if (got && rest) CHECK(*got == *rest);
  }
  CHECK(parse_cookie("00fFa9") == 0x00ffa9);
  for (const auto* word : {"", "12345", "1234567", "12345g", "-12345", "0x1234", " 12345"})
    CHECK_FALSE(parse_cookie(word));
}

TEST_CASE("a cookie is one address's, port's, slot's and process's") {
  UdpGuard guard, other;
  const auto of = [&](const UdpGuard& g, const std::string& host, std::uint16_t port, Duration later = {}) {
    return g.challenge(address(host, port), start + later);
  };
  // 24 bits can be the same by chance, not three times in a row.
  const auto differ = [&](const auto& a, const auto& b) { return a(1) != b(1) || a(2) != b(2) || a(3) != b(3); };
  const auto base = [&](std::uint16_t p) { return of(guard, "203.0.113.9", p); };
  CHECK(differ(base, [&](std::uint16_t p) { return of(guard, "203.0.113.8", p); }));
  CHECK(differ(base, [&](std::uint16_t p) { return of(guard, "203.0.113.9", p + 10); }));
  CHECK(differ(base, [&](std::uint16_t p) { return of(guard, "203.0.113.9", p, UdpGuard::slot); }));
  CHECK(differ(base, [&](std::uint16_t p) { return of(other, "203.0.113.9", p); }));
  CHECK(base(1) == of(guard, "::ffff:203.0.113.9", 1));
  CHECK(base(1) == of(guard, "203.0.113.9", 1));
}

TEST_CASE("a cookie is good for its slot and the next, then it is wrong") {
  UdpGuard guard;
  Stranger ann{guard, address("203.0.113.9"), TimePoint(UdpGuard::slot * 1000)};  // a slot's first moment
  const auto right = ann.right();
  ann.now += 2 * UdpGuard::slot - 1ms;
  CHECK(ann.says(right).join);
  ann.now += 1ms;
  const auto late = ann.says(right);
  CHECK((late.wrong && late.challenge && !late.join));
  CHECK(ann.says(ann.right()).join);
}

TEST_CASE("what goes out to strangers is at most 3 times what came in, headers included") {
  UdpGuard guard;
  for (const auto& [host, header] : {std::pair{"203.0.113.9", 20 + 8}, {"2001:db8::9", 40 + 8}}) {
    Stranger ann{guard, address(host)};
    std::size_t in = 0, out = 0;
    for (int i = 0; i < 10'000; ++i, ann.now += 7ms) {
      const std::string said = i % 3 == 0 ? "" : i % 3 == 1 ? ann.wrong() : std::string(i % 50, 'x');
      in += said.size() + header;
      const auto answer = ann.says(said);
      REQUIRE_FALSE(answer.join);
      if (answer.challenge) out += guard.challenge(ann.at, ann.now).size() + header;
      REQUIRE(out <= 3 * in);
    }
    CHECK(guard.challenge(ann.at, ann.now).size() + header <= static_cast<std::size_t>(3 * header));
  }
}

TEST_CASE("a sender gets a few challenges at once, then one a second, whatever its ports") {
  for (const auto* host : {"203.0.113.9", "2001:db8::9"}) {
    UdpGuard guard;
    int challenges = 0;
    for (int i = 0; i < 100'000; ++i)  // 100 s
      challenges +=
          guard.judge(address(host, static_cast<std::uint16_t>(1024 + i % 60'000)), "", start + i * 1ms).challenge;
    CHECK(challenges >= 99);
    CHECK(challenges <= 100 + UdpGuard::of_sender.challenges_burst);
  }
}

TEST_CASE("a port has few guesses, then it is not let in by a good one, until time has passed") {
  UdpGuard guard;
  Stranger ann{guard, address("203.0.113.9", 4000)};
  const auto wrong = ann.wrong();
  for (int i = 0; i < UdpGuard::of_sender.wrong_burst; ++i) CHECK(ann.says(wrong).wrong);
  const auto silent = [](UdpGuard::Answer a) { return !a.join && !a.challenge && !a.wrong; };
  CHECK(silent(ann.says(wrong)));
  CHECK(silent(ann.says(ann.right())));
  Stranger port{guard, address("203.0.113.9", 5000)}, neighbour{guard, address("203.0.113.10")};
  CHECK(port.says(port.right()).join);  // nobody is locked out by who shares the address
  CHECK(neighbour.says(neighbour.right()).join);
  ann.now += 10s;
  CHECK(ann.says(ann.right()).join);

  std::size_t guesses = 0;
  for (int i = 0; i < 3600 * 10; ++i, ann.now += 100ms) guesses += ann.says(ann.wrong()).wrong;
  CHECK(guesses <= 60 * UdpGuard::of_sender.wrong_burst + UdpGuard::of_sender.wrong_burst);
}

TEST_CASE("who guesses from many ports locks out nobody at once, and is bounded by its network") {
  UdpGuard guard;
  Stranger ann{guard, address("203.0.113.9", 4000)};
  int guesses = 0;
  for (std::uint16_t p = 0; p < 60; ++p) {
    Stranger other{guard, address("203.0.113.9", static_cast<std::uint16_t>(5000 + p))};
    for (int i = 0; i < 4; ++i) guesses += other.says("/hello 123456").wrong;
  }
  CHECK(guesses >= 239);  // one may be right
  CHECK(ann.says(ann.right()).join);
  constexpr int seconds = 60, each = 1000;
  for (int i = 0; i < seconds * each; ++i)
    guesses += guard
                   .judge(address("203.0.113.9", static_cast<std::uint16_t>(1024 + i % 60'000)), "/hello 123456",
                          start + i * 1'000'000us / each)
                   .wrong;
  CHECK(guesses <= UdpGuard::of_network.wrong * seconds + UdpGuard::of_network.wrong_burst);
}

TEST_CASE("all strangers together get no more than the bound, and one network leaves room for others") {
  UdpGuard guard;
  test::Random random;
  std::size_t challenges = 0, guesses = 0, let_in = 0;
  constexpr int seconds = 5, each = 20'000;
  for (int i = 0; i < seconds * each; ++i) {
    UdpAddress from;
    from.remote = {v4(static_cast<std::uint32_t>(random.below(UINT32_MAX))), 4000};
    const auto answer = guard.judge(from, i % 2 == 0 ? "" : "/hello 123456", start + i * 1'000'000us / each);
    challenges += answer.challenge;
    guesses += answer.wrong;
    let_in += answer.join;
  }
  CHECK(challenges <= UdpGuard::of_all.challenges * seconds + UdpGuard::of_all.challenges_burst);
  CHECK(guesses <= UdpGuard::of_all.wrong * seconds + UdpGuard::of_all.wrong_burst);
  CHECK(challenges > 4000);
  CHECK(let_in <= 1);  // once in 8 million guesses

  for (const bool six : {false, true}) {
    UdpGuard fresh;
    challenges = guesses = 0;
    for (int i = 0; i < seconds * each; ++i) {
      UdpAddress from;
      from.remote = {six ? v6(random.below(1 << 16)) : v4(0xcb007100U + random.below(256)), 4000};  // a /48, a /24
      const auto answer = fresh.judge(from, i % 2 == 0 ? "" : "/hello 123456", start + i * 1'000'000us / each);
      challenges += answer.challenge;
      guesses += answer.wrong;
      if (i % each != 0) continue;
      Stranger ann{fresh, address("198.51.100.7"), start + i * 1'000'000us / each};
      CHECK(ann.says("").challenge);
      CHECK(ann.says(ann.right()).join);
    }
    CHECK(challenges <= UdpGuard::of_network.challenges * seconds + UdpGuard::of_network.challenges_burst);
    CHECK(guesses <= UdpGuard::of_network.wrong * seconds + UdpGuard::of_network.wrong_burst);
  }
}

TEST_CASE("a flood from one network does not make the guard forget others") {
  constexpr int known = 20;  // senders without a guess left, each of a network of its own
  UdpGuard guard;
  std::vector<Stranger> guilty;
  for (std::uint32_t i = 0; i < known; ++i) {
    UdpAddress who;
    who.remote = {v4(0x0b000001U + i * 65'536), 4000};
    auto& s = guilty.emplace_back(Stranger{guard, who});
    for (int n = 0; n < UdpGuard::of_sender.wrong_burst; ++n) s.says(s.wrong());
  }
  const auto remembered = [&] {
    return std::ranges::count_if(guilty, [](Stranger& s) { return !s.says(s.right()).join; });
  };
  REQUIRE(remembered() == known);
  for (std::uint32_t i = 0; i < 1U << 16; ++i)
    for (const auto& from : {v6(i), v4(0xcb007100U + i % 256)}) {
      UdpAddress at;
      at.remote = {from, 4000};
      guard.judge(at, "", start);
    }
  CHECK(remembered() == known);
}

}  // namespace
}  // namespace chatbridge
