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
template <class Rule, unsigned Group>
void bring_both(AlignedRule<Rule, Group> &r, const Inst &i, const u32 *a, const u32 *b, i32 zero) {
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
template <unsigned Group>
void prepare(PairsRule<Group> &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  const MatrixPlan &p = plan_of(i);
  auto take = p.op->a == Element::BF16 ? bring_flushed<true> : bring_flushed<false>;
  take(r.a, a, p.a_dwords, p.lanes);
  take(r.b, b, p.b_dwords, p.lanes);
}
template <unsigned Group, bool Bytes>
void prepare(FusedRule<Group, Bytes> &r, const Wave &, const Inst &i, const u32 *a, const u32 *b) {
  bring_both(r, i, a, b, FusedRule<Group, Bytes>::kZero);
}
template <class Rule, unsigned Group, Narrow R>
void prepare(DotRule<Rule, Group, R> &r, const Wave &w, const Inst &i, const u32 *a, const u32 *b) {
  r.saturate = w.mode >> 23 & 1;
  // As v_dot4_f32_fp8_fp8 and its like.
  if (bits_of(plan_of(i).op->a) == 8)
    r.invalid = 0xffc00a3d;
  bring_both(r, i, a, b, kNothing);
}

// ---- C and D
/// 16 columns, or as many as there are, of C's row at `at`.
void load_c(vu &c, const Wave &w, const Inst &i, const Operand &o, unsigned at, unsigned half,
            unsigned columns) {
  const MatrixPlan &p = plan_of(i);
  if (o.where == Where::Imm) {
    c = u32(o.imm);
    half = 0;
  } else if (columns == kColumns) {
    c = load16<vu>(w.v + o.offset + at);
  } else {
    c = 0;
    memcpy(&c, w.v + o.offset + at, columns * sizeof(u32));
  }
  bool small = bits_of(p.op->c) == 16;
  if (small)
    c = c >> (16 * half) & 0xffff;
  if (p.op->c == Element::I32)
    return;
  // neg_hi: the absolute value, neg_lo: the sign flipped.
  u32 sign = small ? 0x8000 : 0x80000000u;
  c &= i.neg_hi & 4 ? ~sign : ~0u;
  c ^= i.neg_lo & 4 ? sign : 0;
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
  if (bits_of(p.op->c) == 16) // there are 16 columns
    x = (load16<vu>(d + at) & (0xffff0000u >> (16 * half))) | x << (16 * half);
  if (columns == kColumns)
    memcpy(d + at, &x, sizeof x);
  else
    memcpy(d + at, &x, columns * sizeof(u32));
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
  u16 chosen[32]; // sparse: where the elements of B are that meet A's
  for (unsigned block = 0; block < op.blocks; block++) {
    const u16 *a = p.a.data() + block * t.count, *b = p.b.data() + block * op.k;
    for (unsigned row = 0; row < op.m; row++) {
      unsigned copy = p.copy.data()[block * op.m + row];
      t.places_a = a, t.places_b = b;
      t.more_a = row + copy, t.more_b = copy;
      if (op.sparse()) {
        for (unsigned k = 0; k < t.count; k++)
          chosen[k] =
              b[k / 2 * 4 + (index[p.index_lane.data()[k] + row] >> p.index_bit.data()[k] & 3)];
        t.places_b = chosen;
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
    return matrix<PairsRule<2>>;
  case MatrixRule::Pairs4:
    return matrix<PairsRule<4>>;
  case MatrixRule::Fused4:
    return matrix<FusedRule<4, false>>;
  case MatrixRule::Fused8:
    return p.op->terms() < 8 ? matrix<FusedRule<4, false>> : matrix<FusedRule<8, false>>;
  case MatrixRule::Fused16:
    return matrix<FusedRule<16, true>>;
  case MatrixRule::Dot:
    if (p.generation == 11)
      return narrowed<Dot2Rule>(p.op->c);
    return bits_of(p.op->a) == 8 ? matrix<Dot4Rule<Narrow::F32, true>>
                                 : narrowed<Dot4Half>(p.op->c);
  }
  return nullptr;
}

} // namespace w2w::emu::isa::W2W_VARIANT
