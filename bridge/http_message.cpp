#include "bridge/http_message.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace chatbridge {
namespace {

namespace http = boost::beast::http;
using json = nlohmann::ordered_json;

constexpr auto retry_after_s = "5";

// The target without scheme and authority: the absolute form, as to a proxy, has them (RFC 9112 section 3.2.2).
std::string_view origin_form(const HttpRequest& request) {
  const auto target = view(request.target());
  const auto scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const auto path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string http_date(std::chrono::system_clock::time_point at) {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss t{std::chrono::floor<std::chrono::seconds>(at - day)};
  char buf[64];
  std::snprintf(buf, sizeof buf, "%s, %02u %s %04d %02d:%02d:%02d GMT", days[std::chrono::weekday{day}.c_encoding()],
                static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(t.hours().count()),
                static_cast<int>(t.minutes().count()), static_cast<int>(t.seconds().count()));
  return buf;
}

HttpResponse respond(const HttpRequest& request, unsigned status, std::string_view type, std::string body) {
  HttpResponse r(http::int_to_status(status), request.version());
  r.set(http::field::server, "chatbridge");
  r.set(http::field::date, http_date(std::chrono::system_clock::now()));
  r.set(http::field::content_type, beast_view(type));
  r.set("X-Content-Type-Options", "nosniff");
  r.keep_alive(request.keep_alive());
  r.body() = std::move(body);
  r.prepare_payload();
  if (status == 304) {
    r.erase(http::field::content_type);
    r.erase(http::field::content_length);  // would be the length of what was not sent
  }
  // The length of what GET would have brought (RFC 9110 section 9.3.2).
  if (request.method() == http::verb::head) r.body().clear();
  return r;
}

HttpResponse json_response(const HttpRequest& request, unsigned status, std::string body) {
  auto r = respond(request, status, "application/json", std::move(body));
  r.set(http::field::cache_control, "no-store");
  return r;
}

HttpResponse error_response(const HttpRequest& request, const Error& error) {
  return error_response(request, http_status(error.code), error);
}

HttpResponse error_response(const HttpRequest& request, unsigned status, const Error& error) {
  json body;
  body["error"] = {{"code", std::string(name(error.code))}, {"message", error.message}};
  auto r = json_response(request, status, body.dump() + "\n");
  if (status == 503) r.set(http::field::retry_after, retry_after_s);
  return r;
}

std::string_view path_of(const HttpRequest& request) {
  const auto target = origin_form(request);
  return target.substr(0, target.find('?'));
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::optional<std::uint64_t> whole_number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t n = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
  }
  return n;
}

result<Query> Query::parse(const HttpRequest& request) {
  Query out;
  const auto target = origin_form(request);
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return out;
  auto rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return Error{errc::bad_request, "a % in the query begins no two hexadecimal digits"};
    out.values_.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

std::optional<std::string> Query::string(std::string_view name) const {
  const auto found = std::ranges::find(values_, name, [](const auto& pair) { return std::string_view(pair.first); });
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

result<std::optional<std::uint64_t>> Query::number(std::string_view name) const {
  const auto given = string(name);
  if (!given) return std::optional<std::uint64_t>{};
  const auto n = whole_number(*given);
  if (!n) return Error{errc::bad_request, std::string(name) + " is a whole number of 0 or more"};
  return n;
}

}  // namespace chatbridge
