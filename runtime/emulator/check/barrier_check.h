// Barriers that not all threads reach.
//
// A lane that is off at a barrier either has exited (machine code shows no difference: it stays off
// until s_endpgm) or was left out by divergent control flow. It is the latter if it touches memory
// or reaches a barrier afterwards; the barrier is reported then. Scratch does not count: compilers
// save registers with all lanes on.
//
// Waves may meet at different barrier instructions. Waves that ended before a barrier that others
// pass are reported for HIP kernels; CUDA lets exited threads be gone (Programming Guide, "all
// non-exited threads in the block").
#pragma once

#include "runtime/emulator/check/report.h"
#include "runtime/emulator/check/step.h"

#include <memory>

namespace w2w::emu::check {

class BarrierCheck {
public:
  BarrierCheck(LaunchContext &launch, unsigned waves)
      : launch_(launch), waves_(std::make_unique<State[]>(waves)), count_(waves) {}
  void group_started();
  void wave_started(const Wave &wave);
  void before(const Step &step);
  void wave_ended(const Wave &wave);
  void barrier_passed();

private:
  struct State {
    const Wave *wave = nullptr;
    uint64_t live = 0;       ///< lanes that started
    uint64_t missed = 0;     ///< of those, lanes that were off at a barrier
    uint64_t missed_at[64];  ///< its pc
    uint64_t arrived_at = 0; ///< pc of the barrier that the wave waits at
    bool ended = false;
  };
  void came_back(const Step &step, State &state, uint64_t lanes);

  LaunchContext &launch_;
  std::unique_ptr<State[]> waves_;
  unsigned count_;
  unsigned ended_ = 0;
};

} // namespace w2w::emu::check
