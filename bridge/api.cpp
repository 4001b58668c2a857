#include "bridge/api.hpp"

#include <nlohmann/json.hpp>

#include "bridge/assets.hpp"
#include "bridge/negotiation.hpp"

namespace chatbridge {
namespace {

namespace http = boost::beast::http;
using json = nlohmann::ordered_json;

constexpr std::size_t rooms_max = 1000;  // in one answer

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

// What a browser can make a page of, which scripts of its own could run in.
bool is_document(const Asset& a) {
  return a.content_type.starts_with("text/html") || a.content_type == "image/svg+xml";
}

HttpResponse representation(const HttpRequest& request, const Asset& a, const Representation& chosen) {
  const bool known = has_already(request, chosen.etag);
  auto r = respond(request, known ? 304 : 200, a.content_type, known ? std::string{} : std::string(chosen.body));
  if (!known && chosen.coding != identity) r.set(http::field::content_encoding, beast_view(chosen.coding));
  r.set(http::field::etag, beast_view(chosen.etag));
  r.set(http::field::cache_control, "no-cache");  // kept, and asked for again each time: the daemon may be a new one
  if (is_document(a)) {
    r.set("Content-Security-Policy", content_security_policy(request));
    r.set("Referrer-Policy", "no-referrer");
  }
  return r;
}

HttpResponse asset(const HttpRequest& request, const Asset& a) {
  const auto* chosen = negotiate(request, a.representations);
  auto r = chosen != nullptr ? representation(request, a, *chosen)
                             : error_response(request, 406, {errc::bad_request, "Accept-Encoding allows nothing"});
  r.set(http::field::vary, "Accept-Encoding");
  return r;
}

HttpResponse rooms(const HttpRequest& request, const Hub& hub) {
  auto list = json::array();
  const auto [rooms, more] = hub.rooms(rooms_max);
  for (const auto& room : rooms)
    list.push_back({{"room", room.room}, {"count", room.count}, {"head", number(room.head)}});
  json body{{"rooms", std::move(list)}};
  if (more > 0) body["more"] = true;
  return json_response(request, 200, body.dump() + "\n");
}

HttpResponse readyz(const HttpRequest& request, Readiness readiness, const Journal& journal) {
  if (readiness != Readiness::ready)
    return text(request, 503, readiness == Readiness::starting ? "starting\n" : "draining\n");
  const auto trouble = journal.trouble();
  return trouble.empty() ? text(request, 200, "ok\n") : text(request, 503, trouble + "\n");
}

HttpResponse nothing_here(const HttpRequest& request) {
  return error_response(request, {errc::not_found, "nothing here"});
}

HttpResponse not_allowed(const HttpRequest& request, std::string_view allowed, const char* message) {
  auto r = error_response(request, 405, {errc::bad_request, message});
  r.set(http::field::allow, beast_view(allowed));
  return r;
}

bool reads(const HttpRequest& request) {
  return request.method() == http::verb::get || request.method() == http::verb::head;
}

// ---- /api/rooms/ROOM/…

constexpr std::string_view api_prefix = "/api/", room_prefix = "/api/rooms/";

struct RoomRoute {
  std::string_view room;  // as it stands in the path
  bool events;            // else messages
};

std::optional<RoomRoute> room_route(std::string_view path) {
  if (!path.starts_with(room_prefix)) return std::nullopt;
  path.remove_prefix(room_prefix.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto what = path.substr(slash + 1);
  if (what != "events" && what != "messages") return std::nullopt;
  return RoomRoute{path.substr(0, slash), what == "events"};
}

std::shared_ptr<void> in_room(const Api& api, const RoomRoute& route, const HttpRequest& request, const Asker& asker,
                              Done done) {
  const bool posts = request.method() == http::verb::post && !route.events;
  if (!reads(request) && !posts)
    return done(route.events ? not_allowed(request, "GET, HEAD", "GET or HEAD")
                             : not_allowed(request, "GET, HEAD, POST", "GET, HEAD or POST")),
           nullptr;
  const auto room = RoomName::parse(percent_decoded(route.room).value_or(""));
  if (!room) return done(error_response(request, room.error())), nullptr;
  if (route.events) return done(listen(api.hub.journal(), request, *room)), nullptr;
  if (posts) return post_message(api.hub, asker, request, *room, std::move(done)), nullptr;
  return read_messages(api.hub, asker, request, *room, std::move(done));
}

// ---- other origins (the Fetch Standard, section 3.3)

// Whether the request comes from a page of an origin that was configured: then the page may read the answer.
bool from_listed(const HttpRequest& request, const Guard& guard) {
  return request.count(http::field::origin) == 1 && guard.origin_listed(view(request[http::field::origin]));
}

void share(HttpResponse& response, const std::string& origin) {
  response.set(http::field::access_control_allow_origin, origin);
  response.set(http::field::vary, "Origin");
}

Done shared(Done done, std::string origin) {
  return [done = std::move(done), origin = std::move(origin)](Outcome outcome) {
    auto* events = std::get_if<Listen>(&outcome);
    share(events != nullptr ? events->head : std::get<HttpResponse>(outcome), origin);
    done(std::move(outcome));
  };
}

// A browser asks before it sends what a page could not have sent without asking.
bool is_preflight(const HttpRequest& request) {
  return request.method() == http::verb::options && request.count(http::field::origin) == 1 &&
         request.count(http::field::access_control_request_method) == 1;
}

HttpResponse preflight(const HttpRequest& request) {
  auto r = respond(request, 204, "text/plain", {});
  r.erase(http::field::content_type);
  r.erase(http::field::content_length);
  r.set(http::field::access_control_allow_methods, "GET, POST");
  r.set(http::field::access_control_allow_headers, "Content-Type, Last-Event-ID");
  r.set(http::field::access_control_max_age, "3600");
  return r;
}

HttpResponse foreign_origin(const HttpRequest& request) {
  return error_response(
      request,
      {errc::forbidden, "pages of that origin may not connect; the operator can add it to http.allowed_origins"});
}

// ---- everything else

HttpResponse plain(const Api& api, const HttpRequest& request, std::string_view path) {
  const auto* file = find_asset(path);
  if (path == "/ws") {
    auto r = error_response(request, 426, {errc::bad_request, "this is where WebSocket clients connect"});
    r.set(http::field::upgrade, "websocket");
    return r;
  }
  if (file == nullptr && path != "/healthz" && path != "/readyz" && path != "/api/rooms") return nothing_here(request);
  if (!reads(request)) return not_allowed(request, "GET, HEAD", "GET or HEAD");
  if (file != nullptr) return asset(request, *file);
  if (path == "/healthz") return text(request, 200, "ok\n");
  if (path == "/readyz") return readyz(request, api.readiness, api.hub.journal());
  return rooms(request, api.hub);
}

}  // namespace

std::optional<HttpResponse> refuse(const HttpRequest& request, const Guard& guard) {
  const auto hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= 11))
    return error_response(request, {errc::bad_request, "a request has one Host header"});
  const auto host = view(request[http::field::host]);
  if (hosts == 1 && !guard.host_allowed(host))
    return error_response(
        request, 421, {errc::forbidden, "this server does not go by that name; its operator can add it to http.hosts"});
  const auto route = room_route(path_of(request));
  const bool checked =
      request.method() == http::verb::post || request.count(http::field::upgrade) > 0 || (route && route->events);
  const auto origins = request.count(http::field::origin);
  if (checked && origins > 0 && (origins > 1 || !guard.origin_allowed(view(request[http::field::origin]), host)))
    return foreign_origin(request);
  return std::nullopt;
}

std::shared_ptr<void> Api::handle(const HttpRequest& request, const Asker& asker, Done done) const {
  if (auto refused = refuse(request, guard)) return done(*std::move(refused)), nullptr;
  const auto path = path_of(request);
  if (!path.starts_with(api_prefix)) return done(plain(*this, request, path)), nullptr;
  const bool listed = from_listed(request, guard);
  if (listed) done = shared(std::move(done), std::string(request[http::field::origin]));
  if (is_preflight(request)) return done(listed ? preflight(request) : foreign_origin(request)), nullptr;
  if (const auto route = room_route(path)) return in_room(*this, *route, request, asker, std::move(done));
  return done(plain(*this, request, path)), nullptr;
}

}  // namespace chatbridge
