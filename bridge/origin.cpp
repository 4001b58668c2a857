#include "bridge/origin.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

namespace chatbridge {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return out;
}

struct HostPort {
  std::string host, port;
};

HostPort split(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  HostPort out{lower(authority.substr(0, has_port ? colon : authority.size())),
               has_port ? std::string(authority.substr(colon + 1)) : std::string{}};
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host.ends_with('.')) out.host.pop_back();
  return out;
}

bool is_address(const std::string& host) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(host, ec);
  return !ec;
}

std::vector<std::string> lowered(std::vector<std::string> all) {
  for (auto& s : all) s = lower(s);
  return all;
}

}  // namespace

Guard::Guard(std::vector<std::string> hosts, std::vector<std::string> origins, std::string machine)
    : hosts_(lowered(std::move(hosts))), origins_(lowered(std::move(origins))), machine_(lower(machine)) {}

bool Guard::host_allowed(std::string_view header) const {
  const auto [host, port] = split(header);
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (host.empty() || !std::ranges::all_of(host, good) || port.size() > 5 || !std::ranges::all_of(port, digit))
    return false;
  if (is_address(host) || host == machine_ || host.find('.') == std::string::npos) return true;
  static constexpr std::array<std::string_view, 4> local{".local", ".lan", ".internal", ".home.arpa"};
  if (std::ranges::any_of(local, [&host = host](std::string_view end) { return host.ends_with(end); })) return true;
  return std::ranges::find(hosts_, host) != hosts_.end() || std::ranges::find(hosts_, lower(header)) != hosts_.end();
}

bool Guard::origin_listed(std::string_view origin) const {
  return std::ranges::find(origins_, lower(origin)) != origins_.end();
}

bool Guard::origin_allowed(std::string_view origin, std::string_view host) const {
  if (origin_listed(origin)) return true;
  const auto given = lower(origin);
  const auto scheme = given.find("://");
  if (scheme == std::string::npos) return false;
  auto theirs = split(std::string_view(given).substr(scheme + 3));
  auto ours = split(host);
  // TLS may end at a proxy, so the scheme says nothing of ours; a port left out is the scheme's own.
  const auto own_port = given.starts_with("https") ? "443" : "80";
  if (theirs.port.empty()) theirs.port = own_port;
  if (ours.port.empty()) ours.port = own_port;
  return theirs.host == ours.host && theirs.port == ours.port;
}

bool is_loopback_host(std::string_view header) {
  const auto host = split(header).host;
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  return ec ? host == "localhost" || host.ends_with(".localhost") : address.is_loopback();
}

}  // namespace chatbridge
