// The load generator: puts clients into one room of a server, lets some of them speak, checks that everybody gets every
// message of the others once and in one order, and says on one line of JSON what that cost the server.
// docs/PERFORMANCE.md
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <numeric>
#include <thread>

#include "bench/load/json_line.hpp"
#include "bench/load/process.hpp"
#include "bench/load/workload.hpp"

namespace chatbridge::bench {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::vector<std::string> receivers, senders, both;
  std::size_t size = 64, at_once = 64, one_to_all = 0;
  double rate = 0, seconds = 5, warmup = 0.5, nap = 50e-6, hold = 0, pause = 0, deadline = 120, patience = 3;
  std::uint32_t window = 0;
  bool follow = false;
  pid_t pid = 0;
  std::string name;
};

Nanoseconds duration(double seconds) {
  return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds));
}

// "1000=ws://127.0.0.1:8080/ws"
Group parse_group(const std::string& text, bool receives, bool sends) {
  const auto equals = text.find('=');
  if (equals == text.npos) throw std::runtime_error("NUMBER=URL, not " + text);
  Group out{parse_endpoint(std::string_view(text).substr(equals + 1)), std::stoul(text.substr(0, equals)), receives,
            sends};
  if (out.endpoint.datagrams && sends) throw std::runtime_error("over UDP nobody sends here: it may lose");
  return out;
}

std::vector<Group> groups_of(const Options& options) {
  std::vector<Group> out;
  for (const auto& text : options.receivers) out.push_back(parse_group(text, true, false));
  for (const auto& text : options.both) out.push_back(parse_group(text, true, true));
  for (const auto& text : options.senders) out.push_back(parse_group(text, false, true));
  return out;
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void hold(Crowd& crowd, double seconds) {
  for (const auto end = Clock::now() + duration(seconds); Clock::now() < end;) crowd.poll(20ms);
}

void add_latencies(JsonLine& out, const Histogram& h) {
  const auto us = [&](const char* name, double share) { out.number(name, h.quantile(share)); };
  us("p50_us", 0.5);
  us("p90_us", 0.9);
  us("p99_us", 0.99);
  us("p99_9_us", 0.999);
  out.number("max_us", static_cast<double>(h.max()));
}

void add_costs(JsonLine& out, const Crowd& crowd, const Usage& before, const Usage& after, std::uint64_t segments) {
  const auto all = static_cast<double>(crowd.deliveries() + crowd.own());
  const auto each = [&](double x) { return all > 0 ? x / all : 0; };
  out.number("deliveries", static_cast<double>(crowd.deliveries()))
      .number("own", static_cast<double>(crowd.own()))
      .number("cpu_s", after.cpu - before.cpu)
      .number("user_s", after.user - before.user)
      .number("cpu_us_per_delivery", each((after.cpu - before.cpu) * 1e6))
      .number("bytes_per_delivery", each(static_cast<double>(crowd.bytes())))
      .number("deliveries_per_read", crowd.reads() > 0 ? all / static_cast<double>(crowd.reads()) : 0)
      .number("deliveries_per_segment", segments > 0 ? all / static_cast<double>(segments) : 0);
}

bool add_faults(JsonLine& out, Crowd& crowd) {
  const auto& faults = crowd.checker().finish();
  const auto& sent = crowd.checker().sent();
  out.number("said", std::accumulate(sent.begin(), sent.end(), 0.0));  // with what was said before anything counted
  const auto count = [&](const char* name, std::uint64_t n) { out.number(name, static_cast<double>(n)); };
  count("lost", faults.lost);
  count("doubled", faults.doubled);
  count("reordered", faults.reordered);
  count("disordered", faults.disordered);
  count("torn", faults.torn);
  count("foreign", faults.foreign);
  count("disconnected", crowd.disconnected());
  out.truth("orders_compared", crowd.checker().orders_compared());
  if (!crowd.why().empty()) out.text("why", crowd.why());
  return !faults.any() && crowd.disconnected() == 0;
}

bool measure(JsonLine& out, Crowd& crowd, const Options& options) {
  const auto run = [&](double seconds) {
    return options.window > 0 ? with_window(crowd, options.window, duration(seconds), duration(options.patience))
                              : at_rate(crowd, options.rate, duration(seconds), duration(options.patience));
  };
  if (options.warmup > 0) run(options.warmup);
  crowd.forget_figures();
  const auto segments = crowd.segments();
  const auto before = usage(options.pid);
  const auto self = usage(::getpid());
  const auto outcome = run(options.seconds);
  const auto after = usage(options.pid);
  out.number("messages", static_cast<double>(outcome.messages)).number("seconds", outcome.seconds);
  add_costs(out, crowd, before, after, crowd.segments() - segments);
  out.number("deliveries_per_s", static_cast<double>(crowd.deliveries() + crowd.own()) / outcome.seconds)
      .number("server_core", (after.cpu - before.cpu) / outcome.seconds)
      .number("load_core", (usage(::getpid()).cpu - self.cpu) / outcome.seconds)
      .number("behind_us", outcome.behind * 1e6)
      .truth("stalled", outcome.stalled);
  add_latencies(out, crowd.latencies());
  return !outcome.stalled;
}

bool measure_one_to_all(JsonLine& out, Crowd& crowd, const Options& options) {
  const auto idle = usage(options.pid);
  hold(crowd, options.hold);
  crowd.forget_figures();
  const auto segments = crowd.segments();
  const auto before = usage(options.pid);
  auto times = one_to_all(crowd, options.one_to_all, duration(options.pause), duration(options.patience));
  add_costs(out, crowd, before, usage(options.pid), crowd.segments() - segments);
  out.numbers("all_s", times);
  std::ranges::sort(times);
  out.number("held_s", options.hold)
      .number("held_cpu_s", before.cpu - idle.cpu)
      .number("all_ms", times[times.size() / 2] * 1e3)
      .number("all_max_ms", times.back() * 1e3);
  return times.front() >= 0;
}

// What another process says; a line that all are in, and at the end, when standard input has ended, another one.
bool follow(JsonLine& out, Crowd& crowd, const Options& options) {
  std::puts(out.str().c_str());
  std::fflush(stdout);
  const auto ended = [] {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    char byte;
    return ::poll(&input, 1, 0) > 0 && ::read(STDIN_FILENO, &byte, 1) <= 0;
  };
  const auto times = follow(crowd, ended, duration(options.patience));
  out = {};
  out.number("deliveries", static_cast<double>(crowd.deliveries())).numbers("all_s", times);
  return add_faults(out, crowd);
}

bool run(JsonLine& out, const Options& options) {
  const auto groups = groups_of(options);
  if (options.follow == std::ranges::any_of(groups, &Group::sends))
    throw std::runtime_error(options.follow ? "who follows sends nothing" : "nobody sends");
  Crowd crowd(groups, options.size, duration(options.nap));
  const auto empty = usage(options.pid, true);
  const auto began = Clock::now();
  const auto deadline = began + duration(options.deadline);
  const bool in = crowd.connect(options.at_once, deadline);
  const auto took = std::chrono::duration<double>(Clock::now() - began).count();
  out.text("name", options.name)
      .number("clients", static_cast<double>(crowd.size()))
      .number("senders", static_cast<double>(crowd.senders()))
      .number("size", static_cast<double>(options.size))
      .number("connected", static_cast<double>(crowd.ready()))
      .number("refused", static_cast<double>(crowd.refused()))
      .number("connections_per_s", static_cast<double>(crowd.ready()) / took);
  const auto failed = [&](const char* what) {
    out.number("disconnected", static_cast<double>(crowd.disconnected())).text("error", what).text("why", crowd.why());
    return false;
  };
  if (!in) return failed("not all clients got in");
  if (options.follow) return follow(out, crowd, options);
  if (!warm(crowd, deadline)) return failed("not everybody hears what is said");
  std::this_thread::sleep_for(200ms);
  const auto full = usage(options.pid, true);
  out.number("resident_empty", empty.resident)
      .number("resident", full.resident)
      .number("bytes_per_connection", (full.resident - empty.resident) / static_cast<double>(crowd.ready()));
  const bool done = options.one_to_all > 0 ? measure_one_to_all(out, crowd, options) : measure(out, crowd, options);
  out.number("resident_after", usage(options.pid, true).resident);
  const bool right = add_faults(out, crowd);
  return done && right;
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Loads a chat server and checks every delivery. URLs: tcp udp ws v1 lines mqtt nats irc mqtt+ws nats+ws irc+ws");
  app.add_option("--receivers", options.receivers, "NUMBER=URL: clients that only receive");
  app.add_option("--senders", options.senders, "NUMBER=URL: clients that send; in a chat room they receive as well");
  app.add_option("--both", options.both, "NUMBER=URL: clients that send and receive");
  app.add_option("--size", options.size, "bytes of a message's text")
      ->check(CLI::Range(Payload::size_min, std::size_t{65536}));
  auto* how = app.add_option_group("how")->require_option(1);
  how->add_option("--rate", options.rate, "messages per second, in all")->check(CLI::PositiveNumber);
  how->add_option("--window", options.window, "as fast as it goes with so many messages of a sender under way")
      ->check(CLI::Range(1u, window_max));
  how->add_option("--one-to-all", options.one_to_all, "so many times one message, timed until all have it")
      ->check(CLI::PositiveNumber);
  how->add_flag("--follow", options.follow,
                "hears what one sender of another process says, which is to begin when this one has said that all are "
                "in; until standard input ends");
  app.add_option("--seconds", options.seconds, "of the measured part");
  app.add_option("--warmup", options.warmup, "seconds of the same before");
  app.add_option("--hold", options.hold, "with --one-to-all: seconds of silence before");
  app.add_option("--pause", options.pause, "with --one-to-all: seconds between messages");
  app.add_option("--at-once", options.at_once, "clients on their way in at a time");
  app.add_option("--nap", options.nap, "seconds between looks while nothing comes; 0: sleep until something does");
  app.add_option("--deadline", options.deadline, "seconds until everybody must be in");
  app.add_option("--patience", options.patience, "seconds without anything until what is missing is lost");
  app.add_option("--pid", options.pid, "of the server, for its time and memory");
  app.add_option("--name", options.name, "repeated in the result");
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  ::prctl(PR_SET_TIMERSLACK, 1000UL);  // a nap is as long as it says
  JsonLine out;
  bool right = false;
  try {
    right = run(out, options);
  } catch (const std::exception& error) {
    out.text("error", error.what());
  }
  std::puts(out.str().c_str());
  return right ? 0 : 1;
}

}  // namespace
}  // namespace chatbridge::bench

int main(int argc, char** argv) { return chatbridge::bench::main(argc, argv); }
