#include "bridge/api.hpp"

#include <nlohmann/json.hpp>

#include "bridge/assets.hpp"

namespace chatbridge {
namespace {

namespace http = boost::beast::http;
using json = nlohmann::ordered_json;

constexpr std::size_t rooms_max = 1000;  // in one answer

std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }

HttpResponse respond(const HttpRequest& request, unsigned status, std::string_view type, std::string body) {
  HttpResponse r(http::int_to_status(status), request.version());
  r.set(http::field::server, "chatbridge");
  r.set(http::field::content_type, boost::beast::string_view(type.data(), type.size()));
  r.set("X-Content-Type-Options", "nosniff");
  r.keep_alive(request.keep_alive());
  r.body() = std::move(body);
  r.prepare_payload();
  if (status == 304) r.erase(http::field::content_length);  // would be the length of what was not sent
  // The length of what GET would have brought (RFC 9110 section 9.3.2).
  if (request.method() == http::verb::head) r.body().clear();
  return r;
}

HttpResponse text(const HttpRequest& request, unsigned status, std::string body) {
  auto r = respond(request, status, "text/plain; charset=utf-8", std::move(body));
  r.set(http::field::cache_control, "no-store");
  return r;
}

// 'self' covers WebSocket in new browsers only; the host is one that passed the guard.
std::string content_security_policy(const HttpRequest& request) {
  const std::string host(request[http::field::host]);
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; "
         "connect-src 'self'" +
         (host.empty() ? std::string{} : " ws://" + host + " wss://" + host) +
         "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
}

HttpResponse asset(const HttpRequest& request, const Asset& a) {
  const bool known = view(request[http::field::if_none_match]) == a.etag;
  auto r = respond(request, known ? 304 : 200, a.content_type, known ? std::string{} : std::string(a.body));
  r.set(http::field::etag, boost::beast::string_view(a.etag.data(), a.etag.size()));
  r.set(http::field::cache_control, "no-cache");
  r.set("Content-Security-Policy", content_security_policy(request));
  r.set("Referrer-Policy", "no-referrer");
  return r;
}

HttpResponse rooms(const HttpRequest& request, const Hub& hub) {
  auto list = json::array();
  const auto [rooms, more] = hub.rooms(rooms_max);
  for (const auto& room : rooms)
    list.push_back({{"room", room.room}, {"count", room.count}, {"head", number(room.head)}});
  json body{{"rooms", std::move(list)}};
  if (more > 0) body["more"] = true;
  auto r = respond(request, 200, "application/json", body.dump());
  r.set(http::field::cache_control, "no-store");
  return r;
}

HttpResponse readyz(const HttpRequest& request, Readiness readiness) {
  if (readiness == Readiness::ready) return text(request, 200, "ok\n");
  return text(request, 503, readiness == Readiness::starting ? "starting\n" : "draining\n");
}

}  // namespace

std::string_view path_of(const HttpRequest& request) {
  auto target = view(request.target());
  // The absolute form, as to a proxy (RFC 9112 section 3.2.2).
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    const auto path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target.substr(0, target.find('?'));
}

HttpResponse error_response(const HttpRequest& request, unsigned status, const Error& error) {
  json body;
  body["error"] = {{"code", std::string(name(error.code))}, {"message", error.message}};
  auto r = respond(request, status, "application/json", body.dump());
  r.set(http::field::cache_control, "no-store");
  return r;
}

std::optional<HttpResponse> refuse(const HttpRequest& request, const Guard& guard) {
  const auto hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= 11))
    return error_response(request, 400, {errc::bad_request, "a request has one Host header"});
  const auto host = view(request[http::field::host]);
  if (hosts == 1 && !guard.host_allowed(host))
    return error_response(
        request, 421, {errc::forbidden, "this server does not go by that name; its operator can add it to http.hosts"});
  const bool checked = request.method() == http::verb::post || request.count(http::field::upgrade) > 0;
  const auto origins = request.count(http::field::origin);
  if (checked && origins > 0 && (origins > 1 || !guard.origin_allowed(view(request[http::field::origin]), host)))
    return error_response(
        request, 403,
        {errc::forbidden, "pages of that origin may not connect; the operator can add it to http.allowed_origins"});
  return std::nullopt;
}

HttpResponse Api::handle(const HttpRequest& request) const {
  if (auto refused = refuse(request, guard)) return *std::move(refused);
  const auto path = path_of(request);
  const auto* file = find_asset(path);
  const bool known = file != nullptr || path == "/healthz" || path == "/readyz" || path == "/api/rooms";
  if (!known) {
    if (path == "/ws") {
      auto r = error_response(request, 426, {errc::bad_request, "this is where WebSocket clients connect"});
      r.set(http::field::upgrade, "websocket");
      return r;
    }
    return error_response(request, 404, {errc::not_found, "nothing here"});
  }
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    auto r = error_response(request, 405, {errc::bad_request, "GET or HEAD"});
    r.set(http::field::allow, "GET, HEAD");
    return r;
  }
  if (file != nullptr) return asset(request, *file);
  if (path == "/healthz") return text(request, 200, "ok\n");
  if (path == "/readyz") return readyz(request, readiness);
  return rooms(request, hub);
}

}  // namespace chatbridge
