// W2W_CONFIG: one comma-separated list of options, `name` or `name=value`. options.def lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace w2w {

/// Value of an option: nothing if it was not given, "" if given without a value.
std::optional<std::string> option(std::string_view name);
inline bool option_set(std::string_view name) {
  return option(name).has_value();
}
/// The option's value as a number in [low, high]; `otherwise` if it is absent. A malformed value is
/// named once in a warning and counts as absent.
int64_t option_number(std::string_view name, int64_t otherwise, int64_t low, int64_t high);

/// An environment variable; nothing if unset or empty.
std::optional<std::string> environment(const char *name);
/// Whether an environment variable is set to something else than 0 (CUDA's convention for
/// switches).
bool environment_flag(const char *name);

} // namespace w2w
