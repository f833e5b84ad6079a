// Executes vector instructions: fetches the sources, calls the row kernel, stores the lanes that
// EXEC selects. The plain shapes have short handlers; modifiers, DPP, SDWA, 16-bit halves and
// output modifiers go through the general ones.
#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/operands.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

// ---- plain shapes
// ---------------------------------------------------------------------------------------------------

template <unsigned N, bool Wide> int plain(Wave &w, const Inst &i, StopInfo &) {
  Rows t[N];
  const u32 *p[3] = {};
  for (unsigned k = 0; k < N; k++)
    p[k] = source(w, i.src[k], t[k]);
  unsigned n = w.lanes;
  u64 mask = exec_mask(w);
  u32 *d = w.v + i.dst.offset;
  if (mask == w.full_exec()) {
    i.row(d, p[0], p[1], p[2], n, kernel_mode(w, i));
    return kContinue;
  }
  if (!mask)
    return kContinue;
  Rows out;
  i.row(out.r, p[0], p[1], p[2], n, kernel_mode(w, i));
  blend_rows(d, out.r, mask, n, Wide ? 2 : 1);
  return kContinue;
}

int plain_compare(Wave &w, const Inst &i, StopInfo &) {
  Rows t[2];
  const u32 *a = source(w, i.src[0], t[0]), *b = source(w, i.src[1], t[1]);
  u64 mask = exec_mask(w);
  set_lane_mask(w, i.sdst, i.cmp(a, b, w.lanes, kernel_mode(w, i)) & mask);
  return kContinue;
}

// ---- general
// --------------------------------------------------------------------------------------------------------

/// For DPP: the lane that each lane reads, or -1 for none.
int dpp_source(const Inst &i, unsigned lane, unsigned n) {
  if (i.dpp == DppKind::Dpp8)
    return int((lane & ~7u) | (i.dpp8 >> (lane % 8 * 3) & 7));
  unsigned c = i.dpp_ctrl, row = lane & ~15u, in = lane & 15;
  unsigned by = c & 15;
  if (c <= 0xff)
    return int((lane & ~3u) | (c >> (lane % 4 * 2) & 3));
  switch (c >> 4) {
  case 0x10: // row_shl
    return in + by < 16 ? int(lane + by) : -1;
  case 0x11: // row_shr
    return in >= by ? int(lane - by) : -1;
  case 0x12: // row_ror
    return int(row + ((in - by) & 15));
  case 0x15: // row_share, row_newbcast
    return int(row + by);
  case 0x16: // row_xmask
    return int(row + (in ^ by));
  }
  switch (c) {
  case 0x130: // wave_shl
    return lane + 1 < n ? int(lane + 1) : -1;
  case 0x134: // wave_rol
    return int((lane + 1) % n);
  case 0x138: // wave_shr
    return int(lane) - 1;
  case 0x13c: // wave_ror
    return int((lane + n - 1) % n);
  case 0x140: // row_mirror
    return int(row + 15 - in);
  case 0x141: // row_half_mirror
    return int((lane & ~7u) + 7 - (lane & 7));
  case 0x142: // row_bcast:15
    return row ? int(row - 1) : -1;
  case 0x143: // row_bcast:31
    return lane >= 32 ? 31 : -1;
  }
  return -1;
}

/// Permutes `rows` rows of src0 into t; takes the lanes that DPP leaves unwritten out of `write`.
const u32 *apply_dpp(const Wave &w, const Inst &i, const u32 *p, unsigned rows, Rows &t,
                     u64 &write) {
  unsigned n = w.lanes;
  u64 exec = exec_mask(w);
  for (unsigned l = 0; l < n; l++) {
    int from = dpp_source(i, l, n);
    bool valid = from >= 0 && (i.fetch_inactive || exec >> from & 1);
    bool enabled = (i.row_mask >> (l / 16) & 1) && (i.bank_mask >> (l % 16 / 4) & 1);
    if (!enabled || (!valid && !i.bound_ctrl))
      write &= ~(u64(1) << l);
    for (unsigned k = 0; k < rows; k++)
      t.r[k * n + l] = valid ? p[k * n + unsigned(from)] : 0;
  }
  return t.r;
}

W2W_INLINE u32 select(u32 x, Sel s, bool sext) {
  switch (s) {
  case Sel::Dword:
    return x;
  case Sel::Word0:
    return sext ? u32(i32(i16(x))) : x & 0xffff;
  case Sel::Word1:
    return sext ? u32(i32(i16(x >> 16))) : x >> 16;
  default: {
    u32 b = x >> (8 * unsigned(s));
    return sext ? u32(i32(i8(b))) : b & 0xff;
  }
  }
}

W2W_INLINE u32 half_of(u32 x, bool hi) {
  return hi ? x >> 16 : x & 0xffff;
}

/// Source k with everything that its modifiers ask for.
const u32 *modified(const Wave &w, const Inst &i, unsigned k, Rows &t, u64 &write) {
  const Operand &o = i.src[k];
  unsigned n = w.lanes;
  Rows raw;
  const u32 *p = source(w, o, t);
  if (k == 0 && i.dpp != DppKind::None) {
    const u32 *q = apply_dpp(w, i, p, o.dwords, raw, write);
    memcpy(t.r, q, sizeof(u32) * n * o.dwords);
    p = t.r;
  }
  bool lo_from_hi = i.op_sel >> k & 1, hi_from_hi = i.op_sel_hi >> k & 1;
  u32 neg_lo = i.neg_lo >> k & 1, neg_hi = i.neg_hi >> k & 1;
  if (is_packed16(o.type)) {
    u32 flip = neg_lo << 15 | neg_hi << 31;
    if (o.type != Type::KF16 && o.type != Type::KBF16)
      flip = 0;
    for (unsigned l = 0; l < n; l++)
      t.r[l] = (half_of(p[l], lo_from_hi) | half_of(p[l], hi_from_hi) << 16) ^ flip;
    return t.r;
  }
  if (o.type == Type::KB32) {
    for (unsigned l = 0; l < n; l++)
      t.r[l] = p[lo_from_hi ? n + l : l];
    return t.r;
  }
  if (o.type == Type::KF32) {
    u32 flip = 0x80000000u;
    for (unsigned l = 0; l < n; l++) {
      u32 x = p[lo_from_hi ? n + l : l], y = p[hi_from_hi ? n + l : l];
      t.r[l] = x ^ (neg_lo ? flip : 0);
      t.r[n + l] = y ^ (neg_hi ? flip : 0);
    }
    return t.r;
  }
  if (o.type == Type::Mix) {
    for (unsigned l = 0; l < n; l++) {
      u32 x = hi_from_hi ? bits<u32>(load_f16(half_of(p[l], lo_from_hi), w.mode)) : p[l];
      if (o.mods & kAbs)
        x &= 0x7fffffffu;
      if (o.mods & kNeg)
        x ^= 0x80000000u;
      t.r[l] = x;
    }
    return t.r;
  }
  if (o.sel != Sel::Dword) {
    bool sext = o.mods & kSext;
    for (unsigned l = 0; l < n; l++)
      t.r[l] = select(p[l], o.sel, sext);
    p = t.r;
  }
  if (o.mods & (kNeg | kAbs)) {
    u32 sign = is16(o.type) ? 0x8000u : 0x80000000u;
    unsigned row = o.dwords == 2 ? n : 0;
    u32 clear = o.mods & kAbs ? sign : 0, flip = o.mods & kNeg ? sign : 0;
    if (row && p != t.r)
      memcpy(t.r, p, sizeof(u32) * n);
    for (unsigned l = 0; l < n; l++)
      t.r[row + l] = (p[row + l] & ~clear) ^ flip;
    p = t.r;
  }
  return p;
}

template <class T> W2W_INLINE T clamp01(T x, u32 mode, u8 generation) {
  if (x != x)
    return (mode & 0x100) || generation >= 12 ? T(0) : x;
  return x > T(0) ? (x < T(1) ? x : T(1)) : T(0);
}
W2W_INLINE u32 clamp_half(u32 h, u32 mode, u8 generation) {
  return f32_to_f16(clamp01(f16_to_f32(h), mode, generation));
}

/// Output modifier and clamp of floating-point results. RDNA3 ISA 7.2.3.1: the output modifier is
/// ignored if result denormals are kept, and in IEEE mode; it flushes denormals, and -0 to +0.
template <class T> W2W_INLINE T scaled(T x, T by) {
  T r = fmul(x, by);
  T least = sizeof(T) == 4 ? T(0x1p-126) : T(0x1p-1022);
  return r < least && r > -least ? T(0) : r;
}
void modify_result(const Wave &w, const Inst &i, u32 *r) {
  unsigned n = w.lanes;
  static const float scale[4] = {1.0f, 2.0f, 4.0f, 0.5f};
  u32 keep = i.dst.type == Type::F32 ? 0x20 : 0x80;
  u8 g = i.generation;
  bool ieee = g < 12 && (w.mode & 0x200);
  float by = ieee || (w.mode & keep) ? 1.0f : scale[i.omod];
  for (unsigned l = 0; l < n; l++) {
    switch (i.dst.type) {
    case Type::F32: {
      float x = bits<float>(r[l]);
      x = by != 1.0f ? scaled(x, by) : x;
      r[l] = bits<u32>(i.clamp ? clamp01(x, w.mode, g) : x);
      break;
    }
    case Type::F16: {
      float x = f16_to_f32(r[l] & 0xffff);
      x = by != 1.0f ? fmul(x, by) : x;
      if (by != 1.0f && __builtin_fabsf(x) < 0x1p-14f)
        x = 0;
      r[l] = f32_to_f16(i.clamp ? clamp01(x, w.mode, g) : x);
      break;
    }
    case Type::F64: {
      double x = bits<double>(load64(r, l, n));
      x = by != 1.0f ? scaled(x, double(by)) : x;
      store64(r, l, n, bits<u64>(i.clamp ? clamp01(x, w.mode, g) : x));
      break;
    }
    case Type::KF16:
      r[l] = clamp_half(r[l] & 0xffff, w.mode, g) | clamp_half(r[l] >> 16, w.mode, g) << 16;
      break;
    case Type::KF32:
      r[l] = bits<u32>(clamp01(bits<float>(r[l]), w.mode, g));
      r[n + l] = bits<u32>(clamp01(bits<float>(r[n + l]), w.mode, g));
      break;
    default:
      break;
    }
  }
}

/// Stores the result rows where destination selection and the write mask allow.
void store_result(Wave &w, const Inst &i, u32 *r, u64 write) {
  unsigned n = w.lanes;
  u32 *d = w.v + i.dst.offset;
  if ((i.omod || i.clamp) && is_float(i.dst.type))
    modify_result(w, i, r);
  if (i.dst_sel != Sel::Dword) {
    // SDWA
    unsigned s = unsigned(i.dst_sel);
    unsigned at = s < 4 ? 8 * s : s == 5 ? 16 : 0, width = s < 4 ? 8 : 16;
    u32 field = ((u64(1) << width) - 1) << at;
    for (unsigned l = 0; l < n; l++) {
      u32 x = r[l] << at & field;
      if (i.dst_unused == Unused::Preserve)
        x |= d[l] & ~field;
      else if (i.dst_unused == Unused::Sext && at + width < 32 && (x >> (at + width - 1) & 1))
        x |= ~u32((u64(1) << (at + width)) - 1);
      r[l] = x;
    }
  } else if (i.merge16) {
    bool hi = i.dst.sel == Sel::Word1;
    for (unsigned l = 0; l < n; l++)
      r[l] = hi ? (d[l] & 0xffff) | r[l] << 16 : (d[l] & 0xffff0000u) | (r[l] & 0xffff);
  }
  blend_rows(d, r, write, n, i.dst.dwords);
}

int general(Wave &w, const Inst &i, StopInfo &) {
  Rows t[3], out;
  const u32 *p[3] = {out.r, out.r, out.r};
  u64 write = exec_mask(w);
  for (unsigned k = 0; k < i.sources; k++)
    p[k] = modified(w, i, k, t[k], write);
  if (!write)
    return kContinue;
  i.row(out.r, p[0], p[1], p[2], w.lanes, kernel_mode(w, i));
  store_result(w, i, out.r, write);
  return kContinue;
}

int general_compare(Wave &w, const Inst &i, StopInfo &) {
  Rows t[2];
  u64 write = exec_mask(w);
  const u32 *a = modified(w, i, 0, t[0], write), *b = modified(w, i, 1, t[1], write);
  u64 r = i.cmp(a, b, w.lanes, kernel_mode(w, i)) & write;
  if (i.sdst.where == Where::Sgpr)
    set_lane_mask(w, i.sdst, r);
  if (i.opcode->form == Form::VCmpx)
    set_lane_mask(w, {.where = Where::Sgpr, .index = kExecLo}, r);
  return kContinue;
}

/// Carry in and out, v_cndmask, v_div_scale, v_div_fmas, v_mad_u64_u32.
int general_carry(Wave &w, const Inst &i, StopInfo &) {
  Rows t[3], out;
  const u32 *p[3] = {out.r, out.r, out.r};
  u64 exec = exec_mask(w), write = exec;
  for (unsigned k = 0; k < i.sources; k++)
    p[k] = modified(w, i, k, t[k], write);
  Form f = i.opcode->form;
  u64 in = f == Form::VCarryOut ? 0 : lane_mask(w, i.src[3]);
  u64 bits_out = i.carry(out.r, p[0], p[1], p[2], in, w.lanes, kernel_mode(w, i));
  if (i.clamp && i.dst.type == Type::U32) {
    // An unsigned result that left its range: the nearest it can hold.
    u32 most = i.opcode->name[2] == 'a' ? ~0u : 0;
    for (unsigned l = 0; l < w.lanes; l++)
      out.r[l] = bits_out >> l & 1 ? most : out.r[l];
  }
  store_result(w, i, out.r, write);
  if (f == Form::VCarryOut || f == Form::VCarryInOut)
    set_lane_mask(w, i.sdst, bits_out & exec);
  return kContinue;
}
int plain_carry(Wave &w, const Inst &i, StopInfo &) {
  Rows t[3], out;
  const u32 *p[3] = {out.r, out.r, out.r};
  for (unsigned k = 0; k < i.sources; k++)
    p[k] = source(w, i.src[k], t[k]);
  u64 exec = exec_mask(w);
  Form f = i.opcode->form;
  u64 in = f == Form::VCarryOut ? 0 : lane_mask(w, i.src[3]);
  u32 *d = w.v + i.dst.offset;
  bool full = exec == w.full_exec();
  u64 bits_out = i.carry(full ? d : out.r, p[0], p[1], p[2], in, w.lanes, kernel_mode(w, i));
  if (!full)
    blend_rows(d, out.r, exec, w.lanes, i.dst.dwords);
  if (f == Form::VCarryOut || f == Form::VCarryInOut)
    set_lane_mask(w, i.sdst, bits_out & exec);
  return kContinue;
}

/// VOPD: both halves read their sources before either writes.
int dual(Wave &w, const Inst &i, StopInfo &) {
  Rows out[2];
  const Inst *half[2] = {&i, i.second};
  u64 exec = exec_mask(w);
  for (unsigned h = 0; h < 2; h++) {
    const Inst &x = *half[h];
    Rows t[3];
    const u32 *p[3] = {t[0].r, t[0].r, t[0].r};
    u64 write = exec;
    for (unsigned k = 0; k < x.sources; k++)
      p[k] = modified(w, x, k, t[k], write);
    if (x.opcode->form == Form::VCndmask)
      x.carry(out[h].r, p[0], p[1], p[2], lane_mask(w, x.src[3]), w.lanes, kernel_mode(w, x));
    else
      x.row(out[h].r, p[0], p[1], p[2], w.lanes, kernel_mode(w, x));
  }
  for (unsigned h = 0; h < 2; h++)
    blend(w.v + half[h]->dst.offset, out[h].r, exec, w.lanes);
  return kContinue;
}

bool has_modifiers(const Inst &i) {
  if (i.dpp != DppKind::None || i.omod || i.dst_sel != Sel::Dword || i.merge16)
    return true;
  Form f = i.opcode->form;
  if (i.clamp && (is_float(i.dst.type) || f == Form::VCarryOut || f == Form::VCarryInOut))
    return true;
  for (unsigned k = 0; k < i.sources; k++) {
    const Operand &o = i.src[k];
    if (o.mods || o.sel != Sel::Dword)
      return true;
    if (is_packed16(o.type) || o.type == Type::KF32 || o.type == Type::KB32) {
      // Without op_sel changes the halves are where the kernel expects them.
      if ((i.op_sel >> k & 1) || !(i.op_sel_hi >> k & 1) || (i.neg_lo >> k & 1) ||
          (i.neg_hi >> k & 1))
        return true;
    }
    if (o.type == Type::Mix && ((i.op_sel_hi | i.op_sel) >> k & 1))
      return true;
  }
  return false;
}

} // namespace

Handler choose(const Inst &i) {
  if (i.second)
    return dual;
  bool slow = has_modifiers(i);
  switch (i.opcode->form) {
  case Form::V:
  case Form::VAcc:
    if (slow)
      return general;
    if (i.dst.dwords == 2)
      return i.sources == 1 ? plain<1, true> : i.sources == 2 ? plain<2, true> : plain<3, true>;
    return i.sources == 1 ? plain<1, false> : i.sources == 2 ? plain<2, false> : plain<3, false>;
  case Form::VCmp:
    return slow ? general_compare : plain_compare;
  case Form::VCmpx:
    return general_compare;
  case Form::VCarryOut:
  case Form::VCarryInOut:
  case Form::VCndmask:
  case Form::VDivFmas:
    return slow ? general_carry : plain_carry;
  case Form::VMatrix:
    return choose_matrix(i);
  default:
    return i.opcode->fn;
  }
}

} // namespace w2w::emu::isa::W2W_VARIANT
