#include "server/relay/udp_guard.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace chatbridge {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view word = "/hello", blanks = " \t\r\n";
constexpr std::size_t cookie_digits = 6;
constexpr std::uint32_t cookie_mask = (1U << (4 * cookie_digits)) - 1;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::optional<std::string_view> parse_hello(std::string_view datagram) {
  const auto from = datagram.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  datagram = datagram.substr(from, datagram.find_last_not_of(blanks) - from + 1);
  if (datagram.size() < word.size() || !std::ranges::equal(datagram.substr(0, word.size()), word, {}, lower)) return {};
  const auto rest = datagram.substr(word.size());
  const auto argument = rest.find_first_not_of(blanks);
  if (argument == 0) return {};  // "/hellothere"
  return argument == std::string_view::npos ? std::string_view{} : rest.substr(argument);
}

std::optional<std::uint32_t> parse_cookie(std::string_view digits) {
  if (digits.size() != cookie_digits) return {};
  std::uint32_t value = 0;
  for (const char digit : digits) {
    const char c = lower(digit);
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<std::uint32_t>(c - 'a' + 10);
    } else {
      return {};
    }
  }
  return value;
}

UdpGuard::UdpGuard() : key_(random_hash_key()) {}

void UdpGuard::Account::refill(const Rates& rates, TimePoint now) {
  if (at == TimePoint::min()) {
    challenges = rates.challenges_burst;
    wrong = rates.wrong_burst;
  } else {
    const auto passed = std::chrono::duration<double>(now - at).count();
    challenges = std::min(rates.challenges_burst, challenges + passed * rates.challenges);
    wrong = std::min(rates.wrong_burst, wrong + passed * rates.wrong);
  }
  at = now;
}

// The sender's own place, or the one it takes: an empty one, else the longest unused of the network with most here.
UdpGuard::Sender& UdpGuard::place_for(Set& set, const NetworkBits& host, const NetworkBits& network) {
  const auto mine = std::ranges::find_if(set.senders, [&](const Sender& s) { return s.host == host; });
  if (mine != set.senders.end() && mine->at != TimePoint::min()) return *mine;
  const auto held = [&](const Sender& s) {
    return s.at == TimePoint::min() ? places + 1
                                    : std::size_t(std::ranges::count(set.senders, s.network, &Sender::network));
  };
  auto* victim = &set.senders.front();
  for (auto& s : set.senders) {
    const auto more = held(s), most = held(*victim);
    if (more > most || (more == most && s.at < victim->at)) victim = &s;
  }
  *victim = {};
  victim->host = host;
  victim->network = network;
  return *victim;
}

// Its own place, or the longest unused: who takes many ports makes its own guesses forgotten, which the network's
// account still counts.
UdpGuard::Port& UdpGuard::port_of(Sender& sender, const UdpAddress& from) {
  const auto who = KeyedHash{}(from.key());
  auto found =
      std::ranges::find_if(sender.at_port, [&](const Port& p) { return p.at != TimePoint::min() && p.who == who; });
  if (found == sender.at_port.end()) {
    found = std::ranges::min_element(sender.at_port, {}, &Port::at);
    *found = {};
    found->who = who;
  }
  return *found;
}

UdpGuard::Levels UdpGuard::accounts(const UdpAddress& from, TimePoint now) {
  const auto& address = from.remote.address();
  if (table_.empty()) table_.resize(sets);
  const auto network = network_bits(address, 24, 48);
  auto& set = table_[KeyedHash{}(network) % sets];
  auto& sender = place_for(set, host_of(address), network);
  auto& port = port_of(sender, from);
  sender.refill(of_sender, now);
  port.refill(of_sender, now);
  set.refill(of_network, now);
  all_.refill(of_all, now);
  return {{&sender, &set, &all_}, {&port, &set, &all_}};
}

UdpGuard::Answer UdpGuard::judge(const UdpAddress& from, std::string_view datagram, TimePoint now) {
  const auto levels = accounts(from, now);
  const auto left = [](const auto& accounts, double Account::*of) {
    return std::ranges::all_of(accounts, [of](const Account* a) { return a->*of >= 1; });
  };
  const auto take = [](const auto& accounts, double Account::*of) {
    for (auto* a : accounts) a->*of -= 1;
  };
  Answer answer;
  const auto said = parse_hello(datagram);
  if (const auto guess = said ? parse_cookie(*said) : std::nullopt) {
    // Who has guessed too often is not let in by a good guess either.
    if (!left(levels.wrong, &Account::wrong)) return answer;
    answer.join = good(from, *guess, now);
    if (answer.join) return answer;
    answer.wrong = true;
    take(levels.wrong, &Account::wrong);
  }
  answer.challenge = left(levels.challenges, &Account::challenges);
  if (answer.challenge) take(levels.challenges, &Account::challenges);
  return answer;
}

std::string UdpGuard::challenge(const UdpAddress& to, TimePoint now) const {
  char line[64];
  const int n =
      std::snprintf(line, sizeof line, "*** reply /hello %06x to join\n", cookie(to, now.time_since_epoch() / slot));
  return {line, static_cast<std::size_t>(n)};
}

std::uint32_t UdpGuard::cookie(const UdpAddress& address, std::int64_t slot_number) const {
  auto bytes = address.key();
  bytes.append(reinterpret_cast<const char*>(&slot_number), sizeof slot_number);
  return keyed_hash(key_, bytes) & cookie_mask;
}

bool UdpGuard::good(const UdpAddress& from, std::uint32_t guess, TimePoint now) const {
  const auto same = [&](std::int64_t slot_number) {
    const auto right = cookie(from, slot_number);
    return sodium_memcmp(&right, &guess, sizeof right) == 0;
  };
  const auto current = now.time_since_epoch() / slot;
  const bool is_current = same(current), is_previous = same(current - 1);  // both, always
  return is_current || is_previous;
}

}  // namespace chatbridge
