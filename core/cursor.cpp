#include "core/cursor.hpp"

#include <algorithm>

#include "core/client.hpp"
#include "core/room.hpp"

namespace chatbridge {
namespace {

constexpr std::size_t page_messages = 256;
constexpr std::size_t page_bytes = 64 * 1024;    // of a page, as it goes over the wire
constexpr std::size_t chunk_bytes = 256 * 1024;  // of a room; more at once only keeps other clients waiting

WallTime wall(std::uint32_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace

Cursor::Cursor(Client& client, const std::shared_ptr<Room>& room, From from)
    : client_(client), readers_(client.shard().readers(room).get()), serial_(client.next_serial()) {
  readers_->attach(*this);
  const auto& view = readers_->view(wire());
  if (from.what == From::What::head) {
    reached() = {view.head, view.head_seq, 0};
    return;
  }
  reached().seq = from.after;
  auto& below = fall_below();
  below.old = from.old;
  if (from.what == From::What::last) below.last = from.last;
  below.resume_seq = view.head_seq;
  below.resume_offset = view.head;
}

Cursor::~Cursor() { readers_->detach(*this); }

Wire Cursor::wire() const { return client_.wire(); }

bool Cursor::at_end() {
  if (end_ == Seq{nowhere}) end_ = room().head();
  return seq() >= end_ || (at_head() && readers_->view(wire()).head_seq >= end_);
}

Cursor::Below& Cursor::fall_below() {
  const auto retry = [](void* self) {
    auto& client = static_cast<Cursor*>(self)->client_;
    client.shard().flush_soon(client);
  };
  below_ = std::make_unique<Below>(client_.shard().wheel(), retry, this);
  return *below_;
}

bool Cursor::find_place(const View& view) {
  auto& [offset, seq, at] = reached();
  if (!below_) {
    if (offset >= view.begin) return offset != view.head;
    // Fell behind; what it was told of who is here is old anyway.
    fall_below();
  }
  auto& below = *below_;
  if (below.reading || below.retry.armed()) return false;
  if (below.last > 0 || seq < view.floor || (below.old && seq < below.resume_seq)) {
    // A page at a time, and only when the one before has gone out.
    if (client_.may_read_journal()) read_page();
    return false;
  }
  // A page can be ahead of what this shard was shown: the walk that shows it is on its way.
  if (seq > view.head_seq) return false;
  offset = below.can_resume(view) && seq == below.resume_seq ? below.resume_offset : view.after(seq);
  below_.reset();
  return offset != view.head;
}

bool Cursor::cutting() const {
  if (wire() == Wire::json_frame) return own_notice_ > 0;  // its own typing
  return !client_.wants_own() && (client_.in_flight() > 0 || own_through_ > seq() || own_notice_ > 0);
}

void Cursor::gather(Chunk& chunk) {
  const auto& view = readers_->view(wire());
  if (!find_place(view)) return;
  chunk.cursor = this;
  auto part = view.parts.size();
  while (part > 0 && view.parts[part - 1].end() > reached().offset) --part;
  if (cutting()) return gather_cut(chunk, view, part);
  auto at = reached().offset;
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
  auto at = reached().offset;
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

std::string_view Cursor::advance(const Chunk& chunk, std::size_t bytes) {
  const auto& view = readers_->view(wire());
  if (bytes == chunk.bytes - chunk.private_bytes) {
    reached() = {chunk.end, chunk.last.seq, chunk.last.at};
    return passed(view), std::string_view{};
  }
  std::size_t piece = chunk.private_bytes > 0 ? 1 : 0;
  for (; bytes > chunk.iov[piece].iov_len; ++piece) bytes -= chunk.iov[piece].iov_len;
  if (bytes == 0) return {};
  const auto sent = chunk.offset[piece] + bytes;
  const auto place = view.entry_at(sent);
  reached() = {place.end(), place.mark->seq, place.mark->at};
  passed(view);
  return {place.part->segment->bytes.get() + (sent - place.part->segment->base), place.end() - sent};
}

void Cursor::passed(const View& view) {
  if (reached().offset == view.head && view.notices >= own_notice_) own_notice_ = 0;
}

Cursor::Entry Cursor::next_entry() {
  const auto& view = readers_->view(wire());
  while (find_place(view)) {
    const auto place = view.entry_at(reached().offset + 1);
    const auto from = place.mark == place.part->segment->marks.get() ? 0 : (place.mark - 1)->end;
    const bool own = place.mark->origin == client_.id() && !client_.wants_own();
    reached() = {place.end(), place.mark->seq, place.mark->at};
    passed(view);
    if (!own) return {{place.part->segment->bytes.get() + from, place.mark->end - from}, place.part->segment};
  }
  return {};
}

void Cursor::own_appended(Seq seq) { own_through_ = std::max(own_through_, seq); }

void Cursor::ready(Sink& sink) {
  if (!below_ && !cutting()) slot().ready = &sink;
}

void Cursor::expect_own_notice(std::uint64_t more) {
  unready();
  own_notice_ = std::max(own_notice_, room().notices() + more);
}

void Cursor::read_page() {
  auto& below = *below_;
  const auto most = below.last > 0 ? below.last : page_messages;
  // Not the window's floor when the page comes: what was said meanwhile may have left the window already.
  below.covered = below.last > 0 ? below.resume_seq : std::max(below.resume_seq, readers_->view(wire()).floor);
  const auto wait = client_.hub().replay().ask(client_.host(), most, client_.shard().wheel().now());
  if (wait > Duration{}) return below.retry.arm(wait);
  below.reading = true;
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
  auto& journal = room().journal();
  if (below.last > 0) {
    // Of what there was when it came; what is newer comes from the log.
    journal.read_before(room().name(), Seq{number(below.resume_seq) + 1}, most, std::move(done));
  } else {
    journal.read_after(room().name(), seq(), most, std::move(done));
  }
}

void Cursor::page_arrived(const result<Page>& page) {
  auto& below = *below_;
  auto& [offset, seq, at] = reached();
  below.reading = false;
  if (!page) return below.retry.arm(client_.hub().options().page_retry);
  const wire::Of room{this->room().name().str(), this->room().journal().epoch().name};
  if (below.last > 0) {
    seq = page->start;
    below.last = 0;
  } else if (seq < page->floor) {
    // In verbatim relay there is no way to tell of a gap; of datagrams some are lost, a stream ends.
    if (verbatim(wire()) && !client_.datagrams()) return client_.turn_away("fell behind");
    std::string gap;
    const auto first = at > 0 ? wall(at) : page->floor_at;
    wire::append_gap(gap, wire(), room, seq, page->floor, first, page->floor_at);
    client_.tell_bytes(gap);
    seq = page->floor;
  }
  const auto& view = readers_->view(wire());
  const bool resumes = below.can_resume(view);
  std::string entry;
  for (const auto& m : page->messages) {
    if (resumes && m->seq > below.resume_seq) {
      seq = std::max(seq, below.resume_seq);  // nothing is kept between the two
      return;
    }
    if (client_.private_bytes() >= page_bytes) return;  // the rest is read again: a short text can be long in lines
    seq = m->seq;
    at = static_cast<std::uint32_t>(m->at.time_since_epoch() / std::chrono::seconds(1));
    if (m->origin == client_.id() && !client_.wants_own()) continue;
    entry.clear();
    wire::append_message(entry, wire(), room, *m, below.old && m->seq <= below.resume_seq);
    client_.tell_bytes(entry);
  }
  if (page->messages.empty()) seq = std::max(seq, below.covered);
}

}  // namespace chatbridge
