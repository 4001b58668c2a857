// What clients send as JSON, chatbridge.v1 and POST: one object to one value. Pure; any bytes.
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

// The body of a POST: one message to the room of its address.
struct Post {
  std::optional<std::string> nick;
  std::string text, id;
  bool action = false;
};
result<Post> parse_post(std::string_view body);

}  // namespace chatbridge::v1
