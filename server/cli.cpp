#include "server/cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "core/names.hpp"

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
    {"--relay", "relay.mode", "MODE", "chat, or verbatim [chat]"},
    {"--journal", "journal.url", "URL",
     "where messages are kept: sqlite:PATH, memory [sqlite:, in the state directory]"},
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
  app.add_option("--set", flags.set, "any key of the configuration, repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
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

constexpr auto connect_help = R"(
Lines of standard input are sent, what others say is printed. Without a port: 9999, ws 80; without a path: /ws.

  tcp, udp  a raw client. A server that does not say "*** you are" within a second is a verbatim relay:
            bytes pass as they are, --nick and --room do nothing. At the end of input tcp half-closes
            and prints until the server closes, which a relay may never do: timeout 5 chatbridge connect …
  ws        chatbridge.v1: when the connection is lost it comes back by itself, misses nothing that the
            server still has, and says nothing twice.

On a terminal: arrows move in the line and through what was typed before, Ctrl-D on an empty line ends the
input, Ctrl-C leaves at once. In the chat: /nick NAME, /join ROOM, /rooms, /who, /me TEXT, /msg NICK TEXT,
/history [N], /help, /quit; //x says /x.

At the end of input it leaves when what was sent is out: tcp asks the server for the end (/quit) and waits for
it, ws waits for every line's acknowledgement, udp does what UDP can.

Exit status: 0; 1 when it could not connect, was disconnected (tcp, udp), or a line piped in was refused (ws),
with one line that says why on standard error; 2 for wrong usage; 130 after Ctrl-C.

  printf 'build 4812 passed\n' | chatbridge connect --nick ci ws://localhost:8080/ws
)";

// Its options are its own: --room is where it goes, not the server's first room, and no configuration is read.
CommandLine parse_connect(int argc, char** argv) {
  CommandLine out;
  CLI::App app("Joins a chat from a terminal or a pipe.", "chatbridge connect");
  std::string url;
  connect::Wishes wishes;
  app.add_option("URL", url, "tcp://HOST:PORT, udp://HOST:PORT or ws://HOST:PORT/ws")->required();
  app.add_option("--nick", wishes.nick, "who to be [guest-N]")->type_name("NAME");
  app.add_option("--room", wishes.room, "where to go [the server's first room]")->type_name("ROOM");
  app.footer(connect_help);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e, std::cout, std::cerr);
    out.exit = 0;
    return out;
  } catch (const CLI::ParseError& e) {
    throw ConfigError("connect: " + std::string(e.what()) + "; see chatbridge connect --help");
  }
  const auto parsed = connect::parse_url(url);
  if (!parsed) throw ConfigError("connect: " + parsed.error().message);
  if (wishes.nick)
    if (const auto nick = Nick::parse(*wishes.nick); !nick) throw ConfigError("--nick: " + nick.error().message);
  if (wishes.room)
    if (const auto room = RoomName::parse(*wishes.room); !room) throw ConfigError("--room: " + room.error().message);
  out.connect = {*parsed, std::move(wishes)};
  return out;
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, const char* const* environment) {
  CommandLine out;
  if (argc > 1 && std::string_view(argv[1]) == "connect") return parse_connect(argc - 1, argv + 1);
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
  auto* connect = app.add_subcommand("connect", "join a chat: tcp://…, udp://… or ws://…; see connect --help");
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
  if (*connect) throw ConfigError("connect comes first: chatbridge connect URL; its options are its own");
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
