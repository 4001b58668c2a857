// Whole HTTP connections while the journal keeps its answer to itself.
#include "bridge/http_gateway.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "support/journals.hpp"
#include "support/until.hpp"

namespace chatbridge {
namespace {

using namespace std::chrono_literals;

// One lane on a thread of its own; the journal is its as well.
class Server {
 public:
  explicit Server(Duration answer_timeout = 10s)
      : gateway_(hub_, guard_, readiness_, options(answer_timeout)), thread_([this] { lane_.shard.run(); }) {}
  ~Server() {
    on_lane([this] {
      lane_.connections.abort();
      journal.release_all();
      work_.reset();
    });
    thread_.join();
  }
  template <class F>
  void on_lane(F f) {
    std::promise<void> done;
    lane_.shard.post([&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  // Until the journal has been asked so many things.
  void asked(std::size_t n) {
    test::until([&] {
      std::size_t held = 0;
      on_lane([&] { held = journal.held(); });
      return held >= n;
    });
  }
  void release() {
    on_lane([this] { journal.release(); });
  }
  std::size_t messages() {
    std::size_t n = 0;
    on_lane([&] { n = kept.all(*RoomName::parse("lobby")).size(); });
    return n;
  }
  std::size_t connections() {
    std::size_t n = 0;
    on_lane([&] { n = lane_.connections.size(); });
    return n;
  }
  Lane& lane() { return lane_; }
  HttpGateway& gateway() { return gateway_; }

  test::ListJournal kept;
  test::DelayedJournal journal{kept};

 private:
  static HttpOptions options(Duration answer_timeout) {
    HttpOptions o;
    o.answer_timeout = answer_timeout;
    return o;
  }
  Lane lane_;
  Hub hub_{journal, {}, [] {}};
  Guard guard_{{}, {}, "box"};
  std::atomic<Readiness> readiness_{Readiness::ready};
  HttpGateway gateway_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
      lane_.shard.io().get_executor()};
  std::thread thread_;
};

class Peer {
 public:
  explicit Peer(Server& server) {
    Tcp::acceptor acceptor(io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    socket_.connect(acceptor.local_endpoint());
    const int fd = acceptor.accept().release();
    server.on_lane([&] { server.gateway().serve(server.lane(), Socket(server.lane().shard.io(), Tcp::v4(), fd)); });
  }
  void send(const std::string& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
  // All that comes until the server ends the connection.
  std::string rest() {
    std::string all;
    boost::system::error_code ec;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(all), ec);
    return all;
  }
  // Nothing has come of what the server has done so far: on loopback what it sends is there at once.
  bool quiet(Server& server) {
    server.on_lane([] {});
    return socket_.available() == 0;
  }
  void close() { socket_.close(); }

 private:
  boost::asio::io_context io_;
  Tcp::socket socket_{io_};
};

std::string post(const std::string& body, const std::string& headers = {}) {
  return "POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string get(const std::string& target, const std::string& headers = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}
const std::string last = "Connection: close\r\n";

std::size_t count(const std::string& all, const std::string& what) {
  std::size_t n = 0;
  for (auto at = all.find(what); at != std::string::npos; at = all.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a request behind one that waits for the journal waits as well") {
  Server server;
  Peer peer(server);
  peer.send(post(R"({"text":"x"})") + get("/healthz", last));
  server.asked(1);
  CHECK(peer.quiet(server));
  server.release();
  const auto all = peer.rest();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 201") && Catch::Contains("{\"seq\":1}\nHTTP/1.1 200") &&
                      Catch::EndsWith("ok\n"));
}

TEST_CASE("a journal that does not answer in time is 503 and the end, a late answer is nobody's") {
  Server server(50ms);
  Peer peer(server);
  peer.send(post(R"({"text":"x","id":"k"})") + get("/healthz"));
  const auto all = peer.rest();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 503") && Catch::Contains("Retry-After: ") &&
                      Catch::Contains("Connection: close") && Catch::Contains("overloaded") &&
                      Catch::Contains("it can be sent again"));
  CHECK(count(all, "HTTP/1.1") == 1);
  peer.close();
  server.release();
  CHECK(server.messages() == 1);
  // Sent again, it is the same message.
  Peer again(server);
  again.send(post(R"({"text":"x","id":"k"})", last));
  server.asked(1);
  server.release();
  CHECK_THAT(again.rest(), Catch::StartsWith("HTTP/1.1 200") && Catch::EndsWith("{\"seq\":1}\n"));
  CHECK(server.messages() == 1);
}

TEST_CASE("a late answer is not taken for the next request's on the same connection") {
  Server server(50ms);
  server.journal.hold_reads = true;
  Peer peer(server);
  peer.send(get("/api/rooms/lobby/messages"));
  server.asked(1);
  const auto all = peer.rest();
  server.release();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 503"));
  CHECK(count(all, "HTTP/1.1") == 1);
}

TEST_CASE("who stops while an answer is awaited gives it before the end") {
  Server server;
  Peer peer(server), idle(server);
  peer.send(post(R"({"text":"x"})") + get("/healthz"));
  server.asked(1);
  server.on_lane([&] { server.lane().connections.stop_reading(); });
  CHECK(idle.rest().empty());
  server.release();
  const auto all = peer.rest();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 201") && Catch::Contains("Connection: close"));
  CHECK(count(all, "HTTP/1.1") == 1);
}

TEST_CASE("whoever leaves, or is cut off, before the answer has said it all the same") {
  Server server;
  {
    Peer gone(server), cut(server);
    gone.send(post(R"({"text":"x"})"));
    server.asked(1);
    gone.close();
    cut.send(post(R"({"text":"y"})"));
    server.on_lane([&] { server.lane().connections.abort(); });
    CHECK(cut.rest().empty());
  }
  server.on_lane([&] { server.journal.release_all(); });
  CHECK(server.connections() == 0);
  CHECK(server.messages() >= 1);
}

}  // namespace chatbridge
