// The rooms of a server, which chatbridge.v1 does not tell: GET /api/rooms.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>

#include "client/url.hpp"

namespace chatbridge::connect {

// Calls `done` once, within 10 s, with the body of a 200 (at most 1 MiB) or nothing.
void get_rooms(boost::asio::io_context& io, const Url& url, std::function<void(std::optional<std::string>)> done);

}  // namespace chatbridge::connect
