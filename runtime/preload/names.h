// The functions that are redirected: every name of the runtime API, from the table of
// runtime/cudart.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace w2w::preload {

/// 64-bit FNV-1a.
constexpr uint64_t hash_of(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325;
  for (char c : name)
    h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return h;
}

/// Hashes of all names, sorted, each once. Numbers instead of strings: pointers would have to be
/// relocated in every process that inherits the preload library.
inline constexpr auto kRuntimeNames = [] {
  constexpr auto all = std::to_array<uint64_t>({
#define W2W_RT(name, first, last, implementation) hash_of(#name),
#define W2W_RT_STREAM(name, first, last, implementation, place)                                    \
  hash_of(#name), hash_of(#name "_ptsz"),
#define W2W_RT_NONE(name, first, last) hash_of(#name),
#include "runtime/cudart/functions.def"
#undef W2W_RT
#undef W2W_RT_STREAM
#undef W2W_RT_NONE
  });
  auto sorted = all;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}();

/// Whether `name` is one of the runtime's functions (of any version).
inline bool is_runtime_function(const char *name) {
  if (std::strncmp(name, "cuda", 4) != 0 && std::strncmp(name, "__cuda", 6) != 0)
    return false;
  return std::binary_search(kRuntimeNames.begin(), kRuntimeNames.end(), hash_of(name));
}

} // namespace w2w::preload
