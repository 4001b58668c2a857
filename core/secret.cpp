#include "core/secret.hpp"

#include <sodium.h>
#include <sys/random.h>

#include <stdexcept>

namespace chatbridge {

std::string random_token() {
  std::array<unsigned char, 26> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the system gives no random bytes");
  std::string token;
  for (const auto b : bytes) token += "abcdefghijklmnopqrstuvwxyz234567"[b & 31];
  return token;
}

SecretHash hash_secret(std::string_view secret) {
  SecretHash out;
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
  return out;
}

}  // namespace chatbridge
