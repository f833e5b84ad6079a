// Watching launches: what the checker, counters, traces and the like implement, and how they are
// put together. isa/observe.h has the part that sees instructions.
//
// To add one: a LaunchObserver in a file of its own, and a row in kObservers (observer.cpp).
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/isa/observe.h"

#include <memory>
#include <string>

namespace w2w::emu {

struct LaunchPlan;
struct LaunchFailure;

/// Watches the waves of one resident workgroup, and those that use its memory after it. One thread
/// at a time calls it. Waves are told apart by Wave::wave_in_group.
class GroupObserver : public WaveObserver {
public:
  /// A workgroup starts; group.id says which. Then wave_started() for each of its waves, whose
  /// registers are as the hardware sets them.
  virtual void group_started(const Workgroup &) {}
  virtual void wave_started(Wave &) {}
  virtual void wave_ended(Wave &) {}
  /// Every wave that has not ended has arrived at a barrier; they go on after this.
  virtual void barrier_passed() {}
  /// All its waves have ended.
  virtual void group_ended() {}
};

/// Watches one launch. Any thread may call group(); finish() comes once, after the last wave.
class LaunchObserver {
public:
  virtual ~LaunchObserver() = default;
  virtual std::unique_ptr<GroupObserver> group() = 0;
  /// May turn success into a failure.
  virtual void finish(LaunchFailure &) {}
};

/// What is wrong with what the environment asks for; empty if nothing is. There are no devices
/// then.
std::string observer_problem();

/// How code must be decoded so that the observers that the environment asks for see it. Fixed for
/// the life of the process.
Watch watching();

/// The observers that the environment asks for on this launch, as one; null if none.
std::shared_ptr<LaunchObserver> observe(const LaunchPlan &);

} // namespace w2w::emu
