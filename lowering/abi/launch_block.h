// The launch block: the one struct that the runtime hands to every kernel it launches, by a pointer
// appended after the PTX parameters (at the next 8-byte boundary of the kernarg segment). Declared
// once, for lowering and runtime.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::abi {

inline constexpr uint32_t kLaunchBlockVersion = 4;
/// Spin locks, a dword each, of the table at LaunchBlock::atomic_locks; a power of two.
inline constexpr uint32_t kAtomicLocks = 1024;

/// Device-readable, 8-byte aligned, constant while the launch runs. All addresses are device
/// (generic) addresses.
struct LaunchBlock {
  uint32_t version;             //  0: kLaunchBlockVersion
  uint32_t size;                //  4: sizeof(LaunchBlock)
  uint64_t arena;               //  8: base of the module's .global/.const arena: device memory
  uint32_t ntid[3];             // 16: logical block size (threads)
  uint32_t nctaid[3];           // 28: logical grid size (blocks)
  uint32_t block_offset[3];     // 40: added to AMD's workgroup id: non-zero in sliced launches
  uint32_t dynamic_shared_size; // 52: bytes
  uint64_t grid_workspace;      // 56: cooperative grid barrier (%envreg1/2); 0 if not cooperative
  uint64_t grid_id;             // 64: %gridid
  uint64_t printf_fifo;         // 72: see printf_fifo.h; 0: printf output is dropped
  uint64_t device_heap;         // 80: malloc/free; 0: malloc returns null
  uint64_t status;              // 88: status word (trap, assert); see status_word.h
  uint64_t
      shared_slab; // 96: base of per-workgroup slabs when the shared window is not in LDS; else 0
  uint64_t shared_slab_stride; // 104: bytes per workgroup
  uint64_t atomic_locks;       // 112: locks of 128-bit atomics, one table a context; 0 is free
  uint32_t static_shared_size; // 120: bytes of the kernel's own .shared variables
  uint32_t explicit_cluster;   // 124: 1 if the kernel or the launch names the size of a cluster
  uint64_t managed_arena;      // 128: base of the module's .managed variables: managed memory
};

/// Names of the kernel argument that points to the launch block, in AMD's metadata. The second says
/// that the kernel runs in solo mode: one warp a wave of 64 lanes, the upper 32 of which end at
/// once; its workgroups have one dimension and solo_work_items(threads) work-items, of which number
/// 64 * w + l is thread 32 * w + l of the block, x running fastest.
inline constexpr char kLaunchBlockArgument[] = "launch_block";
inline constexpr char kSoloLaunchBlockArgument[] = "solo_launch_block";

/// The most threads of a block in solo mode: AMD allows 1,024 work-items a workgroup.
inline constexpr uint32_t kMostSoloThreads = 512;
constexpr uint32_t solo_work_items(uint32_t threads) {
  return (threads + 31) / 32 * 64;
}

static_assert(sizeof(LaunchBlock) == 136);
static_assert(offsetof(LaunchBlock, ntid) == 16);
static_assert(offsetof(LaunchBlock, grid_workspace) == 56);
static_assert(offsetof(LaunchBlock, shared_slab_stride) == 104);
static_assert(offsetof(LaunchBlock, atomic_locks) == 112);
static_assert(offsetof(LaunchBlock, explicit_cluster) == 124);
static_assert(offsetof(LaunchBlock, managed_arena) == 128);

} // namespace w2w::abi
