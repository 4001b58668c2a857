// Configuration: defaults, then the file, then CHATBRIDGE_ variables, then flags. docs/CONFIGURATION.md is its manual.
#pragma once
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/http_gateway.hpp"
#include "core/hub.hpp"
#include "core/log.hpp"
#include "server/journal/open.hpp"
#include "server/relay/tcp_relay.hpp"
#include "server/relay/udp_relay.hpp"

namespace chatbridge {

// Wrong usage or configuration: what() names where it stands. Exit status 2.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Config {
  std::vector<Tcp::endpoint> tcp, http;
  std::vector<Udp::endpoint> udp;
  TcpOptions tcp_options;
  UdpOptions udp_options;
  HttpOptions http_options;
  HubOptions hub;
  std::vector<std::string> http_hosts, http_origins;
  std::optional<std::size_t> connections;  // without it: what the limit of open files leaves; 0: no limit
  std::size_t connections_per_address = 0;
  JournalOptions journal;
  std::size_t threads = 0;                         // 0: one per core
  Duration linger = std::chrono::milliseconds(1);  // Shard::set_linger
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
};

// One `key = value` and where it stands ("--set tcp.listen", "CHATBRIDGE_TCP", "chat.toml:3"). Lists are one value
// each.
struct Setting {
  std::string key;
  std::vector<std::string> values;
  std::string where;
};

// Every key there is, with its default as it would be written and what it means: for --help and the manual's test.
struct KeyInfo {
  std::string_view key, value, meaning;
};
std::vector<KeyInfo> config_keys();

// Settings of a TOML file. Throws ConfigError.
std::vector<Setting> read_config_file(const std::string& path);
// The same of the content of one; `path` is what errors call it.
std::vector<Setting> read_config_text(std::string_view text, const std::string& path);
// Settings of the environment, empty ones left out; `warn` gets the name of each CHATBRIDGE_ variable that means
// nothing here.
std::vector<Setting> read_environment(const char* const* environment, std::vector<std::string>& warn);

// Later settings win. Throws ConfigError.
Config make_config(const std::vector<Setting>& settings);

Duration parse_duration(std::string_view text);       // "100ms", "5s", "10m", "1h", "0"; throws ConfigError
std::uint64_t parse_size(std::string_view text);      // "65536", "64KiB", "1MiB", "1GiB"; throws ConfigError
Tcp::endpoint parse_endpoint(std::string_view text);  // "0.0.0.0:9999", "[::]:9999", "localhost:9999"; throws

}  // namespace chatbridge
