#include "core/journal_wait.hpp"

namespace chatbridge {

void JournalWait::start(Client& client, const std::function<void(Journal::DoneHandler)>& ask, Then then) {
  const auto wait = std::make_shared<JournalWait>(client, std::move(then));
  client.reading(true);
  wait->patience_.arm(Hub::patience);
  // Posted also on this thread: the journal may answer within the call, with the hub's lock held.
  ask([wait, &shard = client.shard()](const result<void>& outcome) {
    shard.post([wait, outcome] { wait->over(outcome); });
  });
}

JournalWait::JournalWait(Client& client, Then then)
    : client_(client.shared_from_this()),
      then_(std::move(then)),
      patience_(
          client.shard().wheel(),
          [](void* self) {
            static_cast<JournalWait*>(self)->over(
                Error{errc::overloaded, "the journal does not answer; try again later"});
          },
          this) {}

void JournalWait::over(const result<void>& outcome) {
  const auto then = std::exchange(then_, nullptr);
  if (!then) return;
  const auto self = shared_from_this();
  const auto client = std::exchange(client_, nullptr);
  patience_.disarm();
  client->reading(false);
  const bool gone = client->transport() == nullptr;
  then(*client, gone ? result<void>(Error{errc::internal, "it is gone"}) : outcome);
  client->shard().flush_soon(*client);
}

}  // namespace chatbridge
