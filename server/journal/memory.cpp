#include "server/journal/memory.hpp"

#include <algorithm>

#include "core/secret.hpp"

namespace chatbridge {
namespace {

constexpr std::size_t page_bytes = 64 * 1024;

std::size_t size_of(const Message& m) {
  return sizeof(Message) + m.text.size() + m.nick.size() + m.id.size() + m.session.size();
}

std::string said_key(const Message& m) { return std::to_string(m.session.size()) + ':' + m.session + m.id; }

}  // namespace

MemoryJournal::MemoryJournal(std::size_t room_bytes) : room_bytes_(room_bytes), epoch_{random_token().substr(0, 8)} {}

Seq MemoryJournal::head(const RoomName& room) const {
  const std::lock_guard lock(m_);
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? seq_zero : found->second.head;
}

Seq MemoryJournal::floor(const RoomName& room) const {
  const std::lock_guard lock(m_);
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? seq_zero : found->second.floor;
}

void MemoryJournal::append(const RoomName& room, std::vector<Message> batch, AppendHandler done) {
  std::vector<Appended> appended;
  appended.reserve(batch.size());
  {
    const std::lock_guard lock(m_);
    auto& kept = rooms_[room];
    for (auto& m : batch) appended.push_back(add(kept, std::move(m)));
    trim(kept);
  }
  done(std::move(appended));
}

Appended MemoryJournal::add(Kept& kept, Message m) {
  const auto key = m.id.empty() ? std::string{} : said_key(m);
  if (!key.empty()) {
    const auto said = kept.said.find(key);
    if (said != kept.said.end()) return {said->second, true};
  }
  m.seq = kept.head = Seq{number(kept.head) + 1};
  kept.bytes += size_of(m);
  auto message = std::make_shared<const Message>(std::move(m));
  kept.messages.push_back(message);
  if (!key.empty()) kept.said.emplace(key, message);
  return {std::move(message), false};
}

void MemoryJournal::trim(Kept& kept) const {
  while (kept.bytes > room_bytes_ && kept.messages.size() > 1) {
    const auto& oldest = *kept.messages.front();
    kept.floor = oldest.seq;
    kept.floor_at = oldest.at;
    kept.bytes -= size_of(oldest);
    if (!oldest.id.empty()) kept.said.erase(said_key(oldest));
    kept.messages.pop_front();
  }
}

Page MemoryJournal::page(const Kept& kept, std::size_t from, std::size_t to) {
  Page page;
  page.messages.assign(kept.messages.begin() + static_cast<std::ptrdiff_t>(from),
                       kept.messages.begin() + static_cast<std::ptrdiff_t>(to));
  page.start = from == 0 ? kept.floor : kept.messages[from - 1]->seq;
  page.floor = kept.floor;
  page.floor_at = kept.floor_at;
  return page;
}

void MemoryJournal::read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) {
  Page out;
  {
    const std::lock_guard lock(m_);
    if (const auto found = rooms_.find(room); found != rooms_.end()) {
      const auto& all = found->second.messages;
      const auto first = std::ranges::upper_bound(all, after, {}, [](const MessagePtr& m) { return m->seq; });
      const auto from = static_cast<std::size_t>(first - all.begin());
      auto to = from;
      for (std::size_t bytes = 0; to < all.size() && to - from < max && bytes < page_bytes; ++to)
        bytes += all[to]->text.size();
      out = page(found->second, from, to);
      out.more = to < all.size();
    }
  }
  done(std::move(out));
}

void MemoryJournal::read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) {
  Page out;
  {
    const std::lock_guard lock(m_);
    if (const auto found = rooms_.find(room); found != rooms_.end()) {
      const auto& all = found->second.messages;
      const auto end = std::ranges::lower_bound(all, before, {}, [](const MessagePtr& m) { return m->seq; });
      const auto to = static_cast<std::size_t>(end - all.begin());
      auto from = to;
      for (std::size_t bytes = 0; from > 0 && to - from < max && bytes < page_bytes; --from)
        bytes += all[from - 1]->text.size();
      out = page(found->second, from, to);
      out.more = from > 0;
    }
  }
  done(std::move(out));
}

}  // namespace chatbridge
