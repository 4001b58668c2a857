// Whether a raw TCP connection is somebody's HTTP: browsers can be made to send requests to any port, and nothing of
// them may reach the chat.
#pragma once
#include <string_view>

namespace chatbridge {

enum class Sniffed {
  unsure,   // could still become one: keep the bytes
  held,     // looks like `[A-Z]{3,16} /`: keep them until a line end, sniff_max bytes or the deadline
  endless,  // a known HTTP method and ` /`, sniff_max bytes without a line end: no request line, and no chat either
  request,  // an HTTP request line (RFC 9112 section 3)
  chat,     // anything else
};

inline constexpr std::size_t sniff_max = 4096;

// `first`: all bytes so far of a connection. Pure. `unsure` and an empty `first` go together with no bytes or with the
// beginning of a known HTTP method; a word that only might be one is chat, or everybody's "OK" would wait.
Sniffed sniff(std::string_view first);

// Held bytes that begin as a request of a browser does: what comes behind them may be a page's, and is no chat.
bool begins_request(std::string_view first);

}  // namespace chatbridge
