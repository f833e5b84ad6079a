// Declares the kernels of rows.cpp.
#pragma once

#include "runtime/emulator/isa/inst.h"

namespace w2w::emu::isa {
/// v_trig_preop_f64: 53 bits of 2/pi. In trig.cpp.
double trig_preop_f64(double a, uint32_t segment);
/// What the rows NAME__perturbed scatter by (perturb.h). In opcodes.cpp.
extern uint64_t perturb_seed;
} // namespace w2w::emu::isa

namespace w2w::emu::isa::W2W_VARIANT {

#define OP(NAME, ...)                                                                              \
  void row_##NAME(uint32_t *, const uint32_t *, const uint32_t *, const uint32_t *, unsigned,      \
                  uint32_t);
#define OPS(NAME, ...) OP(NAME) OP(sat_##NAME)
#include "runtime/emulator/isa/vector.def"
#undef OP
#undef OPS
#define CARRY(NAME, ...)                                                                           \
  uint64_t carry_##NAME(uint32_t *, const uint32_t *, const uint32_t *, const uint32_t *,          \
                        uint64_t, unsigned, uint32_t);
#define COMPARE(NAME, ...)                                                                         \
  uint64_t cmp_##NAME(const uint32_t *, const uint32_t *, unsigned, uint32_t);
#include "runtime/emulator/isa/carry.def"
#undef CARRY
#undef COMPARE

} // namespace w2w::emu::isa::W2W_VARIANT
