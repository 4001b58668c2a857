#include "bridge/negotiation.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <optional>

namespace chatbridge {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view s) {
  s.remove_prefix(std::min(s.find_first_not_of(blanks), s.size()));
  return s.substr(0, s.find_last_not_of(blanks) + 1);
}

bool same_word(std::string_view a, std::string_view b) { return boost::beast::iequals(beast_view(a), beast_view(b)); }

// ---- Accept-Encoding

using Weight = int;  // thousandths; 0: not acceptable
constexpr Weight weight_max = 1000, weight_least = 1;

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
std::optional<Weight> qvalue(std::string_view digits) {
  constexpr std::size_t length_max = 5;  // "0.123"
  if (digits.empty() || digits.size() > length_max || (digits[0] != '0' && digits[0] != '1')) return std::nullopt;
  if (digits.size() > 1 && digits[1] != '.') return std::nullopt;
  Weight weight = digits[0] == '1' ? weight_max : 0;
  Weight place = weight_max;
  for (const char c : digits.substr(std::min<std::size_t>(2, digits.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * (place /= 10);
  }
  return weight <= weight_max ? std::optional(weight) : std::nullopt;
}

struct Entry {
  std::string_view coding;
  Weight weight = weight_max;
};

// coding [ OWS ";" OWS "q=" qvalue ]
std::optional<Entry> entry(std::string_view text) {
  const auto semicolon = std::min(text.find(';'), text.size());
  Entry out{trimmed(text.substr(0, semicolon))};
  if (semicolon == text.size()) return out;
  const auto parameter = trimmed(text.substr(semicolon + 1));
  if (!same_word(parameter.substr(0, 2), "q=")) return std::nullopt;
  const auto weight = qvalue(parameter.substr(2));
  if (!weight) return std::nullopt;
  out.weight = *weight;
  return out;
}

bool names(std::string_view listed, std::string_view coding) {
  return same_word(listed, coding) || (coding == "gzip" && same_word(listed, "x-gzip"));  // section 8.4.1.3
}

// What the request says of a coding, by its name or else by `*`.
std::optional<Weight> weight_of(const HttpRequest& request, std::string_view coding) {
  std::optional<Weight> by_star;
  const auto fields = request.equal_range(http::field::accept_encoding);
  for (auto field = fields.first; field != fields.second; ++field) {
    auto rest = view(field->value());
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      const auto found = entry(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (found && names(found->coding, coding)) return found->weight;
      if (found && found->coding == "*" && !by_star) by_star = found->weight;
    }
  }
  return by_star;
}

// ---- If-None-Match

// #entity-tag / "*"
bool lists(std::string_view field, std::string_view etag) {
  constexpr std::string_view between = ", \t";
  auto rest = trimmed(field);
  if (rest == "*") return true;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(between), rest.size()));
    if (rest.starts_with("W/")) rest.remove_prefix(2);
    const auto end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    if (rest.substr(0, end + 1) == etag) return true;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

const Representation* negotiate(const HttpRequest& request, std::span<const Representation> all) {
  const Representation* best = nullptr;
  Weight most = 0;
  for (const auto& each : all) {
    const auto weight = weight_of(request, each.coding).value_or(each.coding == identity ? weight_least : 0);
    if (weight <= most) continue;
    most = weight;
    best = &each;
  }
  return best;
}

bool has_already(const HttpRequest& request, std::string_view etag) {
  const auto fields = request.equal_range(http::field::if_none_match);
  return std::any_of(fields.first, fields.second, [&](const auto& field) { return lists(view(field.value()), etag); });
}

}  // namespace chatbridge
