#include "lowering/passes/lower_flush.h"

#include "llvm/IR/IRBuilder.h"

namespace w2w {

using namespace llvm;

bool lower_flush(Module &module, ModuleAnalysisManager &, PassEnv &) {
  IRBuilder<> b(module.getContext());
  bool changed = false;
  for (CallInst *call : calls_with_prefix(module, "w2w.flush.")) {
    b.SetInsertPoint(call);
    Value *value = call->getArgOperand(0);
    Type *type = value->getType();
    Type *scalar = b.getIntNTy(type->getScalarSizeInBits());
    Type *integer = type->isVectorTy() ? VectorType::get(scalar, cast<VectorType>(type)) : scalar;
    Value *bits = b.CreateBitCast(value, integer);
    Value *sign = b.CreateAnd(
        bits, ConstantInt::get(integer, APInt::getSignMask(type->getScalarSizeInBits())));
    // v_cmp_class: one instruction.
    Value *subnormal = b.createIsFPClass(value, fcSubnormal);
    Value *flushed = b.CreateSelect(subnormal, sign, bits);
    call->replaceAllUsesWith(b.CreateBitCast(flushed, type));
    call->eraseFromParent();
    changed = true;
  }
  erase_unused_declarations(module, "w2w.flush.");
  return changed;
}

} // namespace w2w
