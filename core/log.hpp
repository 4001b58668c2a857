// The daemon's own log: one event a line on stderr. Never message text, tokens or passwords.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace chatbridge::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

// A named value of an event.
struct Field {
  Field(std::string_view name, std::string value) : name(name), value(std::move(value)), quoted(true) {}
  Field(std::string_view name, const char* value) : Field(name, std::string(value)) {}
  Field(std::string_view name, std::string_view value) : Field(name, std::string(value)) {}
  Field(std::string_view name, std::uint64_t value) : name(name), value(std::to_string(value)) {}
  Field(std::string_view name, bool value) : name(name), value(value ? "true" : "false") {}
  std::string_view name;
  std::string value;
  bool quoted = false;  // a JSON string, not a number or boolean
};

// Before any event; once. Lines are written by a thread of their own: a full pipe on stderr costs lines, not service.
void open(Level level, Format format);
void close();  // writes what is left

void event(Level level, std::string_view what, std::initializer_list<Field> fields = {});
inline void debug(std::string_view what, std::initializer_list<Field> f = {}) { event(Level::debug, what, f); }
inline void info(std::string_view what, std::initializer_list<Field> f = {}) { event(Level::info, what, f); }
inline void warn(std::string_view what, std::initializer_list<Field> f = {}) { event(Level::warn, what, f); }
inline void error(std::string_view what, std::initializer_list<Field> f = {}) { event(Level::error, what, f); }

}  // namespace chatbridge::log
