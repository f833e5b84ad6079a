// Runs machine code: the one entry into runtime/emulator/isa.
#pragma once

#include "runtime/emulator/isa/wave.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace w2w::emu {

/// Why execute() returned. In every case Wave::pc is where the wave goes on, except for the kinds
/// that say otherwise.
enum class StopKind {
  Budget,        ///< max_instructions are used up (checked at the end of each basic block)
  EndProgram,    ///< s_endpgm: the wave is finished
  Barrier,       ///< s_barrier: go on when all waves of the workgroup that have not ended are here
  BarrierSignal, ///< gfx12 s_barrier_signal, `value` = barrier id (-1 = the workgroup's); does not
                 ///< wait. If `first` (s_barrier_signal_isfirst), the scheduler sets Wave::scc to 1
                 ///< for the first arrival, else 0
  BarrierState,  ///< gfx12 s_get_barrier_state, `value` = barrier id: the scheduler puts the state
                 ///< into Wave::s[size]: signals << 16 | members << 4 | 1, or 0 if there is none
  BarrierWait,   ///< gfx12 s_barrier_wait, `value` = barrier id
  Sleep,         ///< s_sleep and friends: a good place to run another wave
  Trap,          ///< s_trap: `value` = trap id; pc at the s_trap itself
  MemoryFault,   ///< a lane touched memory it must not: address, size, access, lane; pc at the
                 ///< instruction
  InstructionFetch,   ///< pc lies outside the code of the DecodeCache
  UnknownInstruction, ///< `text` = assembler text or bytes; pc at the instruction
  BadRegister,        ///< the kernel uses a register beyond its allocation: `text`; pc at the block
  Unsupported,        ///< a state that is not emulated (say, trap on FP exception): `text`
  Reported,           ///< an observer (observe.h) gives the launch up: `text`
};

/// OwnAtomic, of faults alone: an atomic operation on memory that lacks it (Inst::own_memory).
enum class MemoryAccess : uint8_t { Read, Write, Atomic, OwnAtomic };
enum class MemorySpace : uint8_t { Global, Lds, Scratch, Scalar };

struct StopInfo {
  StopKind kind = StopKind::Budget;
  uint64_t pc = 0;           ///< of the instruction that caused the stop
  uint64_t instructions = 0; ///< executed by this call
  uint64_t address = 0; ///< MemoryFault: first byte; for Lds and Scratch the offset in the segment
  uint32_t size = 0;
  uint32_t lane = 0;
  MemoryAccess access = MemoryAccess::Read;
  MemorySpace space = MemorySpace::Global;
  int32_t value = 0;
  bool first = false;
  std::string text;
};

/// Whether the instructions of a DecodeCache ask the workgroup's observer (observe.h). Finely: and
/// blocks end behind each instruction that touches memory or waits for it, so that a wave's turn
/// can end there.
enum class Watch : uint8_t { No, Yes, Finely };

/// The decoded form of one code object's executable segment, shared by all threads that run it.
/// Decoding is lazy, a basic block at a time; readers take no lock.
class DecodeCache {
public:
  /// `target`: "gfx942" or a full target id ("gfx942:sramecc+:xnack-"); code: [code, code + size)
  /// is the executable segment, readable by the host at the address the wave's pc counts in, alive
  /// as long as the cache. On an unknown target returns null and sets `error`.
  static std::unique_ptr<DecodeCache> create(std::string_view target, const void *code,
                                             uint64_t size, std::string &error,
                                             Watch watch = Watch::No);
  ~DecodeCache();

  struct Impl;
  Impl &impl() { return *self; }

private:
  explicit DecodeCache(std::unique_ptr<Impl> p);
  std::unique_ptr<Impl> self;
};

/// Runs the wave from its pc until something in StopKind happens. Any thread may call it, one at a
/// time per wave. It sets the host's floating-point control word and restores it.
StopInfo execute(Wave &wave, DecodeCache &code, uint64_t max_instructions);

/// One line of assembler text for the instruction at `pc` (for messages and traces).
std::string disassemble(DecodeCache &code, uint64_t pc, unsigned lanes);

} // namespace w2w::emu
