// Integer helpers of the reference: everything on 64-bit values with an explicit width.
#pragma once

#include <cstdint>
#include <string_view>

namespace w2w::reference {

inline uint64_t low(uint64_t v, unsigned width) {
  return width >= 64 ? v : v & ((uint64_t{1} << width) - 1);
}
inline int64_t sign_extend(uint64_t v, unsigned width) {
  if (width >= 64)
    return static_cast<int64_t>(v);
  uint64_t sign = uint64_t{1} << (width - 1);
  return static_cast<int64_t>((low(v, width) ^ sign) - sign);
}
inline bool bit(uint64_t v, unsigned i) {
  return i < 64 && ((v >> i) & 1);
}
inline bool signed_type(std::string_view t) {
  return !t.empty() && t[0] == 's';
}
/// The value of an integer operand as the type reads it.
inline __int128 value(std::string_view type, uint64_t v, unsigned width) {
  return signed_type(type) ? static_cast<__int128>(sign_extend(v, width))
                           : static_cast<__int128>(low(v, width));
}

} // namespace w2w::reference
