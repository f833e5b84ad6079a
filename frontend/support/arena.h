// Bump allocator for trivially destructible objects: everything of a parsed module lives in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace w2w::ptx {

class Arena {
public:
  Arena() = default;
  Arena(Arena &&) = default;
  Arena &operator=(Arena &&) = default;

  void *allocate(size_t size, size_t align) {
    if (padding(align) + size > static_cast<size_t>(end_ - next_))
      grow(size + align);
    std::byte *p = next_ + padding(align);
    next_ = p + size;
    return p;
  }

  template <typename T, typename... Args> T *make(Args &&...args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// A copy of `items` that lives in the arena.
  template <typename T> std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (items.empty())
      return {};
    T *p = static_cast<T *>(allocate(items.size_bytes(), alignof(T)));
    std::memcpy(static_cast<void *>(p), static_cast<const void *>(items.data()),
                items.size_bytes());
    return {p, items.size()};
  }
  template <typename T> std::span<T> copy(const std::vector<T> &items) {
    return copy(std::span<const T>(items));
  }
  std::string_view copy(std::string_view s) {
    const std::span<char> c = copy(std::span<const char>(s.data(), s.size()));
    return {c.data(), c.size()};
  }

  /// Bytes taken from the system.
  size_t reserved() const { return reserved_; }

private:
  /// Bytes from next_ to the next multiple of `align`, a power of two.
  size_t padding(size_t align) const { return -reinterpret_cast<uintptr_t>(next_) & (align - 1); }
  void grow(size_t at_least) {
    const size_t size = std::max(at_least, block_size_);
    block_size_ = std::min<size_t>(block_size_ * 2, size_t{4} << 20);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    next_ = blocks_.back().get();
    end_ = next_ + size;
    reserved_ += size;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte *next_ = nullptr;
  std::byte *end_ = nullptr;
  size_t block_size_ = size_t{16} << 10;
  size_t reserved_ = 0;
};

} // namespace w2w::ptx
