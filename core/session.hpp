// A person: a nick and what belongs to it, however many connections they have.
#pragma once
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/fair_places.hpp"
#include "core/host.hpp"
#include "core/message.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"

namespace chatbridge {

class Client;

// Everything but nick() is guarded by the hub's lock and used by the hub alone.
class Session {
 public:
  // `id`: unguessable, known to its person only. One of an earlier process is known by its hash, until somebody comes
  // back with it.
  Session(std::string id, Nick nick) : hash_(hash_secret(id)), id_(std::move(id)), nick_(std::move(nick)) {}
  Session(const SecretHash& hash, Nick nick) : hash_(hash), nick_(std::move(nick)) {}

  std::string id() const {
    const std::lock_guard lock(m_);
    return id_;
  }
  std::string nick() const {
    const std::lock_guard lock(m_);
    return nick_.str();
  }

 private:
  friend class Hub;
  void set_id(const std::string& id) {
    const std::lock_guard lock(m_);
    id_ = id;
  }
  void set_nick(Nick nick) {
    const std::lock_guard lock(m_);
    nick_ = std::move(nick);
  }

  const SecretHash hash_;
  mutable std::mutex m_;
  std::string id_;
  Nick nick_;
  bool kept_ = false;  // the journal has it, and is told what becomes of it
  Tokens tokens_;      // what somebody can come back with on a plain connection
  int taken_ = 0;      // so many are coming back with one
  std::string room_;   // where to, and what it has of it
  Seq place_ = seq_zero;
  std::size_t connections_ = 0;
  std::vector<Client*> clients_;           // those of its connections that can be told something
  std::vector<DirectPtr> waiting_;         // while it has none, and is in grace
  std::list<Session*>::iterator awaited_;  // in the hub's list, while something waits
  bool holds_nick_ = false;                // nick_ is claimed in the hub's table
  TimePoint disconnected_{};               // when the last connection went
  bool in_grace_ = false;                  // lost without goodbye: the nick is kept for a while
  std::list<Session*>::iterator parted_;   // in the hub's list, while connections_ is 0
  FairPlaces<NetworkBits, Session, KeyedHash>::Place parted_of_;
  NetworkBits host_{};  // of its newest connection; all 0: none that is limited, or from an earlier process
  std::map<RoomName, std::size_t> rooms_;  // where it is, with how many connections
};

}  // namespace chatbridge
