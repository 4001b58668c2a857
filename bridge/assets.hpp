// The page's files, inside the binary: as they are and compressed.
#pragma once
#include <span>
#include <string_view>

namespace chatbridge {

// The coding of a file as it is, never named in Content-Encoding (RFC 9110 section 12.5.3).
inline constexpr std::string_view identity = "identity";

// One form of a file, as it goes over the wire.
struct Representation {
  std::string_view coding;  // "br", "gzip" or identity
  std::string_view body;
  std::string_view etag;  // quoted and strong: of these very bytes (RFC 9110 section 8.8.3)
};

struct Asset {
  std::string_view path;  // as requested, "/js/app.js"; the page itself is "/"
  std::string_view content_type;
  std::span<const Representation> representations;  // from the smallest to the last, which is identity
};

std::span<const Asset> assets();
const Asset* find_asset(std::string_view path);

}  // namespace chatbridge
