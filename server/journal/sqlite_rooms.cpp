#include "server/journal/sqlite_rooms.hpp"

namespace chatbridge::sqlite {

Places::Place Places::find(const RoomName& room) const {
  const std::lock_guard lock(m_);
  const auto found = places_.find(room.str());
  return found == places_.end() ? Place{} : found->second;
}

void RoomTable::load(RoomRows rows, Places& places) {
  rows_ = std::move(rows);
  touched_.clear();
  places.change([this](auto& all) {
    for (const auto& [name, row] : rows_) all[name] = {Seq{row.head}, Seq{row.floor}};
  });
}

NamedRow* RoomTable::find(const std::string& name) {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : &*found;
}

NamedRow& RoomTable::add(const std::string& name, const RoomRow& row) {
  auto& added = *rows_.emplace(name, row).first;
  added.second.touched = true;
  touched_.push_back({&added, {}, true});
  return added;
}

RoomRow& RoomTable::touch(NamedRow& row) {
  if (!row.second.touched) {
    touched_.push_back({&row, row.second, false});
    row.second.touched = true;
  }
  return row.second;
}

void RoomTable::keep(Places& places) {
  if (touched_.empty()) return;
  places.change([this](auto& all) {
    for (const auto& t : touched_) {
      t.row->second.touched = false;
      all[t.row->first] = {Seq{t.row->second.head}, Seq{t.row->second.floor}};
    }
  });
  touched_.clear();
}

void RoomTable::take_back() {
  for (auto& t : touched_) {
    if (t.is_new) {
      rows_.erase(rows_.find(t.row->first));
    } else {
      t.row->second = t.before;
    }
  }
  touched_.clear();
}

}  // namespace chatbridge::sqlite
