#include "bridge/v1_dialect.hpp"

#include <nlohmann/json.hpp>

#include "bridge/place.hpp"
#include "core/command.hpp"
#include "core/journal_wait.hpp"

namespace chatbridge {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t history_bytes = 48 * 1024;  // of one answer: a frame to a client is at most 64 KiB

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

json members(const People& people) {
  auto list = json::array();
  for (const auto& m : people.members) list.push_back({{"nick", m.nick}, {"via", name(m.via)}});
  return list;
}

// Where to begin, and whether that gives the client everything it missed.
struct Start {
  From from;
  bool recovered = false;
};

Start start_of(const v1::Join& r, const Journal& journal, const RoomName& room) {
  const From newest{From::What::last, seq_zero, newest_messages};
  if (!r.after) return {newest, false};
  const auto floor = journal.floor(room);
  if (*r.after == 0) return {{From::What::after, floor, 0}, true};
  const Seq after{*r.after};
  if (!is_place(journal, room, r.epoch, after)) return {newest, false};
  return {{From::What::after, after, 0}, after >= floor};
}

std::string history_json(const std::string& room, const Page& page) {
  // Newest first until the frame is full, so that `more` is about what is older.
  std::size_t from = page.messages.size(), bytes = 0;
  std::vector<std::string> objects;
  while (from > 0) {
    std::string object;
    wire::append_message_json(object, room, *page.messages[from - 1]);
    if (!objects.empty() && bytes + object.size() > history_bytes) break;
    bytes += object.size();
    objects.push_back(std::move(object));
    --from;
  }
  std::string out = R"({"type":"history","room":")" + room + R"(","messages":[)";
  for (auto o = objects.rbegin(); o != objects.rend(); ++o) out += (o == objects.rbegin() ? "" : ",") + *o;
  return out + R"(],"more":)" + (page.more || from > 0 ? "true" : "false") + "}";
}

void welcome(Client& client, const result<void>& named) {
  const auto& o = client.hub().options();
  client.tell_json(dump({{"type", "welcome"},
                         {"nick", client.nick()},
                         {"session", client.session()->id()},
                         {"room", o.default_room.str()},
                         {"limits",
                          {{"message_bytes", o.text.bytes},
                           {"message_lines", o.text.lines},
                           {"rooms", o.rooms_per_client},
                           {"rate", o.rate.count},
                           {"burst", o.rate.burst},
                           {"presence_max", o.presence_max}}}}));
  if (!named) client.tell(named.error());
}

}  // namespace

std::size_t V1Dialect::input(std::string_view text) {
  std::size_t from = 0;
  while (from < text.size() && !client_.congested()) {
    const auto lf = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, lf - from);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) object(line);
    from = lf + 1;
  }
  return std::min(from, text.size());
}

void V1Dialect::object(std::string_view text) {
  client_.heard();
  const auto parsed = v1::parse(text);
  if (const auto* invalid = std::get_if<v1::Invalid>(&parsed))
    return client_.tell(invalid->error, invalid->id, invalid->room);
  const auto& request = std::get<v1::Request>(parsed);
  if (client_.session() == nullptr && !std::holds_alternative<v1::Hello>(request))
    return client_.tell(Error{errc::bad_request, "hello comes first"});
  std::visit([this](const auto& r) { apply(r); }, request);
}

void V1Dialect::apply(const v1::Hello& r) {
  if (client_.session() != nullptr) return client_.tell(Error{errc::bad_request, "hello comes once"});
  auto& hub = client_.hub();
  const auto found = r.session ? hub.find_session(*r.session) : Found{};
  client_.become(found.session ? found.session : hub.new_session());
  result<void> named;
  if (found.nick_taken) named = Error{errc::nick_taken, "somebody else has that nick by now"};
  if (r.nick && *r.nick != client_.nick()) {  // the one that is asked for is what counts
    const auto renamed = client_.rename(*r.nick);
    named = renamed ? result<void>{} : renamed.error();
  }
  if (found.session) return welcome(client_, named);
  // A new session's id is told when the journal has it.
  JournalWait::start(
      client_, [&](Journal::DoneHandler done) { hub.keep(client_.session_ptr(), std::move(done)); },
      [named](Client& client, const result<void>& kept) {
        if (kept) return welcome(client, named);
        client.turn_away("the journal does not answer", kept.error());
      });
}

void V1Dialect::apply(const v1::Join& r) {
  const auto room = RoomName::parse(r.room);
  if (!room) return client_.tell(room.error());
  client_.leave(*room);  // asked for again: from another place
  const auto start = start_of(r, client_.hub().journal(), *room);
  const auto cursor = client_.attach(*room, start.from);
  if (!cursor) return client_.tell(cursor.error(), {}, room->str());
  client_.join(**cursor);
  const auto max = client_.hub().options().presence_max;
  // A large room's names are not told, and so not sorted.
  auto people = client_.hub().people(*room, {}, 0);
  if (people.count <= max) people = client_.hub().people(*room, {}, max);
  json joined{{"type", "joined"},
              {"room", room->str()},
              {"epoch", client_.hub().journal().epoch().name},
              {"head", number(client_.hub().journal().head(*room))},
              {"recovered", start.recovered || (start.from.what == From::What::after && (*cursor)->in_window())},
              {"count", people.count}};
  if (people.count <= max) joined["members"] = members(people);
  client_.tell_json(dump(joined));
}

// The place in a room that a request names, or nullptr: then the client was told why not.
Cursor* V1Dialect::joined(const std::string& name, std::string_view id) {
  const auto room = RoomName::parse(name);
  if (!room) return client_.tell(room.error(), id), nullptr;
  auto* cursor = client_.find(name);
  if (cursor == nullptr) client_.tell(Error{errc::not_joined, "you are not in that room"}, id, name);
  return cursor;
}

void V1Dialect::apply(const v1::Leave& r) {
  const auto* cursor = joined(r.room);
  if (cursor == nullptr) return;
  client_.leave(*RoomName::parse(r.room));
  client_.tell_json(dump({{"type", "left"}, {"room", r.room}}));
}

void V1Dialect::apply(const v1::Say& r) {
  auto* cursor = joined(r.room, r.id);
  if (cursor == nullptr) return;
  if (!harmless(r.text, r.id, r.room)) return;
  const auto text = Text::parse(r.text, client_.hub().options().text);
  if (!text) return client_.tell(text.error(), r.id, r.room);
  client_.say(*cursor, *text, r.action, r.id);
}

void V1Dialect::apply(const v1::History& r) {
  auto* cursor = joined(r.room);
  if (cursor == nullptr) return;
  client_.history(cursor->room().name(), Seq{r.before.value_or(UINT64_MAX)}, r.limit,
                  [&client = client_, room = r.room](const result<Page>& page) {
                    if (page) {
                      client.tell_json(history_json(room, *page));
                    } else {
                      client.tell(page.error(), {}, room);
                    }
                  });
}

void V1Dialect::apply(const v1::SetNick& r) {
  const auto old = client_.nick();
  const auto nick = client_.rename(r.nick);
  if (!nick) return client_.tell(nick.error());
  // Told without a room: its rooms' logs tell everybody, but not in large rooms, and it may be in none.
  client_.tell_json(dump({{"type", "nick"}, {"old", old}, {"nick", *nick}}));
}

void V1Dialect::apply(const v1::Who& r) {
  const auto room = RoomName::parse(r.room);
  if (!room) return client_.tell(room.error());
  const auto people = client_.hub().people(*room, r.prefix, r.limit);
  client_.tell_json(dump({{"type", "members"},
                          {"room", room->str()},
                          {"members", members(people)},
                          {"count", people.count},
                          {"more", people.more}}));
}

bool V1Dialect::harmless(const std::string& text, std::string_view id, std::string_view room) {
  if (!command::may_hold_secret(text)) return true;
  client_.tell(Error{errc::bad_request, command::secret}, id, room);
  return false;
}

void V1Dialect::apply(const v1::Direct& r) {
  if (!harmless(r.text, r.id)) return;
  const auto text = Text::parse(r.text, client_.hub().options().text);
  if (!text) return client_.tell(text.error(), r.id);
  client_.direct(r.nick, *text, r.id);
}

void V1Dialect::apply(const v1::Typing& r) {
  if (auto* cursor = joined(r.room)) client_.typing(*cursor);
}

void V1Dialect::apply(const v1::Ping&) { client_.tell_json(R"({"type":"pong"})"); }

}  // namespace chatbridge
