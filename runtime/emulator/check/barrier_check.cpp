#include "runtime/emulator/check/barrier_check.h"

#include <fmt/format.h>

namespace w2w::emu::check {

void BarrierCheck::group_started() {
  ended_ = 0;
}

void BarrierCheck::wave_started(const Wave &wave) {
  State &state = waves_[wave.wave_in_group];
  state.wave = &wave;
  state.live = exec_mask(wave);
  state.missed = 0;
  state.arrived_at = 0;
  state.ended = false;
}

void BarrierCheck::before(const Step &step) {
  State &state = waves_[step.wave.wave_in_group];
  for (unsigned k = 0; state.missed && k < step.count; ++k)
    if (step.at[k].space == MemorySpace::Global || step.at[k].space == MemorySpace::Lds)
      if (uint64_t lanes = step.at[k].mask & state.missed)
        came_back(step, state, lanes);
  if (!is_arrival(step.inst))
    return;
  uint64_t on = exec_mask(step.wave);
  if (uint64_t lanes = on & state.missed)
    came_back(step, state, lanes);
  each_lane(state.live & ~on & ~state.missed,
            [&](unsigned lane) { state.missed_at[lane] = step.inst.pc; });
  state.missed |= state.live & ~on;
  state.arrived_at = step.inst.pc;
}

void BarrierCheck::came_back(const Step &step, State &state, uint64_t lanes) {
  unsigned lane = static_cast<unsigned>(__builtin_ctzll(lanes));
  uint64_t pc = state.missed_at[lane];
  state.missed &= ~lanes;
  if (!launch_.first(Kind::Barrier, pc))
    return;
  report(launch_, Kind::Barrier,
         fmt::format("divergent barrier: not reached by {} of the wave's threads",
                     __builtin_popcountll(lanes)),
         step.wave, pc, lane,
         {fmt::format("the thread went on without it to {}", place_text(launch_, step.inst.pc))});
}

void BarrierCheck::wave_ended(const Wave &wave) {
  waves_[wave.wave_in_group].ended = true;
  ++ended_;
}

void BarrierCheck::barrier_passed() {
  if (!ended_ || ended_ == count_ || launch_.plan.object->from_ptx())
    return;
  const State *gone = nullptr, *waits = nullptr;
  for (unsigned i = 0; i < count_; ++i) {
    if (waves_[i].ended)
      gone = gone ? gone : &waves_[i];
    else if (waves_[i].arrived_at)
      waits = waits ? waits : &waves_[i];
  }
  if (!gone || !waits || !launch_.first(Kind::Barrier, waits->arrived_at, 1))
    return;
  report(launch_, Kind::Barrier, "exit before a barrier: threads have ended that others wait for",
         *waits->wave, waits->arrived_at, 64,
         {fmt::format("wave {} has ended: {} and on", gone->wave->wave_in_group,
                      thread_text(launch_, gone->wave->group->id,
                                  gone->wave->wave_in_group * gone->wave->lanes))});
}

} // namespace w2w::emu::check
