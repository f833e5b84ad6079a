#include "lowering/passes/lower_exit.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/IR/AttributeMask.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"

namespace w2w {

using namespace llvm;

namespace {

using FunctionSet = SmallSetVector<Function *, 8>;

/// Functions, but for kernels, in which a thread may end.
FunctionSet exiting_functions(Module &module) {
  FunctionSet found;
  for (CallInst *call : calls_of(module, "w2w.exit"))
    if (!is_kernel(*call->getFunction()))
      found.insert(call->getFunction());
  for (size_t k = 0; k < found.size(); ++k)
    for (User *user : found[k]->users())
      if (auto *call = dyn_cast<CallInst>(user))
        if (Function *caller = call->getFunction(); !is_kernel(*caller))
          found.insert(caller);
  return found;
}

/// What such a function returns: {i32 exited, the result}.
StructType *with_flag(Type *result) {
  Type *flag = Type::getInt32Ty(result->getContext());
  return result->isVoidTy() ? StructType::get(flag) : StructType::get(flag, result);
}

/// Ends the builder's block: the thread has exited.
void leave(IRBuilder<> &b) {
  Type *type = b.GetInsertBlock()->getParent()->getReturnType();
  if (type->isVoidTy()) {
    b.CreateRetVoid();
    return;
  }
  b.CreateRet(b.CreateInsertValue(Constant::getNullValue(type), b.getInt32(1), 0));
}

/// The function under its own name with the flag in its type; its calls still are of the old type.
Function *add_flag(Function &old) {
  FunctionType *type = old.getFunctionType();
  StructType *result = with_flag(type->getReturnType());
  Function *f = move_body(old, FunctionType::get(result, type->params(), type->isVarArg()));
  for (BasicBlock &block : *f) {
    auto *ret = dyn_cast<ReturnInst>(block.getTerminator());
    if (!ret)
      continue;
    IRBuilder<> b(ret);
    Value *value = Constant::getNullValue(result);
    if (ret->getReturnValue())
      value = b.CreateInsertValue(value, ret->getReturnValue(), 1);
    b.CreateRet(value);
    ret->eraseFromParent();
  }
  return f;
}

/// A call of the function with its flag; the caller's thread leaves if it has exited there.
void call_with_flag(CallInst &old, Function &callee) {
  IRBuilder<> b(&old);
  SmallVector<Value *> arguments(old.args());
  CallInst *call = b.CreateCall(&callee, arguments);
  call->setAttributes(old.getAttributes().removeRetAttributes(
      b.getContext(),
      AttributeFuncs::typeIncompatible(call->getType(), old.getAttributes().getRetAttrs())));
  call->setCallingConv(old.getCallingConv());
  if (!old.getType()->isVoidTy())
    old.replaceAllUsesWith(b.CreateExtractValue(call, 1));
  Value *exited = b.CreateICmpNE(b.CreateExtractValue(call, 0), b.getInt32(0), "exited");
  Instruction *unreachable = SplitBlockAndInsertIfThen(exited, &old, /*Unreachable=*/true);
  b.SetInsertPoint(unreachable);
  b.SetCurrentDebugLocation(old.getDebugLoc());
  leave(b);
  unreachable->eraseFromParent();
  old.eraseFromParent();
}

} // namespace

bool lower_exit(Module &module, ModuleAnalysisManager &, PassEnv &) {
  bool changed = false;
  // All of them change their type before the first call does: a call's way out is its caller's.
  SmallVector<std::pair<Function *, Function *>> replaced;
  for (Function *old : exiting_functions(module))
    replaced.push_back({old, add_flag(*old)});
  for (auto [old, f] : replaced) {
    SmallVector<CallInst *> calls;
    for (User *user : old->users())
      if (auto *call = dyn_cast<CallInst>(user); call && call->getCalledOperand() == old)
        calls.push_back(call);
    for (CallInst *call : calls)
      call_with_flag(*call, *f);
    old->replaceAllUsesWith(f);
    old->eraseFromParent();
    changed = true;
  }
  for (CallInst *call : calls_of(module, "w2w.exit")) {
    // Whatever follows the call in its block goes; the block returns instead.
    BasicBlock *block = call->getParent();
    DebugLoc loc = call->getDebugLoc();
    changeToUnreachable(call);
    Instruction *end = block->getTerminator();
    IRBuilder<> b(end);
    b.SetCurrentDebugLocation(loc);
    leave(b);
    end->eraseFromParent();
    changed = true;
  }
  erase_unused_declarations(module, "w2w.exit");
  return changed;
}

} // namespace w2w
