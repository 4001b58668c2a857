#include "server/cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace chatbridge {
namespace {

// A flag that is another way to write a key.
struct Shortcut {
  const char* flag;
  const char* key;
  const char* value;
  const char* meaning;
};
constexpr Shortcut shortcuts[] = {
    {"--tcp", "tcp.listen", "ADDR:PORT", "raw TCP clients [[::]:9999], repeatable, or none"},
    {"--udp", "udp.listen", "ADDR:PORT", "UDP clients [[::]:9999], repeatable, or none"},
    {"--http", "http.listen", "ADDR:PORT", "browsers and WebSocket [[::]:8080], repeatable, or none"},
    {"--room", "room.default", "NAME", "the room raw clients begin in [lobby]"},
    {"--relay", "relay.mode", "MODE", "chat [chat]"},
    {"--journal", "journal.url", "URL", "where messages are kept: memory [memory]"},
    {"--threads", "threads", "N", "threads for clients [one per core]"},
    {"--log-level", "log.level", "LEVEL", "debug, info, warn or error [info]"},
    {"--log-format", "log.format", "FORMAT", "text or json [text]"},
};

struct Flags {
  std::string config;
  std::vector<std::vector<std::string>> values = std::vector<std::vector<std::string>>(std::size(shortcuts));
  std::vector<std::string> set;
  bool check = false;
};

void add_flags(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config, "a TOML file")->type_name("FILE");
  for (std::size_t i = 0; i < std::size(shortcuts); ++i)
    app.add_option(shortcuts[i].flag, flags.values[i], shortcuts[i].meaning)
        ->type_name(shortcuts[i].value)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  app.add_option("--set", flags.set, "any key of the configuration")->type_name("KEY=VALUE")->allow_extra_args(false);
  app.add_flag("--check", flags.check, "check the configuration and exit; opens nothing");
}

std::vector<Setting> settings_of(const Flags& flags) {
  std::vector<Setting> out;
  for (const auto& s : flags.set) {
    const auto equals = s.find('=');
    if (equals == std::string::npos) throw ConfigError("--set " + s + ": is not KEY=VALUE");
    out.push_back({s.substr(0, equals), {s.substr(equals + 1)}, "--set " + s.substr(0, equals)});
  }
  for (std::size_t i = 0; i < std::size(shortcuts); ++i)
    if (!flags.values[i].empty()) out.push_back({shortcuts[i].key, flags.values[i], shortcuts[i].flag});
  return out;
}

std::string keys_help() {
  std::string out =
      "\nKeys of the configuration, for --config, --set, and as CHATBRIDGE_ variables (CHATBRIDGE_UDP_IDLE=1m):\n";
  for (const auto& k : config_keys()) {
    out += "  " + std::string(k.key);
    out.append(k.key.size() < 26 ? 26 - k.key.size() : 1, ' ');
    out += std::string(k.meaning) + (k.value.empty() ? "" : " [" + std::string(k.value) + "]") + "\n";
  }
  return out;
}

std::string url_of(const Config& config) {
  if (config.http.empty()) throw ConfigError("health: http.listen is none; name a URL");
  auto at = config.http.front();
  if (at.address().is_unspecified()) {
    if (at.address().is_v6()) return "http://localhost:" + std::to_string(at.port());
    at.address(boost::asio::ip::address_v4::loopback());
  }
  return "http://" + to_string(at);
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, const char* const* environment) {
  CommandLine out;
  if (argc > 1 && std::string_view(argv[1]) == "connect") throw ConfigError("connect is not built in");
  CLI::App app("Puts people on raw TCP sockets, UDP datagrams and browsers into the same chat rooms.", "chatbridge");
  Flags flags;
  std::string url;
  app.set_version_flag("--version", std::string("chatbridge " CHATBRIDGE_VERSION));
  app.footer(keys_help());
  app.fallthrough();
  add_flags(app, flags);
  app.add_subcommand("serve", "run the daemon (also without a command)")->fallthrough();
  auto* health = app.add_subcommand("health", "ask a running daemon whether it is ready")->fallthrough();
  health->add_option("URL", url, "http://HOST:PORT [the first http.listen]");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e, std::cout, std::cerr);
    out.exit = 0;
    return out;
  } catch (const CLI::ParseError& e) {
    throw ConfigError(std::string(e.what()) + "; see chatbridge --help");
  }
  std::vector<Setting> settings;
  if (!flags.config.empty()) settings = read_config_file(flags.config);
  for (auto& s : read_environment(environment, out.unknown_variables)) settings.push_back(std::move(s));
  for (auto& s : settings_of(flags)) settings.push_back(std::move(s));
  out.config = make_config(settings);
  out.check = flags.check;
  if (*health) out.health = url.empty() ? url_of(out.config) : url;
  return out;
}

}  // namespace chatbridge
