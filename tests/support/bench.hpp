// A hub with its shards on the test's thread, and clients whose bytes are collected.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/client.hpp"

namespace chatbridge::test {

inline RoomName room(std::string_view name) { return RoomName::parse(name).value(); }
inline Text text(std::string_view s) { return Text::parse(s, {1 << 20, 1000}).value(); }

// The hub's clock; stands still.
inline TimePoint now_value{std::chrono::hours(1000)};
inline TimePoint now() { return now_value; }
inline void pass(Duration d) { now_value += d; }

struct Bench {
  explicit Bench(Journal& journal, HubOptions options = {}, std::size_t n = 1)
      : hub(
            journal, std::move(options), [this] { ++presence_due; }, now) {
    for (std::size_t i = 0; i < n; ++i) shards.push_back(std::make_unique<Shard>());
  }
  // Runs what is ready, on every shard, until nothing is.
  void poll();
  // Calls `f` on a shard's thread.
  void on_shard(std::function<void()> f, std::size_t i = 0) {
    shards[i]->post(std::move(f));
    poll();
  }

  std::vector<std::unique_ptr<Shard>> shards;
  std::size_t presence_due = 0;  // how often the hub has asked for flush_presence()
  Hub hub;
};

// A client and its transport. It takes `credit` bytes, then it stalls; of a send it takes what `piece` says.
class Reader final : public Transport, public Sink {
 public:
  Reader(Bench& bench, Wire wire, Via via = Via::tcp, std::size_t shard = 0, bool datagrams = false);
  ~Reader() { leave_for_good(); }

  Client* operator->() { return client_.get(); }
  Client& operator*() { return *client_; }
  const std::shared_ptr<Client>& client() { return client_; }
  ClientId id() const { return client_->id(); }

  // Has a session of its own and reads the room from `from`; enter(): and is seen there, which others are told.
  Cursor& attach(std::string_view name = "lobby", From from = {});
  Cursor& enter(std::string_view name = "lobby", From from = {});
  void say(std::string_view what, std::string_view name = "lobby", std::string id = {});
  void leave_for_good(Farewell farewell = Farewell::said);

  void flush() override;
  std::size_t send_now(const Chunk& chunk) override;
  std::size_t unacknowledged() const override { return unacked; }
  void turned_away(std::string_view) override { ++fell; }
  void stall() { credit = 0; }
  void resume(std::size_t bytes = SIZE_MAX) {
    credit = bytes;
    flush();
  }

  std::string got;                     // all bytes, in order
  std::vector<std::string> datagrams;  // of a datagram client
  std::size_t credit = SIZE_MAX, flushes = 0, fell = 0;
  std::size_t walked = 0;          // sends of a walk that needed no flush
  bool readies = false;            // calls Client::ready, as a transport does
  bool acknowledges = true;        // what it takes, at once; else that waits in `unacked`
  std::size_t unacked = 0;         // bytes it has been sent that may yet be lost with the connection
  std::function<void()> on_flush;  // what a transport does then besides: reads, and obeys
  std::function<void(std::size_t)> on_sent = [](std::size_t) {};  // so many bytes, the client knows of it
  std::function<std::size_t(std::size_t)> piece = [](std::size_t n) { return n; };

  std::vector<std::string> lines() const;     // of Wire::line; a last one without its end as it is
  std::vector<std::string> payloads() const;  // of frames; throws if they are no unmasked whole text frames
  std::vector<nlohmann::json> objects() const;
  std::vector<nlohmann::json> objects(std::string_view type) const;

 private:
  std::size_t take(const Chunk& chunk);
  Bench& bench_;
  const std::shared_ptr<Client> client_;
  const bool datagrams_;
  bool gone_ = false;
};

std::vector<std::string> split_lines(std::string_view bytes);
std::vector<std::string> split_frames(std::string_view bytes);

}  // namespace chatbridge::test
