// Text of messages: checked once at the door, cleaned on the way out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/errc.hpp"

namespace chatbridge {

struct TextLimits {
  std::size_t bytes = 4096;
  std::size_t lines = 100;
};

// What somebody said: valid UTF-8 (RFC 3629), not empty, within the limits, CRLF turned to LF, no LF at its end.
class Text {
 public:
  static result<Text> parse(std::string_view raw, const TextLimits& limits);
  const std::string& str() const { return text_; }

 private:
  explicit Text(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The code point that begins at `at`, which moves behind it; negative: malformed. `at` < size.
std::int32_t next_code_point(std::string_view text, std::size_t& at);

bool valid_utf8(std::string_view bytes);

enum class Keep { nothing, lf_and_tab };  // which of the control characters are harmless where the text goes

// Appends `text` to `out` with everything that could act on a terminal or page (C0, DEL, C1, bidi embeddings and
// overrides, line and paragraph separators) and every malformed sequence replaced by U+FFFD.
void append_clean(std::string& out, std::string_view text, Keep keep);

// The same as the inside of a JSON string (RFC 8259 section 7), LF and TAB kept as \n and \t.
void append_json_clean(std::string& out, std::string_view text);

}  // namespace chatbridge
