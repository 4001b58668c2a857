// The write side of a WebSocket connection under the worst conditions: a tiny send buffer, a reader that takes odd
// amounts, pings of both sides while frames are on their way, and closes in the middle. Every byte is checked.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>
#include <future>
#include <random>
#include <thread>

#include "bridge/http_gateway.hpp"
#include "server/journal/memory.hpp"

namespace chatbridge {
namespace {

constexpr int tiny_buffer = 4096;
constexpr std::size_t ahead = 1000;  // messages said before they are read: far less than a window holds

// Catch2's when one was given, else a new one: it is printed with whatever fails.
unsigned seed() {
  static const unsigned chosen = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  return chosen;
}

// Says things and reads nothing.
class Speaker final : public Transport {
 public:
  Speaker(Hub& hub, Shard& shard) : client_(Client::make(hub, shard, *this, Via::tcp, Wire::json_frame)) {
    client_->become(hub.new_session());
    (void)client_->attach(*RoomName::parse("lobby"), {}).value();
  }
  ~Speaker() { client_->gone(Farewell::said); }
  void flush() override {}

  static std::string text(std::size_t n) { return "m" + std::to_string(n) + std::string(n * 7 % 150, 'x'); }
  void say(std::size_t from, std::size_t to) {
    for (auto n = from; n < to; ++n) client_->say(*client_->first(), Text::parse(text(n), {}).value(), false, {});
  }
  std::string nick() const { return client_->nick(); }

 private:
  const std::shared_ptr<Client> client_;
};

// The server's side: one lane on a thread of its own.
class Server {
 public:
  Server() : gateway_(hub_, guard_, readiness_, options()), thread_([this] { lane_.shard.run(); }) {
    on_lane([this] { speaker_ = std::make_unique<Speaker>(hub_, lane_.shard); });
  }
  ~Server() {
    on_lane([this] {
      speaker_.reset();
      lane_.connections.abort();
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
  void serve(int fd) {
    on_lane([&] { gateway_.serve(lane_, Socket(lane_.shard.io(), Tcp::v4(), fd)); });
  }
  void say(std::size_t from, std::size_t to) {
    on_lane([&] { speaker_->say(from, to); });
  }
  void finish() {
    on_lane([&] { lane_.connections.finish(); });
  }
  std::size_t connections() {
    std::size_t n = 0;
    on_lane([&] { n = lane_.connections.size(); });
    return n;
  }
  std::string speaker_nick() const { return speaker_->nick(); }

 private:
  static HttpOptions options() {
    HttpOptions o;
    o.ws.ping = std::chrono::milliseconds(20);  // often, yet longer than a slow build may pause
    return o;
  }
  Lane lane_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{lane_.shard.io().get_executor()};
  MemoryJournal journal_{1 << 20};
  Hub hub_{journal_, HubOptions{}, [] {}};
  Guard guard_{{}, {}, "machine"};
  std::atomic<Readiness> readiness_{Readiness::ready};
  HttpGateway gateway_;
  std::unique_ptr<Speaker> speaker_;
  std::thread thread_;
};

struct Frame {
  unsigned char opcode;
  std::string payload;
};

// The peer: blocking, written for this test alone, so that it shares nothing with what is tested.
class Peer {
 public:
  Peer(Server& server, unsigned seed) : random_(seed) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    socklen_t size = sizeof at;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &tiny_buffer, sizeof tiny_buffer);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    const int accepted = ::accept(listener, nullptr, nullptr);
    ::setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &tiny_buffer, sizeof tiny_buffer);
    ::close(listener);
    server.serve(accepted);
    write(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    while (in_.find("\r\n\r\n") == std::string::npos) REQUIRE(fill());
    REQUIRE(in_.starts_with("HTTP/1.1 101 "));
    in_.erase(0, in_.find("\r\n\r\n") + 4);
  }
  ~Peer() { ::close(fd_); }

  // The next frame; nothing at the end of the stream.
  std::optional<Frame> next() {
    while (!whole())
      if (!fill()) {
        REQUIRE(in_.substr(at_).empty());
        return std::nullopt;
      }
    Frame f{static_cast<unsigned char>(byte(0) & 0x0F), in_.substr(at_ + header_, length_)};
    REQUIRE((byte(0) & 0xF0) == 0x80);  // FIN, no reserved bits
    at_ += header_ + length_;
    if (at_ > 1 << 16) {
      in_.erase(0, at_);
      at_ = 0;
    }
    return f;
  }

  void send(unsigned char opcode, std::string payload) {
    std::string out{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
    const std::string mask{'\x12', '\x34', '\x56', '\x78'};
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    write(out + mask + payload);
  }
  std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

 private:
  unsigned char byte(std::size_t i) const { return static_cast<unsigned char>(in_[at_ + i]); }
  bool whole() {
    const auto have = in_.size() - at_;
    if (have < 2) return false;
    REQUIRE((byte(1) & 0x80) == 0);  // a server does not mask
    length_ = byte(1);
    header_ = 2;
    if (length_ == 126) {
      if (have < 4) return false;
      length_ = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
      header_ = 4;
    }
    REQUIRE(length_ < 4096);  // nothing here is that long: a longer one is a torn stream
    return have >= header_ + length_;
  }
  bool fill() {
    pollfd p{fd_, POLLIN, 0};
    REQUIRE(::poll(&p, 1, 60'000) == 1);
    char buffer[3000];
    const auto n = ::recv(fd_, buffer, 1 + pick(sizeof buffer), 0);
    if (n > 0) in_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  void write(const std::string& bytes) {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }

  int fd_ = -1;
  std::minstd_rand random_;
  std::string in_;
  std::size_t at_ = 0, header_ = 0, length_ = 0;
};

constexpr unsigned char text = 1, close_frame = 8, ping = 9, pong = 10;

// Reads until message `last` of the speaker, which is kept a bounded way ahead; answers and sends pings meanwhile.
class Reader {
 public:
  Reader(Server& server, Peer& peer) : server_(server), peer_(peer), nick_(server.speaker_nick()) {
    const auto greeting = peer_.next();
    REQUIRE(greeting);
    REQUIRE(greeting->payload.starts_with("*** you are guest-"));
  }
  void read_until(std::size_t last) {
    while (heard_ < last) {
      if (said_ < last && said_ < heard_ + ahead / 2) {
        const auto to = std::min(heard_ + ahead, last);
        server_.say(said_, to);
        said_ = to;
      }
      if (peer_.pick(100) == 0) send_ping();
      const auto f = peer_.next();
      REQUIRE(f);
      take(*f);
    }
  }
  void take(const Frame& f) {
    if (f.opcode == ping) {
      ++server_pings_;
      if (peer_.pick(2) == 0) peer_.send(pong, f.payload);
    } else if (f.opcode == pong) {
      REQUIRE(!pings_.empty());
      // Of several pings a peer may answer the newest only (RFC 6455 section 5.5.3).
      while (pings_.front() != f.payload) {
        pings_.pop_front();
        REQUIRE(!pings_.empty());
      }
      pings_.pop_front();
      ++pongs_;
    } else {
      REQUIRE(f.opcode == text);
      REQUIRE(f.payload == nick_ + ": " + Speaker::text(heard_));
      ++heard_;
    }
  }
  std::size_t heard() const { return heard_; }
  std::size_t said() const { return said_; }
  std::size_t server_pings() const { return server_pings_; }
  std::size_t pongs() const { return pongs_; }
  void say_without_reading(std::size_t n) {
    server_.say(said_, said_ + n);
    said_ += n;
  }

 private:
  void send_ping() {
    pings_.push_back("p" + std::to_string(++sent_pings_));
    peer_.send(ping, pings_.back());
  }
  Server& server_;
  Peer& peer_;
  const std::string nick_;
  std::deque<std::string> pings_;
  std::size_t heard_ = 0, said_ = 0, server_pings_ = 0, pongs_ = 0, sent_pings_ = 0;
};

void frames_arrive_whole(std::size_t count) {
  CAPTURE(seed());
  Server server;
  Peer peer(server, seed());
  Reader reader(server, peer);
  reader.read_until(count);
  CHECK(reader.heard() == count);
  CHECK(reader.server_pings() > 0);
  CHECK(reader.pongs() > count / 400);
  WARN("seed " << seed() << ": " << count << " frames, " << reader.server_pings() << " pings of the server, "
               << reader.pongs() << " pongs");
}

}  // namespace

TEST_CASE("with a 4 KiB send buffer and pings both ways every frame arrives whole and in order") {
  frames_arrive_whole(50'000);
}

TEST_CASE("a million frames arrive whole and in order through a 4 KiB send buffer with pings both ways", "[long]") {
  frames_arrive_whole(1'000'000);
}

TEST_CASE("a peer that closes in the middle gets whole frames, one Close, and the end") {
  Server server;
  Peer peer(server, seed());
  Reader reader(server, peer);
  reader.read_until(200);
  reader.say_without_reading(ahead);
  peer.send(close_frame, std::string("\x03\xE8", 2));
  std::optional<Frame> f;
  while ((f = peer.next()) && f->opcode != close_frame) reader.take(*f);
  REQUIRE(f);
  CHECK(f->payload == std::string("\x03\xE8", 2));
  CHECK(!peer.next());
}

TEST_CASE("a server that stops delivers everything, says goodbye, closes with 1001 and nothing follows") {
  Server server;
  Peer peer(server, seed());
  Reader reader(server, peer);
  reader.read_until(200);
  reader.say_without_reading(ahead);
  server.finish();
  while (reader.heard() < reader.said()) {
    const auto f = peer.next();
    REQUIRE(f);
    reader.take(*f);
  }
  std::optional<Frame> f;
  while ((f = peer.next()) && (f->opcode == ping || f->opcode == pong)) {
  }
  REQUIRE(f);
  CHECK(f->payload == "*** the server is going down, bye");
  f = peer.next();
  REQUIRE(f);
  CHECK(f->opcode == close_frame);
  CHECK(f->payload.substr(0, 2) == std::string("\x03\xE9", 2));
  peer.send(close_frame, f->payload.substr(0, 2));
  CHECK(!peer.next());
}

TEST_CASE("a peer that vanishes in the middle leaves nothing behind") {
  Server server;
  {
    Peer peer(server, seed());
    Reader reader(server, peer);
    reader.read_until(200);
    reader.say_without_reading(ahead);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (server.connections() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(server.connections() == 0);
}

}  // namespace chatbridge
