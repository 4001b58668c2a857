#include "core/line_dialect.hpp"

#include "core/resume.hpp"

namespace chatbridge {
namespace {

constexpr std::size_t listed_max = 100;           // names in one answer
constexpr std::size_t history_bytes = 64 * 1024;  // of one answer, as it goes over the wire

void tell_history(Client& client, const std::string& room, const result<Page>& page) {
  if (!page) return client.tell(page.error());
  if (page->messages.empty()) return client.tell("*** nothing was said here yet");
  // Newest first until it is enough: a short text can be long in lines.
  std::vector<std::string> entries;
  std::size_t bytes = 0;
  for (auto m = page->messages.rbegin(); m != page->messages.rend() && bytes < history_bytes; ++m) {
    wire::append_message(entries.emplace_back(), client.wire(), room, **m, true);
    bytes += entries.back().size();
  }
  for (auto e = entries.rbegin(); e != entries.rend(); ++e) client.tell_bytes(*e);
}

}  // namespace

void LineDialect::notice(std::string_view text) { client_.tell("*** " + std::string(text)); }

void LineDialect::come(const std::string& peer) {
  auto& hub = client_.hub();
  std::string given;
  if (hub.options().verbatim)
    given = hub.options().show_address ? peer : name(client_.via()) + ("-" + std::to_string(client_.id()));
  client_.become(hub.new_session(std::move(given)));
}

void LineDialect::enter() {
  // There is always a place: no limit holds for the default room, nor for a client's first one.
  static_cast<void>(client_.attach(client_.hub().options().default_room, {}));
}

void LineDialect::say_where() {
  notice("you are " + client_.nick() + " in " + client_.first()->room().name().str() + ", /help");
}

void LineDialect::greet() {
  greeted_ = true;
  client_.join(*client_.first());
  say_where();
}

bool LineDialect::input(std::string_view line) {
  if (line.empty() || quit_) return true;
  const auto said = command::parse(line);
  // Nobody is too fast to leave; over UDP who is not let go stays for minutes.
  if (!std::holds_alternative<command::Quit>(said) && !client_.heard()) return false;
  std::visit([this](const auto& c) { apply(c); }, said);
  return true;
}

std::size_t LineDialect::relay(std::string_view bytes, bool as_text) {
  const auto entry = bytes.substr(0, relay_max);
  if (entry.empty()) return 0;
  // Cut, a text can end or begin within a character.
  const bool text = as_text && valid_utf8(entry);
  client_.relay(*client_.first(), entry, text ? Form::text : Form::bytes);
  return entry.size();
}

void LineDialect::apply(const command::Say& c) {
  const auto text = Text::parse(c.text, client_.hub().options().text);
  if (!text) return client_.tell(text.error());
  client_.say(*client_.first(), *text, c.action, {});
}

void LineDialect::apply(const command::SetNick& c) {
  const auto nick = client_.rename(c.nick);
  if (!nick) return client_.tell(nick.error());
  notice("you are " + *nick);
}

void LineDialect::apply(const command::JoinRoom& c) {
  const auto room = RoomName::parse(c.room);
  if (!room) return client_.tell(room.error());
  const auto old = client_.first()->room().name();
  if (*room != old) {
    // The new one first: if it cannot be had, the old one is not lost.
    const auto cursor = client_.attach(*room, {}, true);
    if (!cursor) return client_.tell(cursor.error());
    client_.leave(old);
    client_.join(**cursor);
  }
  say_where();
}

void LineDialect::apply(const command::Direct& c) {
  const auto text = Text::parse(c.text, client_.hub().options().text);
  if (!text) return client_.tell(text.error());
  client_.direct(c.nick, *text, {});
}

void LineDialect::apply(const command::ListRooms&) {
  std::string list;
  const auto [rooms, more] = client_.hub().rooms(listed_max);
  for (const auto& room : rooms)
    list += (list.empty() ? "" : ", ") + room.room + " (" + std::to_string(room.count) + ")";
  if (more > 0) list += " and " + std::to_string(more) + " more";
  notice("rooms: " + list);
}

void LineDialect::apply(const command::Who&) {
  const auto& room = client_.first()->room().name();
  const auto people = client_.hub().people(room, {}, listed_max);
  std::string list;
  for (const auto& m : people.members) list += (list.empty() ? "" : ", ") + m.nick + " (" + name(m.via) + ")";
  if (people.more) list += " and " + std::to_string(people.count - people.members.size()) + " more";
  notice(std::to_string(people.count) + " in " + room.str() + ": " + list);
}

void LineDialect::apply(const command::History& c) {
  const auto& room = client_.first()->room().name();
  client_.history(room, Seq{UINT64_MAX}, c.count, [&client = client_, name = room.str()](const result<Page>& page) {
    tell_history(client, name, page);
  });
}

void LineDialect::apply(const command::Resume& c) {
  if (c.token.empty()) return offer_token(client_);
  resume(client_, c.token);
}

void LineDialect::apply(const command::Help&) { notice(command::help); }

void LineDialect::apply(const command::Quit&) {
  client_.goodbye();
  quit_ = true;
}

void LineDialect::apply(const command::Refused& c) { notice(c.why); }

}  // namespace chatbridge
