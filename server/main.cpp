#include <unistd.h>

#include <csignal>
#include <iostream>

#include "server/app.hpp"
#include "server/cli.hpp"
#include "server/health.hpp"

extern char** environ;

namespace {

// The log's last lines are worth two seconds; a pipe that nobody reads is not worth more.
volatile std::sig_atomic_t status = 0;
int close_log(int with) {
  status = with;
  std::signal(SIGALRM, [](int) { ::_exit(status); });
  ::alarm(2);
  chatbridge::log::close();
  return with;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace chatbridge;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto cli = parse_command_line(argc, argv, environ);
    if (cli.exit) return *cli.exit;
    if (cli.connect) return connect::run(*cli.connect);
    if (cli.health) return health(*cli.health);
    if (cli.check) {
      for (const auto& name : cli.unknown_variables) std::cerr << "chatbridge: " << name << " means nothing here\n";
      std::cout << "configuration ok\n";
      return 0;
    }
    log::open(cli.config.log_level, cli.config.log_format);
    for (const auto& name : cli.unknown_variables) log::warn("unknown_variable", {{"name", name}});
    {
      App app(cli.config);
      app.run();
    }
    return close_log(0);
  } catch (const ConfigError& e) {
    std::cerr << "chatbridge: " << e.what() << '\n';
    return 2;
  } catch (const std::exception& e) {
    const int failed = close_log(1);
    std::cerr << "chatbridge: " << e.what() << '\n';
    return failed;
  }
}
