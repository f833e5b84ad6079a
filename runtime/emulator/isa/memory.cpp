// Loads and stores: flat, global, scratch, buffer, LDS; scalar loads.
#include "runtime/emulator/isa/memory.h"

#include <string_view>

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

int refuse(Wave &w, const Inst &i, StopInfo &s, const char *why) {
  s.kind = StopKind::Unsupported;
  s.text = why;
  w.pc = i.pc;
  return kStop;
}

void clear_outside(Wave &w, const Inst &i, u64 lanes) {
  if (i.dst.where != Where::Vgpr)
    return;
  std::string_view name = i.opcode->name;
  bool d16 = name.find("d16") != name.npos && i.generation != 9;
  u32 keep = !d16 ? 0 : name.ends_with("_hi") ? 0xffffu : 0xffff0000u;
  unsigned rows = (i.opcode->bytes + 3u) / 4;
  EACH_LANE(l, lanes) {
    for (unsigned k = 0; k < rows; k++)
      w.v[i.dst.offset + k * w.lanes + l] &= keep;
  }
}

bool permitted(const Wave &w, Lanes &x, u32 size, MemoryAccess access, StopInfo &s) {
  unsigned n = w.lanes;
  if (x.mask != w.full_exec()) {
    u64 some = x.at[first_lane(x.mask)];
    for (unsigned base = 0; base < n; base += 32) {
      u32 half = u32(x.mask >> base);
      for (unsigned l = 0; l < 32; l++)
        x.at[base + l] = half >> l & 1 ? x.at[base + l] : some;
    }
  }
  u64 lo = x.at[0], hi = x.at[0];
  for (unsigned l = 0; l < n; l++) {
    u64 a = x.at[l];
    lo = a < lo ? a : lo;
    hi = a > hi ? a : hi;
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

namespace {
/// Buffers without swizzling (RDNA3 ISA, "Buffer Addressing" and "Range checking"; MI300 ISA the
/// same). gfx9: structured if the instruction has an index and the resource a stride, else raw.
/// Later: as OOB_SELECT (bits 125:124) says.
void buffer_addresses(const Wave &w, const Inst &i, Lanes &x, u32 extra) {
  unsigned n = w.lanes;
  const Operand &sbase = i.src[2], &soffset = i.src[3];
  const u32 *p = w.v + i.src[0].offset, *d = w.s.data() + sbase.index;
  u64 base = (d[0] | u64(d[1]) << 32) & 0xffffffffffffull;
  u32 stride = d[1] >> 16 & 0x3fff, records = d[2];
  bool add_tid = d[3] >> 23 & 1, swizzled = d[1] >> (i.generation >= 11 ? 30 : 31);
  u32 scalar =
      soffset.where == Where::None || soffset.where == Where::Off ? 0 : scalar32(w, soffset);
  const u32 *voffset = i.idxen ? p + n : p;
  if (add_tid) {
    // The private segment's swizzled buffer: the scalar offset counts bytes of the whole wave
    // (wave.h).
    x.space = MemorySpace::Scratch;
    for (unsigned l = 0; l < n; l++)
      x.at[l] = u32((i.offen ? voffset[l] : 0) + extra + scalar / n);
    return;
  }
  if (swizzled) {
    x.refused = "swizzled buffer resources are not emulated";
    return;
  }
  enum { kStructured, kIndex, kUnchecked, kRaw };
  unsigned check = i.generation == 9 ? (stride && i.idxen ? kStructured : kRaw) : d[3] >> 28 & 3;
  u64 size = i.opcode->bytes, end = records;
  EACH_LANE(lane, x.mask) {
    unsigned l = unsigned(lane);
    u32 index = i.idxen ? p[l] : 0, offset = (i.offen ? voffset[l] : 0) + extra;
    u64 within = u64(index) * stride + offset;
    bool out = false, unsure = false;
    switch (check) {
    case kStructured:
      out = index >= records || offset + size > stride;
      // gfx9 compares where the access begins.
      unsure = i.generation == 9 && out && index < records && offset < stride;
      break;
    case kIndex:
      out = index >= records;
      break;
    case kUnchecked:
      out = !records;
      break;
    case kRaw:
      out = within + size + scalar > end;
      // gfx9's text has the scalar offset in the comparison and gives no size; LLVM says the
      // scalar offset is not in it.
      unsure = out != (within + size > end) || (i.generation == 9 && out && within + scalar < end);
      break;
    }
    if (unsure)
      x.refused = "a buffer access over the end of its resource, where the documents differ";
    x.outside |= u64(out) << l;
    x.at[l] = base + within + scalar;
  }
  x.mask &= ~x.outside;
}
} // namespace

void addresses(const Wave &w, const Inst &i, Lanes &x, u64 extra) {
  unsigned n = w.lanes;
  const Operand &v = i.src[0], &sbase = i.src[2];
  const u32 *p = w.v + v.offset;
  if (i.opcode->form == Form::Buffer) {
    buffer_addresses(w, i, x, u32(extra));
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
  bool has_scalar =
      x.space == MemorySpace::Scratch && sbase.where != Where::None && sbase.where != Where::Off;
  if (has_scalar && i.generation == 9 && i.offset < 0) {
    x.refused = "a scratch access with a scalar and a negative constant offset page-faults on gfx9";
    return;
  }
  if (x.space == MemorySpace::Scratch && i.generation < 12) {
    // Register offsets are unsigned and do not wrap: a negative one is far outside (LLVM
    // AMDGPUDAGToDAGISel::isFlatScratchBaseLegal).
    u64 base = extra + (has_scalar ? scalar32(w, sbase) : 0);
    for (unsigned l = 0; l < n; l++)
      x.at[l] = (v.where == Where::Vgpr ? p[l] : 0) + base;
    return;
  }
  // LDS, and scratch of gfx12: 32-bit offsets that wrap
  u32 base = u32(extra) + (has_scalar ? scalar32(w, sbase) : 0);
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
  bool ok = per_segment(w, i, s, [&](Lanes &x) {
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

/// All lanes of a checked access: those that are off have the address of one that is on.
/// 64 bits go in one host access, as on a GPU: two halves would let another lane see a torn value.
typedef u64 WholeDwordPair __attribute__((aligned(4), may_alias));
template <unsigned N> W2W_INLINE void gather(u64 base, const u64 *at, u32 *d, unsigned n) {
  auto p = [&](unsigned l) { return reinterpret_cast<const u8 *>(base + at[l]); };
  if constexpr (N == 4) {
    for (unsigned l = 0; l < n; l += 4)
      transpose4(p(l), p(l + 1), p(l + 2), p(l + 3), d + l, n);
  } else {
    for (unsigned l = 0; l < n; l++) {
      Data<N> t;
      if constexpr (N == 2)
        t = bits<Data<2>>(*reinterpret_cast<const volatile WholeDwordPair *>(p(l)));
      else
        memcpy(&t, p(l), sizeof t);
      for (unsigned k = 0; k < N; k++)
        d[k * n + l] = t.r[k];
    }
  }
}
template <unsigned N> W2W_INLINE void load_rows(Wave &w, const Lanes &x, u32 *d) {
  unsigned n = w.lanes;
  if (x.space == MemorySpace::Scratch) {
    EACH_LANE(l, x.mask) {
      for (unsigned k = 0; k < N; k++)
        d[k * n + l] = read_at<u32>(w, x, unsigned(l), 4 * k);
    }
    return;
  }
  u64 base = x.space == MemorySpace::Lds ? u64(w.group->lds) : 0;
  if (x.mask == w.full_exec()) {
    gather<N>(base, x.at, d, n);
    return;
  }
  alignas(64) u32 t[N * 64];
  gather<N>(base, x.at, t, n);
  blend_rows(d, t, x.mask, n, N);
}
template <unsigned N> W2W_INLINE void store_rows(Wave &w, const Lanes &x, const u32 *d) {
  unsigned n = w.lanes;
  if (x.space == MemorySpace::Scratch) {
    EACH_LANE(l, x.mask) {
      for (unsigned k = 0; k < N; k++)
        write_at<u32>(w, x, unsigned(l), 4 * k, d[k * n + l]);
    }
    return;
  }
  u64 base = x.space == MemorySpace::Lds ? u64(w.group->lds) : 0;
  auto one = [&](unsigned l) {
    if constexpr (N == 4) { // in one store: other lanes see all of it or nothing, as on a GPU
      typedef u32 v4 __attribute__((ext_vector_type(4)));
      v4 t = {d[l], d[n + l], d[2 * n + l], d[3 * n + l]};
      memcpy(reinterpret_cast<void *>(base + x.at[l]), &t, sizeof t);
      return;
    }
    if constexpr (N == 2) {
      *reinterpret_cast<volatile WholeDwordPair *>(base + x.at[l]) = d[l] | u64(d[n + l]) << 32;
      return;
    }
    Data<N> t;
    for (unsigned k = 0; k < N; k++)
      t.r[k] = d[k * n + l];
    memcpy(reinterpret_cast<void *>(base + x.at[l]), &t, sizeof t);
  };
  if (x.mask == w.full_exec()) {
    for (unsigned l = 0; l < n; l++)
      one(l);
    return;
  }
  EACH_LANE(l, x.mask) one(unsigned(l));
}

template <unsigned N> int load(Wave &w, const Inst &i, StopInfo &s) {
  u32 *d = w.v + i.dst.offset;
  bool ok = per_segment(w, i, s, [&](Lanes &x) {
    if (!permitted(w, x, 4 * N, MemoryAccess::Read, s))
      return false;
    load_rows<N>(w, x, d);
    return true;
  });
  return ok ? kContinue : kStop;
}
template <unsigned N> int store(Wave &w, const Inst &i, StopInfo &s) {
  const u32 *d = w.v + i.src[1].offset;
  bool ok = per_segment(w, i, s, [&](Lanes &x) {
    if (!permitted(w, x, 4 * N, MemoryAccess::Write, s))
      return false;
    store_rows<N>(w, x, d);
    return true;
  });
  return ok ? kContinue : kStop;
}
template <class T, unsigned SHIFT> int store_small(Wave &w, const Inst &i, StopInfo &s) {
  const u32 *d = w.v + i.src[1].offset;
  unsigned shift = i.src[1].sel == Sel::Word1 ? 16 : SHIFT;
  bool ok = per_segment(w, i, s, [&](Lanes &x) {
    if (!permitted(w, x, sizeof(T), MemoryAccess::Write, s))
      return false;
    EACH_LANE(l, x.mask) {
      write_at<T>(w, x, unsigned(l), 0, T(d[l] >> shift));
    }
    return true;
  });
  return ok ? kContinue : kStop;
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

} // namespace w2w::emu::isa::W2W_VARIANT
