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
  Cursor(Client& client, const std::shared_ptr<Room>& room, From from);
  ~Cursor();
  Cursor(const Cursor&) = delete;

  Client& client() { return client_; }
  Room& room() { return readers_->room(); }
  Wire wire() const;

  // Adds what follows to `chunk`, as far as it fits, the client's own messages left out if it does not want them.
  // May instead ask the journal for a page; the client is flushed again when it is there.
  void gather(Chunk& chunk);
  // The first `bytes` of the cursor's part of `chunk` are on their way. If that ends within an entry, gives the rest of
  // the entry, which is the client's to send: a cursor stands between entries only. Good until the next gather().
  std::string_view advance(const Chunk& chunk, std::size_t bytes);
  // For datagrams: the next entry, to be sent whole or not at all; empty: none here. Moves behind it.
  struct Entry {
    std::string_view bytes;
    std::shared_ptr<const Segment> segment;  // keeps the bytes
  };
  Entry next_entry();

  // Everything since where it stands will come from the window, whatever the journal still has.
  bool in_window() const { return (!below_ || below_->last == 0) && seq() >= readers_->view(wire()).floor; }
  // The last message given, or what it begins after.
  Seq seq() const { return reached().seq; }
  bool at_head() const { return !below_ && reached().offset == readers_->view(wire()).head; }
  // It has given everything that was in the room when this was first asked.
  bool at_end();

  // One of the client's own messages was appended: it is somewhere at or before `seq`.
  void own_appended(Seq seq);
  // The client is the subject of a notice in the room: of the newest there is, or of one of the next `more`.
  void expect_own_notice(std::uint64_t more);

 private:
  friend class RoomReaders;
  friend class Client;
  static constexpr std::uint64_t nowhere = UINT64_MAX;
  // Of one that has to read the journal before it comes to the window. Few are that, and not for long.
  struct Below {
    Below(TimerWheel& wheel, Timer::Fn fn, void* arg) : retry(wheel, fn, arg) {}
    bool reading = false;
    bool old = false;        // up to resume_seq pages are read, and told with their times
    std::size_t last = 0;    // not 0: begin with the newest so many
    Seq covered = seq_zero;  // reading: if the page is empty, nothing is kept between seq() and here
    // Where the room's head was when the cursor came: from there on it reads the log, so that nothing that is no
    // message (who comes and goes after `joined`) is missed.
    Seq resume_seq = seq_zero;
    std::uint64_t resume_offset = nowhere;
    Timer retry;  // of a page that could not be read, or not yet
    bool can_resume(const View& view) const { return resume_offset != nowhere && resume_offset >= view.begin; }
  };
  Below& fall_below();
  RoomReaders::Reader& slot() const { return readers_->readers(wire())[slot_]; }
  Reached& reached() const { return slot().reached; }
  // Nothing is to be seen to but what comes next in the room: from now on the walk sends it to `sink` by itself, until
  // unready(). No, if it stands anywhere else, or something is to be left out.
  void ready(Sink& sink);
  void unready() { slot().ready = nullptr; }
  bool find_place(const View& view);  // false: nothing to be had from the window now
  bool cutting() const;
  void gather_cut(Chunk& chunk, const View& view, std::size_t part);
  void passed(const View& view);
  void read_page();
  void page_arrived(const result<Page>& page);

  Client& client_;
  RoomReaders* const readers_;    // its shard keeps them while a cursor is among them
  std::unique_ptr<Below> below_;  // nullptr: it reads the window
  Seq own_through_ = seq_zero;
  std::uint64_t own_notice_ = 0;  // own notices may come up to this one; 0: none
  Seq end_ = Seq{nowhere};        // for at_end()
  TimePoint typed_{};             // when its client was last told to be typing there
  std::uint32_t slot_ = 0;        // in readers_
  const std::uint32_t serial_;    // which of the client's cursors a page was for
  bool joined_ = false;           // people see it
  bool fresh_ = false;            // joined, and has said nothing yet
};

}  // namespace chatbridge
