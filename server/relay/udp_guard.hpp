// Who may become a UDP client: source addresses can be forged, so a stranger first shows that it reads what is sent to
// its address. It is told a cookie and says it back; until then nothing is kept of it but two small counts.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/network.hpp"
#include "core/position.hpp"
#include "server/relay/udp_socket.hpp"

namespace chatbridge {

// What follows /hello as the first word, without the blanks and line ends round it; nothing: it is something else.
// Capitals are fine.
std::optional<std::string_view> parse_hello(std::string_view datagram);
// Six hexadecimal digits.
std::optional<std::uint32_t> parse_cookie(std::string_view word);

// Judges datagrams of strangers. What is let through to them:
// 1. A challenge is shorter than 3 times an empty datagram, headers included, and answers one datagram.
// 2. Challenges are bounded by rates: of a sender, of its network (IPv4 /24, IPv6 /48), of all; wrong cookies of an
// address
//    and port, so that nobody at the same address locks it out, of the network and of all.
// 3. A cookie is good for the address and port it was sent to, for one to two slots, in this process.
// Memory is bounded. Accounts live in sets chosen by network, so a flood from one network finds room only in its own;
// there the newcomer takes the place of the network that has most. On one thread; the caller's clock.
class UdpGuard {
 public:
  static constexpr Duration slot = std::chrono::seconds(60);

  // 24 bits can be guessed: rates, per second, and how many may come at once.
  struct Rates {
    double challenges, challenges_burst, wrong, wrong_burst;
  };
  static constexpr Rates of_sender{1, 8, 8. / 60, 8};  // wrong cookies: of each of its ports
  static constexpr Rates of_network{16, 64, 4, 256};
  static constexpr Rates of_all{1000, 1000, 100, 1000};

  UdpGuard();  // throws std::runtime_error when there is no randomness

  // Neither of `join` and `challenge`: a limit is reached, nothing is answered.
  struct Answer {
    bool join = false, challenge = false;
    bool wrong = false;  // it came with a wrong cookie
  };
  Answer judge(const UdpAddress& from, std::string_view datagram, TimePoint now);
  // One datagram.
  std::string challenge(const UdpAddress& to, TimePoint now) const;

  static constexpr std::size_t sets = 4096, places = 8;  // a set's
  static constexpr std::size_t ports = 4;                // a sender's that are remembered; other ones start anew

 private:
  // What may still be sent to somebody and tried by it. Full when it was not heard of for a while.
  struct Account {
    double challenges = 0, wrong = 0;
    TimePoint at = TimePoint::min();  // when it was like that; min: never
    void refill(const Rates& rates, TimePoint now);
  };
  struct Port : Account {
    std::size_t who = 0;  // hash of the address and port
  };
  struct Sender : Account {
    NetworkBits host{}, network{};
    std::array<Port, ports> at_port;
  };
  struct Set : Account {
    std::array<Sender, places> senders;
  };
  struct Levels {
    std::array<Account*, 3> challenges, wrong;
  };

  Levels accounts(const UdpAddress& from, TimePoint now);
  static Port& port_of(Sender& sender, const UdpAddress& from);
  static Sender& place_for(Set& set, const NetworkBits& host, const NetworkBits& network);
  std::uint32_t cookie(const UdpAddress& address, std::int64_t slot_number) const;
  bool good(const UdpAddress& from, std::uint32_t cookie, TimePoint now) const;

  HashKey key_;
  Account all_;
  std::vector<Set> table_;  // none before the first stranger
};

}  // namespace chatbridge
