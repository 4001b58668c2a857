#include "server/journal/open.hpp"

#include "server/journal/memory.hpp"

namespace chatbridge {

std::unique_ptr<Journal> open_journal(const JournalOptions& options) {
  if (options.url == "memory") return std::make_unique<MemoryJournal>(options.room_bytes);
  throw std::invalid_argument("no journal '" + options.url + "'");
}

}  // namespace chatbridge
