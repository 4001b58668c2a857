// The journal in a SQLite file: what is acknowledged is on the disk.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/journal.hpp"
#include "server/journal/open.hpp"

namespace chatbridge {

struct SqliteOptions {
  std::string path;
  bool sync_full = true;        // a commit survives a power cut; else it survives the end of the process
  std::uint64_t max_bytes = 0;  // of the file; 0: no limit
  std::chrono::milliseconds max_age{};
  std::uint64_t max_messages = 0;  // of a room

  // For tests.
  const char* vfs = nullptr;  // null: the system's files
  std::string boot{};         // which run of the machine this is; empty: as the system says
  std::string file{};         // which file it is; empty: as the system says
  std::function<WallTime()> now{};
  Duration tick = std::chrono::seconds(1);          // between looks at retention, the file and, in trouble, the disk
  Duration retry = std::chrono::milliseconds(500);  // between attempts to open the file again
  Duration stall = std::chrono::seconds(5);         // so long at the disk is trouble, and too long for a read
  // So long close() waits for a disk that does not answer; for what is being read a quarter of it before.
  Duration closing = std::chrono::milliseconds(1800);
  std::function<void(std::size_t)> batch{};  // told of each transaction how many appends were in it
};

// Thread-safe. Appends, puts and forgets are stored by one thread, in groups: what comes while one is stored goes with
// the next. Handlers are called on that thread, those of reads on others.
class SqliteJournal final : public Journal {
 public:
  // Throws JournalError.
  explicit SqliteJournal(SqliteOptions options);
  ~SqliteJournal() override;

  const std::string& path() const;  // absolute
  const Epoch& epoch() const override;
  std::vector<RoomName> rooms() override;
  Seq head(const RoomName& room) const override;
  Seq floor(const RoomName& room) const override;
  void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) override;
  void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) override;
  void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) override;
  std::vector<SessionRecord> sessions() override;
  void put_session(SessionRecord record, DoneHandler done) override;
  void forget_session(const SecretHash& id) override;
  std::string trouble() const override;
  void close() override;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;  // the threads' as well: one that the disk holds is left behind
};

}  // namespace chatbridge
