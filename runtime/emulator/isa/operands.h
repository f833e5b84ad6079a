// Reading and writing operands: scalars, rows of lanes, masked stores of rows.
#pragma once

#include "runtime/emulator/isa/numbers.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace w2w::emu::isa::W2W_VARIANT {

/// A scalar operand; of a pair both dwords.
W2W_INLINE u64 scalar64(const Wave &w, const Operand &o) {
  switch (o.where) {
  case Where::Sgpr:
    return w.s.data()[o.index] | u64(w.s.data()[o.index + 1]) << 32;
  case Where::Imm:
    return o.imm;
  case Where::Scc:
    return w.scc;
  case Where::Vccz:
    return w.lanes == 64 ? w.vcc() == 0 : w.s.data()[kVccLo] == 0;
  case Where::Execz:
    return w.lanes == 64 ? w.exec() == 0 : w.s.data()[kExecLo] == 0;
  case Where::Shared:
    return w.group->shared_base;
  case Where::SharedLimit:
    return w.group->shared_base | 0xffffffffu;
  case Where::Private:
    return w.group->private_base;
  case Where::PrivateLimit:
    return w.group->private_base | 0xffffffffu;
  default:
    return 0;
  }
}
W2W_INLINE u32 scalar32(const Wave &w, const Operand &o) {
  return o.where == Where::Sgpr  ? w.s.data()[o.index]
         : o.where == Where::Imm ? u32(o.imm)
                                 : u32(scalar64(w, o));
}
W2W_INLINE void set_scalar32(Wave &w, const Operand &o, u32 x) {
  w.s.data()[o.index] = x;
}
W2W_INLINE void set_scalar64(Wave &w, const Operand &o, u64 x) {
  w.s.data()[o.index] = u32(x);
  w.s.data()[o.index + 1] = u32(x >> 32);
}
/// A lane mask: 64 bits of a pair, or 32 of one register, as the wave size says.
W2W_INLINE u64 lane_mask(const Wave &w, const Operand &o) {
  return w.lanes == 64 ? scalar64(w, o) : scalar32(w, o);
}
W2W_INLINE void set_lane_mask(Wave &w, const Operand &o, u64 x) {
  if (w.lanes == 64)
    set_scalar64(w, o, x);
  else
    set_scalar32(w, o, u32(x));
}
W2W_INLINE u64 exec_mask(const Wave &w) {
  return w.lanes == 64 ? w.exec() : w.s.data()[kExecLo];
}

/// Room for one source: up to two rows.
struct alignas(64) Rows {
  u32 r[128];
};

W2W_INLINE void fill(u32 *p, u32 x, unsigned n) {
  for (unsigned base = 0; base < n; base += 32)
    for (unsigned i = base; i < base + 32; i++)
      p[i] = x;
}
inline __attribute__((noinline)) const u32 *broadcast(const Wave &w, const Operand &o, Rows &t) {
  unsigned n = w.lanes;
  u64 x = o.dwords == 2 ? scalar64(w, o) : scalar32(w, o);
  fill(t.r, u32(x), n);
  if (o.dwords == 2)
    fill(t.r + n, u32(x >> 32), n);
  return t.r;
}
/// The rows of a source without modifiers.
W2W_INLINE const u32 *source(const Wave &w, const Operand &o, Rows &t) {
  if (o.where == Where::Vgpr)
    return w.v + o.offset;
  if (o.where == Where::Imm)
    return o.row;
  if (o.where == Where::None)
    return t.r;
  return broadcast(w, o, t);
}
/// d[i] = r[i] for the lanes in mask.
W2W_INLINE void blend(u32 *d, const u32 *r, u64 mask, unsigned n) {
#if defined(__AVX512F__)
  for (unsigned i = 0; i < n; i += 16)
    _mm512_mask_storeu_epi32(d + i, __mmask16(mask >> i), _mm512_loadu_si512(r + i));
#else
  for (unsigned base = 0; base < n; base += 32) {
    u32 bits_here = u32(mask >> base);
    for (unsigned i = 0; i < 32; i++)
      d[base + i] = bits_here >> i & 1 ? r[base + i] : d[base + i];
  }
#endif
}
W2W_INLINE void blend_rows(u32 *d, const u32 *r, u64 mask, unsigned n, unsigned rows) {
  for (unsigned k = 0; k < rows; k++)
    blend(d + k * n, r + k * n, mask, n);
}

// ---- the handlers of the other files
Handler choose(const Inst &);
unsigned accesses(const Wave &, const Inst &, LaneAccesses *);
Handler choose_matrix(const Inst &);
extern const Opcode kRows[];
extern const unsigned kRowCount;

} // namespace w2w::emu::isa::W2W_VARIANT
