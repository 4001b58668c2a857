#include "core/host.hpp"

#include <sodium.h>

#include <stdexcept>

namespace chatbridge {

static_assert(sizeof(HashKey) == crypto_shorthash_KEYBYTES);

HashKey random_hash_key() {
  if (sodium_init() < 0) throw std::runtime_error("no source of randomness");
  HashKey key;
  randombytes_buf(key.data(), key.size());
  return key;
}

std::uint64_t keyed_hash(const HashKey& key, std::string_view bytes) {
  std::uint64_t out = 0;
  static_assert(sizeof out == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&out), reinterpret_cast<const unsigned char*>(bytes.data()),
                   bytes.size(), key.data());
  return out;
}

std::size_t KeyedHash::operator()(std::string_view bytes) const {
  static const HashKey key = random_hash_key();
  return keyed_hash(key, bytes);
}

}  // namespace chatbridge
