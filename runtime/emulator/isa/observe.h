// Watching waves execute. Whatever looks at single instructions from outside (checker, counters,
// trace, hang detection, weak memory) is a WaveObserver; nothing of it stands in the handlers.
//
// A DecodeCache made with Watch::Yes gives every instruction the handler observed(), which asks the
// workgroup's observer before and after it calls the real one (Inst::execute). Other caches know
// nothing of observers, so that they cost nothing where nobody watches.
#pragma once

#include "runtime/emulator/isa/inst.h"

namespace w2w::emu {

class WaveObserver {
public:
  virtual ~WaveObserver() = default;
  /// The wave is about to execute the instruction; its registers are those the instruction will
  /// read. kContinue lets it run; kStop, with `stop` filled in as a handler does, ends the wave's
  /// turn in front of it (set Wave::pc to inst.pc); kDone says that the observer has done, or will
  /// do, what the instruction does: its handler is not called.
  virtual int before(Wave &, const isa::Inst &, StopInfo &) { return isa::kContinue; }
  /// The instruction has run; `next` is what its handler returned. What this returns takes the
  /// place of `next`.
  virtual int after(Wave &, const isa::Inst &, StopInfo &, int next) { return next; }
};

namespace isa {

/// Inst::fn of every instruction of a watched DecodeCache.
int observed(Wave &, const Inst &, StopInfo &);

/// What one instruction does to one segment of memory.
struct LaneAccesses {
  MemorySpace space = MemorySpace::Global;
  MemoryAccess access = MemoryAccess::Read;
  uint32_t size = 0; ///< bytes that each lane touches
  uint64_t mask = 0; ///< the lanes that do; bit 0 alone for scalar loads
  /// Absolute addresses in global memory, offsets in LDS and scratch; of lanes in the mask.
  uint64_t at[64] = {};
};
/// An instruction touches at most so many: a flat one three segments, ds_read2 two places.
inline constexpr unsigned kMostAccesses = 3;

/// The memory that the instruction would touch if it ran now; called before it runs. Lanes that a
/// buffer's bounds exclude are left out, addresses are not checked otherwise. Returns how many
/// entries of `out` are filled in, 0 for an instruction that touches no memory.
unsigned accesses(const Wave &, const Inst &, LaneAccesses (&out)[kMostAccesses]);

} // namespace isa
} // namespace w2w::emu
