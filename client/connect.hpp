// `chatbridge connect`: one client of a chatbridge, on standard input and output.
#pragma once
#include "client/entry.hpp"
#include "client/url.hpp"

namespace chatbridge::connect {

struct Options {
  Url url;
  Wishes wishes;
};

// Runs until input and server are done. Returns the exit status: 0; 1, with one line that says why on standard error;
// 128 and the signal's number after Ctrl-C (130), SIGTERM or SIGHUP. SIGPIPE MUST be ignored.
int run(const Options& options);

}  // namespace chatbridge::connect
