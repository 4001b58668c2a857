#include "bridge/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <optional>

namespace chatbridge {
namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("a connection has its listener's options: no delay, keep-alive, a bound on what waits unsent") {
  Lane lane;
  Admission admission({});
  std::optional<Socket> accepted;
  Listener listener(
      {&lane}, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0), admission,
      [&](Lane&, Socket socket) { accepted.emplace(std::move(socket)); }, [](const Error&) { return std::string(); });
  listener.start();
  Socket client(lane.shard.io());
  client.connect(listener.local());
  while (!accepted) lane.shard.io().run_one();
  listener.stop();

  const int fd = accepted->native_handle();
  CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 15);
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 4);
  CHECK(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 128 * 1024);
}

}  // namespace chatbridge
