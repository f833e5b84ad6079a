// Checked access to untrusted bytes.
#pragma once

#include "runtime/fatbin/fatbin.h"

#include <cstring>

namespace w2w::fatbin {

/// The T at `offset`, if it lies inside.
template <class T> std::optional<T> load(Bytes bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
    return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

/// [offset, offset + size) of bytes, if it lies inside.
inline std::optional<Bytes> slice(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset)
    return std::nullopt;
  return bytes.subspan(offset, size);
}

} // namespace w2w::fatbin
