// Division by Newton's iteration, correctly rounded without leaning on v_rcp.
//
// Let b be the denominator's significand in [1, 2), y0 = v_rcp(b) with a relative error of 2^-22
// or less, p the precision (24 or 53), u = 2^(1-p). The last step is q' = fma(r, y, q) with the
// exact remainder r = a - b*q, the only rounding of the exact
//
//   q + r*y = a/b + (a/b - q) * (b*y - 1).
//
// It can only be wrong if that lies on the other side of a midpoint m between two floats than a/b
// does. |a/b - m| is u*ulp/(2b) or more (a - b*m is a multiple of u*ulp/2 and not zero: quotients
// are never midpoints), and near m |a/b - q| is half an ulp. With |y - 1/b| = (1 + d)/2 ulp of y,
// which is u/2 for y in [0.5, 1), that error is (1 + d)*b*u*ulp/8, so q' is right if
//
//   b*b*(1 + d) < 4.                                                             (1)
//
// With d = 0, y the correctly rounded reciprocal, this is Markstein's theorem. Newton's iteration
// comes from below, y0*(1 + e) = (1 - e*e)/b for e = 1 - b*y0, and so for b = 2 - k*u with odd k,
// where 1/b = 0.5 + k*u/4 + k*k*u*u/8 + ... lies just above a midpoint, may round to the wrong
// neighbour and have d > 0, too much for (1): k = 1 in f32 (Markstein's exception), and more in
// f64, whose last y comes from an e of up to 2^-46. LLVM's sequence has that.
//
// Here the iteration comes from above: y = fma(y0, t, y0) with t = fma(|e|, c, e), c = 2^-20 for
// f32, 2^-40 for f64, where |e| <= 2^-22 and 2^-43. |e|*c covers e*e + |e|^3 and the roundings of
// e and t (2^-p*|e| each), so that
//
//   1/b <= y before its rounding <= (1 + 1.1*|e|*c)/b,   |e|*c <= 2^-42 and 2^-83.   (2)
//
// Thus d <= 2^-16 in f32, 2^-28 in f64, and (1) holds unless b >= 2 - 2^-16 or 2 - 2^-28, that is
// k <= 2^7 or 2^24. For those y is 1/b correctly rounded, d = 0: if k is odd, 1/b lies above the
// midpoint, what (2) allows does too, and both are far from the next float; if k is even, 1/b is
// k*k*u*u/8 off a float, and (2) moves it by less than 2^-41 or 2^-82, both far less than half an
// ulp. b = 1 gives y = 1 likewise.
//
// q is a*y corrected once with the y before its last step, whose relative error is 2^-22 or 2^-43:
// a/b, moved by 2^-19 of an ulp or less and rounded. So q is one of the two floats beside m, and
// a/b itself if that is a float. The latter matters where the result is subnormal: its midpoints
// are floats here, a/b may be one, and a q beside it would break the tie wrongly (LLVM's f64
// sequence, which does not correct q, does that). If a/b lies close to such a midpoint and is none,
// q is the midpoint, and q + r*y lies on its side. v_div_scale keeps all of this in range,
// v_div_fmas undoes its scaling in the one last rounding, v_div_fixup has the zeros, infinities and
// NaNs and the quotients that overflow.
#include "lowering/passes/lower_division.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

bool must_be_exact(const BinaryOperator &division) {
  Type *scalar = division.getType()->getScalarType();
  return division.getOpcode() == Instruction::FDiv &&
         (scalar->isFloatTy() || scalar->isDoubleTy()) && !division.hasAllowReciprocal() &&
         !division.hasApproxFunc() && !division.hasMetadata(LLVMContext::MD_fpmath);
}

Value *divide(IRBuilder<> &b, Value *n, Value *d) {
  Type *type = n->getType();
  bool is_double = type->isDoubleTy();
  auto fma = [&](Value *x, Value *y, Value *z) {
    return b.CreateIntrinsic(Intrinsic::fma, {type}, {x, y, z});
  };
  auto scale = [&](bool numerator) {
    return b.CreateIntrinsic(Intrinsic::amdgcn_div_scale, {type}, {n, d, b.getInt1(numerator)});
  };
  Constant *one = ConstantFP::get(type, 1.0);
  Value *ds = b.CreateExtractValue(scale(false), 0), *scaled = scale(true);
  Value *ns = b.CreateExtractValue(scaled, 0), *was_scaled = b.CreateExtractValue(scaled, 1);
  Value *minus_d = b.CreateFNeg(ds);
  Value *y = b.CreateIntrinsic(Intrinsic::amdgcn_rcp, {type}, {ds});
  if (is_double)
    y = fma(y, fma(minus_d, y, one), y);
  Value *q = b.CreateFMul(ns, y);
  q = fma(fma(minus_d, q, ns), y, q);
  Value *e = fma(minus_d, y, one);
  Value *t = fma(b.CreateUnaryIntrinsic(Intrinsic::fabs, e),
                 ConstantFP::get(type, is_double ? 0x1p-40 : 0x1p-20), e);
  y = fma(y, t, y);
  Value *r = fma(minus_d, q, ns);
  q = b.CreateIntrinsic(Intrinsic::amdgcn_div_fmas, {type}, {r, y, q, was_scaled});
  return b.CreateIntrinsic(Intrinsic::amdgcn_div_fixup, {type}, {q, d, n});
}

} // namespace

bool lower_division(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallVector<BinaryOperator *> divisions;
  for (Function &function : module)
    for (Instruction &i : instructions(function))
      if (auto *division = dyn_cast<BinaryOperator>(&i); division && must_be_exact(*division))
        divisions.push_back(division);
  for (BinaryOperator *division : divisions) {
    IRBuilder<> b(division); // without the division's fast-math flags
    Value *n = division->getOperand(0), *d = division->getOperand(1), *result = nullptr;
    if (auto *vector = dyn_cast<FixedVectorType>(division->getType())) {
      result = PoisonValue::get(vector);
      for (unsigned lane = 0; lane < vector->getNumElements(); ++lane)
        result = b.CreateInsertElement(
            result, divide(b, b.CreateExtractElement(n, lane), b.CreateExtractElement(d, lane)),
            lane);
    } else {
      result = divide(b, n, d);
    }
    division->replaceAllUsesWith(result);
    division->eraseFromParent();
  }
  return !divisions.empty();
}

} // namespace w2w
