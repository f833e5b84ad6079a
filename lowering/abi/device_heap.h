// The heap of device-side malloc and free (CUDA C++ Programming Guide, "Dynamic Global Memory
// Allocation"): one allocation of the runtime's in device memory, used by
// lowering/devicelib/heap.cpp. Declared once for both; compiles as device code.
#pragma once

#include <stddef.h> // not <cstddef>: device code has no C++ library
#include <stdint.h>

namespace w2w::abi {

inline constexpr uint32_t kHeapPage = 4096; // bytes
/// Sizes up to half a page come from pages of equal slots, 16 << class bytes each.
inline constexpr uint32_t kHeapClasses = 8;
inline constexpr uint32_t kHeapBitmapWords = kHeapPage / 16 / 32; // a page of the smallest slots

inline constexpr uint32_t kHeapStarts = 16;

/// A page's state. 0: free.
inline constexpr uint32_t kHeapSmall = 1u << 30;    // | class: a page of slots
inline constexpr uint32_t kHeapRetiring = 1u << 29; // | kHeapSmall | class: about to become free,
                                                    // or not; nobody may take a slot
inline constexpr uint32_t kHeapLarge = 2u << 30; // | pages: the first page of a large block
inline constexpr uint32_t kHeapBody = 3u << 30; // any other page of one, or one being made or freed

struct HeapPage {
  uint32_t state;
  uint32_t used[kHeapBitmapWords]; // a bit for each slot; all zero unless the page is kHeapSmall
};

/// At the start of the allocation, which is zero but for it; the table and the pages follow. Lives
/// until the context ends; all blocks live until freed.
struct DeviceHeap {
  uint64_t pages; // device address of the first page, a multiple of kHeapPage
  uint32_t count; // of pages
  uint32_t lock;  // 1 while a thread looks for pages of a large block
  uint32_t recent[kHeapClasses][kHeapStarts]; // pages at which to begin to look for a slot, for
                                              // threads of as many kinds
  HeapPage table[1];                          // `count` of them
};

static_assert(offsetof(DeviceHeap, table) == 16 + 4 * kHeapClasses * kHeapStarts);
static_assert(sizeof(HeapPage) == 36);

/// Bytes of an allocation that holds `count` pages, wherever it starts.
constexpr uint64_t heap_bytes(uint64_t count) {
  return offsetof(DeviceHeap, table) + count * (sizeof(HeapPage) + kHeapPage) + kHeapPage;
}

} // namespace w2w::abi
