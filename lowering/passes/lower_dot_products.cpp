#include "lowering/passes/lower_dot_products.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

/// gfx11 and later: each factor is signed or not.
Value *mixed_dot(IRBuilder<> &b, Value *x, bool x_signed, Value *y, bool y_signed, Value *sum) {
  return b.CreateIntrinsic(Intrinsic::amdgcn_sudot4, {},
                           {b.getInt1(x_signed), x, b.getInt1(y_signed), y, sum, b.getFalse()});
}

/// Before: both are. An unsigned byte u is (u ^ 0x80) + 128, the first of these signed; what the
/// 128 add to the products is 128 times the other factors' sum.
Value *signed_dot(IRBuilder<> &b, Value *x, bool x_signed, Value *y, bool y_signed, Value *sum) {
  auto dot = [&](Value *p, Value *q, Value *to) {
    return b.CreateIntrinsic(Intrinsic::amdgcn_sdot4, {}, {p, q, to, b.getFalse()});
  };
  Value *ones = b.getInt32(0x01010101), *flip = b.getInt32(0x80808080);
  constexpr unsigned kBytes = 4, kBias = 128, kBiasBits = 7;
  // What is to be added, in units of 128: 4 * 128 * 128, where both factors have the bias.
  Value *rest = x_signed || y_signed ? b.getInt32(0) : b.getInt32(kBytes * kBias);
  Value *p = x_signed ? x : b.CreateXor(x, flip), *q = y_signed ? y : b.CreateXor(y, flip);
  if (!x_signed)
    rest = dot(q, ones, rest);
  if (!y_signed)
    rest = dot(p, ones, rest);
  Value *result = dot(p, q, sum);
  return x_signed && y_signed ? result : b.CreateAdd(result, b.CreateShl(rest, kBiasBits));
}

} // namespace

bool lower_dot_products(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (bool x_signed : {false, true})
    for (bool y_signed : {false, true}) {
      std::string name = std::string("w2w.dp4a.") + (x_signed ? "s" : "u") + (y_signed ? "s" : "u");
      for (CallInst *call : calls_of(module, name)) {
        IRBuilder<> b(call);
        auto *dot = env.processor.generation >= Generation::Gfx11 ? mixed_dot : signed_dot;
        Value *sum = dot(b, call->getArgOperand(0), x_signed, call->getArgOperand(1), y_signed,
                         call->getArgOperand(2));
        call->replaceAllUsesWith(sum);
        call->eraseFromParent();
        changed = true;
      }
    }
  erase_unused_declarations(module, "w2w.dp4a.");
  return changed;
}

} // namespace w2w
