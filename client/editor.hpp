// A line being typed on a terminal, and what others say above it. The wall round libedit, which only editor.cpp names.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace chatbridge::connect {

// 1. What show() is given appears above the line being typed, which is drawn again below it, cursor and all.
// 2. No call waits for the keyboard, but for the rest of a key that came in pieces, 100 ms at most.
// 3. The terminal is as it was found when the object is gone. There is one at most.
// Standard input and output MUST be one terminal that can move its cursor.
class Editor {
 public:
  struct Events {
    std::function<void(std::string line)> line;  // UTF-8, without line end
    std::function<void()> end;  // Ctrl-D on an empty line, or the terminal is gone; once, nothing follows
  };
  explicit Editor(Events events);  // throws std::runtime_error
  ~Editor();

  void read();                        // standard input can be read
  void show(std::string_view lines);  // clean, each with its LF
  void resized();                     // SIGWINCH
  void continued();                   // SIGCONT: the shell has had the terminal meanwhile

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatbridge::connect
