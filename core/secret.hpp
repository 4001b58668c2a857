// What only its owner may know: ids of sessions, resume tokens. They are made here and kept elsewhere as hashes.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace chatbridge {

// 130 random bits from the system, as 26 characters of [a-z2-7] (RFC 4648 section 6, lower case).
std::string random_token();

// 128 bits of BLAKE2b (RFC 7693). No salt: what is hashed cannot be guessed.
using SecretHash = std::array<unsigned char, 16>;
SecretHash hash_secret(std::string_view secret);

// What somebody can come back with: the token that was told last and, until it is known to have arrived, the one that
// was used to get it. Whichever is used, the other is no more.
struct Tokens {
  std::optional<SecretHash> newest, earlier;
  bool operator==(const Tokens&) const = default;
};

struct SecretHashHash {
  std::size_t operator()(const SecretHash& h) const {
    std::size_t out;
    std::memcpy(&out, h.data(), sizeof out);
    return out;
  }
};

}  // namespace chatbridge
