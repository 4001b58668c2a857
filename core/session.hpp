// A person: a nick and what belongs to it, however many connections they have.
#pragma once
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/names.hpp"

namespace chatbridge {

class Client;

// Everything but nick() is guarded by the hub's lock and used by the hub alone.
class Session {
 public:
  Session(std::string id, Nick nick) : id_(std::move(id)), nick_(std::move(nick)) {}

  const std::string& id() const { return id_; }  // unguessable; known to its person only
  std::string nick() const {
    const std::lock_guard lock(m_);
    return nick_.str();
  }

 private:
  friend class Hub;
  void set_nick(Nick nick) {
    const std::lock_guard lock(m_);
    nick_ = std::move(nick);
  }

  const std::string id_;
  mutable std::mutex m_;
  Nick nick_;
  std::size_t connections_ = 0;
  std::vector<Client*> clients_;           // those of its connections that can be told something
  std::vector<DirectPtr> waiting_;         // while it has none, and is in grace
  bool holds_nick_ = false;                // nick_ is claimed in the hub's table
  TimePoint disconnected_{};               // when the last connection went
  bool in_grace_ = false;                  // lost without goodbye: the nick is kept for a while
  std::list<Session*>::iterator parted_;   // in the hub's list, while connections_ is 0
  std::map<RoomName, std::size_t> rooms_;  // where it is, with how many connections
};

}  // namespace chatbridge
