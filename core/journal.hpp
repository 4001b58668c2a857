// The journal: gives messages their order and keeps them. Order comes from here and nowhere else.
//
// Adapters live in server/journal (memory, SQLite; later NATS JetStream). One contract suite covers them all:
// tests/server/journal_suite.hpp.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/errc.hpp"
#include "core/message.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"

namespace chatbridge {

struct Appended {
  MessagePtr message;     // as it is kept, with its seq
  bool repeated = false;  // (session, id) was in the room already: `message` is the first one, nothing was added
};

// Messages of one room, oldest first.
struct Page {
  std::vector<MessagePtr> messages;
  Seq start = seq_zero;  // the page follows this place: nothing kept lies between it and the first message
  Seq floor = seq_zero;  // messages up to here are gone for good
  WallTime floor_at{};   // when the newest of those was said
  bool more = false;     // there is more in the direction of the read
};

// A person whom somebody may come back as: what of a session outlives its process. Secrets are kept as their hashes.
struct SessionRecord {
  SecretHash id{};  // of the session's id
  std::string nick;
  bool connected = false;  // had a connection when this was written: after a crash it is lost, not gone
  bool in_grace = false;   // it has none, lost without goodbye: its nick is kept for a while
  WallTime seen{};         // when this was written
  Tokens tokens;
  std::string room;  // with a token: where it was, and the last message it is known to have there
  Seq place = seq_zero;
};

// append, read_… and the calls about sessions come from any thread.
class Journal {
 public:
  using DoneHandler = std::function<void(result<void>)>;
  using AppendHandler = std::function<void(result<std::vector<Appended>>)>;
  using ReadHandler = std::function<void(result<Page>)>;

  virtual ~Journal() = default;

  // The life of the numbering. Fixed while the journal is open. Never blocks.
  virtual const Epoch& epoch() const = 0;

  // The rooms that have a message, when the journal was opened. Call once, before the first append. Throws
  // std::runtime_error when they cannot be read; what() says why and what to do, in one line.
  virtual std::vector<RoomName> rooms() = 0;

  // Newest place of the room, and the place up to which messages are gone: the room has messages while the first is
  // above the second. Never block, not even on a write under way; any thread, also with the hub's lock held.
  virtual Seq head(const RoomName& room) const = 0;
  virtual Seq floor(const RoomName& room) const = 0;

  // Appends `batch` (seq unset) to the room, all of it or nothing, in the order given.
  // 1. `done` is called exactly once, on any thread, perhaps before append returns: hold no lock that it needs.
  // 2. After success the messages survive what the adapter promises to survive.
  // 3. The caller MUST NOT start a second append to a room before the first is done.
  // Fails with errc::overloaded; then nothing was appended. While it cannot be known whether something was, it is not
  // done.
  virtual void append(const RoomName& room, std::vector<Message> batch, AppendHandler done) = 0;

  // Whether it is done before append returns. Else an append is worth waiting for more to go with it.
  virtual bool immediate() const { return false; }

  // At most `max` messages after `after`, or the newest `max` before `before`. At least one if there is one; a page
  // holds about 64 KiB of text at most. An empty page says that nothing is kept there. `done` as in append, but perhaps
  // after whoever asked is gone. Fails with errc::overloaded.
  virtual void read_after(const RoomName& room, Seq after, std::size_t max, ReadHandler done) = 0;
  virtual void read_before(const RoomName& room, Seq before, std::size_t max, ReadHandler done) = 0;

  // The sessions put and not forgotten in earlier lives, in no order. Call once, before the first put. Throws as
  // rooms().
  virtual std::vector<SessionRecord> sessions() = 0;

  // Keeps a session as `record` says from now on; what was kept of it before is replaced. `done` as in append: after
  // success it survives what a message does; it may be empty: nobody waits, and a newer record of the same session may
  // take this one's place. Puts and forgets take effect in the order they are called in.
  // Fails with errc::overloaded; what is kept then is what was kept before.
  virtual void put_session(SessionRecord record, DoneHandler done) = 0;
  virtual void forget_session(const SecretHash& id) = 0;

  // Why nothing can be appended just now, in one line for the operator; empty: it can. Never blocks; any thread.
  virtual std::string trouble() const = 0;

  // After this no call is allowed; everything handed over before is settled when it returns.
  virtual void close() = 0;
};

}  // namespace chatbridge
