// Runs the handlers of memory instructions beside their wave: on registers of its own, with memory
// that is a few bytes per lane. So an operation can be performed at any time after it was issued,
// and the handlers need not know of caches.
#pragma once

#include "runtime/emulator/weak/policy.h"

#include <cstdint>

namespace w2w::emu::weak {

struct WaveState;

inline constexpr unsigned kLaneBytes = 16; ///< the most that a lane loads or stores at one place
inline constexpr unsigned kResultRows = 4;
/// Rows of the source operands in Op::rows: address, data, second data.
inline constexpr unsigned kSourceRow[3] = {0, 2, 6}, kSourceRows = 10;

/// One memory operation of one wave, from its issue to its return.
struct Op {
  Kind kind;
  List list;
  Bypass bypass;
  bool unordered; ///< may return out of its list's order
  bool converted; ///< `results` holds what the registers get
  const isa::Inst *inst;
  WaveState *owner; ///< null: its wave has ended
  unsigned cu;
  unsigned lanes;    ///< wave size
  unsigned requests; ///< not yet performed
  uint32_t m0;
  uint64_t mask;   ///< lanes that take part
  uint64_t global; ///< of those, lanes whose data is in `bytes`
  unsigned size;   ///< bytes that a lane touches at `at`
  Workgroup *group;
  uint64_t at[64];
  alignas(64) uint8_t bytes[64][kLaneBytes];
  uint32_t rows[kSourceRows * 64];
  uint32_t results[kResultRows * 64];
};

class Side {
public:
  /// Copies the vector sources of the instruction.
  static void snapshot(Op &, const Wave &);
  /// A store's data, lane by lane, to op.bytes.
  void store_bytes(Op &);
  /// op.bytes, of the lanes in op.global, to op.results as the load's handler makes them.
  void load_results(Op &);
  /// The lane's bytes become what the atomic makes of them; their old value goes to op.results.
  void update(Op &, unsigned lane);
  /// Runs the operation where it belongs, LDS or scratch, for the lanes of `exec`. `wave` gives
  /// scalar registers and scratch; null: M0 is op.m0 and nothing else is needed.
  void in_place(Op &, uint64_t exec, const Wave *wave);

private:
  void prepare(const Op &);
  void stage(const Op &);
  isa::Inst staged(const Op &) const;
  void run(const Op &, const isa::Inst &, uint64_t exec);
  void take_results(Op &, uint64_t exec);

  static constexpr unsigned kResultRow = kSourceRows;
  alignas(64) uint32_t rows_[(kSourceRows + kResultRows) * 64];
  alignas(64) uint8_t staging_[64 * kLaneBytes];
  Wave wave_;
  Workgroup staging_group_;
};

} // namespace w2w::emu::weak
