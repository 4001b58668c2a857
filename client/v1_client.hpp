// A person on chatbridge.v1, across connections: what was said and is not acknowledged yet, how far the room was read.
// A machine without I/O.
#pragma once
#include <chrono>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/entry.hpp"
#include "client/v1_frames.hpp"

namespace chatbridge::connect {

// What a V1Client asks of its surroundings.
class V1Host {
 public:
  virtual void send(std::string frame) = 0;  // one text message
  virtual void print(std::string_view line) = 0;
  virtual void note(std::string_view line) = 0;     // about the connection
  virtual void fetch_rooms() = 0;                   // GET /api/rooms; the answer goes to V1Client::rooms
  virtual void failed(const std::string& why) = 0;  // the server does not let this person in

 protected:
  ~V1Host() = default;
};

// 1. What was typed is sent in its order, to the room that was the current one at its place in that order. It is sent
//    again, under the same id, on every new connection until it is acknowledged: the server says it once.
// 2. Every message of the room from the first joining on is printed once, in order; what is gone is told.
// 3. Own messages are not printed.
// 4. 64 lines are under way at most; what waits behind them is bounded by a caller that gives no more while it is
// full().
class V1Client {
 public:
  // `prefix`: of the ids of messages; nobody else's begin with it.
  V1Client(Wishes wishes, std::string prefix, V1Host& host);

  void opened();                                       // a connection speaks chatbridge.v1
  void received(std::string_view text);                // one text message of the server
  void lost();                                         // the connection is gone
  void typed(std::string_view line);                   // without line end
  void too_long();                                     // a line that was too long to be given
  void rooms(const std::optional<std::string>& body);  // nullopt: could not be had
  void retry();                                        // a second has passed since wants_retry()

  bool welcomed() const { return welcomed_; }   // on this connection
  bool inside() const { return inside_; }       // in a room
  bool known() const { return entered_once_; }  // has been in a room, on this connection or another
  bool full() const { return items_.size() >= items_max || bytes_ >= bytes_max; }
  bool settled() const { return items_.empty(); }
  bool quit() const { return quit_; }          // /quit was typed
  bool wants_retry() const { return later_; }  // the server said: not now
  std::size_t unsettled() const { return items_.size(); }
  std::size_t refused() const { return refused_; }
  std::size_t answers() const { return answers_; }  // goes up as things are settled
  std::optional<std::chrono::milliseconds> bye() const { return bye_; }

 private:
  static constexpr std::size_t under_way_max = 64, items_max = 64, bytes_max = 512 * 1024;
  enum class Kind { message, direct, nick, join, who, history, rooms };
  // Something typed that waits for its answer.
  struct Item {
    explicit Item(Kind k, std::string t = {}) : kind(k), text(std::move(t)) {}
    Kind kind;
    std::string id, room, text;  // text: or the nick, or who it is for
    std::string to;              // direct
    bool action = false, sent = false;
    std::size_t left = 0;       // history: how many more
    std::deque<v1::json> page;  // history: what is there, oldest first
  };
  struct Place {
    std::string epoch;
    std::uint64_t seq = 0;
  };

  void add(Item item);
  void pump();
  void send(Item& item);
  void request(const v1::json& object);
  using Items = std::deque<Item>;
  Items::iterator find(Kind kind, std::string_view room = {});  // the oldest that was sent
  Items::iterator find_id(const std::string& id);
  void settle(Items::iterator item);
  void again_later(Items::iterator item);
  void refuse(std::string_view why);

  void take(const v1::json& frame);
  void welcome(const v1::json& f);
  void joined(const v1::json& f);
  void moved(const v1::json& f, Items::iterator item);
  void message(const v1::json& f);
  void history(const v1::json& f);
  void presence(const v1::json& f);
  void renamed(const v1::json& f);
  void error(const v1::json& f);
  void set_people(const v1::json& members, bool known);
  void say_where();

  const Wishes wishes_;
  const std::string prefix_;
  V1Host& host_;
  Items items_;
  std::size_t bytes_ = 0, refused_ = 0, answers_ = 0;
  std::uint64_t ids_ = 0;
  std::string session_, nick_, chosen_, room_;  // chosen_: the nick to ask for again
  Place place_;
  std::uint64_t missed_up_to_ = 0;  // messages up to it were said while we were away
  std::string last_minute_;         // when the last message was said
  std::set<std::string> people_;
  bool people_known_ = false, welcomed_ = false, inside_ = false, quit_ = false;
  bool later_ = false, entered_once_ = false;
  std::set<std::string> told_;  // why something has to wait
  std::optional<std::chrono::milliseconds> bye_;
};

}  // namespace chatbridge::connect
