// The recent window of one room: its entries encoded once per wire format, as segments of ready-to-send bytes.
//
// A WireLog is the bytes of one format. Bytes and marks are only ever added behind what readers were shown, so a View,
// copied under the room's lock, is read without it.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/message.hpp"
#include "core/wire.hpp"

namespace chatbridge {

// Where an entry ends, and what it is.
struct Mark {
  std::uint32_t end;  // offset behind its last byte, within the segment
  std::uint32_t at;   // when it was said, seconds since 1970 UTC
  Seq seq;            // of the message; of the message before it when the entry is none
  ClientId origin;    // who must not get it back, 0: everybody gets it
};

// A run of entries. `bytes` and `marks` never move; what is behind a View's limits belongs to the appender alone.
struct Segment {
  Segment(std::uint64_t base, std::size_t capacity);
  const std::uint64_t base;  // logical offset of its first byte
  const std::size_t capacity, marks_capacity;
  std::size_t memory() const { return capacity + marks_capacity * sizeof(Mark); }
  const std::unique_ptr<char[]> bytes;
  const std::unique_ptr<Mark[]> marks;
};

// What a shard knows of one format of a room. Offsets are logical: counted from the first byte ever encoded.
struct View {
  struct Part {
    std::shared_ptr<const Segment> segment;
    std::uint32_t used = 0, marks = 0;
    std::uint64_t end() const { return segment->base + used; }
  };
  std::vector<Part> parts;
  std::uint64_t begin = 0, head = 0;  // what is here: [begin, head)
  Seq head_seq = seq_zero;            // the last message at or before head
  Seq floor = seq_zero;               // who has seen this seq can go on from here without the journal
  std::uint64_t notices = 0;          // entries so far that are no messages

  // The entry that holds the byte before `offset` (begin < offset <= head), and the part it lies in.
  struct Place {
    const Part* part;
    const Mark* mark;
    std::uint64_t end() const { return part->segment->base + mark->end; }
  };
  Place entry_at(std::uint64_t offset) const;
  // Where the first entry after `seq` begins (floor <= seq).
  std::uint64_t after(Seq seq) const;
};

class WireLog {
 public:
  bool active() const { return active_; }
  void start(Seq head);
  void stop();
  void append(std::string_view bytes, Seq seq, std::uint32_t at, ClientId origin);
  void drop_oldest();  // the first segment, unless it is the only one
  std::size_t capacity() const { return capacity_; }
  std::size_t segments() const { return parts_.size(); }
  void view(View& into) const;

 private:
  Segment& room_for(std::size_t bytes);
  std::vector<View::Part> parts_;
  std::vector<std::shared_ptr<Segment>> writable_;  // the same segments, for the appender
  std::uint64_t head_ = 0;
  Seq head_seq_ = seq_zero, floor_ = seq_zero;
  std::size_t capacity_ = 0;
  bool active_ = false;
};

// Guarded by its room's lock.
class RoomLog {
 public:
  RoomLog(std::string room, std::size_t window_bytes, Seq head, std::string epoch = {});

  // A format is encoded while somebody reads it.
  void open(Wire wire);
  void close(Wire wire);

  void append(const Message& m);
  void append(const PresenceChange& change);
  void append(const Rename& rename);
  void append(const Typing& typing);

  Seq head() const { return head_; }
  std::uint64_t notices() const { return notices_; }
  void view(Wire wire, View& into) const;

 private:
  template <class Encode>
  void add(Wire wire, ClientId origin, Encode encode);
  void trim();
  WireLog& log(Wire wire) { return logs_[static_cast<std::size_t>(wire)]; }

  const std::string room_, epoch_;
  const std::size_t window_bytes_;
  Seq head_;
  std::uint32_t head_at_ = 0;
  std::uint64_t notices_ = 0;
  std::array<WireLog, wire_count> logs_;
  std::string scratch_;
};

}  // namespace chatbridge
