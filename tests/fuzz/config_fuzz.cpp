// Configuration: a file's content, the environment, and the values in them. Whatever stands there, it is a
// configuration that holds together or a ConfigError that says where.
#include <set>
#include <sstream>

#include "server/config.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

template <class F>
auto tried(F f) -> std::optional<decltype(f())> {
  try {
    return f();
  } catch (const ConfigError& e) {
    FUZZ_CHECK(*e.what() != '\0');
    return std::nullopt;
  }
}

void holds_together(const Config& c) {
  FUZZ_CHECK(RoomName::parse(c.hub.default_room.str()).has_value());
  FUZZ_CHECK(c.hub.text.bytes >= 1 && c.hub.text.bytes <= 8192);
  FUZZ_CHECK(c.http_options.ws.frame_bytes >= c.hub.text.bytes);
  FUZZ_CHECK(c.hub.presence_max <= 300 && c.threads <= 256);
  FUZZ_CHECK(c.hub.window_bytes >= 16 * 1024 && c.hub.pending_bytes >= 4096);
  FUZZ_CHECK(c.journal.url == "memory" || c.journal.url.starts_with("sqlite:"));
  FUZZ_CHECK(c.linger >= Duration::zero() && c.linger <= std::chrono::seconds(1));
  // A deadline that is added to a clock's now does not go round.
  for (const auto d : {c.tcp_options.unterminated, c.tcp_options.greeting, c.tcp_options.half_open, c.tcp_options.stall,
                       c.udp_options.idle, c.http_options.header_timeout, c.http_options.idle_timeout,
                       c.http_options.ws.ping, c.http_options.ws.stall, c.hub.session_grace}) {
    FUZZ_CHECK(d >= Duration::zero());
    FUZZ_CHECK(2 * d < TimePoint::max() - std::chrono::steady_clock::now());
  }
}

void reads_file(std::string_view text) {
  const auto settings = tried([&] { return read_config_text(text, "chat.toml"); });
  if (!settings) return;
  for (const auto& s : *settings) FUZZ_CHECK(s.where.starts_with("chat.toml:"));
  if (const auto config = tried([&] { return make_config(*settings); })) holds_together(*config);
}

// Each line is one variable.
void reads_environment(std::string_view text) {
  std::vector<std::string> variables;
  for (std::size_t from = 0; from < text.size();) {
    const auto lf = std::min(text.find('\n', from), text.size());
    variables.push_back(std::string(text.substr(from, lf - from)).c_str());  // ends at a NUL, as they do
    from = lf + 1;
  }
  std::vector<const char*> environment;
  for (const auto& v : variables) environment.push_back(v.c_str());
  environment.push_back(nullptr);
  std::vector<std::string> warn;
  const auto settings = read_environment(environment.data(), warn);
  FUZZ_CHECK(settings.size() + warn.size() <= variables.size());
  std::set<std::string_view> keys;
  for (const auto& k : config_keys()) keys.insert(k.key);
  for (const auto& s : settings) FUZZ_CHECK(keys.contains(s.key) && s.values.size() == 1 && !s.values.front().empty());
  for (const auto& w : warn) FUZZ_CHECK(w.starts_with("CHATBRIDGE_"));
  if (settings.empty()) return;
  if (const auto config = tried([&] { return make_config(settings); })) holds_together(*config);
}

void reads_values(std::string_view text) {
  if (const auto d = tried([&] { return parse_duration(text); })) {
    FUZZ_CHECK(*d >= Duration::zero() && 2 * *d < TimePoint::max() - std::chrono::steady_clock::now());
    FUZZ_CHECK(text == "0" || text.ends_with('s') || text.ends_with('m') || text.ends_with('h'));
  }
  if (const auto n = tried([&] { return parse_size(text); })) {
    FUZZ_CHECK(*n <= 1ULL << 50);
    FUZZ_CHECK(parse_size(std::to_string(*n)) == *n);
  }
  if (const auto e = tried([&] { return parse_endpoint(text); })) {
    std::ostringstream written;
    written << *e;
    FUZZ_CHECK(parse_endpoint(written.str()) == *e);
  }
  Networks networks;
  if (networks.add(std::string(text))) {
    // An address of it is in it.
    const auto slash = text.find('/');
    FUZZ_CHECK(slash != std::string_view::npos);
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(std::string(text.substr(0, slash)), ec);
    FUZZ_CHECK(!ec);
    FUZZ_CHECK(networks.contain(address));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::view(data, size);
  reads_values(text);
  reads_environment(text);
  reads_file(text);
  return 0;
}
