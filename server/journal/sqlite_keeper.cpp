#include "server/journal/sqlite_keeper.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "server/journal/sqlite_schema.hpp"

namespace chatbridge::sqlite {
namespace {

constexpr std::uint64_t page_bytes = 4096;       // SQLite's own choice
constexpr std::uint64_t usual_log_pages = 1000;  // as its own checkpoints

std::uint64_t log_pages_for(std::uint64_t max_bytes) {
  return max_bytes == 0 ? usual_log_pages : std::clamp<std::uint64_t>(max_bytes / page_bytes / 16, 64, usual_log_pages);
}

}  // namespace

// The time at the disk; within another it changes nothing.
class Keeper::Busy {
 public:
  explicit Busy(Keeper& keeper) : keeper_(keeper), first_(keeper.busy_since_ == 0) {
    if (first_) keeper_.busy_since_ = std::chrono::steady_clock::now().time_since_epoch().count();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    if (first_) keeper_.busy_since_ = 0;
  }

 private:
  Keeper& keeper_;
  const bool first_;
};

Keeper::Keeper(const SqliteOptions& options, File& file, Readers& readers, Places& places)
    : options_(options),
      file_(file),
      readers_(readers),
      places_(places),
      log_pages_(log_pages_for(options.max_bytes)),
      empty_at_(4 * log_pages_),
      store_(open_store()) {
  store_->begin_life({options_.boot, file_id(), file_.had_log()});
}

std::string Keeper::file_id() const { return options_.file.empty() ? file_.id() : options_.file; }

std::unique_ptr<Store> Keeper::open_store() const {
  auto db = file_.writer(options_.sync_full, 4 * log_pages_ * page_bytes);
  migrate(db);
  return std::make_unique<Store>(std::move(db), places_);
}

bool Keeper::transact(const std::function<bool(Store&)>& change) {
  const Busy busy(*this);
  if (!in_place()) return false;
  Mark mark;
  try {
    store_->begin();
    if (!change(*store_)) {
      store_->roll_back();
      return false;
    }
    mark = store_->prepare();
  } catch (const Failure& f) {
    failed(f.what());
    store_->roll_back();
    if (store_->db().in_transaction()) reopen();
    return false;
  }
  try {
    store_->commit();
  } catch (const Failure& f) {
    // It may be in the file all the same.
    failed(f.what());
    return reopen() && store_->has(mark);
  }
  // In a file without a name it is not stored.
  while (!in_place()) {
    if (abandoned_) return false;
    wait_to_retry();
  }
  works();
  store_->committed();
  return true;
}

// ---- the file

bool Keeper::in_place() {
  switch (file_.place()) {
    case File::Place::here:
      return true;
    case File::Place::gone:
      return rescue();
    case File::Place::replaced:
      failed("replaced by another file; put it back, or restart");
      return false;
  }
  return false;
}

bool Keeper::rescue() {
  const Busy busy(*this);
  try {
    file_.rescue(store_->db());
  } catch (const std::exception& e) {
    failed("deleted, and cannot be written again: " + std::string(e.what()));
    return false;
  }
  readers_.pause();
  store_.reset();
  if (!reopen()) return false;
  log::warn("journal_deleted", {{"path", file_.path()}, {"written_again", true}});
  return true;
}

// Afterwards what the file shows is on the disk: what a failed sync left in the system's cache only is written again.
bool Keeper::reopen() {
  readers_.pause();
  while (!abandoned_) {
    try {
      if (store_ && file_.place() == File::Place::gone) {
        // Nobody else has a hold on what is in it.
        store_->roll_back();
        file_.rescue(store_->db());
        log::warn("journal_deleted", {{"path", file_.path()}, {"written_again", true}});
      }
      store_.reset();
      if (file_.place() == File::Place::gone && file_.rescued()) file_.adopt();
      if (file_.place() != File::Place::here)
        throw Failure(SQLITE_IOERR, "deleted or replaced; put it back, or restart");
      file_.settle();
      auto store = open_store();
      if (!store->checkpoint(true)) throw Failure(SQLITE_BUSY, "locked by another program");
      // The log that was copied may be on the disk without what a failed sync lost of it; it must not come back.
      store->go_on_in(file_id());
      store_ = std::move(store);
      readers_.resume();
      return true;
    } catch (const std::exception& e) {
      failed(e.what());
    }
    wait_to_retry();
  }
  return false;
}

void Keeper::wait_to_retry() {
  std::unique_lock lock(m_);
  given_up_.wait_for(lock, options_.retry, [this] { return abandoned_.load(); });
}

void Keeper::look() {
  const Busy busy(*this);
  if (!in_place()) return;
  // A write is the proof that the disk is back.
  if (in_trouble_) transact([](Store&) { return true; });
}

void Keeper::checkpoint() {
  if (store_->log_pages() < log_pages_) return;
  const Busy busy(*this);
  try {
    const bool empty = store_->log_pages() >= empty_at_;
    store_->checkpoint(empty);
    // Another program's long read may hold it: it is not waited for with every commit.
    if (empty) empty_at_ = std::max(4 * log_pages_, 2 * store_->log_pages());
  } catch (const Failure& f) {
    log::warn("journal_checkpoint", {{"error", f.what()}});
  }
}

void Keeper::empty_log() {
  const Busy busy(*this);
  try {
    store_->checkpoint(true);
  } catch (const Failure& f) {
    log::warn("journal_checkpoint", {{"error", f.what()}});
  }
}

void Keeper::end() {
  if (!store_) return;
  try {
    readers_.pause();
    store_->end_life();
  } catch (const Failure& f) {
    log::error("journal_close", {{"error", f.what()}});
  }
  store_.reset();
}

// ---- trouble

void Keeper::failed(const std::string& why) {
  const auto text = "journal: " + why + " (" + file_.path() + ")";
  {
    const std::lock_guard lock(m_);
    if (trouble_ == text) return;
    trouble_ = text;
  }
  in_trouble_ = true;
}

void Keeper::works() {
  if (!in_trouble_) return;
  {
    const std::lock_guard lock(m_);
    trouble_.clear();
  }
  in_trouble_ = false;
}

std::string Keeper::trouble() const {
  if (in_trouble_) {
    const std::lock_guard lock(m_);
    return trouble_;
  }
  const auto since = busy_since_.load();
  const auto stalled = since != 0 && std::chrono::steady_clock::now() - TimePoint(Duration(since)) > options_.stall;
  return stalled ? "journal: the disk does not answer (" + file_.path() + ")" : std::string{};
}

void Keeper::abandon() {
  {
    const std::lock_guard lock(m_);
    abandoned_ = true;
  }
  given_up_.notify_all();
}

}  // namespace chatbridge::sqlite
