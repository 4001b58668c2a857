#include "core/wire.hpp"

#include <cstdio>

#include "core/text.hpp"

namespace chatbridge::wire {
namespace {

// Calls `f` with each line of a text.
template <class F>
void each_line(std::string_view text, F f) {
  for (std::size_t from = 0;;) {
    const auto lf = text.find('\n', from);
    f(text.substr(from, lf - from));
    if (lf == std::string_view::npos) return;
    from = lf + 1;
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_clean(out, text);
  out += '"';
}

void append_member(std::string& out, const Member& m) {
  out += R"({"nick":)";
  append_string(out, m.nick);
  out += R"(,"via":")";
  out += name(m.via);
  out += "\"}";
}

void append_members(std::string& out, const std::vector<Member>& members) {
  out += '[';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    append_member(out, members[i]);
  }
  out += ']';
}

// Of an event: JSON has no line ends, so what follows is one line of data.
void append_id(std::string& out, std::string_view epoch, Seq seq) {
  out += "id: ";
  out += epoch;
  out += '-' + std::to_string(number(seq)) + '\n';
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void append_verbatim(std::string& out, Wire wire, const Message& m) {
  const std::string_view end = m.form == Form::chat ? "\n" : "";
  if (wire == Wire::bytes) {
    out.append(m.text).append(end);
  } else {
    append_frame(out, m.text + std::string(end), m.form == Form::bytes);
  }
}

void append_about(std::string& out, Wire wire, const std::string& nick, std::string_view what) {
  append_line(out, wire, "*** " + nick + std::string(what));
}

}  // namespace

void append_frame(std::string& out, std::string_view payload, bool binary) {
  out += binary ? '\x82' : '\x81';  // FIN, opcode 2 or 1
  const auto n = payload.size();
  if (n < 126) {
    out += static_cast<char>(n);
  } else if (n <= 0xFFFF) {
    out += '\x7E';
    out += static_cast<char>(n >> 8);
    out += static_cast<char>(n);
  } else {
    out += '\x7F';
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
  }
  out += payload;
}

void append_line(std::string& out, Wire wire, std::string_view line) {
  if (wire == Wire::line) {
    out += line;
    out += '\n';
  } else if (wire == Wire::text_frame) {
    append_frame(out, line);
  }
}

void append_message_json(std::string& out, std::string_view room, const Message& m) {
  out += R"({"type":"message","room":")";
  out += room;
  out += R"(","seq":)";
  out += std::to_string(number(m.seq));
  out += R"(,"at":")";
  out += rfc3339(m.at);
  out += R"(","nick":)";
  append_string(out, m.nick);
  out += R"(,"via":")";
  out += name(m.via);
  out += R"(","text":)";
  append_string(out, m.form == Form::chat ? std::string_view(m.text) : without_line_end(m.text));
  if (m.action) out += R"(,"action":true)";
  if (!m.id.empty()) {
    out += R"(,"id":)";
    append_string(out, m.id);
  }
  out += '}';
}

void append_message(std::string& out, Wire wire, const Of& of, const Message& m, bool old) {
  std::string scratch;
  if (wire == Wire::json_frame) {
    append_message_json(scratch, of.room, m);
    append_frame(out, scratch);
    return;
  }
  if (wire == Wire::sse) {
    append_id(out, of.epoch, m.seq);
    out += "data: ";
    append_message_json(out, of.room, m);
    out += "\n\n";
    return;
  }
  if (verbatim(wire)) return append_verbatim(out, wire, m);
  const auto prefix =
      (old ? "[" + utc_minute(m.at) + "] " : std::string{}) + (m.action ? "* " + m.nick + " " : m.nick + ": ");
  each_line(m.text, [&](std::string_view line) {
    scratch = prefix;
    append_clean(scratch, line, Keep::nothing);
    append_line(out, wire, scratch);
  });
}

void append_rename(std::string& out, Wire wire, std::string_view room, const Rename& r) {
  if (has_lines(wire)) return append_about(out, wire, r.old_nick, " is now " + r.nick);
  if (wire != Wire::json_frame) return;
  std::string json = R"({"type":"nick","room":")";
  json += room;
  json += R"(","old":)";
  append_string(json, r.old_nick);
  json += R"(,"nick":)";
  append_string(json, r.nick);
  json += '}';
  append_frame(out, json);
}

void append_joined(std::string& out, Wire wire, const Member& who) { append_about(out, wire, who.nick, " joined"); }
void append_left(std::string& out, Wire wire, const Member& who) { append_about(out, wire, who.nick, " left"); }

void append_typing(std::string& out, std::string_view room, const Typing& typing) {
  std::string json = R"({"type":"typing","room":")";
  json += room;
  json += R"(","nick":)";
  append_string(json, typing.nick);
  json += '}';
  append_frame(out, json);
}

void append_presence(std::string& out, std::string_view room, const PresenceChange& change) {
  std::string json = R"({"type":"presence","room":")";
  json += room;
  json += R"(","count":)" + std::to_string(change.count);
  if (change.names) {
    json += R"(,"joined":)";
    append_members(json, change.everybody.empty() ? change.joined : change.everybody);
    json += R"(,"left":)";
    append_members(json, change.left);
  }
  json += '}';
  append_frame(out, json);
}

void append_gap(std::string& out, Wire wire, const Of& of, Seq from, Seq to, WallTime first, WallTime last) {
  if (wire != Wire::json_frame && wire != Wire::sse)
    return append_line(out, wire, "*** you missed messages from " + utc_minute(first) + " to " + utc_minute(last));
  std::string json = R"({"type":"gap","room":")";
  json += of.room;
  json += R"(",)";
  append_gap_members(json, from, to);
  json += '}';
  if (wire == Wire::json_frame) return append_frame(out, json);
  append_id(out, of.epoch, to);
  out += "data: " + json + "\n\n";
}

void append_gap_members(std::string& out, Seq from, Seq to) {
  out += R"("from":)" + std::to_string(number(from) + 1) + R"(,"to":)" + std::to_string(number(to));
}

void append_place(std::string& out, std::string_view epoch, Seq at) {
  append_id(out, epoch, at);
  out += '\n';
}

void append_direct(std::string& out, Wire wire, const Direct& d, bool own) {
  if (wire == Wire::json_frame) {
    std::string json = R"({"type":"direct","nick":)";
    append_string(json, d.nick);
    json += R"(,"to":)";
    append_string(json, d.to);
    json += R"(,"at":")" + rfc3339(d.at) + R"(","via":")" + name(d.via) + R"(","text":)";
    append_string(json, d.text);
    if (!d.id.empty()) {
      json += R"(,"id":)";
      append_string(json, d.id);
    }
    json += '}';
    return append_frame(out, json);
  }
  each_line(d.text, [&](std::string_view line) {
    std::string said = own ? "*** you to " + d.to + ": " : "*** " + d.nick + " to you: ";
    append_clean(said, line, Keep::nothing);
    append_line(out, wire, said);
  });
}

void append_error(std::string& out, Wire wire, const Error& error, std::string_view id, std::string_view room) {
  if (wire != Wire::json_frame) return append_line(out, wire, "*** " + error.message);
  std::string json = R"({"type":"error","code":")";
  json += name(error.code);
  json += R"(","message":)";
  append_string(json, error.message);
  if (!id.empty()) {
    json += R"(,"id":)";
    append_string(json, id);
  }
  if (!room.empty()) {
    json += R"(,"room":)";
    append_string(json, room);
  }
  json += '}';
  append_frame(out, json);
}

void append_ack(std::string& out, std::string_view id, std::string_view room, Seq seq) {
  std::string json = R"({"type":"ack","id":)";
  append_string(json, id);
  json += R"(,"room":")";
  json += room;
  json += R"(","seq":)" + std::to_string(number(seq)) + "}";
  append_frame(out, json);
}

void append_direct_ack(std::string& out, std::string_view id) {
  std::string json = R"({"type":"ack","id":)";
  append_string(json, id);
  json += '}';
  append_frame(out, json);
}

std::string utc_minute(WallTime at) {
  const std::chrono::hh_mm_ss t{at - std::chrono::floor<std::chrono::days>(at)};
  char buf[16];
  std::snprintf(buf, sizeof buf, "%02d:%02d", static_cast<int>(t.hours().count()),
                static_cast<int>(t.minutes().count()));
  return buf;
}

std::string rfc3339(WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss t{at - day};
  char buf[64];
  std::snprintf(buf, sizeof buf, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(t.hours().count()), static_cast<int>(t.minutes().count()),
                static_cast<int>(t.seconds().count()), static_cast<int>(t.subseconds().count()));
  return buf;
}

}  // namespace chatbridge::wire
