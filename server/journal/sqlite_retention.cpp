#include "server/journal/sqlite_retention.hpp"

#include <algorithm>
#include <limits>

namespace chatbridge::sqlite {
namespace {

constexpr auto remembered = std::chrono::hours(24);
constexpr std::uint64_t slice_rows = 2000, slice_pages = 128, least_bytes = 64 * 1024, most_bytes = 4 << 20;
constexpr auto any_age = std::numeric_limits<std::int64_t>::max();
constexpr auto any_size = std::numeric_limits<std::uint64_t>::max();

std::int64_t remember_after(WallTime now) { return milliseconds(now - remembered); }

}  // namespace

void Retention::grown(const RoomTable& rooms) {
  came_ = 0;
  for (const auto& t : rooms.touched()) {
    const auto& row = t.row->second;
    if (row.count > t.before.count) came_ += row.count - t.before.count;
    if (row.bytes > t.before.bytes) grown_ += row.bytes - t.before.bytes;
    // A few more than allowed until there is a slice's worth of them.
    const auto allowed = limits_.max_messages;
    if (allowed > 0 && row.count > allowed + std::min(slice_rows, allowed / 16)) look_ = true;
  }
  if (limits_.max_bytes > 0 && grown_ > std::min(most_bytes, limits_.max_bytes / 64)) look_ = true;
}

bool Retention::slice(Store& store, WallTime now) {
  look_ = changed_ = false;
  more_ = trim_rooms(store, now);
  more_ = trim_file(store, now) || more_;
  const auto forgotten = store.forget_said(remember_after(now), slice_rows);
  changed_ = changed_ || forgotten > 0;
  more_ = forgotten == slice_rows || more_;
  more_ = shrink(store) || more_;
  grown_ = 0;
  return changed_;
}

std::uint64_t Retention::trim(Store& store, NamedRow& room, const Store::Trim& how) {
  const auto gone = store.trim(room, how);
  changed_ = changed_ || gone > 0;
  return gone;
}

// Appends wait for a slice: it is small. But for a transaction of many there goes more than came with it.
std::uint64_t Retention::most_rows() const { return std::max(slice_rows, 2 * came_); }

bool Retention::trim_rooms(Store& store, WallTime now) {
  if (limits_.max_age.count() == 0 && limits_.max_messages == 0) return false;
  const auto oldest =
      limits_.max_age.count() == 0 ? std::numeric_limits<std::int64_t>::min() : milliseconds(now - limits_.max_age);
  auto left = most_rows();
  for (auto& room : store.rooms().rows()) {
    const auto& row = room.second;
    if (limits_.max_messages > 0 && row.count > limits_.max_messages) {
      const auto count = std::min(left, row.count - limits_.max_messages);
      left -= trim(store, room, {count, any_size, any_age, remember_after(now)});
    }
    if (left > 0 && row.count > 0 && row.oldest_at < oldest)
      left -= trim(store, room, {left, any_size, oldest, remember_after(now)});
    if (left == 0) return true;
  }
  return false;
}

bool Retention::trim_file(Store& store, WallTime now) {
  if (limits_.max_bytes == 0) return false;
  const auto size = store.size();
  const auto used = (size.pages - size.free) * store.page_bytes();
  // Once over, some more goes, so that it does not have to be looked at with every commit.
  const auto enough = limits_.max_bytes - limits_.max_bytes / 64;
  over_ = used > (over_ ? enough : limits_.max_bytes);
  if (!over_) return false;
  std::uint64_t kept = 0;
  NamedRow* largest = nullptr;
  for (auto& room : store.rooms().rows()) {
    kept += room.second.bytes;
    if (room.second.count > 1 && (largest == nullptr || room.second.bytes > largest->second.bytes)) largest = &room;
  }
  const auto half = limits_.max_bytes / 2;
  if (kept <= half) {
    if (store.forget_said(any_age, slice_rows) > 0) return changed_ = true;
    // The rest is sessions and rooms: no message that goes makes it less.
    return over_ = false;
  }
  if (largest == nullptr) return over_ = false;
  // Faster than what comes.
  const auto bytes = std::clamp(std::max(2 * grown_, used - enough), least_bytes, most_bytes);
  const auto rows = std::min(most_rows(), largest->second.count - 1);
  trim(store, *largest, {rows, std::min(bytes, kept - half), any_age, remember_after(now)});
  return true;
}

// Free pages are used again; they go back to the system when the file is larger than it may be, or mostly free.
bool Retention::shrink(Store& store) {
  const auto size = store.size();
  const auto most = limits_.max_bytes == 0 ? any_size : limits_.max_bytes / store.page_bytes();
  const auto over = size.pages > most ? size.pages - most : 0;
  const auto idle = 2 * slice_pages + size.pages / 8;
  const auto excess = std::min(size.free, std::max(over, size.free > idle ? size.free - idle : 0));
  if (excess == 0) return false;
  store.shrink(std::min(excess, slice_pages));
  shrunk_ = changed_ = true;
  return excess > slice_pages;
}

}  // namespace chatbridge::sqlite
