// A client without its socket: who it is, where it reads, what it alone was told. The same for every transport.
#pragma once
#include <atomic>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cursor.hpp"
#include "core/hub.hpp"
#include "core/text.hpp"

namespace chatbridge {

// What a client needs of its socket.
class Transport {
 public:
  // There may be something to send: sends as much as can be sent now, or nothing if a send is under way. May take
  // input that was held back, so that within it any cursor may come or go. Never closes within the call: other clients
  // are being flushed around it.
  virtual void flush() = 0;
  // Bytes it has sent that the peer's kernel has not acknowledged; SIZE_MAX: not known. Datagrams are not waited for.
  virtual std::size_t unacknowledged() const { return 0; }
  // It can't be served any longer, for this reason: what it was told is still sent, then its connection ends, not
  // within the call.
  virtual void turned_away(std::string_view reason) { static_cast<void>(reason); }

 protected:
  ~Transport() = default;
};

// Lives on its shard; every call on the shard's thread but where it says otherwise. The transport calls gone() before
// its own end; others may hold the client for longer.
class Client final : public Speaker {
 public:
  // On its own, or as a part of something (a connection) that it is then kept alive with: lives_in() MUST follow.
  template <class... Args>
  static std::shared_ptr<Client> make(Args&&... args) {
    auto client = std::make_shared<Client>(std::forward<Args>(args)...);
    client->lives_in(client);
    return client;
  }
  void lives_in(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
  std::shared_ptr<Client> shared_from_this() { return {owner_.lock(), this}; }
  std::shared_ptr<void> owner() const { return owner_.lock(); }
  Client(Hub& hub, Shard& shard, Transport& transport, Via via, Wire wire, bool datagrams = false);

  ClientId id() const { return id_; }
  Hub& hub() { return hub_; }
  Shard& shard() override { return shard_; }
  Transport* transport() { return transport_; }  // nullptr after gone()
  Via via() const { return via_; }
  Wire wire() const { return wire_; }
  bool datagrams() const { return datagrams_; }
  bool wants_own() const { return wants_own_; }
  // Whom it counts for in limits of a host; set before it reads anything.
  const Host& host() const { return host_; }
  void come_from(const Host& host) { host_ = host; }

  // ---- who
  Session* session() { return session_.get(); }
  const std::shared_ptr<Session>& session_ptr() { return session_; }
  void become(std::shared_ptr<Session> session);  // once, before anything else that needs a name
  std::string nick() const { return session_->nick(); }
  result<std::string> rename(std::string_view raw);  // the nick it has now
  // Another person from now on, in no room.
  void become_again(std::shared_ptr<Session> session);
  // It has a token to come back with: where it stands is kept in its session, at most place_every old, and as it was
  // when the connection is gone. Every line client is in one room.
  void keep_place();
  bool keeps_place() const { return keeps_place_; }
  // It has just been told a token: until that has arrived the one before is good as well. Looks whether it has.
  void await_token(const SecretHash& token);
  void look_after_token();
  static constexpr Duration place_every = std::chrono::seconds(4);
  // Somebody came back as this person elsewhere: says where it stands, and ends.
  void give_place_away();
  bool gave_place_away() const { return gave_place_away_; }
  void goodbye() { said_goodbye_ = true; }
  // The connection is no more. `farewell`: it said so itself.
  void gone(Farewell farewell);

  // ---- where
  // Begins to read a room; people see it only with join(). Fails with too_many. `moving`: another is left right after.
  result<Cursor*> attach(const RoomName& room, From from, bool moving = false);
  void join(Cursor& cursor);
  void leave(const RoomName& room);
  Cursor* find(std::string_view room);
  Cursor* first() { return cursors_.empty() ? nullptr : cursors_.front().get(); }

  // ---- speaking
  // Hands a message to the room. What becomes of it is told by an ack (JSON with an id) or an error, later.
  void say(Cursor& cursor, const Text& text, bool action, std::string id);
  // Verbatim relay: bytes as they came.
  void relay(Cursor& cursor, std::string_view bytes, Form form);
  // Says something to one person; what becomes of it is told at once.
  void direct(std::string_view nick, const Text& text, std::string id);
  void typing(Cursor& cursor);  // at most once a second in a room, more is forgotten
  // It sent one line, datagram or object, and limits.rate counts it. Over it a stream is read more slowly (congested),
  // of datagrams those are dropped for which this is false; either is told, once until it has rested.
  bool heard();
  std::size_t in_flight() const { return in_flight_; }
  // So much is waiting in the journal, or for this client to read, that no more of its input should be taken. Looked at
  // between any two commands: one of them may have much to answer.
  bool congested() const;
  // Reads the newest `most` messages before `before`, as an answer to what it asked for; `answer` is called on its
  // shard, later, unless it is gone before its turn. Not while a read is under way for it.
  using HistoryHandler = std::function<void(const result<Page>&)>;
  void history(const RoomName& room, Seq before, std::size_t most, HistoryHandler answer);
  // A read of the journal is under way for it, until the answer is there: nothing is asked meanwhile.
  void reading(bool on) { on ? ++reads_ : --reads_; }
  bool may_read_journal() const { return reads_ == 0 && private_bytes() == 0; }

  // ---- what it alone is told
  void tell(std::string_view line);  // line formats: without LF
  void tell(const Error& error, std::string_view id = {}, std::string_view room = {});
  void tell_json(std::string_view object);  // json_frame
  void tell_bytes(std::string_view ready);  // one entry, ready to be sent
  void tell_last(std::string_view ready);   // the same, though it is muted: what ends its connection
  // The private log as offsets since the client came: what was told, and how much of it is sent.
  std::uint64_t told() const { return private_base_ + (private_ ? private_->bytes.size() : 0); }
  std::uint64_t told_sent() const { return private_base_ + (private_ ? private_->sent : 0); }
  std::size_t private_bytes() const { return private_ ? private_->bytes.size() - private_->sent : 0; }
  // It cannot be served: its connection ends. `why`: what it is told first.
  void turn_away(std::string_view reason, const std::optional<Error>& why = std::nullopt);
  // Nothing more is told or read from rooms; what was told before is still sent.
  void mute() { muted_ = true, hold(true); }
  // Nothing reaches it any more, nor does what it was told before: that is forgotten. It may still speak.
  void deafen();

  // ---- sending
  // For stream transports the next bytes: the private log first, then the cursors in turn. Empty: drained.
  Chunk& gather();
  void sent(const Chunk& chunk, std::size_t bytes);
  Cursor::Entry next_datagram();  // for datagram transports instead of the two; empty: none

  // While on, no room is read, only the private log.
  void hold(bool on) {
    held_ = on || muted_;
    unready();
  }
  // Its transport has nothing to see to but what comes next in its rooms: if that goes for the client as well, walks
  // send it to `sink`, and the transport is flushed again only when that does not do, or something else is due.
  // `sink` MUST stay until unready(), mute() or gone().
  void ready(Sink& sink);
  void unready() {
    for (auto& c : cursors_) c->unready();
  }
  // It will end when it is drained.
  void ends() { ends_ = true; }
  // Nothing of its own is in flight, and all that it was told and its rooms' entries are sent: if it ends, those that
  // were there by then, whether its shard has been shown them or lingers.
  bool drained();

 private:
  friend class Cursor;
  friend class RoomReaders;
  friend class Shard;
  friend class Hub;
  // Whether it knows its session's id: for nobody else a nick is kept that a lost connection leaves behind.
  bool can_come_back() const { return wire_ == Wire::json_frame || keeps_place_ || gave_place_away_; }
  void settled(Room& room, const std::string& id, std::size_t bytes, const result<Appended>& outcome) override;
  void settle(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome);
  void settled_here(Room& room, const std::string& id, std::size_t bytes, const result<Seq>& outcome);
  Cursor* find(std::uint32_t serial);
  std::uint32_t next_serial() { return ++cursors_made_; }
  std::string& private_log();
  void forget_sent();
  void send(Cursor& cursor, Message m);
  void sent_some(std::size_t bytes);
  void place_from(Seq seq);
  void save_place_soon();
  void forget_acknowledged();
  void save_place();
  void take_inbox();
  void tell_slow();
  void read_history();

  std::weak_ptr<void> owner_;
  // What a flush looks at stands together.
  Transport* transport_;
  Hub& hub_;
  Shard& shard_;
  const ClientId id_;
  const Via via_;
  const Wire wire_;
  const bool datagrams_, wants_own_;
  bool held_ = false, muted_ = false, dirty_ = false, ends_ = false;
  std::atomic<bool> keeps_place_{false};
  bool gave_place_away_ = false, said_goodbye_ = false;
  std::uint8_t reads_ = 0;  // of the journal
  std::atomic<std::uint16_t> inbox_size_{0};
  std::uint32_t in_flight_ = 0, in_flight_bytes_ = 0;
  std::uint32_t turn_ = 0;  // the cursor that gathers next
  std::uint32_t cursors_made_ = 0;
  boost::container::small_vector<std::unique_ptr<Cursor>, 1> cursors_;
  struct Private {
    std::string bytes;  // [sent, size) is to be sent; of datagrams each with its size before it
    std::size_t sent = 0;
  };
  std::unique_ptr<Private> private_;  // while there is any: most are told nothing most of the time
  std::uint64_t private_base_ = 0;
  // Of the few who have a token; the others do not pay for it.
  struct Place {
    // When all up to `offset` of what was sent since keep_place() is acknowledged, the client has all up to `seq`.
    struct Mark {
      std::uint64_t offset;
      Seq seq;
    };
    Place(TimerWheel& wheel, Timer::Fn fn, void* arg) : timer(wheel, fn, arg) {}
    std::deque<Mark> marks;
    Seq seq = seq_zero;  // it has all up to here, whatever the marks say
    std::uint64_t sent = 0;
    std::uint64_t token_end = 0;  // the token has arrived when so much has
    bool token_awaited = false;
    SecretHash token{};
    Timer timer;
  };
  std::unique_ptr<Place> place_;  // from keep_place() on, until it is gone
  std::shared_ptr<Session> session_;
  std::unique_ptr<std::vector<Hub::Received>> inbox_;  // while something is in it; guarded by the hub's lock
  Host host_;
  struct History {
    History(const RoomName& room, Seq before, std::size_t most, HistoryHandler answer, TimerWheel& wheel, Timer::Fn fn,
            void* arg)
        : room(room), before(before), most(most), answer(std::move(answer)), wait(wheel, fn, arg) {}
    const RoomName room;
    const Seq before;
    const std::size_t most;
    HistoryHandler answer;
    Timer wait;
  };
  std::unique_ptr<History> history_;  // the newest one
  // Of those who have said something.
  struct Paces {
    Paces(TimerWheel& wheel, Timer::Fn fn, void* arg) : resume(wheel, fn, arg) {}
    Pace said, renamed;
    bool hurried = false, told_slow = false;
    Timer resume;  // armed: it has sent too fast, and is not read
  };
  Paces& paces();
  std::unique_ptr<Paces> paces_;
};

}  // namespace chatbridge
