#include "core/command.hpp"

#include <unicode/uchar.h>

#include <algorithm>
#include <charconv>

#include "core/text.hpp"

namespace chatbridge::command {
namespace {

constexpr std::size_t history_default = 20, history_max = 1000;

std::string_view trim(std::string_view s) {
  const auto from = s.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

Command history(std::string_view argument) {
  if (argument.empty()) return History{history_default};
  std::size_t n = 0;
  const auto [end, ec] = std::from_chars(argument.data(), argument.data() + argument.size(), n);
  if (ec != std::errc{} || end != argument.data() + argument.size() || n == 0)
    return Refused{"/history takes a number, as in /history 20"};
  return History{std::min(n, history_max)};
}

Command direct(std::string_view argument) {
  const auto space = argument.find_first_of(" \t\n");
  const auto text = space == std::string_view::npos ? std::string_view{} : trim(argument.substr(space));
  if (text.empty()) return Refused{"/msg NICK TEXT says something to one person"};
  if (may_hold_secret(text)) return Refused{secret};
  return Direct{std::string(argument.substr(0, space)), std::string(text)};
}

template <class C>
Command needs(std::string_view argument, const char* usage) {
  if (argument.empty()) return Refused{usage};
  return C{std::string(argument)};
}

Command word(std::string_view word, std::string_view argument) {
  if (word == "/nick") return needs<SetNick>(argument, "/nick NAME gives you a name");
  if (word == "/join") return needs<JoinRoom>(argument, "/join ROOM moves you to a room");
  if (word == "/rooms") return ListRooms{};
  if (word == "/who") return Who{};
  if (word == "/history") return history(argument);
  if (word == "/help") return Help{};
  if (word == "/quit") return Quit{};
  if (word == "/msg") return direct(argument);
  return Refused{"no such command, try /help; to say something that begins with / type //"};
}

// Without what may stand before a command unseen: blanks of every script, controls, what has no width.
std::string_view without_blanks(std::string_view line) {
  for (std::size_t at = 0, end = 0;; at = end) {
    const auto c = end < line.size() ? next_code_point(line, end) : -1;
    if (c < 0 || !(u_isUWhiteSpace(c) || u_iscntrl(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)))
      return line.substr(at);
  }
}

// And what follows is not more of a word, as the page has it: "/login:x" is one, "/logins" is not.
bool begins_with_word(std::string_view line, std::string_view word) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (line.size() < word.size() || !std::ranges::equal(line.substr(0, word.size()), word, same)) return false;
  if (line.size() == word.size()) return true;
  auto at = word.size();
  const auto c = next_code_point(line, at);
  return c < 0 || !(c == '_' || c == '-' || (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0);
}

}  // namespace

bool may_hold_secret(std::string_view text) {
  for (std::size_t from = 0; from <= text.size();) {
    const auto lf = std::min(text.find('\n', from), text.size());
    const auto line = without_blanks(text.substr(from, lf - from));
    if (begins_with_word(line, "/resume") || begins_with_word(line, "/login")) return true;
    from = lf + 1;
  }
  return false;
}

Command parse(std::string_view input) {
  const auto space = std::min(input.find_first_of(" \t\n"), input.size());
  const auto argument = trim(input.substr(space));
  // Written so and not otherwise: the line goes to nobody else.
  if (input.substr(0, space) == "/resume" && input.find('\n') == std::string_view::npos)
    return Resume{std::string(argument)};
  // What `//` would have said is held to the same rule: never relayed means never.
  const auto said = input.starts_with("//") ? input.substr(1) : input;
  if (may_hold_secret(said)) return Refused{secret};
  if (!input.starts_with('/') || input.starts_with("//")) return Say{std::string(said)};
  if (input.substr(0, space) == "/me") {
    if (argument.empty()) return Refused{"/me TEXT says what you do"};
    if (may_hold_secret(argument)) return Refused{secret};
    return Say{std::string(argument), true};
  }
  return word(input.substr(0, space), argument);
}

}  // namespace chatbridge::command
