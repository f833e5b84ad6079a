// cvt to and from packed pairs and tf32, PTX ISA 9.7.9.21: f16x2, bf16x2, e4m3x2, e5m2x2, e2m3x2,
// e3m2x2, e2m1x2, ue8m0x2.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/convert.h"
#include "lowering/emit/matrix.h"

#include <cmath>

namespace w2w::emit {

using namespace llvm;

namespace {

/// A float of 8 bits or less. Sources: OCP 8-bit Floating Point and Microscaling Formats
/// specifications, as PTX ISA 5.2.3 names them.
struct SmallFloat {
  Type packed;       // the PTX pair type
  unsigned exponent; // bits
  unsigned mantissa; // bits
  int bias;
  unsigned largest; // encoding of the largest finite number
  unsigned nan;     // encoding of NaN; 0: there is none and NaN becomes the largest number

  unsigned sign_bit() const { return exponent + mantissa; }
  /// Bits that one value takes in the packed register.
  unsigned lane() const { return sign_bit() == 3 ? 4 : 8; }
};

constexpr SmallFloat kSmallFloats[] = {
    {Type::E4M3x2, 4, 3, 7, 0x7e, 0x7f}, {Type::E5M2x2, 5, 2, 15, 0x7b, 0x7f},
    {Type::E2M3x2, 2, 3, 1, 0x1f, 0},    {Type::E3M2x2, 3, 2, 3, 0x1f, 0},
    {Type::E2M1x2, 2, 1, 1, 0x07, 0},
};

const SmallFloat *small_float(Type t) {
  for (const SmallFloat &f : kSmallFloats)
    if (f.packed == t)
      return &f;
  return nullptr;
}

/// f32 -> small float, nearest even, saturating; i32 with the encoding in the low bits.
Value *to_small(FunctionEmitter &e, const SmallFloat &f, Value *a, bool relu) {
  IRBuilder<> &b = e.b;
  llvm::Type *i32 = b.getInt32Ty();
  Value *bits = b.CreateBitCast(a, i32);
  Value *magnitude = b.CreateAnd(bits, 0x7fffffff);
  Value *absolute = b.CreateBitCast(magnitude, b.getFloatTy());

  // Normal results: round the f32 mantissa to f.mantissa bits; the carry into the exponent is right
  // by construction.
  unsigned drop = 23 - f.mantissa;
  Value *lsb = b.CreateAnd(b.CreateLShr(magnitude, drop), 1);
  Value *rounded = b.CreateLShr(
      b.CreateAdd(b.CreateAdd(magnitude, b.getInt32((1u << (drop - 1)) - 1)), lsb), drop);
  Value *normal =
      b.CreateSub(rounded, b.getInt32(static_cast<uint32_t>(127 - f.bias) << f.mantissa));

  // Subnormal results are multiples of 2^(1 - bias - mantissa): added to the power of two whose
  // last place that is, the f32 addition rounds to it and leaves the encoding in the low bits.
  int unit = 1 - f.bias - static_cast<int>(f.mantissa);
  Value *magic = ConstantFP::get(b.getFloatTy(), std::ldexp(1.0, 23 + unit));
  Value *subnormal = b.CreateAnd(b.CreateBitCast(b.CreateFAdd(absolute, magic), i32), 0xff);

  Value *smallest_normal = ConstantFP::get(b.getFloatTy(), std::ldexp(1.0, 1 - f.bias));
  Value *r = b.CreateSelect(b.CreateFCmpOLT(absolute, smallest_normal), subnormal, normal);
  // Beyond the largest: clamp. The comparison is on f32, before the exponent can overflow the
  // encoding.
  r = b.CreateBinaryIntrinsic(Intrinsic::umin, r, b.getInt32(f.largest));
  Value *huge = b.CreateICmpUGE(magnitude, b.getInt32(0x7f000000u));
  r = b.CreateSelect(huge, b.getInt32(f.largest), r);
  Value *sign = b.CreateLShr(bits, 31);
  if (relu)
    r = b.CreateSelect(b.CreateICmpNE(sign, b.getInt32(0)), b.getInt32(0), r);
  else
    r = b.CreateOr(r, b.CreateShl(sign, f.sign_bit()));
  return b.CreateSelect(b.CreateFCmpUNO(a, a), b.getInt32(f.nan ? f.nan : f.largest), r);
}

/// Small float (low bits of an i32) -> half, exact: the encoding becomes the top of a half's
/// exponent and mantissa, and a multiplication by a power of two mends the bias, subnormals
/// included.
Value *from_small(FunctionEmitter &e, const SmallFloat &f, Value *v) {
  IRBuilder<> &b = e.b;
  Value *body = b.CreateAnd(v, (1u << f.sign_bit()) - 1);
  Value *sign = b.CreateAnd(b.CreateLShr(v, f.sign_bit()), 1);
  Value *bits = b.CreateOr(b.CreateShl(body, 10 - f.mantissa), b.CreateShl(sign, 15));
  Value *half = b.CreateBitCast(b.CreateTrunc(bits, b.getInt16Ty()), b.getHalfTy());
  if (f.bias != 15)
    half = b.CreateFMul(half, ConstantFP::get(b.getHalfTy(), std::ldexp(1.0, 15 - f.bias)));
  if (f.nan && f.bias != 15) { // e5m2's NaNs and infinities are those of f16
    Value *nan = b.CreateBitCast(b.getInt16(0x7fff), b.getHalfTy());
    half = b.CreateSelect(b.CreateICmpEQ(body, b.getInt32(f.nan)), nan, half);
  }
  return half;
}

/// |f32| (its bits) -> ue8m0, a power of two by its biased exponent: 2^-127 to 2^127 are 0 to 0xfe,
/// NaN is 0xff, and there is no sign and no infinity. Beyond 2^127: NaN, or 2^127 if .satfinite.
/// Source: PTX ISA 5.2.3 and 9.7.9.21; that it is the absolute value that is rounded, the CUDA math
/// API on __nv_cvt_float_to_e8m0.
Value *to_ue8m0(FunctionEmitter &e, const Instruction &i, Value *bits) {
  IRBuilder<> &b = e.b;
  Value *magnitude = b.CreateAnd(bits, 0x7fffffff);
  Value *r = b.CreateLShr(magnitude, 23);
  if (i.has(Mod::rp)) {
    // 2^-127 is f32's subnormal 0x00400000: all up to there is 0.
    Value *inexact = b.CreateICmpNE(b.CreateAnd(magnitude, 0x7fffff), b.getInt32(0));
    Value *above = b.CreateICmpUGT(magnitude, b.getInt32(0x00400000));
    r = b.CreateAdd(r, b.CreateZExt(b.CreateAnd(inexact, above), b.getInt32Ty()));
  }
  r = b.CreateBinaryIntrinsic(Intrinsic::umin, r, b.getInt32(i.has(Mod::satfinite) ? 0xfe : 0xff));
  Value *is_nan = b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000));
  return b.CreateSelect(is_nan, b.getInt32(0xff), r);
}

void emit_to_ue8m0(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *upper = e.read(i.operand(1), Type::B32), *lower = nullptr;
  if (i.type(1) == Type::BF16x2) {
    lower = b.CreateShl(upper, 16);
    upper = b.CreateAnd(upper, 0xffff0000u);
  } else {
    lower = e.read(i.operand(2), Type::B32);
  }
  Value *r = b.CreateOr(b.CreateShl(to_ue8m0(e, i, upper), 8), to_ue8m0(e, i, lower));
  e.write(i.operand(0), b.CreateTrunc(r, b.getInt16Ty()), Type::B16);
}

/// A bf16 holds every ue8m0 exactly; 2^-127 is subnormal.
void emit_from_ue8m0(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *packed = e.read_int(i.operand(1), Type::B16, 32), *r = b.getInt32(0);
  for (unsigned k = 0; k < 2; ++k) {
    Value *code = b.CreateAnd(b.CreateLShr(packed, 8 * k), 0xff);
    Value *v = b.CreateSelect(b.CreateICmpEQ(code, b.getInt32(0)), b.getInt32(0x0040),
                              b.CreateShl(code, 7));
    v = b.CreateSelect(b.CreateICmpEQ(code, b.getInt32(0xff)), b.getInt32(0x7fff), v);
    r = b.CreateOr(r, b.CreateShl(v, 16 * k));
  }
  e.write(i.operand(0), r, Type::B32);
}

/// To tf32: f32 with 10 bits of mantissa. .rna rounds ties away from zero.
void emit_tf32(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *bits = e.read(i.operand(1), Type::F32);
  Value *magnitude = b.CreateAnd(bits, 0x7fffffff);
  Value *add = b.getInt32(0);
  if (i.has(Mod::rna))
    add = b.getInt32(0x1000);
  else if (i.has(Mod::rn))
    add = b.CreateAdd(b.getInt32(0xfff), b.CreateAnd(b.CreateLShr(magnitude, 13), 1));
  Value *r = b.CreateAnd(b.CreateAdd(magnitude, add), ~uint64_t{0x1fff});
  Value *infinity = b.getInt32(0x7f800000);
  if (i.has(Mod::satfinite))
    r = b.CreateBinaryIntrinsic(Intrinsic::umin, r, b.getInt32(0x7f7fe000));
  Value *sign = b.CreateAnd(bits, 0x80000000u);
  if (i.has(Mod::relu))
    r = b.CreateSelect(b.CreateICmpNE(sign, b.getInt32(0)), b.getInt32(0), r);
  else
    r = b.CreateOr(r, sign);
  r = b.CreateSelect(b.CreateICmpUGT(magnitude, infinity), b.getInt32(0x7fffffff), r);
  e.write(i.operand(0), r, Type::B32);
}

/// Two f32 to a pair of halves or bfloats: the first input in the upper half.
void emit_to_half_pair(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  auto *pair = cast<FixedVectorType>(e.value_type(i.type(0)));
  Value *r = PoisonValue::get(pair);
  for (unsigned k = 0; k < 2; ++k) {
    Value *a = e.read_value(i.operand(2 - k), Type::F32);
    Value *v = float_to_float(e, a, pair->getElementType(), directed_rounding(i));
    if (i.has(Mod::satfinite))
      v = satfinite(e, v);
    if (i.has(Mod::relu))
      v = w2w::emit::relu(e, v);
    r = b.CreateInsertElement(r, v, k);
  }
  e.write(i.operand(0), r, i.type(0));
}

} // namespace

Value *small_float_to_half(FunctionEmitter &e, Type t, Value *v) {
  return from_small(e, *small_float(t == Type::E4M3 ? Type::E4M3x2 : Type::E5M2x2), v);
}

void emit_cvt_packed(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type to = i.type(0), from = i.type(1);
  if (to == Type::TF32)
    return emit_tf32(e, i);
  if (to == Type::UE8M0x2)
    return emit_to_ue8m0(e, i);
  if (from == Type::UE8M0x2)
    return emit_from_ue8m0(e, i);
  if (const SmallFloat *f = small_float(to)) {
    // f32 a, b: a goes to the upper lane. f16x2: lanes keep their places.
    Value *upper = nullptr, *lower = nullptr;
    if (from == Type::F32) {
      upper = e.read_value(i.operand(1), from);
      lower = e.read_value(i.operand(2), from);
    } else {
      Value *pair = e.read_value(i.operand(1), from);
      upper = b.CreateFPExt(b.CreateExtractElement(pair, 1), b.getFloatTy());
      lower = b.CreateFPExt(b.CreateExtractElement(pair, uint64_t{0}), b.getFloatTy());
    }
    bool clamp = i.has(Mod::relu);
    Value *r = b.CreateOr(b.CreateShl(to_small(e, *f, upper, clamp), f->lane()),
                          to_small(e, *f, lower, clamp));
    e.write(i.operand(0), b.CreateTrunc(r, e.int_type(2 * f->lane())),
            f->lane() == 4 ? Type::B8 : Type::B16);
    return;
  }
  if (const SmallFloat *f = small_float(from); f && to == Type::F16x2) {
    Value *packed = e.read_int(i.operand(1), f->lane() == 4 ? Type::B8 : Type::B16, 32);
    Value *r = PoisonValue::get(e.value_type(to));
    for (unsigned k = 0; k < 2; ++k) {
      Value *lane = b.CreateAnd(b.CreateLShr(packed, k * f->lane()), (1u << f->lane()) - 1);
      Value *half = from_small(e, *f, lane);
      r = b.CreateInsertElement(r, i.has(Mod::relu) ? w2w::emit::relu(e, half) : half, k);
    }
    e.write(i.operand(0), r, to);
    return;
  }
  if ((to == Type::F16x2 || to == Type::BF16x2) && from == Type::F32)
    return emit_to_half_pair(e, i);
  e.error(i, "this conversion is not supported");
}

} // namespace w2w::emit
