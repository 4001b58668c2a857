#include "bridge/protocol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.hpp"

namespace chatbridge::v1 {
namespace {

using nlohmann::json;

constexpr int depth_max = 8;
constexpr std::size_t id_max = 128;
constexpr auto id_rule = "id is at most 128 bytes, without control characters";
constexpr std::size_t list_max = 300;  // of the longest nicks fit into a frame

struct Wrong {
  std::string what;
};

// An id comes back as it was given, so it holds nothing that would be cleaned.
bool good_id(const std::string& id) {
  std::string clean;
  append_clean(clean, id, Keep::nothing);
  return id.size() <= id_max && clean == id;
}

// Reads the fields of one object; the first thing wrong is thrown and caught in parse().
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  std::optional<std::string> maybe_string(const char* field) const {
    const auto* v = find(field);
    if (v == nullptr) return std::nullopt;
    if (!v->is_string()) throw Wrong{std::string(field) + " is a string"};
    return v->get<std::string>();
  }
  std::string string(const char* field) const {
    auto v = maybe_string(field);
    if (!v) throw Wrong{std::string(field) + " is missing"};
    return *std::move(v);
  }
  std::optional<std::uint64_t> maybe_number(const char* field) const {
    const auto* v = find(field);
    if (v == nullptr) return std::nullopt;
    if (!v->is_number_unsigned()) throw Wrong{std::string(field) + " is a whole number of 0 or more"};
    return v->get<std::uint64_t>();
  }
  std::string id() const {
    auto id = maybe_string("id").value_or("");
    if (!good_id(id)) throw Wrong{id_rule};
    return id;
  }
  std::size_t limit(std::size_t usual) const {
    return std::clamp<std::size_t>(maybe_number("limit").value_or(usual), 1, list_max);
  }
  bool flag(const char* field) const {
    const auto* v = find(field);
    if (v == nullptr) return false;
    if (!v->is_boolean()) throw Wrong{std::string(field) + " is true or false"};
    return v->get<bool>();
  }

 private:
  const json* find(const char* field) const {
    const auto found = object_.find(field);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  const json& object_;
};

Request request(const std::string& type, const Fields& f) {
  if (type == "hello") return Hello{f.maybe_string("nick"), f.maybe_string("session")};
  if (type == "join") return Join{f.string("room"), f.maybe_number("after"), f.maybe_string("epoch")};
  if (type == "leave") return Leave{f.string("room")};
  if (type == "history") return History{f.string("room"), f.maybe_number("before"), f.limit(50)};
  if (type == "nick") return SetNick{f.string("nick")};
  if (type == "who") return Who{f.string("room"), f.maybe_string("prefix").value_or(""), f.limit(100)};
  if (type == "ping") return Ping{};
  if (type == "typing") return Typing{f.string("room")};
  if (type == "direct") return Direct{f.string("nick"), f.string("text"), f.id()};
  return Say{f.string("room"), f.string("text"), f.id(), f.flag("action")};
}

bool known(const std::string& type) {
  static constexpr std::string_view types[] = {"hello", "join", "leave",  "history", "nick",
                                               "who",   "ping", "direct", "typing",  "message"};
  return std::ranges::find(types, type) != std::end(types);
}

// What is wrong with it, if something is.
std::optional<Error> load(std::string_view text, json& object) {
  // To the library a NUL is the end, whatever comes behind it; JSON has none (RFC 8259 section 2).
  const bool whole = text.find('\0') == std::string_view::npos;
  bool too_deep = false;
  object = json::parse(
      whole ? text : std::string_view{},
      [&](int depth, json::parse_event_t, json&) {
        if (depth > depth_max) too_deep = true;
        return !too_deep;
      },
      false);
  if (too_deep) return Error{errc::bad_request, "JSON nested too deep"};
  if (object.is_discarded() || !object.is_object()) return Error{errc::bad_request, "not a JSON object"};
  return std::nullopt;
}

std::string text_of(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() && good_id(found->get_ref<const std::string&>())
             ? found->get<std::string>()
             : std::string{};
}

}  // namespace

Parsed parse(std::string_view text) {
  json object;
  if (auto wrong = load(text, object)) return Invalid{*std::move(wrong), {}, {}};
  const auto id = text_of(object, "id"), room = text_of(object, "room");
  try {
    const Fields fields(object);
    const auto type = fields.string("type");
    if (!known(type)) return Invalid{{errc::unknown_type, "unknown type"}, id, room};
    return request(type, fields);
  } catch (const Wrong& wrong) {
    return Invalid{{errc::bad_request, wrong.what}, id, room};
  }
}

result<Post> parse_post(std::string_view body) {
  json object;
  if (auto wrong = load(body, object)) return *std::move(wrong);
  try {
    const Fields f(object);
    return Post{f.maybe_string("nick"), f.string("text"), f.id(), f.flag("action")};
  } catch (const Wrong& wrong) {
    return Error{errc::bad_request, wrong.what};
  }
}

}  // namespace chatbridge::v1
