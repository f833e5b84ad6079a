// What waves have issued and not got back: the lists behind the counters that s_waitcnt waits for.
#pragma once

#include "runtime/emulator/weak/memory.h"

#include <string>
#include <vector>

namespace w2w::emu::weak {

struct WaveState {
  Wave *wave = nullptr;
  unsigned cu = 0;
  std::vector<Op *> list[kLists]; ///< in the order of their issue
  /// Operations that will write the register.
  uint16_t vector[2 * kFirstAgprRow] = {};
  uint16_t scalar[kScalarFileSize] = {};
  unsigned results = 0; ///< operations that will write any
};

class Pipeline {
public:
  explicit Pipeline(Memory &memory) : memory_(memory) {}

  /// Takes the memory instruction in; its effects come later. isa::kContinue: it is one whose
  /// handler must run, because it faults.
  int issue(WaveState &, Wave &, const isa::Inst &, Kind, StopInfo &);
  void wait(WaveState &, const Wait &);
  /// A little time passes for the wave.
  void tick(WaveState &);
  /// The wave has ended: its stores go on, results have nowhere to go.
  void end(WaveState &);

  /// A register that the instruction uses although an operation that writes it has not been waited
  /// for: "v5", and that operation. Empty if there is none.
  struct Hazard {
    std::string register_name;
    bool written = false;
    const isa::Inst *by = nullptr;
  };
  Hazard hazard(const WaveState &, const isa::Inst &, Kind) const;

private:
  Op *make(WaveState &, Wave &, const isa::Inst &, Kind, List);
  void append(WaveState &, Op *);
  int vector_memory(WaveState &, Wave &, const isa::Inst &, Kind);
  int lds(WaveState &, Wave &, const isa::Inst &);
  int scalar(WaveState &, Wave &, const isa::Inst &);
  int scalar_result(WaveState &, Wave &, const isa::Inst &, StopInfo &);
  void perform(WaveState &, Op &);
  void give_back(WaveState &, List, size_t);
  void give_back_any(WaveState &, List);
  void land(WaveState &, Op &);
  void note(WaveState &, const Op &, int by);

  Memory &memory_;
};

} // namespace w2w::emu::weak
