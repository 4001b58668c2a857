// How a raw client finds out whom it talks with, and gets in. A machine without I/O, for TCP and UDP.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatbridge::connect {

// Who somebody wants to be, and where.
struct Wishes {
  std::optional<std::string> nick, room;
};

inline constexpr std::string_view verbatim_note =
    "*** no greeting: this is a verbatim relay, bytes pass as they are and nobody has a name";

// 1. Nothing is sent, but answers to challenges, before `*** you are`; nothing at all into a verbatim relay.
// 2. Who asked for a room says nothing in another: `in` comes after the server's word that it is there.
// 3. A challenge is answered once, and ten of them at most: a server cannot make a client send what it likes.
class Entry {
 public:
  enum class State { asking, entering, in, verbatim, failed };
  explicit Entry(Wishes wishes) : wishes_(std::move(wishes)) {}

  using Lines = std::vector<std::string>;  // to send, without line ends

  Lines heard(std::string_view line);       // of the server, without line end
  Lines challenged(std::string_view line);  // UDP: the answer, if it is a challenge
  // A second passed since the beginning, the last answer to a challenge, or the last tick. Asks again for the room,
  // which over UDP may have been lost.
  Lines tick();

  State state() const { return state_; }
  bool inside() const { return state_ == State::in || state_ == State::verbatim; }  // what is typed may be sent
  std::string why() const;                                                          // failed: for the person

 private:
  Lines wanted() const;

  const Wishes wishes_;
  State state_ = State::asking;
  int ticks_ = 0;
  std::vector<std::string> answered_;
};

}  // namespace chatbridge::connect
