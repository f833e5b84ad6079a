#include "lowering/passes/lower_directed_rounding.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

/// MODE.round's coding (AMD ISA documents, "MODE register").
enum class Rounding : uint8_t { Nearest = 0, Up = 1, Down = 2, Zero = 3 };

std::optional<Rounding> parse_rounding(StringRef text) {
  if (text == "rz")
    return Rounding::Zero;
  if (text == "rm")
    return Rounding::Down;
  if (text == "rp")
    return Rounding::Up;
  return std::nullopt;
}

class DirectedRounding {
public:
  explicit DirectedRounding(LLVMContext &context) : b_(context) {}

  /// Replacement of an arithmetic call, or nullptr if there is none.
  Value *arithmetic(CallInst &call, StringRef op, Rounding rounding);
  /// Replacement of a conversion; `from` is the type suffix of the source ("f64", "i32", "u64").
  Value *convert(CallInst &call, Rounding rounding, StringRef from);

private:
  Value *in_mode(StringRef instruction, ArrayRef<Value *> operands, Rounding rounding);
  Value *narrow(Value *value, Type *to, Rounding rounding);
  Value *from_integer(Value *value, bool is_signed, Type *to, Rounding rounding);
  Value *divide_f64(Value *a, Value *b, Rounding rounding);
  Value *sqrt_f64(Value *a, Rounding rounding);
  Value *intrinsic(Intrinsic::ID id, ArrayRef<Value *> operands) {
    return b_.CreateIntrinsic(id, {operands[0]->getType()}, operands);
  }
  Value *fabs(Value *v) { return intrinsic(Intrinsic::fabs, {v}); }
  Value *bits_of(Value *v) {
    return b_.CreateBitCast(v, b_.getIntNTy(v->getType()->getPrimitiveSizeInBits()));
  }
  Value *is_negative(Value *v) {
    Value *bits = bits_of(v);
    return b_.CreateICmpSLT(bits, Constant::getNullValue(bits->getType()));
  }
  /// Whether magnitudes must be rounded away from zero, for a result of that sign.
  Value *away(Value *negative, Rounding rounding) {
    if (rounding == Rounding::Zero)
      return b_.getFalse();
    return rounding == Rounding::Down ? negative : b_.CreateNot(negative);
  }
  /// `value`, whose magnitude is too big or too small as an approximation of the exact one, moved
  /// by one unit in the last place where the rounding asks for it.
  Value *adjust(Value *value, Value *too_big, Value *too_small, Rounding rounding);
  Value *exponent(Value *v) { // v_frexp_exp: v = mantissa * 2^exponent, mantissa in [0.5, 1)
    return b_.CreateIntrinsic(Intrinsic::amdgcn_frexp_exp, {b_.getInt32Ty(), v->getType()}, {v});
  }
  Value *mantissa(Value *v) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_frexp_mant, {v->getType()}, {v});
  }
  /// value * 2^exponent, value in (0.25, 4), any exponent, rounded once.
  Value *scale(Value *value, Value *exponent, Rounding rounding);
  Constant *f64(double value) { return ConstantFP::get(b_.getDoubleTy(), value); }

public:
  IRBuilder<> b_;
};

/// One indivisible unit: MODE's rounding fields (bits 1:0 for f32, 3:2 for f64 and f16) are set
/// before the instruction and are back at "nearest even", in which all code of ours runs, after it.
Value *DirectedRounding::in_mode(StringRef instruction, ArrayRef<Value *> operands,
                                 Rounding rounding) {
  Type *type = operands[0]->getType();
  SmallVector<Type *, 3> types(operands.size(), type);
  unsigned mode = unsigned(rounding) | unsigned(rounding) << 2;
  std::string text = "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), " + std::to_string(mode) +
                     "\n\t" + instruction.str() +
                     "\n\ts_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0";
  std::string constraints = "=v";
  for (size_t i = 0; i < operands.size(); ++i)
    constraints += ",v";
  InlineAsm *unit = InlineAsm::get(FunctionType::get(type, types, false), text, constraints,
                                   /*hasSideEffects=*/false);
  CallInst *call = b_.CreateCall(unit, operands);
  call->setDoesNotAccessMemory();
  call->setDoesNotThrow();
  return call;
}

Value *DirectedRounding::adjust(Value *value, Value *too_big, Value *too_small, Rounding rounding) {
  Value *bits = bits_of(value);
  Type *type = bits->getType();
  Value *outward = away(is_negative(value), rounding);
  Constant *one = ConstantInt::get(type, 1), *zero = ConstantInt::get(type, 0);
  Value *down = b_.CreateSelect(b_.CreateAnd(too_big, b_.CreateNot(outward)), one, zero);
  Value *up = b_.CreateSelect(b_.CreateAnd(too_small, outward), one, zero);
  return b_.CreateBitCast(b_.CreateSub(b_.CreateAdd(bits, up), down), value->getType());
}

/// Float to a narrower float: nearest, compared with the source exactly, moved. Infinity, as the
/// rounding of a finite value, is "too big" and steps down to the largest finite value.
Value *DirectedRounding::narrow(Value *value, Type *to, Rounding rounding) {
  // f64 to a 16-bit type by way of f32: two roundings in one direction are one.
  if (value->getType()->isDoubleTy() && !to->isFloatTy())
    value = narrow(value, b_.getFloatTy(), rounding);
  Type *from = value->getType();
  Value *near = b_.CreateFPTrunc(value, to);
  Value *back = fabs(b_.CreateFPExt(near, from));
  Value *exact = fabs(value);
  // Ordered comparisons: NaN is left alone. An exact infinity compares equal.
  return adjust(near, b_.CreateFCmpOGT(back, exact), b_.CreateFCmpOLT(back, exact), rounding);
}

Value *DirectedRounding::from_integer(Value *value, bool is_signed, Type *to, Rounding rounding) {
  Type *f64_type = b_.getDoubleTy();
  Value *wide = nullptr;
  if (value->getType()->getIntegerBitWidth() <= 32) {
    wide = is_signed ? b_.CreateSIToFP(value, f64_type) : b_.CreateUIToFP(value, f64_type); // exact
  } else {
    // Both halves are exact, and so is the high one times 2^32: one directed addition rounds.
    Value *high = is_signed ? b_.CreateAShr(value, 32) : b_.CreateLShr(value, 32);
    high = b_.CreateTrunc(high, b_.getInt32Ty());
    high = is_signed ? b_.CreateSIToFP(high, f64_type) : b_.CreateUIToFP(high, f64_type);
    Value *low = b_.CreateUIToFP(b_.CreateTrunc(value, b_.getInt32Ty()), f64_type);
    Value *sum =
        in_mode("v_add_f64 $0, $1, $2", {b_.CreateFMul(high, f64(4294967296.0)), low}, rounding);
    // Rounding down turns 0 + 0 into +0 all the same, and -x + x does not occur.
    wide = sum;
  }
  return to->isDoubleTy() ? wide : narrow(wide, to, rounding);
}

Value *DirectedRounding::scale(Value *value, Value *exponent, Rounding rounding) {
  // Beyond +-1200 every result over- or underflows alike. Two steps, since 2^exponent itself may be
  // out of range; the first is exact.
  exponent = b_.CreateBinaryIntrinsic(Intrinsic::smax, exponent, b_.getInt32(-1200u));
  exponent = b_.CreateBinaryIntrinsic(Intrinsic::smin, exponent, b_.getInt32(1200));
  Value *first = b_.CreateAShr(exponent, 1);
  Value *second = b_.CreateSub(exponent, first);
  auto power = [&](Value *e) {
    Value *biased = b_.CreateZExt(b_.CreateAdd(e, b_.getInt32(1023)), b_.getInt64Ty());
    return b_.CreateBitCast(b_.CreateShl(biased, 52), b_.getDoubleTy());
  };
  value = in_mode("v_mul_f64 $0, $1, $2", {value, power(first)}, rounding);
  return in_mode("v_mul_f64 $0, $1, $2", {value, power(second)}, rounding);
}

Value *DirectedRounding::divide_f64(Value *a, Value *d, Rounding rounding) {
  // Zeros, infinities and NaN give the same result in every rounding.
  Value *plain = b_.CreateFDiv(a, d);
  auto ordinary = [&](Value *v) { // finite and not zero
    Value *magnitude = fabs(v);
    return b_.CreateAnd(b_.CreateFCmpOGT(magnitude, f64(0)),
                        b_.CreateFCmpOLT(magnitude, ConstantFP::getInfinity(b_.getDoubleTy())));
  };
  Value *exact_inputs = b_.CreateAnd(ordinary(a), ordinary(d));

  Value *ma = fabs(mantissa(a)), *md = fabs(mantissa(d));
  Value *quotient = b_.CreateFDiv(ma, md);                                         // in (0.5, 2)
  Value *remainder = intrinsic(Intrinsic::fma, {b_.CreateFNeg(quotient), md, ma}); // exact
  Value *negative = b_.CreateXor(is_negative(a), is_negative(d));
  quotient = b_.CreateSelect(negative, b_.CreateFNeg(quotient), quotient);
  quotient = adjust(quotient, b_.CreateFCmpOLT(remainder, f64(0)),
                    b_.CreateFCmpOGT(remainder, f64(0)), rounding);
  Value *scaled = scale(quotient, b_.CreateSub(exponent(a), exponent(d)), rounding);
  return b_.CreateSelect(exact_inputs, scaled, plain);
}

Value *DirectedRounding::sqrt_f64(Value *a, Rounding rounding) {
  Value *plain = intrinsic(Intrinsic::sqrt, {a});
  Value *ordinary = b_.CreateAnd(b_.CreateFCmpOGT(a, f64(0)),
                                 b_.CreateFCmpOLT(a, ConstantFP::getInfinity(b_.getDoubleTy())));
  // Mantissa in [0.5, 2) with an even exponent.
  Value *e = exponent(a);
  Value *odd = b_.CreateAnd(e, 1);
  Value *m = mantissa(a);
  m = b_.CreateSelect(b_.CreateICmpNE(odd, b_.getInt32(0)), b_.CreateFMul(m, f64(2)), m);
  Value *root = intrinsic(Intrinsic::sqrt, {m});
  Value *remainder = intrinsic(Intrinsic::fma, {b_.CreateFNeg(root), root, m}); // exact
  root = adjust(root, b_.CreateFCmpOLT(remainder, f64(0)), b_.CreateFCmpOGT(remainder, f64(0)),
                rounding);
  Value *scaled = scale(root, b_.CreateAShr(b_.CreateSub(e, odd), 1), rounding); // exact
  return b_.CreateSelect(ordinary, scaled, plain);
}

Value *DirectedRounding::arithmetic(CallInst &call, StringRef op, Rounding rounding) {
  b_.SetInsertPoint(&call);
  SmallVector<Value *, 3> args(call.args());
  Type *type = call.getType();
  if (!type->isFloatTy() && !type->isDoubleTy())
    return nullptr;
  bool is_double = type->isDoubleTy();
  if (op == "add")
    return in_mode(is_double ? "v_add_f64 $0, $1, $2" : "v_add_f32 $0, $1, $2", args, rounding);
  if (op == "sub") // there is no v_sub_f64
    return in_mode(is_double ? "v_add_f64 $0, $1, -$2" : "v_sub_f32 $0, $1, $2", args, rounding);
  if (op == "mul")
    return in_mode(is_double ? "v_mul_f64 $0, $1, $2" : "v_mul_f32 $0, $1, $2", args, rounding);
  if (op == "fma")
    return in_mode(is_double ? "v_fma_f64 $0, $1, $2, $3" : "v_fma_f32 $0, $1, $2, $3", args,
                   rounding);
  if (op == "rcp")
    args.insert(args.begin(), ConstantFP::get(type, 1.0));
  bool is_root = op == "sqrt";
  if (!is_root && op != "div" && op != "rcp")
    return nullptr;
  if (is_double)
    return is_root ? sqrt_f64(args[0], rounding) : divide_f64(args[0], args[1], rounding);
  for (Value *&v : args)
    v = b_.CreateFPExt(v, b_.getDoubleTy());
  Value *wide = is_root ? intrinsic(Intrinsic::sqrt, {args[0]}) : b_.CreateFDiv(args[0], args[1]);
  return narrow(wide, type, rounding);
}

Value *DirectedRounding::convert(CallInst &call, Rounding rounding, StringRef from) {
  b_.SetInsertPoint(&call);
  Value *value = call.getArgOperand(0);
  if (!call.getType()->isFloatingPointTy())
    return nullptr;
  if (value->getType()->isIntegerTy())
    return from_integer(value, from.starts_with("i"), call.getType(), rounding);
  if (!value->getType()->isFloatingPointTy() ||
      value->getType()->getPrimitiveSizeInBits() <= call.getType()->getPrimitiveSizeInBits())
    return nullptr;
  return narrow(value, call.getType(), rounding);
}

} // namespace

bool lower_directed_rounding(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  DirectedRounding directed(module.getContext());
  bool changed = false;
  for (CallInst *call : calls_with_prefix(module, "w2w.")) {
    // w2w.OP.ROUNDING.TYPE, w2w.cvt.ROUNDING.TO.FROM
    SmallVector<StringRef, 5> parts;
    call->getCalledFunction()->getName().split(parts, '.');
    if (parts.size() < 4)
      continue;
    std::optional<Rounding> rounding = parse_rounding(parts[2]);
    if (!rounding)
      continue;
    Value *value = parts[1] == "cvt" && parts.size() == 5
                       ? directed.convert(*call, *rounding, parts[4])
                       : directed.arithmetic(*call, parts[1], *rounding);
    if (!value) {
      env.refuse(*call, "rounding ." + parts[2].str() + " of " + parts[1].str() + "." +
                            parts[3].str() + " is not supported");
      value = PoisonValue::get(call->getType());
    }
    call->replaceAllUsesWith(value);
    call->eraseFromParent();
    changed = true;
  }
  if (changed)
    erase_unused_declarations(module, "w2w.");
  return changed;
}

} // namespace w2w
