// What can go wrong for a client, once for all transports: a code, a sentence for people, an HTTP status.
#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace chatbridge {

enum class errc {
  bad_request,
  unknown_type,
  unauthorized,
  forbidden,
  nick_taken,
  bad_nick,
  bad_room,
  too_long,
  too_many,
  rate_limited,
  not_joined,
  no_such_nick,
  not_found,
  overloaded,
  internal,
};

// An expected failure. `message` is plain text for the person who caused it; it never quotes control characters.
struct Error {
  errc code;
  std::string message;
};
[[noreturn]] void throw_exception_from_error(const Error& e, const boost::source_location& where);

template <class T>
using result = boost::system::result<T, Error>;

std::string_view name(errc code);  // as it stands in JSON, "nick_taken"
unsigned http_status(errc code);   // RFC 9110 section 15

}  // namespace chatbridge
