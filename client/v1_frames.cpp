#include "client/v1_frames.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "core/wire.hpp"

namespace chatbridge::connect::v1 {
namespace {

constexpr int depth_max = 8;

// A name from a server that may lie: it cannot begin another line.
std::string clean(const std::string& text) {
  std::string out;
  append_clean(out, text, Keep::nothing);
  return out;
}

WallTime at(const json& message) {
  int hour = 0, minute = 0;
  // 2026-01-02T03:04:05.678Z
  if (std::sscanf(string(message, "at").c_str(), "%*4d-%*2d-%*2dT%2d:%2d", &hour, &minute) != 2) return {};
  return WallTime(std::chrono::hours(std::clamp(hour, 0, 23)) + std::chrono::minutes(std::clamp(minute, 0, 59)));
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto lf = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, lf));
    text.remove_prefix(std::min(lf + 1, text.size()));
  }
  return out;
}

}  // namespace

std::vector<json> objects(std::string_view text) {
  std::vector<json> out;
  for (std::size_t from = 0; from < text.size();) {
    const auto lf = std::min(text.find('\n', from), text.size());
    bool too_deep = false;
    auto object = json::parse(
        text.substr(from, lf - from),
        [&](int depth, json::parse_event_t, json&) { return !(too_deep = too_deep || depth > depth_max); }, false);
    if (!too_deep && object.is_object()) out.push_back(std::move(object));
    from = lf + 1;
  }
  return out;
}

std::string string(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint64_t number(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

const json& list(const json& object, const char* field) {
  static const json none = json::array();
  const auto found = object.find(field);
  return found != object.end() && found->is_array() ? *found : none;
}

bool has(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && !found->is_null();
}

std::string dump(const json& request) { return request.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string minute(const json& message) {
  return string(message, "at").empty() ? std::string{} : wire::utc_minute(at(message));
}

std::vector<std::string> message_lines(const json& message, bool old) {
  Message m;
  m.at = at(message);
  m.nick = clean(string(message, "nick"));
  m.action = flag(message, "action");
  m.text = string(message, "text");
  std::string lines;
  wire::append_message(lines, Wire::line, {}, m, old);
  return split(lines);
}

std::vector<std::string> direct_lines(const json& direct) {
  auto out = split(string(direct, "text"));
  for (auto& line : out) line.insert(0, "*** " + clean(string(direct, "nick")) + " to you: ");
  return out;
}

std::string who_line(const json& members) {
  std::string names;
  const auto& people = list(members, "members");
  for (const auto& m : people)
    if (m.is_object()) names += (names.empty() ? "" : ", ") + string(m, "nick") + " (" + string(m, "via") + ")";
  const auto count = number(members, "count");
  if (flag(members, "more") && count > people.size())
    names += " and " + std::to_string(count - people.size()) + " more";
  return "*** " + std::to_string(count) + " in " + string(members, "room") + ": " + names;
}

std::string rooms_line(const json& rooms) {
  std::string names;
  const auto& all = list(rooms, "rooms");
  std::size_t shown = 0;
  for (const auto& room : all) {
    if (!room.is_object() || shown == 100) continue;
    names += (names.empty() ? "" : ", ") + string(room, "room") + " (" + std::to_string(number(room, "count")) + ")";
    ++shown;
  }
  if (all.size() > shown || flag(rooms, "more"))
    names += all.size() > shown ? " and " + std::to_string(all.size() - shown) + " more" : " and more";
  return "*** rooms: " + names;
}

}  // namespace chatbridge::connect::v1
