#include "core/errc.hpp"

#include <array>
#include <stdexcept>

namespace chatbridge {
namespace {

struct Row {
  errc code;
  std::string_view name;
  unsigned status;
};
constexpr std::array<Row, 15> rows{{
    {errc::bad_request, "bad_request", 400},
    {errc::unknown_type, "unknown_type", 400},
    {errc::unauthorized, "unauthorized", 401},
    {errc::forbidden, "forbidden", 403},
    {errc::nick_taken, "nick_taken", 409},
    {errc::bad_nick, "bad_nick", 400},
    {errc::bad_room, "bad_room", 400},
    {errc::too_long, "too_long", 413},
    {errc::too_many, "too_many", 429},
    {errc::rate_limited, "rate_limited", 429},
    {errc::not_joined, "not_joined", 409},
    {errc::no_such_nick, "no_such_nick", 404},
    {errc::not_found, "not_found", 404},
    {errc::overloaded, "overloaded", 503},
    {errc::internal, "internal", 500},
}};

constexpr bool rows_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].code != static_cast<errc>(i)) return false;
  return true;
}
static_assert(rows_in_order());
const Row& row(errc code) { return rows[static_cast<std::size_t>(code)]; }

}  // namespace

std::string_view name(errc code) { return row(code).name; }
unsigned http_status(errc code) { return row(code).status; }

void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::logic_error("unchecked result: " + e.message);
}

}  // namespace chatbridge
