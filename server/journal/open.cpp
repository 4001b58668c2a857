#include "server/journal/open.hpp"

#include <cstdlib>

#include "core/log.hpp"
#include "server/journal/memory.hpp"
#include "server/journal/sqlite.hpp"

namespace chatbridge {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

}  // namespace

std::string default_path() {
  constexpr auto file = "/chatbridge.db";
  // systemd separates several with colons.
  if (const auto state = variable("STATE_DIRECTORY"); !state.empty()) return state.substr(0, state.find(':')) + file;
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) return state + "/chatbridge" + file;
  if (const auto home = variable("HOME"); !home.empty()) return home + "/.local/state/chatbridge" + file;
  throw JournalError("journal: there is no home directory for its file; name one: --journal sqlite:PATH, or memory");
}

std::unique_ptr<Journal> open_journal(const JournalOptions& options) {
  if (options.url == "memory") {
    log::info("journal", {{"kept", "in memory: messages end with the process"}});
    return std::make_unique<MemoryJournal>(options.room_bytes);
  }
  if (options.url.starts_with("sqlite:")) {
    auto path = options.url.substr(options.url.find(':') + 1);
    if (path.empty()) path = default_path();
    auto journal = std::make_unique<SqliteJournal>(
        SqliteOptions{.path = path,
                      .sync_full = options.sync_full,
                      .max_bytes = options.max_bytes,
                      .max_age = std::chrono::duration_cast<std::chrono::milliseconds>(options.max_age),
                      .max_messages = options.max_messages});
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(options.max_age).count();
    log::info("journal", {{"file", journal->path()},
                          {"sync", options.sync_full ? "full" : "normal"},
                          {"max_bytes", options.max_bytes},
                          {"max_age", std::to_string(age) + "s"},
                          {"max_messages", std::uint64_t{options.max_messages}}});
    return journal;
  }
  throw std::invalid_argument("no journal '" + options.url + "'");
}

}  // namespace chatbridge
