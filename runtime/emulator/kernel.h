// What the emulator knows of a kernel: its descriptor (what the hardware reads) and its metadata
// (what a loader reads). Source: LLVM AMDGPUUsage, "Kernel Descriptor" and "Code Object Metadata".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace w2w::emu {

enum class ArgKind : uint8_t {
  Explicit, // by_value, global_buffer, dynamic_shared_pointer and the rest that the caller fills
  BlockCountX,
  BlockCountY,
  BlockCountZ,
  GroupSizeX,
  GroupSizeY,
  GroupSizeZ,
  RemainderX,
  RemainderY,
  RemainderZ,
  GlobalOffset, // x, y, z: always 0
  GridDims,
  DynamicLdsSize,
  PrivateBase,
  SharedBase,
  QueuePtr,
  Zero, // hidden and of no use to us: printf and hostcall buffers, heap, queues, completion action,
        // multi-grid
};

struct KernelArg {
  uint32_t offset = 0, size = 0;
  ArgKind kind = ArgKind::Explicit;
};

struct Kernel {
  std::string name;

  // From the descriptor.
  uint64_t descriptor = 0; // device address
  uint64_t entry = 0;      // device address of the first instruction
  uint32_t static_lds = 0;
  uint32_t scratch_per_lane = 0;
  uint32_t kernarg_bytes = 0; // with hidden arguments
  uint32_t rsrc1 = 0, rsrc2 = 0, rsrc3 = 0;
  uint16_t properties = 0;
  uint16_t preload = 0;

  // From the metadata.
  uint32_t wave_size = 64;
  uint32_t sgprs = 0, vgprs = 0,
           agprs = 0; // counts used; vgprs includes AGPRs where the file is unified
  uint32_t max_threads = 1024;
  uint32_t required_threads[3] = {0, 0, 0};
  bool dynamic_stack = false;
  /// Kernarg offset of the launch block of a kernel with one 32-thread warp a wave
  /// (abi::kSoloLaunchBlockArgument); only reports care.
  std::optional<uint32_t> solo_launch_block;
  std::vector<KernelArg> args;
  uint32_t explicit_bytes = 0; // end of the last explicit argument

  // Derived: registers a wave is given.
  uint32_t given_vgprs = 0, given_agprs = 0;
};

} // namespace w2w::emu
