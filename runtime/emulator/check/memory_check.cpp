#include "runtime/emulator/check/memory_check.h"

#include "runtime/emulator/check/options.h"

#include <algorithm>
#include <fmt/format.h>

namespace w2w::emu::check {

namespace {

bool is_global(MemorySpace space) {
  return space == MemorySpace::Global || space == MemorySpace::Scalar;
}

/// Scalar loads read whole dwords, and LLVM widens uniform loads of constant memory to the
/// alignment it knows (three dwords to four, a byte to a dword): never past the 16 bytes that hold
/// the last wanted byte, and hardware maps whole pages.
uint64_t end_for_scalar(uint64_t hi, uint32_t size) {
  uint64_t unit = size == 16 || size == 32 || size == 64 ? 16 : 4;
  return (hi + unit - 1) & ~(unit - 1);
}

} // namespace

bool MemoryCheck::permitted(const isa::LaneAccesses &access, uint64_t a) {
  if (access.space == MemorySpace::Lds)
    return a + access.size <= launch_.plan.lds_bytes;
  if (access.space == MemorySpace::Scratch)
    return a + access.size <= launch_.plan.scratch_per_lane;
  const Block *block = cache_.find(a);
  if (!block)
    return false;
  uint64_t hi =
      access.space == MemorySpace::Scalar ? end_for_scalar(block->hi, access.size) : block->hi;
  return access.size <= hi - a && (block->fenced.empty() || block->permits(a, access.size));
}

int MemoryCheck::before(const Step &step, StopInfo &stop) {
  for (unsigned k = 0; k < step.count; ++k) {
    const isa::LaneAccesses &access = step.at[k];
    if (!access.mask)
      continue;
    // The usual case: all lanes in one block.
    uint64_t lo = UINT64_MAX, hi = 0;
    each_lane(access.mask, [&](unsigned lane) {
      lo = std::min(lo, access.at[lane]);
      hi = std::max(hi, access.at[lane]);
    });
    if (is_global(access.space)) {
      const Block *block = cache_.find(lo);
      if (block && block->fenced.empty() && hi < block->hi && block->hi - hi >= access.size)
        continue;
    } else if (permitted(access, hi)) {
      continue;
    }
    uint64_t bad = 0;
    each_lane(access.mask, [&](unsigned lane) {
      if (!permitted(access, access.at[lane]))
        bad |= uint64_t{1} << lane;
    });
    if (bad)
      if (int next = wrong(step, access, static_cast<unsigned>(__builtin_ctzll(bad)), stop))
        return next;
  }
  return isa::kContinue;
}

int MemoryCheck::wrong(const Step &step, const isa::LaneAccesses &access, unsigned lane,
                       StopInfo &stop) {
  static constexpr const char *kAccess[] = {"read", "write", "atomic access"};
  static constexpr const char *kSpace[] = {"global memory", "LDS", "scratch", "global memory"};
  uint64_t a = access.at[lane];
  bool freed = false;
  std::string near;
  if (access.space == MemorySpace::Lds)
    near = fmt::format("{} bytes past the end of the {} bytes of LDS of the workgroup",
                       int64_t(a - launch_.plan.lds_bytes), launch_.plan.lds_bytes);
  else if (access.space == MemorySpace::Scratch)
    near = fmt::format("{} bytes past the end of the {} bytes of scratch of the thread",
                       int64_t(a - launch_.plan.scratch_per_lane), launch_.plan.scratch_per_lane);
  else
    near = Blocks::instance().describe(a, freed);
  uint32_t count = launch_.memory_errors.load(std::memory_order_relaxed);
  if (launch_.first(Kind::Memory, step.inst.pc)) {
    unsigned access_kind = static_cast<unsigned>(access.access) % 3;
    unsigned space = static_cast<unsigned>(access.space) % 4;
    report(launch_, Kind::Memory,
           fmt::format("{} {} of {} bytes {} {} at {:#x}",
                       freed ? "use after free:" : "out-of-bounds", kAccess[access_kind],
                       access.size, access.access == MemoryAccess::Read ? "from" : "to",
                       kSpace[space], a),
           step.wave, step.inst.pc, lane, {near});
    count = launch_.memory_errors.fetch_add(1) + 1;
  }
  if (count < options().limit)
    return isa::kContinue; // the handler faults if the page map forbids it
  stop.kind = StopKind::MemoryFault;
  stop.address = a;
  stop.size = access.size;
  stop.lane = lane;
  stop.access = access.access;
  stop.space = access.space;
  step.wave.pc = step.inst.pc;
  return isa::kStop;
}

} // namespace w2w::emu::check
