// What people type on raw clients; above all, what may hold a secret reaches nobody.
#include "core/command.hpp"
#include "core/text.hpp"
#include "core/wire.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

bool blank(char c) { return c == ' ' || c == '\t'; }
bool trimmed(const std::string& s) { return !s.empty() && !blank(s.front()) && !blank(s.back()); }

// White space and what is not seen at all (Unicode, PropList.txt and DerivedCoreProperties.txt, the common ones).
bool unseen(std::int32_t c) {
  return (c >= 0 && c <= ' ') || c == 0x7F || c == 0x85 || c == 0xA0 || c == 0xAD || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F) || c == 0x3000 ||
         c == 0xFEFF;
}

// Whether a person who reads this line would say that somebody typed /resume or /login.
bool reads_as_secret(std::string_view line) {
  const auto all = fuzz::code_points(line);
  auto at = std::find_if_not(all.begin(), all.end(), unseen);
  if (at == all.end() || *at++ != '/') return false;
  std::string word;
  for (; at != all.end() && ((*at | 32) >= 'a' && (*at | 32) <= 'z'); ++at) word += static_cast<char>(*at | 32);
  if (word != "resume" && word != "login") return false;
  return at == all.end() || unseen(*at) || *at == ':' || *at == '=' || *at == ',';
}

void nobody_reads_a_secret(const command::Say& say) {
  const auto text = Text::parse(say.text, {});
  if (!text) return;
  for (std::size_t from = 0; from <= text->str().size();) {
    const auto lf = std::min(text->str().find('\n', from), text->str().size());
    FUZZ_CHECK(!reads_as_secret(std::string_view(text->str()).substr(from, lf - from)));
    from = lf + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::view(data, size);
  if (input.empty()) return 0;  // never given
  const auto parsed = command::parse(input);
  const auto* say = std::get_if<command::Say>(&parsed);
  const auto* refused = std::get_if<command::Refused>(&parsed);
  // Said to nobody: refused, or a token for the server alone.
  if (command::may_hold_secret(input))
    FUZZ_CHECK(refused != nullptr || std::holds_alternative<command::Resume>(parsed));
  if (say != nullptr) {
    FUZZ_CHECK(!say->text.empty());
    FUZZ_CHECK(!command::may_hold_secret(say->text));
    nobody_reads_a_secret(*say);
    if (!input.starts_with('/')) FUZZ_CHECK(say->text == input && !say->action);
    if (input.starts_with("//")) FUZZ_CHECK(say->text == input.substr(1) && !say->action);
    if (say->action) FUZZ_CHECK(input.starts_with("/me") && trimmed(say->text));
  } else if (refused != nullptr) {
    // Nothing of what was typed: it goes to a terminal as it is.
    FUZZ_CHECK(!refused->why.empty() && fuzz::harmless(refused->why, false));
    FUZZ_CHECK(std::all_of(refused->why.begin(), refused->why.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  } else {
    FUZZ_CHECK(input.starts_with('/') && !input.starts_with("//"));
  }
  if (const auto* nick = std::get_if<command::SetNick>(&parsed)) FUZZ_CHECK(trimmed(nick->nick));
  if (const auto* join = std::get_if<command::JoinRoom>(&parsed)) FUZZ_CHECK(trimmed(join->room));
  if (const auto* history = std::get_if<command::History>(&parsed))
    FUZZ_CHECK(history->count >= 1 && history->count <= 1000);
  return 0;
}
