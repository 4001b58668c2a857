// What clients of chatbridge.v1 send: any bytes to one request, or to an answer that can be sent.
#include <nlohmann/json.hpp>

#include "bridge/protocol.hpp"
#include "core/text.hpp"
#include "core/wire.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;
using nlohmann::json;

// How deep the brackets of a well-formed JSON text go.
int depth(std::string_view text) {
  int now = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted) continue;
    if (text[i] == '{' || text[i] == '[') deepest = std::max(deepest, ++now);
    if (text[i] == '}' || text[i] == ']') --now;
  }
  return deepest;
}

bool good_id(const std::string& id) { return id.size() <= 128 && fuzz::well_formed(id) && fuzz::harmless(id, false); }

// The payload of the one server frame that `bytes` are.
std::string_view payload(std::string_view bytes) {
  FUZZ_CHECK(bytes.size() >= 2 && bytes[0] == '\x81');
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const std::size_t head = at(1) < 126 ? 2 : 4, length = at(1) < 126 ? at(1) : at(2) << 8 | at(3);
  FUZZ_CHECK(at(1) < 127 && bytes.size() == head + length);
  return bytes.substr(head);
}

void answers(const v1::Invalid& invalid) {
  FUZZ_CHECK(invalid.error.code == errc::bad_request || invalid.error.code == errc::unknown_type);
  FUZZ_CHECK(!invalid.error.message.empty() && fuzz::well_formed(invalid.error.message));
  FUZZ_CHECK(good_id(invalid.id) && good_id(invalid.room));
  std::string out;
  wire::append_error(out, Wire::json_frame, invalid.error, invalid.id, invalid.room);
  const auto object = json::parse(payload(out), nullptr, false);
  FUZZ_CHECK(object.is_object() && object["type"] == "error" && object["message"] == invalid.error.message);
  FUZZ_CHECK(object.value("id", "") == invalid.id && object.value("room", "") == invalid.room);
}

struct WellFormed {
  void text(const std::string& s) const { FUZZ_CHECK(fuzz::well_formed(s)); }
  void text(const std::optional<std::string>& s) const {
    if (s) text(*s);
  }
  void operator()(const v1::Hello& r) const { text(r.nick), text(r.session); }
  void operator()(const v1::Join& r) const { text(r.room), text(r.epoch); }
  void operator()(const v1::Leave& r) const { text(r.room); }
  void operator()(const v1::Say& r) const {
    text(r.room), text(r.text);
    FUZZ_CHECK(good_id(r.id));
    // The id comes back as it was given.
    std::string out;
    wire::append_ack(out, r.id, "lobby", Seq{1});
    FUZZ_CHECK(json::parse(payload(out))["id"] == r.id);
  }
  void operator()(const v1::History& r) const {
    text(r.room);
    FUZZ_CHECK(r.limit >= 1 && r.limit <= 300);
  }
  void operator()(const v1::SetNick& r) const { text(r.nick); }
  void operator()(const v1::Who& r) const {
    text(r.room), text(r.prefix);
    FUZZ_CHECK(r.limit >= 1 && r.limit <= 300);
  }
  void operator()(const v1::Direct& r) const {
    text(r.nick), text(r.text);
    FUZZ_CHECK(good_id(r.id));
  }
  void operator()(const v1::Typing& r) const { text(r.room); }
  void operator()(const v1::Ping&) const {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::view(data, size);
  const auto parsed = v1::parse(input);
  const auto object = json::parse(input, nullptr, false);
  if (const auto* invalid = std::get_if<v1::Invalid>(&parsed)) {
    answers(*invalid);
    return 0;
  }
  const auto& request = std::get<v1::Request>(parsed);
  FUZZ_CHECK(object.is_object() && object.contains("type"));
  FUZZ_CHECK(depth(input) <= 8);
  FUZZ_CHECK(input.find('\0') == std::string_view::npos);  // the library takes it for the end
  std::visit(WellFormed{}, request);
  static const char* const names[] = {"hello", "join", "leave",  "message", "history",
                                      "nick",  "who",  "direct", "typing",  "ping"};
  FUZZ_CHECK(object["type"] == names[request.index()]);
  return 0;
}
