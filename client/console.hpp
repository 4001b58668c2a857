// Standard input and output, whether they are pipes, files or a terminal.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/editor.hpp"
#include "client/fd_watch.hpp"

namespace chatbridge::connect {

// 1. Nothing that acts on a terminal passes to one, whoever said it.
// 2. What is read and not yet taken is bounded: 16 KiB, or 100 lines on a terminal.
// 3. Order: what is printed first is written first, notes included.
// Everything happens on the io_context's thread. Writing waits for who reads, so a server is read at that pace.
class Console {
 public:
  struct Events {
    std::function<void(std::string_view bytes)> input;  // of standard input; a line with its LF on a terminal
    std::function<void()> end;                          // nothing follows
    std::function<void()> broken;                       // nobody reads what is printed; once
  };
  Console(boost::asio::io_context& io, Events events);
  ~Console();

  bool terminal() const { return editing(); }

  void open();   // a terminal shows its prompt from now on; once
  void pause();  // no input until resume(), which the first input needs as well
  void resume();

  void print(std::string_view line);  // without LF; cleaned
  void raw(std::string_view bytes);   // as they are; onto a terminal cleaned, as lines
  void note(std::string_view line);   // about the connection itself: not output, so it goes to standard error
  void close();                       // writes what is left and gives the terminal back

 private:
  bool editing() const { return editor_ != nullptr; }
  void wait();
  void read();
  void deliver();
  void flush_soon();
  void flush();
  void write(int fd, std::string_view bytes);
  void watch_signals();

  boost::asio::io_context& io_;
  Events events_;
  FdWatch input_;
  boost::asio::signal_set signals_;
  std::unique_ptr<Editor> editor_;
  std::deque<std::string> typed_;
  std::string out_, tail_;  // printed and not written; raw bytes of a character whose rest is to come
  const bool out_is_terminal_;
  bool paused_ = true, waiting_ = false, ended_ = false, end_told_ = false, flushing_ = false, broken_ = false;
};

}  // namespace chatbridge::connect
