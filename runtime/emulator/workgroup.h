// One resident workgroup: its waves, LDS, scratch and barriers, run by one thread at a time.
#pragma once

#include "runtime/emulator/isa/execute.h"
#include "runtime/emulator/isa/wave.h"
#include "runtime/emulator/launch.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace w2w::emu {

/// Why a launch ended early.
struct LaunchFailure {
  hip::hipError_t code = hip::hipSuccess;
  std::string text; // one line for the log
};

class ResidentGroup {
public:
  enum class Turn { Finished, Yielded, Failed, Cancelled };

  /// Memory for a workgroup of the launch; start() makes it the n-th one. May be used for one after
  /// the other.
  explicit ResidentGroup(const LaunchPlan &plan);
  ResidentGroup(const ResidentGroup &) = delete;
  ResidentGroup &operator=(const ResidentGroup &) = delete;
  ~ResidentGroup();

  void start(uint64_t n);
  /// Runs the waves in turn until all have ended, or about `budget` instructions are executed, or
  /// all that could run sleep, or `cancel` becomes true.
  Turn run(uint64_t budget, const std::atomic<bool> &cancel, LaunchFailure &failure);
  /// Instructions executed by all waves since start().
  uint64_t instructions() const { return instructions_; }
  /// Says where each wave is that has not ended (for a launch that is given up). While it does not
  /// run.
  std::string positions() const;

private:
  enum class State : uint8_t { Runs, AtBarrier, AtBarrierWait, Ended };
  struct Slot {
    Wave wave;
    std::unique_ptr<VectorRegisters> registers;
    State state = State::Runs;
    uint32_t signals = 0;  // gfx12: in the current phase
    bool complete = false; // gfx12: a phase has completed since the last s_barrier_wait
  };

  uint64_t next_random();
  uint64_t slice_length();
  void end_wave(Slot &slot);
  bool handle(Slot &slot, const StopInfo &stop, LaunchFailure &failure);
  void release_barrier();
  void finish_phase();
  void describe_fault(const Slot &slot, const StopInfo &stop, LaunchFailure &failure) const;
  void describe_deadlock(LaunchFailure &failure) const;
  std::string where(const Slot &slot, uint64_t pc) const;
  std::string instruction_at(uint64_t pc) const;

  const LaunchPlan &plan_;
  Workgroup group_;
  std::unique_ptr<GroupObserver> observer_;
  std::unique_ptr<Slot[]> slots_;
  uint32_t count_ = 0;
  uint8_t *lds_ = nullptr;
  uint8_t *scratch_ = nullptr;
  uint64_t scratch_bytes_ = 0;
  uint32_t next_ = 0;
  uint32_t live_ = 0, waiting_ = 0; // waves not ended; of those, at an s_barrier
  uint32_t signals_ = 0;            // gfx12, of the current phase
  uint64_t instructions_ = 0;
  uint64_t random_ = 0; // 0: waves run in their order, with whole slices
};

} // namespace w2w::emu
