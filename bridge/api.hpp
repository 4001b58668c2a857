// HTTP, as a request and its answer: no sockets, no routes elsewhere.
#pragma once
#include <atomic>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string_view>

#include "bridge/origin.hpp"
#include "core/hub.hpp"

namespace chatbridge {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

// Whether the daemon takes clients; any thread.
enum class Readiness { starting, ready, draining };

struct Api {
  Hub& hub;
  const Guard& guard;
  const std::atomic<Readiness>& readiness;

  // The answer to everything that is no upgrade. Never fails: what is wrong with the request is in the answer.
  HttpResponse handle(const HttpRequest& request) const;
};

// {"error":{"code":…,"message":…}} with a fitting status.
HttpResponse error_response(const HttpRequest& request, unsigned status, const Error& error);

// What is wrong with an upgrade request on /ws or /, or with any request before its target is looked at.
std::optional<HttpResponse> refuse(const HttpRequest& request, const Guard& guard);

std::string_view path_of(const HttpRequest& request);  // the target without its query

}  // namespace chatbridge
