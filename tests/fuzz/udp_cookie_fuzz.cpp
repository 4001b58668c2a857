// What strangers send over UDP: nobody is let in but by the cookie it was told, and what it gets is bounded.
#include <optional>

#include "server/relay/udp_guard.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

constexpr std::string_view blanks = " \t\r\n", digits = "0123456789abcdef";

std::string lower(std::string_view s) {
  std::string out(s);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && blanks.find(s.front()) != std::string_view::npos) s.remove_prefix(1);
  while (!s.empty() && blanks.find(s.back()) != std::string_view::npos) s.remove_suffix(1);
  return s;
}

// By the book: the first word is /hello, and this is the rest.
std::optional<std::string> rest_of_hello(std::string_view datagram) {
  const auto all = trimmed(datagram);
  const auto first = all.substr(0, all.find_first_of(blanks));
  if (lower(first) != "/hello") return {};
  return std::string(trimmed(all.substr(first.size())));
}

UdpAddress sender(fuzz::Choices& choices) {
  UdpAddress from;
  const auto last = static_cast<std::uint32_t>(choices.between(1, 3));
  if (choices.between(0, 1) == 0) {
    from.remote.address(boost::asio::ip::address_v4(0xcb007100U + last));
  } else {
    from.remote.address(boost::asio::ip::make_address_v6("2001:db8::" + std::to_string(last)));
  }
  from.remote.port(static_cast<std::uint16_t>(choices.between(1024, 1026)));
  return from;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static UdpGuard guard;
  static TimePoint now{std::chrono::hours(1)};
  const auto datagram = fuzz::view(data, size);

  const auto said = parse_hello(datagram);
  const auto expected = rest_of_hello(datagram);
  FUZZ_CHECK(said.has_value() == expected.has_value());
  if (said) FUZZ_CHECK(*said == *expected);

  const auto cookie = parse_cookie(said ? *said : datagram);
  const auto word = lower(said ? *said : datagram);
  FUZZ_CHECK(cookie.has_value() == (word.size() == 6 && word.find_first_not_of(digits) == std::string::npos));
  if (cookie) FUZZ_CHECK(*cookie == std::stoul(word, nullptr, 16));

  fuzz::Choices choices(datagram);
  now += std::chrono::milliseconds(choices.between(0, 3000));
  const auto from = sender(choices);
  const auto told = guard.challenge(from, now), told_before = guard.challenge(from, now - UdpGuard::slot);
  FUZZ_CHECK(told.size() + 28 <= 84 && told.starts_with("*** reply /hello ") && told.ends_with(" to join\n"));
  const auto answer = guard.judge(from, datagram, now);
  const auto right = [&](std::string_view challenge) { return said && word == challenge.substr(17, 6); };
  if (answer.join) FUZZ_CHECK((right(told) || right(told_before)) && !answer.challenge && !answer.wrong);
  if (answer.wrong) FUZZ_CHECK(cookie && said && !right(told) && !right(told_before));
  // The way in stays open, however odd it is spelled: time brings guesses back.
  if (choices.between(0, 99) == 0) {
    now += UdpGuard::slot;
    const auto reply = std::string(choices.between(0, 3), ' ') + guard.challenge(from, now).substr(10, 13) + "\r\n";
    FUZZ_CHECK(guard.judge(from, reply, now).join);
  }
  return 0;
}
