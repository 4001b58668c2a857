// The command line.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "client/connect.hpp"
#include "server/config.hpp"

namespace chatbridge {

struct CommandLine {
  std::optional<int> exit;                  // nothing more to do: --help and --version were printed, or usage was wrong
  std::optional<connect::Options> connect;  // `connect`: nothing below is set
  std::optional<std::string> health;        // `health`: the URL to ask
  bool check = false;                       // `serve --check`
  Config config;
  std::vector<std::string> unknown_variables;  // CHATBRIDGE_ variables that mean nothing
};

// Throws ConfigError.
CommandLine parse_command_line(int argc, char** argv, const char* const* environment);

}  // namespace chatbridge
