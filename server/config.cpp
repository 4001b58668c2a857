#include "server/config.hpp"

#include <sys/socket.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>

namespace chatbridge {
namespace {

using Values = std::vector<std::string>;

struct Key {
  std::string_view name, value, meaning;
  std::function<void(Config&, const Values&)> set;
};

[[noreturn]] void wrong(const std::string& what) { throw ConfigError(what); }

const std::string& one(const Values& values) {
  if (values.size() != 1) wrong("takes one value");
  return values.front();
}

std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size())
    wrong("'" + std::string(text) + "' is not a whole number of 0 or more");
  return n;
}

bool flag(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  wrong("'" + text + "' is not true or false");
}

template <class T>
T choice(const std::string& text, std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::string all;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  wrong("'" + text + "' is none of " + all);
}

bool has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0;
  ::close(fd);
  return bound;
}

template <class Protocol>
std::vector<typename Protocol::endpoint> endpoints(const Values& values) {
  std::vector<typename Protocol::endpoint> out;
  if (values.size() == 1 && values.front() == "none") return out;
  for (const auto& v : values) {
    const auto e = parse_endpoint(v);
    out.emplace_back(e.address(), e.port());
  }
  return out;
}

template <class F>
auto duration(F member) {
  return [member](Config& c, const Values& v) { member(c) = parse_duration(one(v)); };
}
template <class F>
auto size(F member) {
  return [member](Config& c, const Values& v) { member(c) = parse_size(one(v)); };
}
template <class F>
auto count(F member) {
  return [member](Config& c, const Values& v) { member(c) = number(one(v)); };
}

template <class F>
auto per_second(F member) {
  return [member](Config& c, const Values& v) {
    const auto n = number(one(v));
    if (n > 1'000'000) wrong("'" + one(v) + "' is more than 1000000");
    member(c) = n;
  };
}

// At least `least`, for what makes no sense below it.
template <class F>
auto at_least(std::uint64_t least, F member) {
  return [least, member](Config& c, const Values& v) {
    const auto n = parse_size(one(v));
    if (n < least) wrong("'" + one(v) + "' is less than " + std::to_string(least));
    member(c) = n;
  };
}

const std::vector<Key>& keys() {
  static const std::vector<Key> all{
      {"tcp.listen", "[::]:9999", "addresses for raw TCP clients, or none",
       [](Config& c, const Values& v) { c.tcp = endpoints<Tcp>(v); }},
      {"tcp.unterminated", "100ms",
       "without more bytes this ends a line too, until a connection has sent its first line end",
       duration([](Config & c) -> auto& { return c.tcp_options.unterminated; })},
      {"tcp.greeting", "200ms", "how long the greeting waits for a connection's first bytes",
       duration([](Config & c) -> auto& { return c.tcp_options.greeting; })},
      {"tcp.half_open", "5s", "without a delivery this closes a connection whose client has half-closed",
       duration([](Config & c) -> auto& { return c.tcp_options.half_open; })},
      {"udp.listen", "[::]:9999", "addresses for UDP clients, or none",
       [](Config& c, const Values& v) { c.udp = endpoints<Udp>(v); }},
      {"udp.idle", "10m", "after its last datagram a UDP client is forgotten",
       duration([](Config & c) -> auto& { return c.udp_options.idle; })},
      {"udp.peers", "100000", "UDP clients at once", count([](Config & c) -> auto& { return c.udp_options.peers; })},
      {"udp.trusted", "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,::1/128,fc00::/7,fe80::/10",
       "networks whose UDP clients are taken at once, or none; others answer a challenge first",
       [](Config& c, const Values& v) {
         c.udp_options.trusted = {};
         for (const auto& network : v)
           if (network != "none" && !c.udp_options.trusted.add(network))
             wrong("'" + network + "' is not a network such as 10.0.0.0/8");
       }},
      {"http.listen", "[::]:8080", "addresses for browsers: the page, HTTP and WebSocket, or none",
       [](Config& c, const Values& v) { c.http = endpoints<Tcp>(v); }},
      {"http.hosts", "", "names this server goes by, besides addresses and local names",
       [](Config& c, const Values& v) { c.http_hosts = v; }},
      {"http.allowed_origins", "", "origins of other pages that may connect, such as https://example.org",
       [](Config& c, const Values& v) { c.http_origins = v; }},
      {"http.header_timeout", "5s", "for a whole request to arrive",
       duration([](Config & c) -> auto& { return c.http_options.header_timeout; })},
      {"http.idle_timeout", "60s", "for the next request on a connection",
       duration([](Config & c) -> auto& { return c.http_options.idle_timeout; })},
      {"ws.ping", "25s", "between pings of WebSocket clients; two without an answer end the connection",
       duration([](Config & c) -> auto& { return c.http_options.ws.ping; })},
      {"room.default", "lobby", "the room raw clients begin in",
       [](Config& c, const Values& v) {
         const auto room = RoomName::parse(one(v));
         if (!room) wrong("'" + one(v) + "': " + room.error().message);
         c.hub.default_room = *room;
       }},
      {"room.window_bytes", "1MiB", "memory for the recent messages of a room",
       at_least(
           16 * 1024, [](Config & c) -> auto& { return c.hub.window_bytes; })},
      {"room.linger", "1ms", "in a busy room a message may wait so long for others to go with it; 0: none does",
       [](Config& c, const Values& v) {
         c.linger = parse_duration(one(v));
         if (c.linger > std::chrono::seconds(1)) wrong("'" + one(v) + "' is more than 1s");
       }},
      {"presence.max", "100", "up to so many people in a room are named, above it counted",
       [](Config& c, const Values& v) {
         c.hub.presence_max = number(one(v));
         // All of them are told in one frame of at most 64 KiB.
         if (c.hub.presence_max > 300) wrong("'" + one(v) + "' is more than 300");
       }},
      {"session.grace", "60s", "how long the nick of a lost connection is kept for it",
       duration([](Config & c) -> auto& { return c.hub.session_grace; })},
      {"relay.mode", "chat", "chat; or verbatim: raw clients get each other's bytes as they are",
       [](Config& c, const Values& v) {
         c.hub.verbatim = choice<bool>(one(v), {{"chat", false}, {"verbatim", true}});
         // There is no line that could challenge anybody.
         c.udp_options.challenge = !c.hub.verbatim;
       }},
      {"relay.show_address", "false", "verbatim: browsers see raw clients by their addresses",
       [](Config& c, const Values& v) { c.hub.show_address = flag(one(v)); }},
      {"relay.echo", "false", "raw clients get back what they say",
       [](Config& c, const Values& v) { c.hub.echo = flag(one(v)); }},
      {"journal.url",
       "sqlite:", "where messages are kept: sqlite:PATH (sqlite: is chatbridge.db in the state directory), memory",
       [](Config& c, const Values& v) {
         const auto& url = one(v);
         if (url.starts_with("nats:")) wrong("'" + url + "' is not built in");
         if (url != "memory" && !url.starts_with("sqlite:"))
           wrong("'" + url + "' is no journal; it is sqlite:PATH, as in sqlite:/var/lib/chatbridge/chat.db, or memory");
         c.journal.url = url;
       }},
      {"journal.sync", "full", "sqlite: full: what is acknowledged survives a power cut; normal: a crash",
       [](Config& c, const Values& v) {
         c.journal.sync_full = choice<bool>(one(v), {{"full", true}, {"normal", false}});
       }},
      {"journal.max_bytes", "1GiB", "sqlite: of the file; over it the largest room loses its oldest messages",
       [](Config& c, const Values& v) {
         c.journal.max_bytes = parse_size(one(v));
         if (c.journal.max_bytes > 0 && c.journal.max_bytes < 1 << 20)
           wrong("'" + one(v) + "' is not 0 or at least 1MiB");
       }},
      {"journal.max_age", "0", "sqlite: older messages go",
       duration([](Config & c) -> auto& { return c.journal.max_age; })},
      {"journal.max_messages", "0", "sqlite: of a room; over it its oldest go",
       count([](Config & c) -> auto& { return c.journal.max_messages; })},
      {"limits.message_bytes", "4096", "of a message's text",
       [](Config& c, const Values& v) {
         const auto n = parse_size(one(v));
         // A message is one frame or datagram to every client.
         if (n < 1 || n > 8192) wrong("'" + one(v) + "' is not from 1 to 8192");
         c.hub.text.bytes = n;
       }},
      {"limits.frame_bytes", "64KiB", "of a WebSocket message from a client",
       at_least(
           1024, [](Config & c) -> auto& { return c.http_options.ws.frame_bytes; })},
      {"limits.pending_bytes", "256KiB",
       "of a client's own, waiting for the journal or for it to read; then it is read no further",
       at_least(
           4096, [](Config & c) -> auto& { return c.hub.pending_bytes; })},
      {"limits.rate", "20",
       "messages per second of a client; above it TCP and WebSocket are read more slowly, UDP is dropped",
       per_second([](Config & c) -> auto& { return c.hub.rate.count; })},
      {"limits.burst", "40", "messages of a client at once, within limits.rate",
       [](Config& c, const Values& v) {
         c.hub.rate.burst = number(one(v));
         if (c.hub.rate.burst < 1 || c.hub.rate.burst > 1'000'000) wrong("'" + one(v) + "' is not from 1 to 1000000");
       }},
      {"limits.replay_rate", "50000",
       "messages per second that those of one address read again from the journal; above it they wait",
       per_second([](Config & c) -> auto& { return c.hub.replay_rate; })},
      {"limits.nick_changes", "10", "changes of its nick by a client, per minute",
       [](Config& c, const Values& v) {
         const auto n = number(one(v));
         if (n > 1'000'000) wrong("'" + one(v) + "' is more than 1000000");
         c.hub.nick_changes = {n, std::chrono::minutes(1), n};
       }},
      {"limits.connections", "auto", "connections in all; auto: what the limit of open files leaves",
       [](Config& c, const Values& v) {
         c.connections = one(v) == "auto" ? std::nullopt : std::optional<std::size_t>(number(one(v)));
       }},
      {"limits.connections_per_address", "250", "connections of one address (IPv6: of a /64); loopback is exempt",
       count([](Config & c) -> auto& { return c.connections_per_address; })},
      {"limits.header_bytes", "16KiB", "of the header of an HTTP request",
       [](Config& c, const Values& v) {
         c.http_options.header_bytes = parse_size(one(v));
         if (c.http_options.header_bytes < 1024 || c.http_options.header_bytes > 1 << 20)
           wrong("'" + one(v) + "' is not from 1KiB to 1MiB");
       }},
      {"limits.stall", "10m", "without progress this closes a client that does not read",
       [](Config& c, const Values& v) { c.tcp_options.stall = c.http_options.ws.stall = parse_duration(one(v)); }},
      {"limits.rooms", "10000", "rooms in all", count([](Config & c) -> auto& { return c.hub.rooms; })},
      {"limits.rooms_per_client", "100", "rooms a client is in at once",
       count([](Config & c) -> auto& { return c.hub.rooms_per_client; })},
      {"threads", "0", "threads for clients, 0: one per core",
       [](Config& c, const Values& v) {
         c.threads = number(one(v));
         if (c.threads > 256) wrong("'" + one(v) + "' is more than 256");
       }},
      {"log.level", "info", "debug, info, warn or error",
       [](Config& c, const Values& v) {
         using L = log::Level;
         c.log_level =
             choice<L>(one(v), {{"debug", L::debug}, {"info", L::info}, {"warn", L::warn}, {"error", L::error}});
       }},
      {"log.format", "text", "text or json",
       [](Config& c, const Values& v) {
         c.log_format = choice<log::Format>(one(v), {{"text", log::Format::text}, {"json", log::Format::json}});
       }},
  };
  return all;
}

Values split(std::string_view text) {
  Values out;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto v = text.substr(0, comma);
    while (v.starts_with(' ')) v.remove_prefix(1);
    while (v.ends_with(' ')) v.remove_suffix(1);
    if (!v.empty()) out.emplace_back(v);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

bool is_list(std::string_view key) {
  static constexpr std::string_view lists[] = {"tcp.listen", "udp.listen",           "http.listen",
                                               "http.hosts", "http.allowed_origins", "udp.trusted"};
  return std::ranges::find(lists, key) != std::end(lists);
}

void apply(Config& config, const Setting& s) {
  const auto key = std::ranges::find(keys(), s.key, &Key::name);
  if (key == keys().end()) wrong(s.where + ": unknown key '" + s.key + "'");
  Values values;
  for (const auto& v : s.values) {
    if (!is_list(s.key)) {
      values.push_back(v);
    } else {
      std::ranges::copy(split(v), std::back_inserter(values));
    }
  }
  try {
    key->set(config, values);
  } catch (const ConfigError& e) {
    wrong(s.where + ": " + s.key + ": " + e.what());
  }
}

std::string toml_value(const toml::node& node, const std::string& where) {
  if (const auto s = node.as_string()) return s->get();
  if (const auto i = node.as_integer()) return std::to_string(i->get());
  if (const auto b = node.as_boolean()) return b->get() ? "true" : "false";
  wrong(where + ": a string, whole number, true or false is expected");
}

void flatten(const toml::table& table, const std::string& prefix, const std::string& path, std::vector<Setting>& out) {
  for (const auto& [name, node] : table) {
    const auto key = prefix + std::string(name.str());
    const auto where = path + ":" + std::to_string(node.source().begin.line);
    if (const auto* inner = node.as_table()) {
      flatten(*inner, key + ".", path, out);
    } else if (const auto* list = node.as_array()) {
      Values values;
      for (const auto& v : *list) values.push_back(toml_value(v, where));
      out.push_back({key, std::move(values), where});
    } else {
      out.push_back({key, {toml_value(node, where)}, where});
    }
  }
}

std::string variable_of(std::string_view key) {
  std::string out = "CHATBRIDGE_";
  for (const char c : key) out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::vector<KeyInfo> config_keys() {
  std::vector<KeyInfo> out;
  for (const auto& k : keys()) out.push_back({k.name, k.value, k.meaning});
  return out;
}

namespace {

// `parse` makes the table of what stands in `path`.
template <class Parse>
std::vector<Setting> settings_of(const std::string& path, Parse parse) {
  std::vector<Setting> out;
  try {
    flatten(parse(), "", path, out);
  } catch (const toml::parse_error& e) {
    // A file that cannot be read has no line.
    const auto line = e.source().begin.line;
    wrong(path + (line > 0 ? ":" + std::to_string(line) : std::string()) + ": " + std::string(e.description()));
  }
  return out;
}

}  // namespace

std::vector<Setting> read_config_file(const std::string& path) {
  // Reading a directory gives nothing, and no error.
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) throw ConfigError(path + ": is a directory, not a file");
  return settings_of(path, [&] { return toml::parse_file(path); });
}

std::vector<Setting> read_config_text(std::string_view text, const std::string& path) {
  return settings_of(path, [&] { return toml::parse(text, path); });
}

std::vector<Setting> read_environment(const char* const* environment, std::vector<std::string>& warn) {
  static const std::map<std::string, std::string> shorter{
      {"CHATBRIDGE_TCP", "tcp.listen"},    {"CHATBRIDGE_UDP", "udp.listen"},   {"CHATBRIDGE_HTTP", "http.listen"},
      {"CHATBRIDGE_ROOM", "room.default"}, {"CHATBRIDGE_RELAY", "relay.mode"}, {"CHATBRIDGE_JOURNAL", "journal.url"}};
  std::vector<Setting> out;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const auto equals = entry.find('=');
    if (!entry.starts_with("CHATBRIDGE_") || equals == std::string_view::npos) continue;
    if (equals + 1 == entry.size()) continue;  // set to nothing is not set, as in shells
    const std::string name(entry.substr(0, equals)), value(entry.substr(equals + 1));
    const auto key = std::ranges::find_if(keys(), [&](const Key& k) { return variable_of(k.name) == name; });
    if (const auto s = shorter.find(name); s != shorter.end()) {
      out.push_back({s->second, {value}, name});
    } else if (key != keys().end()) {
      out.push_back({std::string(key->name), {value}, name});
    } else {
      warn.push_back(name);
    }
  }
  return out;
}

Config make_config(const std::vector<Setting>& settings) {
  Config config;
  for (const auto& key : keys()) apply(config, {std::string(key.name), {std::string(key.value)}, "default"});
  if (!has_ipv6()) {
    const auto v4 = [](auto& all) {
      for (auto& e : all) e.address(boost::asio::ip::address_v4::any());
    };
    v4(config.tcp), v4(config.udp), v4(config.http);
  }
  for (const auto& s : settings) apply(config, s);
  if (config.http_options.ws.frame_bytes < config.hub.text.bytes)
    wrong("limits.frame_bytes is less than limits.message_bytes");
  if (config.tcp.empty() && config.udp.empty() && config.http.empty())
    wrong("tcp.listen, udp.listen and http.listen are all none: nobody could connect");
  return config;
}

Duration parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::chrono::milliseconds> units[] = {
      {"ms", std::chrono::milliseconds(1)},
      {"s", std::chrono::seconds(1)},
      {"m", std::chrono::minutes(1)},
      {"h", std::chrono::hours(1)}};
  if (text == "0") return {};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const auto& [unit, worth] : units) {
    if (text.substr(digits) != unit || digits == 0) continue;
    const auto n = number(text.substr(0, digits));
    if (n > 1'000'000'000ULL / static_cast<std::uint64_t>(worth.count()) * 1000) break;
    return worth * static_cast<long>(n);
  }
  wrong("'" + std::string(text) + "' is not a duration such as 100ms, 5s, 10m or 1h");
}

std::uint64_t parse_size(std::string_view text) {
  static constexpr std::pair<std::string_view, int> units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const auto& [unit, shift] : units) {
    if (text.substr(digits) != unit || digits == 0) continue;
    const auto n = number(text.substr(0, digits));
    if (n > (1ULL << 50) >> shift) break;
    return n << shift;
  }
  wrong("'" + std::string(text) + "' is not a size such as 65536, 64KiB, 1MiB or 1GiB");
}

Tcp::endpoint parse_endpoint(std::string_view text) {
  const auto bad = [&] { wrong("'" + std::string(text) + "' is not ADDRESS:PORT, such as 0.0.0.0:9999 or [::]:9999"); };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) bad();
  auto host = std::string(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host == "*") host = "::";
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  std::uint64_t port = 0;
  const auto digits = text.substr(colon + 1);
  const auto [end, number_ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (ec || digits.empty() || number_ec != std::errc{} || end != digits.data() + digits.size() || port > 65535) bad();
  return {address, static_cast<std::uint16_t>(port)};
}

}  // namespace chatbridge
