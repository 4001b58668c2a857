#include "core/client.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace chatbridge {
namespace {

ClientId next_id() {
  static std::atomic<ClientId> last{0};
  return ++last;
}

constexpr std::size_t inbox_bytes = 64 * 1024;  // of the private log; direct messages wait for less
constexpr std::size_t message_overhead = 256;   // of a message under way, besides its text

WallTime now_wall() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace

Client::Client(Hub& hub, Shard& shard, Transport& transport, Via via, Wire wire, bool datagrams)
    : transport_(&transport),
      hub_(hub),
      shard_(shard),
      id_(next_id()),
      via_(via),
      wire_(wire),
      datagrams_(datagrams),
      wants_own_(wire == Wire::json_frame || hub.options().echo) {}

void Client::become(std::shared_ptr<Session> session) {
  session_ = std::move(session);
  hub_.attach(*session_, *this);
}

result<std::string> Client::rename(std::string_view raw) {
  const auto& limit = hub_.options().nick_changes;
  const auto now = shard_.wheel().now();
  if (!limit.off() && paces().renamed.wait(now, limit) > Duration{})
    return Error{errc::rate_limited, "a nick can be changed " + std::to_string(limit.count) + " times a minute"};
  const auto renamed = hub_.rename(*session_, raw, id_);
  if (!renamed) return renamed.error();
  paces().renamed.take(now, limit);
  if (wire_ != Wire::json_frame)
    for (auto& c : cursors_) c->expect_own_notice(0);
  return session_->nick();
}

void Client::become_again(std::shared_ptr<Session> session) {
  if (keeps_place_) save_place();
  const auto farewell = can_come_back() ? Farewell::lost : Farewell::said;  // who it was may come back, too
  keeps_place_ = gave_place_away_ = false;
  place_.reset();
  while (!cursors_.empty()) leave(cursors_.back()->room().name());
  hub_.disconnect(*session_, farewell, this);
  become(std::move(session));
}

void Client::gone(Farewell farewell) {
  if (keeps_place_) save_place();
  if ((keeps_place_ || gave_place_away_) && !said_goodbye_) farewell = Farewell::lost;
  place_.reset();
  while (!cursors_.empty()) leave(cursors_.back()->room().name());
  if (session_) hub_.disconnect(*session_, can_come_back() ? farewell : Farewell::said, this);
  paces_.reset();
  history_.reset();
  mute();
  transport_ = nullptr;
}

// ---- rooms

result<Cursor*> Client::attach(const RoomName& room, From from, bool moving) {
  const auto max = hub_.options().rooms_per_client;
  if (max > 0 && cursors_.size() >= max + (moving ? 1 : 0))
    return Error{errc::too_many, "you are in " + std::to_string(max) + " rooms already"};
  auto opened = hub_.open(room, host_);
  if (!opened) return opened.error();
  cursors_.push_back(std::make_unique<Cursor>(*this, *opened, from));
  if (keeps_place_) place_from(cursors_.back()->seq());  // the one room it is in from now on
  shard_.flush_soon(*this);
  return cursors_.back().get();
}

void Client::join(Cursor& cursor) {
  cursor.joined_ = cursor.fresh_ = true;
  hub_.join(cursor.room().name(), *session_, via_, id_);
  if (wire_ != Wire::json_frame) cursor.expect_own_notice(1);
}

void Client::leave(const RoomName& room) {
  const auto found = std::ranges::find(cursors_, room, [](const auto& c) { return c->room().name(); });
  if (found == cursors_.end()) return;
  const auto name = room;  // `room` may be the cursor's own
  if ((*found)->joined_) hub_.leave(name, *session_, id_);
  cursors_.erase(found);
  turn_ = 0;
  hub_.close(name);
}

Cursor* Client::find(std::string_view room) {
  const auto found =
      std::ranges::find(cursors_, room, [](const auto& c) { return std::string_view(c->room().name().str()); });
  return found == cursors_.end() ? nullptr : found->get();
}

Cursor* Client::find(std::uint32_t serial) {
  const auto found = std::ranges::find(cursors_, serial, [](const auto& c) { return c->serial_; });
  return found == cursors_.end() ? nullptr : found->get();
}

// ---- speaking

void Client::say(Cursor& cursor, const Text& text, bool action, std::string id) {
  Message m;
  m.action = action;
  m.text = text.str();
  if (!id.empty()) m.session = session_->id();
  m.id = std::move(id);
  send(cursor, std::move(m));
}

void Client::relay(Cursor& cursor, std::string_view bytes, Form form) {
  Message m;
  m.form = form;
  m.text = bytes;
  send(cursor, std::move(m));
}

void Client::send(Cursor& cursor, Message m) {
  // Who speaks has come before it is heard.
  if (std::exchange(cursor.fresh_, false)) hub_.announce(cursor.room().name());
  m.at = now_wall();
  m.nick = nick();
  m.via = via_;
  m.origin = id_;
  unready();
  ++in_flight_;
  in_flight_bytes_ += static_cast<std::uint32_t>(m.text.size() + message_overhead);
  cursor.room().append(std::move(m), shared_from_this());
}

void Client::settled(Room& room, const std::string& id, std::size_t bytes, const result<Appended>& outcome) {
  const auto seq = outcome ? result<Seq>(outcome->message->seq) : result<Seq>(outcome.error());
  if (shard_.here()) return settle(room, id, bytes, seq);
  shard_.post([self = shared_from_this(), room = room.shared_from_this(), id, bytes, seq] {
    self->settle(*room, id, bytes, seq);
  });
}

// It hears of it behind what was said before it.
void Client::settle(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome) {
  auto* readers = outcome ? shard_.find(room) : nullptr;
  if (readers != nullptr) return readers->settle(shared_from_this(), id, bytes, *outcome);
  settled_here(room, id, bytes, outcome);
}

void Client::settled_here(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome) {
  --in_flight_;
  in_flight_bytes_ -= static_cast<std::uint32_t>(bytes + message_overhead);
  if (!outcome) {
    tell(outcome.error(), id, room.name().str());
  } else {
    if (auto* cursor = find(room.name().str())) cursor->own_appended(*outcome);
    if (wire_ == Wire::json_frame && !id.empty()) {
      std::string ack;
      wire::append_ack(ack, id, room.name().str(), *outcome);
      tell_bytes(ack);
    }
  }
  shard_.flush_soon(*this);
}

void Client::direct(std::string_view nick, const Text& text, std::string id) {
  Direct d;
  d.at = now_wall();
  d.nick = this->nick();
  d.to = nick;
  d.via = via_;
  d.text = text.str();
  d.id = id;
  const auto queued = hub_.direct(*session_, id_, std::move(d));
  if (!queued) return tell(queued.error(), id);
  if (wire_ != Wire::json_frame || id.empty()) return;
  std::string ack;
  wire::append_direct_ack(ack, id);
  tell_bytes(ack);
}

void Client::take_inbox() {
  std::string entry;
  while (private_bytes() < inbox_bytes) {
    const auto received = hub_.take_direct(*this);
    if (!received) return;
    entry.clear();
    wire::append_direct(entry, wire_, *received->direct, received->own);
    tell_bytes(entry);
  }
}

void Client::typing(Cursor& cursor) {
  const auto now = shard_.wheel().now();
  if (now - cursor.typed_ < std::chrono::seconds(1)) return;
  cursor.typed_ = now;
  if (hub_.typing(cursor.room().name(), *session_, id_)) cursor.expect_own_notice(0);
}

Client::Paces& Client::paces() {
  const auto resume = [](void* self) {
    auto& client = *static_cast<Client*>(self);
    client.shard_.flush_soon(client);
  };
  if (!paces_) paces_ = std::make_unique<Paces>(shard_.wheel(), resume, this);
  return *paces_;
}

bool Client::heard() {
  const auto& limit = hub_.options().rate;
  if (limit.off()) return true;
  const auto now = shard_.wheel().now();
  auto& p = paces();
  if (p.said.rested(now)) p.hurried = p.told_slow = false;
  if (datagrams_ && p.said.wait(now, limit) > Duration{}) return tell_slow(), false;
  p.said.take(now, limit);
  const auto wait = p.said.wait(now, limit);
  if (datagrams_ || wait == Duration{}) return true;
  // A burst that is just allowed is not told; one that goes on is.
  if (std::exchange(p.hurried, true)) tell_slow();
  p.resume.arm(wait);
  return true;
}

void Client::tell_slow() {
  if (std::exchange(paces().told_slow, true)) return;
  tell(Error{errc::rate_limited,
             "you send faster than " + std::to_string(hub_.options().rate.count) + " messages a second: " +
                 (datagrams_ ? "what is more is dropped" : "you are read more slowly, nothing is lost")});
}

void Client::turn_away(std::string_view reason, const std::optional<Error>& why) {
  if (transport_ == nullptr) return;
  if (why) tell(*why);
  mute();
  transport_->turned_away(reason);
}

bool Client::congested() const {
  const auto max = hub_.options().pending_bytes;
  return in_flight_bytes_ > max || private_bytes() > max || reads_ > 0 || (paces_ && paces_->resume.armed());
}

// ---- what it alone is told

void Client::tell(std::string_view line) {
  std::string entry;
  wire::append_line(entry, wire_, line);
  tell_bytes(entry);
}

void Client::tell(const Error& error, std::string_view id, std::string_view room) {
  std::string entry;
  wire::append_error(entry, wire_, error, id, room);
  tell_bytes(entry);
}

void Client::tell_json(std::string_view object) {
  std::string entry;
  wire::append_frame(entry, object);
  tell_bytes(entry);
}

void Client::tell_bytes(std::string_view ready) {
  if (!muted_) tell_last(ready);
}

void Client::tell_last(std::string_view ready) {
  if (ready.empty()) return;
  auto& log = private_log();
  if (datagrams_) {
    const auto size = static_cast<std::uint32_t>(ready.size());
    log.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  log += ready;
  shard_.flush_soon(*this);
}

void Client::deafen() {
  mute();
  if (private_) private_->sent = private_->bytes.size();
  forget_sent();
}

std::string& Client::private_log() {
  if (!private_) private_ = std::make_unique<Private>();
  return private_->bytes;
}

void Client::forget_sent() {
  if (!private_) return;
  auto& [bytes, sent] = *private_;
  if (sent < bytes.size()) {
    // Something is always unsent to some: what is sent must go all the same.
    if (sent < 65536 || sent < bytes.size() / 2) return;
    private_base_ += sent;
    bytes.erase(0, sent);
    sent = 0;
    return;
  }
  private_base_ += bytes.size();
  private_.reset();
}

// ---- sending

void Client::ready(Sink& sink) {
  if (held_ || ends_ || dirty_ || place_ || inbox_size_ > 0 || private_bytes() > 0) return;
  for (auto& c : cursors_) c->ready(sink);
}

Chunk& Client::gather() {
  unready();
  if (!held_ && inbox_size_ > 0) take_inbox();
  auto& chunk = shard_.chunk();
  chunk.clear();
  if (private_bytes() > 0) {
    chunk.add(private_->bytes.data() + private_->sent, private_bytes(), 0);
    chunk.private_bytes = private_bytes();
  }
  if (held_) return chunk;
  for (std::size_t tried = 0; tried < cursors_.size();) {
    auto& cursor = *cursors_[turn_ % cursors_.size()];
    cursor.gather(chunk);
    if (chunk.cursor != nullptr && chunk.bytes > chunk.private_bytes) return chunk;
    if (chunk.cursor != nullptr) {
      // Nothing but its own: it has moved, and there may be more.
      cursor.advance(chunk, 0);
      chunk.cursor = nullptr;
    } else {
      ++tried;
      ++turn_;
    }
  }
  return chunk;
}

void Client::sent(const Chunk& chunk, std::size_t bytes) {
  const auto own = std::min(bytes, chunk.private_bytes);
  if (own > 0) {
    private_->sent += own;
    forget_sent();
  }
  if (chunk.cursor != nullptr && bytes > own) {
    const auto rest = chunk.cursor->advance(chunk, bytes - own);
    if (!rest.empty()) private_log() += rest;
    ++turn_;
  }
  sent_some(bytes);
}

Cursor::Entry Client::next_datagram() {
  unready();
  if (inbox_size_ > 0) take_inbox();
  if (private_bytes() > 0) {
    // Moved out: the segment is made for it, so that whoever sends it can keep it like any other entry.
    auto& [bytes, sent] = *private_;
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + sent, sizeof size);
    sent += sizeof size;
    auto segment = std::make_shared<Segment>(0, size);
    std::copy_n(bytes.data() + sent, size, segment->bytes.get());
    sent += size;
    forget_sent();
    sent_some(size);
    return {{segment->bytes.get(), size}, segment};
  }
  if (held_ || cursors_.empty()) return {};
  auto entry = cursors_.front()->next_entry();
  sent_some(entry.bytes.size());
  return entry;
}

bool Client::drained() {
  if (private_bytes() > 0 || in_flight_ > 0 || reads_ > 0) return false;
  if (held_) return true;
  return inbox_size_ == 0 &&
         std::ranges::all_of(cursors_, [this](const auto& c) { return ends_ ? c->at_end() : c->at_head(); });
}

}  // namespace chatbridge
