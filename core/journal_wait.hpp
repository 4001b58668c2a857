// A client that cannot go on before the journal has something. Nothing is taken from it meanwhile.
#pragma once
#include <functional>
#include <memory>

#include "core/client.hpp"

namespace chatbridge {

class JournalWait : public std::enable_shared_from_this<JournalWait> {
 public:
  using Then = std::function<void(Client&, const result<void>&)>;

  // Calls `ask` with a handler for the journal, and `then` on the client's shard with what came of it: overloaded if
  // nothing has after Hub::patience, internal if the client is gone by then. On the client's shard.
  static void start(Client& client, const std::function<void(Journal::DoneHandler)>& ask, Then then);

  JournalWait(Client& client, Then then);

 private:
  void over(const result<void>& outcome);

  std::shared_ptr<Client> client_;  // until it is over: a journal that does not answer keeps nobody
  Then then_;
  Timer patience_;
};

}  // namespace chatbridge
