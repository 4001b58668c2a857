// Journals by URL.
#pragma once
#include <memory>
#include <string>

#include "core/journal.hpp"

namespace chatbridge {

// `url`: as journal.url was checked. `room_bytes`: what a journal in memory keeps of a room.
std::unique_ptr<Journal> open_journal(const std::string& url, std::size_t room_bytes);

}  // namespace chatbridge
