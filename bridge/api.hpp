// HTTP, as a request and its answer: no sockets, no routes elsewhere.
#pragma once
#include <atomic>
#include <optional>

#include "bridge/http_message.hpp"
#include "bridge/origin.hpp"
#include "bridge/room_api.hpp"
#include "bridge/server_info.hpp"

namespace chatbridge {

// Whether the daemon takes clients; any thread.
enum class Readiness { starting, ready, draining };

struct Api {
  Hub& hub;
  const Guard& guard;
  const std::atomic<Readiness>& readiness;
  Listening listening = {};

  // Answers everything that is no upgrade. Call on the asker's shard; `request` is not needed afterwards. Never fails:
  // what is wrong with the request is in the answer. What is returned MUST be kept until `done` is called, or the
  // answer is not wanted any more.
  std::shared_ptr<void> handle(const HttpRequest& request, const Asker& asker, Done done) const;
};

// What is wrong with an upgrade request on /ws or /, or with any request before its target is looked at.
std::optional<HttpResponse> refuse(const HttpRequest& request, const Guard& guard);

}  // namespace chatbridge
