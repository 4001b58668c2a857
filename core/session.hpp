// A person: a nick and what belongs to it, however many connections they have.
#pragma once
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "core/fair_places.hpp"
#include "core/host.hpp"
#include "core/message.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"

namespace chatbridge {

class Client;
class Room;

// Everything but nick() and id() is guarded by the hub's lock and used by the hub alone. Most are guests on one raw
// connection in one room: what only others need is not in here but in Kept.
class Session {
 public:
  explicit Session(Nick nick) : nick_(std::move(nick)) {}

  // Unguessable, known to its person only. Empty while its person can't come back, and of one of an earlier process
  // until somebody comes back with it.
  std::string id() const;
  std::string nick() const;

 private:
  friend class Hub;

  // Of those whose person can come back. The journal has them, and is told what becomes of them.
  struct Kept {
    SecretHash hash{};  // of the id
    std::string id;
    Tokens tokens;     // what somebody can come back with on a plain connection
    int taken = 0;     // so many are coming back with one
    std::string room;  // where to, and what it has of it
    Seq place = seq_zero;
    std::vector<DirectPtr> waiting;         // while it has no connection, and is in grace
    std::list<Session*>::iterator awaited;  // in the hub's list, while something waits
    TimePoint disconnected{};               // when the last connection went
    bool in_grace = false;                  // lost without goodbye: the nick is kept for a while
    std::list<Session*>::iterator parted;   // in the hub's list, while it has no connection
    FairPlaces<NetworkBits, Session, KeyedHash>::Place parted_of;
    NetworkBits host{};  // of its last connection; all 0: none that is limited, or from an earlier process
  };
  struct Where {  // it is
    Room* room;
    std::uint32_t connections;  // of it that are there
    Via via;                    // the first one's
  };
  using Places = boost::container::small_vector<Where, 1>;

  void set_kept(std::unique_ptr<Kept> kept);
  void set_id(const std::string& id);
  void set_nick(Nick nick);

  Nick nick_;
  std::unique_ptr<Kept> kept_;
  boost::container::small_vector<Client*, 1> clients_;  // those of its connections that can be told something
  Places rooms_;
  std::uint32_t connections_ = 0;
  bool holds_nick_ = false;  // nick_ is claimed in the hub's table
};

}  // namespace chatbridge
