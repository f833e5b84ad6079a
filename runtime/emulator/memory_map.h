// What one emulated device may touch. A device address is a host address: device memory, pinned and
// managed memory and registered host ranges are all entered here, and every access of a wave is
// checked against it.
//
// Ranges are whole pages, as a GPU's page table has them. They never overlap. Adjacent ranges count
// as one: an access may span them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>

namespace w2w::emu {

/// OwnAtomic: an atomic operation that only memory of the device itself serves.
enum class Access : uint8_t { Read, Write, OwnAtomic };

/// Where memory lies: on the device, or elsewhere (the host, another device), behind PCIe.
enum class Place : uint8_t { Own, Elsewhere };

class MemoryMap {
public:
  static constexpr uint64_t kPage = 4096;

  MemoryMap();
  MemoryMap(const MemoryMap &) = delete;
  MemoryMap &operator=(const MemoryMap &) = delete;

  /// Whether every byte of [lo, hi) may be read, or written. Any thread may ask; after the first
  /// question about a range it costs a few compares (each thread remembers the last ranges it met).
  /// An empty range is accessible.
  bool accessible(uint64_t lo, uint64_t hi, Access access) const {
    const Cache &cache = cache_;
    uint64_t now = epoch_.load(std::memory_order_acquire);
    if (cache.epoch == now) {
      for (const Entry &e : cache.entries)
        if (lo >= e.lo && hi <= e.hi && e.permits(access))
          return lo <= hi;
    }
    return look_up(lo, hi, access, now);
  }

  /// Enters [lo, hi), which is widened to whole pages. False if it overlaps a range that is there.
  bool add(uint64_t lo, uint64_t hi, bool writable = true, Place place = Place::Own);
  /// Takes out the range that starts at (the page of) lo. False if none does.
  bool remove(uint64_t lo);

  struct Range {
    uint64_t lo, hi;
    bool writable;
  };
  /// The range that contains the address, or the nearest one below or above it (for messages).
  std::optional<Range> find(uint64_t address) const;
  std::optional<Range> nearest(uint64_t address) const;

private:
  struct Entry {
    uint64_t lo = 1, hi = 0;
    bool writable = false, own = false;
    bool permits(Access access) const {
      return access == Access::Read || (writable && (own || access == Access::Write));
    }
  };
  struct Cache {
    uint64_t epoch = 0; // of the map the entries come from; 0: none
    uint32_t next = 0;
    Entry entries[8];
  };
  bool look_up(uint64_t lo, uint64_t hi, Access access, uint64_t now) const;

  // Epochs are unique over all maps and grow with each removal: one compare tells whether what a
  // thread remembers is of this map and still true. initial-exec: no call to find the thread's copy
  // (the emulator's is a small one).
  static constinit thread_local Cache cache_ __attribute__((tls_model("initial-exec")));
  std::atomic<uint64_t> epoch_;
  mutable std::shared_mutex mutex_;
  std::map<uint64_t, Entry> ranges_; // by lo
};

} // namespace w2w::emu
