#include <unistd.h>

#include <csignal>
#include <iostream>

#include "server/app.hpp"
#include "server/cli.hpp"
#include "server/health.hpp"

extern char** environ;

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
    // The log's last lines are worth two seconds; a pipe that nobody reads is not worth more.
    std::signal(SIGALRM, [](int) { ::_exit(0); });
    ::alarm(2);
    log::close();
    return 0;
  } catch (const ConfigError& e) {
    std::cerr << "chatbridge: " << e.what() << '\n';
    return 2;
  } catch (const std::exception& e) {
    log::close();
    std::cerr << "chatbridge: " << e.what() << '\n';
    return 1;
  }
}
