// The page's files, inside the binary.
#pragma once
#include <span>
#include <string_view>

namespace chatbridge {

struct Asset {
  std::string_view path;  // as requested, "/js/app.js"; the page itself is "/"
  std::string_view content_type;
  std::string_view body;
  std::string_view etag;  // quoted, of the content (RFC 9110 section 8.8.3)
};

std::span<const Asset> assets();
const Asset* find_asset(std::string_view path);

}  // namespace chatbridge
