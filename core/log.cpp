#include "core/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "core/text.hpp"

namespace chatbridge::log {
namespace {

std::atomic<Format> format{Format::text};

spdlog::level::level_enum to_spdlog(Level level) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  return levels[static_cast<std::size_t>(level)];
}

// As log.level has them.
std::string_view name(Level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  append_json_clean(out, value);
  return out + '"';
}

std::string text_line(Level level, std::string_view what, std::initializer_list<Field> fields) {
  std::string line = std::string(name(level)) + ' ' + std::string(what);
  for (const auto& f : fields) {
    line += ' ';
    line += f.name;
    line += '=';
    line += f.value.empty() || f.value.find_first_of(" \"=\n") != std::string::npos ? quoted(f.value) : f.value;
  }
  return line;
}

std::string json_members(Level level, std::string_view what, std::initializer_list<Field> fields) {
  std::string line = R"("level":")" + std::string(name(level)) + R"(","event":)" + quoted(what);
  for (const auto& f : fields) {
    line += ",\"";
    line += f.name;
    line += "\":";
    line += f.quoted ? quoted(f.value) : f.value;
  }
  return line;
}

}  // namespace

void open(Level level, Format chosen) {
  format = chosen;
  spdlog::init_thread_pool(8192, 1);
  auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_sink_mt>("chatbridge");
  logger->set_pattern(chosen == Format::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void close() { spdlog::shutdown(); }

void event(Level level, std::string_view what, std::initializer_list<Field> fields) {
  auto* logger = spdlog::default_logger_raw();
  if (logger == nullptr || !logger->should_log(to_spdlog(level))) return;
  logger->log(to_spdlog(level), "{}",
              format == Format::json ? json_members(level, what, fields) : text_line(level, what, fields));
}

}  // namespace chatbridge::log
