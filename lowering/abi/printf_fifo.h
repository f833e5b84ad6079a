// The printf FIFO: a ring of 8-byte words in host-visible memory, one per context;
// LaunchBlock::printf_fifo is the device address of this header, and the ring follows it. Device
// threads append records, the runtime takes them out at synchronisation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::abi {

/// Positions count words and only grow; a position's word is ring[position & (words - 1)].
///
/// To append a record of n words, a thread moves `write` from w to w + n by compare and swap
/// (device scope is enough), after checking w + n - read <= words; if that fails it adds one to
/// `dropped` and vprintf returns -1. It then writes words 1..n-1, and last word 0 (release, system
/// scope). The runtime stops at a word 0 that is zero, and zeroes what it took before moving `read`
/// (release).
///
/// Record: word 0 = n | kPrintfCommitted; word 1 = generic address of the format string;
/// words 2..n-1 = the bytes of vprintf's second argument: each value at its natural alignment, as
/// the caller laid them out (C rules after promotion). %s arguments are generic addresses; the
/// runtime reads the strings when it prints.
struct PrintfFifo {
  uint64_t write;   //  0
  uint64_t read;    //  8
  uint64_t dropped; // 16
  uint64_t words;   // 24: size of the ring, a power of two
};
inline constexpr uint64_t kPrintfCommitted = uint64_t{1} << 63;
inline constexpr uint32_t kPrintfMostArgumentBytes = 1024; // longer argument blocks are dropped

static_assert(sizeof(PrintfFifo) == 32);

} // namespace w2w::abi
