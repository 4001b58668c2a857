// Text of messages: the door, and the cleaning on the way out.
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace chatbridge;

std::string clean(std::string_view text, Keep keep) {
  std::string out = "before";
  append_clean(out, text, keep);
  FUZZ_CHECK(out.starts_with("before"));
  return out.substr(6);
}

void cleans(std::string_view bytes) {
  for (const auto keep : {Keep::nothing, Keep::lf_and_tab}) {
    const auto out = clean(bytes, keep);
    FUZZ_CHECK(fuzz::well_formed(out));
    FUZZ_CHECK(fuzz::harmless(out, keep == Keep::lf_and_tab));
    FUZZ_CHECK(clean(out, keep) == out);
    FUZZ_CHECK((out == bytes) == (fuzz::well_formed(bytes) && fuzz::harmless(bytes, keep == Keep::lf_and_tab)));
  }
  // Code points that were well-formed stay as many; so no replacement swallows what is next to it.
  if (fuzz::well_formed(bytes))
    FUZZ_CHECK(fuzz::code_points(clean(bytes, Keep::nothing)).size() == fuzz::code_points(bytes).size());

  std::string json = "\"";
  append_json_clean(json, bytes);
  json += '"';
  FUZZ_CHECK(fuzz::harmless(json, false));
  const auto back = nlohmann::json::parse(json, nullptr, false);
  FUZZ_CHECK(back.is_string());
  FUZZ_CHECK(back.get_ref<const std::string&>() == clean(bytes, Keep::lf_and_tab));
}

void parses(std::string_view bytes, const TextLimits& limits) {
  const auto text = Text::parse(bytes, limits);
  if (!text) {
    FUZZ_CHECK(fuzz::well_formed(text.error().message) && fuzz::harmless(text.error().message, false));
    return;
  }
  const auto& s = text->str();
  FUZZ_CHECK(!s.empty() && s.size() <= limits.bytes && bytes.size() <= limits.bytes);
  FUZZ_CHECK(static_cast<std::size_t>(std::count(s.begin(), s.end(), '\n')) < limits.lines);
  FUZZ_CHECK(fuzz::well_formed(s));
  FUZZ_CHECK(!s.ends_with('\n'));
  // Only CRs before LFs and line ends at the end are gone.
  std::string kept;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes.substr(i, 2) != "\r\n") kept += bytes[i];
  while (kept.ends_with('\n')) kept.pop_back();
  FUZZ_CHECK(s == kept);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  FUZZ_CHECK(valid_utf8(bytes) == fuzz::well_formed(bytes));
  cleans(bytes);
  parses(bytes, {});
  parses(bytes, {40, 3});
  return 0;
}
