// Device-side malloc and free over lowering/abi/device_heap.h.
//
// Small blocks are slots of a page, claimed by setting a bit; no thread ever waits for another. A
// page goes from free to slots and back by compare-and-swap; who sets a bit looks again whether the
// page still is what it was, and who retires a page looks again whether a bit was set: one of the
// two sees the other and steps back.
//
// Large blocks are runs of pages. Their search holds a lock, one thread of a wave at a time
// (`one_by_one`), so that no thread waits for another of its own wave, which may stand still until
// it goes on; waves that wait poll memory. Giving back needs no lock.
#include "lowering/abi/device_heap.h"
#include "lowering/devicelib/device.h"

using namespace w2w::abi;

namespace {

using Word = GLOBAL uint32_t;

uint32_t load(Word *p) {
  return __scoped_atomic_load_n(p, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
}
void store(Word *p, uint32_t v) {
  __scoped_atomic_store_n(p, v, __ATOMIC_RELEASE, __MEMORY_SCOPE_DEVICE);
}
/// A store that no later look of this thread may overtake.
void store_first(Word *p, uint32_t v) {
  __scoped_atomic_store_n(p, v, __ATOMIC_SEQ_CST, __MEMORY_SCOPE_DEVICE);
}
uint32_t set_bits(Word *p, uint32_t bits) {
  return __scoped_atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST, __MEMORY_SCOPE_DEVICE);
}
uint32_t clear_bits(Word *p, uint32_t bits) {
  return __scoped_atomic_fetch_and(p, ~bits, __ATOMIC_SEQ_CST, __MEMORY_SCOPE_DEVICE);
}
bool change(Word *p, uint32_t from, uint32_t to) {
  return __scoped_atomic_compare_exchange_n(p, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED,
                                            __MEMORY_SCOPE_DEVICE);
}

/// In one order with the changes of bits and states of all threads.
uint32_t look(Word *p) {
  return __scoped_atomic_load_n(p, __ATOMIC_SEQ_CST, __MEMORY_SCOPE_DEVICE);
}

bool is_empty(GLOBAL HeapPage *page) {
  for (uint32_t w = 0; w < kHeapBitmapWords; ++w)
    if (look(&page->used[w]))
      return false;
  return true;
}

/// Gives a page of slots back if none is used. Whoever takes the last bit away calls this, also one
/// who had set it in vain: a page never stays behind empty.
void retire(GLOBAL HeapPage *page, uint32_t state) {
  while (is_empty(page) && change(&page->state, state, state | kHeapRetiring)) {
    if (is_empty(page)) {
      store(&page->state, 0);
      return;
    }
    store_first(&page->state, state);
  }
}

struct Heap {
  GLOBAL DeviceHeap *header;
  uint32_t count;

  explicit Heap(GLOBAL DeviceHeap *h) : header(h), count(h->count) {}
  GLOBAL HeapPage *page(uint32_t k) const { return header->table + k; }
  uint64_t address(uint32_t k) const { return header->pages + uint64_t{k} * kHeapPage; }
};

uint32_t class_of(uint64_t size) {
  uint32_t c = 0;
  while ((uint64_t{16} << c) < size)
    ++c;
  return c;
}

/// A slot of page k, which holds slots of class c; 0 if there is none, or the page has become
/// something else.
uint64_t claim_slot(const Heap &heap, uint32_t k, uint32_t c) {
  GLOBAL HeapPage *page = heap.page(k);
  uint32_t slots = kHeapPage >> (4 + c);
  for (uint32_t w = 0; w * 32 < slots; ++w) {
    uint32_t all = slots - w * 32 >= 32 ? ~0u : (1u << (slots - w * 32)) - 1;
    for (uint32_t used = load(&page->used[w]); (used & all) != all;) {
      uint32_t bit = ~used & all;
      bit &= 0 - bit;
      uint32_t before = set_bits(&page->used[w], bit);
      if (before & bit) {
        used = before;
        continue;
      }
      if (look(&page->state) == (kHeapSmall | c))
        return heap.address(k) + ((uint64_t{w} * 32 + uint32_t(__builtin_ctz(bit))) << (4 + c));
      clear_bits(&page->used[w], bit);
      retire(page, kHeapSmall | c);
      return 0;
    }
  }
  return 0;
}

/// Each thread looks at every page, beginning where one like it had luck last.
uint64_t allocate_small(const Heap &heap, uint32_t c) {
  Word *recent = &heap.header->recent[c][thread_hash() % kHeapStarts];
  uint32_t start = load(recent);
  for (uint32_t i = 0; i < heap.count; ++i) {
    uint32_t k = start + i < heap.count ? start + i : start + i - heap.count;
    Word *state = &heap.page(k)->state;
    uint32_t now = load(state);
    if (now == 0)
      now = change(state, 0, kHeapSmall | c) ? kHeapSmall | c : load(state);
    if (now != (kHeapSmall | c))
      continue;
    if (uint64_t found = claim_slot(heap, k, c)) {
      if (k != start)
        store(recent, k);
      return found;
    }
  }
  return 0;
}

/// Under the lock: nobody else makes large blocks meanwhile.
uint64_t allocate_large(const Heap &heap, uint32_t pages) {
  uint32_t have = 0; // pages before k that are claimed
  for (uint32_t k = 0; k < heap.count; ++k) {
    Word *state = &heap.page(k)->state;
    if (load(state) == 0 && change(state, 0, kHeapBody)) {
      if (++have < pages)
        continue;
      uint32_t first = k + 1 - pages;
      store(&heap.page(first)->state, kHeapLarge | pages);
      return heap.address(first);
    }
    for (; have > 0; --have)
      store(&heap.page(k - have)->state, 0);
  }
  for (; have > 0; --have)
    store(&heap.page(heap.count - have)->state, 0);
  return 0;
}

} // namespace

/// A block of at least `size` bytes, a multiple of 16 from 0; 0 if there is no room, or size is 0.
extern "C" uint64_t w2w_heap_malloc(GLOBAL DeviceHeap *header, uint64_t size) {
  if (!header || size == 0)
    return 0;
  Heap heap(header);
  if (size <= kHeapPage / 2)
    return allocate_small(heap, class_of(size));
  if (size > uint64_t{heap.count} * kHeapPage)
    return 0;
  uint32_t pages = uint32_t((size + kHeapPage - 1) / kHeapPage);
  uint64_t result = 0;
  one_by_one([&] {
    while (!change(&header->lock, 0, 1))
      __builtin_amdgcn_s_sleep(2);
    result = allocate_large(heap, pages);
    store(&header->lock, 0);
  });
  return result;
}

/// Gives a block back. 0: done, or `address` is 0; 1: malloc did not give it, or it is free
/// already.
extern "C" uint32_t w2w_heap_free(GLOBAL DeviceHeap *header, uint64_t address) {
  if (address == 0)
    return 0;
  if (!header)
    return 1;
  Heap heap(header);
  uint64_t offset = address - header->pages;
  if (address < header->pages || offset >= uint64_t{heap.count} * kHeapPage)
    return 1;
  uint32_t k = uint32_t(offset / kHeapPage), within = uint32_t(offset % kHeapPage);
  GLOBAL HeapPage *page = heap.page(k);
  uint32_t state = load(&page->state) & ~kHeapRetiring;
  if (state - kHeapSmall < kHeapClasses) {
    uint32_t c = state - kHeapSmall, slot = within >> (4 + c);
    if (within & ((16u << c) - 1))
      return 1;
    // What the block was used for is over before another thread gets it.
    __scoped_atomic_thread_fence(__ATOMIC_RELEASE, __MEMORY_SCOPE_DEVICE);
    uint32_t bit = 1u << (slot % 32);
    if (!(clear_bits(&page->used[slot / 32], bit) & bit))
      return 1;
    retire(page, state);
    return 0;
  }
  uint32_t pages = state & ~(3u << 30);
  if ((state & (3u << 30)) != kHeapLarge || within != 0 || !change(&page->state, state, kHeapBody))
    return 1;
  __scoped_atomic_thread_fence(__ATOMIC_RELEASE, __MEMORY_SCOPE_DEVICE);
  for (uint32_t i = pages; i-- > 0;)
    store(&heap.page(k + i)->state, 0);
  return 0;
}
