// What carries lines between the console and a server: one for each transport.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace chatbridge::connect {

// The end of it all: an exit status, and the reason when it is not 0 (without a name before it).
using Finish = std::function<void(int status, std::string reason)>;

// Everything happens on the io_context's thread. A link prints on the console, pauses and resumes its input, and calls
// Finish once; it is called no more after that.
class Link {
 public:
  virtual ~Link() = default;
  virtual void start() = 0;
  virtual void input(std::string_view bytes) = 0;  // of standard input; pieces of any size
  virtual void end_of_input() = 0;                 // sends what is left, waits for the server, finishes
  virtual void leave(int status) = 0;              // Ctrl-C: says goodbye if that is quick, and finishes
};

}  // namespace chatbridge::connect
