// What goes out of what came in: nobody's text can look like another's line, end a frame, or break JSON. The input is
// fields with the byte 0xFF between them, which no UTF-8 has: text, nick, id, room, then one that chooses the rest.
#include <nlohmann/json.hpp>

#include "core/names.hpp"
#include "core/text.hpp"
#include "core/wire.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;
using nlohmann::json;

std::string clean(std::string_view text, Keep keep) {
  std::string out;
  append_clean(out, text, keep);
  return out;
}

// The payloads of text frames, unmasked and final, that `bytes` are.
std::vector<std::string> frames(std::string_view bytes) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    FUZZ_CHECK(bytes.size() >= 2 && bytes[0] == '\x81');
    const auto at = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])); };
    std::size_t head = 2;
    std::uint64_t n = at(1);
    FUZZ_CHECK(n <= 127);
    if (const std::size_t more = n == 126 ? 2 : n == 127 ? 8 : 0; more > 0) {
      n = 0;
      head += more;
      FUZZ_CHECK(bytes.size() >= head);
      for (auto i = head - more; i < head; ++i) n = n << 8 | at(i);
      FUZZ_CHECK(n >= (more == 2 ? 126 : 0x10000));  // the shortest form (RFC 6455 section 5.2)
    }
    FUZZ_CHECK(bytes.size() >= head + n);
    out.emplace_back(bytes.substr(head, n));
    bytes.remove_prefix(head + n);
  }
  return out;
}

std::vector<std::string> lines(std::string_view bytes) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    const auto lf = bytes.find('\n');
    FUZZ_CHECK(lf != std::string_view::npos);
    out.emplace_back(bytes.substr(0, lf));
    bytes.remove_prefix(lf + 1);
  }
  return out;
}

json object(std::string_view bytes) {
  const auto all = frames(bytes);
  FUZZ_CHECK(all.size() == 1 && all[0].find('\n') == std::string::npos && all[0].size() <= 64 * 1024);
  auto out = json::parse(all[0], nullptr, false);
  FUZZ_CHECK(out.is_object());
  return out;
}

void message(const Message& m, const std::string& room) {
  const auto count = static_cast<std::size_t>(std::count(m.text.begin(), m.text.end(), '\n')) + 1;
  for (const bool old : {false, true}) {
    std::string raw, text, js;
    wire::append_message(raw, Wire::line, room, m, old);
    wire::append_message(text, Wire::text_frame, room, m, old);
    wire::append_message(js, Wire::json_frame, room, m, old);
    const auto all = lines(raw);
    FUZZ_CHECK(all.size() == count && all == frames(text));
    std::string said;
    for (const auto& line : all) {
      // Whose it is stands before each line, and a nick has nothing in it that could end it early.
      auto rest = std::string_view(line);
      if (old) {
        FUZZ_CHECK(rest.size() > 8 && rest[0] == '[' && rest.substr(6, 2) == "] ");
        rest.remove_prefix(8);
      }
      const auto prefix = m.action ? "* " + m.nick + " " : m.nick + ": ";
      FUZZ_CHECK(rest.starts_with(prefix) && !line.starts_with("*** "));
      FUZZ_CHECK(fuzz::well_formed(line) && fuzz::harmless(line, false));
      said += (said.empty() && &line == &all.front() ? "" : "\n") + std::string(rest.substr(prefix.size()));
    }
    auto expected = clean(m.text, Keep::lf_and_tab);
    for (std::size_t tab; (tab = expected.find('\t')) != std::string::npos;) expected.replace(tab, 1, "\xEF\xBF\xBD");
    FUZZ_CHECK(said == expected);

    const auto o = object(js);
    // An event has two lines and the empty one that ends it: nothing in a text makes another.
    std::string event;
    wire::append_message(event, Wire::sse, {room, "e1"}, m, old);
    FUZZ_CHECK(event == "id: e1-" + std::to_string(number(m.seq)) + "\ndata: " + frames(js)[0] + "\n\n");
    FUZZ_CHECK(std::count(event.begin(), event.end(), '\n') == 3 && event.find('\r') == std::string::npos);
    FUZZ_CHECK(o["type"] == "message" && o["room"] == room && o["nick"] == m.nick && o["seq"] == number(m.seq));
    FUZZ_CHECK(o["text"] == clean(m.text, Keep::lf_and_tab) && o.value("action", false) == m.action);
    FUZZ_CHECK(o.value("id", "") == clean(m.id, Keep::lf_and_tab));
  }
}

void people(const std::string& nick, const std::string& other, const std::string& room) {
  const Member who{nick, Via::udp};
  for (const auto w : {Wire::line, Wire::text_frame}) {
    std::string out;
    wire::append_joined(out, w, who);
    wire::append_left(out, w, who);
    wire::append_rename(out, w, room, {nick, other});
    const auto all = w == Wire::line ? lines(out) : frames(out);
    FUZZ_CHECK((all == std::vector<std::string>{"*** " + nick + " joined", "*** " + nick + " left",
                                                "*** " + nick + " is now " + other}));
    for (const auto& line : all) FUZZ_CHECK(fuzz::harmless(line, false));
  }
  std::string renamed, presence;
  wire::append_rename(renamed, Wire::json_frame, room, {nick, other});
  const auto r = object(renamed);
  FUZZ_CHECK(r["type"] == "nick" && r["old"] == nick && r["nick"] == other && r["room"] == room);
  wire::append_presence(presence, room, {2, true, {who, {other, Via::ws}}, {who}});
  const auto p = object(presence);
  FUZZ_CHECK(p["count"] == 2 && p["joined"].size() == 2 && p["joined"][1]["nick"] == other &&
             p["left"][0]["nick"] == nick);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::view(data, size);
  const auto field = [&] {
    const auto end = std::min(rest.find('\xFF'), rest.size());
    const auto out = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return out;
  };
  // Everything through its door, as in the program; what does not pass is never sent. A journal from elsewhere gives
  // back what was let in there, so ids and nicks need not have come through ours: they are only cleaned.
  const auto text = Text::parse(field(), {8192, 100});
  const auto nick = Nick::parse(field());
  const std::string id(field().substr(0, 128));
  const auto room = RoomName::parse(field());
  const auto choice = rest.empty() ? '\0' : rest.front();
  if (!text) return 0;

  Message m;
  m.seq = Seq{1 + (static_cast<std::uint64_t>(choice) & 0xFF) * 35'000'000'000'000ULL};
  m.at = WallTime(std::chrono::seconds(1'800'000'000 + choice * 1000));
  m.nick = nick ? nick->str() : "guest-7";
  m.action = (choice & 1) != 0;
  m.text = text->str();
  m.id = id;
  message(m, room ? room->str() : "lobby");
  people(m.nick, nick ? nick->key() : "ann", room ? room->str() : "lobby");

  std::string ack, error;
  wire::append_ack(ack, id, "lobby", m.seq);
  FUZZ_CHECK(object(ack)["id"] == clean(id, Keep::lf_and_tab));
  wire::append_error(error, Wire::json_frame, {errc::bad_request, m.text}, id, m.text);
  FUZZ_CHECK(object(error)["message"] == clean(m.text, Keep::lf_and_tab));
  return 0;
}
