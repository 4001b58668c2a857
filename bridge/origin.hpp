// Who may talk HTTP and WebSocket with this server: the checks of Host and Origin.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace chatbridge {

// Thread-safe. Keeps pages of strangers, and names that were made to point here, from a private server.
class Guard {
 public:
  // `hosts`, `origins`: as configured (http.hosts, http.allowed_origins). `machine`: this machine's name.
  Guard(std::vector<std::string> hosts, std::vector<std::string> origins, std::string machine);

  // `host`: the Host header (RFC 9110 section 7.2). An IP address, localhost, this machine's name, a name without dots
  // or under .local .lan .internal .home.arpa, or configured.
  bool host_allowed(std::string_view host) const;
  // `origin`: the Origin header (RFC 6454), if there is one. The same host and port as `host`, or configured.
  bool origin_allowed(std::string_view origin, std::string_view host) const;
  // Configured: pages of it may also read the answers (CORS).
  bool origin_listed(std::string_view origin) const;

 private:
  const std::vector<std::string> hosts_, origins_;
  const std::string machine_;
};

// Whether whoever wrote this Host header asked this machine of itself: localhost or a loopback address.
bool is_loopback_host(std::string_view host);

}  // namespace chatbridge
