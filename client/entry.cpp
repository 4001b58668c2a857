#include "client/entry.hpp"

#include <algorithm>

namespace chatbridge::connect {
namespace {

constexpr std::string_view greeting = "*** you are ";
constexpr int patience = 5;  // ticks, from the greeting to the room
constexpr std::size_t challenges_max = 10, cookie_max = 64;

bool in_room(std::string_view line, std::string_view room) {
  const auto where = line.find(" in ");
  if (!line.starts_with(greeting) || where == std::string_view::npos) return false;
  line.remove_prefix(where + 4);
  return line.substr(0, line.find(',')) == room;
}

bool alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

Entry::Lines Entry::wanted() const {
  Lines out;
  if (wishes_.nick) out.push_back("/nick " + *wishes_.nick);
  if (wishes_.room) out.push_back("/join " + *wishes_.room);
  return out;
}

Entry::Lines Entry::heard(std::string_view line) {
  if (state_ == State::asking && line.starts_with(greeting)) {
    ticks_ = 0;
    const bool there = !wishes_.room || in_room(line, *wishes_.room);
    state_ = there ? State::in : State::entering;
    auto out = wanted();
    if (there && wishes_.room) out.pop_back();
    return out;
  }
  if (state_ == State::entering && in_room(line, *wishes_.room)) state_ = State::in;
  return {};
}

Entry::Lines Entry::challenged(std::string_view line) {
  constexpr std::string_view before = "*** reply ", hello = "/hello ", after = " to join";
  if (!line.starts_with(before) || !line.ends_with(after) || line.size() <= before.size() + after.size()) return {};
  const std::string answer(line.substr(before.size(), line.size() - before.size() - after.size()));
  if (!answer.starts_with(hello) || state_ == State::verbatim) return {};
  const auto cookie = std::string_view(answer).substr(hello.size());
  if (cookie.empty() || cookie.size() > cookie_max || !std::ranges::all_of(cookie, alphanumeric)) return {};
  if (answered_.size() >= challenges_max || std::ranges::find(answered_, answer) != answered_.end()) return {};
  answered_.push_back(answer);
  ticks_ = 0;
  return {answer};
}

Entry::Lines Entry::tick() {
  ++ticks_;
  // Who challenges is no verbatim relay.
  if (state_ == State::asking && (answered_.empty() || ticks_ >= patience))
    state_ = answered_.empty() ? State::verbatim : State::failed;
  if (state_ != State::entering) return {};
  if (ticks_ >= patience) return state_ = State::failed, Lines{};
  return {"/join " + *wishes_.room};
}

std::string Entry::why() const {
  if (wishes_.room && answered_.empty()) return "the server does not let you into " + *wishes_.room;
  return "the server does not let you in";
}

}  // namespace chatbridge::connect
