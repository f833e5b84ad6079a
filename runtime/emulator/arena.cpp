#include "runtime/emulator/arena.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace w2w::emu {

namespace {
constexpr uint64_t kPage = 4096;
constexpr uint64_t kSmallestRange = 64 << 20;
} // namespace

Arena::Arena(uint64_t capacity, uint64_t range) {
  range = std::max<uint64_t>(range & ~(kPage - 1), kSmallestRange);
  // With a limit on file sizes the kernel would kill us for growing the memfd: anonymous memory
  // then (no aliases).
  rlimit limit{};
  bool file_ok = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
  if (file_ok)
    fd_ = memfd_create("w2w-device-memory", MFD_CLOEXEC);
  for (; range >= kSmallestRange; range /= 2) {
    if (fd_ >= 0 && ftruncate(fd_, static_cast<off_t>(range)) != 0)
      continue;
    int flags = MAP_NORESERVE | MAP_SHARED | (fd_ >= 0 ? 0 : MAP_ANONYMOUS);
    void *p = mmap(nullptr, range, PROT_READ | PROT_WRITE, flags, fd_, 0);
    if (p == MAP_FAILED)
      continue;
    madvise(p, range, MADV_DONTDUMP);
    base_ = reinterpret_cast<uint64_t>(p);
    range_ = range;
    capacity_ = std::min(capacity, range);
    free_[base_] = range_;
    return;
  }
}

Arena::~Arena() {
  if (range_)
    munmap(reinterpret_cast<void *>(base_), range_);
  if (fd_ >= 0)
    close(fd_);
}

uint64_t Arena::allocate(uint64_t bytes, uint64_t align) {
  align = std::max(align, kPage);
  if (bytes == 0 || bytes > range_)
    return 0;
  bytes = (bytes + kPage - 1) & ~(kPage - 1);
  std::lock_guard lock(mutex_);
  if (bytes > capacity_ || used_ > capacity_ - bytes)
    return 0;
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    uint64_t begin = it->first, end = begin + it->second;
    uint64_t at = (begin + align - 1) & ~(align - 1);
    if (at < begin || at > end || end - at < bytes + kPage)
      continue;
    free_.erase(it);
    if (at > begin)
      free_[begin] = at - begin;
    if (uint64_t next = at + bytes + kPage; next < end)
      free_[next] = end - next;
    blocks_[at] = bytes;
    used_ += bytes;
    return at;
  }
  return 0;
}

void Arena::give_back_pages(uint64_t address, uint64_t bytes) {
  if (fd_ >= 0)
    fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(address - base_),
              static_cast<off_t>(bytes));
  else
    madvise(reinterpret_cast<void *>(address), bytes, MADV_REMOVE);
}

uint64_t Arena::release(uint64_t address) {
  std::lock_guard lock(mutex_);
  auto block = blocks_.find(address);
  if (block == blocks_.end())
    return 0;
  uint64_t bytes = block->second;
  give_back_pages(address, bytes);
  blocks_.erase(block);
  used_ -= bytes;
  uint64_t begin = address, end = address + bytes + kPage;
  auto above = free_.lower_bound(begin);
  if (above != free_.end() && above->first == end) {
    end += above->second;
    above = free_.erase(above);
  }
  if (above != free_.begin()) {
    auto below = std::prev(above);
    if (below->first + below->second == begin) {
      begin = below->first;
      free_.erase(below);
    }
  }
  free_[begin] = end - begin;
  return bytes;
}

std::optional<Arena::Block> Arena::find(uint64_t address) const {
  std::lock_guard lock(mutex_);
  auto it = blocks_.upper_bound(address);
  if (it == blocks_.begin())
    return std::nullopt;
  --it;
  if (address >= it->first + it->second)
    return std::nullopt;
  return Block{it->first, it->second};
}

uint64_t Arena::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

} // namespace w2w::emu
