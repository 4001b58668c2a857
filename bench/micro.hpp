// The functions a message goes through, each with the least round it that it needs: for micro-benchmarks and for counts
// of instructions.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bridge/protocol.hpp"
#include "core/client.hpp"
#include "server/journal/memory.hpp"
#include "server/relay/line_framer.hpp"

namespace chatbridge::bench {

inline constexpr std::size_t text_size = 64;

inline Message message(std::uint64_t seq, std::size_t size = text_size) {
  Message m;
  m.seq = Seq{seq};
  m.at = WallTime(std::chrono::milliseconds(1'700'000'000'000 + seq));
  m.nick = "guest-1000";
  m.text = std::string(size, 'x');
  return m;
}

// What a client sends, many lines in one read.
inline std::string lines(std::size_t count, std::size_t size = text_size) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += std::string(size, 'x') + "\n";
  return out;
}

// As much of it ASCII as of most people's talk: all, or a few letters not.
inline std::string ascii_text(std::size_t size = text_size) { return std::string(size, 'x'); }
inline std::string mixed_text(std::size_t size = text_size) {
  std::string out;
  while (out.size() + 6 <= size) out += "gr\xC3\xBC\xC3\x9F";
  return out;
}

inline std::string json_say(std::size_t size = text_size) {
  return R"({"type":"message","room":"lobby","text":")" + std::string(size, 'x') + R"(","id":"c1234"})";
}

// Takes all it is given, as a socket whose kernel has room.
class Sink final : public Transport {
 public:
  Sink(Hub& hub, Shard& shard, Wire wire)
      : client_(Client::make(hub, shard, *this, wire == Wire::line ? Via::tcp : Via::ws, wire)) {
    client_->become(hub.new_session());
    cursor_ = client_->attach(hub.options().default_room, From{}).value();
  }
  Sink(const Sink&) = delete;
  ~Sink() { client_->gone(Farewell::said); }

  void flush() override {
    for (;;) {
      const auto& chunk = client_->gather();
      if (chunk.bytes == 0) return;
      got_ += chunk.bytes;
      client_->sent(chunk, chunk.bytes);
    }
  }
  void say(const Text& text) { client_->say(*cursor_, text, false, {}); }
  std::uint64_t got() const { return got_; }

 private:
  const std::shared_ptr<Client> client_;
  Cursor* cursor_;
  std::uint64_t got_ = 0;
};

// A room with one that speaks and many that listen: what a delivery costs without a socket.
class Audience {
 public:
  Audience(Wire wire, std::size_t listeners) {
    for (std::size_t i = 0; i < listeners; ++i) listeners_.push_back(std::make_unique<Sink>(hub_, shard_, wire));
    poll();
  }
  ~Audience() {
    listeners_.clear();
    speaker_.reset();
    poll();
  }
  // So many messages, then one walk over all who listen.
  void say(std::size_t messages) {
    for (std::size_t i = 0; i < messages; ++i) speaker_->say(text_);
    poll();
  }
  std::uint64_t got() const { return listeners_.front()->got(); }

 private:
  void poll() {
    shard_.io().restart();
    shard_.io().poll();
  }
  const Text text_ = Text::parse(ascii_text(), {}).value();
  MemoryJournal journal_{1 << 20};
  Hub hub_{journal_, HubOptions{}, [] {}};
  Shard shard_;
  std::unique_ptr<Sink> speaker_ = std::make_unique<Sink>(hub_, shard_, Wire::line);
  std::vector<std::unique_ptr<Sink>> listeners_;
};

}  // namespace chatbridge::bench
