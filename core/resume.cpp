#include "core/resume.hpp"

#include "core/journal_wait.hpp"

namespace chatbridge {
namespace {

void tell_token(Client& client, const std::string& token) {
  client.tell("*** to come back later, once and within 24 hours: /resume " + token);
  client.keep_place();
}

// The journal has the new token instead of the old one: nick and room are given, and what was said since.
void give(Client& client, const Hub::Resumed& who, const std::string& token) {
  client.become_again(who.session);
  auto room = RoomName::parse(who.room);
  if (!room) room = client.hub().options().default_room;
  auto cursor = client.attach(*room, {From::What::after, who.place, 0, true});
  if (!cursor) {
    client.tell(cursor.error());
    cursor = client.attach(client.hub().options().default_room, {});
  }
  if (who.nick_taken) client.tell("*** somebody else has your nick by now");
  client.tell("*** you are " + client.nick() + " in " + (*cursor)->room().name().str() + ", /help");
  tell_token(client, token);
  client.join(**cursor);
}

// `client` is on its shard again; whoever had the session knows that it has it no more.
void take_over(Client& client, const std::shared_ptr<Session>& session, const SecretHash& old) {
  const auto token = random_token();
  JournalWait::start(
      client,
      [&](Journal::DoneHandler done) { client.hub().replace_token(*session, hash_secret(token), std::move(done)); },
      [session, token, old](Client& me, const result<void>& outcome) {
        if (outcome) return give(me, me.hub().come_back(session), token);
        me.hub().put_token_back(*session, old);
        me.tell(outcome.error());
      });
}

}  // namespace

void offer_token(Client& client) {
  const auto token = random_token();
  JournalWait::start(
      client,
      [&](Journal::DoneHandler done) {
        client.hub().offer_token(client, hash_secret(token), client.first()->room().name(), client.first()->seq(),
                                 std::move(done));
      },
      [token](Client& me, const result<void>& outcome) {
        if (!outcome) return me.tell(outcome.error());
        tell_token(me, token);
      });
}

void resume(Client& client, const std::string& token) {
  const auto hash = hash_secret(token);
  const auto taken = client.hub().take_token(hash);
  if (!taken.session) return client.tell("*** that token is not known; one works once, within 24 hours");
  if (taken.session.get() == client.session()) {
    client.hub().put_token_back(*taken.session, hash);
    return client.tell("*** you are here already");
  }
  if (!taken.connected) return take_over(client, taken.session, hash);
  // The connection it still has is on another shard, perhaps: that one says where it stands, and ends.
  client.reading(true);
  taken.connected->shard().post([me = client.shared_from_this(), taken, hash] {
    taken.connected->give_place_away();
    me->shard().post([me, taken, hash] {
      me->reading(false);
      if (me->transport() == nullptr) return me->hub().put_token_back(*taken.session, hash);
      take_over(*me, taken.session, hash);
      me->shard().flush_soon(*me);
    });
  });
}

}  // namespace chatbridge
