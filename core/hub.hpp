// Who is where: rooms by name, nicks, sessions, presence. Knows no sockets and no formats.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/fair_places.hpp"
#include "core/pace.hpp"
#include "core/replay_limit.hpp"
#include "core/room.hpp"
#include "core/session.hpp"
#include "core/text.hpp"

namespace chatbridge {

class Client;

// What the operator can set of the core. Sizes in bytes.
struct HubOptions {
  TextLimits text;
  RoomName default_room = *RoomName::parse("lobby");
  std::size_t window_bytes = 1 << 20;
  std::size_t presence_max = 100;  // names are told up to so many people in a room
  Duration session_grace = std::chrono::seconds(60);
  std::size_t pending_bytes = 256 * 1024;         // per client, in the journal's queue and in its private log
  std::size_t rooms = 10000;                      // in all, 0: no limit
  std::size_t rooms_per_client = 100;             // 0: no limit
  bool echo = false;                              // raw clients get back what they say
  bool verbatim = false;                          // raw clients get each other's bytes as they came, and nothing else
  bool show_address = false;                      // verbatim: they are known by their addresses
  RateLimit rate;                                 // of what a client sends
  RateLimit nick_changes;                         // of a client
  std::size_t replay_rate = 0;                    // messages per second read again for a host, 0: no limit
  Duration page_retry = std::chrono::seconds(1);  // after a read of the journal that failed
  std::size_t sessions = 100'000;                 // without a connection that are remembered
};

enum class Farewell { lost, said };  // whether a connection that is gone said goodbye

struct RoomInfo {
  std::string room;
  std::size_t count;
  Seq head;
};

struct Rooms {
  std::vector<RoomInfo> rooms;  // with people or messages, by name
  std::size_t more = 0;         // about so many are not among them
};

// A session that came back. `nick_taken`: somebody else has its nick by now, it has a guest's.
struct Found {
  std::shared_ptr<Session> session;  // nullptr: unknown
  bool nick_taken = false;
};

struct People {
  std::vector<Member> members;  // by nick
  std::size_t count = 0;        // in the room, whatever was asked for
  bool more = false;
};

// Thread-safe.
class Hub {
 public:
  // `presence_due` is called, on any thread and with the hub's lock held, when flush_presence() should be called in
  // presence_delay from then.
  Hub(Journal& journal, HubOptions options, std::function<void()> presence_due,
      TimePoint (*now)() = std::chrono::steady_clock::now);

  static constexpr Duration presence_delay = std::chrono::milliseconds(250);

  Journal& journal() { return journal_; }
  const HubOptions& options() const { return options_; }
  InFlight& in_flight() { return in_flight_; }
  ReplayLimit& replay() { return replay_; }

  // ---- sessions: each call of new_session and a found one of find_session is one connection, until disconnect
  // `given`: a name of the server's making; without one it is a guest. Who got it holds it until disconnect(): the hub
  // owns only those it keeps.
  [[nodiscard]] std::shared_ptr<Session> new_session(std::string given = {});
  Found find_session(const std::string& id);
  // Gives the session an id, and has the journal keep it, so that it is found from now on, and in later lives of the
  // server as well; `done` as in Journal::put_session, with the hub's lock held. An id is told its person only after
  // that. Without, the session is forgotten with its connection.
  void keep(const std::shared_ptr<Session>& session, Journal::DoneHandler done);

  // ---- resume tokens, by their hashes; `done` as in keep()
  struct Taken {
    std::shared_ptr<Session> session;  // nullptr: there is no such token
    Tokens tokens;                     // as they were
  };
  Taken take_token(const SecretHash& token);  // nobody else can, nor the session's other one
  // The session has this token from now on, and until confirm_token() the one before (of two, `used`); gives what it
  // had.
  Tokens replace_token(const std::shared_ptr<Session>& session, const SecretHash& token,
                       const std::optional<SecretHash>& used, Journal::DoneHandler done);
  // As if it had never been replaced by `newest`; unless there is a newer one.
  void restore_tokens(const std::shared_ptr<Session>& session, const SecretHash& newest, const Tokens& tokens);
  // The same for who took it. A take ends with this or with come_back().
  void put_back(const Taken& taken, const std::optional<SecretHash>& newest);
  void confirm_token(Session& session, const SecretHash& token);  // its person has this one, if it is the newest
  std::shared_ptr<Client> keeper(const Session& session);         // a connection that keeps its place, if there is one
  struct Resumed {
    std::string room;
    Seq place = seq_zero;
    std::optional<SecretHash> token;  // the newest
    bool nick_taken = false;
  };
  Resumed come_back(const std::shared_ptr<Session>& session);  // one more connection of it
  void save_place(const std::shared_ptr<Session>& session, const RoomName& room, Seq place);

  // What is said to the session alone reaches the client from attach() to disconnect().
  void attach(Session& session, Client& client);
  void disconnect(Session& session, Farewell farewell, Client* client = nullptr);
  // Gives the session another nick and tells its rooms. Fails with bad_nick, nick_taken.
  result<void> rename(Session& session, std::string_view raw, ClientId origin);
  // Whether somebody has that nick who is connected or may still come back to it.
  bool nick_in_use(const Nick& nick) const;

  // ---- rooms: open() until as many close(); a room without users and messages is no more
  // `host` asks for it. Fails with too_many: a new one needs a place, and a tenth of all is what one host may open.
  result<std::shared_ptr<Room>> open(const RoomName& name, const Host& host);
  void close(const RoomName& room);
  void join(const RoomName& room, Session& session, Via via, ClientId origin);
  void leave(const RoomName& room, Session& session, ClientId origin);

  // Says something to one person (`d.to`: a nick, in any spelling) on all connections, and shows it on the other ones
  // of its sender. Somebody who may come back gets up to directs_max later. Whom nothing can be told alone, as raw
  // clients in verbatim relay, nobody reaches. Fails with no_such_nick, too_many, overloaded.
  result<void> direct(Session& from, ClientId origin, Direct d);
  struct Received {
    DirectPtr direct;
    bool own;  // the client's own session said it
  };
  std::optional<Received> take_direct(Client& client);  // the oldest that waits for it
  static constexpr std::size_t directs_max = 100;
  static constexpr std::size_t waiting_bytes_max = 16 << 20;  // for all who may come back together
  // Tells the room that somebody is typing, unless it is too large to tell names. Whether it did.
  bool typing(const RoomName& room, const Session& session, ClientId origin);

  // `limit` of those whose nick begins so, none with 0: then nobody is looked for, only counted.
  People people(const RoomName& room, std::string_view prefix, std::size_t limit) const;
  Rooms rooms(std::size_t limit) const;

  // Refuses, in every room, what has waited for the journal for longer than patience. Now and then.
  void give_up_waiting();
  static constexpr Duration patience = std::chrono::seconds(5);

  // Tells all rooms what changed. announce(): one room at once, if it is small enough to tell names.
  void flush_presence();
  void announce(const RoomName& room);

 private:
  struct ByNick {
    using is_transparent = void;
    bool operator()(const Session* a, const Session* b) const {
      return std::pair(std::string_view(a->nick_.str()), a) < std::pair(std::string_view(b->nick_.str()), b);
    }
    bool operator()(const Session* a, std::string_view nick) const { return a->nick_.str() < nick; }
  };
  // Strangers choose nicks, so the hash is keyed.
  struct ByKey {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return KeyedHash{}(key); }
    std::size_t operator()(const Session* s) const { return (*this)(s->nick_.key()); }
    bool operator()(std::string_view key, const Session* s) const { return key == s->nick_.key(); }
    bool operator()(const Session* s, std::string_view key) const { return key == s->nick_.key(); }
    bool operator()(const Session* a, const Session* b) const { return a == b || a->nick_.key() == b->nick_.key(); }
  };
  struct Entry {
    std::shared_ptr<Room> room;
    std::size_t users = 0;
    Host opened_by;
    std::set<Session*, ByNick> people;  // sorted: those who ask for some of many cost nobody else anything
    std::vector<Member> joined, left;   // to be told
    bool unnamed = false;               // more than are told by name came or went: only how many are there is told
    bool changed = false;               // is in changed_
    bool names = true;                  // small enough to tell names
  };
  static Session::Places::iterator where(Session& session, const Room& room);
  static Member member(Session& session, const Room& room);
  void note(Entry& e, const Member& who, bool joined);
  void tell_presence(Entry& e);
  void load_sessions();
  Session::Kept& kept(const std::shared_ptr<Session>& session);
  void put(const Session& session, Journal::DoneHandler done = {});
  bool come_in(Session& session);
  void list_tokens(Session& session);
  void restore(const std::shared_ptr<Session>& session, const std::optional<SecretHash>& newest, const Tokens& tokens);
  void unlist_tokens(const Session& session);
  void remember(const std::shared_ptr<Session>& session);
  Nick free_guest();
  bool free_nick(std::string_view key, const Session& wanted_by);
  void claim_nick(Session& session);
  void release_nick(Session& session);
  bool reachable(const Session& s) const;
  bool put_direct(Client& client, const DirectPtr& d, bool own);
  result<void> let_wait(Session& to, const DirectPtr& d);
  void forget_waiting(Session& s);
  bool grace_over(const Session& s) const;
  void part(Session& session);
  void unpart(Session& session);
  void forget_old_sessions();
  void forget(Session& session);
  bool has_messages(const RoomName& room) const;
  bool rooms_taken(const Host& host) const;
  void drop_emptied();
  void drop_if_unused(std::map<RoomName, Entry>::iterator e);

  Journal& journal_;
  const HubOptions options_;
  const std::function<void()> presence_due_;
  TimePoint (*const now_)();
  InFlight in_flight_;
  ReplayLimit replay_;

  mutable std::mutex m_;
  std::map<RoomName, Entry> rooms_;
  std::unordered_map<NetworkBits, std::size_t, KeyedHash> rooms_of_;  // how many it opened, in this life of the server
  std::vector<RoomName> changed_;
  TimePoint swept_{};
  std::unordered_set<Session*, ByKey, ByKey> nicks_;  // who holds one; the session outlives its claim
  std::unordered_map<SecretHash, std::shared_ptr<Session>, SecretHashHash> sessions_;  // the kept ones
  std::unordered_map<SecretHash, Session*, SecretHashHash> tokens_;
  std::list<Session*> parted_;  // without a connection, longest first
  // The same by host: so that nobody has all others forgotten by coming and going often.
  FairPlaces<NetworkBits, Session, KeyedHash> parted_of_;
  std::list<Session*> awaited_;    // something waits for them, longest first
  std::size_t waiting_bytes_ = 0;  // of all of it
  std::uint64_t guests_ = 0;
};

}  // namespace chatbridge
