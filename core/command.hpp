// What a person on a raw client typed, as a value.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace chatbridge::command {

struct Say {
  std::string text;
  bool action = false;
};
struct SetNick {
  std::string nick;
};
struct JoinRoom {
  std::string room;
};
struct Direct {
  std::string nick, text;
};
struct ListRooms {};
struct Who {};
struct History {
  std::size_t count;
};
struct Resume {
  std::string token;  // empty: one is asked for
};
struct Help {};
struct Quit {};
// Wrong or not understood: what to tell the person. Nothing is relayed.
struct Refused {
  std::string why;
};

using Command = std::variant<Say, SetNick, JoinRoom, Direct, ListRooms, Who, History, Resume, Help, Quit, Refused>;

// `input`: one line or datagram, without its line end, not empty. Pure; any bytes.
Command parse(std::string_view input);

// What the person is told who sends one.
inline constexpr auto secret = "a line like /resume or /login may hold a secret; it was not sent to anybody";

// Whether a line of `text` looks like /resume or /login, blanks before it or not: it may hold a secret and is never
// relayed, whatever it came over.
bool may_hold_secret(std::string_view text);

inline constexpr std::string_view help =
    "/nick NAME, /join ROOM, /rooms, /who, /me TEXT, /msg NICK TEXT, /history [N], /resume [TOKEN], /help, /quit; //x "
    "says /x";

}  // namespace chatbridge::command
