// What a page needs to know to say how else one gets in: GET /api/server.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <vector>

#include "bridge/http_message.hpp"
#include "core/hub.hpp"

namespace chatbridge {

// Where the daemon listens, with the ports it was given.
struct Listening {
  std::vector<boost::asio::ip::tcp::endpoint> tcp, http;
  std::vector<boost::asio::ip::udp::endpoint> udp;
};

// Of each transport the first port that a client can reach by the name it asked for (the Host header): one of a
// loopback address only when it asked for loopback. Addresses are nobody's business.
HttpResponse server_info(const HttpRequest& request, const HubOptions& options, const Listening& listening);

}  // namespace chatbridge
