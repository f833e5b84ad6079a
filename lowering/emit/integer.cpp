// Integer arithmetic, PTX ISA 9.7.1.
#include "frontend/sema/operand_types.h"
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// iN, or <2 x i16> for packed types.
Value *read_lanes(FunctionEmitter &e, const Operand &op, Type t) {
  Value *v = e.read(op, t);
  if (ptx::info(t).lanes == 2)
    v = e.b.CreateBitCast(v, FixedVectorType::get(e.b.getInt16Ty(), 2));
  return v;
}

void emit_add_sub(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = read_lanes(e, i.operand(1), t), *c = read_lanes(e, i.operand(2), t);
  bool is_add = i.opcode == Opcode::add;
  Value *r = nullptr;
  if (i.has(Mod::sat))
    r = e.b.CreateBinaryIntrinsic(is_add ? Intrinsic::sadd_sat : Intrinsic::ssub_sat, a, c);
  else
    r = is_add ? e.b.CreateAdd(a, c) : e.b.CreateSub(a, c);
  e.write(i.operand(0), r, t);
}

/// The whole product of two values of type t, twice as wide.
Value *wide_product(FunctionEmitter &e, Value *a, Value *c, bool is_signed) {
  llvm::Type *wide = e.int_type(2 * a->getType()->getIntegerBitWidth());
  Value *x = is_signed ? e.b.CreateSExt(a, wide) : e.b.CreateZExt(a, wide);
  Value *y = is_signed ? e.b.CreateSExt(c, wide) : e.b.CreateZExt(c, wide);
  return e.b.CreateMul(x, y);
}

/// mul and mad, all of .lo, .hi, .wide.
void emit_mul_mad(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Type result = i.has(Mod::wide) ? ptx::widened(t) : t;
  Value *r = product(e, i, e.read(i.operand(1), t), e.read(i.operand(2), t));
  if (i.opcode == Opcode::mad) {
    Value *c = e.read(i.operand(3), result);
    r = i.has(Mod::sat) ? e.b.CreateBinaryIntrinsic(Intrinsic::sadd_sat, r, c)
                        : e.b.CreateAdd(r, c);
  }
  e.write(i.operand(0), r, result);
}

void emit_mul24(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  auto part = [&](const Operand &op) -> Value * {
    Value *v = e.b.CreateTrunc(e.read(op, t), e.int_type(24));
    return ptx::is_signed(t) ? e.b.CreateSExt(v, e.b.getInt64Ty())
                             : e.b.CreateZExt(v, e.b.getInt64Ty());
  };
  Value *full = e.b.CreateMul(part(i.operand(1)), part(i.operand(2)));
  if (i.has(Mod::hi))
    full = e.b.CreateLShr(full, 16);
  Value *r = e.b.CreateTrunc(full, e.b.getInt32Ty());
  if (i.opcode == Opcode::mad24) {
    Value *c = e.read(i.operand(3), t);
    r = i.has(Mod::sat) ? e.b.CreateBinaryIntrinsic(Intrinsic::sadd_sat, r, c)
                        : e.b.CreateAdd(r, c);
  }
  e.write(i.operand(0), r, t);
}

/// Not a selection between two differences: LLVM 22 takes that between c - a and a - c by
/// `a ult c`, c all ones, for the absolute value of a signed number (docs/AMDGPU-NOTES.md).
void emit_sad(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = e.read(i.operand(1), t), *c = e.read(i.operand(2), t);
  bool is_signed = ptx::is_signed(t);
  Value *distance =
      e.b.CreateSub(e.b.CreateBinaryIntrinsic(is_signed ? Intrinsic::smax : Intrinsic::umax, a, c),
                    e.b.CreateBinaryIntrinsic(is_signed ? Intrinsic::smin : Intrinsic::umin, a, c));
  e.write(i.operand(0), e.b.CreateAdd(distance, e.read(i.operand(3), t)), t);
}

/// Division by zero gives all ones and remainder by zero the dividend (PTX: "unspecified,
/// machine-specific"); the most negative value by -1 wraps. Neither may reach LLVM, where they are
/// undefined behaviour.
void emit_div_rem(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  Value *a = e.read(i.operand(1), t), *c = e.read(i.operand(2), t);
  auto *type = a->getType();
  Value *one = ConstantInt::get(type, 1), *zero = ConstantInt::get(type, 0);
  Value *ones = ConstantInt::getAllOnesValue(type);
  bool is_div = i.opcode == Opcode::div;
  Value *by_zero = b.CreateICmpEQ(c, zero);
  Value *r = nullptr;
  if (ptx::is_signed(t)) {
    Value *by_minus_one = b.CreateICmpEQ(c, ones);
    Value *safe = b.CreateSelect(b.CreateOr(by_zero, by_minus_one), one, c);
    r = is_div ? b.CreateSDiv(a, safe) : b.CreateSRem(a, safe);
    // With the divisor replaced by one, the remainder is already the zero that -1 gives.
    if (is_div)
      r = b.CreateSelect(by_minus_one, b.CreateNeg(a), r);
  } else {
    Value *safe = b.CreateSelect(by_zero, one, c);
    r = is_div ? b.CreateUDiv(a, safe) : b.CreateURem(a, safe);
  }
  e.write(i.operand(0), b.CreateSelect(by_zero, is_div ? ones : a, r), t);
}

void emit_abs_neg(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = read_lanes(e, i.operand(1), t);
  Value *r = i.opcode == Opcode::neg ? e.b.CreateNeg(a)
                                     : e.b.CreateBinaryIntrinsic(Intrinsic::abs, a, e.b.getFalse());
  e.write(i.operand(0), r, t);
}

void emit_min_max(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = read_lanes(e, i.operand(1), t), *c = read_lanes(e, i.operand(2), t);
  bool is_min = i.opcode == Opcode::min;
  auto id = ptx::is_signed(t) ? (is_min ? Intrinsic::smin : Intrinsic::smax)
                              : (is_min ? Intrinsic::umin : Intrinsic::umax);
  Value *r = e.b.CreateBinaryIntrinsic(id, a, c);
  if (i.has(Mod::relu))
    r = e.b.CreateBinaryIntrinsic(Intrinsic::smax, r, Constant::getNullValue(r->getType()));
  e.write(i.operand(0), r, t);
}

void emit_popc(FunctionEmitter &e, const Instruction &i) {
  Value *r = e.b.CreateUnaryIntrinsic(Intrinsic::ctpop, e.read(i.operand(1), i.type()));
  e.write(i.operand(0), e.b.CreateZExtOrTrunc(r, e.b.getInt32Ty()), Type::U32);
}

void emit_clz(FunctionEmitter &e, const Instruction &i) {
  Value *r =
      e.b.CreateBinaryIntrinsic(Intrinsic::ctlz, e.read(i.operand(1), i.type()), e.b.getFalse());
  e.write(i.operand(0), e.b.CreateZExtOrTrunc(r, e.b.getInt32Ty()), Type::U32);
}

void emit_bfind(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  Value *a = e.read(i.operand(1), t);
  unsigned width = ptx::bits(t);
  if (ptx::is_signed(t))
    a = b.CreateXor(a, b.CreateAShr(a, width - 1));
  Value *zeros = b.CreateBinaryIntrinsic(Intrinsic::ctlz, a, b.getFalse());
  Value *r =
      i.has(Mod::shiftamt) ? zeros : b.CreateSub(ConstantInt::get(a->getType(), width - 1), zeros);
  r = b.CreateSelect(b.CreateICmpEQ(a, Constant::getNullValue(a->getType())),
                     Constant::getAllOnesValue(a->getType()), r);
  e.write(i.operand(0), b.CreateZExtOrTrunc(r, b.getInt32Ty()), Type::U32);
}

/// The position of the (|offset| - 1)th set bit from `base`, upwards or downwards: the mask is
/// turned so that the search always goes up from bit 0, then five halving steps find the n-th set
/// bit.
void emit_fns(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *mask = e.read(i.operand(1), Type::B32);
  Value *base = b.CreateAnd(e.read(i.operand(2), Type::B32), 31);
  Value *offset = e.read(i.operand(3), Type::S32);
  Value *zero = b.getInt32(0), *minus_one = b.getInt32(~0u);
  Value *down = b.CreateICmpSLT(offset, zero);
  Value *up_bits = b.CreateLShr(mask, base);
  Value *down_bits = b.CreateUnaryIntrinsic(Intrinsic::bitreverse,
                                            b.CreateShl(mask, b.CreateSub(b.getInt32(31), base)));
  Value *bits = b.CreateSelect(down, down_bits, up_bits);
  Value *is_zero = b.CreateICmpEQ(offset, zero);
  // offset 0 asks for the bit at base itself.
  bits = b.CreateSelect(is_zero, b.CreateAnd(bits, 1), bits);
  Value *skip =
      b.CreateSub(b.CreateBinaryIntrinsic(Intrinsic::abs, offset, b.getFalse()), b.getInt32(1));
  skip = b.CreateSelect(is_zero, zero, skip);
  Value *found = b.CreateICmpUGT(b.CreateUnaryIntrinsic(Intrinsic::ctpop, bits), skip);
  Value *at = zero;
  for (unsigned width = 16; width; width /= 2) {
    Value *low = b.CreateAnd(b.CreateLShr(bits, at), (1u << width) - 1);
    Value *count = b.CreateUnaryIntrinsic(Intrinsic::ctpop, low);
    Value *beyond = b.CreateICmpUGE(skip, count);
    skip = b.CreateSelect(beyond, b.CreateSub(skip, count), skip);
    at = b.CreateSelect(beyond, b.CreateAdd(at, b.getInt32(width)), at);
    at = b.CreateAnd(at, 31); // only a search that finds nothing can leave the word
  }
  Value *position = b.CreateSelect(down, b.CreateSub(base, at), b.CreateAdd(base, at));
  e.write(i.operand(0), b.CreateSelect(found, position, minus_one), Type::B32);
}

void emit_brev(FunctionEmitter &e, const Instruction &i) {
  e.write(i.operand(0),
          e.b.CreateUnaryIntrinsic(Intrinsic::bitreverse, e.read(i.operand(1), i.type())),
          i.type());
}

/// Position and length are 8-bit fields.
void emit_bfe(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  unsigned width = ptx::bits(t);
  Value *a = e.read(i.operand(1), t);
  auto *type = a->getType();
  auto field = [&](const Operand &op) {
    return b.CreateZExtOrTrunc(b.CreateAnd(e.read(op, Type::U32), 0xff), type);
  };
  Value *pos = field(i.operand(2)), *len = field(i.operand(3));
  Value *w = ConstantInt::get(type, width), *zero = ConstantInt::get(type, 0);
  if (!ptx::is_signed(t)) {
    Value *shifted = shift_right(e, a, pos, false);
    // len >= width keeps everything.
    Value *mask =
        b.CreateSub(shift_left(e, ConstantInt::get(type, 1), len), ConstantInt::get(type, 1));
    e.write(i.operand(0), b.CreateAnd(shifted, mask), t);
    return;
  }
  // The field's top bit goes to the sign position, and back down arithmetically. A field that
  // reaches beyond the msb takes the msb as its sign, which is what a plain arithmetic shift gives.
  Value *end = b.CreateAdd(pos, len);
  Value *up = b.CreateSelect(b.CreateICmpULT(end, w), b.CreateSub(w, end), zero);
  Value *r = shift_right(e, b.CreateShl(a, b.CreateAnd(up, width - 1)), b.CreateAdd(up, pos), true);
  e.write(i.operand(0), b.CreateSelect(b.CreateICmpEQ(len, zero), zero, r), t);
}

void emit_bfi(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  Value *a = e.read(i.operand(1), t), *base = e.read(i.operand(2), t);
  auto *type = a->getType();
  auto field = [&](const Operand &op) {
    return b.CreateZExtOrTrunc(b.CreateAnd(e.read(op, Type::U32), 0xff), type);
  };
  Value *pos = field(i.operand(3)), *len = field(i.operand(4));
  Value *one = ConstantInt::get(type, 1);
  Value *mask = shift_left(e, b.CreateSub(shift_left(e, one, len), one), pos);
  Value *r =
      b.CreateOr(b.CreateAnd(shift_left(e, a, pos), mask), b.CreateAnd(base, b.CreateNot(mask)));
  e.write(i.operand(0), r, t);
}

void emit_szext(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  Value *a = e.read(i.operand(1), t), *n = e.read(i.operand(2), Type::U32);
  Value *width = b.CreateAnd(n, 31);
  Value *up = b.CreateAnd(b.CreateSub(b.getInt32(32), width), 31);
  Value *shifted = b.CreateShl(a, up);
  Value *r = ptx::is_signed(t) ? b.CreateAShr(shifted, up) : b.CreateLShr(shifted, up);
  r = b.CreateSelect(b.CreateICmpEQ(width, b.getInt32(0)), b.getInt32(0), r);
  if (i.has(Mod::clamp))
    r = b.CreateSelect(b.CreateICmpUGE(n, b.getInt32(32)), a, r);
  e.write(i.operand(0), r, t);
}

void emit_bmsk(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *pos = e.read(i.operand(1), Type::B32), *len = e.read(i.operand(2), Type::B32);
  if (i.has(Mod::wrap)) {
    pos = b.CreateAnd(pos, 31);
    len = b.CreateAnd(len, 31);
  }
  Value *one = b.getInt32(1);
  Value *mask = b.CreateSub(shift_left(e, one, len), one); // len >= 32: all ones
  e.write(i.operand(0), shift_left(e, mask, pos), Type::B32);
}

Value *lane_of(FunctionEmitter &e, Value *packed, unsigned lane, unsigned width, bool is_signed) {
  Value *v = e.b.CreateTrunc(e.b.CreateLShr(packed, lane * width), e.int_type(width));
  return is_signed ? e.b.CreateSExt(v, e.b.getInt32Ty()) : e.b.CreateZExt(v, e.b.getInt32Ty());
}

void emit_dp4a(FunctionEmitter &e, const Instruction &i) {
  Type ta = i.type(0), tb = i.type(1);
  const std::string name = std::string("w2w.dp4a.") + (ptx::is_signed(ta) ? 's' : 'u') +
                           (ptx::is_signed(tb) ? 's' : 'u');
  Value *sum = e.call_w2w(
      name, e.b.getInt32Ty(),
      {e.read(i.operand(1), ta), e.read(i.operand(2), tb), e.read(i.operand(3), Type::B32)},
      W2wKind::Pure);
  e.write(i.operand(0), sum, Type::B32);
}

void emit_dp2a(FunctionEmitter &e, const Instruction &i) {
  Type ta = i.type(0), tb = i.type(1);
  Value *a = e.read(i.operand(1), ta), *c = e.read(i.operand(2), tb);
  Value *sum = e.read(i.operand(3), Type::B32);
  for (unsigned k = 0; k < 2; ++k) {
    Value *x = lane_of(e, a, k, 16, ptx::is_signed(ta));
    Value *y = lane_of(e, c, k + (i.has(Mod::hi) ? 2 : 0), 8, ptx::is_signed(tb));
    sum = e.b.CreateAdd(sum, e.b.CreateMul(x, y));
  }
  e.write(i.operand(0), sum, Type::B32);
}

} // namespace

Value *product(FunctionEmitter &e, const Instruction &i, Value *a, Value *c) {
  if (!i.has(Mod::wide) && !i.has(Mod::hi))
    return e.b.CreateMul(a, c);
  Value *full = wide_product(e, a, c, ptx::is_signed(i.type()));
  if (i.has(Mod::wide))
    return full;
  return e.b.CreateTrunc(e.b.CreateLShr(full, a->getType()->getIntegerBitWidth()), a->getType());
}

namespace {

/// `shifted` if amount < width, else zero; no select for a constant amount.
Value *zero_beyond(FunctionEmitter &e, Value *shifted, Value *amount, unsigned width) {
  Constant *zero = Constant::getNullValue(shifted->getType());
  if (auto *c = dyn_cast<ConstantInt>(amount))
    return c->getValue().ult(width) ? shifted : zero;
  Value *in_range = e.b.CreateICmpULT(amount, ConstantInt::get(amount->getType(), width));
  return e.b.CreateSelect(in_range, shifted, zero);
}

/// amount, made sure to be below width, in a's type.
Value *masked(FunctionEmitter &e, Value *a, Value *amount) {
  unsigned width = a->getType()->getIntegerBitWidth();
  return e.b.CreateZExtOrTrunc(e.b.CreateAnd(amount, width - 1), a->getType());
}

} // namespace

Value *shift_left(FunctionEmitter &e, Value *a, Value *amount) {
  return zero_beyond(e, e.b.CreateShl(a, masked(e, a, amount)), amount,
                     a->getType()->getIntegerBitWidth());
}

Value *shift_right(FunctionEmitter &e, Value *a, Value *amount, bool arithmetic) {
  unsigned width = a->getType()->getIntegerBitWidth();
  if (!arithmetic)
    return zero_beyond(e, e.b.CreateLShr(a, masked(e, a, amount)), amount, width);
  Value *clamped = e.b.CreateBinaryIntrinsic(Intrinsic::umin, amount,
                                             ConstantInt::get(amount->getType(), width - 1));
  return e.b.CreateAShr(a, e.b.CreateZExtOrTrunc(clamped, a->getType()));
}

std::span<const EmitterRow> integer_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::add, emit_add_sub, is_plain_integer_form},
      {Opcode::sub, emit_add_sub, is_plain_integer_form},
      {Opcode::mul, emit_mul_mad, is_plain_integer_form},
      {Opcode::mad, emit_mul_mad, is_plain_integer_form},
      {Opcode::mul24, emit_mul24},
      {Opcode::mad24, emit_mul24},
      {Opcode::sad, emit_sad},
      {Opcode::div, emit_div_rem, is_plain_integer_form},
      {Opcode::rem, emit_div_rem},
      {Opcode::abs, emit_abs_neg, is_plain_integer_form},
      {Opcode::neg, emit_abs_neg, is_plain_integer_form},
      {Opcode::min, emit_min_max, is_plain_integer_form},
      {Opcode::max, emit_min_max, is_plain_integer_form},
      {Opcode::popc, emit_popc},
      {Opcode::clz, emit_clz},
      {Opcode::bfind, emit_bfind},
      {Opcode::fns, emit_fns},
      {Opcode::brev, emit_brev},
      {Opcode::bfe, emit_bfe},
      {Opcode::bfi, emit_bfi},
      {Opcode::szext, emit_szext},
      {Opcode::bmsk, emit_bmsk},
      {Opcode::dp4a, emit_dp4a},
      {Opcode::dp2a, emit_dp2a},
  };
  return rows;
}

} // namespace w2w::emit
