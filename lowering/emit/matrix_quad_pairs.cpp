// mma.m8n8k4 of f16, PTX ISA 9.7.14.5.1: four matrices at once, each in two groups of four lanes
// that lie 16 lanes apart.
#include "lowering/emit/matrix.h"

namespace w2w::emit {

using namespace llvm;

namespace {

constexpr unsigned kRow = 8; // elements of C and D in a lane, a row of them in the layout of f16

/// Between the layouts of f16 (lane r of four: row r, elements by column) and f32 (row bit 0 is
/// lane bit 0, row bit 1 element bit 1, column bit 1 lane bit 1): swaps lane bit 1 and element bit
/// 1, and is its own inverse.
SmallVector<Value *, kRow> swap_layout(FunctionEmitter &e, ArrayRef<Value *> v) {
  IRBuilder<> &b = e.b;
  Value *lane = lane_number(e);
  Value *upper = b.CreateICmpNE(b.CreateAnd(lane, 2), b.getInt32(0));
  Value *pair = b.CreateAnd(lane, ~uint64_t{2} & 31);
  auto moved = [&](unsigned k, Value *source) {
    return b.CreateBitCast(from_lane(e, e.to_bits(v[k]), source), b.getFloatTy());
  };
  SmallVector<Value *, kRow> r;
  for (unsigned k = 0; k < kRow; ++k) {
    Value *source = b.CreateOr(pair, k & 2);
    Value *low = moved(k & ~2u, source), *high = moved(k | 2u, source);
    r.push_back(b.CreateSelect(upper, high, low));
  }
  return r;
}

Value *half(FunctionEmitter &e, ArrayRef<Value *> words, unsigned k) {
  IRBuilder<> &b = e.b;
  return b.CreateTrunc(b.CreateLShr(words[k / 2], 16 * (k % 2)), b.getInt16Ty());
}

Value *to_float(FunctionEmitter &e, Value *bits) {
  return e.b.CreateFPExt(e.b.CreateBitCast(bits, e.b.getHalfTy()), e.b.getFloatTy());
}

} // namespace

void emit_quad_pair_mma(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const Type d = i.type(0), c = i.type(3);
  Value *lane = lane_number(e);
  SmallVector<Value *, 2> a, columns;
  for (unsigned k = 0; k < 2; ++k) {
    a.push_back(e.read(FunctionEmitter::element(i.operand(1), k), Type::B32));
    columns.push_back(e.read(FunctionEmitter::element(i.operand(2), k), Type::B32));
  }
  SmallVector<Value *, kRow> sums = read_accumulator(e, i.operand(3), c, kRow);
  if (c == Type::F32)
    sums = swap_layout(e, sums);
  Value *is_odd = b.CreateTrunc(lane, b.getInt1Ty());
  Value *is_high = b.CreateICmpNE(b.CreateAnd(lane, 2), b.getInt32(0));
  Value *pair_base = b.CreateAnd(lane, 0xc);
  for (unsigned k = 0; k < 4; ++k) {
    Value *factor = nullptr; // (own row, k)
    if (i.has(Mod::row)) {
      factor = half(e, a, k);
    } else {
      Value *word = b.CreateSelect(is_high, from_quad(e, a[1], k), from_quad(e, a[0], k));
      factor = b.CreateTrunc(b.CreateSelect(is_odd, b.CreateLShr(word, 16), word), b.getInt16Ty());
    }
    factor = to_float(e, factor);
    for (unsigned column = 0; column < kRow; ++column) {
      const bool by_row = i.has(Mod::b_row);
      const unsigned element = by_row ? column % 4 : k;
      const unsigned source = (by_row ? k : column % 4) | (column & 4) << 2;
      Value *word = from_lane(e, columns[element / 2], b.CreateOr(pair_base, source));
      Value *other = b.CreateTrunc(b.CreateLShr(word, 16 * (element % 2)), b.getInt16Ty());
      sums[column] =
          e.intrinsic(Intrinsic::fma, b.getFloatTy(), {factor, to_float(e, other), sums[column]});
    }
  }
  if (d == Type::F32)
    sums = swap_layout(e, sums);
  write_accumulator(e, i.operand(0), d, sums);
}

} // namespace w2w::emit
