// How raw clients are talked with, whatever they are connected over: lines, `/` commands, `*** ` answers.
#pragma once
#include <string_view>

#include "core/client.hpp"
#include "core/command.hpp"

namespace chatbridge {

class LineDialect {
 public:
  explicit LineDialect(Client& client) : client_(client) {}

  // Who it is: a guest; in verbatim relay tcp-7, or its address.
  void come(const std::string& peer);
  // Stands at the head of the default room from now on; nobody is told.
  void enter();
  // Says who it is, and tells the room that it is there.
  void greet();
  // Who it is and where.
  void say_where();
  bool greeted() const { return greeted_; }

  // One line or datagram, without its line end. Empty ones are ignored. False: it sends too fast, and this was dropped.
  bool input(std::string_view line);
  // Verbatim relay: what was read, as it is; the first relay_max bytes of it are one entry. Returns how many those are.
  std::size_t relay(std::string_view bytes, bool as_text);
  static constexpr std::size_t relay_max = 65'507;  // of a datagram over IPv4 (RFC 768: 65,535 less two headers)
  // It said /quit: no more input; deliver what is due and close.
  bool quit() const { return quit_; }

 private:
  void apply(const command::Say& c);
  void apply(const command::SetNick& c);
  void apply(const command::JoinRoom& c);
  void apply(const command::Direct& c);
  void apply(const command::ListRooms& c);
  void apply(const command::Who& c);
  void apply(const command::History& c);
  void apply(const command::Resume& c);
  void apply(const command::Help& c);
  void apply(const command::Quit& c);
  void apply(const command::Refused& c);
  void notice(std::string_view text);

  Client& client_;
  bool greeted_ = false, quit_ = false;
};

}  // namespace chatbridge
