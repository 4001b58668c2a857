// Waits until a descriptor that is shared with other programs can be read.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

namespace chatbridge::connect {

// Asio makes every descriptor it waits for non-blocking, and with standard input that changes the terminal or pipe for
// everybody who shares it, past our end. So a descriptor of our own, an epoll, waits for it, and Asio waits for that.
// A file, which epoll does not take, is always readable.
class FdWatch {
 public:
  FdWatch(boost::asio::io_context& io, int fd);  // throws boost::system::system_error
  // Calls `ready` once, on the io_context, when a read would not wait. One wait at a time. Nothing is called after the
  // end of this object.
  void wait(std::function<void()> ready);
  void cancel();

 private:
  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor epoll_;
  bool always_ = false;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);  // a wait that was cancelled or outlived has another one
};

}  // namespace chatbridge::connect
