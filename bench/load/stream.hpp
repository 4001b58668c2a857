// One client on TCP or WebSocket: its socket, its framing, its way into the room.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "bench/load/endpoint.hpp"
#include "bench/ws_frames.hpp"

namespace chatbridge::bench {

// A server's frames to the bytes that are in them, in any pieces.
class Unframer {
 public:
  template <class Data, class Control>
  void feed(std::string_view bytes, Data data, Control control) {
    while (!bytes.empty()) {
      if (left_ == 0 && !take_header(bytes)) return;
      const auto piece = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      if (opcode_ < ws::close) {
        data(piece);
        continue;
      }
      control_.append(piece);
      if (left_ == 0) control(static_cast<ws::Opcode>(opcode_), std::exchange(control_, {}));
    }
  }

 private:
  bool take_header(std::string_view& bytes) {
    if (head_.empty()) {  // the usual case: nothing is copied
      if (const auto header = ws::parse(bytes)) return bytes.remove_prefix(header->size), begin(*header);
    }
    while (!bytes.empty()) {
      head_ += bytes.front();
      bytes.remove_prefix(1);
      if (const auto header = ws::parse(head_)) return head_.clear(), begin(*header);
    }
    return false;
  }
  bool begin(const ws::Header& header) {
    opcode_ = header.opcode;
    left_ = header.payload;
    return true;
  }
  std::string head_, control_;
  std::uint64_t left_ = 0;
  std::uint8_t opcode_ = 0;
};

class Stream {
 public:
  enum class State { unconnected, connecting, upgrading, logging_in, ready, closed };

  Stream(const Endpoint& endpoint, std::size_t number, bool receives)
      : endpoint_(&endpoint), number_(number), receives_(receives) {}
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream() { close({}); }

  State state() const { return state_; }
  int fd() const { return fd_; }
  const std::string& why_closed() const { return why_; }
  // Segments with data that the kernel has received on it; 0 when it is closed.
  std::uint64_t segments() const;

  // Throws std::system_error when there is no descriptor for it.
  void connect();
  void writable();
  // Calls `text(bytes)` for what came in the room, in any pieces; `buffer` is for reading. Returns bytes read.
  template <class Text>
  std::size_t readable(std::span<char> buffer, Text text) {
    std::size_t all = 0;
    while (state_ > State::connecting && state_ < State::closed) {
      const auto bytes = receive(buffer);
      all += bytes.size();
      take(bytes, text);
      if (bytes.size() < buffer.size()) break;
    }
    return all;
  }
  // Queued until flush().
  void say(std::string_view text) { queue(bench::say(*endpoint_, text)); }
  void flush();
  void close(std::string why);

 private:
  template <class Text>
  void take(std::string_view bytes, Text text) {
    if (bytes.empty()) return;
    if (state_ == State::upgrading) return upgraded(bytes);
    const auto application = [&](std::string_view piece) { state_ == State::ready ? text(piece) : login(piece); };
    if (!endpoint_->websocket) return application(bytes);
    unframer_.feed(bytes, application, [&](ws::Opcode opcode, std::string payload) { control(opcode, payload); });
  }
  std::string_view receive(std::span<char> buffer);
  void connected();
  void upgraded(std::string_view bytes);
  void enter();
  void login(std::string_view bytes);
  void control(ws::Opcode opcode, const std::string& payload);
  void queue(const Frames& frames);

  const Endpoint* endpoint_;
  std::size_t number_;
  bool receives_;
  int fd_ = -1;
  State state_ = State::unconnected;
  std::string seen_, out_, why_;
  std::size_t sent_ = 0;  // of out_
  Unframer unframer_;
};

}  // namespace chatbridge::bench
