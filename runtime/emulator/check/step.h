// What the checks are asked about: one instruction of one wave, before it runs.
#pragma once

#include "runtime/emulator/isa/observe.h"

namespace w2w::emu::check {

struct Step {
  Wave &wave;
  const isa::Inst &inst;
  unsigned count; ///< how many of `at` there are
  const isa::LaneAccesses (&at)[isa::kMostAccesses];
};

inline uint64_t exec_mask(const Wave &w) {
  return w.lanes == 64 ? w.exec() : w.s[kExecLo];
}

/// Calls f(lane) for each lane of the mask.
template <typename F> void each_lane(uint64_t mask, F f) {
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(__builtin_ctzll(mask)));
}

/// s_barrier or, on gfx12, s_barrier_signal: the wave arrives.
bool is_arrival(const isa::Inst &i);
/// s_barrier or s_barrier_wait: the wave goes on when all have arrived.
bool is_wait(const isa::Inst &i);

} // namespace w2w::emu::check
