// Counters of one launch (W2W_COUNTERS=FILE): what its waves executed, and how well.
#pragma once

#include "runtime/emulator/insight/classify.h"
#include "runtime/emulator/observer.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace w2w::emu {

/// Traffic of one segment of memory.
struct Traffic {
  uint64_t loads = 0, stores = 0, atomics = 0;                ///< instructions
  uint64_t load_bytes = 0, store_bytes = 0, atomic_bytes = 0; ///< that lanes asked for
  uint64_t lines = 0; ///< global memory: lines of 128 bytes, each counted once per instruction
};

struct Counters {
  uint64_t workgroups = 0, waves = 0;
  std::array<uint64_t, kClasses> instructions{};
  uint64_t vector_instructions = 0; ///< those whose work is done per lane
  uint64_t active_lanes = 0;        ///< of those, EXEC's lanes, summed
  uint64_t partial_exec = 0;        ///< of those, with fewer lanes than the wave has threads
  uint64_t empty_exec = 0;          ///< and with none
  uint64_t exec_splits = 0; ///< instructions that switched off some of EXEC's lanes, but not all
  Traffic global, lds, scratch, scalar;
  uint64_t lds_cycles = 0;          ///< of LDS accesses, by conflicts alone
  uint64_t lds_conflict_cycles = 0; ///< of those, what they take beyond the least
  uint64_t shortest_wave = UINT64_MAX, longest_wave = 0; ///< instructions of a wave

  uint64_t total() const;
  void add(const Counters &);
};

/// Cycles that an LDS access takes for bank conflicts, and the least it could take with its lanes.
/// LDS has 32 banks of 4 bytes (AMD's CDNA3 and RDNA3 ISA documents, "Local Data Share"): a cycle
/// serves one dword of each bank, the same dword for any number of lanes. 32 lanes of up to 4 bytes
/// go at a time, 16 of 8, 8 of 12 and 16; the documents do not say which lanes those are,
/// neighbours are assumed.
struct BankCycles {
  unsigned cycles = 0, least = 0;
};
BankCycles bank_cycles(const isa::LaneAccesses &);

/// Distinct lines of 128 bytes that the lanes of an access touch.
unsigned lines_touched(const isa::LaneAccesses &);

/// Counts what one workgroup after the other executes, and hands over the counters of each.
class GroupCounter final : public GroupObserver {
public:
  GroupCounter(uint32_t waves, std::function<void(const Counters &)> hand_over);
  void group_started(const Workgroup &) override;
  void wave_started(Wave &) override;
  int before(Wave &, const isa::Inst &, StopInfo &) override;
  int after(Wave &, const isa::Inst &, StopInfo &, int next) override;
  void wave_ended(Wave &) override;
  void group_ended() override { hand_over_(counters_); }

private:
  void count_memory(const Wave &, const isa::Inst &);

  std::function<void(const Counters &)> hand_over_;
  Counters counters_;
  std::vector<uint64_t> threads_; // by wave: the lanes that have a thread
  uint64_t exec_ = 0;             // before the instruction that runs
};

bool counters_wanted();
std::unique_ptr<LaunchObserver> count_launch(const LaunchPlan &);

/// The two forms of the report: a paragraph of text, and one line of JSON.
std::string as_text(const Counters &, const LaunchPlan &);
std::string as_json(const Counters &, const LaunchPlan &);

} // namespace w2w::emu
