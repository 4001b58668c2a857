#include "core/room_log.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace chatbridge {
namespace {

constexpr std::size_t segment_min = 4096, segment_max = 65536;
constexpr std::size_t bytes_per_mark = 48;  // a short chat line; a segment is full when either of its parts is

}  // namespace

Segment::Segment(std::uint64_t base, std::size_t capacity)
    : base(base),
      capacity(capacity),
      marks_capacity(capacity / bytes_per_mark),
      bytes(new char[capacity]),
      marks(new Mark[marks_capacity]) {}

View::Place View::entry_at(std::uint64_t offset) const {
  assert(offset > begin && offset <= head);
  // Nearly always the last one or two parts.
  auto part = parts.rbegin();
  while (offset <= part->segment->base) ++part;
  const auto local = static_cast<std::uint32_t>(offset - part->segment->base);
  const auto* first = part->segment->marks.get();
  const auto* mark =
      std::lower_bound(first, first + part->marks, local, [](const Mark& m, std::uint32_t o) { return m.end < o; });
  return {&*part, mark};
}

std::uint64_t View::after(Seq seq) const {
  if (seq >= head_seq) return head;
  for (const auto& part : parts) {
    const auto* first = part.segment->marks.get();
    const auto* last = first + part.marks;
    if (part.marks == 0 || (last - 1)->seq <= seq) continue;
    const auto* mark = std::upper_bound(first, last, seq, [](Seq s, const Mark& m) { return s < m.seq; });
    return part.segment->base + (mark == first ? 0 : (mark - 1)->end);
  }
  return head;
}

void WireLog::start(Seq head) {
  stop();
  active_ = true;
  head_seq_ = floor_ = head;
}

void WireLog::stop() {
  parts_.clear();
  writable_.clear();
  capacity_ = 0;
  active_ = false;
}

Segment& WireLog::room_for(std::size_t bytes) {
  if (!parts_.empty()) {
    auto& last = *writable_.back();
    if (parts_.back().used + bytes <= last.capacity && parts_.back().marks < last.marks_capacity) return last;
  }
  const auto grown = writable_.empty() ? segment_min : std::min(writable_.back()->capacity * 2, segment_max);
  auto segment = std::make_shared<Segment>(head_, std::max(grown, bytes));
  writable_.push_back(segment);
  parts_.push_back({segment, 0, 0});
  capacity_ += segment->memory();
  return *segment;
}

void WireLog::append(std::string_view bytes, Seq seq, std::uint32_t at, ClientId origin) {
  auto& segment = room_for(bytes.size());
  auto& part = parts_.back();
  std::memcpy(segment.bytes.get() + part.used, bytes.data(), bytes.size());
  part.used += static_cast<std::uint32_t>(bytes.size());
  segment.marks[part.marks++] = {part.used, at, seq, origin};
  head_ += bytes.size();
  head_seq_ = seq;
}

void WireLog::drop_oldest() {
  if (parts_.size() < 2) return;
  floor_ = parts_.front().segment->marks[parts_.front().marks - 1].seq;
  capacity_ -= parts_.front().segment->memory();
  parts_.erase(parts_.begin());
  writable_.erase(writable_.begin());
}

void WireLog::view(View& into) const {
  // Between two wakes usually only the last part has grown: then nothing is copied.
  if (into.parts.size() == parts_.size() && !parts_.empty() && into.parts.front().segment == parts_.front().segment &&
      into.parts.back().segment == parts_.back().segment) {
    into.parts.back() = parts_.back();
  } else {
    into.parts = parts_;
  }
  into.begin = parts_.empty() ? head_ : parts_.front().segment->base;
  into.head = head_;
  into.head_seq = head_seq_;
  into.floor = floor_;
}

RoomLog::RoomLog(std::string room, std::size_t window_bytes, Seq head, std::string epoch)
    : room_(std::move(room)), epoch_(std::move(epoch)), window_bytes_(window_bytes), head_(head) {}

void RoomLog::open(Wire wire) {
  if (!log(wire).active()) log(wire).start(head_);
}

void RoomLog::close(Wire wire) { log(wire).stop(); }

template <class Encode>
void RoomLog::add(Wire wire, ClientId origin, Encode encode) {
  if (!log(wire).active()) return;
  scratch_.clear();
  encode(scratch_);
  log(wire).append(scratch_, head_, head_at_, origin);
}

void RoomLog::append(const Message& m) {
  assert(m.seq > head_);
  head_ = m.seq;
  head_at_ = static_cast<std::uint32_t>(m.at.time_since_epoch() / std::chrono::seconds(1));
  // Who speaks JSON gets back what it says.
  for (const auto wire : all_wires)
    add(wire, wire == Wire::json_frame ? 0 : m.origin, [&](std::string& out) {
      wire::append_message(out, wire, {room_, epoch_}, m);
    });
  trim();
}

void RoomLog::append(const PresenceChange& change) {
  ++notices_;
  for (const auto wire : {Wire::line, Wire::text_frame}) {
    if (!change.names) break;
    for (const auto& who : change.joined)
      add(wire, who.origin, [&](std::string& out) { wire::append_joined(out, wire, who); });
    for (const auto& who : change.left)
      add(wire, who.origin, [&](std::string& out) { wire::append_left(out, wire, who); });
  }
  add(Wire::json_frame, 0, [&](std::string& out) { wire::append_presence(out, room_, change); });
  trim();
}

void RoomLog::append(const Rename& rename) {
  ++notices_;
  for (const auto wire : {Wire::line, Wire::text_frame, Wire::json_frame})
    add(wire, wire == Wire::json_frame ? 0 : rename.origin,
        [&](std::string& out) { wire::append_rename(out, wire, room_, rename); });
  trim();
}

void RoomLog::append(const Typing& typing) {
  ++notices_;
  add(Wire::json_frame, typing.origin, [&](std::string& out) { wire::append_typing(out, room_, typing); });
  trim();
}

void RoomLog::trim() {
  for (;;) {
    std::size_t total = 0;
    WireLog* largest = nullptr;
    for (auto& l : logs_) {
      total += l.capacity();
      if (l.segments() > 1 && (largest == nullptr || l.capacity() > largest->capacity())) largest = &l;
    }
    if (total <= window_bytes_ || largest == nullptr) return;
    largest->drop_oldest();
  }
}

void RoomLog::view(Wire wire, View& into) const {
  logs_[static_cast<std::size_t>(wire)].view(into);
  into.notices = notices_;
}

}  // namespace chatbridge
