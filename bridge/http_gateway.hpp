// HTTP connections: requests in turn; an upgrade makes a WebSocket client of one, a GET of events a listener.
#pragma once
#include <atomic>
#include <string>

#include "bridge/api.hpp"
#include "bridge/ws_session.hpp"

namespace chatbridge {

struct HttpOptions {
  Duration header_timeout = std::chrono::seconds(5);   // for a whole request, once its first byte or turn has come
  Duration idle_timeout = std::chrono::seconds(60);    // between requests, and between two pieces of an answer
  Duration answer_timeout = std::chrono::seconds(10);  // for the journal to have one; then it is 503
  std::size_t header_bytes = 16 * 1024;                // of a request's header
  WsOptions ws;
};

// Thread-safe; outlives its connections.
class HttpGateway {
 public:
  HttpGateway(Hub& hub, const Guard& guard, const std::atomic<Readiness>& readiness, HttpOptions options)
      : api_{hub, guard, readiness}, options_(std::move(options)) {}

  // What GET /api/server tells. Before the first connection.
  void listens(Listening listening) { api_.listening = std::move(listening); }

  // Takes a connected socket, of which `early` was read already. On the lane's thread.
  void serve(Lane& lane, Socket socket, std::string early = {});

  const Api& api() const { return api_; }
  const HttpOptions& options() const { return options_; }

 private:
  Api api_;
  const HttpOptions options_;
};

}  // namespace chatbridge
