// One client's place in one room. What the client has not had yet lies between here and the room's head; there is no
// queue. Within the window it reads the log's ready bytes, below it pages of the journal, by one rule: what follows the
// last entry it was given.
#pragma once
#include <memory>
#include <string>

#include "core/journal.hpp"
#include "core/shard.hpp"

namespace chatbridge {

// Where a client begins to read.
struct From {
  enum class What { head, after, last } what = What::head;
  Seq after = seq_zero;  // What::after: everything behind this place
  std::size_t last = 0;  // What::last: the newest so many
  bool old = false;      // line formats: what was said before now is told with its time
};

// Belongs to its client, lives on its client's shard.
class Cursor {
 public:
  Cursor(Client& client, std::shared_ptr<Room> room, From from);
  ~Cursor();
  Cursor(const Cursor&) = delete;

  Client& client() { return client_; }
  Room& room() { return *room_; }
  const std::shared_ptr<Room>& room_ptr() const { return room_; }
  Wire wire() const;

  // Adds what follows to `chunk`, as far as it fits, the client's own messages left out if it does not want them.
  // May instead ask the journal for a page; the client is flushed again when it is there.
  void gather(Chunk& chunk);
  // The first `bytes` of the cursor's part of `chunk` are on their way. If that ends within an entry, the rest of the
  // entry is appended to `rest`: a cursor stands between entries only.
  void advance(const Chunk& chunk, std::size_t bytes, std::string& rest);
  // For datagrams: the next entry, to be sent whole or not at all; empty: none here. Moves behind it.
  struct Entry {
    std::string_view bytes;
    std::shared_ptr<const Segment> segment;  // keeps the bytes
  };
  Entry next_entry();

  // Everything since where it stands will come from the window, whatever the journal still has.
  bool in_window() const { return last_ == 0 && seq_ >= readers_->view(wire()).floor; }
  // The last message given, or what it begins after.
  Seq seq() const { return seq_; }
  bool at_head() const { return state_ == State::live && offset_ == readers_->view(wire()).head; }
  // It has given everything that was in the room when this was first asked.
  bool at_end();

  // One of the client's own messages was appended: it is somewhere at or before `seq`.
  void own_appended(Seq seq);
  // The client is the subject of a notice in the room: of the newest there is, or of one of the next `more`.
  void expect_own_notice(std::uint64_t more);

 private:
  friend class RoomReaders;
  friend class Client;
  enum class State { live, below, reading };
  static constexpr std::uint64_t nowhere = UINT64_MAX;
  bool position(const View& view);  // false: nothing to be had from the window now
  bool can_resume(const View& view) const;
  bool cutting() const;
  void gather_cut(Chunk& chunk, const View& view, std::size_t part);
  void passed(const View& view);
  void read_page();
  void page_arrived(const result<Page>& page);
  void retry_in(Duration wait);

  Client& client_;
  const std::shared_ptr<Room> room_;
  const std::shared_ptr<RoomReaders> readers_;
  const std::uint64_t serial_;  // which of the client's cursors a page was for
  std::size_t slot_ = 0;        // in readers_
  Seq covered_ = seq_zero;      // State::reading: if the page is empty, nothing is kept between seq_ and here
  bool joined_ = false;         // people see it
  bool fresh_ = false;          // joined, and has said nothing yet
  State state_ = State::live;
  std::size_t last_ = 0;      // not 0: begin with the newest so many
  Seq seq_ = seq_zero;        // the last message given
  std::uint32_t seq_at_ = 0;  // when that was said, seconds since 1970; 0: not known
  std::uint64_t offset_ = 0;  // State::live: the same place in the window
  // Where the room's head was when the cursor came, if it began below: from there on it reads the log, so that nothing
  // that is no message (who comes and goes after `joined`) is missed.
  Seq resume_seq_ = seq_zero;
  std::uint64_t resume_offset_ = nowhere;
  const bool old_;          // up to resume_seq_ pages are read, and told with their times
  TimePoint typed_{};       // when its client was last told to be typing there
  Seq end_ = Seq{nowhere};  // for at_end()
  Seq own_through_ = seq_zero;
  std::uint64_t own_notice_ = 0;  // own notices may come up to this one; 0: none
  std::unique_ptr<Timer> retry_;  // of a page that could not be read, or not yet
};

}  // namespace chatbridge
