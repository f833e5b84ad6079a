// Floating-point arithmetic that is exact to PTX's word: 9.7.3 (f32, f64), 9.7.4 (f16, bf16 and
// their pairs), 9.7.5 (mixed).
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

#include "llvm/ADT/FloatingPointMode.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// Calls `one` for each lane of vectors, or once for scalars.
template <typename One> Value *by_lane(FunctionEmitter &e, ArrayRef<Value *> args, One one) {
  auto *vector = dyn_cast<FixedVectorType>(args[0]->getType());
  if (!vector)
    return one(args);
  Value *r = nullptr;
  for (unsigned lane = 0; lane < vector->getNumElements(); ++lane) {
    SmallVector<Value *, 3> scalars;
    for (Value *a : args)
      scalars.push_back(e.b.CreateExtractElement(a, lane));
    Value *v = one(scalars);
    if (!r)
      r = PoisonValue::get(FixedVectorType::get(v->getType(), vector->getNumElements()));
    r = e.b.CreateInsertElement(r, v, lane);
  }
  return r;
}

Value *directed(FunctionEmitter &e, StringRef op, std::string_view rounding,
                ArrayRef<Value *> args) {
  return by_lane(e, args, [&](ArrayRef<Value *> scalars) {
    llvm::Type *type = scalars[0]->getType();
    return e.call_w2w("w2w." + op + "." + StringRef(rounding) + "." + type_suffix(type), type,
                      scalars, W2wKind::Pure);
  });
}

/// A source operand, widened to the result's type in mixed-precision forms (add.f32.f16: only the
/// multiplied or first operands are narrow), and flushed if .ftz.
Value *source(FunctionEmitter &e, const Instruction &i, unsigned n, Type t) {
  Value *v = flush_if_ftz(e, i, e.read_value(i.operand(n), t));
  if (t != i.type())
    v = e.b.CreateFPExt(v, e.value_type(i.type()));
  return v;
}

void finish(FunctionEmitter &e, const Instruction &i, Value *r) {
  e.write(i.operand(0), finish_float(e, i, r), i.type());
}

/// Whether mul and add may be fused: asked for, and PTX gives leave (no rounding modifier).
FastMathFlags flags(FunctionEmitter &e, const Instruction &i) {
  FastMathFlags f;
  if (e.module.options.contract && !i.has(Mod::rn) && directed_rounding(i).empty())
    f.setAllowContract();
  return f;
}

void emit_add_sub_mul(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Type narrow = i.types.size() > 1 ? i.type(1) : t;
  Value *a = source(e, i, 1, narrow), *c = source(e, i, 2, t);
  std::string_view rounding = directed_rounding(i);
  Value *r = nullptr;
  if (!rounding.empty()) {
    StringRef name = i.opcode == Opcode::add ? "add" : i.opcode == Opcode::sub ? "sub" : "mul";
    r = directed(e, name, rounding, {a, c});
  } else {
    IRBuilder<>::FastMathFlagGuard guard(e.b);
    e.b.setFastMathFlags(flags(e, i));
    r = i.opcode == Opcode::add   ? e.b.CreateFAdd(a, c)
        : i.opcode == Opcode::sub ? e.b.CreateFSub(a, c)
                                  : e.b.CreateFMul(a, c);
  }
  finish(e, i, r);
}

/// One rounding for bf16: the product is exact in f64, the sum is rounded to odd there, so that the
/// final rounding to 8 bits sees on which side of every midpoint the exact value lies.
Value *fma_bf16(FunctionEmitter &e, ArrayRef<Value *> args) {
  IRBuilder<> &b = e.b;
  llvm::Type *f64 = b.getDoubleTy(), *i64 = b.getInt64Ty();
  Value *product = b.CreateFMul(b.CreateFPExt(args[0], f64), b.CreateFPExt(args[1], f64));
  Value *addend = b.CreateFPExt(args[2], f64);
  Value *sum = b.CreateFAdd(product, addend);
  Value *part = b.CreateFSub(sum, product);
  Value *error =
      b.CreateFAdd(b.CreateFSub(product, b.CreateFSub(sum, part)), b.CreateFSub(addend, part));
  Value *bits = b.CreateBitCast(sum, i64);
  Value *zero = ConstantFP::get(f64, 0.0);
  // error is NaN if anything was infinite or NaN: then the sum stands as it is.
  Value *inexact = b.CreateFCmpONE(error, zero);
  Value *even = b.CreateICmpEQ(b.CreateAnd(bits, 1), b.getInt64(0));
  Value *away = b.CreateICmpEQ(b.CreateFCmpOGT(error, zero), b.CreateFCmpOGT(sum, zero));
  Value *odd = b.CreateAdd(bits, b.CreateSelect(away, b.getInt64(1), b.getInt64(~uint64_t{0})));
  bits = b.CreateSelect(b.CreateAnd(inexact, even), odd, bits);
  return b.CreateFPTrunc(b.CreateBitCast(bits, f64), b.getBFloatTy());
}

/// The NaN with which a tensor copy fills what is out of bounds (PTX ISA 5.5.3.3), f16 and bf16
/// alike. The ISA gives it no bits; docs/AMDGPU-NOTES.md says where these come from.
constexpr uint16_t kOutOfBoundsNan = 0x7ff7;

/// Which lanes of `v`, f16 or bf16, are OOB-NaN.
Value *is_out_of_bounds(FunctionEmitter &e, Value *v) {
  llvm::Type *bits = v->getType()->getWithNewType(e.b.getInt16Ty());
  return e.b.CreateICmpEQ(e.b.CreateBitCast(v, bits), ConstantInt::get(bits, kOutOfBoundsNan));
}

void emit_fma(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Type narrow = i.types.size() > 1 ? i.type(1) : t;
  Value *a = source(e, i, 1, narrow), *c = source(e, i, 2, narrow), *d = source(e, i, 3, t);
  std::string_view rounding = directed_rounding(i);
  Value *r = nullptr;
  if (!rounding.empty())
    r = directed(e, "fma", rounding, {a, c, d});
  else if (a->getType()->getScalarType()->isBFloatTy())
    r = by_lane(e, {a, c, d}, [&](ArrayRef<Value *> s) { return fma_bf16(e, s); });
  else
    r = e.intrinsic(Intrinsic::fma, a->getType(), {a, c, d});
  // "If either of the operands is OOB NaN": of the product. A sum on which more is added cannot be
  // out of bounds.
  if (i.has(Mod::oob))
    r = e.b.CreateSelect(e.b.CreateOr(is_out_of_bounds(e, a), is_out_of_bounds(e, c)),
                         Constant::getNullValue(r->getType()), r);
  finish(e, i, r);
}

void emit_div(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::approx) || i.has(Mod::full))
    return emit_approximate_div(e, i);
  Value *a = source(e, i, 1, i.type()), *c = source(e, i, 2, i.type());
  std::string_view rounding = directed_rounding(i);
  finish(e, i, rounding.empty() ? e.b.CreateFDiv(a, c) : directed(e, "div", rounding, {a, c}));
}

void emit_rcp(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::approx))
    return emit_approximate_rcp(e, i);
  Value *a = source(e, i, 1, i.type());
  std::string_view rounding = directed_rounding(i);
  finish(e, i,
         rounding.empty() ? e.b.CreateFDiv(ConstantFP::get(a->getType(), 1.0), a)
                          : directed(e, "rcp", rounding, {a}));
}

void emit_sqrt(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::approx))
    return emit_approximate_sqrt(e, i);
  Value *a = source(e, i, 1, i.type());
  std::string_view rounding = directed_rounding(i);
  finish(e, i,
         rounding.empty() ? e.b.CreateUnaryIntrinsic(Intrinsic::sqrt, a)
                          : directed(e, "sqrt", rounding, {a}));
}

void emit_abs_neg(FunctionEmitter &e, const Instruction &i) {
  Value *a = source(e, i, 1, i.type());
  Value *r =
      i.opcode == Opcode::neg ? e.b.CreateFNeg(a) : e.b.CreateUnaryIntrinsic(Intrinsic::fabs, a);
  e.write(i.operand(0), r, i.type());
}

void emit_min_max(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  SmallVector<Value *, 3> in;
  for (unsigned n = 1; n < i.operands.size(); ++n)
    in.push_back(source(e, i, n, t));
  Value *sign = nullptr;
  llvm::Type *bits_type =
      in[0]->getType()->getWithNewType(e.int_type(in[0]->getType()->getScalarSizeInBits()));
  if (i.has(Mod::xorsign)) {
    Value *mask = ConstantInt::get(bits_type, APInt::getSignMask(bits_type->getScalarSizeInBits()));
    sign = b.CreateAnd(
        b.CreateXor(b.CreateBitCast(in[0], bits_type), b.CreateBitCast(in[1], bits_type)), mask);
  }
  if (i.has(Mod::abs))
    for (Value *&v : in)
      v = b.CreateUnaryIntrinsic(Intrinsic::fabs, v);
  bool is_min = i.opcode == Opcode::min, nan = i.has(Mod::NaN);
  Value *r = float_min_max(e, is_min, nan, in[0], in[1]);
  if (in.size() > 2)
    r = float_min_max(e, is_min, nan, r, in[2]);
  if (sign) {
    Value *with_sign =
        b.CreateBitCast(b.CreateOr(b.CreateBitCast(r, bits_type), sign), r->getType());
    r = b.CreateSelect(b.CreateFCmpUNO(r, r), r, with_sign);
  }
  e.write(i.operand(0), flush_if_ftz(e, i, r), t);
}

/// copysign d, a, b: the sign of a on the value of b.
void emit_copysign(FunctionEmitter &e, const Instruction &i) {
  Value *sign = e.read_value(i.operand(1), i.type()), *value = e.read_value(i.operand(2), i.type());
  e.write(i.operand(0), e.b.CreateBinaryIntrinsic(Intrinsic::copysign, value, sign), i.type());
}

void emit_testp(FunctionEmitter &e, const Instruction &i) {
  struct Test {
    Mod mod;
    unsigned classes;
  };
  static const Test tests[] = {
      {Mod::finite, fcAllFlags & ~(fcInf | fcNan)},
      {Mod::infinite, fcInf},
      {Mod::number, fcAllFlags & ~fcNan},
      {Mod::notanumber, fcNan},
      {Mod::normal, fcNormal | fcZero},
      {Mod::subnormal, fcSubnormal},
  };
  for (const Test &test : tests)
    if (i.has(test.mod)) {
      Value *a = e.read_value(i.operand(1), i.type());
      Value *r = e.intrinsic(Intrinsic::is_fpclass, a->getType(), {a, e.b.getInt32(test.classes)});
      e.write(i.operand(0), r, Type::Pred);
      return;
    }
  e.error(i, "testp without a property");
}

} // namespace

Value *relu(FunctionEmitter &e, Value *v) {
  return float_min_max(e, false, true, v, Constant::getNullValue(v->getType()));
}

Value *finish_float(FunctionEmitter &e, const Instruction &i, Value *r) {
  r = flush_if_ftz(e, i, r);
  if (i.has(Mod::sat))
    r = saturate(e, r);
  if (i.has(Mod::relu))
    r = relu(e, r);
  return r;
}

std::string type_suffix(llvm::Type *type) {
  if (auto *v = dyn_cast<FixedVectorType>(type))
    return "v" + std::to_string(v->getNumElements()) + type_suffix(v->getElementType());
  if (type->isHalfTy())
    return "f16";
  if (type->isBFloatTy())
    return "bf16";
  if (type->isFloatTy())
    return "f32";
  if (type->isDoubleTy())
    return "f64";
  return "i" + std::to_string(type->getIntegerBitWidth());
}

Value *flush(FunctionEmitter &e, Value *v) {
  return by_lane(e, {v}, [&](ArrayRef<Value *> s) -> Value * {
    llvm::Type *type = s[0]->getType();
    return e.call_w2w("w2w.flush." + type_suffix(type), type, {s[0]}, W2wKind::Pure);
  });
}

Value *flush_if_ftz(FunctionEmitter &e, const Instruction &i, Value *v) {
  llvm::Type *scalar = v->getType()->getScalarType();
  return i.has(Mod::ftz) && (scalar->isFloatTy() || scalar->isHalfTy()) ? flush(e, v) : v;
}

Value *saturate(FunctionEmitter &e, Value *v) {
  Value *zero = Constant::getNullValue(v->getType()), *one = ConstantFP::get(v->getType(), 1.0);
  Value *below_one = e.b.CreateSelect(e.b.CreateFCmpOLT(v, one), v, one);
  return e.b.CreateSelect(e.b.CreateFCmpOGT(v, zero), below_one, zero);
}

std::string_view directed_rounding(const Instruction &i) {
  return i.has(Mod::rz) ? "rz" : i.has(Mod::rm) ? "rm" : i.has(Mod::rp) ? "rp" : "";
}

Value *float_min_max(FunctionEmitter &e, bool is_min, bool propagate_nan, Value *a, Value *c) {
  Value *r =
      e.b.CreateBinaryIntrinsic(is_min ? Intrinsic::minimumnum : Intrinsic::maximumnum, a, c);
  if (!propagate_nan)
    return r;
  // The canonical NaN has all mantissa bits set: 0x7fffffff, 0x7fff (PTX ISA 9.7.3.11 with 9.7.3 on
  // NaN payloads).
  llvm::Type *type = a->getType();
  unsigned bits = type->getScalarSizeInBits();
  Constant *nan = ConstantFP::get(
      type, APFloat(type->getScalarType()->getFltSemantics(), APInt::getSignedMaxValue(bits)));
  return e.b.CreateSelect(e.b.CreateFCmpUNO(a, c), nan, r);
}

std::span<const EmitterRow> float_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::add, emit_add_sub_mul, is_float_form},
      {Opcode::sub, emit_add_sub_mul, is_float_form},
      {Opcode::mul, emit_add_sub_mul, is_float_form},
      {Opcode::fma, emit_fma},
      {Opcode::mad, emit_fma, is_float_form},
      {Opcode::div, emit_div, is_float_form},
      {Opcode::rcp, emit_rcp, is_float_form},
      {Opcode::sqrt, emit_sqrt, is_float_form},
      {Opcode::abs, emit_abs_neg, is_float_form},
      {Opcode::neg, emit_abs_neg, is_float_form},
      {Opcode::min, emit_min_max, is_float_form},
      {Opcode::max, emit_min_max, is_float_form},
      {Opcode::copysign, emit_copysign},
      {Opcode::testp, emit_testp},
  };
  return rows;
}

} // namespace w2w::emit
