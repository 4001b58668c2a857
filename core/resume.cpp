#include "core/resume.hpp"

#include "core/journal_wait.hpp"

namespace chatbridge {
namespace {

void tell_token(Client& client, const std::string& token) {
  client.tell("*** to come back later, once and within 24 hours: /resume " + token);
  client.keep_place();
  client.await_token(hash_secret(token));
}

// The journal has the new token, and nobody else is this person: nick and room are given, and what was said since.
void give(Client& client, const std::shared_ptr<Session>& session, const std::string& token) {
  auto& hub = client.hub();
  const auto who = hub.come_back(session);
  client.become_again(session);
  auto room = RoomName::parse(who.room);
  if (!room) room = hub.options().default_room;
  auto cursor = client.attach(*room, {From::What::after, who.place, 0, true});
  if (!cursor) {
    client.tell(cursor.error());
    cursor = client.attach(hub.options().default_room, {});
  }
  if (who.nick_taken) client.tell("*** somebody else has your nick by now");
  client.tell("*** you are " + client.nick() + " in " + (*cursor)->room().name().str() + ", /help");
  client.join(**cursor);
  // The old connection may have asked for yet another one meanwhile.
  if (who.token == hash_secret(token)) return tell_token(client, token);
  client.keep_place();
  offer_token(client);
}

// The old token is used up. Whoever still is this person says where it stands, and ends; perhaps on another shard.
void take_over(Client& client, const Hub::Taken& taken, const std::string& token) {
  const auto keeper = client.hub().keeper(*taken.session);
  if (!keeper) return give(client, taken.session, token);
  client.reading(true);
  keeper->shard().post([me = client.shared_from_this(), keeper, taken, token] {
    keeper->give_place_away();
    me->shard().post([me, taken, token] {
      me->reading(false);
      // Nobody was told the new one.
      if (me->transport() == nullptr) return me->hub().put_back(taken, hash_secret(token));
      give(*me, taken.session, token);
      me->shard().flush_soon(*me);
    });
  });
}

}  // namespace

void offer_token(Client& client) {
  if (client.gave_place_away()) return;  // what it asks for now would be its successor's
  const auto token = random_token();
  const auto session = client.session_ptr();
  client.look_after_token();
  // With the token it has all up to where it stands. Until then the one it may have is for what it is known to have.
  if (!client.keeps_place()) client.hub().save_place(session, client.first()->room().name(), client.first()->seq());
  const auto before = std::make_shared<Tokens>();
  JournalWait::start(
      client,
      [&](Journal::DoneHandler done) {
        *before = client.hub().replace_token(session, hash_secret(token), std::nullopt, std::move(done));
      },
      [token, session, before](Client& me, const result<void>& outcome) {
        if (me.gave_place_away()) return;
        if (outcome) return tell_token(me, token);
        me.hub().restore_tokens(session, hash_secret(token), *before);
        me.tell(outcome.error());
      });
}

void resume(Client& client, const std::string& token) {
  if (client.gave_place_away()) return;
  const auto used = hash_secret(token);
  const auto taken = client.hub().take_token(used);
  if (!taken.session) return client.tell("*** that token is not known; one works once, within 24 hours");
  if (taken.session.get() == client.session()) {
    client.hub().put_back(taken, taken.tokens.newest);
    return client.tell("*** you are here already");
  }
  const auto next = random_token();
  JournalWait::start(
      client,
      [&](Journal::DoneHandler done) {
        client.hub().replace_token(taken.session, hash_secret(next), used, std::move(done));
      },
      [taken, next](Client& me, const result<void>& outcome) {
        if (outcome) return take_over(me, taken, next);
        me.hub().put_back(taken, hash_secret(next));
        me.tell(outcome.error());
      });
}

}  // namespace chatbridge
