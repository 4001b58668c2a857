#include "server/app.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/http/write.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "server/journal/open.hpp"

namespace chatbridge {
namespace {

// Together with the journal's own time to close less than the 10 s a stop may take; the second more than any
// connection's own deadline for its close.
constexpr Duration commit_time = std::chrono::seconds(2), drain_time = std::chrono::milliseconds(5500);
constexpr Duration look_every = std::chrono::seconds(1);  // after messages that wait for the journal

std::size_t thread_count(std::size_t configured) {
  return configured > 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

std::vector<std::unique_ptr<Lane>> make_lanes(std::size_t n, Duration linger) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (std::size_t i = 0; i < n; ++i) {
    lanes.push_back(std::make_unique<Lane>());
    lanes.back()->shard.set_linger(linger);
  }
  return lanes;
}

// Raises the soft limit of open files to the hard one, as nobody sets it for a chat, and returns it; 0: there is none.
std::size_t open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

// What `auto` is: listeners, the io_contexts, the journal and those who are being refused need some too.
std::size_t connections_for(std::size_t files, std::size_t threads) {
  const std::size_t own = 40 + 4 * threads;
  return files == 0 ? 0 : std::max(files, own + 1) - own;
}

std::unique_ptr<Journal> make_journal(const Config& config) {
  auto options = config.journal;
  options.room_bytes = config.hub.window_bytes;
  try {
    return open_journal(options);
  } catch (const JournalError& e) {
    throw StartError(e.what());
  }
}

std::string refuse_raw(const Error& why) { return "*** " + why.message + "\n"; }

std::string refuse_http(const Error& why) {
  HttpRequest none;
  none.version(11);
  none.keep_alive(false);
  auto response = error_response(none, 503, why);
  response.set(boost::beast::http::field::retry_after, "10");
  std::ostringstream out;
  out << response;
  return out.str();
}

std::string machine_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

template <class Make>
auto bind(const char* what, const Tcp::endpoint& at, Make make) {
  try {
    return make();
  } catch (const boost::system::system_error& e) {
    const auto hint = e.code() == boost::asio::error::address_in_use
                          ? "; stop what uses it, or choose another with --" + std::string(what)
                          : std::string{};
    throw StartError(std::string(what) + " " + to_string(at) + ": " + e.code().message() + hint);
  }
}

template <class Endpoints>
std::string addresses(const Endpoints& endpoints) {
  std::string out;
  for (const auto& e : endpoints) out += (out.empty() ? "" : ",") + to_string(Tcp::endpoint(e.address(), e.port()));
  return out.empty() ? "none" : out;
}

std::vector<Tcp::endpoint> locals(const std::vector<std::unique_ptr<Listener>>& listeners) {
  std::vector<Tcp::endpoint> out;
  for (const auto& l : listeners) out.push_back(l->local());
  return out;
}

}  // namespace

App::App(const Config& config)
    : config_(config),
      admission_({config.connections.value_or(connections_for(open_files(), thread_count(config.threads))),
                  config.connections_per_address}),
      lanes_(make_lanes(thread_count(config.threads), config.linger)),
      first_(*lanes_.front()),
      journal_(make_journal(config)),
      hub_(*journal_, config.hub, [this] { first_.shard.dispatch([this] { arm_presence(); }); }),
      guard_(config.http_hosts, config.http_origins, machine_name()),
      gateway_(hub_, guard_, readiness_, config.http_options),
      tcp_relay_(hub_, config.tcp_options,
                 [this](Lane& lane, Socket socket, std::string early) {
                   // With http.listen none there is no HTTP, on no port: the connection is closed.
                   if (!config_.http.empty()) gateway_.serve(lane, std::move(socket), std::move(early));
                 }),
      udp_(std::make_shared<UdpRelay>(first_, hub_, config.udp_options)),
      signals_(first_.shard.io()),
      presence_(
          first_.shard.wheel(), [](void* self) { static_cast<App*>(self)->hub_.flush_presence(); }, this),
      deadline_(
          first_.shard.wheel(), [](void* self) { static_cast<App*>(self)->out_of_time(); }, this),
      patience_(
          first_.shard.wheel(), [](void* self) { static_cast<App*>(self)->look_after_waiting(); }, this) {
  std::vector<Lane*> lanes;
  for (const auto& lane : lanes_) lanes.push_back(lane.get());
  for (const auto& at : config_.tcp)
    tcp_.push_back(bind("tcp", at, [&] {
      return std::make_unique<Listener>(
          lanes, at, admission_, [this](Lane& lane, Socket s) { tcp_relay_.serve(lane, std::move(s)); },
          [this](const Error& why) { return config_.hub.verbatim ? std::string{} : refuse_raw(why); });
    }));
  for (const auto& at : config_.http)
    http_.push_back(bind("http", at, [&] {
      return std::make_unique<Listener>(
          lanes, at, admission_, [this](Lane& lane, Socket s) { gateway_.serve(lane, std::move(s)); }, refuse_http);
    }));
  for (const auto& at : config_.udp)
    bind("udp", Tcp::endpoint(at.address(), at.port()), [&] {
      udp_->bind(at);
      return true;
    });
  gateway_.listens({locals(tcp_), locals(http_), udp_->local()});
}

App::~App() = default;

void App::arm_presence() {
  if (!presence_.armed()) presence_.arm(Hub::presence_delay);
}

// Messages the journal does not take are not waited for beyond their time; what keeps it from them is logged once.
void App::look_after_waiting() {
  hub_.give_up_waiting();
  auto trouble = journal_->trouble();
  if (trouble != trouble_) {
    if (trouble.empty()) {
      log::info("journal", {{"recovered", true}});
    } else {
      log::error("journal", {{"trouble", trouble}});
    }
    trouble_ = std::move(trouble);
  }
  patience_.arm(look_every);
}

void App::run() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.add(SIGHUP);
  wait_for_signal();
  first_.connections.add(udp_);
  udp_->start();
  for (const auto& listener : tcp_) listener->start();
  for (const auto& listener : http_) listener->start();
  readiness_ = Readiness::ready;
  look_after_waiting();
  announce();
  for (const auto& lane : lanes_)
    work_.push_back(std::make_unique<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>(
        lane->shard.io().get_executor()));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < lanes_.size(); ++i) threads.emplace_back([lane = lanes_[i].get()] { lane->shard.run(); });
  first_.shard.run();
  threads.clear();
  log::info("stopped", {{"clean", !aborted_}});
}

void App::announce() const {
  // Not an event of the log: scripts wait for it at any level and format.
  std::string out = "ready tcp=" + addresses(locals(tcp_)) + " udp=" + addresses(udp_->local()) +
                    " http=" + addresses(locals(http_)) + "\n";
  if (!http_.empty()) {
    const auto e = http_.front()->local();
    const auto host = e.address().is_unspecified() || e.address().is_loopback()
                          ? "localhost:" + std::to_string(e.port())
                          : to_string(e);
    out += "open http://" + host + "/\n";
  }
  std::fputs(out.c_str(), stderr);
}

// ---- the end

void App::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code ec, int number) {
    if (ec) return;
    signalled(number);
    wait_for_signal();
  });
}

void App::signalled(int number) {
  if (number == SIGHUP) return log::info("signal", {{"name", "SIGHUP"}, {"ignored", true}});
  log::info("signal", {{"name", number == SIGINT ? "SIGINT" : "SIGTERM"}});
  if (stopping_) ::_exit(1);
  stop();
}

void App::on_every_lane(std::function<void(Lane&)> each, std::function<void()> then) {
  auto left = std::make_shared<std::atomic<std::size_t>>(lanes_.size());
  for (const auto& lane : lanes_)
    lane->shard.post([this, lane = lane.get(), each, then, left] {
      each(*lane);
      if (left->fetch_sub(1) == 1) first_.shard.post(then);
    });
}

void App::stop() {
  stopping_ = true;
  readiness_ = Readiness::draining;
  deadline_.arm(commit_time);
  for (const auto& l : tcp_) l->stop();
  for (const auto& l : http_) l->stop();
  on_every_lane([](Lane& lane) { lane.connections.stop_reading(); }, [this] { commit(); });
}

void App::commit() {
  hub_.in_flight().when_idle([this] { first_.shard.post([this] { finish_clients(); }); });
}

void App::out_of_time() {
  // The journal does not answer: what is in flight is lost to its senders, who were told nothing.
  if (!finishing_) return finish_clients();
  aborted_ = true;
  on_every_lane([](Lane& lane) { lane.connections.abort(); }, [] {});
}

void App::finish_clients() {
  if (std::exchange(finishing_, true)) return;
  deadline_.arm(drain_time);
  auto left = std::make_shared<std::atomic<std::size_t>>(lanes_.size());
  on_every_lane(
      [this, left](Lane& lane) {
        lane.shard.set_linger({});
        lane.connections.finish();
        lane.connections.when_empty([this, left] {
          if (left->fetch_sub(1) == 1) first_.shard.post([this] { stopped(); });
        });
      },
      [] {});
}

// Nothing is left that could ask for anything: the io_contexts run out of work.
void App::stopped() {
  deadline_.disarm();
  presence_.disarm();
  patience_.disarm();
  signals_.cancel();
  signals_.clear();
  journal_->close();
  work_.clear();
}

}  // namespace chatbridge
