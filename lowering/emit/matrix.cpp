// mma, wmma.mma and movmatrix, PTX ISA 9.7.14.4 and .5: each lane gathers the rows of A and the
// columns of B that its elements of D need, and adds their products in ascending k, each by one
// fused multiply-add (integers: dot products of four bytes).
#include "lowering/emit/matrix.h"

#include "lowering/emit/arithmetic.h"

#include "frontend/isa/form.h"

namespace w2w::emit {

using namespace llvm;

MatrixShape matrix_shape(const Instruction &i) {
  for (const ptx::isa::Slot &slot : i.form->slots)
    for (Mod mod : slot.mods) {
      StringRef name = ptx::isa::spelling(mod);
      MatrixShape s;
      if (i.has(mod) && name.consume_front("m") && !name.consumeInteger(10, s.m) &&
          name.consume_front("n") && !name.consumeInteger(10, s.n)) {
        if (name.consume_front("k"))
          name.consumeInteger(10, s.k);
        return s;
      }
    }
  return {};
}

// --- Lanes

namespace {

Value *shuffle(FunctionEmitter &e, Value *value, Value *source, uint32_t c) {
  IRBuilder<> &b = e.b;
  Value *moved = e.call_w2w("w2w.shfl.idx", StructType::get(b.getInt32Ty(), b.getInt1Ty()),
                            {value, source, b.getInt32(c), b.getInt32(~0u)}, W2wKind::Convergent);
  return b.CreateExtractValue(moved, 0);
}

} // namespace

Value *from_lane(FunctionEmitter &e, Value *value, Value *source) {
  return shuffle(e, value, source, 0x1f);
}

Value *from_quad(FunctionEmitter &e, Value *value, unsigned source) {
  return shuffle(e, value, e.b.getInt32(source), 0x1c1f);
}

Value *lane_number(FunctionEmitter &e) {
  return e.call_w2w("w2w.sreg.laneid", e.b.getInt32Ty(), {}, W2wKind::Pure);
}

// --- Accumulators

SmallVector<Value *, 8> read_accumulator(FunctionEmitter &e, const Operand &c, Type t,
                                         unsigned elements) {
  IRBuilder<> &b = e.b;
  SmallVector<Value *, 8> r;
  for (unsigned k = 0; k < elements; ++k) {
    if (t != Type::F16) {
      r.push_back(e.read_value(FunctionEmitter::element(c, k), t));
      continue;
    }
    Value *pair = e.read_value(FunctionEmitter::element(c, k / 2), Type::F16x2);
    r.push_back(b.CreateFPExt(b.CreateExtractElement(pair, k % 2), b.getFloatTy()));
  }
  return r;
}

namespace {

Value *canonical_nan(FunctionEmitter &e, Value *v, uint32_t nan) {
  IRBuilder<> &b = e.b;
  Value *bits = e.to_bits(v);
  return b.CreateSelect(b.CreateFCmpUNO(v, v), ConstantInt::get(bits->getType(), nan), bits);
}

} // namespace

void write_accumulator(FunctionEmitter &e, const Operand &d, Type t, ArrayRef<Value *> elements) {
  IRBuilder<> &b = e.b;
  if (t == Type::F16) {
    for (unsigned k = 0; k < elements.size(); k += 2) {
      auto half = [&](Value *v) {
        Value *bits = canonical_nan(e, b.CreateFPTrunc(v, b.getHalfTy()), 0x7fff);
        return b.CreateZExt(bits, b.getInt32Ty());
      };
      Value *pair = b.CreateOr(half(elements[k]), b.CreateShl(half(elements[k + 1]), 16));
      e.write(FunctionEmitter::element(d, k / 2), pair, Type::B32);
    }
    return;
  }
  for (unsigned k = 0; k < elements.size(); ++k)
    e.write(FunctionEmitter::element(d, k),
            t == Type::F32 ? canonical_nan(e, elements[k], 0x7fffffff) : elements[k], t);
}

namespace {

// --- Products

/// A unit as the words whose products are made: e4m3 and e5m2 become f16, nibbles bytes.
using Words = SmallVector<Value *, 2>;

Words spread_nibbles(FunctionEmitter &e, Value *word, bool is_signed) {
  IRBuilder<> &b = e.b;
  Words r;
  for (unsigned shift : {0u, 4u}) {
    Value *bytes = b.CreateAnd(b.CreateLShr(word, shift), 0x0f0f0f0f);
    if (is_signed) // n ^ 8 is n + 8 of a signed nibble; no carry leaves its byte
      bytes = b.CreateXor(b.CreateAdd(b.CreateXor(bytes, 0x08080808), b.getInt32(0x78787878)),
                          0x80808080u);
    r.push_back(bytes);
  }
  return r;
}

Words words_of(FunctionEmitter &e, Value *unit, Type t) {
  IRBuilder<> &b = e.b;
  switch (t) {
  case Type::F64:
    return {b.CreateTrunc(unit, b.getInt32Ty()),
            b.CreateTrunc(b.CreateLShr(unit, 32), b.getInt32Ty())};
  case Type::E4M3:
  case Type::E5M2: {
    Words r;
    for (unsigned k = 0; k < 4; k += 2) {
      Value *pair = b.getInt32(0);
      for (unsigned j = 0; j < 2; ++j) {
        Value *half = small_float_to_half(e, t, b.CreateAnd(b.CreateLShr(unit, 8 * (k + j)), 0xff));
        Value *bits = b.CreateZExt(e.to_bits(half), b.getInt32Ty());
        pair = b.CreateOr(pair, b.CreateShl(bits, 16 * j));
      }
      r.push_back(pair);
    }
    return r;
  }
  case Type::S4:
  case Type::U4:
    return spread_nibbles(e, unit, t == Type::S4);
  case Type::TF32: // the lower 13 bits are no part of the number
    return {b.CreateAnd(unit, 0xffffe000u)};
  default:
    return {unit};
  }
}

/// The two f32 in a word of f16 or bf16.
Value *half_of(FunctionEmitter &e, Value *word, unsigned k, bool is_bfloat) {
  IRBuilder<> &b = e.b;
  if (is_bfloat)
    return b.CreateBitCast(k ? b.CreateAnd(word, 0xffff0000u) : b.CreateShl(word, 16),
                           b.getFloatTy());
  Value *half = b.CreateTrunc(b.CreateLShr(word, 16 * k), b.getInt16Ty());
  return b.CreateFPExt(b.CreateBitCast(half, b.getHalfTy()), b.getFloatTy());
}

/// What the instruction multiplies, and how.
struct Factors {
  Type a, b;
  bool is_xor = false;       // b1: else and
  std::string_view rounding; // f64
};

/// sum + the products of a unit of A and one of B.
Value *add_products(FunctionEmitter &e, const Factors &f, const Words &a, const Words &c,
                    Value *sum) {
  IRBuilder<> &b = e.b;
  auto fma = [&](Value *x, Value *y) {
    sum = e.intrinsic(Intrinsic::fma, sum->getType(), {x, y, sum});
  };
  switch (f.a) {
  case Type::F64: {
    auto whole = [&](const Words &w) {
      Value *high = b.CreateShl(b.CreateZExt(w[1], b.getInt64Ty()), 32);
      return b.CreateBitCast(b.CreateOr(b.CreateZExt(w[0], b.getInt64Ty()), high), b.getDoubleTy());
    };
    if (f.rounding.empty()) {
      fma(whole(a), whole(c));
      return sum;
    }
    return e.call_w2w("w2w.fma." + StringRef(f.rounding) + ".f64", b.getDoubleTy(),
                      {whole(a), whole(c), sum}, W2wKind::Pure);
  }
  case Type::TF32:
    fma(b.CreateBitCast(a[0], b.getFloatTy()), b.CreateBitCast(c[0], b.getFloatTy()));
    return sum;
  case Type::F16:
  case Type::BF16:
  case Type::E4M3:
  case Type::E5M2:
    for (unsigned w = 0; w < a.size(); ++w)
      for (unsigned k = 0; k < 2; ++k)
        fma(half_of(e, a[w], k, f.a == Type::BF16), half_of(e, c[w], k, f.a == Type::BF16));
    return sum;
  case Type::B1: {
    Value *bits = f.is_xor ? b.CreateXor(a[0], c[0]) : b.CreateAnd(a[0], c[0]);
    return b.CreateAdd(sum, b.CreateUnaryIntrinsic(Intrinsic::ctpop, bits));
  }
  default: {
    const std::string name = std::string("w2w.dp4a.") + (ptx::is_signed(f.a) ? 's' : 'u') +
                             (ptx::is_signed(f.b) ? 's' : 'u');
    for (unsigned w = 0; w < a.size(); ++w)
      sum = e.call_w2w(name, b.getInt32Ty(), {a[w], c[w], sum}, W2wKind::Pure);
    return sum;
  }
  }
}

// --- The instructions

/// The units that an operand holds, as words.
SmallVector<Words, 8> read_units(FunctionEmitter &e, const Operand &op, Type t, unsigned count) {
  SmallVector<Words, 8> r;
  for (unsigned k = 0; k < count; ++k)
    r.push_back(words_of(
        e, e.read(FunctionEmitter::element(op, k), t == Type::F64 ? Type::B64 : Type::B32), t));
  return r;
}

void emit_mma(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const MatrixShape s = matrix_shape(i);
  // wmma of f16 names the types of D and C alone.
  const bool two = i.types.size() == 2;
  const Type d = i.type(0), c = two ? i.type(1) : i.type(3);
  const Factors f{two ? Type::F16 : i.type(1), two ? Type::F16 : i.type(2), i.has(Mod::xor_),
                  directed_rounding(i)};
  const unsigned bits = ptx::bits(f.a), k_blocks = s.k_blocks(bits);
  const bool saturates = i.has(Mod::satfinite);

  auto a = read_units(e, i.operand(1), f.a, s.row_blocks() * k_blocks);
  auto columns = read_units(e, i.operand(2), f.b, s.column_blocks() * k_blocks);
  auto start = read_accumulator(e, i.operand(3), c, s.c_elements());
  SmallVector<Value *, 8> sums(start);
  if (saturates) // the products alone do not overflow
    sums.assign(sums.size(), b.getInt32(0));

  // Columns 2t and 2t + 1 are those of the lanes 8t + q and 8t + 4 + q.
  Value *quad = b.CreateShl(b.CreateAnd(lane_number(e), 3), 3);
  for (unsigned kb = 0; kb < k_blocks; ++kb)
    for (unsigned q = 0; q < 4; ++q) {
      SmallVector<Words, 4> row(s.row_blocks());
      for (unsigned mb = 0; mb < s.row_blocks(); ++mb)
        for (Value *word : a[s.a_unit(mb, kb)])
          row[mb].push_back(from_quad(e, word, q));
      for (unsigned nb = 0; nb < s.column_blocks(); ++nb)
        for (unsigned p = 0; p < 2; ++p) {
          Words column;
          for (Value *word : columns[s.b_unit(nb, kb, bits)])
            column.push_back(from_lane(e, word, b.CreateOr(quad, 4 * p + q)));
          for (unsigned mb = 0; mb < s.row_blocks(); ++mb) {
            Value *&sum = sums[s.c_element(mb, nb, p)];
            sum = add_products(e, f, row[mb], column, sum);
          }
        }
    }
  if (saturates)
    for (auto [sum, from] : zip(sums, start))
      sum = b.CreateBinaryIntrinsic(Intrinsic::sadd_sat, from, sum);
  write_accumulator(e, i.operand(0), d, sums);
}

/// The transpose of an 8 x 8 matrix of 16 bits, lane 4r + c/2 holding (r, c).
void emit_movmatrix(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *word = e.read(i.operand(1), Type::B32), *lane = lane_number(e);
  Value *column = b.CreateLShr(lane, 2);
  Value *source = b.CreateOr(b.CreateShl(b.CreateAnd(lane, 3), 3), b.CreateLShr(column, 1));
  Value *shift = b.CreateShl(b.CreateAnd(column, 1), 4);
  auto element = [&](unsigned row) {
    Value *pair = from_lane(e, word, b.CreateOr(source, 4 * row));
    return b.CreateAnd(b.CreateLShr(pair, shift), 0xffff);
  };
  Value *first = element(0);
  e.write(i.operand(0), b.CreateOr(first, b.CreateShl(element(1), 16)), Type::B32);
}

} // namespace

std::span<const EmitterRow> matrix_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::mma, emit_quad_pair_mma, is_quad_pair_form},
      {Opcode::mma, emit_mma, is_dense_matrix_form},
      {Opcode::wmma, emit_mma, is_matrix_multiply_form},
      {Opcode::wmma, emit_matrix_load, is_matrix_load_form},
      {Opcode::wmma, emit_matrix_store},
      {Opcode::ldmatrix, emit_ldmatrix, is_16_bit_matrix_form},
      {Opcode::stmatrix, emit_stmatrix, is_16_bit_matrix_form},
      {Opcode::movmatrix, emit_movmatrix},
  };
  return rows;
}

} // namespace w2w::emit
