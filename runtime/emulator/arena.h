// A large range of reserved addresses, backed by one memfd, from which device memory, or pinned and
// managed host memory, is given out. The pages exist once touched and go back to the system when
// freed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace w2w::emu {

class Arena {
public:
  /// Reserves `range` bytes of addresses; at most `capacity` bytes are given out at a time. If the
  /// system refuses so large a range, smaller ones are tried; see capacity().
  Arena(uint64_t capacity, uint64_t range);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  /// Zeroed pages, at least `bytes` (rounded up to a page) at a multiple of `align` (a power of
  /// two). After each block lies one page that belongs to none, so that running over its end is a
  /// fault. 0 if there is no room.
  uint64_t allocate(uint64_t bytes, uint64_t align);
  /// The block's size, or 0 if none starts there.
  uint64_t release(uint64_t address);

  struct Block {
    uint64_t address, bytes; // bytes: rounded up to pages
  };
  std::optional<Block> find(uint64_t address) const;
  bool contains(uint64_t address) const { return address - base_ < range_; }

  uint64_t capacity() const { return capacity_; }
  uint64_t used() const;

private:
  void give_back_pages(uint64_t address, uint64_t bytes);

  uint64_t base_ = 0, range_ = 0, capacity_ = 0;
  int fd_ = -1;
  mutable std::mutex mutex_;
  uint64_t used_ = 0;
  std::map<uint64_t, uint64_t> free_;   // address -> bytes, coalesced
  std::map<uint64_t, uint64_t> blocks_; // address -> bytes without the guard page
};

} // namespace w2w::emu
