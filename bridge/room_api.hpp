// A room by HTTP: what was said, saying something, and hearing what is said. Which request asks for what is api's.
#pragma once
#include <functional>
#include <memory>
#include <variant>

#include "bridge/http_message.hpp"
#include "core/cursor.hpp"
#include "core/hub.hpp"

namespace chatbridge {

// A stream of events was asked for: `head` begins it, what follows `from` goes on.
struct Listen {
  RoomName room;
  From from;
  HttpResponse head;
};

// How a request ends: one answer, or a stream.
using Outcome = std::variant<HttpResponse, Listen>;

// Called once, on the shard's thread, within the call or later: when the journal has answered, however long that takes.
using Done = std::function<void(Outcome)>;

// Who asks: the thread that is asked on, and whom the request counts for.
struct Asker {
  Shard& shard;
  Host host;
};

// GET …/messages?after=S&epoch=E&limit=N. Never makes a room. An answer is bounded: `more` says that there is more.
// It comes more slowly when the host reads more than limits.replay_rate. What is returned does it: when nobody keeps
// that any more, nothing is read, and `done` not called.
std::shared_ptr<void> read_messages(Hub& hub, const Asker& asker, const HttpRequest& request, const RoomName& room,
                                    Done done);

// POST …/messages. 201 when the journal has it.
void post_message(Hub& hub, const Asker& asker, const HttpRequest& request, const RoomName& room, Done done);

// GET …/events, by Last-Event-ID.
Outcome listen(const Journal& journal, const HttpRequest& request, const RoomName& room);

}  // namespace chatbridge
