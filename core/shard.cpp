#include "core/shard.hpp"

#include <algorithm>

#include "core/client.hpp"
#include "core/guarded.hpp"
#include "core/room.hpp"

namespace chatbridge {

void RoomReaders::attach(Cursor& cursor) {
  const auto wire = cursor.wire();
  auto& readers = this->readers(wire);
  cursor.slot_ = static_cast<std::uint32_t>(readers.size());
  // By a quarter, not to twice the size: there is one for every reader there is.
  if (readers.size() == readers.capacity()) readers.reserve(readers.size() + readers.size() / 4 + 1);
  readers.push_back({&cursor, nullptr, {}});
  room_->open(*this, wire);
  room_->view(wire, views_[static_cast<std::size_t>(wire)]);
}

void RoomReaders::detach(Cursor& cursor) {
  const auto wire = cursor.wire();
  auto& readers = this->readers(wire);
  readers[cursor.slot_] = readers.back();
  readers[cursor.slot_].cursor->slot_ = cursor.slot_;
  readers.pop_back();
  if (readers.empty()) views_[static_cast<std::size_t>(wire)] = View{};
  room_->close(*this, wire);
  if (!empty()) return;
  // Nobody is left to linger for, but what is settled is still to be told.
  if (lingering_) shard_.post([self = shared_from_this()] { self->hurry(); });
  shard_.forget(*room_);
}

void RoomReaders::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  shard_.post([self = shared_from_this()] { self->woken(); });
}

void RoomReaders::woken() {
  const auto linger = shard_.linger();
  if (linger == Duration{} || empty()) return walk();
  // A quiet room waits for nothing. In a busy one a walk that took longer than this has let enough come together.
  const auto now = std::chrono::steady_clock::now();
  const auto due = std::min(walked_ + 2 * linger, now + linger);
  if (due <= now) return walk();
  if (!linger_) linger_ = std::make_unique<boost::asio::steady_timer>(shard_.io());
  linger_->expires_at(due);
  lingering_ = true;
  linger_->async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec) self->hurry();
  });
}

void RoomReaders::hurry() {
  if (!std::exchange(lingering_, false)) return;
  linger_->cancel();
  walk();
}

void RoomReaders::refresh() {
  for (const auto wire : all_wires)
    if (!readers(wire).empty()) room_->view(wire, views_[static_cast<std::size_t>(wire)]);
}

void RoomReaders::walk() {
  // Cleared before the head is read: an entry that comes later finds it cleared and wakes again.
  woken_.store(false, std::memory_order_release);
  const auto settled = std::exchange(settled_, {});
  refresh();
  if (shard_.linger() > Duration{}) walked_ = std::chrono::steady_clock::now();
  {
    const Shard::Flushing flushing(shard_);
    for (const auto wire : all_wires) walk(wire);
  }
  for (const auto& s : settled) guarded([&] { s.client->settled_here(*room_, s.id, s.bytes, s.seq); });
}

void RoomReaders::walk(Wire wire) {
  auto& readers = this->readers(wire);
  shard_.shared_chunk().clear();
  // A flush may take input, and a command may detach any cursor: the last one takes its slot. Backwards, what moves has
  // been flushed, or moves to where the walk still comes.
  for (auto i = readers.size(); i-- > 0;) {
    if (i >= readers.size()) continue;
    guarded([&] {
      if (!send_ready(readers[i], view(wire))) readers[i].cursor->client().transport()->flush();
    });
  }
}

// Whether the reader has all there is now, without a look at anything else of it.
bool RoomReaders::send_ready(Reader& reader, const View& view) {
  const auto from = reader.reached.offset;
  if (reader.ready == nullptr || from < view.begin) return false;
  if (from == view.head) return true;
  auto& chunk = shard_.shared_chunk();
  // Nearly all stand where the one before stood.
  if (chunk.count == 0 || chunk.offset[0] != from || chunk.end != view.head) {
    chunk.clear();
    reader.cursor->gather(chunk);
    if (chunk.count == 0 || chunk.end != view.head) return chunk.clear(), false;
    if (const auto first = view.entry_at(from + 1); first.end() == chunk.end) chunk.entry = first.part->segment;
  }
  const auto sent = reader.ready->send_now(chunk);
  if (sent == chunk.bytes) {
    reader.reached = {chunk.end, chunk.last.seq, chunk.last.at};
    return true;
  }
  reader.ready = nullptr;
  chunk.cursor = reader.cursor;
  if (sent > 0) reader.cursor->client().sent(chunk, sent);
  return false;
}

void RoomReaders::settle(const std::shared_ptr<Client>& client, const std::string& id, std::size_t bytes, Seq seq) {
  if (!woken_) return client->settled_here(*room_, id, bytes, seq);
  settled_.push_back({client, id, bytes, seq});
}

Shard::Shard()
    : wheel_({[](void*) { return std::chrono::steady_clock::now(); },
              [](void* self) { static_cast<Shard*>(self)->drive(); }, this}),
      driver_(io_) {}

void Shard::drive() {
  if (advancing_) return;
  const auto when = wheel_.armed() == 0 ? TimePoint::max() : wheel_.next();
  if (when == driven_) return;
  driven_ = when;
  if (when == TimePoint::max()) {
    driver_.cancel();
    return;
  }
  driver_.expires_at(when);
  driver_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    driven_ = TimePoint::max();
    advancing_ = true;
    wheel_.advance();
    advancing_ = false;
    drive();
  });
}

void Shard::flush_soon(Client& client) {
  client.unready();
  if (client.dirty_ || client.transport() == nullptr) return;
  client.dirty_ = true;
  dirty_.push_back(client.shared_from_this());
  if (dirty_.size() == 1) post([this] { flush_dirty(); });
}

void Shard::flush_dirty() {
  flushing_now_.swap(dirty_);
  {
    const Flushing flushing(*this);
    for (auto& client : flushing_now_) {
      client->dirty_ = false;
      if (auto* transport = client->transport()) guarded([transport] { transport->flush(); });
    }
  }
  flushing_now_.clear();
}

void Shard::after_flush(void (*fn)(void*), void* arg) {
  if (flushing_ == 0) return fn(arg);
  after_.emplace_back(fn, arg);
}

Shard::Flushing::~Flushing() {
  if (--shard_.flushing_ > 0) return;
  for (std::size_t i = 0; i < shard_.after_.size(); ++i) shard_.after_[i].first(shard_.after_[i].second);
  shard_.after_.clear();
}

void Shard::set_linger(Duration linger) {
  linger_time_ = linger;
  std::vector<std::shared_ptr<RoomReaders>> all;  // a walk may have clients leave
  for (const auto& [room, readers] : readers_) all.push_back(readers);
  for (const auto& readers : all) readers->hurry();
}

std::shared_ptr<RoomReaders> Shard::readers(const std::shared_ptr<Room>& room) {
  auto& found = readers_[room.get()];
  if (!found) found = std::make_shared<RoomReaders>(*this, room);
  return found;
}

RoomReaders* Shard::find(const Room& room) {
  const auto found = readers_.find(&room);
  return found == readers_.end() ? nullptr : found->second.get();
}

void Shard::run() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {
      log::error("exception", {{"what", e.what()}});
    }
  }
}

}  // namespace chatbridge
