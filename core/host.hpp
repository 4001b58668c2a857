// Whom limits count together: a host by its address; and hash tables whose keys strangers choose.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chatbridge {

// An address's first bits, the rest 0; IPv4 as mapped. Equal for all addresses of one network.
using NetworkBits = std::array<unsigned char, 16>;
// Who is limited together; nobody: not limited. No address is all 0.
class Host {
 public:
  Host() = default;
  Host(const NetworkBits& bits) : bits_(bits) {}  // NOLINT: it is what it is by
  explicit operator bool() const { return bits_ != NetworkBits{}; }
  const NetworkBits& operator*() const { return bits_; }

 private:
  NetworkBits bits_{};
};

// SipHash-2-4.
using HashKey = std::array<unsigned char, 16>;
HashKey random_hash_key();  // throws std::runtime_error when there is no randomness
std::uint64_t keyed_hash(const HashKey& key, std::string_view bytes);

// With a key of this process's own.
struct KeyedHash {
  std::size_t operator()(std::string_view bytes) const;
  std::size_t operator()(const NetworkBits& bits) const {
    return (*this)(std::string_view(reinterpret_cast<const char*>(bits.data()), bits.size()));
  }
};

}  // namespace chatbridge
