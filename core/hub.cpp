#include "core/hub.hpp"

#include <algorithm>

#include "core/client.hpp"

namespace chatbridge {
namespace {

constexpr Duration sweep_every = std::chrono::seconds(1);
constexpr std::size_t rooms_of_host_min = 100;  // where few rooms are allowed, people of one address may need them all
constexpr std::size_t waiting_overhead = 256;   // of a message that waits, besides its text
std::size_t waiting_cost(const Direct& d) { return d.text.size() + waiting_overhead; }

}  // namespace

Hub::Hub(Journal& journal, HubOptions options, std::function<void()> presence_due, TimePoint (*now)())
    : journal_(journal),
      options_(std::move(options)),
      presence_due_(std::move(presence_due)),
      now_(now),
      replay_(options_.replay_rate) {
  for (auto& name : journal_.rooms()) {
    auto room = std::make_shared<Room>(name, journal_, options_.window_bytes, in_flight_);
    rooms_.emplace(std::move(name), Entry{}).first->second.room = std::move(room);
  }
  load_sessions();
}

// ---- names

result<void> Hub::rename(Session& session, std::string_view raw, ClientId origin) {
  auto nick = Nick::parse(raw);
  if (!nick) return nick.error();
  const std::lock_guard lock(m_);
  if (!free_nick(nick->key(), session)) return Error{errc::nick_taken, "the nick " + nick->str() + " is taken"};
  const auto old = session.nick_.str();
  if (old == nick->str()) return {};
  release_nick(session);
  for (const auto& w : session.rooms_) rooms_.at(w.room->name()).people.erase(&session);
  session.set_nick(*nick);
  claim_nick(session);
  if (session.kept_) put(session);
  for (const auto& w : session.rooms_) {
    auto& e = rooms_.at(w.room->name());
    e.people.insert(&session);
    tell_presence(e);  // who comes has come before it is somebody else
    if (e.names) e.room->append(Rename{old, nick->str(), origin});
  }
  return {};
}

bool Hub::nick_in_use(const Nick& nick) const {
  const std::lock_guard lock(m_);
  const auto holder = nicks_.find(nick.key());
  return holder != nicks_.end() && ((*holder)->connections_ > 0 || !grace_over(**holder));
}

// ---- to one person

// Whether what is said to it alone gets there, now or when it comes back.
bool Hub::reachable(const Session& s) const {
  if (s.clients_.empty()) return s.kept_ && (s.connections_ > 0 || !grace_over(s));
  return std::ranges::any_of(s.clients_, [](const Client* c) { return !verbatim(c->wire()); });
}

bool Hub::put_direct(Client& client, const DirectPtr& d, bool own) {
  if (!client.inbox_) client.inbox_ = std::make_unique<std::vector<Received>>();
  auto& inbox = *client.inbox_;
  if (inbox.size() >= directs_max) return false;
  inbox.push_back({d, own});
  client.inbox_size_ = static_cast<std::uint16_t>(inbox.size());
  // It is flushed for the first one already.
  if (inbox.size() == 1) client.shard().post([c = client.shared_from_this()] { c->shard().flush_soon(*c); });
  return true;
}

// For somebody who has no connection now. What waits for whom nobody waits any more makes room first.
result<void> Hub::let_wait(Session& to, const DirectPtr& d) {
  while (!awaited_.empty() && awaited_.front()->connections_ == 0 && grace_over(*awaited_.front()))
    forget_waiting(*awaited_.front());
  auto& waiting = to.kept_->waiting;
  if (waiting.size() >= directs_max)
    return Error{errc::too_many, std::to_string(directs_max) + " messages wait for " + d->to + "; not sent"};
  if (waiting_bytes_ + waiting_cost(*d) > waiting_bytes_max)
    return Error{errc::overloaded, "too much waits for people who are away; try again later"};
  if (waiting.empty()) to.kept_->awaited = awaited_.insert(awaited_.end(), &to);
  waiting.push_back(d);
  waiting_bytes_ += waiting_cost(*d);
  return {};
}

void Hub::forget_waiting(Session& s) {
  if (!s.kept_ || s.kept_->waiting.empty()) return;
  for (const auto& d : s.kept_->waiting) waiting_bytes_ -= waiting_cost(*d);
  s.kept_->waiting.clear();
  s.kept_->waiting.shrink_to_fit();
  awaited_.erase(s.kept_->awaited);
}

result<void> Hub::direct(Session& from, ClientId origin, Direct d) {
  const std::lock_guard lock(m_);
  const auto found = nicks_.find(Nick::key_of(d.to));
  if (found == nicks_.end() || !reachable(**found))
    return Error{errc::no_such_nick, "nobody of that name is here; not sent"};
  auto& to = **found;
  d.to = to.nick_.str();
  const auto message = std::make_shared<const Direct>(std::move(d));
  if (to.clients_.empty()) {
    if (auto waits = let_wait(to, message); !waits) return waits;
  } else {
    bool taken = false;
    for (auto* client : to.clients_) taken |= put_direct(*client, message, false);
    if (!taken) return Error{errc::overloaded, message->to + " does not read what is sent; try again later"};
  }
  if (&to == &from) return {};
  for (auto* client : from.clients_)
    if (client->id() != origin) put_direct(*client, message, true);
  return {};
}

std::optional<Hub::Received> Hub::take_direct(Client& client) {
  const std::lock_guard lock(m_);
  if (!client.inbox_) return std::nullopt;
  auto& inbox = *client.inbox_;
  const auto first = std::move(inbox.front());
  inbox.erase(inbox.begin());
  client.inbox_size_ = static_cast<std::uint16_t>(inbox.size());
  if (inbox.empty()) client.inbox_.reset();
  return first;
}

bool Hub::typing(const RoomName& room, const Session& session, ClientId origin) {
  const std::lock_guard lock(m_);
  const auto found = rooms_.find(room);
  if (found == rooms_.end() || !found->second.names) return false;
  tell_presence(found->second);  // who types has come before
  if (!found->second.names) return false;
  found->second.room->append(Typing{session.nick_.str(), origin});
  return true;
}

// ---- rooms

result<std::shared_ptr<Room>> Hub::open(const RoomName& name, const Host& host) {
  const std::lock_guard lock(m_);
  auto found = rooms_.find(name);
  if (found == rooms_.end()) {
    const bool counts = options_.rooms > 0 && name != options_.default_room;
    if (counts) {
      if (rooms_taken(host)) drop_emptied();
      if (rooms_.size() >= options_.rooms) return Error{errc::too_many, "this server has all the rooms it may have"};
      if (rooms_taken(host)) return Error{errc::too_many, "your address has opened all the rooms it may"};
    }
    found = rooms_.emplace(name, Entry{}).first;
    found->second.room = std::make_shared<Room>(name, journal_, options_.window_bytes, in_flight_);
    if (counts && host) {
      found->second.opened_by = host;
      ++rooms_of_[*host];
    }
  }
  ++found->second.users;
  return found->second.room;
}

bool Hub::rooms_taken(const Host& host) const {
  if (rooms_.size() >= options_.rooms) return true;
  const auto opened = host ? rooms_of_.find(*host) : rooms_of_.end();
  return opened != rooms_of_.end() && opened->second >= std::max(options_.rooms / 10, rooms_of_host_min);
}

// Rooms that the journal has emptied meanwhile are no more.
void Hub::drop_emptied() {
  const auto now = now_();
  if (now - swept_ < sweep_every) return;
  swept_ = now;
  for (auto e = rooms_.begin(); e != rooms_.end();) drop_if_unused(e++);
}

void Hub::close(const RoomName& room) {
  const std::lock_guard lock(m_);
  const auto found = rooms_.find(room);
  --found->second.users;
  drop_if_unused(found);
}

bool Hub::has_messages(const RoomName& room) const { return journal_.head(room) > journal_.floor(room); }

void Hub::drop_if_unused(std::map<RoomName, Entry>::iterator e) {
  // While a message is under way the room is held: it may be the first one.
  if (e->second.users == 0 && !has_messages(e->first) && e->second.room.use_count() == 1) {
    std::erase(changed_, e->first);
    if (const auto& host = e->second.opened_by; host && --rooms_of_[*host] == 0) rooms_of_.erase(*host);
    rooms_.erase(e);
  }
}

void Hub::join(const RoomName& room, Session& session, Via via, ClientId origin) {
  const std::lock_guard lock(m_);
  auto& e = rooms_.at(room);
  if (const auto here = where(session, *e.room); here != session.rooms_.end()) {
    ++here->connections;
    return;
  }
  session.rooms_.push_back({e.room.get(), 1, via});
  e.people.insert(&session);
  note(e, {session.nick_.str(), via, origin}, true);
}

void Hub::leave(const RoomName& room, Session& session, ClientId origin) {
  const std::lock_guard lock(m_);
  auto& e = rooms_.at(room);
  const auto here = where(session, *e.room);
  if (here == session.rooms_.end() || --here->connections > 0) return;
  const Member who{session.nick_.str(), here->via, origin};
  session.rooms_.erase(here);
  e.people.erase(&session);
  note(e, who, false);
}

Session::Places::iterator Hub::where(Session& session, const Room& room) {
  return std::ranges::find(session.rooms_, &room, &Session::Where::room);
}

Member Hub::member(Session& session, const Room& room) { return {session.nick_.str(), where(session, room)->via}; }

void Hub::note(Entry& e, const Member& who, bool joined) {
  // Coming and going within one interval cancel out.
  auto& list = joined ? e.joined : e.left;
  auto& opposite = joined ? e.left : e.joined;
  const auto undone = std::ranges::find(opposite, who.nick, &Member::nick);
  if (undone != opposite.end()) {
    opposite.erase(undone);
  } else if (!e.unnamed) {
    list.push_back(who);
    // Too many at once are not named: a frame has its bound, and so has the search above.
    if (list.size() > options_.presence_max) {
      e.unnamed = true;
      e.joined.clear();
      e.left.clear();
    }
  }
  if (e.changed) return;
  e.changed = true;
  changed_.push_back(e.room->name());
  if (changed_.size() == 1) presence_due_();
}

void Hub::give_up_waiting() {
  if (in_flight_.count() == 0) return;
  std::vector<std::shared_ptr<Room>> rooms;
  {
    const std::lock_guard lock(m_);
    for (const auto& [name, e] : rooms_) rooms.push_back(e.room);
  }
  const auto since = std::chrono::steady_clock::now() - patience;
  for (const auto& room : rooms) room->give_up(since);
}

void Hub::flush_presence() {
  const std::lock_guard lock(m_);
  for (const auto& name : std::exchange(changed_, {})) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    found->second.changed = false;
    tell_presence(found->second);
    drop_if_unused(found);
  }
}

void Hub::announce(const RoomName& room) {
  const std::lock_guard lock(m_);
  const auto found = rooms_.find(room);
  if (found != rooms_.end() && found->second.names) tell_presence(found->second);
}

void Hub::tell_presence(Entry& e) {
  if (e.joined.empty() && e.left.empty() && !e.unnamed) return;
  const auto count = e.people.size();
  const auto max = options_.presence_max;
  const bool few = !std::exchange(e.unnamed, false);
  const bool names = few && (e.names ? count <= max : count * 5 <= max * 4);
  PresenceChange change{count, names, std::move(e.joined), std::move(e.left), {}};
  e.joined.clear();
  e.left.clear();
  if (names && !e.names) {
    // Small again: whoever kept a list starts from this one.
    for (auto* session : e.people) change.everybody.push_back(member(*session, *e.room));
  }
  e.names = names;
  e.room->append(change);
}

People Hub::people(const RoomName& room, std::string_view prefix, std::size_t limit) const {
  const std::lock_guard lock(m_);
  People out;
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return out;
  out.count = found->second.people.size();
  if (limit == 0) return out;
  const auto& all = found->second.people;
  for (auto p = all.lower_bound(prefix); p != all.end() && (*p)->nick_.str().starts_with(prefix); ++p) {
    out.more = out.members.size() == limit;
    if (out.more) break;
    out.members.push_back(member(**p, *found->second.room));
  }
  return out;
}

Rooms Hub::rooms(std::size_t limit) const {
  const std::lock_guard lock(m_);
  Rooms out;
  std::size_t seen = 0;
  for (const auto& [name, e] : rooms_) {
    if (out.rooms.size() == limit) {
      out.more = rooms_.size() - seen;
      break;
    }
    ++seen;
    const auto head = journal_.head(name);
    if (!e.people.empty() || has_messages(name)) out.rooms.push_back({name.str(), e.people.size(), head});
  }
  return out;
}

}  // namespace chatbridge
