// `chatbridge health`: asks a running daemon whether it is ready.
#pragma once
#include <string>

namespace chatbridge {

// `url`: "http://host:port/…"; its path is asked, /readyz without one. Returns the exit status: 0 ready, 1 not, with a
// one-line reason on stderr. Takes 5 seconds at most.
int health(const std::string& url);

}  // namespace chatbridge
