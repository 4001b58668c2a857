#include "server/journal/open.hpp"

#include <stdexcept>

#include "server/journal/memory.hpp"

namespace chatbridge {

std::unique_ptr<Journal> open_journal(const std::string& url, std::size_t room_bytes) {
  if (url == "memory") return std::make_unique<MemoryJournal>(room_bytes);
  throw std::invalid_argument("no journal '" + url + "'");
}

}  // namespace chatbridge
