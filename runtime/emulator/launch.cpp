#include "runtime/emulator/launch.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace w2w::emu {

namespace {

constexpr uint64_t kPacketBytes = 64;
constexpr uint64_t kQueueBytes = 256;
constexpr uint64_t kKernargAt = kPacketBytes + kQueueBytes; // a multiple of 64

template <typename T> void put(uint64_t address, T value) {
  memcpy(reinterpret_cast<void *>(address), &value, sizeof value);
}

/// Largest scratch of one wave in bytes: COMPUTE_TMPRING_SIZE's field (LLVM
/// GCNSubtarget::getMaxWaveScratchSize).
uint64_t largest_wave_scratch(const Model &model) {
  unsigned bits = model.gfx_major >= 12 ? 18 : model.gfx_major == 11 ? 15 : 13;
  return uint64_t{1024} * ((uint64_t{1} << bits) - 1);
}

} // namespace

LoadError check_launch(const Kernel &kernel, const Model &model, const Dim &grid, const Dim &block,
                       uint32_t dynamic_lds) {
  auto refuse = [&](hip::hipError_t code, std::string why) {
    return LoadError{code, fmt::format("launch of '{}' refused: {}", kernel.name, why)};
  };
  for (unsigned i = 0; i < 3; ++i) {
    if (grid[i] == 0 || block[i] == 0)
      return refuse(hip::hipErrorInvalidConfiguration, "a dimension is 0");
    if (block[i] > 1024)
      return refuse(hip::hipErrorInvalidConfiguration,
                    fmt::format("{} work-items in a dimension (at most 1024)", block[i]));
    if (uint64_t{grid[i]} * block[i] >> 32)
      return refuse(
          hip::hipErrorInvalidConfiguration,
          fmt::format(
              "{} workgroups of {} work-items in a dimension (their product must be below 2^32)",
              grid[i], block[i]));
  }
  if (model.workgroup_ids_in_ttmp && (grid[1] > 65536 || grid[2] > 65536))
    return refuse(hip::hipErrorInvalidConfiguration, "more than 65536 workgroups in y or z");
  uint64_t threads = volume(block);
  if (threads > kernel.max_threads)
    return refuse(threads > 1024 ? hip::hipErrorInvalidConfiguration : hip::hipErrorLaunchFailure,
                  fmt::format("{} work-items in a workgroup (the kernel allows {})", threads,
                              kernel.max_threads));
  if (kernel.required_threads[0] &&
      !std::equal(block.begin(), block.end(), std::begin(kernel.required_threads)))
    return refuse(hip::hipErrorInvalidConfiguration,
                  fmt::format("the kernel demands workgroups of {}x{}x{}",
                              kernel.required_threads[0], kernel.required_threads[1],
                              kernel.required_threads[2]));
  if (uint64_t lds = uint64_t{kernel.static_lds} + dynamic_lds; lds > model.lds_per_group)
    return refuse(hip::hipErrorInvalidValue,
                  fmt::format("{} bytes of LDS ({} static, {} dynamic) in a workgroup, {} has {}",
                              lds, kernel.static_lds, dynamic_lds, model.gfx, model.lds_per_group));
  if (uint64_t scratch = uint64_t{kernel.scratch_per_lane} * kernel.wave_size;
      scratch > largest_wave_scratch(model))
    return refuse(hip::hipErrorLaunchOutOfResources,
                  fmt::format("{} bytes of scratch in a wave", scratch));
  if (kernel.wave_size == 32 ? !model.wave32 : !model.wave64)
    return refuse(hip::hipErrorInvalidImage,
                  fmt::format("{} has no wave{}", model.gfx, kernel.wave_size));
  uint32_t file = kernel.wave_size == 64 ? model.vgprs_wave64 : model.vgprs_wave32;
  if (std::max(kernel.given_vgprs + kernel.given_agprs, kernel.vgprs) > std::min(file, 512u))
    return refuse(hip::hipErrorLaunchOutOfResources,
                  fmt::format("{} vector registers", kernel.vgprs));
  if (groups_per_multiprocessor(model,
                                needs_of(kernel, static_cast<uint32_t>(threads), dynamic_lds)) == 0)
    return refuse(
        hip::hipErrorLaunchOutOfResources,
        fmt::format(
            "a workgroup of {} work-items with {} vector registers does not fit a compute unit",
            threads, kernel.given_vgprs + kernel.given_agprs));
  return {};
}

GroupNeeds needs_of(const Kernel &kernel, uint32_t threads, uint32_t dynamic_lds) {
  return {threads, kernel.wave_size, kernel.given_vgprs + kernel.given_agprs, kernel.sgprs,
          kernel.static_lds + dynamic_lds};
}

uint64_t launch_block_bytes(const Kernel &kernel) {
  return kKernargAt + kernel.kernarg_bytes + 64;
}

void fill_launch_block(LaunchPlan &plan, uint64_t block, const uint8_t *explicit_args,
                       uint32_t dynamic_lds) {
  const Kernel &kernel = *plan.kernel;
  memset(reinterpret_cast<void *>(block), 0, launch_block_bytes(kernel));
  plan.packet = block;
  plan.queue = block + kPacketBytes;
  plan.kernarg = block + kKernargAt;

  // hsa_kernel_dispatch_packet_t
  uint16_t dimensions = plan.grid[2] * plan.block[2] > 1   ? 3
                        : plan.grid[1] * plan.block[1] > 1 ? 2
                                                           : 1;
  put<uint16_t>(plan.packet, 2); // a kernel dispatch
  put<uint16_t>(plan.packet + 2, dimensions);
  for (unsigned i = 0; i < 3; ++i) {
    put<uint16_t>(plan.packet + 4 + 2 * i, static_cast<uint16_t>(plan.block[i]));
    put<uint32_t>(plan.packet + 12 + 4 * i, plan.grid[i] * plan.block[i]);
  }
  put<uint32_t>(plan.packet + 24, plan.scratch_per_lane);
  put<uint32_t>(plan.packet + 28, plan.lds_bytes);
  put<uint64_t>(plan.packet + 32, kernel.descriptor);
  put<uint64_t>(plan.packet + 40, plan.kernarg);
  // amd_queue_t: what compiled code reads of it.
  put<uint32_t>(plan.queue + 0x40, static_cast<uint32_t>(kSharedAperture >> 32));
  put<uint32_t>(plan.queue + 0x44, static_cast<uint32_t>(kPrivateAperture >> 32));

  if (kernel.explicit_bytes) // else explicit_args may be null
    memcpy(reinterpret_cast<void *>(plan.kernarg), explicit_args, kernel.explicit_bytes);
  auto axis = [](ArgKind kind, ArgKind x) {
    return static_cast<unsigned>(kind) - static_cast<unsigned>(x);
  };
  for (const KernelArg &arg : kernel.args) {
    uint64_t value = 0;
    switch (arg.kind) {
    case ArgKind::Explicit:
      continue;
    case ArgKind::BlockCountX:
    case ArgKind::BlockCountY:
    case ArgKind::BlockCountZ:
      value = plan.grid[axis(arg.kind, ArgKind::BlockCountX)];
      break;
    case ArgKind::GroupSizeX:
    case ArgKind::GroupSizeY:
    case ArgKind::GroupSizeZ:
      value = plan.block[axis(arg.kind, ArgKind::GroupSizeX)];
      break;
    case ArgKind::GridDims:
      value = dimensions;
      break;
    case ArgKind::DynamicLdsSize:
      value = dynamic_lds;
      break;
    case ArgKind::PrivateBase:
      value = kPrivateAperture >> 32;
      break;
    case ArgKind::SharedBase:
      value = kSharedAperture >> 32;
      break;
    case ArgKind::QueuePtr:
      value = plan.queue;
      break;
    case ArgKind::RemainderX: // HIP launches whole workgroups
    case ArgKind::RemainderY:
    case ArgKind::RemainderZ:
    case ArgKind::GlobalOffset:
    case ArgKind::Zero:
      break;
    }
    memcpy(reinterpret_cast<void *>(plan.kernarg + arg.offset), &value,
           std::min<uint32_t>(arg.size, sizeof value));
  }
}

Dim group_id(const LaunchPlan &plan, uint64_t n) {
  return {static_cast<uint32_t>(n % plan.grid[0]),
          static_cast<uint32_t>(n / plan.grid[0] % plan.grid[1]),
          static_cast<uint32_t>(n / plan.grid[0] / plan.grid[1])};
}

namespace {

/// SGPRs in the order in which the ABI hands them out.
class SgprFiller {
public:
  SgprFiller(Wave &wave, uint32_t limit) : wave_(wave), limit_(limit) {}
  void dword(uint32_t value) {
    if (next_ < limit_)
      wave_.s[next_] = value;
    ++next_;
  }
  void pair(uint64_t value) {
    dword(static_cast<uint32_t>(value));
    dword(static_cast<uint32_t>(value >> 32));
  }
  uint32_t next() const { return next_; }
  void move_to(uint32_t n) { next_ = n; }

private:
  Wave &wave_;
  uint32_t limit_;
  uint32_t next_ = 0;
};

/// The scratch buffer descriptor of targets without architected flat scratch: swizzled by lane,
/// dwords interleaved.
std::array<uint32_t, 4> scratch_descriptor(const Model &model, const Wave &wave) {
  uint64_t base = reinterpret_cast<uint64_t>(wave.scratch);
  uint32_t bytes = wave.scratch_per_lane * wave.lanes;
  uint32_t word1 = (static_cast<uint32_t>(base >> 32) & 0xffff) | 1u << 31; // SWIZZLE_ENABLE
  uint32_t index_stride = wave.lanes == 64 ? 3 : 2;                         // 64 or 32 lanes
  uint32_t word3 =
      4 | 5 << 3 | 6 << 6 | 7 << 9 | index_stride << 21 | 1u << 23; // xyzw, ADD_TID_ENABLE
  if (model.gfx_major < 10)
    word3 |= 4 << 15 | 1 << 19; // data format 32, element size 4
  else
    word3 |=
        20 << 12 | 1 << 24 | 2 << 28; // format 32_UINT, resource level, no bounds check by index
  return {static_cast<uint32_t>(base), word1, bytes, word3};
}

enum Properties : uint16_t {
  kPrivateSegmentBuffer = 1 << 0,
  kDispatchPtr = 1 << 1,
  kQueuePtr = 1 << 2,
  kKernargPtr = 1 << 3,
  kDispatchId = 1 << 4,
  kFlatScratchInit = 1 << 5,
  kPrivateSegmentSize = 1 << 6,
};

} // namespace

void start_wave(Wave &wave, const LaunchPlan &plan, uint32_t index) {
  const Kernel &kernel = *plan.kernel;
  const Model &model = *plan.model;
  const Workgroup &group = *wave.group;

  wave.s.fill(0);
  wave.hwregs.fill(0);
  wave.lanes = kernel.wave_size;
  wave.vgprs = kernel.given_vgprs;
  wave.agprs = kernel.given_agprs;
  wave.scratch_per_lane = plan.scratch_per_lane;
  wave.scc = 0;
  wave.trapsts = 0;
  wave.instructions = 0;
  wave.gpr_idx = false;
  wave.wave_in_group = index;
  uint64_t linear =
      group.id[0] + uint64_t{plan.grid[0]} * (group.id[1] + uint64_t{plan.grid[1]} * group.id[2]);
  wave.hw_id = static_cast<uint32_t>(index % 16 | linear % (model.multiprocessors) << 8);
  wave.xcc_id = static_cast<uint32_t>(linear % 8);

  uint32_t preload = model.kernarg_preload ? kernel.preload & 0x7f : 0;
  // Code that wants preloaded arguments starts with 256 bytes for firmware that cannot; ours can.
  wave.pc = kernel.entry + (preload ? 256 : 0);

  uint32_t mode = kernel.rsrc1 >> 12 & 0xff;
  if (model.has_dx10_clamp_and_ieee)
    mode |= (kernel.rsrc1 >> 21 & 1) << 8 | (kernel.rsrc1 >> 23 & 1) << 9;
  mode |= (kernel.rsrc1 >> 26 & 1) << 23; // FP16_OVFL
  wave.set_mode(mode);

  constexpr uint32_t kSgprs = 104;
  SgprFiller sgprs(wave, kSgprs);
  uint16_t has = kernel.properties;
  if (has & kPrivateSegmentBuffer && !model.architected_flat_scratch)
    for (uint32_t word : scratch_descriptor(model, wave))
      sgprs.dword(word);
  if (has & kDispatchPtr)
    sgprs.pair(plan.packet);
  if (has & kQueuePtr)
    sgprs.pair(plan.queue);
  if (has & kKernargPtr)
    sgprs.pair(plan.kernarg);
  if (has & kDispatchId)
    sgprs.pair(plan.dispatch_id);
  if (has & kFlatScratchInit)
    sgprs.pair(reinterpret_cast<uint64_t>(wave.scratch));
  if (has & kPrivateSegmentSize)
    sgprs.dword(plan.scratch_per_lane);
  uint32_t first = (kernel.preload >> 7 & 0x1ff) * 4;
  for (uint32_t i = 0; i < preload && first + 4 * i + 4 <= kernel.kernarg_bytes; ++i) {
    uint32_t value = 0;
    memcpy(&value, reinterpret_cast<const void *>(plan.kernarg + first + 4 * i), sizeof value);
    sgprs.dword(value);
  }

  // System SGPRs follow the user SGPRs that the descriptor counts.
  sgprs.move_to(kernel.rsrc2 >> 1 & 0x1f);
  if (model.workgroup_ids_in_ttmp) {
    wave.s[kTtmp0 + 9] = group.id[0];
    wave.s[kTtmp0 + 7] = (group.id[1] & 0xffff) | group.id[2] << 16;
  } else {
    for (unsigned i = 0; i < 3; ++i)
      if (kernel.rsrc2 >> (7 + i) & 1)
        sgprs.dword(group.id[i]);
    if (kernel.rsrc2 >> 10 & 1) // workgroup info: first wave, waves
      sgprs.dword((index == 0 ? 1u << 31 : 0) | plan.waves());
    // Each wave's scratch has its own base (above), so its offset is 0.
    if (kernel.rsrc2 & 1 && !model.architected_flat_scratch)
      sgprs.dword(0);
  }

  uint32_t first_thread = index * kernel.wave_size;
  uint32_t count = std::min(plan.threads() - first_thread, kernel.wave_size);
  wave.set_exec(count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1);
  uint32_t ids = kernel.rsrc2 >> 11 & 3; // 0: x, 1: x and y, 2: all
  uint32_t x = first_thread % plan.block[0], y = first_thread / plan.block[0] % plan.block[1],
           z = first_thread / plan.block[0] / plan.block[1];
  for (uint32_t lane = 0; lane < count; ++lane) {
    if (model.packed_work_item_ids) {
      wave.row(0)[lane] = x | (ids >= 1 ? y << 10 : 0) | (ids >= 2 ? z << 20 : 0);
    } else {
      wave.row(0)[lane] = x;
      if (ids >= 1)
        wave.row(1)[lane] = y;
      if (ids >= 2)
        wave.row(2)[lane] = z;
    }
    if (++x == plan.block[0]) {
      x = 0;
      if (++y == plan.block[1]) {
        y = 0;
        ++z;
      }
    }
  }
}

} // namespace w2w::emu
