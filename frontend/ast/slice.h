// A list in the arena, in eight bytes: the AST holds three or four for every instruction.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace w2w::ptx {

/// Like std::span<const T>, for at most kMax elements. Addresses of user space have 48 bits on the
/// hosts we run on, so the size fits beside the address. A Slice whose bits are a plain pointer is
/// empty.
template <typename T> class Slice {
public:
  static constexpr size_t kMax = 0xffff;

  constexpr Slice() = default;
  Slice(std::span<const T> s)
      : bits_(s.empty() ? 0 : reinterpret_cast<uint64_t>(s.data()) | uint64_t{s.size()} << 48) {
    assert(s.size() <= kMax && reinterpret_cast<uint64_t>(s.data()) >> 48 == 0);
  }
  Slice(std::span<T> s) : Slice(std::span<const T>(s)) {}

  const T *data() const { return reinterpret_cast<const T *>(bits_ & ((uint64_t{1} << 48) - 1)); }
  size_t size() const { return bits_ >> 48; }
  bool empty() const { return size() == 0; }
  const T *begin() const { return data(); }
  const T *end() const { return data() + size(); }
  const T &operator[](size_t i) const { return data()[i]; }
  const T &front() const { return data()[0]; }
  const T &back() const { return data()[size() - 1]; }
  operator std::span<const T>() const { return {data(), size()}; }

private:
  uint64_t bits_ = 0;
};

} // namespace w2w::ptx
