// HTTP requests taken apart and answers put together: what is the same for every route.
#pragma once
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/errc.hpp"

namespace chatbridge {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

inline std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }
inline boost::beast::string_view beast_view(std::string_view s) { return {s.data(), s.size()}; }

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point at);

// An answer, dated now; to HEAD the same without its body, 304 without what is told of one.
HttpResponse respond(const HttpRequest& request, unsigned status, std::string_view type, std::string body);
HttpResponse json_response(const HttpRequest& request, unsigned status, std::string body);

// {"error":{"code":…,"message":…}} with the code's status; 503 says when to try again.
HttpResponse error_response(const HttpRequest& request, const Error& error);
// The same with a status of HTTP's own, for what no code is about (405, 415, 421…).
HttpResponse error_response(const HttpRequest& request, unsigned status, const Error& error);

// The target without its query.
std::string_view path_of(const HttpRequest& request);

// The query's values by name, percent-decoded (RFC 3986 section 2.1; '+' is a blank), in the order they came.
class Query {
 public:
  // Fails with bad_request: a '%' that begins nothing.
  static result<Query> parse(const HttpRequest& request);

  // The first of that name.
  std::optional<std::string> string(std::string_view name) const;
  // The same as a number, the largest there is when it is larger. Fails with bad_request: not digits alone.
  result<std::optional<std::uint64_t>> number(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// nullopt: a '%' that begins nothing.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);
// Digits alone, the largest there is when they are more; nullopt: none, or anything else.
std::optional<std::uint64_t> whole_number(std::string_view digits);

}  // namespace chatbridge
