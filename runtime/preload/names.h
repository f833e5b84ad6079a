// The functions that are redirected: every name of the runtime API, from the table of
// runtime/cudart.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace w2w::preload {

inline constexpr auto kRuntimeNames = [] {
  constexpr std::string_view all[] = {
#define W2W_RT(name, first, last, implementation) #name,
#define W2W_RT_STREAM(name, first, last, implementation, place) #name, #name "_ptsz",
#define W2W_RT_NONE(name, first, last) #name,
#include "runtime/cudart/functions.def"
#undef W2W_RT
#undef W2W_RT_STREAM
#undef W2W_RT_NONE
  };
  std::array<std::string_view, std::size(all)> sorted{};
  std::copy(std::begin(all), std::end(all), sorted.begin());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}();

/// Whether `name` is one of the runtime's functions (of any version).
inline bool is_runtime_function(const char *name) {
  if (std::strncmp(name, "cuda", 4) != 0 && std::strncmp(name, "__cuda", 6) != 0)
    return false;
  return std::binary_search(kRuntimeNames.begin(), kRuntimeNames.end(), std::string_view(name));
}

} // namespace w2w::preload
