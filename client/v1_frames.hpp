// chatbridge.v1 as a client sees it: requests to JSON, what the server says to lines. Pure; any bytes.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatbridge::connect::v1 {

using json = nlohmann::ordered_json;

// The objects of one text message; what is no object is left out, as is one that nests too deep to be the server's.
std::vector<json> objects(std::string_view text);

// A field, or what stands for nothing if it is not there or of another type.
std::string string(const json& object, const char* field);
std::uint64_t number(const json& object, const char* field);
bool flag(const json& object, const char* field);
const json& list(const json& object, const char* field);
bool has(const json& object, const char* field);

std::string dump(const json& request);

// Lines as raw clients see them (docs/PROTOCOL.md), without line ends. They may still hold control characters, but no
// LF that did not begin with its speaker's name.
std::vector<std::string> message_lines(const json& message, bool old);
std::vector<std::string> direct_lines(const json& direct);
std::string who_line(const json& members);
std::string rooms_line(const json& rooms);  // of GET /api/rooms
std::string minute(const json& message);    // "12:03" (UTC), empty if it does not say

}  // namespace chatbridge::connect::v1
