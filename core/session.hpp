// A person: a nick and what belongs to it, however many connections they have.
#pragma once
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include "core/names.hpp"
#include "core/position.hpp"

namespace chatbridge {

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
  bool named_ = false;                     // nick_ was chosen, not given
  bool holds_nick_ = false;                // nick_ is claimed in the hub's table (a guest's name needs no claim)
  TimePoint disconnected_{};               // when the last connection went
  bool in_grace_ = false;                  // lost without goodbye: the nick is kept for a while
  std::list<Session*>::iterator parted_;   // in the hub's list, while connections_ is 0
  std::map<RoomName, std::size_t> rooms_;  // where it is, with how many connections
};

}  // namespace chatbridge
