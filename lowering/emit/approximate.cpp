// Approximate floating point: PTX ISA 9.7.3.8 and .13 to .22 with .approx or .full, 9.7.4.9 and
// .10. Each is built from AMD's instruction (1 ulp) with the scaling that subnormals need where
// there is no .ftz, so that PTX's error bounds hold; the reasoning stands at each function. NaN,
// infinity and zero rows of the PTX tables are what the AMD instructions give.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w::emit {

using namespace llvm;

namespace {

Value *unary(FunctionEmitter &e, Intrinsic::ID id, Value *v) {
  return e.intrinsic(id, v->getType(), {v});
}

Constant *number(FunctionEmitter &e, double v) {
  return ConstantFP::get(e.b.getFloatTy(), v);
}

/// v_rcp_f32 flushes subnormals; mantissa and exponent apart it never meets any. frexp gives [0.5,
/// 1) and leaves zero, infinity and NaN alone with exponent 0.
Value *rcp_full_range(FunctionEmitter &e, Value *v) {
  Value *mantissa = unary(e, Intrinsic::amdgcn_frexp_mant, v);
  Value *exponent = e.intrinsic(Intrinsic::amdgcn_frexp_exp, {e.b.getInt32Ty(), v->getType()}, {v});
  Value *r = unary(e, Intrinsic::amdgcn_rcp, mantissa);
  return e.intrinsic(Intrinsic::ldexp, {v->getType(), e.b.getInt32Ty()},
                     {r, e.b.CreateNeg(exponent)});
}

/// rcp.approx.ftz.f64: 20 bits of mantissa in the upper word, the lower word zero.
void emit_gross_f64(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  constexpr uint64_t upper = 0xffffffff00000000u;
  Value *bits = b.CreateAnd(e.read(i.operand(1), Type::F64), upper);
  // Subnormal inputs count as zeros of their sign.
  Value *exponent = b.CreateAnd(bits, uint64_t{0x7ff} << 52);
  bits = b.CreateSelect(b.CreateICmpEQ(exponent, b.getInt64(0)),
                        b.CreateAnd(bits, uint64_t{1} << 63), bits);
  Value *a = b.CreateBitCast(bits, b.getDoubleTy());
  if (i.opcode == Opcode::rsqrt)
    a = unary(e, Intrinsic::sqrt, a);
  Value *r = b.CreateFDiv(ConstantFP::get(b.getDoubleTy(), 1.0), a);
  Value *is_nan = b.CreateFCmpUNO(r, r);
  bits = b.CreateAnd(b.CreateBitCast(r, b.getInt64Ty()), upper);
  exponent = b.CreateAnd(bits, uint64_t{0x7ff} << 52);
  bits = b.CreateSelect(b.CreateICmpEQ(exponent, b.getInt64(0)),
                        b.CreateAnd(bits, uint64_t{1} << 63), bits);
  e.write(i.operand(0), b.CreateSelect(is_nan, b.getInt64(0x7fffffff00000000u), bits), Type::F64);
}

Value *sqrt_or_rsq(FunctionEmitter &e, const Instruction &i, Value *a, bool reciprocal) {
  auto id = reciprocal ? Intrinsic::amdgcn_rsq : Intrinsic::amdgcn_sqrt;
  if (i.has(Mod::ftz))
    return unary(e, id, a);
  // Subnormal inputs are scaled by 2^32 and the result by 2^-16 or 2^16; results are never
  // subnormal.
  Value *small = e.b.CreateFCmpOLT(unary(e, Intrinsic::fabs, a), number(e, 0x1p-126));
  Value *scaled = e.b.CreateFMul(a, e.b.CreateSelect(small, number(e, 0x1p32), number(e, 1.0)));
  Value *r = unary(e, id, scaled);
  Value *back = number(e, reciprocal ? 0x1p16 : 0x1p-16);
  return e.b.CreateFMul(r, e.b.CreateSelect(small, back, number(e, 1.0)));
}

void emit_rsqrt(FunctionEmitter &e, const Instruction &i) {
  if (i.type() == Type::F64) {
    if (i.has(Mod::ftz))
      return emit_gross_f64(e, i);
    // 1/sqrt with two correctly rounded operations: below 2^-51 relative.
    Value *root = unary(e, Intrinsic::sqrt, e.read_value(i.operand(1), Type::F64));
    e.write(i.operand(0), e.b.CreateFDiv(ConstantFP::get(e.b.getDoubleTy(), 1.0), root), Type::F64);
    return;
  }
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  e.write(i.operand(0), flush_if_ftz(e, i, sqrt_or_rsq(e, i, a, true)), Type::F32);
}

/// v_sin_f32 and v_cos_f32 take revolutions. The product with 1/(2 pi) is made in two parts, so
/// that within +-100 pi the argument is good to 2^-24 revolutions after the whole turns are taken
/// off.
void emit_sin_cos(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  constexpr double inverse = 0.15915494309189533577;
  float high = static_cast<float>(inverse);
  float low = static_cast<float>(inverse - static_cast<double>(high));
  llvm::Type *f32 = b.getFloatTy();
  Value *turns = b.CreateFMul(a, number(e, high));
  Value *rest = e.intrinsic(Intrinsic::fma, f32, {a, number(e, high), b.CreateFNeg(turns)});
  rest = e.intrinsic(Intrinsic::fma, f32, {a, number(e, low), rest});
  Value *part = b.CreateFAdd(unary(e, Intrinsic::amdgcn_fract, turns), rest);
  bool is_sin = i.opcode == Opcode::sin;
  Value *r = unary(e, is_sin ? Intrinsic::amdgcn_sin : Intrinsic::amdgcn_cos, part);
  // Infinity times a constant leaves infinity minus infinity, NaN, as PTX wants. Near zero fract()
  // of a small negative number loses its bits, and -0 its sign: there sin(x) is x and cos(x) is 1.
  Value *small = b.CreateFCmpOLT(unary(e, Intrinsic::fabs, a), number(e, 0x1p-12));
  r = b.CreateSelect(small, is_sin ? a : static_cast<Value *>(number(e, 1.0)), r);
  e.write(i.operand(0), flush_if_ftz(e, i, r), Type::F32);
}

/// v_log_f32 flushes subnormals: they are scaled by 2^32 and 32 subtracted.
void emit_lg2(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  Value *r = nullptr;
  if (i.has(Mod::ftz)) {
    r = unary(e, Intrinsic::amdgcn_log, a);
  } else {
    Value *small = b.CreateFCmpOLT(unary(e, Intrinsic::fabs, a), number(e, 0x1p-126));
    Value *scaled = b.CreateFMul(a, b.CreateSelect(small, number(e, 0x1p32), number(e, 1.0)));
    r = unary(e, Intrinsic::amdgcn_log, scaled);
    r = b.CreateFSub(r, b.CreateSelect(small, number(e, 32.0), number(e, 0.0)));
  }
  e.write(i.operand(0), flush_if_ftz(e, i, r), Type::F32);
}

/// v_exp_f32 flushes subnormal results: below -126 the argument is raised by 64 and the result
/// scaled by 2^-64.
Value *exp2_f32(FunctionEmitter &e, Value *a, bool ftz) {
  IRBuilder<> &b = e.b;
  if (ftz)
    return unary(e, Intrinsic::amdgcn_exp2, a);
  Value *low = b.CreateFCmpOLT(a, number(e, -126.0));
  Value *r = unary(e, Intrinsic::amdgcn_exp2,
                   b.CreateFAdd(a, b.CreateSelect(low, number(e, 64.0), number(e, 0.0))));
  return b.CreateFMul(r, b.CreateSelect(low, number(e, 0x1p-64), number(e, 1.0)));
}

/// Applies an f32 function to every lane of an operand of any float type and rounds the results to
/// that type.
template <typename F> void through_f32(FunctionEmitter &e, const Instruction &i, F f) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), t));
  auto lane = [&](Value *v) {
    llvm::Type *type = v->getType();
    if (type->isFloatTy())
      return f(v);
    return b.CreateFPTrunc(f(b.CreateFPExt(v, b.getFloatTy())), type);
  };
  Value *r = nullptr;
  if (auto *vector = dyn_cast<FixedVectorType>(a->getType())) {
    r = PoisonValue::get(vector);
    for (unsigned k = 0; k < vector->getNumElements(); ++k)
      r = b.CreateInsertElement(r, lane(b.CreateExtractElement(a, k)), k);
  } else {
    r = lane(a);
  }
  e.write(i.operand(0), flush_if_ftz(e, i, r), t);
}

void emit_ex2(FunctionEmitter &e, const Instruction &i) {
  bool ftz = i.has(Mod::ftz) || ptx::bits(i.type()) / ptx::info(i.type()).lanes == 16;
  // bf16 has f32's range: its subnormal results are flushed, as .ftz (which the form implies) says.
  // f16's are f32 normals.
  through_f32(e, i, [&](Value *a) { return exp2_f32(e, a, ftz); });
}

/// tanh: 1 - 2 / (exp(2|x|) + 1) has an absolute error of some 2^-22, good for 2^-11 relative from
/// 2^-5 on; below, two terms of the series x - x^3/3 are within 2 x^4 / 15 < 2^-22. Subnormals pass
/// through.
Value *tanh_f32(FunctionEmitter &e, Value *x) {
  IRBuilder<> &b = e.b;
  Value *magnitude = unary(e, Intrinsic::fabs, x);
  Value *power = unary(e, Intrinsic::amdgcn_exp2,
                       b.CreateFMul(magnitude, number(e, 2.0 * 1.44269504088896340736)));
  Value *quotient = b.CreateFMul(
      number(e, 2.0), unary(e, Intrinsic::amdgcn_rcp, b.CreateFAdd(power, number(e, 1.0))));
  Value *large =
      b.CreateBinaryIntrinsic(Intrinsic::copysign, b.CreateFSub(number(e, 1.0), quotient), x);
  Value *square = b.CreateFMul(x, x);
  Value *series = e.intrinsic(Intrinsic::fma, x->getType(),
                              {b.CreateFMul(square, number(e, -1.0 / 3.0)), x, x});
  // fma(-0, -0, -0) is +0: the sign is put back.
  series = b.CreateBinaryIntrinsic(Intrinsic::copysign, series, x);
  return b.CreateSelect(b.CreateFCmpOLT(magnitude, number(e, 0x1p-5)), series, large);
}

void emit_tanh(FunctionEmitter &e, const Instruction &i) {
  through_f32(e, i, [&](Value *a) { return tanh_f32(e, a); });
}

} // namespace

/// .approx is a * (1/b), whose behaviour for huge b PTX describes: 1/b is subnormal there and
/// counts as zero. .full keeps 2 ulp everywhere: mantissas are divided and the exponents put back.
void emit_approximate_div(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  llvm::Type *f32 = b.getFloatTy();
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  Value *c = flush_if_ftz(e, i, e.read_value(i.operand(2), Type::F32));
  Value *r = nullptr;
  if (i.has(Mod::approx)) {
    r = b.CreateFMul(a, i.has(Mod::ftz) ? unary(e, Intrinsic::amdgcn_rcp, c)
                                        : flush(e, rcp_full_range(e, c)));
  } else {
    auto exponent = [&](Value *v) {
      return e.intrinsic(Intrinsic::amdgcn_frexp_exp, {b.getInt32Ty(), f32}, {v});
    };
    Value *q =
        b.CreateFMul(unary(e, Intrinsic::amdgcn_frexp_mant, a),
                     unary(e, Intrinsic::amdgcn_rcp, unary(e, Intrinsic::amdgcn_frexp_mant, c)));
    r = e.intrinsic(Intrinsic::ldexp, {f32, b.getInt32Ty()},
                    {q, b.CreateSub(exponent(a), exponent(c))});
  }
  e.write(i.operand(0), flush_if_ftz(e, i, r), Type::F32);
}

void emit_approximate_rcp(FunctionEmitter &e, const Instruction &i) {
  if (i.type() == Type::F64)
    return emit_gross_f64(e, i);
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  Value *r = i.has(Mod::ftz) ? unary(e, Intrinsic::amdgcn_rcp, a) : rcp_full_range(e, a);
  e.write(i.operand(0), flush_if_ftz(e, i, r), Type::F32);
}

void emit_approximate_sqrt(FunctionEmitter &e, const Instruction &i) {
  Value *a = flush_if_ftz(e, i, e.read_value(i.operand(1), Type::F32));
  e.write(i.operand(0), flush_if_ftz(e, i, sqrt_or_rsq(e, i, a, false)), Type::F32);
}

std::span<const EmitterRow> approximate_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::rsqrt, emit_rsqrt}, {Opcode::sin, emit_sin_cos}, {Opcode::cos, emit_sin_cos},
      {Opcode::lg2, emit_lg2},     {Opcode::ex2, emit_ex2},     {Opcode::tanh, emit_tanh},
  };
  return rows;
}

} // namespace w2w::emit
