// One thread's share of the clients: its io_context, its deadlines, and its readers of every room.
#pragma once
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/room_log.hpp"
#include "core/timer_wheel.hpp"

namespace chatbridge {

class Client;
class Cursor;
class Room;
class Shard;

// Bytes for one send: a client's private log, then one cursor's span. Valid until the next gather().
struct Chunk {
  static constexpr std::size_t max = 64;
  std::array<iovec, max> iov;
  std::array<std::uint64_t, max> offset;  // logical, of the cursor's pieces
  std::size_t count = 0, bytes = 0;
  std::size_t private_bytes = 0;  // of the first piece, when it is the private log
  Cursor* cursor = nullptr;
  std::uint64_t end = 0;                 // where the cursor stands when all of it is sent
  Mark last{};                           // the entry before `end`
  std::shared_ptr<const Segment> entry;  // of a walk's: it is one entry, that this has the bytes of

  void clear() { count = bytes = private_bytes = 0, cursor = nullptr, entry = nullptr; }
  bool full() const { return count == max; }
  void add(const char* data, std::size_t size, std::uint64_t at) {
    iov[count] = {const_cast<char*>(data), size};
    offset[count++] = at;
    bytes += size;
  }
};

// Where a client's bytes go, as far as the fan-out needs it. No more than the socket: the walk touches nothing else of
// a reader that is ready, and of thousands of readers nothing is in the processor's cache.
class Sink {
 public:
  // Sends the bytes, as many as can be sent now: how many that were, 0 when none can be, or not like that.
  virtual std::size_t send_now(const Chunk& chunk) = 0;
  virtual ~Sink() = default;
};

// How far a cursor has come.
struct Reached {
  std::uint64_t offset = 0;  // in the window, of a live cursor
  Seq seq = seq_zero;        // the last message given
  std::uint32_t at = 0;      // when that was said, seconds since 1970; 0: not known
};

// The readers of one room on one shard, and what they were last shown of its log. All of it belongs to the shard's
// thread but wake().
class RoomReaders : public std::enable_shared_from_this<RoomReaders> {
 public:
  RoomReaders(Shard& shard, std::shared_ptr<Room> room) : shard_(shard), room_(std::move(room)) {}

  Room& room() { return *room_; }
  void attach(Cursor& cursor);  // the view of its format is up to date afterwards
  void detach(Cursor& cursor);
  const View& view(Wire wire) const { return views_[static_cast<std::size_t>(wire)]; }

  // The room's head has moved. Any thread; however often it is called, one walk follows: at once, but in a room that
  // has just been walked at most the shard's linger later, so that more goes with one send.
  void wake();
  // Does not linger any longer.
  void hurry();
  // The journal has what `client` said; it hears of it behind the walk that shows it, if one is due.
  void settle(const std::shared_ptr<Client>& client, const std::string& id, std::size_t bytes, Seq seq);

 private:
  friend class Cursor;
  // What a walk needs of a reader, one beside the other.
  struct Reader {
    Cursor* cursor;
    Sink* ready;  // nothing but the room's next bytes is to be seen to: they go here; nullptr: its transport is flushed
    Reached reached;
  };
  using Readers = std::vector<Reader>;
  Readers& readers(Wire wire) { return readers_[static_cast<std::size_t>(wire)]; }
  bool empty() const {
    return std::ranges::all_of(readers_, [](const auto& r) { return r.empty(); });
  }
  void woken();
  void walk();
  void walk(Wire wire);
  bool send_ready(Reader& reader, const View& view);
  void refresh();

  Shard& shard_;
  const std::shared_ptr<Room> room_;
  std::array<View, wire_count> views_;
  std::array<Readers, wire_count> readers_;
  struct Settled {
    std::shared_ptr<Client> client;
    std::string id;
    std::size_t bytes;
    Seq seq;
  };
  std::vector<Settled> settled_;  // to be told behind the next walk
  std::atomic<bool> woken_{false};
  TimePoint walked_ = TimePoint::min();                // when the last walk began
  std::unique_ptr<boost::asio::steady_timer> linger_;  // until the next one; made when first needed
  bool lingering_ = false;
};

class Shard {
 public:
  Shard();
  Shard(const Shard&) = delete;

  boost::asio::io_context& io() { return io_; }
  TimerWheel& wheel() { return wheel_; }
  Chunk& chunk() { return chunk_; }
  Chunk& shared_chunk() { return shared_chunk_; }

  bool here() { return io_.get_executor().running_in_this_thread(); }
  template <class F>
  void post(F f) {
    boost::asio::post(io_, std::move(f));
  }
  // Now when called on the shard's thread, else posted.
  template <class F>
  void dispatch(F f) {
    if (here()) {
      f();
    } else {
      post(std::move(f));
    }
  }

  // The client has something to send; its transport is flushed once, before the thread waits again.
  void flush_soon(Client& client);
  // Calls fn(arg) once when the walk or flush under way is over; with none under way, at once.
  void after_flush(void (*fn)(void*), void* arg);

  // How long what is said in a busy room may wait for more to go with it; 0: not at all, as it is before this is
  // called. Ends waits that are under way.
  void set_linger(Duration linger);
  Duration linger() const { return linger_time_; }

  std::shared_ptr<RoomReaders> readers(const std::shared_ptr<Room>& room);
  RoomReaders* find(const Room& room);  // nullptr: no reader of it is here
  void forget(const Room& room) { readers_.erase(&room); }

  // The thread: returns when nothing is left to do. What a handler throws is logged, and costs nobody else anything.
  void run();

  // Marks a stretch in which several clients are flushed.
  class Flushing {
   public:
    explicit Flushing(Shard& s) : shard_(s) { ++shard_.flushing_; }
    ~Flushing();

   private:
    Shard& shard_;
  };

 private:
  void flush_dirty();
  void drive();

  TimerWheel wheel_;  // outlives what waits in io_
  boost::asio::io_context io_{1};
  boost::asio::steady_timer driver_;
  TimePoint driven_ = TimePoint::max();  // when driver_ fires, max: not at all
  bool advancing_ = false;
  Chunk chunk_;         // of the client that is being flushed
  Chunk shared_chunk_;  // of the walk that is under way: what several readers get
  std::vector<std::shared_ptr<Client>> dirty_, flushing_now_;
  std::vector<std::pair<void (*)(void*), void*>> after_;
  int flushing_ = 0;
  Duration linger_time_{};
  std::unordered_map<const Room*, std::shared_ptr<RoomReaders>> readers_;
};

}  // namespace chatbridge
