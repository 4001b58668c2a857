#include "server/journal/sqlite_writer.hpp"

#include <algorithm>
#include <iterator>

#include "core/log.hpp"

namespace chatbridge::sqlite {
namespace {

Error refused() { return {errc::overloaded, "the journal cannot be written just now; not sent, try again later"}; }

}  // namespace

Writer::Writer(const SqliteOptions& options, Keeper& keeper)
    : options_(options), keeper_(keeper), retention_({options.max_bytes, options.max_age, options.max_messages}) {}

// ---- the queue

void Writer::append(const RoomName& room, std::vector<Message> batch, Journal::AppendHandler done) {
  const std::lock_guard lock(m_);
  push(Append{room, std::move(batch)}, std::move(done));
}

void Writer::put(SessionRecord record, Journal::DoneHandler done) {
  const std::lock_guard lock(m_);
  const auto id = record.id;
  if (done) {
    latest_.erase(id);
    return push(std::move(record), std::move(done));
  }
  const auto [at, first] = latest_.try_emplace(id, queue_.size());
  if (!first && std::holds_alternative<SessionRecord>(queue_[at->second])) {
    queue_[at->second] = std::move(record);
  } else {
    at->second = queue_.size();
    push(std::move(record), std::monostate{});
  }
}

void Writer::forget(const SecretHash& id) {
  const std::lock_guard lock(m_);
  const auto [at, first] = latest_.try_emplace(id, queue_.size());
  if (first) {
    push(id, std::monostate{});
  } else {
    queue_[at->second] = id;
  }
}

void Writer::push(Work work, Handler done) {
  queue_.push_back(std::move(work));
  waiting_.push_back(std::move(done));
  changed_.notify_one();
}

// Waits for work or the next tick. False: it is the end.
bool Writer::take(std::vector<Work>& work) {
  std::unique_lock lock(m_);
  const auto until = retention_.due() ? TimePoint{} : ticked_ + options_.tick;
  changed_.wait_until(lock, until, [this] { return !queue_.empty() || closing_; });
  work.swap(queue_);
  answering_.swap(waiting_);
  latest_.clear();
  return !work.empty() || !closing_;
}

// ---- the thread

void Writer::run() {
  std::vector<Work> work;
  while (take(work) && !keeper_.abandoned()) {
    if (!work.empty()) store(work);
    if (!keeper_.abandoned()) tidy();
    work.clear();
  }
  if (keeper_.abandoned()) return;
  keeper_.end();
  log::info("journal_stored", {{"rows", rows_}, {"commits", commits_}});
}

void Writer::store(std::vector<Work>& work) {
  Answers answers;
  const bool stored = keeper_.transact([&](Store& to) { return apply(to, work, answers); });
  if (stored) count(answers);
  answer(work, stored, answers);
  if (options_.batch) options_.batch(answers.size());
}

void Writer::count(const Answers& answers) {
  std::uint64_t rows = 0;
  for (const auto& batch : answers) rows += std::ranges::count(batch, false, &Appended::repeated);
  rows_ += rows;
  commits_ += rows > 0;
}

bool Writer::apply(Store& store, std::vector<Work>& work, Answers& answers) {
  for (const auto& id : forgets_) store.forget(id);
  answers.reserve(work.size());
  for (auto& w : work) {
    if (auto* a = std::get_if<Append>(&w)) {
      answers.push_back(store.append(a->room, a->batch));
    } else if (const auto* record = std::get_if<SessionRecord>(&w)) {
      store.put(*record);
    } else {
      store.forget(std::get<SecretHash>(w));
    }
  }
  retention_.grown(store.rooms());
  return true;
}

void Writer::answer(const std::vector<Work>& work, bool stored, Answers& answers) {
  std::vector<Handler> handlers;
  {
    const std::lock_guard lock(m_);
    handlers.swap(answering_);
    in_handlers_ = true;
  }
  if (stored) forgets_.clear();
  std::size_t next = 0;
  for (std::size_t i = 0; i < handlers.size(); ++i) {  // none of them: abandoned
    if (auto* appended = std::get_if<Journal::AppendHandler>(&handlers[i])) {
      (*appended)(stored ? result<std::vector<Appended>>(std::move(answers[next++])) : refused());
    } else if (auto* done = std::get_if<Journal::DoneHandler>(&handlers[i])) {
      (*done)(stored ? result<void>() : refused());
    } else if (const auto* id = std::get_if<SecretHash>(&work[i]); id != nullptr && !stored) {
      forgets_.push_back(*id);
    }
  }
  {
    const std::lock_guard lock(m_);
    in_handlers_ = false;
  }
  changed_.notify_all();
}

// What nobody waits for: the log's way into the file, what is too old, whether all is well.
void Writer::tidy() {
  keeper_.checkpoint();
  if (std::chrono::steady_clock::now() >= ticked_ + options_.tick) {
    ticked_ = std::chrono::steady_clock::now();
    keeper_.look();
    if (keeper_.abandoned()) return;
    if (!forgets_.empty()) forget_again();
    retention_.look();
  }
  if (!retention_.due()) return;
  if (!keeper_.in_trouble()) keeper_.transact([this](Store& store) { return retention_.slice(store, options_.now()); });
  if (keeper_.in_trouble()) retention_.rest();
  if (retention_.shrunk() && !retention_.due() && !keeper_.abandoned()) {
    keeper_.empty_log();
    retention_.checkpointed();
  }
}

void Writer::forget_again() {
  const bool stored = keeper_.transact([this](Store& store) {
    for (const auto& id : forgets_) store.forget(id);
    return true;
  });
  if (stored) forgets_.clear();
}

// ---- the end

void Writer::close() {
  {
    const std::lock_guard lock(m_);
    closing_ = true;
  }
  changed_.notify_all();
}

void Writer::abandon() {
  std::vector<Handler> left;
  {
    std::unique_lock lock(m_);
    closing_ = true;
    // They never wait for the disk.
    changed_.wait(lock, [this] { return !in_handlers_; });
    left.swap(answering_);
    std::ranges::move(waiting_, std::back_inserter(left));
    waiting_.clear();
    queue_.clear();
    latest_.clear();
  }
  keeper_.abandon();
  changed_.notify_all();
  for (auto& handler : left) {
    if (auto* appended = std::get_if<Journal::AppendHandler>(&handler)) (*appended)(refused());
    if (auto* done = std::get_if<Journal::DoneHandler>(&handler)) (*done)(refused());
  }
}

}  // namespace chatbridge::sqlite
