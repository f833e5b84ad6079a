// Instructions that move data between lanes: readlane, permlane, mbcnt, LDS permutes and swizzle,
// append and consume.
#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {

int readfirstlane(Wave &w, const Inst &i, StopInfo &) {
  u64 exec = exec_mask(w);
  unsigned lane = exec ? first_lane(exec) : 0;
  const Operand &o = i.src[0];
  set_scalar32(w, i.dst, o.where == Where::Vgpr ? w.v[o.offset + lane] : scalar32(w, o));
  return kContinue;
}
int readlane(Wave &w, const Inst &i, StopInfo &) {
  unsigned lane = scalar32(w, i.src[1]) & (w.lanes - 1);
  const Operand &o = i.src[0];
  set_scalar32(w, i.dst, o.where == Where::Vgpr ? w.v[o.offset + lane] : scalar32(w, o));
  return kContinue;
}
/// EXEC does not matter.
int writelane(Wave &w, const Inst &i, StopInfo &) {
  unsigned lane = scalar32(w, i.src[1]) & (w.lanes - 1);
  w.v[i.dst.offset + lane] = scalar32(w, i.src[0]);
  return kContinue;
}
int swap(Wave &w, const Inst &i, StopInfo &) {
  u32 *a = w.v + i.dst.offset, *b = w.v + i.src[0].offset;
  bool small = is16(i.opcode->dst);
  unsigned sa = small && i.dst.sel == Sel::Word1 ? 16 : 0,
           sb = small && i.src[0].sel == Sel::Word1 ? 16 : 0;
  u32 field = small ? 0xffffu : ~0u;
  EACH_LANE(l, exec_mask(w)) {
    u32 x = a[l] >> sa & field, y = b[l] >> sb & field;
    a[l] = (a[l] & ~(field << sa)) | y << sa;
    b[l] = (b[l] & ~(field << sb)) | x << sb;
  }
  return kContinue;
}

namespace {
/// d[l] = src0 of the lane that pick(l) names, if that lane is active or FI is set; else 0 with BC,
/// else unchanged.
template <class F> int permute_rows(Wave &w, const Inst &i, F pick) {
  unsigned n = w.lanes;
  Rows t, out;
  const u32 *p = source(w, i.src[0], t);
  u64 exec = exec_mask(w), write = exec;
  for (unsigned l = 0; l < n; l++) {
    unsigned from = pick(l);
    bool ok = i.fetch_inactive || exec >> from & 1;
    out.r[l] = ok ? p[from] : 0;
    if (!ok && !i.bound_ctrl)
      write &= ~(u64(1) << l);
  }
  blend(w.v + i.dst.offset, out.r, write, n);
  return kContinue;
}
} // namespace
/// The selects are 16 nibbles in two scalars, the same for every row; x16 reads from the other row
/// of the pair.
int permlane16(Wave &w, const Inst &i, StopInfo &) {
  u64 selects = scalar32(w, i.src[1]) | u64(scalar32(w, i.src[2])) << 32;
  unsigned other = i.opcode->extra;
  return permute_rows(w, i, [&](unsigned l) {
    return ((l & ~15u) ^ other) | unsigned(selects >> (l % 16 * 4) & 15);
  });
}
int permlane16_var(Wave &w, const Inst &i, StopInfo &) {
  Rows t;
  const u32 *by = source(w, i.src[1], t);
  unsigned other = i.opcode->extra;
  return permute_rows(w, i, [&](unsigned l) { return ((l & ~15u) ^ other) | (by[l] & 15); });
}
int permlane64(Wave &w, const Inst &i, StopInfo &) {
  if (w.lanes == 32)
    return kContinue;
  Rows t, out;
  const u32 *p = source(w, i.src[0], t);
  for (unsigned l = 0; l < 64; l++)
    out.r[l] = p[l ^ 32];
  blend(w.v + i.dst.offset, out.r, exec_mask(w), 64);
  return kContinue;
}
/// lo counts the bits of src0 below the lane in lanes 0-31 of the mask, hi in lanes 32-63.
int mbcnt(Wave &w, const Inst &i, StopInfo &) {
  unsigned n = w.lanes;
  Rows t[2], out;
  const u32 *a = source(w, i.src[0], t[0]), *b = source(w, i.src[1], t[1]);
  bool hi = i.opcode->extra;
  for (unsigned l = 0; l < n; l++) {
    u64 below = (u64(1) << l) - 1;
    out.r[l] = u32(__builtin_popcount(a[l] & u32(hi ? below >> 32 : below))) + b[l];
  }
  blend(w.v + i.dst.offset, out.r, exec_mask(w), n);
  return kContinue;
}
/// Vector register indexing by M0 (RDNA): s: source, d: destination, the _2 form has two indices in
/// M0.
int movrel(Wave &w, const Inst &i, StopInfo &s) {
  u32 m0 = w.s.data()[kM0];
  unsigned kind = i.opcode->extra;
  u32 by_source = kind == 3 ? m0 & 0x3ff : kind == 1 ? 0 : m0;
  u32 by_dest = kind == 3 ? m0 >> 16 & 0x3ff : kind == 0 ? 0 : m0;
  u64 from = u64(i.src[0].index) + by_source, to = u64(i.dst.index) + by_dest;
  bool vgpr = i.src[0].where == Where::Vgpr;
  if ((vgpr && from >= w.vgprs) || to >= w.vgprs) {
    s.kind = StopKind::BadRegister;
    s.text = "v_movrel beyond the wave's vector registers";
    w.pc = i.pc;
    return kStop;
  }
  Rows t;
  const u32 *p = vgpr ? w.row(unsigned(from)) : source(w, i.src[0], t);
  blend(w.row(unsigned(to)), p, exec_mask(w), w.lanes);
  return kContinue;
}
/// Both registers' numbers come from M0: source [9:0], destination [25:16].
int swaprel(Wave &w, const Inst &i, StopInfo &s) {
  u32 m0 = w.s.data()[kM0];
  u32 from = i.src[0].index + (m0 & 0x3ff), to = i.dst.index + (m0 >> 16 & 0x3ff);
  if (from >= w.vgprs || to >= w.vgprs) {
    s.kind = StopKind::BadRegister;
    s.text = "v_swaprel beyond the wave's vector registers";
    w.pc = i.pc;
    return kStop;
  }
  u32 *a = w.row(to), *b = w.row(from);
  EACH_LANE(l, exec_mask(w)) {
    u32 x = a[l];
    a[l] = b[l], b[l] = x;
  }
  return kContinue;
}
/// Bytes k to k + 3 of src0 against those of src1 that are not zero, added to dword k of src2.
int mqsad_u32_u8(Wave &w, const Inst &i, StopInfo &) {
  unsigned n = w.lanes;
  Rows ta, tb;
  const u32 *a = source(w, i.src[0], ta), *b = source(w, i.src[1], tb);
  const u32 *c = w.v + i.src[2].offset;
  alignas(64) u32 out[4 * 64];
  for (unsigned l = 0; l < n; l++)
    for (unsigned k = 0; k < 4; k++)
      out[k * n + l] = msad_u8(u32(load64(a, l, n) >> (8 * k)), b[l]) + c[k * n + l];
  blend_rows(w.v + i.dst.offset, out, exec_mask(w), n, 4);
  return kContinue;
}

// ---- through LDS hardware, without LDS memory
namespace {
/// gfx10 and gfx11 in wave64 permute within each half of 32 lanes only.
W2W_INLINE unsigned reach(const Wave &w, const Inst &i) {
  return w.lanes == 64 && (i.generation == 10 || i.generation == 11) ? 32 : w.lanes;
}
} // namespace
int ds_permute(Wave &w, const Inst &i, StopInfo &) {
  unsigned n = w.lanes, r = reach(w, i);
  const u32 *address = w.v + i.src[0].offset, *data = w.v + i.src[1].offset;
  Rows out;
  memset(out.r, 0, sizeof(u32) * n);
  u64 exec = exec_mask(w);
  EACH_LANE(l, exec) {
    u32 to = (u32(l) & ~(r - 1)) | ((address[l] + u32(i.offset)) / 4 & (r - 1));
    out.r[to] = data[l];
  }
  blend(w.v + i.dst.offset, out.r, exec, n);
  return kContinue;
}
namespace {
int bpermute(Wave &w, const Inst &i, u64 readable) {
  unsigned n = w.lanes, r = reach(w, i);
  const u32 *address = w.v + i.src[0].offset, *data = w.v + i.src[1].offset;
  Rows out;
  for (unsigned l = 0; l < n; l++) {
    u32 from = (l & ~(r - 1)) | ((address[l] + u32(i.offset)) / 4 & (r - 1));
    out.r[l] = readable >> from & 1 ? data[from] : 0;
  }
  blend(w.v + i.dst.offset, out.r, exec_mask(w), n);
  return kContinue;
}
} // namespace
int ds_bpermute(Wave &w, const Inst &i, StopInfo &) {
  return bpermute(w, i, exec_mask(w));
}
int ds_bpermute_fi(Wave &w, const Inst &i, StopInfo &) {
  return bpermute(w, i, w.full_exec());
}
/// Offset bit 15: quad permute by four 2-bit selects, else xor, or and and masks within 32 lanes.
/// gfx9 and later, 0xe000 and above: FFT; 0xc000 to 0xdfff: rotate.
int ds_swizzle(Wave &w, const Inst &i, StopInfo &) {
  unsigned n = w.lanes;
  u32 o = u32(i.offset);
  const u32 *p = w.v + i.src[0].offset;
  u64 exec = exec_mask(w);
  Rows out;
  for (unsigned l = 0; l < n; l++) {
    unsigned base = l & ~31u, in = l & 31, from;
    if (o >= 0xe000) {
      // FFT: the bits of the mask keep their place, the others are bit-reversed.
      unsigned mask = o & 31, reversed = __builtin_bitreverse32(in) >> 27;
      from = base | reversed >> __builtin_popcount(mask) | (in & mask);
    } else if (o >= 0xc000) {
      unsigned mask = o & 31, amount = o >> 5 & 31;
      bool down = o >> 10 & 1;
      unsigned turned = (down ? in - amount : in + amount) & 31;
      from = base | (in & mask) | (turned & ~mask);
    } else if (o & 0x8000) {
      from = (l & ~3u) | (o >> (l % 4 * 2) & 3);
    } else {
      from = base | (((in & (o & 31)) | (o >> 5 & 31)) ^ (o >> 10 & 31));
    }
    out.r[l] = exec >> from & 1 ? p[from] : 0;
  }
  blend(w.v + i.dst.offset, out.r, exec, n);
  return kContinue;
}

namespace {
/// ds_append and ds_consume: one counter at M0[15:0] + offset, changed by the number of active
/// lanes.
int count_lanes(Wave &w, const Inst &i, StopInfo &s, i32 sign) {
  u64 exec = exec_mask(w);
  if (!exec)
    return kContinue;
  // RDNA4's text has no M0 in the address, LLVM puts the address there.
  if (i.generation >= 12 && w.s.data()[kM0] & 0xffff)
    return refuse(w, i, s, "ds_append and ds_consume of gfx12 with an address in M0");
  Lanes x;
  x.space = MemorySpace::Lds;
  x.mask = 1;
  x.at[0] = (w.s.data()[kM0] & 0xffff) + u64(i.offset);
  for (unsigned l = 1; l < w.lanes; l++)
    x.at[l] = 0;
  if (x.at[0] % 4)
    return fault(s, x, 0, 4, MemoryAccess::Atomic);
  if (!permitted(w, x, 4, MemoryAccess::Atomic, s))
    return kStop;
  u32 old = read_at<u32>(w, x, 0, 0);
  write_at<u32>(w, x, 0, 0, old + u32(sign * __builtin_popcountll(exec)));
  Rows out;
  fill(out.r, old, w.lanes);
  blend(w.v + i.dst.offset, out.r, exec, w.lanes);
  return kContinue;
}
/// LDS at M0[15:0] + offset + 4 * lane.
void by_lane(const Wave &w, const Inst &i, Lanes &x) {
  x.space = MemorySpace::Lds;
  x.mask = exec_mask(w);
  for (unsigned l = 0; l < w.lanes; l++)
    x.at[l] = (w.s.data()[kM0] & 0xffff) + u64(i.offset) + 4 * l;
}
} // namespace
int ds_append(Wave &w, const Inst &i, StopInfo &s) {
  return count_lanes(w, i, s, 1);
}
int ds_consume(Wave &w, const Inst &i, StopInfo &s) {
  return count_lanes(w, i, s, -1);
}
int ds_read_addtid(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x;
  by_lane(w, i, x);
  if (!x.mask)
    return kContinue;
  if (!permitted(w, x, 4, MemoryAccess::Read, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    w.v[i.dst.offset + l] = read_at<u32>(w, x, unsigned(l), 0);
  }
  return kContinue;
}
int ds_write_addtid(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x;
  by_lane(w, i, x);
  if (!x.mask)
    return kContinue;
  if (!permitted(w, x, 4, MemoryAccess::Write, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    write_at<u32>(w, x, unsigned(l), 0, w.v[i.src[1].offset + l]);
  }
  return kContinue;
}

} // namespace w2w::emu::isa::W2W_VARIANT
