#include "runtime/emulator/memory_map.h"

#include <mutex>

namespace w2w::emu {

namespace {
std::atomic<uint64_t> g_epochs{1};
uint64_t new_epoch() {
  return g_epochs.fetch_add(1, std::memory_order_relaxed);
}
} // namespace

constinit thread_local MemoryMap::Cache MemoryMap::cache_;

MemoryMap::MemoryMap() : epoch_(new_epoch()) {}

bool MemoryMap::add(uint64_t lo, uint64_t hi, bool writable, Place place) {
  lo &= ~(kPage - 1);
  hi = (hi + kPage - 1) & ~(kPage - 1);
  if (hi <= lo)
    return false;
  std::unique_lock lock(mutex_);
  auto above = ranges_.lower_bound(lo);
  if (above != ranges_.end() && above->first < hi)
    return false;
  if (above != ranges_.begin() && std::prev(above)->second.hi > lo)
    return false;
  ranges_.emplace_hint(above, lo, Entry{lo, hi, writable, place == Place::Own});
  return true;
}

bool MemoryMap::remove(uint64_t lo) {
  lo &= ~(kPage - 1);
  std::unique_lock lock(mutex_);
  if (!ranges_.erase(lo))
    return false;
  epoch_.store(new_epoch(), std::memory_order_release);
  return true;
}

bool MemoryMap::look_up(uint64_t lo, uint64_t hi, Access access, uint64_t now) const {
  if (lo >= hi)
    return lo == hi;
  std::shared_lock lock(mutex_);
  uint64_t at = lo;
  Entry seen;
  while (at < hi) {
    auto it = ranges_.upper_bound(at);
    if (it == ranges_.begin())
      return false;
    --it;
    if (at >= it->second.hi || !it->second.permits(access))
      return false;
    if (at == lo)
      seen = it->second;
    else {
      seen.hi = it->second.hi;
      seen.writable = seen.writable && it->second.writable;
      seen.own = seen.own && it->second.own;
    }
    at = it->second.hi;
  }
  // `now` was read before the lock: if a removal came in between, the entry is kept under the old
  // epoch and never used.
  Cache &cache = cache_;
  if (cache.epoch != now) {
    cache = Cache{};
    cache.epoch = now;
  }
  cache.entries[cache.next++ % std::size(cache.entries)] = seen;
  return true;
}

std::optional<MemoryMap::Range> MemoryMap::find(uint64_t address) const {
  std::shared_lock lock(mutex_);
  auto it = ranges_.upper_bound(address);
  if (it == ranges_.begin())
    return std::nullopt;
  --it;
  if (address >= it->second.hi)
    return std::nullopt;
  return Range{it->first, it->second.hi, it->second.writable};
}

std::optional<MemoryMap::Range> MemoryMap::nearest(uint64_t address) const {
  std::shared_lock lock(mutex_);
  if (ranges_.empty())
    return std::nullopt;
  auto above = ranges_.upper_bound(address);
  if (above == ranges_.begin())
    return Range{above->first, above->second.hi, above->second.writable};
  auto below = std::prev(above);
  uint64_t to_below = address < below->second.hi ? 0 : address - below->second.hi;
  if (above != ranges_.end() && above->first - address < to_below)
    below = above;
  return Range{below->first, below->second.hi, below->second.writable};
}

} // namespace w2w::emu
