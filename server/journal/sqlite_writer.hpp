// The thread of a SQLite journal that writes: takes what is queued, stores it in one transaction, answers, and takes
// what has queued up meanwhile.
#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <variant>
#include <vector>

#include "server/journal/sqlite_keeper.hpp"
#include "server/journal/sqlite_retention.hpp"

namespace chatbridge::sqlite {

// Thread-safe, but for `run`, which is called on a thread of its own.
class Writer {
 public:
  Writer(const SqliteOptions& options, Keeper& keeper);

  void append(const RoomName& room, std::vector<Message> batch, Journal::AppendHandler done);
  // Without `done` it takes the place of a record of that session that is still queued: while the disk hangs there is
  // one a session.
  void put(SessionRecord record, Journal::DoneHandler done);
  void forget(const SecretHash& id);

  void run();  // until closed, when everything is settled, or abandoned; then logs what it has stored
  void close();
  // What is not settled is refused now; the thread may be stuck. No handler runs, nor will, when it returns.
  void abandon();

 private:
  struct Append {
    RoomName room;
    std::vector<Message> batch;
  };
  using Work = std::variant<Append, SessionRecord, SecretHash>;
  using Handler = std::variant<std::monostate, Journal::AppendHandler, Journal::DoneHandler>;
  using Answers = std::vector<std::vector<Appended>>;

  void push(Work work, Handler done);  // with the lock held
  bool take(std::vector<Work>& work);
  void store(std::vector<Work>& work);
  bool apply(Store& store, std::vector<Work>& work, Answers& answers);
  void answer(const std::vector<Work>& work, bool stored, Answers& answers);
  void forget_again();
  void tidy();
  void count(const Answers& answers);

  const SqliteOptions& options_;
  Keeper& keeper_;
  Retention retention_;
  std::vector<SecretHash> forgets_;  // that did not go through: nobody hears of them, so they go before what is next
  TimePoint ticked_{};
  std::uint64_t rows_ = 0, commits_ = 0;  // messages stored, and transactions that had some

  std::mutex m_;
  std::condition_variable changed_;
  std::vector<Work> queue_;
  std::vector<Handler> waiting_;              // a handler for each of these
  std::vector<Handler> answering_;            // and for what is being stored
  std::map<SecretHash, std::size_t> latest_;  // of a session, in queue_, with nobody waiting: replaced by what is newer
  bool closing_ = false, in_handlers_ = false;
};

}  // namespace chatbridge::sqlite
