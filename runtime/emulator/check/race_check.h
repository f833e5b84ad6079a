// Accesses to LDS and global memory that nothing orders.
//
// Who: a unit is a wave; in code compiled from PTX, 32 lanes of one, as a CUDA warp is (a wave64
// wave is two). Lanes of one unit run in step and count as ordered.
// Order: happens-before by vector clocks. A barrier orders the units of a workgroup; an atomic
// access learns what the unit knew whose atomic write it may have seen. Atomic are
// read-modify-write instructions, and loads and stores that cache bits make coherent
// (Inst::coherent). Launches are ordered among each other. Whether an atomic's scope and fences
// suffice is not asked.
//
// Chosen so that a report is a race, at the price of missing some:
//  * a dword remembers four accesses (shadow.h);
//  * a plain write of the value that is there, or that the other one writes, races with no write;
//  * a plain read races with no read-modify-write: compare-and-swap loops start with one;
//  * relaxed and volatile accesses to LDS look as plain ones: a plain read races with no atomic
//    there, and a store by a unit that did an atomic at the place before (a lock's owner) is one.
//    A flag in LDS that is only loaded and stored is reported all the same: nothing tells it from
//    data;
//  * an atomic of one lane orders the two warps of its wave: LLVM does those of all lanes on one
//    address, with their sum, in one lane;
//  * gfx90a, gfx10 and gfx11 do not mark atomic stores: there a plain store races with no atomic;
//  * a unit that learns of more than 1024 other workgroups knows all from then on.
#pragma once

#include "runtime/emulator/check/blocks.h"
#include "runtime/emulator/check/report.h"
#include "runtime/emulator/check/shadow.h"
#include "runtime/emulator/check/step.h"

#include <memory>
#include <vector>

namespace w2w::emu::check {

class RaceCheck;

/// What a unit knows of other workgroups: up to which clock of each of their units.
struct Foreign {
  struct Entry {
    uint32_t group;
    std::shared_ptr<const std::vector<uint32_t>> clocks; ///< null: all that it ever did
  };
  std::vector<Entry> entries; ///< sorted by group
  bool all = false;           ///< everything of everybody
};
using ForeignPtr = std::shared_ptr<const Foreign>;

struct Clock {
  std::vector<uint32_t> own; ///< of the units of its workgroup
  ForeignPtr foreign;        ///< null: nothing
  void join(const Clock &other);
};

/// The part that the workgroups of a launch share.
class RaceLaunch {
public:
  /// Null if the launch has more units than can be told apart.
  static std::unique_ptr<RaceLaunch> create(LaunchContext &launch);
  ~RaceLaunch();

  LaunchContext &launch;
  uint32_t base = 0;         ///< number of its first unit
  uint32_t total = 0;        ///< units
  uint32_t group_units = 1;  ///< in one workgroup
  uint32_t unit_lanes = 64;  ///< lanes of a unit
  bool marked_stores = true; ///< atomic stores can be told from plain ones

  void enter(uint32_t group, RaceCheck *check);
  void leave(uint32_t group, ForeignPtr foreign);
  /// What the unit of another workgroup knew, with its own clock at `clock`.
  Clock knowledge(uint32_t group, uint32_t unit, uint32_t clock);

private:
  explicit RaceLaunch(LaunchContext &l) : launch(l) {}
  std::mutex mutex_;
  std::unordered_map<uint32_t, RaceCheck *> running_;
  std::unordered_map<uint32_t, ForeignPtr> ended_;
};

class RaceCheck {
public:
  explicit RaceCheck(RaceLaunch &launch);
  ~RaceCheck();
  void group_started(const Workgroup &group);
  void before(const Step &step);
  /// The same step, once the instruction has run.
  void after(const Step &step);
  void barrier_passed();
  void group_ended();

private:
  friend class RaceLaunch;
  struct Unit {
    Clock clock;
    Clock arrived;             ///< what it knew at its last arrival at a barrier
    uint64_t atomics[16] = {}; ///< places in LDS, plus 1, of its last atomics
    unsigned next_atomic = 0;
    bool at_barrier = false; ///< arrived in this phase
  };
  struct Access; // one instruction's access to one segment
  /// What a plain write puts into a dword: its bytes in place, and whether they are there already.
  struct Stored {
    uint32_t value = 0;
    bool silent = false;
  };

  void access(const Step &step, const isa::LaneAccesses &a, unsigned place);
  void touch(const Access &a, Cell &cell, uint64_t at, unsigned lane, uint8_t bytes,
             const Stored &stored);
  bool knows(const Unit &unit, uint32_t local, const Slot &slot) const;
  void learn(uint32_t local, const Slot &slot);
  void order_together(uint32_t first, uint32_t count);
  void conflicting_lanes(const Step &step, const isa::LaneAccesses &a, unsigned place);
  void race(const Access &a, const Slot &other, uint64_t at, unsigned lane);

  RaceLaunch &launch_;
  LaunchContext &context_;
  std::mutex mutex_; ///< of the clocks: other workgroups read them
  std::vector<Unit> units_;
  std::vector<bool> waits_; ///< by wave: the next instruction runs behind a barrier
  Clock joined_;
  std::vector<Cell> lds_;
  struct Seen {
    uint64_t dword = UINT64_MAX;
    unsigned lane = 0;
  };
  std::vector<Seen> seen_; ///< of conflicting_lanes()
  uint32_t group_ = 0;
  Dim id_{};
  bool running_ = false;
  unsigned victim_ = 0;
};

} // namespace w2w::emu::check
