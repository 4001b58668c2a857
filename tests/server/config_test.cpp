// server/config and server/cli.
#include "server/config.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "core/secret.hpp"
#include "server/cli.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;
using Catch::StartsWith;

Config with(std::string key, std::string value) { return make_config({{std::move(key), {std::move(value)}, "here"}}); }

// A file that is gone afterwards.
struct File {
  explicit File(const std::string& content) { std::ofstream(path) << content; }
  ~File() { std::filesystem::remove(path); }
  const std::string path = std::filesystem::temp_directory_path() / ("chatbridge_test_" + random_token() + ".toml");
};

CommandLine run(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  arguments.insert(arguments.begin(), "chatbridge");
  std::vector<char*> argv;
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  std::vector<const char*> envp;
  for (const auto& e : environment) envp.push_back(e.c_str());
  envp.push_back(nullptr);
  return parse_command_line(static_cast<int>(arguments.size()), argv.data(), envp.data());
}

// ---- values

TEST_CASE("durations have a unit, only 0 needs none") {
  CHECK(parse_duration("100ms") == 100ms);
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("0") == 0s);
  CHECK(parse_duration("0s") == 0s);
  for (const auto* bad : {"", "5", "100", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "s", "5S", "5sec", "5d", "00",
                          "1e3s", "99999999999999999999s", "999999999h"})
    CHECK_THROWS_AS(parse_duration(bad), ConfigError);
}

TEST_CASE("sizes are bytes, or have a binary unit") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("65536") == 65536);
  CHECK(parse_size("64KiB") == 65536);
  CHECK(parse_size("1MiB") == 1 << 20);
  CHECK(parse_size("1GiB") == 1 << 30);
  for (const auto* bad : {"", "KiB", "1 KiB", "1kib", "1K", "1KB", "1MB", "-1", "1.5MiB", "1TiB", "0x10",
                          "99999999999999999999", "99999999999GiB"})
    CHECK_THROWS_AS(parse_size(bad), ConfigError);
}

TEST_CASE("addresses have a port") {
  const auto read = [](const char* text) { return to_string(parse_endpoint(text)); };
  CHECK(read("0.0.0.0:9999") == "0.0.0.0:9999");
  CHECK(read("[::]:9999") == "[::]:9999");
  CHECK(read("[::1]:0") == "[::1]:0");
  CHECK(read("localhost:80") == "127.0.0.1:80");
  CHECK(read("*:80") == "[::]:80");
  CHECK(read("127.0.0.1:65535") == "127.0.0.1:65535");
  for (const auto* bad : {"", ":80", "80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:x",
                          "1.2.3.4:80x", "example.org:80", "[::]", "[::1:80", "1.2.3:80", "256.0.0.1:80"})
    CHECK_THROWS_AS(parse_endpoint(bad), ConfigError);
}

// ---- keys

TEST_CASE("without settings the defaults hold") {
  const auto c = make_config({});
  REQUIRE(c.tcp.size() == 1);
  CHECK(c.tcp[0].port() == 9999);
  CHECK(c.udp.at(0).port() == 9999);
  CHECK(c.http.at(0).port() == 8080);
  CHECK(c.hub.default_room.str() == "lobby");
  CHECK(c.hub.text.bytes == 4096);
  CHECK(c.hub.text.lines == 100);
  CHECK(c.hub.window_bytes == 1 << 20);
  CHECK(c.hub.presence_max == 100);
  CHECK(c.hub.session_grace == 60s);
  CHECK(c.tcp_options.unterminated == 100ms);
  CHECK(c.tcp_options.half_open == 5s);
  CHECK(c.http_options.ws.frame_bytes == 65536);
  CHECK(c.http_options.ws.ping == 25s);
  CHECK(c.http_options.ws.stall == 10min);
  CHECK(c.tcp_options.stall == 10min);
  CHECK(c.udp_options.idle == 10min);
  CHECK_FALSE(c.hub.echo);
}

TEST_CASE("every key is known once, means something, and takes its own default") {
  std::set<std::string_view> names;
  for (const auto& k : config_keys()) {
    INFO(k.key);
    CHECK(names.insert(k.key).second);
    CHECK_FALSE(k.meaning.empty());
    CHECK_NOTHROW(with(std::string(k.key), std::string(k.value)));
  }
  CHECK(names.size() > 25);
}

TEST_CASE("keys set what they say") {
  CHECK(with("tcp.listen", "127.0.0.1:1,[::1]:2").tcp.size() == 2);
  CHECK(with("tcp.listen", " 127.0.0.1:1 , [::1]:2 ").tcp.size() == 2);
  CHECK(with("udp.listen", "none").udp.empty());
  CHECK(with("room.default", "den").hub.default_room.str() == "den");
  CHECK(with("relay.echo", "true").hub.echo);
  CHECK(with("limits.message_bytes", "8KiB").hub.text.bytes == 8192);
  CHECK(with("limits.rooms", "0").hub.rooms == 0);
  CHECK(with("limits.stall", "1m").tcp_options.stall == 1min);
  CHECK(with("http.hosts", "a.example,b.example").http_hosts == std::vector<std::string>{"a.example", "b.example"});
  CHECK(with("log.level", "debug").log_level == log::Level::debug);
  CHECK(with("log.format", "json").log_format == log::Format::json);
  CHECK(with("threads", "4").threads == 4);
}

TEST_CASE("wrong values name where they stand and which key it is") {
  for (const auto& [key, value] :
       std::vector<std::pair<const char*, const char*>>{{"tcp.listen", "9999"},
                                                        {"udp.idle", "10"},
                                                        {"udp.trusted", "10.0.0.0/33"},
                                                        {"udp.trusted", "fe80::%1/10"},
                                                        {"udp.trusted", "::ffff:10.0.0.0/104"},
                                                        {"udp.trusted", "example.org"},
                                                        {"room.default", "No Room"},
                                                        {"room.window_bytes", "1"},
                                                        {"room.linger", "2s"},
                                                        {"presence.max", "-1"},
                                                        {"presence.max", "many"},
                                                        {"relay.mode", "Chat"},
                                                        {"relay.echo", "yes"},
                                                        {"journal.url", "nats://localhost:4222"},
                                                        {"journal.url", ""},
                                                        {"journal.url", "/tmp/chat.db"},
                                                        {"journal.sync", "off"},
                                                        {"journal.max_bytes", "100KiB"},
                                                        {"journal.max_age", "30"},
                                                        {"journal.max_messages", "many"},
                                                        {"limits.message_bytes", "0"},
                                                        {"limits.message_bytes", "1MiB"},
                                                        {"limits.rate", "fast"},
                                                        {"limits.rate", "1000001"},
                                                        {"limits.burst", "0"},
                                                        {"limits.nick_changes", "-1"},
                                                        {"limits.connections", "some"},
                                                        {"limits.connections_per_address", "1k"},
                                                        {"limits.header_bytes", "100"},
                                                        {"relay.show_address", "1"},
                                                        {"threads", "100000"},
                                                        {"threads", ""},
                                                        {"log.level", "loud"},
                                                        {"log.format", "xml"}}) {
    INFO(key << " = " << value);
    CHECK_THROWS_WITH(with(key, value), StartsWith("here: " + std::string(key) + ": "));
  }
  CHECK_THROWS_WITH(with("journal.url", "nats://localhost:4222"), Contains("not built in"));
  CHECK_THROWS_WITH(make_config({{"threads", {"1", "2"}, "here"}}), Contains("one value"));
}

TEST_CASE("unknown keys name where they stand") {
  for (const auto* key : {"tcp.port", "tcp", "", "TCP.listen", "tcp.listen "})
    CHECK_THROWS_WITH(with(key, "1"), StartsWith("here: unknown key '" + std::string(key) + "'"));
}

TEST_CASE("limits that contradict each other are refused") {
  CHECK_THROWS_AS(make_config({{"limits.frame_bytes", {"1024"}, "a"}, {"limits.message_bytes", {"4096"}, "b"}}),
                  ConfigError);
}

// ---- where settings come from

TEST_CASE("a file's values have their lines") {
  const File file(
      "threads = 3\n[tcp]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nunterminated = \"0\"\n"
      "[relay]\necho = true\n[limits]\nmessage_bytes = 1000\n");
  const auto settings = read_config_file(file.path);
  const auto c = make_config(settings);
  CHECK(c.threads == 3);
  CHECK(c.tcp.size() == 2);
  CHECK(c.tcp_options.unterminated == 0s);
  CHECK(c.hub.echo);
  CHECK(c.hub.text.bytes == 1000);
  for (const auto& s : settings)
    if (s.key == "tcp.listen") CHECK(s.where == file.path + ":3");
}

TEST_CASE("what is wrong in a file is told with its line") {
  const auto told = [](const std::string& content, const std::string& line) {
    const File file(content);
    INFO(content);
    CHECK_THROWS_WITH(make_config(read_config_file(file.path)), StartsWith(file.path + ":" + line + ": "));
  };
  told("threads = 2\nthreads = 3\n", "2");
  told("threads = 2\n[tcp\n", "2");
  told("threads = \n", "1");
  told("\n\n[udp]\nidle = 5\n", "4");
  told("[udp]\nidel = \"5s\"\n", "2");
  told("[nope]\nx = 1\n", "2");
  told("threads = 1.5\n", "1");
  told("[tcp]\nlisten = [1979-05-27]\n", "2");
  CHECK_THROWS_WITH(read_config_file("/nowhere/at/all.toml"), StartsWith("/nowhere/at/all.toml: "));
}

TEST_CASE("variables are read by their long and short names, unknown ones are warned of") {
  std::vector<std::string> unknown;
  const char* environment[] = {"PATH=/bin",
                               "CHATBRIDGE_UDP_IDLE=1m",
                               "CHATBRIDGE_TCP=127.0.0.1:1,127.0.0.1:2",
                               "CHATBRIDGE_ROOM=den",
                               "CHATBRIDGE_LIMITS_MESSAGE_BYTES=100",
                               "CHATBRIDGE_SERVICE_HOST=10.0.0.1",
                               "CHATBRIDGE_X",
                               "chatbridge_threads=9",
                               "CHATBRIDGE_PORT=tcp://10.0.0.1:80",
                               nullptr};
  const auto c = make_config(read_environment(environment, unknown));
  CHECK(c.udp_options.idle == 1min);
  CHECK(c.tcp.size() == 2);
  CHECK(c.hub.default_room.str() == "den");
  CHECK(c.hub.text.bytes == 100);
  CHECK(c.threads == 0);
  CHECK(unknown == std::vector<std::string>{"CHATBRIDGE_SERVICE_HOST", "CHATBRIDGE_PORT"});
  for (const auto* name : {"CHATBRIDGE_UDP", "CHATBRIDGE_HTTP"}) {
    const auto entry = std::string(name) + "=none";
    const char* one[] = {entry.c_str(), nullptr};
    CHECK(read_environment(one, unknown).size() == 1);
  }
}

TEST_CASE("flag beats environment beats file beats default") {
  const File file("threads = 2\n[room]\ndefault = \"from-file\"\n[log]\nlevel = \"warn\"\n");
  const auto all = run({"--config", file.path, "--threads", "4"}, {"CHATBRIDGE_THREADS=3", "CHATBRIDGE_ROOM=from-env"});
  CHECK(all.config.threads == 4);
  CHECK(all.config.hub.default_room.str() == "from-env");
  CHECK(all.config.log_level == log::Level::warn);
  CHECK(all.config.hub.text.bytes == 4096);
  CHECK(run({}, {"CHATBRIDGE_THREADS=3"}).config.threads == 3);
  CHECK(run({"--set", "threads=5"}, {"CHATBRIDGE_THREADS=3"}).config.threads == 5);
}

TEST_CASE("the command line: commands, repeated flags, and what is wrong") {
  CHECK(run({"--tcp", "127.0.0.1:1", "--tcp", "127.0.0.1:2"}).config.tcp.size() == 2);
  CHECK(run({"--http", "none", "--udp", "none"}).config.http.empty());
  CHECK_THROWS_WITH(run({"--tcp", "none", "--udp", "none", "--http", "none"}), Contains("all none"));
  CHECK(run({"serve", "--check", "--room", "den"}).check);
  CHECK(run({"serve", "--room", "den"}).config.hub.default_room.str() == "den");
  CHECK_FALSE(run({}).check);
  CHECK(run({}, {"CHATBRIDGE_NOPE=1"}).unknown_variables == std::vector<std::string>{"CHATBRIDGE_NOPE"});
  CHECK_THROWS_WITH(run({"--set", "threads"}), StartsWith("--set threads: "));
  CHECK_THROWS_WITH(run({"--set", "nope=1"}), StartsWith("--set nope: unknown key"));
  CHECK_THROWS_WITH(run({"--room", "No Room"}), StartsWith("--room: room.default: "));
  CHECK_THROWS_WITH(run({}, {"CHATBRIDGE_TCP=x"}), StartsWith("CHATBRIDGE_TCP: tcp.listen: "));
  CHECK_THROWS_WITH(run({"connect", "wss://localhost:1"}), Contains("not built in"));
  for (const auto& bad : std::vector<std::vector<std::string>>{{"--nope"},
                                                               {"frobnicate"},
                                                               {"--tcp"},
                                                               {"--tcp", "127.0.0.1:1", "127.0.0.1:2"},
                                                               {"serve", "extra"},
                                                               {"serve", "health"}})
    CHECK_THROWS_AS(run(bad), ConfigError);
}

TEST_CASE("health asks the first http address, or the URL it is given") {
  CHECK(run({"health"}).health == "http://localhost:8080");
  CHECK(run({"health", "--http", "0.0.0.0:81"}).health == "http://127.0.0.1:81");
  CHECK(run({"health", "--http", "192.0.2.1:81", "--http", "192.0.2.2:82"}).health == "http://192.0.2.1:81");
  CHECK(run({"health", "http://box:1/readyz"}).health == "http://box:1/readyz");
  CHECK_THROWS_AS(run({"health", "--http", "none"}), ConfigError);
}

TEST_CASE("help and version are printed, and help lists every key") {
  std::ostringstream printed;
  auto* const before = std::cout.rdbuf(printed.rdbuf());
  const auto help = run({"--help"}), version = run({"--version"});
  std::cout.rdbuf(before);
  CHECK(help.exit == 0);
  CHECK(version.exit == 0);
  for (const auto& k : config_keys()) CHECK_THAT(printed.str(), Contains("  " + std::string(k.key) + " "));
  CHECK_THAT(printed.str(), Contains("\nchatbridge "));
}

}  // namespace
}  // namespace chatbridge
