// What goes over a wire: every byte a client sees of rooms and people is made here.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/message.hpp"

namespace chatbridge {

// How a room's log is encoded, each made once for all its readers.
enum class Wire : std::uint8_t {
  line,        // "NICK: TEXT\n", each further line of a text prefixed again; an entry is also one datagram
  text_frame,  // the same lines, each one WebSocket text frame, without LF (RFC 6455 section 5.2, server: unmasked)
  json_frame,  // chatbridge.v1: one JSON object a text frame
  bytes,       // verbatim relay: messages as they came, and nothing else
  raw_frame,   // the same as WebSocket frames, binary but for what came as text
  sse,         // Server-Sent Events (WHATWG HTML section 9.2): messages as the same JSON, and nothing else
};
inline constexpr std::array all_wires{Wire::line,  Wire::text_frame, Wire::json_frame,
                                      Wire::bytes, Wire::raw_frame,  Wire::sse};
inline constexpr std::size_t wire_count = all_wires.size();
inline constexpr bool has_lines(Wire wire) { return wire == Wire::line || wire == Wire::text_frame; }
inline constexpr bool verbatim(Wire wire) { return wire == Wire::bytes || wire == Wire::raw_frame; }

// Something that happened in a room and is no message.
struct PresenceChange {
  std::size_t count = 0;  // people in the room after it
  bool names = true;      // false above presence.max: counts only
  std::vector<Member> joined, left;
  std::vector<Member> everybody = {};  // not empty: names are told again after a while without, and this is the list
};
struct Typing {
  std::string nick;
  ClientId origin = 0;
};
struct Rename {
  std::string old_nick, nick;
  ClientId origin = 0;
};

namespace wire {

// The room that something is of, as formats name it. The epoch is for Wire::sse, whose events name their place.
struct Of {
  Of(std::string_view room = {}, std::string_view epoch = {}) : room(room), epoch(epoch) {}
  Of(const std::string& room) : room(room) {}
  Of(const char* room) : room(room) {}
  std::string_view room, epoch;
};

// Payload as one WebSocket frame.
void append_frame(std::string& out, std::string_view payload, bool binary = false);

// One line to one client in the room's line formats: "*** text" is the caller's. Verbatim relay has no lines: nothing.
void append_line(std::string& out, Wire wire, std::string_view line);

// One message; for the line formats with `[12:03] ` (UTC) before it when `old`.
void append_message(std::string& out, Wire wire, const Of& of, const Message& m, bool old = false);

// The JSON object of a message alone, without a frame: for lists of messages.
void append_message_json(std::string& out, std::string_view room, const Message& m);

void append_rename(std::string& out, Wire wire, std::string_view room, const Rename& rename);
void append_joined(std::string& out, Wire wire, const Member& who);                           // line formats only
void append_left(std::string& out, Wire wire, const Member& who);                             // line formats only
void append_typing(std::string& out, std::string_view room, const Typing& typing);            // json_frame only
void append_presence(std::string& out, std::string_view room, const PresenceChange& change);  // json_frame only

// Messages after `from` up to and with `to` are gone; `first` and `last` bound when they were said.
void append_gap(std::string& out, Wire wire, const Of& of, Seq from, Seq to, WallTime first, WallTime last);
// The same as JSON members, the first and the last number that is gone: "from":900,"to":1100
void append_gap_members(std::string& out, Seq from, Seq to);

// Wire::sse: where a reader stands, for its browser to name when it comes back; no event.
void append_place(std::string& out, std::string_view epoch, Seq at);

// A direct message, to whoever it is for or, `own`, to another connection of whoever said it.
void append_direct(std::string& out, Wire wire, const Direct& direct, bool own);

// An answer to one client: `*** message` or {"type":"error",…}; {"type":"ack",…}.
void append_error(std::string& out, Wire wire, const Error& error, std::string_view id, std::string_view room);
void append_ack(std::string& out, std::string_view id, std::string_view room, Seq seq);
void append_direct_ack(std::string& out, std::string_view id);

std::string utc_minute(WallTime at);  // "12:03"
std::string rfc3339(WallTime at);     // "2026-01-02T03:04:05.678Z" (RFC 3339 section 5.6)

}  // namespace wire
}  // namespace chatbridge
