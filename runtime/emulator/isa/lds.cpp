// Loads and stores of LDS by the DS instructions: 32-bit offsets, one bound.
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

struct alignas(64) Offsets {
  u32 at[64];
  u64 mask;
};

/// The lanes' offsets into LDS, checked; those of lanes that are off are 0. They wrap at 32 bits: a
/// negative register with a positive offset is in order. False on a fault.
W2W_INLINE bool offsets(const Wave &w, const Inst &i, u32 plus, u32 size, MemoryAccess access,
                        StopInfo &s, Offsets &x) {
  unsigned n = w.lanes;
  const u32 *p = w.v + i.src[0].offset;
  u32 limit = w.group->lds_size;
  u64 mask = x.mask = exec_mask(w);
  u32 bad = 0;
  bool fits = size <= limit;
  u32 most = fits ? limit - size : 0;
  if (mask == w.full_exec()) {
    for (unsigned l = 0; l < n; l++) {
      x.at[l] = p[l] + plus;
      bad |= x.at[l] > most;
    }
  } else {
    for (unsigned base = 0; base < n; base += 32) {
      u32 half = u32(mask >> base);
      for (unsigned l = 0; l < 32; l++) {
        u32 on = half >> l & 1;
        x.at[base + l] = on ? p[base + l] + plus : 0;
        bad |= on & (x.at[base + l] > most);
      }
    }
  }
  if (fits && !bad)
    return true;
  Lanes y;
  y.space = MemorySpace::Lds;
  y.mask = mask;
  // The sum has 32 bits: since gfx7 a negative base and an offset may make a good address (LLVM
  // AMDGPUISelDAGToDAG, isDSOffsetLegal).
  for (unsigned l = 0; l < n; l++)
    y.at[l] = p[l] + plus;
  return !mask || permitted(w, y, size, access, s);
}

int misaligned(StopInfo &s, u32 at, unsigned lane, u32 size) {
  Lanes y;
  y.space = MemorySpace::Lds;
  y.at[lane] = at;
  return fault(s, y, lane, size, MemoryAccess::Atomic);
}

template <unsigned N> W2W_INLINE void gather(const u8 *lds, const u32 *at, u32 *d, unsigned n) {
  if constexpr (N == 4) {
    for (unsigned l = 0; l < n; l += 4)
      transpose4(lds + at[l], lds + at[l + 1], lds + at[l + 2], lds + at[l + 3], d + l, n);
  } else {
    for (unsigned l = 0; l < n; l++) {
      u32 t[N];
      memcpy(t, lds + at[l], sizeof t);
      for (unsigned k = 0; k < N; k++)
        d[k * n + l] = t[k];
    }
  }
}
template <unsigned N> W2W_INLINE void load_to(Wave &w, const Offsets &x, u32 *d) {
  unsigned n = w.lanes;
  if (x.mask == w.full_exec()) {
    gather<N>(w.group->lds, x.at, d, n);
    return;
  }
  alignas(64) u32 t[N * 64];
  gather<N>(w.group->lds, x.at, t, n);
  blend_rows(d, t, x.mask, n, N);
}
template <unsigned N> W2W_INLINE void store_from(Wave &w, const Offsets &x, const u32 *d) {
  unsigned n = w.lanes;
  u8 *lds = w.group->lds;
  auto one = [&](unsigned l) {
    u32 t[N];
    for (unsigned k = 0; k < N; k++)
      t[k] = d[k * n + l];
    memcpy(lds + x.at[l], t, sizeof t);
  };
  if (x.mask == w.full_exec()) {
    for (unsigned l = 0; l < n; l++)
      one(l);
    return;
  }
  EACH_LANE(l, x.mask) one(unsigned(l));
}

template <unsigned N> int lds_load(Wave &w, const Inst &i, StopInfo &s) {
  Offsets x;
  if (!offsets(w, i, u32(i.offset), 4 * N, MemoryAccess::Read, s, x))
    return kStop;
  if (x.mask)
    load_to<N>(w, x, w.v + i.dst.offset);
  return kContinue;
}
template <unsigned N> int lds_store(Wave &w, const Inst &i, StopInfo &s) {
  Offsets x;
  if (!offsets(w, i, u32(i.offset), 4 * N, MemoryAccess::Write, s, x))
    return kStop;
  store_from<N>(w, x, w.v + i.src[1].offset);
  return kContinue;
}
/// Two places. Both sets of offsets are known before the first result can overwrite the address.
template <unsigned N> int lds_load2(Wave &w, const Inst &i, StopInfo &s) {
  Offsets x, y;
  if (!offsets(w, i, u32(i.offset), 4 * N, MemoryAccess::Read, s, x) ||
      !offsets(w, i, i.offset1, 4 * N, MemoryAccess::Read, s, y))
    return kStop;
  if (x.mask) {
    load_to<N>(w, x, w.v + i.dst.offset);
    load_to<N>(w, y, w.v + i.dst.offset + N * w.lanes);
  }
  return kContinue;
}
template <unsigned N> int lds_store2(Wave &w, const Inst &i, StopInfo &s) {
  Offsets x, y;
  if (!offsets(w, i, u32(i.offset), 4 * N, MemoryAccess::Write, s, x) ||
      !offsets(w, i, i.offset1, 4 * N, MemoryAccess::Write, s, y))
    return kStop;
  store_from<N>(w, x, w.v + i.src[1].offset);
  store_from<N>(w, y, w.v + i.src[2].offset);
  return kContinue;
}
template <unsigned N> int exchange2(Wave &w, const Inst &i, StopInfo &s) {
  Offsets x[2];
  if (!offsets(w, i, u32(i.offset), 4 * N, MemoryAccess::Atomic, s, x[0]) ||
      !offsets(w, i, i.offset1, 4 * N, MemoryAccess::Atomic, s, x[1]))
    return kStop;
  unsigned n = w.lanes;
  u32 out[2 * N * 64];
  EACH_LANE(l, x[0].mask) {
    for (unsigned h = 0; h < 2; h++)
      if (x[h].at[l] % (4 * N))
        return misaligned(s, x[h].at[l], unsigned(l), 4 * N);
    // Both are read before either is written.
    u32 *to[2] = {&out[l], &out[N * n + l]};
    for (unsigned h = 0; h < 2; h++)
      for (unsigned k = 0; k < N; k++)
        memcpy(to[h] + k * n, w.group->lds + x[h].at[l] + 4 * k, 4);
    for (unsigned h = 0; h < 2; h++)
      for (unsigned k = 0; k < N; k++)
        memcpy(w.group->lds + x[h].at[l] + 4 * k, &w.v[i.src[1 + h].offset + k * n + l], 4);
  }
  blend_rows(w.v + i.dst.offset, out, x[0].mask, n, 2 * N);
  return kContinue;
}

} // namespace

int ds_read_b32(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load<1>(w, i, s);
}
int ds_read_b64(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load<2>(w, i, s);
}
int ds_read_b96(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load<3>(w, i, s);
}
int ds_read_b128(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load<4>(w, i, s);
}
int ds_write_b32(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store<1>(w, i, s);
}
int ds_write_b64(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store<2>(w, i, s);
}
int ds_write_b96(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store<3>(w, i, s);
}
int ds_write_b128(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store<4>(w, i, s);
}
int ds_read2_b32(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load2<1>(w, i, s);
}
int ds_read2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return lds_load2<2>(w, i, s);
}
int ds_write2_b32(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store2<1>(w, i, s);
}
int ds_write2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return lds_store2<2>(w, i, s);
}
int ds_wrxchg2_b32(Wave &w, const Inst &i, StopInfo &s) {
  return exchange2<1>(w, i, s);
}
int ds_wrxchg2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return exchange2<2>(w, i, s);
}
int ds_nop(Wave &, const Inst &, StopInfo &) {
  return kContinue;
}

} // namespace w2w::emu::isa::W2W_VARIANT
