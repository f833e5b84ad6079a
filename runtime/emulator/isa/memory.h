// How memory handlers reach memory: lanes' addresses, checks, pointers.
#pragma once

#include "runtime/emulator/isa/operands.h"
#include "runtime/emulator/isa/specials.h"

namespace w2w::emu::isa {
/// The page map's word on [lo, hi): in access.cpp, compiled once.
bool memory_accessible(const Workgroup &g, uint64_t lo, uint64_t hi, MemoryAccess access);
} // namespace w2w::emu::isa

namespace w2w::emu::isa::W2W_VARIANT {

/// The addresses of one access in one segment: `at` is an absolute address in global memory, an
/// offset in LDS and scratch; lanes outside `mask` hold rubbish.
struct Lanes {
  MemorySpace space;
  u64 mask;
  u64 at[64];
  u64 outside = 0;               ///< active lanes that a buffer's bounds exclude
  const char *refused = nullptr; ///< why the access cannot be emulated
};

W2W_INLINE unsigned first_lane(u64 mask) {
  return unsigned(__builtin_ctzll(mask));
}
#define EACH_LANE(L, MASK)                                                                         \
  for (u64 rest_ = (MASK), L; rest_ && (L = first_lane(rest_), true); rest_ &= rest_ - 1)

int fault(StopInfo &s, const Lanes &x, unsigned lane, u32 size, MemoryAccess access);
/// May all lanes of the mask (not empty) touch `size` bytes at their addresses? Fills in the fault
/// if not. Lanes that are off get the address of one that is on, so that all may be read.
bool permitted(const Wave &w, Lanes &x, u32 size, MemoryAccess access, StopInfo &s);
/// Addresses of the active lanes of a flat, global, scratch, buffer or LDS instruction. For flat
/// ones, `at` holds the addresses as they are: split() sorts them. Lanes that a buffer's bounds
/// exclude leave `mask`.
void addresses(const Wave &w, const Inst &i, Lanes &x, u64 extra);

/// Where each lane's dword lies in LDS for transfers between memory and LDS: M0[15:0] + the
/// instruction's offset + 4 * lane (MI300 ISA, "Memory Buffer Load to LDS").
void lds_by_lane(const Wave &w, const Inst &i, u64 mask, Lanes &x);
/// Of the active lanes: the scalar address + the instruction's offset + 4 * lane (*_addtid).
void addresses_by_lane(const Wave &w, const Inst &i, Lanes &x);

/// Four dwords from each of four places become four rows of four lanes.
W2W_INLINE void transpose4(const u8 *pa, const u8 *pb, const u8 *pc, const u8 *pd, u32 *to,
                           unsigned n) {
  typedef u32 v4 __attribute__((ext_vector_type(4)));
  v4 a, b, c, d;
  memcpy(&a, pa, 16), memcpy(&b, pb, 16), memcpy(&c, pc, 16), memcpy(&d, pd, 16);
  v4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  v4 ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  v4 r0 = __builtin_shufflevector(ab, cd, 0, 1, 4, 5),
     r1 = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  v4 r2 = __builtin_shufflevector(ef, gh, 0, 1, 4, 5),
     r3 = __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
  memcpy(to, &r0, 16), memcpy(to + n, &r1, 16), memcpy(to + 2 * n, &r2, 16),
      memcpy(to + 3 * n, &r3, 16);
}

/// Where byte `o` of lane l's scratch lies; bytes of one dword are adjacent.
W2W_INLINE u8 *scratch_at(const Wave &w, u64 o, unsigned l) {
  return w.scratch + (o / 4 * w.lanes + l) * 4 + (o & 3);
}
template <class T> W2W_INLINE T read_at(const Wave &w, const Lanes &x, unsigned l, u64 plus) {
  T r;
  u64 a = x.at[l] + plus;
  if (x.space == MemorySpace::Global) {
    memcpy(&r, reinterpret_cast<const void *>(a), sizeof r);
  } else if (x.space == MemorySpace::Lds) {
    memcpy(&r, w.group->lds + a, sizeof r);
  } else if ((a & 3) + sizeof r <= 4) {
    memcpy(&r, scratch_at(w, a, l), sizeof r);
  } else {
    u8 b[sizeof r];
    for (unsigned k = 0; k < sizeof r; k++)
      b[k] = *scratch_at(w, a + k, l);
    memcpy(&r, b, sizeof r);
  }
  return r;
}
template <class T>
W2W_INLINE void write_at(const Wave &w, const Lanes &x, unsigned l, u64 plus, T v) {
  u64 a = x.at[l] + plus;
  if (x.space == MemorySpace::Global) {
    memcpy(reinterpret_cast<void *>(a), &v, sizeof v);
  } else if (x.space == MemorySpace::Lds) {
    memcpy(w.group->lds + a, &v, sizeof v);
  } else if ((a & 3) + sizeof v <= 4) {
    memcpy(scratch_at(w, a, l), &v, sizeof v);
  } else {
    u8 b[sizeof v];
    memcpy(b, &v, sizeof v);
    for (unsigned k = 0; k < sizeof v; k++)
      *scratch_at(w, a + k, l) = b[k];
  }
}

/// Writes the result of lanes outside a buffer's bounds.
void clear_outside(Wave &w, const Inst &i, u64 lanes);
int refuse(Wave &w, const Inst &i, StopInfo &s, const char *why);

/// What to ask permitted() for before an atomic operation.
W2W_INLINE MemoryAccess atomic_access(const Inst &i) {
  return i.own_memory ? MemoryAccess::OwnAtomic : MemoryAccess::Atomic;
}

/// Calls f(Lanes &) for the access, once per segment that the lanes' addresses fall in; f returns
/// false on a fault. each_segment: from addresses() that are known, with a lane at least;
/// per_segment: for an instruction. Lanes outside a buffer's bounds get zero in a destination
/// (RDNA3 ISA, "Range checking"; a d16 load keeps or clears the other half as for lanes inside).
template <class F> W2W_INLINE bool each_segment(const Wave &w, const Inst &i, Lanes &x, F f) {
  if (!i.flat)
    return f(x);
  u32 shared = u32(w.group->shared_base >> 32), priv = u32(w.group->private_base >> 32);
  u64 in_lds = 0, in_scratch = 0;
  for (unsigned l = 0; l < w.lanes; l++) {
    u32 hi = u32(x.at[l] >> 32);
    in_lds |= u64(hi == shared) << l;
    in_scratch |= u64(hi == priv) << l;
  }
  u64 all = x.mask;
  in_lds &= all;
  in_scratch &= all & ~in_lds;
  if (!(in_lds | in_scratch))
    return f(x);
  for (unsigned l = 0; l < w.lanes; l++)
    if ((in_lds | in_scratch) >> l & 1)
      x.at[l] &= 0xffffffffu;
  // f may overwrite the addresses of lanes that are off (permitted()): each segment has its own.
  auto part = [&](MemorySpace space, u64 mask) {
    Lanes y = x;
    y.space = space;
    y.mask = mask;
    return !mask || f(y);
  };
  return part(MemorySpace::Global, all & ~in_lds & ~in_scratch) && part(MemorySpace::Lds, in_lds) &&
         part(MemorySpace::Scratch, in_scratch);
}
template <class F> W2W_INLINE bool per_segment(Wave &w, const Inst &i, StopInfo &s, F f) {
  Lanes x;
  x.mask = exec_mask(w);
  if (!x.mask)
    return true;
  x.space = i.space;
  addresses(w, i, x, u64(i.offset));
  if (x.refused)
    return refuse(w, i, s, x.refused) == kContinue;
  u64 outside = x.outside;
  if (x.mask && !each_segment(w, i, x, f))
    return false;
  if (outside)
    clear_outside(w, i, outside);
  return true;
}

} // namespace w2w::emu::isa::W2W_VARIANT
