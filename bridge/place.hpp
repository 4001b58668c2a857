// Where a client stands that comes back, whatever it speaks.
#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "core/journal.hpp"

namespace chatbridge {

// So many messages begin whatever has no place to begin from.
inline constexpr std::size_t newest_messages = 50;

// Whether `seq` is a place of the room as it is now: of this numbering, and not above what was said. Without `epoch`
// this numbering is meant.
inline bool is_place(const Journal& journal, const RoomName& room, const std::optional<std::string>& epoch, Seq seq) {
  return (!epoch || *epoch == journal.epoch().name) && seq <= journal.head(room);
}

}  // namespace chatbridge
