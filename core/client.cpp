#include "core/client.hpp"

#include <algorithm>
#include <atomic>

namespace chatbridge {
namespace {

ClientId next_id() {
  static std::atomic<ClientId> last{0};
  return ++last;
}

constexpr std::size_t message_overhead = 256;  // of a message under way, besides its text

WallTime now_wall() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace

Client::Client(Hub& hub, Shard& shard, Transport& transport, Via via, Wire wire, bool datagrams)
    : hub_(hub),
      shard_(shard),
      transport_(&transport),
      id_(next_id()),
      via_(via),
      wire_(wire),
      datagrams_(datagrams),
      wants_own_(wire == Wire::json_frame || hub.options().echo) {}

void Client::become(std::shared_ptr<Session> session) { session_ = std::move(session); }

result<std::string> Client::rename(std::string_view raw) {
  const auto renamed = hub_.rename(*session_, raw, id_);
  if (!renamed) return renamed.error();
  for (auto& c : cursors_) c->expect_own_notice(0);
  return session_->nick();
}

void Client::gone(Farewell farewell) {
  while (!cursors_.empty()) leave(cursors_.back()->room().name());
  if (session_) hub_.disconnect(*session_, farewell);
  mute();
  transport_ = nullptr;
}

// ---- rooms

result<Cursor*> Client::attach(const RoomName& room, From from, bool moving) {
  const auto max = hub_.options().rooms_per_client;
  if (max > 0 && cursors_.size() >= max + (moving ? 1 : 0))
    return Error{errc::too_many, "you are in " + std::to_string(max) + " rooms already"};
  auto opened = hub_.open(room);
  if (!opened) return opened.error();
  cursors_.push_back(std::make_unique<Cursor>(*this, *std::move(opened), from));
  shard_.flush_soon(*this);
  return cursors_.back().get();
}

void Client::join(Cursor& cursor) {
  cursor.joined_ = cursor.fresh_ = true;
  hub_.join(cursor.room().name(), *session_, via_, id_);
  cursor.expect_own_notice(1);
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

Cursor* Client::find(std::uint64_t serial) {
  const auto found = std::ranges::find(cursors_, serial, [](const auto& c) { return c->serial_; });
  return found == cursors_.end() ? nullptr : found->get();
}

// ---- speaking

void Client::say(Cursor& cursor, const Text& text, bool action, std::string id) {
  // Who speaks has come before it is heard.
  if (std::exchange(cursor.fresh_, false)) hub_.announce(cursor.room().name());
  Message m;
  m.at = now_wall();
  m.nick = nick();
  m.via = via_;
  m.action = action;
  m.text = text.str();
  if (!id.empty()) m.session = session_->id();
  m.id = std::move(id);
  m.origin = id_;
  ++in_flight_;
  in_flight_bytes_ += m.text.size() + message_overhead;
  cursor.room().append(std::move(m), shared_from_this());
}

void Client::settled(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome) {
  if (shard_.here()) return settled_here(room, id, bytes, outcome);
  shard_.post([self = shared_from_this(), room = room.shared_from_this(), id, bytes, outcome] {
    self->settled_here(*room, id, bytes, outcome);
  });
}

void Client::settled_here(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome) {
  --in_flight_;
  in_flight_bytes_ -= bytes + message_overhead;
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

bool Client::congested() const {
  const auto max = hub_.options().pending_bytes;
  return in_flight_bytes_ > max || private_bytes() > max || reads_ > 0;
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
  if (muted_) return;
  private_ += ready;
  if (datagrams_) private_entries_.push_back(static_cast<std::uint32_t>(ready.size()));
  shard_.flush_soon(*this);
}

void Client::forget_sent() {
  if (private_sent_ < private_.size()) {
    // Something is always unsent to some: what is sent must go all the same.
    if (private_sent_ < 65536 || private_sent_ < private_.size() / 2) return;
    private_base_ += private_sent_;
    private_.erase(0, private_sent_);
    private_sent_ = 0;
    return;
  }
  private_base_ += private_.size();
  private_.clear();
  private_sent_ = 0;
  if (private_.capacity() > 4096) private_.shrink_to_fit();
}

// ---- sending

Chunk& Client::gather() {
  auto& chunk = shard_.chunk();
  chunk.clear();
  if (private_bytes() > 0) {
    chunk.add(private_.data() + private_sent_, private_bytes(), 0);
    chunk.private_bytes = private_bytes();
  }
  if (held_) return chunk;
  for (std::size_t tried = 0; tried < cursors_.size();) {
    auto& cursor = *cursors_[turn_ % cursors_.size()];
    cursor.gather(chunk);
    if (chunk.cursor != nullptr && chunk.bytes > chunk.private_bytes) return chunk;
    if (chunk.cursor != nullptr) {
      // Nothing but its own: it has moved, and there may be more.
      cursor.advance(chunk, 0, private_);
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
  private_sent_ += own;
  forget_sent();
  if (chunk.cursor != nullptr && bytes > own) {
    chunk.cursor->advance(chunk, bytes - own, private_);
    ++turn_;
  }
}

Cursor::Entry Client::next_datagram() {
  if (!private_entries_.empty()) {
    // Moved out: the segment is made for it, so that whoever sends it can keep it like any other entry.
    const auto size = private_entries_.front();
    private_entries_.erase(private_entries_.begin());
    auto segment = std::make_shared<Segment>(0, size);
    std::copy_n(private_.data() + private_sent_, size, segment->bytes.get());
    private_sent_ += size;
    forget_sent();
    return {{segment->bytes.get(), size}, segment};
  }
  if (!held_ && !cursors_.empty()) return cursors_.front()->next_entry();
  return {};
}

bool Client::drained() const {
  return private_bytes() == 0 && in_flight_ == 0 && reads_ == 0 &&
         (held_ || std::ranges::all_of(cursors_, [](const auto& c) { return c->at_head(); }));
}

}  // namespace chatbridge
