// Loads and stores: flat, global, scratch, buffer, LDS; scalar loads.
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {

int fault(StopInfo &s, const Lanes &x, unsigned lane, u32 size, MemoryAccess access) {
  s.kind = StopKind::MemoryFault;
  s.address = x.at[lane];
  s.size = size;
  s.lane = lane;
  s.access = access;
  s.space = x.space;
  return kStop;
}

bool permitted(const Wave &w, const Lanes &x, u32 size, MemoryAccess access, StopInfo &s) {
  u64 lo = ~u64(0), hi = 0;
  for (unsigned l = 0; l < w.lanes; l++) {
    bool on = x.mask >> l & 1;
    u64 a = x.at[l];
    lo = on && a < lo ? a : lo;
    hi = on && a > hi ? a : hi;
  }
  if (x.space == MemorySpace::Global) {
    if (hi + size > hi && memory_accessible(*w.group, lo, hi + size, access))
      return true;
    EACH_LANE(l, x.mask) {
      u64 a = x.at[l];
      if (a + size < a || !memory_accessible(*w.group, a, a + size, access))
        return fault(s, x, unsigned(l), size, access), false;
    }
    return true;
  }
  u64 limit = x.space == MemorySpace::Lds ? w.group->lds_size : w.scratch_per_lane;
  if (hi + size <= limit && hi + size > hi)
    return true;
  EACH_LANE(l, x.mask) {
    if (x.at[l] + size > limit || x.at[l] + size < size)
      return fault(s, x, unsigned(l), size, access), false;
  }
  return true;
}

void addresses(const Wave &w, const Inst &i, Lanes &x, u64 extra) {
  unsigned n = w.lanes;
  const Operand &v = i.src[0], &sbase = i.src[2], &soffset = i.src[3];
  const u32 *p = w.v + v.offset;
  if (i.opcode->form == Form::Buffer) {
    // Raw and structured buffers without swizzling (RDNA3 ISA, "Buffer Addressing").
    u32 d0 = w.s.data()[sbase.index], d1 = w.s.data()[sbase.index + 1],
        records = w.s.data()[sbase.index + 2];
    u64 base = (d0 | u64(d1) << 32) & 0xffffffffffffull;
    u32 stride = d1 >> 16 & 0x3fff;
    bool add_tid = w.s.data()[sbase.index + 3] >> 23 & 1;
    u32 scalar =
        soffset.where == Where::None || soffset.where == Where::Off ? 0 : scalar32(w, soffset);
    if (add_tid) {
      // The private segment's swizzled buffer: the scalar offset counts bytes of the whole wave
      // (wave.h).
      x.space = MemorySpace::Scratch;
      for (unsigned l = 0; l < n; l++)
        x.at[l] = u32((i.offen ? p[l] : 0) + u32(extra) + scalar / n);
      return;
    }
    u32 size = 4 * dwords(i.opcode->dst);
    const u32 *voffset = i.idxen ? p + n : p;
    for (unsigned l = 0; l < n; l++) {
      u32 index = i.idxen ? p[l] : 0, offset = (i.offen ? voffset[l] : 0) + u32(extra);
      u64 within = u64(index) * stride + offset;
      bool out = stride && i.idxen ? index >= records || offset >= stride
                                   : within + scalar + size > records;
      if (out)
        x.mask &= ~(u64(1) << l);
      x.at[l] = base + within + scalar;
    }
    return;
  }
  if (x.space == MemorySpace::Global) {
    if (sbase.where == Where::None || sbase.where == Where::Off) {
      for (unsigned l = 0; l < n; l++)
        x.at[l] = (p[l] | u64(p[n + l]) << 32) + extra;
    } else {
      u64 base = scalar64(w, sbase) + extra;
      if (v.where == Where::Vgpr)
        for (unsigned l = 0; l < n; l++)
          x.at[l] = base + p[l];
      else
        for (unsigned l = 0; l < n; l++)
          x.at[l] = base;
    }
    return;
  }
  // LDS and scratch: 32-bit offsets
  u32 base = u32(extra);
  if (x.space == MemorySpace::Scratch && sbase.where != Where::None && sbase.where != Where::Off)
    base += scalar32(w, sbase);
  if (v.where == Where::Vgpr)
    for (unsigned l = 0; l < n; l++)
      x.at[l] = p[l] + base;
  else
    for (unsigned l = 0; l < n; l++)
      x.at[l] = base;
}

namespace {

/// T: what is read; the result is zero- or sign-extended to a dword. H: 0 whole dword, 1 low half,
/// 2 high half (d16).
template <class T, unsigned H> int load_small(Wave &w, const Inst &i, StopInfo &s) {
  u32 *d = w.v + i.dst.offset;
  bool ok = per_segment(w, i, [&](Lanes &x) {
    if (!permitted(w, x, sizeof(T), MemoryAccess::Read, s))
      return false;
    EACH_LANE(l, x.mask) {
      u32 r = u32(i32(read_at<T>(w, x, unsigned(l), 0)));
      // gfx90a and gfx942 have ECC registers: a d16 load clears the other half.
      u32 old = i.generation == 9 ? 0 : d[l];
      if (H == 1)
        r = (old & 0xffff0000u) | (r & 0xffff);
      if (H == 2)
        r = (old & 0xffff) | r << 16;
      d[l] = r;
    }
    return true;
  });
  return ok ? kContinue : kStop;
}

template <unsigned N> struct Data {
  u32 r[N];
};

template <unsigned N> W2W_INLINE void load_rows(Wave &w, const Lanes &x, u32 *d, u64 plus) {
  unsigned n = w.lanes;
  if (x.space == MemorySpace::Scratch) {
    EACH_LANE(l, x.mask) {
      for (unsigned k = 0; k < N; k++)
        d[k * n + l] = read_at<u32>(w, x, unsigned(l), plus + 4 * k);
    }
    return;
  }
  u64 base = (x.space == MemorySpace::Lds ? u64(w.group->lds) : 0) + plus;
  if (N == 1 && x.mask == w.full_exec()) {
    for (unsigned l = 0; l < n; l++)
      memcpy(d + l, reinterpret_cast<const void *>(base + x.at[l]), 4);
    return;
  }
  EACH_LANE(l, x.mask) {
    Data<N> t;
    memcpy(&t, reinterpret_cast<const void *>(base + x.at[l]), sizeof t);
    for (unsigned k = 0; k < N; k++)
      d[k * n + l] = t.r[k];
  }
}
template <unsigned N> W2W_INLINE void store_rows(Wave &w, const Lanes &x, const u32 *d, u64 plus) {
  unsigned n = w.lanes;
  if (x.space == MemorySpace::Scratch) {
    EACH_LANE(l, x.mask) {
      for (unsigned k = 0; k < N; k++)
        write_at<u32>(w, x, unsigned(l), plus + 4 * k, d[k * n + l]);
    }
    return;
  }
  u64 base = (x.space == MemorySpace::Lds ? u64(w.group->lds) : 0) + plus;
  EACH_LANE(l, x.mask) {
    Data<N> t;
    for (unsigned k = 0; k < N; k++)
      t.r[k] = d[k * n + l];
    memcpy(reinterpret_cast<void *>(base + x.at[l]), &t, sizeof t);
  }
}

template <unsigned N> int load(Wave &w, const Inst &i, StopInfo &s) {
  u32 *d = w.v + i.dst.offset;
  u64 outside = 0;
  if (i.opcode->form == Form::Buffer) {
    Lanes x;
    x.mask = exec_mask(w);
    x.space = i.space;
    addresses(w, i, x, u64(i.offset));
    outside = exec_mask(w) & ~x.mask;
  }
  bool ok = per_segment(w, i, [&](Lanes &x) {
    if (!permitted(w, x, 4 * N, MemoryAccess::Read, s))
      return false;
    load_rows<N>(w, x, d, 0);
    return true;
  });
  // Lanes outside a buffer's bounds read zero.
  EACH_LANE(l, ok ? outside : 0) {
    for (unsigned k = 0; k < N; k++)
      d[k * w.lanes + l] = 0;
  }
  return ok ? kContinue : kStop;
}
template <unsigned N> int store(Wave &w, const Inst &i, StopInfo &s) {
  const u32 *d = w.v + i.src[1].offset;
  bool ok = per_segment(w, i, [&](Lanes &x) {
    if (!permitted(w, x, 4 * N, MemoryAccess::Write, s))
      return false;
    store_rows<N>(w, x, d, 0);
    return true;
  });
  return ok ? kContinue : kStop;
}
template <class T, unsigned SHIFT> int store_small(Wave &w, const Inst &i, StopInfo &s) {
  const u32 *d = w.v + i.src[1].offset;
  unsigned shift = i.src[1].sel == Sel::Word1 ? 16 : SHIFT;
  bool ok = per_segment(w, i, [&](Lanes &x) {
    if (!permitted(w, x, sizeof(T), MemoryAccess::Write, s))
      return false;
    EACH_LANE(l, x.mask) {
      write_at<T>(w, x, unsigned(l), 0, T(d[l] >> shift));
    }
    return true;
  });
  return ok ? kContinue : kStop;
}

/// Both places of a two-address LDS access in turn: f(lanes, 0 or 1).
template <class F>
int two(Wave &w, const Inst &i, StopInfo &s, u32 size, MemoryAccess access, F f) {
  Lanes x[2];
  for (unsigned k = 0; k < 2; k++) {
    x[k].space = MemorySpace::Lds;
    x[k].mask = exec_mask(w);
    if (!x[k].mask)
      return kContinue;
    addresses(w, i, x[k], k ? i.offset1 : u64(i.offset));
    if (!permitted(w, x[k], size, access, s))
      return kStop;
  }
  f(x);
  return kContinue;
}

} // namespace

int load_u8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u8, 0>(w, i, s);
}
int load_i8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i8, 0>(w, i, s);
}
int load_u16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u16, 0>(w, i, s);
}
int load_i16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i16, 0>(w, i, s);
}
int load_d16_u8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u8, 1>(w, i, s);
}
int load_d16_i8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i8, 1>(w, i, s);
}
int load_d16_b16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u16, 1>(w, i, s);
}
int load_d16_hi_u8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u8, 2>(w, i, s);
}
int load_d16_hi_i8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i8, 2>(w, i, s);
}
int load_d16_hi_b16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u16, 2>(w, i, s);
}
int load_b32(Wave &w, const Inst &i, StopInfo &s) {
  return load<1>(w, i, s);
}
int load_b64(Wave &w, const Inst &i, StopInfo &s) {
  return load<2>(w, i, s);
}
int load_b96(Wave &w, const Inst &i, StopInfo &s) {
  return load<3>(w, i, s);
}
int load_b128(Wave &w, const Inst &i, StopInfo &s) {
  return load<4>(w, i, s);
}
int store_b8(Wave &w, const Inst &i, StopInfo &s) {
  return store_small<u8, 0>(w, i, s);
}
int store_b16(Wave &w, const Inst &i, StopInfo &s) {
  return store_small<u16, 0>(w, i, s);
}
int store_d16_hi_b8(Wave &w, const Inst &i, StopInfo &s) {
  return store_small<u8, 16>(w, i, s);
}
int store_d16_hi_b16(Wave &w, const Inst &i, StopInfo &s) {
  return store_small<u16, 16>(w, i, s);
}
int store_b32(Wave &w, const Inst &i, StopInfo &s) {
  return store<1>(w, i, s);
}
int store_b64(Wave &w, const Inst &i, StopInfo &s) {
  return store<2>(w, i, s);
}
int store_b96(Wave &w, const Inst &i, StopInfo &s) {
  return store<3>(w, i, s);
}
int store_b128(Wave &w, const Inst &i, StopInfo &s) {
  return store<4>(w, i, s);
}

int ds_read2_b32(Wave &w, const Inst &i, StopInfo &s) {
  // The second address is found before the first result can overwrite the address register.
  return two(w, i, s, 4, MemoryAccess::Read, [&](Lanes *x) {
    load_rows<1>(w, x[0], w.v + i.dst.offset, 0);
    load_rows<1>(w, x[1], w.v + i.dst.offset + w.lanes, 0);
  });
}
int ds_read2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return two(w, i, s, 8, MemoryAccess::Read, [&](Lanes *x) {
    load_rows<2>(w, x[0], w.v + i.dst.offset, 0);
    load_rows<2>(w, x[1], w.v + i.dst.offset + 2 * w.lanes, 0);
  });
}
int ds_write2_b32(Wave &w, const Inst &i, StopInfo &s) {
  return two(w, i, s, 4, MemoryAccess::Write, [&](Lanes *x) {
    store_rows<1>(w, x[0], w.v + i.src[1].offset, 0);
    store_rows<1>(w, x[1], w.v + i.src[2].offset, 0);
  });
}
int ds_write2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return two(w, i, s, 8, MemoryAccess::Write, [&](Lanes *x) {
    store_rows<2>(w, x[0], w.v + i.src[1].offset, 0);
    store_rows<2>(w, x[1], w.v + i.src[2].offset, 0);
  });
}
namespace {
template <unsigned N> int exchange2(Wave &w, const Inst &i, StopInfo &s) {
  return two(w, i, s, 4 * N, MemoryAccess::Atomic, [&](Lanes *x) {
    unsigned n = w.lanes;
    u32 out[2 * N * 64];
    EACH_LANE(l, x[0].mask) {
      for (unsigned h = 0; h < 2; h++)
        for (unsigned k = 0; k < N; k++) {
          out[(h * N + k) * n + l] = read_at<u32>(w, x[h], unsigned(l), 4 * k);
          write_at<u32>(w, x[h], unsigned(l), 4 * k, w.v[i.src[1 + h].offset + k * n + l]);
        }
    }
    blend_rows(w.v + i.dst.offset, out, x[0].mask, n, 2 * N);
  });
}
} // namespace
int ds_wrxchg2_b32(Wave &w, const Inst &i, StopInfo &s) {
  return exchange2<1>(w, i, s);
}
int ds_wrxchg2_b64(Wave &w, const Inst &i, StopInfo &s) {
  return exchange2<2>(w, i, s);
}

int ds_nop(Wave &, const Inst &, StopInfo &) {
  return kContinue;
}

// ---- scalar loads
// ---------------------------------------------------------------------------------------------------
namespace {
bool scalar_permitted(const Wave &w, u64 a, u32 size, StopInfo &s) {
  if (a + size > a && memory_accessible(*w.group, a, a + size, MemoryAccess::Read))
    return true;
  s.kind = StopKind::MemoryFault;
  s.address = a;
  s.size = size;
  s.lane = 0;
  s.access = MemoryAccess::Read;
  s.space = MemorySpace::Scalar;
  return false;
}
u64 scalar_offset(const Wave &w, const Inst &i) {
  const Operand &o = i.src[1];
  return u64(i.offset) + (o.where == Where::None || o.where == Where::Off ? 0 : scalar32(w, o));
}
template <class T> int s_load_small(Wave &w, const Inst &i, StopInfo &s) {
  u64 a = scalar64(w, i.src[0]) + scalar_offset(w, i);
  if (!scalar_permitted(w, a, sizeof(T), s))
    return kStop;
  T x;
  memcpy(&x, reinterpret_cast<const void *>(a), sizeof x);
  w.s.data()[i.dst.index] = u32(i32(x));
  return kContinue;
}
} // namespace
int s_load(Wave &w, const Inst &i, StopInfo &s) {
  u64 a = (scalar64(w, i.src[0]) + scalar_offset(w, i)) & ~u64(3);
  u32 size = 4 * i.opcode->extra;
  if (!scalar_permitted(w, a, size, s))
    return kStop;
  memcpy(w.s.data() + i.dst.index, reinterpret_cast<const void *>(a), size);
  return kContinue;
}
int s_load_u8(Wave &w, const Inst &i, StopInfo &s) {
  return s_load_small<u8>(w, i, s);
}
int s_load_i8(Wave &w, const Inst &i, StopInfo &s) {
  return s_load_small<i8>(w, i, s);
}
int s_load_u16(Wave &w, const Inst &i, StopInfo &s) {
  return s_load_small<u16>(w, i, s);
}
int s_load_i16(Wave &w, const Inst &i, StopInfo &s) {
  return s_load_small<i16>(w, i, s);
}
int s_buffer_load(Wave &w, const Inst &i, StopInfo &s) {
  const u32 *d = w.s.data() + i.src[0].index;
  u64 base = (d[0] | u64(d[1]) << 32) & 0xffffffffffffull;
  u32 stride = d[1] >> 16 & 0x3fff;
  u64 limit = stride ? u64(stride) * d[2] : d[2];
  u64 offset = scalar_offset(w, i) & ~u64(3);
  u32 r[16];
  for (unsigned k = 0; k < i.opcode->extra; k++) {
    u64 o = offset + 4 * k;
    r[k] = 0;
    if (o + 4 > limit)
      continue;
    if (!scalar_permitted(w, base + o, 4, s))
      return kStop;
    memcpy(&r[k], reinterpret_cast<const void *>(base + o), 4);
  }
  memcpy(w.s.data() + i.dst.index, r, 4 * i.opcode->extra);
  return kContinue;
}

} // namespace w2w::emu::isa::W2W_VARIANT
