#include "client/v1_client.hpp"

#include <algorithm>
#include <variant>

#include "core/command.hpp"
#include "core/text.hpp"

namespace chatbridge::connect {
namespace {

constexpr std::size_t frame_max = 60'000;  // a server may close a connection over 64 KiB
constexpr std::size_t page_max = 300;      // messages of one answer
constexpr std::size_t told_max = 16;       // reasons to wait, of a server that may lie

template <class... F>
struct Cases : F... {
  using F::operator()...;
};

}  // namespace

V1Client::V1Client(Wishes wishes, std::string prefix, V1Host& host)
    : wishes_(std::move(wishes)),
      prefix_(std::move(prefix)),
      host_(host),
      chosen_(wishes_.nick.value_or("")),
      room_(wishes_.room.value_or("")) {}

// ---- what is typed

void V1Client::typed(std::string_view line) {
  if (line.empty() || quit_) return;
  if (!valid_utf8(line)) return refuse("*** a message is UTF-8 text; not sent");
  std::visit(
      Cases{[&](command::Say c) {
              Item item(Kind::message, std::move(c.text));
              item.action = c.action;
              add(std::move(item));
            },
            [&](command::Direct c) {
              Item item(Kind::direct, std::move(c.text));
              item.to = std::move(c.nick);
              add(std::move(item));
            },
            [&](command::SetNick c) { add(Item(Kind::nick, std::move(c.nick))); },
            [&](command::JoinRoom c) {
              Item item(Kind::join);
              item.room = std::move(c.room);
              add(std::move(item));
            },
            [&](const command::History& c) {
              Item item(Kind::history);
              item.left = c.count;
              add(std::move(item));
            },
            [&](const command::ListRooms&) { add(Item(Kind::rooms)); },
            [&](const command::Who&) { add(Item(Kind::who)); },
            // It comes back by itself; a token would only be for somebody else.
            [&](const command::Resume&) { refuse("*** " + std::string(command::secret)); },
            [&](const command::Help&) { host_.print("*** " + std::string(command::help)); },
            [&](const command::Quit&) { quit_ = true; }, [&](const command::Refused& c) { refuse("*** " + c.why); }},
      command::parse(line));
}

void V1Client::refuse(std::string_view why) {
  ++refused_;
  host_.print(why);
}

void V1Client::too_long() { refuse("*** a message is too long; not sent"); }

void V1Client::add(Item item) {
  if (item.kind == Kind::message || item.kind == Kind::direct) {
    if (v1::dump(item.text).size() > frame_max) return too_long();
    item.id = prefix_ + std::to_string(++ids_);
  }
  bytes_ += item.text.size();
  items_.push_back(std::move(item));
  pump();
}

// Sends what may go. A change of room waits for all before it, and all behind wait for it: so everything is said where
// the person was when it was typed, also if the connection is lost meanwhile. A /history waits for all before it, as
// its answer does not say which question it is for.
void V1Client::pump() {
  if (!inside_) return;
  std::size_t under_way = 0;
  for (auto i = items_.begin(); i != items_.end() && under_way < under_way_max; ++i, ++under_way) {
    if ((i->kind == Kind::join || i->kind == Kind::history) && i != items_.begin()) return;
    if (i->kind == Kind::join && i->room == room_) {  // to join again would give the room from another place
      say_where();
      return settle(i);
    }
    if (!i->sent) send(*i);
    if (i->kind == Kind::join) return;
  }
}

void V1Client::send(Item& item) {
  item.sent = true;
  if (item.kind != Kind::join) item.room = room_;
  switch (item.kind) {
    case Kind::message: {
      v1::json say{{"type", "message"}, {"room", room_}, {"text", item.text}, {"id", item.id}};
      if (item.action) say["action"] = true;
      return request(say);
    }
    case Kind::direct:
      return request({{"type", "direct"}, {"nick", item.to}, {"text", item.text}, {"id", item.id}});
    case Kind::nick:
      return request({{"type", "nick"}, {"nick", item.text}});
    case Kind::join:
      return request({{"type", "join"}, {"room", item.room}});
    case Kind::who:
      return request({{"type", "who"}, {"room", room_}, {"limit", 100}});
    case Kind::history: {
      v1::json ask{{"type", "history"}, {"room", room_}, {"limit", std::min(item.left, page_max)}};
      if (!item.page.empty()) ask["before"] = v1::number(item.page.front(), "seq");
      return request(ask);
    }
    case Kind::rooms:
      return host_.fetch_rooms();
  }
}

void V1Client::request(const v1::json& object) { host_.send(v1::dump(object)); }

V1Client::Items::iterator V1Client::find(Kind kind, std::string_view room) {
  return std::ranges::find_if(
      items_, [&](const Item& i) { return i.kind == kind && i.sent && (room.empty() || i.room == room); });
}

V1Client::Items::iterator V1Client::find_id(const std::string& id) {
  return id.empty() ? items_.end() : std::ranges::find(items_, id, &Item::id);
}

void V1Client::settle(Items::iterator item) {
  if (item == items_.end()) return;
  bytes_ -= item->text.size();
  ++answers_;
  items_.erase(item);
  pump();
}

void V1Client::again_later(Items::iterator item) {
  if (item == items_.end()) return;
  item->sent = false;
  later_ = true;
}

void V1Client::retry() {
  later_ = false;
  pump();
}

void V1Client::rooms(const std::optional<std::string>& body) {
  const auto item = find(Kind::rooms);
  if (item == items_.end()) return;
  const auto found = body ? v1::objects(*body) : std::vector<v1::json>{};
  host_.print(found.empty() ? "*** the rooms could not be had" : v1::rooms_line(found.front()));
  settle(item);
}

// ---- connections

void V1Client::opened() {
  bye_.reset();
  v1::json hello{{"type", "hello"}};
  if (!session_.empty()) hello["session"] = session_;
  if (!chosen_.empty()) hello["nick"] = chosen_;
  request(hello);
}

void V1Client::lost() {
  welcomed_ = inside_ = false;
  for (auto& item : items_) {
    item.sent = item.sent && item.kind == Kind::rooms;  // its answer comes another way
    item.left += item.page.size();
    item.page.clear();
  }
}

void V1Client::received(std::string_view text) {
  for (const auto& frame : v1::objects(text)) take(frame);
}

void V1Client::take(const v1::json& f) {
  const auto type = v1::string(f, "type");
  if (type == "welcome") return welcome(f);
  if (!welcomed_ && type != "error" && type != "bye") return;
  if (type == "message") return message(f);
  if (type == "ack") return settle(find_id(v1::string(f, "id")));
  if (type == "joined") return joined(f);
  if (type == "presence") return presence(f);
  if (type == "nick") return renamed(f);
  if (type == "history") return history(f);
  if (type == "error") return error(f);
  if (type == "direct") {
    // Of one's own, sent from another connection, nothing is shown.
    for (const auto& line : v1::direct_lines(f))
      if (v1::string(f, "to") == nick_ || v1::string(f, "to").empty()) host_.print(line);
  } else if (type == "members") {
    if (const auto item = find(Kind::who, v1::string(f, "room")); item != items_.end()) {
      host_.print(v1::who_line(f));
      settle(item);
    }
  } else if (type == "gap" && v1::string(f, "room") == room_ && inside_) {
    host_.print("*** you missed messages" + (last_minute_.empty() ? "" : " after " + last_minute_));
    place_.seq = std::max(place_.seq, v1::number(f, "to"));
  } else if (type == "bye") {
    bye_ = std::chrono::milliseconds(std::min<std::uint64_t>(v1::number(f, "retry_after_ms"), 600'000));
  }
}

void V1Client::welcome(const v1::json& f) {
  welcomed_ = true;
  session_ = v1::string(f, "session");
  const auto before = std::exchange(nick_, v1::string(f, "nick"));
  if (room_.empty()) room_ = v1::string(f, "room");
  if (!before.empty()) host_.note("*** connected");
  if (!before.empty() && before != nick_) host_.print("*** you are " + nick_);
  v1::json join{{"type", "join"}, {"room", room_}};
  if (entered_once_) {
    join["after"] = place_.seq;
    join["epoch"] = place_.epoch;
  }
  request(join);
}

void V1Client::say_where() { host_.print("*** you are " + nick_ + " in " + room_ + ", /help"); }

void V1Client::joined(const v1::json& f) {
  const auto room = v1::string(f, "room"), epoch = v1::string(f, "epoch");
  const auto head = v1::number(f, "head");
  if (const auto item = items_.begin();
      inside_ && !items_.empty() && item->kind == Kind::join && item->sent && item->room == room) {
    return moved(f, item);
  }
  if (room != room_ || inside_) return;
  set_people(f, v1::has(f, "members"));
  if (!entered_once_) {
    place_ = {epoch, head};
    say_where();
  } else if (epoch != place_.epoch || head < place_.seq) {
    // Another life of the room: all of it is new to us, but the server has given its end only.
    host_.print("*** the room began anew; what was said last before may be missing");
    place_ = {epoch, 0};
    missed_up_to_ = head;
    if (head > 0) return request({{"type", "join"}, {"room", room_}, {"after", 0}, {"epoch", epoch}});
  } else {
    missed_up_to_ = std::max(missed_up_to_, head);
  }
  entered_once_ = inside_ = true;
  pump();
}

// The answer to a /join: the old room is left only now, so that it is kept if the new one cannot be had.
void V1Client::moved(const v1::json& f, Items::iterator item) {
  const auto room = item->room;
  if (room != room_) {
    request({{"type", "leave"}, {"room", room_}});
    room_ = room;
    place_ = {v1::string(f, "epoch"), v1::number(f, "head")};
    missed_up_to_ = 0;
    set_people(f, v1::has(f, "members"));
  }
  say_where();
  settle(item);
}

void V1Client::message(const v1::json& f) {
  const auto seq = v1::number(f, "seq");
  if (!inside_ || v1::string(f, "room") != room_ || seq <= place_.seq) return;
  place_.seq = seq;
  last_minute_ = v1::minute(f);
  const auto id = v1::string(f, "id");
  if (id.starts_with(prefix_)) return settle(find_id(id));  // as good as an ack
  for (const auto& line : v1::message_lines(f, seq <= missed_up_to_)) host_.print(line);
}

void V1Client::history(const v1::json& f) {
  const auto item = find(Kind::history, v1::string(f, "room"));
  if (item == items_.end()) return;
  const auto& messages = v1::list(f, "messages");
  for (auto m = messages.rbegin(); m != messages.rend() && item->left > 0; ++m) {
    if (!m->is_object()) continue;
    item->page.push_front(*m);
    --item->left;
  }
  if (v1::flag(f, "more") && item->left > 0 && !messages.empty()) return send(*item);
  if (item->page.empty()) host_.print("*** nothing was said here yet");
  for (const auto& m : item->page)
    for (const auto& line : v1::message_lines(m, true)) host_.print(line);
  settle(item);
}

// ---- people

void V1Client::set_people(const v1::json& f, bool known) {
  people_.clear();
  people_known_ = known;
  for (const auto& m : v1::list(f, "members"))
    if (m.is_object()) people_.insert(v1::string(m, "nick"));
}

void V1Client::presence(const v1::json& f) {
  if (v1::string(f, "room") != room_ || !inside_) return;
  const bool names = v1::has(f, "joined");
  // Told again after a while of numbers only: who came meanwhile is not news.
  const bool quiet = !people_known_;
  people_known_ = names;
  if (!names) return people_.clear();
  for (const auto& m : v1::list(f, "joined")) {
    const auto nick = m.is_object() ? v1::string(m, "nick") : std::string{};
    if (people_.insert(nick).second && !quiet && nick != nick_) host_.print("*** " + nick + " joined");
  }
  for (const auto& m : v1::list(f, "left")) {
    const auto nick = m.is_object() ? v1::string(m, "nick") : std::string{};
    if (people_.erase(nick) > 0 && !quiet && nick != nick_) host_.print("*** " + nick + " left");
  }
}

void V1Client::renamed(const v1::json& f) {
  const auto old = v1::string(f, "old"), nick = v1::string(f, "nick");
  if (v1::has(f, "room")) {
    if (people_.erase(old) > 0) people_.insert(nick);
    // One's own is told without a room.
    if (v1::string(f, "room") == room_ && old != nick_ && nick != nick_) host_.print("*** " + old + " is now " + nick);
    return;
  }
  nick_ = chosen_ = nick;
  host_.print("*** you are " + nick);
  // One that is to be asked for again may have been answered after all.
  const auto asked =
      std::ranges::find_if(items_, [&](const Item& i) { return i.kind == Kind::nick && i.text == nick; });
  settle(asked != items_.end() ? asked : find(Kind::nick));
}

// ---- errors

void V1Client::error(const v1::json& f) {
  const auto code = v1::string(f, "code"), id = v1::string(f, "id"), room = v1::string(f, "room");
  const auto why = "*** " + v1::string(f, "message");
  const auto said = find_id(id);
  if (code == "rate_limited" || code == "overloaded") {
    if (told_.size() < told_max && told_.insert(why).second) host_.print(why);
    return again_later(said != items_.end() ? said : find(code == "overloaded" ? Kind::history : Kind::nick, room));
  }
  if (!inside_ && (!welcomed_ || room == room_)) return host_.failed(v1::string(f, "message"));
  refuse(why);
  if (said != items_.end() || !id.empty()) return settle(said);
  auto item = items_.end();
  if (code == "nick_taken" || code == "bad_nick") {
    item = find(Kind::nick);
    if (item == items_.end()) --refused_;  // of the hello: one is somebody else instead
  } else {
    for (const auto kind : {Kind::join, Kind::history, Kind::who})
      if (item == items_.end()) item = find(kind, room);
  }
  settle(item);
}

}  // namespace chatbridge::connect
