// Where `chatbridge connect` goes: tcp://host:port, udp://host:port, ws://host:port/path.
#pragma once
#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace chatbridge::connect {

struct Url {
  enum class Scheme { tcp, udp, ws };
  Scheme scheme = Scheme::tcp;
  std::string host;               // a name or address, IPv6 without its brackets
  std::string port;               // a number from 1 to 65535
  std::string path;               // ws: begins with '/', may have a query
  std::string authority() const;  // host:port as it was meant, IPv6 in brackets
};

// RFC 3986, as far as it is needed. Without a port: 9999, ws 80 (RFC 6455 section 3); without a path: /ws.
// Fails with bad_request and a sentence that names what is wrong.
result<Url> parse_url(std::string_view text);

}  // namespace chatbridge::connect
