// Whether first bytes are HTTP: as a function of all bytes so far, and as a connection asks it, piece by piece.
#include "server/relay/http_sniffer.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

constexpr std::string_view methods[] = {"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"};

bool begins_known(std::string_view first) {
  return std::any_of(std::begin(methods), std::end(methods),
                     [&](std::string_view m) { return first.starts_with(std::string(m) + " /"); });
}
bool could_become_known(std::string_view first) {
  return std::any_of(std::begin(methods), std::end(methods),
                     [&](std::string_view m) { return (std::string(m) + " /").starts_with(first); });
}

bool decided(Sniffed s) { return s != Sniffed::unsure && s != Sniffed::held; }

void promises(std::string_view first) {
  const auto s = sniff(first);
  const auto lf = first.find('\n');
  FUZZ_CHECK(begins_request(first) == begins_known(first));
  FUZZ_CHECK((s == Sniffed::unsure) == (could_become_known(first) && !begins_known(first)));
  if (s == Sniffed::held) FUZZ_CHECK(lf == std::string_view::npos && first.size() < sniff_max);
  if (s == Sniffed::endless)
    FUZZ_CHECK(begins_known(first) && lf == std::string_view::npos && first.size() >= sniff_max);
  if (s == Sniffed::request)
    FUZZ_CHECK(lf != std::string_view::npos && first.substr(0, lf).find(" HTTP/") != std::string_view::npos);
  // A known method is no chat before its line is known to be none of a request's.
  if (begins_known(first) && s == Sniffed::chat) FUZZ_CHECK(lf != std::string_view::npos);
}

// As TcpConnection does: keeps the bytes until it is decided.
Sniffed in_pieces(const std::vector<std::string_view>& pieces) {
  std::string first;
  auto s = sniff(first);
  for (const auto piece : pieces) {
    first += piece;
    s = sniff(first);
    if (decided(s)) break;
  }
  return s;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  const auto whole = sniff(bytes);
  const auto lf = bytes.find('\n');
  promises(bytes);

  auto before = Sniffed::unsure;
  for (std::size_t n = 0; n <= bytes.size(); n += n < 64 || n + 64 > bytes.size() ? 1 : 61) {
    const auto first = bytes.substr(0, n);
    promises(first);
    const auto s = sniff(first);
    if (before == Sniffed::request) FUZZ_CHECK(s == Sniffed::request);
    // Chat may look like a request later only while it is no known method's and has no line end: "WOW", "WOW /s…".
    if (before == Sniffed::chat && s != Sniffed::chat) FUZZ_CHECK(!begins_known(first));
    if (lf < n && n > 0) FUZZ_CHECK(s == whole);
    before = s;
  }

  fuzz::Choices choices(bytes);
  const auto cut = in_pieces(choices.pieces(bytes, choices.between(1, 600)));
  // A browser's request is never chat, however it comes: its method is known.
  if (begins_known(bytes) && whole == Sniffed::request) FUZZ_CHECK(cut == Sniffed::request || cut == Sniffed::endless);
  if (lf < sniff_max && begins_known(bytes)) FUZZ_CHECK(cut == whole);
  // Nor is anything taken for a request in pieces that whole is none.
  if (cut == Sniffed::request) FUZZ_CHECK(whole == Sniffed::request);
  return 0;
}
