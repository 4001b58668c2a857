// Which form of a file a request is answered with, and whether its sender has that one already.
#pragma once
#include <span>
#include <string_view>

#include "bridge/assets.hpp"
#include "bridge/http_message.hpp"

namespace chatbridge {

// The representation that Accept-Encoding prefers (RFC 9110 section 12.5.3), of several the first: list the smallest
// first. "identity" is liked least where the request says nothing of it, and MUST be among them: without the header it
// is the answer. An entry that is malformed counts as not there, of several for one coding the first. nullptr: the
// request rules out all there is.
const Representation* negotiate(const HttpRequest& request, std::span<const Representation> all);

// Whether If-None-Match has this entity tag, weak or strong, or is `*` (RFC 9110 section 13.1.2). What follows
// something malformed in a field is not looked at: then the file is sent once too often.
bool has_already(const HttpRequest& request, std::string_view etag);

}  // namespace chatbridge
