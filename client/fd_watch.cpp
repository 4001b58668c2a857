#include "client/fd_watch.hpp"

#include <sys/epoll.h>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

namespace chatbridge::connect {

namespace asio = boost::asio;

namespace {

[[noreturn]] void fail(const char* what) {
  throw boost::system::system_error(errno, boost::system::system_category(), what);
}

}  // namespace

FdWatch::FdWatch(asio::io_context& io, int fd) : io_(io), epoll_(io) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  epoll_.assign(epoll);
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return;
  if (errno != EPERM) fail("standard input");
  always_ = true;
}

void FdWatch::wait(std::function<void()> ready) {
  const auto call = [life = std::weak_ptr(life_), ready = std::move(ready)](boost::system::error_code ec) {
    if (!ec && !life.expired()) ready();
  };
  if (always_) return asio::post(io_, [call] { call({}); });
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read, call);
}

void FdWatch::cancel() {
  life_ = std::make_shared<int>(0);
  boost::system::error_code ignored;
  epoll_.cancel(ignored);
}

}  // namespace chatbridge::connect
