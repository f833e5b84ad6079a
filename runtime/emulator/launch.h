// One kernel launch: its geometry, arguments and the state that its workgroups share.
#pragma once

#include "runtime/emulator/arena.h"
#include "runtime/emulator/code_object.h"
#include "runtime/emulator/isa/wave.h"
#include "runtime/emulator/kernel.h"
#include "runtime/emulator/memory_map.h"
#include "runtime/emulator/model.h"
#include "runtime/emulator/observer.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace w2w::emu {

/// Flat apertures, as Linux's KFD sets them for GFX9 and later: no host address lies there.
inline constexpr uint64_t kSharedAperture = uint64_t{1} << 48;
inline constexpr uint64_t kPrivateAperture = uint64_t{2} << 48;

using Dim = std::array<uint32_t, 3>;

inline uint64_t volume(const Dim &d) {
  return uint64_t{d[0]} * d[1] * d[2];
}

/// Everything that is fixed before the first wave runs.
struct LaunchPlan {
  std::shared_ptr<CodeObject> object; // owns the kernel
  const Kernel *kernel = nullptr;
  const Model *model = nullptr;
  const MemoryMap *memory = nullptr;
  const Arena *local = nullptr;  // the device's own memory
  Dim grid{1, 1, 1};             // workgroups
  Dim block{1, 1, 1};            // work-items of a workgroup
  uint32_t lds_bytes = 0;        // static and dynamic
  uint32_t scratch_per_lane = 0; // with room for a dynamic stack
  uint64_t kernarg = 0;          // device addresses
  uint64_t packet = 0;
  uint64_t queue = 0;
  uint64_t dispatch_id = 0;
  uint32_t resident_limit = 1; // workgroups the device holds at once
  bool cooperative = false;
  std::shared_ptr<LaunchObserver> observer; // null: nobody watches

  uint64_t groups() const { return volume(grid); }
  uint32_t threads() const { return static_cast<uint32_t>(volume(block)); }
  uint32_t waves() const { return (threads() + kernel->wave_size - 1) / kernel->wave_size; }
};

/// AMD's limits of one launch. hipSuccess, or the error HIP returns and why.
LoadError check_launch(const Kernel &kernel, const Model &model, const Dim &grid, const Dim &block,
                       uint32_t dynamic_lds);

/// What the kernel needs of a multiprocessor, for occupancy.
GroupNeeds needs_of(const Kernel &kernel, uint32_t threads, uint32_t dynamic_lds);

/// Bytes of a launch's block in device memory: dispatch packet, queue stand-in, kernarg segment.
uint64_t launch_block_bytes(const Kernel &kernel);
/// Writes packet, queue and kernarg segment (explicit bytes, then the hidden arguments) to the
/// block at `block`, and enters their addresses in the plan. `explicit_args` has
/// kernel.explicit_bytes bytes, at offsets as in the segment; null will do for none.
void fill_launch_block(LaunchPlan &plan, uint64_t block, const uint8_t *explicit_args,
                       uint32_t dynamic_lds);

/// Workgroup ids of the n-th workgroup: x runs fastest.
Dim group_id(const LaunchPlan &plan, uint64_t n);

/// Sets the registers of a wave as the hardware and the AMDGPU ABI do at its start (AMDGPUUsage,
/// "Initial Kernel Execution State"). `wave.v`, `wave.scratch` and `wave.group` are already set;
/// the group's id too.
void start_wave(Wave &wave, const LaunchPlan &plan, uint32_t index);

} // namespace w2w::emu
