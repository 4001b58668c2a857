// chatbridge.v1, what clients send: one JSON object to one value. Pure; any bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/errc.hpp"

namespace chatbridge::v1 {

struct Hello {
  std::optional<std::string> nick, session;
};
struct Join {
  std::string room;
  std::optional<std::uint64_t> after;
  std::optional<std::string> epoch;
};
struct Leave {
  std::string room;
};
struct Say {
  std::string room, text, id;
  bool action = false;
};
struct History {
  std::string room;
  std::optional<std::uint64_t> before;
  std::size_t limit = 50;
};
struct SetNick {
  std::string nick;
};
struct Who {
  std::string room, prefix;
  std::size_t limit = 100;
};
struct Direct {
  std::string nick, text, id;
};
struct Typing {
  std::string room;
};
struct Ping {};

using Request = std::variant<Hello, Join, Leave, Say, History, SetNick, Who, Direct, Typing, Ping>;

// What was wrong with an object, with as much of it as is needed to tell which one it was.
struct Invalid {
  Error error;
  std::string id, room;
};
using Parsed = std::variant<Request, Invalid>;

Parsed parse(std::string_view object);

}  // namespace chatbridge::v1
