#include "lowering/passes/lower_function_ids.h"

#include "lowering/abi/status_word.h"
#include "lowering/passes/lower_traps.h"

#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kIdAttribute = "w2w-function-id";

bool function_id(const Function &f, uint64_t &id) {
  return f.hasFnAttribute(kIdAttribute) &&
         !f.getFnAttribute(kIdAttribute).getValueAsString().getAsInteger(10, id);
}

/// Replaces an indirect call by a switch over the candidates.
void dispatch(CallInst &call, Value *id, ArrayRef<Function *> candidates, const PassEnv &env) {
  LLVMContext &context = call.getContext();
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  Function *function = before->getParent();
  BasicBlock *unknown = BasicBlock::Create(context, "unknown_function", function, after);
  IRBuilder<> b(before->getTerminator());
  b.SetCurrentDebugLocation(call.getDebugLoc());
  SwitchInst *choice = b.CreateSwitch(id, unknown, unsigned(candidates.size()));
  before->getTerminator()->eraseFromParent(); // the branch that SplitBlock made

  PHINode *result = nullptr;
  if (!call.getType()->isVoidTy()) {
    result = PHINode::Create(call.getType(), unsigned(candidates.size()), "", after->begin());
    result->setDebugLoc(call.getDebugLoc());
  }
  for (Function *candidate : candidates) {
    uint64_t number = 0;
    function_id(*candidate, number);
    BasicBlock *arm = BasicBlock::Create(context, candidate->getName(), function, unknown);
    b.SetInsertPoint(arm);
    auto *direct = cast<CallInst>(call.clone());
    direct->setCalledFunction(candidate);
    b.Insert(direct);
    b.CreateBr(after);
    choice->addCase(b.getInt64(number), arm);
    if (result)
      result->addIncoming(direct, arm);
  }
  b.SetInsertPoint(unknown);
  Value *line = b.getInt32(call.getDebugLoc() ? call.getDebugLoc().getLine() : 0);
  build_failure(b, env, uint32_t(abi::StatusKind::UnknownFunction), line, ArrayRef<Value *>{id});
  b.CreateUnreachable();
  if (result)
    call.replaceAllUsesWith(result);
  call.eraseFromParent();
}

} // namespace

bool lower_function_ids(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (CallInst *call : calls_of(module, "w2w.function.id")) {
    uint64_t id = 0;
    auto *f = dyn_cast<Function>(call->getArgOperand(0)->stripPointerCasts());
    if (!f || !function_id(*f, id))
      env.refuse(*call, "internal error: the address of something that is no PTX function");
    call->replaceAllUsesWith(ConstantInt::get(call->getType(), id));
    call->eraseFromParent();
    changed = true;
  }
  for (CallInst *pointer : calls_of(module, "w2w.function.pointer")) {
    changed = true;
    Value *id = pointer->getArgOperand(0);
    SmallVector<CallInst *> calls;
    for (User *user : pointer->users()) {
      auto *call = dyn_cast<CallInst>(user);
      if (call && call->getCalledOperand() == pointer)
        calls.push_back(call);
      else
        env.refuse(*pointer, "internal error: the code address of a function is used as data");
    }
    for (CallInst *call : calls) {
      SmallVector<Function *> candidates;
      for (Function &f : module) {
        uint64_t number = 0;
        if (!f.isDeclaration() && function_id(f, number) &&
            f.getFunctionType() == call->getFunctionType())
          candidates.push_back(&f);
      }
      dispatch(*call, id, candidates, env);
    }
    pointer->replaceAllUsesWith(PoisonValue::get(pointer->getType()));
    pointer->eraseFromParent();
  }
  erase_unused_declarations(module, "w2w.function.");
  return changed;
}

} // namespace w2w
