// The run loop, and the decoded blocks it walks.
#pragma once

#include "runtime/emulator/isa/inst.h"

namespace w2w::emu::isa {

/// A run of instructions with one entry. The last one leaves it; if it falls through, the wave goes
/// on behind it.
struct Block {
  const Inst *first = nullptr; ///< [first, last): without those that do nothing
  const Inst *last = nullptr;
  uint32_t count = 0; ///< all of them
  uint64_t end = 0;   ///< address behind the last instruction
  uint32_t vgprs = 0; ///< highest vector register used, plus one
  uint32_t agprs = 0;
  const char *bad = nullptr; ///< set if the block begins with an instruction that is not known
};

/// The decoded block at pc for waves of this size; null if pc is outside the code.
const Block *block_at(DecodeCache &cache, uint64_t pc, unsigned lanes);

} // namespace w2w::emu::isa

namespace w2w::emu::isa::W2W_VARIANT {
void run(Wave &w, DecodeCache &cache, uint64_t budget, StopInfo &stop);
}
