// Names of rooms and people.
#include "core/names.hpp"
#include "core/text.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

void plain(const Error& error) {
  FUZZ_CHECK(!error.message.empty() && fuzz::well_formed(error.message) && fuzz::harmless(error.message, false));
}

void rooms(std::string_view raw) {
  const auto room = RoomName::parse(raw);
  if (!room) return plain(room.error());
  FUZZ_CHECK(room->str() == raw);
  FUZZ_CHECK(!raw.empty() && raw.size() <= 64);
  // What it is put into without a look: JSON, URLs, the log.
  FUZZ_CHECK(raw.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos);
  FUZZ_CHECK(raw.find_first_of("._-") != 0);
}

void nicks(std::string_view raw) {
  const auto nick = Nick::parse(raw);
  if (!nick) return plain(nick.error());
  FUZZ_CHECK(nick->str() == raw);
  FUZZ_CHECK(fuzz::well_formed(raw) && fuzz::harmless(raw, false));
  const auto length = fuzz::code_points(raw).size();
  FUZZ_CHECK(length >= 1 && length <= 32);
  // Nothing that ends a name in a line, in JSON or in a list of names.
  FUZZ_CHECK(raw.find_first_of(" :*,;()[]{}<>\"'\\/\t") == std::string_view::npos);

  const auto& key = nick->key();
  FUZZ_CHECK(!key.empty() && fuzz::well_formed(key));
  FUZZ_CHECK(Nick::parse(raw)->key() == key);
  // Whoever types the key itself is the same person; a key in other letters has no other key.
  if (const auto same = Nick::parse(key)) FUZZ_CHECK(same->key() == key);
  std::string capitals(raw);
  for (auto& c : capitals)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  const auto louder = Nick::parse(capitals);
  FUZZ_CHECK(louder && louder->key() == key);
  for (const auto* family : {"guest-", "tcp-", "udp-", "ws-", "http-", "link-"})
    if (key.starts_with(family))
      FUZZ_CHECK(key.find_first_not_of("0123456789", std::string_view(family).size()) != std::string::npos ||
                 key == family);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto raw = fuzz::view(data, size);
  rooms(raw);
  nicks(raw);
  return 0;
}
