#include "bridge/server_info.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bridge/origin.hpp"

namespace chatbridge {

HttpResponse server_info(const HttpRequest& request, const HubOptions& options, const Listening& listening) {
  nlohmann::ordered_json body{{"room", options.default_room.str()}, {"relay", options.verbatim ? "verbatim" : "chat"}};
  const bool inside = is_loopback_host(view(request[boost::beast::http::field::host]));
  const auto add = [&](const char* name, const auto& endpoints) {
    const auto found =
        std::ranges::find_if(endpoints, [&](const auto& at) { return inside || !at.address().is_loopback(); });
    if (found != endpoints.end()) body[name] = found->port();
  };
  add("tcp", listening.tcp);
  add("udp", listening.udp);
  add("http", listening.http);
  return json_response(request, 200, body.dump() + "\n");
}

}  // namespace chatbridge
