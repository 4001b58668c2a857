// One flat JSON object on one line.
#pragma once
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace chatbridge::bench {

class JsonLine {
 public:
  JsonLine& text(std::string_view name, std::string_view value) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return add(name, quoted + '"');
  }
  JsonLine& truth(std::string_view name, bool value) { return add(name, value ? "true" : "false"); }
  JsonLine& number(std::string_view name, double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, std::fabs(value) < 1e15 && value == std::floor(value) ? "%.0f" : "%.6g",
                  value);
    return add(name, std::isfinite(value) ? digits : "null");
  }
  JsonLine& numbers(std::string_view name, const std::vector<double>& values) {
    std::string list;
    char digits[32];
    for (const auto value : values) {
      std::snprintf(digits, sizeof digits, "%s%.6g", list.empty() ? "" : ",", value);
      list += digits;
    }
    return add(name, "[" + list + "]");
  }
  std::string str() const { return "{" + members_ + "}"; }

 private:
  JsonLine& add(std::string_view name, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    members_.append("\"").append(name).append("\":").append(value);
    return *this;
  }
  std::string members_;
};

}  // namespace chatbridge::bench
