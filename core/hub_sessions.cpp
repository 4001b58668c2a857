// The hub's people: sessions, the nicks they hold, the tokens they come back with.
#include <algorithm>

#include "core/client.hpp"
#include "core/hub.hpp"

namespace chatbridge {
namespace {

// Sessions without a connection are remembered so long, so that their ids still mean something.
constexpr Duration session_kept = std::chrono::hours(24);

WallTime now_wall() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

}  // namespace

// ---- sessions

void Hub::load_sessions() {
  const auto now = now_wall();
  auto records = journal_.sessions();
  std::vector<Session*> away_for;
  // Of several with one nick, whoever was there last has it.
  std::ranges::sort(records, [](const SessionRecord& a, const SessionRecord& b) {
    return std::pair(a.connected, a.seen) > std::pair(b.connected, b.seen);
  });
  for (const auto& r : records) {
    const auto away = r.connected ? WallTime::duration{} : std::max(now - r.seen, WallTime::duration{});
    if (away >= session_kept) {
      journal_.forget_session(r.id);
      continue;
    }
    const auto session = std::make_shared<Session>(r.id, Nick::given(r.nick));
    session->kept_ = true;
    session->tokens_ = r.tokens;
    session->room_ = r.room;
    session->place_ = r.place;
    list_tokens(*session);
    session->disconnected_ = now_() - away;
    // Whoever was connected when the last server ended is lost, and may come back now that there is one again.
    session->in_grace_ = r.connected || r.in_grace;
    if (!grace_over(*session)) claim_nick(*session);
    away_for.push_back(session.get());
    sessions_.emplace(r.id, session);
    if (r.connected) put(*session);  // lost from now on, whatever becomes of this server
  }
  std::ranges::sort(away_for, {}, [](const Session* s) { return s->disconnected_; });
  for (auto* session : away_for) part(*session);
}

Nick Hub::free_guest() {
  for (;;) {
    auto guest = Nick::guest(++guests_);
    if (!nicks_.contains(guest.key())) return guest;
  }
}

std::shared_ptr<Session> Hub::new_session(std::string given) {
  const std::lock_guard lock(m_);
  forget_old_sessions();
  auto session =
      std::make_shared<Session>(random_token(), given.empty() ? free_guest() : Nick::given(std::move(given)));
  session->connections_ = 1;
  claim_nick(*session);
  sessions_.emplace(session->hash_, session);
  return session;
}

Found Hub::find_session(const std::string& id) {
  const std::lock_guard lock(m_);
  const auto known = sessions_.find(hash_secret(id));
  if (known == sessions_.end()) return {};
  auto& session = *known->second;
  session.set_id(id);
  return {known->second, come_in(session)};
}

// One more connection. Whether it has a guest's nick, since somebody else has its own.
bool Hub::come_in(Session& session) {
  if (session.connections_ == 0 && grace_over(session)) forget_waiting(session);
  if (session.connections_++ > 0) return false;
  unpart(session);
  if (session.tokens_.earlier) tokens_.erase(*session.tokens_.earlier);
  session.in_grace_ = false;
  bool taken = false;
  if (!session.holds_nick_) {
    taken = !free_nick(session.nick_.key(), session);
    if (taken) session.set_nick(free_guest());
    claim_nick(session);
  }
  if (session.kept_) put(session);
  return taken;
}

void Hub::keep(Session& session, Journal::DoneHandler done) {
  const std::lock_guard lock(m_);
  session.kept_ = true;
  put(session, std::move(done));
}

// With the lock held, so that the journal is told in the order of what happened.
void Hub::put(const Session& session, Journal::DoneHandler done) {
  SessionRecord r;
  r.id = session.hash_;
  r.nick = session.nick();
  r.connected = session.connections_ > 0;
  r.in_grace = session.in_grace_;
  r.seen = now_wall();
  r.tokens = session.tokens_;
  r.room = session.room_;
  r.place = session.place_;
  journal_.put_session(std::move(r), std::move(done));
}

// ---- resume tokens

// While somebody was coming back it may have been forgotten.
void Hub::remember(const std::shared_ptr<Session>& session) {
  if (!sessions_.emplace(session->hash_, session).second) return;
  part(*session);
  list_tokens(*session);
}

// While somebody is there, or about to be, the earlier one is of no use: it would let the same token in twice.
void Hub::list_tokens(Session& session) {
  const auto& [newest, earlier] = session.tokens_;
  if (newest) tokens_[*newest] = &session;
  if (earlier && session.connections_ == 0 && session.taken_ == 0) tokens_[*earlier] = &session;
}

void Hub::unlist_tokens(const Session& session) {
  const auto& [newest, earlier] = session.tokens_;
  if (newest) tokens_.erase(*newest);
  if (earlier) tokens_.erase(*earlier);
}

Hub::Taken Hub::take_token(const SecretHash& token) {
  const std::lock_guard lock(m_);
  forget_old_sessions();
  const auto found = tokens_.find(token);
  if (found == tokens_.end()) return {};
  const auto session = sessions_.at(found->second->hash_);
  unlist_tokens(*session);
  ++session->taken_;
  return {session, session->tokens_};
}

Tokens Hub::replace_token(const std::shared_ptr<Session>& session, const SecretHash& token,
                          const std::optional<SecretHash>& used, Journal::DoneHandler done) {
  const std::lock_guard lock(m_);
  remember(session);
  const auto before = session->tokens_;
  unlist_tokens(*session);
  session->tokens_ = {token, used ? used : before.earlier ? before.earlier : before.newest};
  tokens_[token] = session.get();  // the used one is not good again before it is known that this one was lost
  session->kept_ = true;
  put(*session, std::move(done));
  return before;
}

void Hub::restore_tokens(const std::shared_ptr<Session>& session, const SecretHash& newest, const Tokens& tokens) {
  const std::lock_guard lock(m_);
  restore(session, newest, tokens);
}

void Hub::put_back(const Taken& taken, const std::optional<SecretHash>& newest) {
  const std::lock_guard lock(m_);
  --taken.session->taken_;
  restore(taken.session, newest, taken.tokens);
}

void Hub::restore(const std::shared_ptr<Session>& session, const std::optional<SecretHash>& newest,
                  const Tokens& tokens) {
  if (session->tokens_.newest != newest) {
    if (sessions_.contains(session->hash_)) list_tokens(*session);
    return;
  }
  remember(session);
  unlist_tokens(*session);
  session->tokens_ = tokens;
  list_tokens(*session);
  put(*session);
}

void Hub::confirm_token(Session& session, const SecretHash& token) {
  const std::lock_guard lock(m_);
  // The connection that is being taken over knows of an older one only.
  if (session.tokens_.newest != token || !session.tokens_.earlier) return;
  tokens_.erase(*session.tokens_.earlier);
  session.tokens_.earlier.reset();
  put(session);
}

std::shared_ptr<Client> Hub::keeper(const Session& session) {
  const std::lock_guard lock(m_);
  for (auto* client : session.clients_)
    if (client->keeps_place()) return client->shared_from_this();
  return nullptr;
}

Hub::Resumed Hub::come_back(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(m_);
  --session->taken_;
  remember(session);
  const bool nick_taken = come_in(*session);
  return {session->room_, session->place_, session->tokens_.newest, nick_taken};
}

void Hub::save_place(Session& session, const RoomName& room, Seq place) {
  const std::lock_guard lock(m_);
  if (session.room_ == room.str() && session.place_ == place) return;
  session.room_ = room.str();
  session.place_ = place;
  if (session.kept_) put(session);
}

void Hub::attach(Session& session, Client& client) {
  const std::lock_guard lock(m_);
  session.clients_.push_back(&client);
  if (client.host()) session.host_ = *client.host();
  for (const auto& d : session.waiting_) put_direct(client, d, false);
  forget_waiting(session);
}

void Hub::disconnect(Session& session, Farewell farewell, Client* client) {
  const std::lock_guard lock(m_);
  if (client != nullptr) std::erase(session.clients_, client);
  if (--session.connections_ > 0) return;
  session.in_grace_ = farewell == Farewell::lost;
  if (!session.kept_ && !session.in_grace_) {
    // Nobody was told its id: nobody comes back.
    release_nick(session);
    sessions_.erase(SecretHash(session.hash_));
    return;
  }
  session.disconnected_ = now_();
  list_tokens(session);
  part(session);
  if (!session.in_grace_) release_nick(session);
  if (session.kept_) put(session);
}

bool Hub::grace_over(const Session& s) const {
  return !s.in_grace_ || now_() - s.disconnected_ >= options_.session_grace;
}

void Hub::claim_nick(Session& session) {
  session.holds_nick_ = nicks_.try_emplace(session.nick_.key(), &session).second;
}

void Hub::release_nick(Session& session) {
  forget_waiting(session);
  if (!session.holds_nick_) return;
  nicks_.erase(session.nick_.key());
  session.holds_nick_ = false;
}

bool Hub::free_nick(const std::string& key, const Session& wanted_by) {
  const auto holder = nicks_.find(key);
  if (holder == nicks_.end() || holder->second == &wanted_by) return true;
  if (holder->second->connections_ > 0 || !grace_over(*holder->second)) return false;
  release_nick(*holder->second);
  return true;
}

void Hub::part(Session& session) {
  session.parted_ = parted_.insert(parted_.end(), &session);
  session.parted_of_ = parted_of_.add(session.host_, session);
}

void Hub::unpart(Session& session) {
  parted_.erase(session.parted_);
  parted_of_.remove(session.parted_of_);
}

void Hub::forget_old_sessions() {
  while (!parted_.empty() && now_() - parted_.front()->disconnected_ >= session_kept) forget(*parted_.front());
  while (parted_.size() > options_.sessions) forget(*parted_of_.of_most());
}

void Hub::forget(Session& session) {
  release_nick(session);
  unpart(session);
  if (session.kept_) journal_.forget_session(session.hash_);
  unlist_tokens(session);
  sessions_.erase(SecretHash(session.hash_));
}

}  // namespace chatbridge
