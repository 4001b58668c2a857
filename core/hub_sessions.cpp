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
    const auto session = std::make_shared<Session>(Nick::given(r.nick));
    auto kept = std::make_unique<Session::Kept>();
    kept->hash = r.id;
    kept->tokens = r.tokens;
    kept->room = r.room;
    kept->place = r.place;
    kept->disconnected = now_() - away;
    // Whoever was connected when the last server ended is lost, and may come back now that there is one again.
    kept->in_grace = r.connected || r.in_grace;
    session->set_kept(std::move(kept));
    list_tokens(*session);
    if (!grace_over(*session)) claim_nick(*session);
    away_for.push_back(session.get());
    sessions_.emplace(r.id, session);
    if (r.connected) put(*session);  // lost from now on, whatever becomes of this server
  }
  std::ranges::sort(away_for, {}, [](const Session* s) { return s->kept_->disconnected; });
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
  auto session = std::make_shared<Session>(given.empty() ? free_guest() : Nick::given(std::move(given)));
  session->connections_ = 1;
  claim_nick(*session);
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
  if (const auto& earlier = session.kept_->tokens.earlier) tokens_.erase(*earlier);
  session.kept_->in_grace = false;
  bool taken = false;
  if (!session.holds_nick_) {
    taken = !free_nick(session.nick_.key(), session);
    if (taken) session.set_nick(free_guest());
    claim_nick(session);
  }
  put(session);
  return taken;
}

void Hub::keep(const std::shared_ptr<Session>& session, Journal::DoneHandler done) {
  const std::lock_guard lock(m_);
  kept(session);
  put(*session, std::move(done));
}

// What is known of it, from now on if it was not.
Session::Kept& Hub::kept(const std::shared_ptr<Session>& session) {
  if (!session->kept_) {
    auto kept = std::make_unique<Session::Kept>();
    kept->id = random_token();
    kept->hash = hash_secret(kept->id);
    sessions_.emplace(kept->hash, session);
    session->set_kept(std::move(kept));
  }
  return *session->kept_;
}

// With the lock held, so that the journal is told in the order of what happened.
void Hub::put(const Session& session, Journal::DoneHandler done) {
  SessionRecord r;
  r.id = session.kept_->hash;
  r.nick = session.nick_.str();
  r.connected = session.connections_ > 0;
  r.in_grace = session.kept_->in_grace;
  r.seen = now_wall();
  r.tokens = session.kept_->tokens;
  r.room = session.kept_->room;
  r.place = session.kept_->place;
  journal_.put_session(std::move(r), std::move(done));
}

// ---- resume tokens

// While somebody was coming back it may have been forgotten.
void Hub::remember(const std::shared_ptr<Session>& session) {
  if (!sessions_.emplace(session->kept_->hash, session).second) return;
  part(*session);
  list_tokens(*session);
}

// While somebody is there, or about to be, the earlier one is of no use: it would let the same token in twice.
void Hub::list_tokens(Session& session) {
  const auto& [newest, earlier] = session.kept_->tokens;
  if (newest) tokens_[*newest] = &session;
  if (earlier && session.connections_ == 0 && session.kept_->taken == 0) tokens_[*earlier] = &session;
}

void Hub::unlist_tokens(const Session& session) {
  const auto& [newest, earlier] = session.kept_->tokens;
  if (newest) tokens_.erase(*newest);
  if (earlier) tokens_.erase(*earlier);
}

Hub::Taken Hub::take_token(const SecretHash& token) {
  const std::lock_guard lock(m_);
  forget_old_sessions();
  const auto found = tokens_.find(token);
  if (found == tokens_.end()) return {};
  const auto session = sessions_.at(found->second->kept_->hash);
  unlist_tokens(*session);
  ++session->kept_->taken;
  return {session, session->kept_->tokens};
}

Tokens Hub::replace_token(const std::shared_ptr<Session>& session, const SecretHash& token,
                          const std::optional<SecretHash>& used, Journal::DoneHandler done) {
  const std::lock_guard lock(m_);
  auto& tokens = kept(session).tokens;
  remember(session);
  const auto before = tokens;
  unlist_tokens(*session);
  tokens = {token, used ? used : before.earlier ? before.earlier : before.newest};
  tokens_[token] = session.get();  // the used one is not good again before it is known that this one was lost
  put(*session, std::move(done));
  return before;
}

void Hub::restore_tokens(const std::shared_ptr<Session>& session, const SecretHash& newest, const Tokens& tokens) {
  const std::lock_guard lock(m_);
  restore(session, newest, tokens);
}

void Hub::put_back(const Taken& taken, const std::optional<SecretHash>& newest) {
  const std::lock_guard lock(m_);
  --taken.session->kept_->taken;
  restore(taken.session, newest, taken.tokens);
}

void Hub::restore(const std::shared_ptr<Session>& session, const std::optional<SecretHash>& newest,
                  const Tokens& tokens) {
  if (session->kept_->tokens.newest != newest) {
    if (sessions_.contains(session->kept_->hash)) list_tokens(*session);
    return;
  }
  remember(session);
  unlist_tokens(*session);
  session->kept_->tokens = tokens;
  list_tokens(*session);
  put(*session);
}

void Hub::confirm_token(Session& session, const SecretHash& token) {
  const std::lock_guard lock(m_);
  // The connection that is being taken over knows of an older one only.
  auto& [newest, earlier] = session.kept_->tokens;
  if (newest != token || !earlier) return;
  tokens_.erase(*earlier);
  earlier.reset();
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
  auto& kept = *session->kept_;
  --kept.taken;
  remember(session);
  const bool nick_taken = come_in(*session);
  return {kept.room, kept.place, kept.tokens.newest, nick_taken};
}

void Hub::save_place(const std::shared_ptr<Session>& session, const RoomName& room, Seq place) {
  const std::lock_guard lock(m_);
  const bool known = session->kept_ != nullptr;
  auto& k = kept(session);
  if (k.room == room.str() && k.place == place) return;
  k.room = room.str();
  k.place = place;
  if (known) put(*session);  // else the journal is told with the token that is about to come
}

void Hub::attach(Session& session, Client& client) {
  const std::lock_guard lock(m_);
  session.clients_.push_back(&client);
  if (!session.kept_) return;
  for (const auto& d : session.kept_->waiting) put_direct(client, d, false);
  forget_waiting(session);
}

void Hub::disconnect(Session& session, Farewell farewell, Client* client) {
  const std::lock_guard lock(m_);
  const auto told = std::ranges::find(session.clients_, client);
  if (told != session.clients_.end()) session.clients_.erase(told);
  if (--session.connections_ > 0) return;
  if (!session.kept_) return release_nick(session);  // nobody was told an id: nobody comes back
  auto& kept = *session.kept_;
  kept.in_grace = farewell == Farewell::lost;
  kept.disconnected = now_();
  if (client != nullptr && client->host()) kept.host = *client->host();
  list_tokens(session);
  part(session);
  if (!kept.in_grace) release_nick(session);
  put(session);
}

bool Hub::grace_over(const Session& s) const {
  return !s.kept_ || !s.kept_->in_grace || now_() - s.kept_->disconnected >= options_.session_grace;
}

void Hub::claim_nick(Session& session) { session.holds_nick_ = nicks_.insert(&session).second; }

void Hub::release_nick(Session& session) {
  forget_waiting(session);
  if (!session.holds_nick_) return;
  nicks_.erase(&session);
  session.holds_nick_ = false;
}

bool Hub::free_nick(std::string_view key, const Session& wanted_by) {
  const auto holder = nicks_.find(key);
  if (holder == nicks_.end() || *holder == &wanted_by) return true;
  if ((*holder)->connections_ > 0 || !grace_over(**holder)) return false;
  release_nick(**holder);
  return true;
}

void Hub::part(Session& session) {
  session.kept_->parted = parted_.insert(parted_.end(), &session);
  session.kept_->parted_of = parted_of_.add(session.kept_->host, session);
}

void Hub::unpart(Session& session) {
  parted_.erase(session.kept_->parted);
  parted_of_.remove(session.kept_->parted_of);
}

void Hub::forget_old_sessions() {
  while (!parted_.empty() && now_() - parted_.front()->kept_->disconnected >= session_kept) forget(*parted_.front());
  while (parted_.size() > options_.sessions) forget(*parted_of_.of_most());
}

void Hub::forget(Session& session) {
  release_nick(session);
  unpart(session);
  journal_.forget_session(session.kept_->hash);
  unlist_tokens(session);
  sessions_.erase(SecretHash(session.kept_->hash));
}

}  // namespace chatbridge
