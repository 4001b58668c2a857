#include "server/journal/sqlite_readers.hpp"

#include <algorithm>

#include "server/journal/sqlite_schema.hpp"
#include "server/journal/sqlite_store.hpp"

namespace chatbridge::sqlite {
namespace {

constexpr std::size_t page_bytes = 64 * 1024;
constexpr Duration longest_pause = std::chrono::seconds(1);

Error refused() { return {errc::overloaded, "the journal cannot be read just now; try again later"}; }

}  // namespace

class Readers::Connection {
 public:
  explicit Connection(Db db)
      : db_(std::move(db)),
        life_(meta_number(db_, "life")),
        begin_(db_, "BEGIN"),
        end_(db_, "COMMIT"),
        room_(db_, "SELECT id, head, floor, floor_at FROM rooms WHERE name=?"),
        after_(db_, "SELECT " CHATBRIDGE_MESSAGE_COLUMNS " FROM messages WHERE room=? AND seq>? ORDER BY seq"),
        before_(db_, "SELECT " CHATBRIDGE_MESSAGE_COLUMNS " FROM messages WHERE room=? AND seq<? ORDER BY seq DESC") {}

  // Floor and messages are of one snapshot.
  Page read(const PageRequest& r) {
    begin_.run();
    try {
      auto page = read_in_transaction(r);
      end_.run();
      return page;
    } catch (...) {
      if (db_.in_transaction()) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }

 private:
  Page read_in_transaction(const PageRequest& r) {
    Page page;
    auto room = room_.query(r.room.str());
    if (!room.next()) return page;
    const auto head = static_cast<std::uint64_t>(room.integer(1)), floor = static_cast<std::uint64_t>(room.integer(2));
    page.floor = Seq{floor};
    page.floor_at = wall_time(room.integer(3));
    const auto place = std::min<std::uint64_t>(number(r.place), std::numeric_limits<std::int64_t>::max());
    auto rows = (r.backwards ? before_ : after_).query(room.integer(0), place);
    std::size_t bytes = 0;
    auto next = page.floor;
    while (rows.next()) {
      if (page.messages.size() == r.max || bytes >= page_bytes) {
        page.more = true;
        next = Seq{static_cast<std::uint64_t>(rows.integer(0))};
        break;
      }
      page.messages.push_back(message_of(rows, life_));
      bytes += page.messages.back()->text.size();
    }
    if (r.backwards) std::ranges::reverse(page.messages);
    page.start = r.backwards ? next : Seq{std::max(floor, std::min(place, head))};
    return page;
  }

  Db db_;
  const std::int64_t life_;
  Statement begin_, end_, room_, after_, before_;
};

Readers::Readers(const File& file, Duration patience) : file_(file), patience_(patience) {}
Readers::~Readers() = default;

void Readers::read(PageRequest request) {
  request.asked = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(m_);
    queue_.push_back(std::move(request));
  }
  asked_.notify_one();
}

void Readers::pause() {
  std::unique_lock lock(m_);
  if (!paused_) paused_since_ = std::chrono::steady_clock::now();
  paused_ = true;
  answered_.wait(lock,
                 [this] { return std::ranges::none_of(slots_, [](const Slot& s) { return s.reading.has_value(); }); });
  for (auto& s : slots_) s.connection.reset();
}

void Readers::resume() {
  {
    const std::lock_guard lock(m_);
    paused_ = false;
  }
  asked_.notify_all();
}

void Readers::close() {
  {
    const std::lock_guard lock(m_);
    closed_ = true;
  }
  asked_.notify_all();
  late_.notify_all();
}

void Readers::abandon() {
  std::vector<Journal::ReadHandler> left;
  {
    std::unique_lock lock(m_);
    closed_ = true;
    for (auto& r : queue_) left.push_back(std::move(r.done));
    queue_.clear();
    for (auto& s : slots_)
      if (s.reading && *s.reading) left.push_back(std::exchange(*s.reading, nullptr));
    // They never wait for the disk.
    answered_.wait(lock, [this] { return answering_ == 0; });
  }
  asked_.notify_all();
  late_.notify_all();
  for (const auto& done : left) done(refused());
}

void Readers::run(std::size_t n) {
  std::unique_lock lock(m_);
  for (;;) {
    if (queue_.empty()) {
      if (closed_) return slots_[n].connection.reset();
      asked_.wait(lock);
    } else if (paused_ && !closed_ && std::chrono::steady_clock::now() < paused_since_ + longest_pause) {
      asked_.wait_until(lock, paused_since_ + longest_pause);
    } else {
      answer(lock, n);
    }
  }
}

void Readers::refuse_late() {
  std::unique_lock lock(m_);
  while (!closed_) {
    late_.wait_for(lock, patience_ / 4);
    const auto limit = std::chrono::steady_clock::now() - patience_;
    std::vector<Journal::ReadHandler> late;
    for (; !queue_.empty() && queue_.front().asked < limit; queue_.pop_front())
      late.push_back(std::move(queue_.front().done));
    outside(lock, [&late] {
      for (const auto& done : late) done(refused());
    });
  }
}

// Calls handlers without the lock; who abandons waits for them.
template <class Call>
void Readers::outside(std::unique_lock<std::mutex>& lock, Call call) {
  ++answering_;
  lock.unlock();
  call();
  lock.lock();
  --answering_;
  answered_.notify_all();
}

void Readers::answer(std::unique_lock<std::mutex>& lock, std::size_t n) {
  auto request = std::move(queue_.front());
  queue_.pop_front();
  auto& slot = slots_[n];
  result<Page> page = refused();
  if (!paused_) {
    slot.reading = std::move(request.done);
    lock.unlock();
    try {
      if (!slot.connection) slot.connection = std::make_unique<Connection>(file_.reader());
      page = slot.connection->read(request);
    } catch (const std::exception&) {
      slot.connection.reset();
    }
    lock.lock();
    request.done = std::move(*slot.reading);
    slot.reading.reset();
    answered_.notify_all();
  }
  outside(lock, [&] {
    if (request.done) request.done(std::move(page));
  });
}

}  // namespace chatbridge::sqlite
