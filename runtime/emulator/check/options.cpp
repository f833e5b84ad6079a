#include "runtime/emulator/check/options.h"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>

namespace w2w::emu::check {

namespace {

constexpr struct {
  std::string_view name;
  bool Options::*field;
} kWords[] = {
    {"memory", &Options::memory},
    {"race", &Options::race},
    {"uninit", &Options::uninit},
    {"barrier", &Options::barrier},
};
constexpr std::string_view kLimit = "limit=";

bool take_word(std::string_view word, Options &out) {
  for (const auto &known : kWords)
    if (word == known.name)
      return out.*known.field = true;
  if (!word.starts_with(kLimit))
    return false;
  word.remove_prefix(kLimit.size());
  auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), out.limit);
  return code == std::errc() && end == word.data() + word.size();
}

struct Environment {
  Options options;
  std::string error;
  Environment() {
    const char *text = getenv("W2W_CHECK");
    if (text && !parse_options(text, options, error))
      options = Options();
  }
};
const Environment &environment() {
  static const Environment e;
  return e;
}

} // namespace

bool parse_options(std::string_view text, Options &out, std::string &error) {
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (word.empty() || take_word(word, out))
      continue;
    std::string known;
    for (const auto &each : kWords)
      known += fmt::format("{}, ", each.name);
    error =
        fmt::format("W2W_CHECK={}: '{}' is no check; there are {}and limit=N", text, word, known);
    return false;
  }
  return true;
}

const Options &options() {
  return environment().options;
}
std::string configuration_error() {
  return environment().error;
}

} // namespace w2w::emu::check
