#include "core/cursor.hpp"

#include <algorithm>

#include "core/client.hpp"
#include "core/room.hpp"

namespace chatbridge {
namespace {

constexpr std::size_t page_messages = 256;
constexpr std::size_t page_bytes = 64 * 1024;    // of a page, as it goes over the wire
constexpr std::size_t chunk_bytes = 256 * 1024;  // of a room; more at once only keeps other clients waiting

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

WallTime wall(std::uint32_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace

Cursor::Cursor(Client& client, std::shared_ptr<Room> room, From from)
    : client_(client),
      room_(std::move(room)),
      readers_(client.shard().readers(room_)),
      serial_(next_serial()),
      last_(from.what == From::What::last ? from.last : 0),
      old_(from.old) {
  readers_->attach(*this);
  const auto& view = readers_->view(wire());
  if (from.what == From::What::head) {
    seq_ = view.head_seq;
    offset_ = view.head;
  } else {
    state_ = State::below;
    seq_ = from.after;
    resume_seq_ = view.head_seq;
    resume_offset_ = view.head;
  }
}

Cursor::~Cursor() { readers_->detach(*this); }

Wire Cursor::wire() const { return client_.wire(); }

bool Cursor::at_end() {
  if (end_ == Seq{nowhere}) end_ = room_->head();
  return seq_ >= end_ || (at_head() && readers_->view(wire()).head_seq >= end_);
}

bool Cursor::position(const View& view) {
  if (state_ == State::reading || (retry_ && retry_->armed())) return false;
  if (state_ == State::live && offset_ >= view.begin) return offset_ != view.head;
  if (state_ == State::live) {
    // Fell behind; what it was told of who is here is old anyway.
    state_ = State::below;
    resume_offset_ = nowhere;
  }
  if (last_ > 0 || seq_ < view.floor || (old_ && seq_ < resume_seq_)) {
    // A page at a time, and only when the one before has gone out.
    if (client_.may_read_journal()) read_page();
    return false;
  }
  // A page can be ahead of what this shard was shown: the walk that shows it is on its way.
  if (seq_ > view.head_seq) return false;
  state_ = State::live;
  offset_ = can_resume(view) && seq_ == resume_seq_ ? resume_offset_ : view.after(seq_);
  return offset_ != view.head;
}

bool Cursor::can_resume(const View& view) const { return resume_offset_ != nowhere && resume_offset_ >= view.begin; }

bool Cursor::cutting() const {
  if (wire() == Wire::json_frame) return own_notice_ > 0;  // its own typing
  return !client_.wants_own() && (client_.in_flight() > 0 || own_through_ > seq_ || own_notice_ > 0);
}

void Cursor::gather(Chunk& chunk) {
  const auto& view = readers_->view(wire());
  if (!position(view)) return;
  chunk.cursor = this;
  auto part = view.parts.size();
  while (part > 0 && view.parts[part - 1].end() > offset_) --part;
  if (cutting()) return gather_cut(chunk, view, part);
  auto at = offset_;
  const auto most = chunk.bytes + chunk_bytes;  // besides the private log: a cursor asked for bytes gives some
  for (; part < view.parts.size() && !chunk.full() && chunk.bytes < most; ++part) {
    const auto& p = view.parts[part];
    chunk.add(p.segment->bytes.get() + (at - p.segment->base), p.end() - at, at);
    at = p.end();
    chunk.last = p.segment->marks[p.marks - 1];
  }
  chunk.end = at;
}

void Cursor::gather_cut(Chunk& chunk, const View& view, std::size_t part) {
  auto at = offset_;
  const auto most = chunk.bytes + chunk_bytes;
  for (; part < view.parts.size(); ++part) {
    const auto& p = view.parts[part];
    const auto* marks = p.segment->marks.get();
    const auto* end = marks + p.marks;
    const auto local = static_cast<std::uint32_t>(at - p.segment->base);
    auto run = local, from = local;  // [run, from): not yet added
    for (const auto *m = std::upper_bound(marks, end, local, [](std::uint32_t o, const Mark&x) { return o < x.end; });
         m != end; ++m) {
      const bool own = m->origin == client_.id();
      if (own && from > run) chunk.add(p.segment->bytes.get() + run, from - run, p.segment->base + run);
      from = m->end;
      if (own) run = from;
      at = p.segment->base + from;
      chunk.end = at;
      chunk.last = *m;
      if (chunk.count + 1 >= Chunk::max) break;
    }
    if (from > run) chunk.add(p.segment->bytes.get() + run, from - run, p.segment->base + run);
    if (chunk.count + 1 >= Chunk::max || chunk.bytes >= most) return;
  }
}

void Cursor::advance(const Chunk& chunk, std::size_t bytes, std::string& rest) {
  const auto& view = readers_->view(wire());
  if (bytes == chunk.bytes - chunk.private_bytes) {
    offset_ = chunk.end;
    seq_ = chunk.last.seq;
    seq_at_ = chunk.last.at;
    return passed(view);
  }
  std::size_t piece = chunk.private_bytes > 0 ? 1 : 0;
  for (; bytes > chunk.iov[piece].iov_len; ++piece) bytes -= chunk.iov[piece].iov_len;
  if (bytes == 0) return;
  const auto reached = chunk.offset[piece] + bytes;
  const auto place = view.entry_at(reached);
  rest.append(place.part->segment->bytes.get() + (reached - place.part->segment->base), place.end() - reached);
  offset_ = place.end();
  seq_ = place.mark->seq;
  seq_at_ = place.mark->at;
  passed(view);
}

void Cursor::passed(const View& view) {
  if (offset_ == view.head && view.notices >= own_notice_) own_notice_ = 0;
}

Cursor::Entry Cursor::next_entry() {
  const auto& view = readers_->view(wire());
  while (position(view)) {
    const auto place = view.entry_at(offset_ + 1);
    const auto from = place.mark == place.part->segment->marks.get() ? 0 : (place.mark - 1)->end;
    const bool own = place.mark->origin == client_.id() && !client_.wants_own();
    offset_ = place.end();
    seq_ = place.mark->seq;
    seq_at_ = place.mark->at;
    passed(view);
    if (!own) return {{place.part->segment->bytes.get() + from, place.mark->end - from}, place.part->segment};
  }
  return {};
}

void Cursor::own_appended(Seq seq) { own_through_ = std::max(own_through_, seq); }

void Cursor::expect_own_notice(std::uint64_t more) { own_notice_ = std::max(own_notice_, room_->notices() + more); }

void Cursor::read_page() {
  const auto most = last_ > 0 ? last_ : page_messages;
  // Not the window's floor when the page comes: what was said meanwhile may have left the window already.
  covered_ = last_ > 0 ? resume_seq_ : std::max(resume_seq_, readers_->view(wire()).floor);
  const auto wait = client_.hub().replay().ask(client_.host(), most, client_.shard().wheel().now());
  if (wait > Duration{}) return retry_in(wait);
  state_ = State::reading;
  client_.reading(true);
  auto done = [client = client_.shared_from_this(), serial = serial_, most](result<Page> page) {
    // Posted even on this thread: the client is in the middle of a flush.
    client->shard().post([client, serial, most, page = std::move(page)] {
      client->hub().replay().settle(client->host(), most, page ? page->messages.size() : 0);
      client->reading(false);
      auto* cursor = client->find(serial);
      if (cursor != nullptr) cursor->page_arrived(page);
      client->shard().flush_soon(*client);
    });
  };
  if (last_ > 0) {
    // Of what there was when it came; what is newer comes from the log.
    room_->journal().read_before(room_->name(), Seq{number(resume_seq_) + 1}, most, std::move(done));
  } else {
    room_->journal().read_after(room_->name(), seq_, most, std::move(done));
  }
}

void Cursor::page_arrived(const result<Page>& page) {
  state_ = State::below;
  if (!page) return retry_in(client_.hub().options().page_retry);
  const wire::Of room{room_->name().str(), room_->journal().epoch().name};
  if (last_ > 0) {
    seq_ = page->start;
    last_ = 0;
  } else if (seq_ < page->floor) {
    // In verbatim relay there is no way to tell of a gap; of datagrams some are lost, a stream ends.
    if (verbatim(wire()) && !client_.datagrams()) return client_.turn_away("fell behind");
    std::string gap;
    const auto first = seq_at_ > 0 ? wall(seq_at_) : page->floor_at;
    wire::append_gap(gap, wire(), room, seq_, page->floor, first, page->floor_at);
    client_.tell_bytes(gap);
    seq_ = page->floor;
  }
  const auto& view = readers_->view(wire());
  const bool resumes = can_resume(view);
  std::string entry;
  for (const auto& m : page->messages) {
    if (resumes && m->seq > resume_seq_) {
      seq_ = std::max(seq_, resume_seq_);  // nothing is kept between the two
      return;
    }
    if (client_.private_bytes() >= page_bytes) return;  // the rest is read again: a short text can be long in lines
    seq_ = m->seq;
    seq_at_ = static_cast<std::uint32_t>(m->at.time_since_epoch() / std::chrono::seconds(1));
    if (m->origin == client_.id() && !client_.wants_own()) continue;
    entry.clear();
    wire::append_message(entry, wire(), room, *m, old_ && m->seq <= resume_seq_);
    client_.tell_bytes(entry);
  }
  if (page->messages.empty()) seq_ = std::max(seq_, covered_);
}

void Cursor::retry_in(Duration wait) {
  retry_ = std::make_unique<Timer>(
      client_.shard().wheel(),
      [](void* self) { static_cast<Cursor*>(self)->client_.shard().flush_soon(static_cast<Cursor*>(self)->client_); },
      this);
  retry_->arm(wait);
}

}  // namespace chatbridge
