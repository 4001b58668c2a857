// Journals by URL.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>

#include "core/journal.hpp"

namespace chatbridge {

// It can't be used: what() says why and what to do, in one line. Nothing was changed.
struct JournalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct JournalOptions {
  std::string url = "memory";         // memory, sqlite:PATH; sqlite: is default_path()
  std::size_t room_bytes = 1 << 20;   // memory: what it keeps of a room
  bool sync_full = true;              // sqlite: a commit survives a power cut
  std::uint64_t max_bytes = 1 << 30;  // sqlite: of the whole file; 0: no limit
  Duration max_age{};                 // of a message, in every room; 0: no limit
  std::size_t max_messages = 0;       // of a room; 0: no limit
};

// chatbridge.db in the state directory: the first of $STATE_DIRECTORY, $XDG_STATE_HOME/chatbridge and
// ~/.local/state/chatbridge. Throws JournalError.
std::string default_path();

// Throws JournalError, std::invalid_argument for a URL that is none.
std::unique_ptr<Journal> open_journal(const JournalOptions& options);

}  // namespace chatbridge
