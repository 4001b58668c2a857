// Clients on UDP: each has an address of its own, several share a socket, so that descriptors do not limit how many
// there are. All of 127.0.0.0/8 is this machine: a socket for all addresses chooses one for each datagram.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "bench/load/endpoint.hpp"

namespace chatbridge::bench {

class DatagramSocket {
 public:
  // Its clients are numbers first … first + count - 1. Throws std::system_error.
  DatagramSocket(const Endpoint& endpoint, std::size_t first, std::size_t count);
  DatagramSocket(DatagramSocket&& other) noexcept;
  DatagramSocket& operator=(DatagramSocket&&) = delete;
  ~DatagramSocket();

  int fd() const { return fd_; }
  std::size_t first() const { return first_; }
  std::size_t count() const { return count_; }
  void hello(std::size_t client);
  void quit(std::size_t client);
  // Calls `datagram(client, bytes)` for each that is there.
  template <class Datagram>
  void readable(std::span<char> buffer, Datagram datagram) {
    for (;;) {
      const auto got = receive(buffer);
      if (got.client == nobody) return;
      datagram(got.client, got.bytes);
    }
  }

 private:
  static constexpr std::size_t nobody = SIZE_MAX;
  struct Received {
    std::size_t client = nobody;
    std::string_view bytes;
  };
  void send(std::size_t client, std::string_view text);
  Received receive(std::span<char> buffer);

  const Endpoint* endpoint_;
  std::size_t first_, count_;
  int fd_;
};

}  // namespace chatbridge::bench
