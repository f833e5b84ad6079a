// Matrix instructions: brings the sources into planes (matrix.h), lets the rule of the instruction
// (matrix_rules.h) compute D row by row, and stores it. All lanes take part, whatever EXEC says,
// and D is written after all sources are read.
#include "runtime/emulator/isa/matrix_rules.h"
#include "runtime/emulator/isa/operands.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

constexpr unsigned kMostRows = 32; ///< registers of C and D

const MatrixPlan &plan_of(const Inst &i) {
  return *static_cast<const MatrixPlan *>(i.other);
}

// ---- sources
/// The rows of B, its lanes permuted as BLGP says (AMD Instinct MI300 ISA, VOP3P-MAI).
const u32 *source_b(const Wave &w, const Inst &i, u32 *room) {
  const MatrixPlan &p = plan_of(i);
  const u32 *rows = w.v + i.src[1].offset;
  if (!p.blgp)
    return rows;
  for (unsigned l = 0; l < p.b_dwords * 64u; l++) {
    unsigned lane = l & 63, from = lane;
    if (p.blgp <= 2)
      from = lane % 32 + (p.blgp - 1) * 32u;
    else if (p.blgp == 3)
      from = (lane + 16) % 64;
    else
      from = lane % 16 + (p.blgp - 4) * 16u;
    room[l] = rows[(l & ~63u) + from];
  }
  return room;
}
template <class T> void zero_end(Planes<T> &p, unsigned used) {
  for (unsigned l = 0; l < kColumns; l++)
    p.at[used + l] = 0;
}
/// Sign bits to flip in each dword of source k.
u32 flips(const Inst &i, unsigned k) {
  return (i.neg_lo >> k & 1u) << 15 | u32(i.neg_hi >> k & 1u) << 31;
}

template <Format F>
void bring_scaled(Scaled &to, const u32 *rows, unsigned dwords, const Inst &i, unsigned k,
                  i32 zero) {
  const MatrixPlan &p = plan_of(i);
  bool flush = p.generation == 11 && F.fraction == kBF16.fraction;
  scale<F>(to, rows, dwords, p.lanes, F.bits == 16 ? flips(i, k) : 0, zero, flush);
  unsigned used = dwords * (32 / F.bits) * p.lanes;
  zero_end(to.significand, used);
  zero_end(to.exponent, used);
}
void bring(Scaled &to, Element e, const u32 *rows, unsigned dwords, const Inst &i, unsigned k,
           i32 zero) {
  bool fnuz = plan_of(i).generation == 9;
  switch (e) {
  case Element::F16:
    return bring_scaled<kF16>(to, rows, dwords, i, k, zero);
  case Element::BF16:
    return bring_scaled<kBF16>(to, rows, dwords, i, k, zero);
  case Element::XF32:
    return bring_scaled<kXF32>(to, rows, dwords, i, k, zero);
  case Element::Fp8:
    return fnuz ? bring_scaled<kE4M3Fnuz>(to, rows, dwords, i, k, zero)
                : bring_scaled<kE4M3>(to, rows, dwords, i, k, zero);
  default:
    return fnuz ? bring_scaled<kE5M2Fnuz>(to, rows, dwords, i, k, zero)
                : bring_scaled<kE5M2>(to, rows, dwords, i, k, zero);
  }
}
template <class Rule>
void bring_both(AlignedRule<Rule> &r, const Inst &i, const u32 *a, const u32 *b, i32 zero) {
  const MatrixPlan &p = plan_of(i);
  bring(r.a, p.op->a, a, p.a_dwords, i, 0, zero);
  bring(r.b, p.op->b, b, p.b_dwords, i, 1, zero);
}

template <unsigned Bits>
void bring_integers(Planes<i32> &to, const u32 *rows, unsigned dwords, unsigned lanes,
                    bool is_signed) {
  for (unsigned d = 0; d < dwords; d++)
    for (unsigned s = 0; s < 32 / Bits; s++)
      for (unsigned l = 0; l < lanes; l++) {
        u32 x = rows[d * lanes + l] << (32 - Bits - s * Bits);
        to.at[(d * (32 / Bits) + s) * lanes + l] =
            is_signed ? i32(x) >> (32 - Bits) : i32(x >> (32 - Bits));
      }
  zero_end(to, dwords * (32 / Bits) * lanes);
}
template <bool Bf16>
void bring_flushed(Planes<float> &to, const u32 *rows, unsigned dwords, unsigned lanes) {
  for (unsigned d = 0; d < dwords; d++)
    for (unsigned s = 0; s < 2; s++)
      for (unsigned l = 0; l < lanes; l++) {
        u32 x = rows[d * lanes + l] >> (16 * s) & 0xffff;
        u32 kept = x & (Bf16 ? 0x7f80 : 0x7c00) ? x : 0;
        to.at[(2 * d + s) * lanes + l] = Bf16 ? bf16_to_f32(kept) : f16_to_f32(kept);
      }
  zero_end(to, 2 * dwords * lanes);
}

/// Each rule's sources, and what else it must know.
void prepare(IntegerRule &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  const MatrixPlan &p = plan_of(i);
  bool mfma = p.generation == 9;
  bool a_signed = mfma || (i.neg_lo & 1), b_signed = mfma || (i.neg_lo & 2);
  r.clamp = i.clamp;
  if (p.op->a == Element::I4) {
    bring_integers<4>(r.a, a, p.a_dwords, p.lanes, a_signed);
    bring_integers<4>(r.b, b, p.b_dwords, p.lanes, b_signed);
  } else {
    bring_integers<8>(r.a, a, p.a_dwords, p.lanes, a_signed);
    bring_integers<8>(r.b, b, p.b_dwords, p.lanes, b_signed);
  }
}
void prepare(Chain32Rule &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  const MatrixPlan &p = plan_of(i);
  memcpy(r.a.at, a, p.a_dwords * p.lanes * sizeof(u32));
  memcpy(r.b.at, b, p.b_dwords * p.lanes * sizeof(u32));
  zero_end(r.b, p.b_dwords * p.lanes);
}
void prepare(Chain64Rule &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  // MFMA's only use of neg.
  auto take = [&](Planes<double> &to, const u32 *rows, unsigned k) {
    u64 flip = u64(i.neg_lo >> k & 1) << 63;
    for (unsigned l = 0; l < 64; l++)
      to.at[l] = bits<double>(load64(rows, l, 64) ^ flip);
    zero_end(to, 64);
  };
  take(r.a, a, 0);
  take(r.b, b, 1);
}
void prepare(PairsRule &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  const MatrixPlan &p = plan_of(i);
  r.group = p.op->rule == MatrixRule::Pairs2 ? 2 : 4;
  auto take = p.op->a == Element::BF16 ? bring_flushed<true> : bring_flushed<false>;
  take(r.a, a, p.a_dwords, p.lanes);
  take(r.b, b, p.b_dwords, p.lanes);
}
template <bool Bytes>
void prepare(FusedRule<Bytes> &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  const Matrix &op = *plan_of(i).op;
  unsigned most = op.rule == MatrixRule::Fused4 ? 4 : op.rule == MatrixRule::Fused8 ? 8 : 16;
  r.group = most < op.terms() ? most : op.terms();
  bring_both(r, i, a, b, -126);
}
template <class Rule, Narrow R>
void prepare_dot(DotRule<Rule, R> &r, const Wave &w, const Inst &i, const u32 *a, const u32 *b,
                 unsigned group) {
  r.group = group;
  r.saturate = w.mode >> 23 & 1;
  // As v_dot4_f32_fp8_fp8 and its like.
  if (bits_of(plan_of(i).op->a) == 8)
    r.invalid = 0xffc00a3d;
  bring_both(r, i, a, b, kNothing);
}
template <Narrow R>
void prepare(Dot2Rule<R> &r, const Wave &w, const Inst &i, const u32 *a, const u32 *b) {
  prepare_dot(r, w, i, a, b, 2);
}
template <Narrow R, bool Bytes>
void prepare(Dot4Rule<R, Bytes> &r, const Wave &w, const Inst &i, const u32 *a, const u32 *b) {
  prepare_dot(r, w, i, a, b, 4);
}

// ---- C and D
/// neg_lo and neg_hi of C: the sign flipped and, first, cleared.
u32 modified_c(const Inst &i, u32 x, u32 sign) {
  x &= i.neg_hi & 4 ? ~sign : ~0u;
  return x ^ (i.neg_lo & 4 ? sign : 0);
}
/// 16 columns, or as many as there are, of C's row at `at`.
void load_c(vu &c, const Wave &w, const Inst &i, const Operand &o, unsigned at, unsigned half,
            unsigned columns) {
  const MatrixPlan &p = plan_of(i);
  c = o.where == Where::Imm ? u32(o.imm) : 0;
  if (o.where != Where::Imm)
    for (unsigned j = 0; j < columns; j++)
      c[j] = w.v[o.offset + at + j];
  bool small = bits_of(p.op->c) == 16;
  if (small)
    c = o.where == Where::Imm ? c & 0xffff : c >> (16 * half) & 0xffff;
  if ((i.neg_lo | i.neg_hi) & 4 && p.op->c != Element::I32)
    for (unsigned j = 0; j < kColumns; j++)
      c[j] = modified_c(i, c[j], small ? 0x8000 : 0x80000000u);
}
void load_c(vd &c, const Wave &w, const Inst &i, const Operand &o, unsigned at, unsigned,
            unsigned columns) {
  u64 flip = u64(i.neg_lo >> 2 & 1) << 63;
  c = bits<double>((o.where == Where::Imm ? o.imm : 0) ^ flip);
  if (o.where != Where::Imm)
    for (unsigned j = 0; j < columns; j++)
      c[j] = bits<double>(load64(w.v + o.offset + at, j, 64) ^ flip);
}
void store_d(u32 *d, const MatrixPlan &p, vu x, unsigned at, unsigned half, unsigned columns) {
  if (bits_of(p.op->c) == 16)
    for (unsigned j = 0; j < columns; j++)
      d[at + j] = (d[at + j] & 0xffff0000u >> (16 * half)) | x[j] << (16 * half);
  else
    for (unsigned j = 0; j < columns; j++)
      d[at + j] = x[j];
}
void store_d(u32 *d, const MatrixPlan &, vd x, unsigned at, unsigned, unsigned columns) {
  for (unsigned j = 0; j < columns; j++)
    store64(d + at, j, 64, bits<u64>(double(x[j])));
}

template <class Rule> int matrix(Wave &w, const Inst &i, StopInfo &) {
  const MatrixPlan &p = plan_of(i);
  const Matrix &op = *p.op;
  u32 permuted[4 * 64];
  Rule rule;
  prepare(rule, w, i, w.v + i.src[0].offset, source_b(w, i, permuted));
  const Operand &c_from = op.sparse() ? i.dst : i.src[2];
  const u32 *index = w.v + i.src[2].offset;
  u32 d[kMostRows * 64];
  u32 *to = w.v + i.dst.offset;
  if (bits_of(op.c) == 16)
    memcpy(d, to, p.d_dwords * p.lanes * sizeof(u32));
  unsigned columns = op.n < kColumns ? op.n : kColumns;
  Terms t;
  t.count = op.terms();
  for (unsigned block = 0; block < op.blocks; block++) {
    const u16 *a = p.a.data() + block * t.count, *b = p.b.data() + block * op.k;
    for (unsigned row = 0; row < op.m; row++) {
      unsigned copy = p.copy.data()[block * op.m + row];
      for (unsigned k = 0; k < t.count; k++) {
        unsigned of_b = k;
        if (op.sparse())
          of_b = k / 2 * 4 + (index[p.index_lane.data()[k] + row] >> p.index_bit.data()[k] & 3);
        t.a[k] = u16(a[k] + row + copy);
        t.b[k] = u16(b[of_b] + copy);
      }
      unsigned at = p.d.data()[block * op.m + row], half = p.half.data()[block * op.m + row];
      for (unsigned column = 0; column < op.n; column += kColumns) {
        typename Rule::Value c;
        load_c(c, w, i, c_from, at + column, half, columns);
        store_d(d, p, rule.row(t, column, c), at + column, half, columns);
      }
    }
  }
  memcpy(to, d, p.d_dwords * p.lanes * sizeof(u32));
  return kContinue;
}

template <template <Narrow> class Rule> Handler narrowed(Element c) {
  return c == Element::F16    ? matrix<Rule<Narrow::F16>>
         : c == Element::BF16 ? matrix<Rule<Narrow::BF16>>
                              : matrix<Rule<Narrow::F32>>;
}
template <Narrow R> using Dot4Half = Dot4Rule<R, false>;

} // namespace

Handler choose_matrix(const Inst &i) {
  const MatrixPlan &p = plan_of(i);
  switch (p.op->rule) {
  case MatrixRule::Integer:
    return matrix<IntegerRule>;
  case MatrixRule::Chain:
    return p.op->a == Element::F64 ? matrix<Chain64Rule> : matrix<Chain32Rule>;
  case MatrixRule::Pairs2:
  case MatrixRule::Pairs4:
    return matrix<PairsRule>;
  case MatrixRule::Fused4:
  case MatrixRule::Fused8:
    return matrix<FusedRule<false>>;
  case MatrixRule::Fused16:
    return matrix<FusedRule<true>>;
  case MatrixRule::Dot:
    if (p.generation == 11)
      return narrowed<Dot2Rule>(p.op->c);
    return bits_of(p.op->a) == 8 ? matrix<Dot4Rule<Narrow::F32, true>>
                                 : narrowed<Dot4Half>(p.op->c);
  }
  return nullptr;
}

} // namespace w2w::emu::isa::W2W_VARIANT
