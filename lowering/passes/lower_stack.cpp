#include "lowering/passes/lower_stack.h"

#include "lowering/abi/status_word.h"
#include "lowering/passes/bound_frames.h"
#include "lowering/passes/lower_traps.h"

#include "llvm/Analysis/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

#include <algorithm>

namespace w2w {

using namespace llvm;

namespace {

bool in_cycle(Instruction &i) {
  SmallVector<BasicBlock *> next(successors(i.getParent()));
  return !next.empty() && isPotentiallyReachableFromMany(next, i.getParent(), nullptr);
}

/// The bytes that the alloca asks for, if they are known.
std::optional<uint64_t> constant_size(const AllocaInst &alloca) {
  if (auto *size = dyn_cast<ConstantInt>(alloca.getArraySize()))
    return size->getZExtValue();
  return std::nullopt;
}

class StackOfFunction {
public:
  StackOfFunction(Function &function, PassEnv &env)
      : f_(function), env_(env), b_(function.getContext()) {}

  bool run();

private:
  void fix(AllocaInst &alloca, uint64_t size);
  void fail_if(Value *condition, AllocaInst &alloca);
  void use_region();

  Function &f_;
  PassEnv &env_;
  IRBuilder<> b_;
  SmallVector<AllocaInst *> allocas_; // that remain dynamic
  SmallVector<IntrinsicInst *> saves_, restores_;
};

/// An array of the frame, for an alloca that a thread comes to once at most.
void StackOfFunction::fix(AllocaInst &alloca, uint64_t size) {
  if (size > most_scratch(env_.processor)) {
    refuse_frame(alloca, size, env_);
    return;
  }
  BasicBlock &entry = f_.getEntryBlock();
  b_.SetInsertPoint(&entry, entry.begin());
  b_.SetCurrentDebugLocation(alloca.getDebugLoc());
  AllocaInst *array =
      b_.CreateAlloca(ArrayType::get(b_.getInt8Ty(), size), alloca.getAddressSpace());
  array->setAlignment(alloca.getAlign());
  array->takeName(&alloca);
  alloca.replaceAllUsesWith(array);
  alloca.eraseFromParent();
}

/// In front of the alloca.
void StackOfFunction::fail_if(Value *condition, AllocaInst &alloca) {
  Instruction *then =
      SplitBlockAndInsertIfThen(condition, alloca.getIterator(), /*Unreachable=*/true);
  b_.SetInsertPoint(then);
  const DebugLoc &at = alloca.getDebugLoc();
  Value *size = b_.CreateZExtOrTrunc(alloca.getArraySize(), b_.getInt64Ty());
  build_failure(b_, env_, uint32_t(abi::StatusKind::StackOverflow),
                b_.getInt32(at ? at.getLine() : 0), {&size, 1});
  b_.SetInsertPoint(&alloca);
}

void StackOfFunction::use_region() {
  uint64_t bytes = is_kernel(f_) ? kKernelStack : kFunctionStack;
  Align align(16);
  for (AllocaInst *alloca : allocas_) {
    const uint64_t size = constant_size(*alloca).value_or(0);
    const uint64_t most = most_scratch(env_.processor);
    align = std::max(align, alloca->getAlign());
    bytes = std::min(alignTo(bytes + std::min(size, most), alloca->getAlign()), 2 * most);
    if (bytes > most) {
      refuse_frame(*alloca, std::max(size, bytes), env_);
      return;
    }
  }
  bytes = alignTo(bytes, align);
  IntegerType *i32 = b_.getInt32Ty();
  BasicBlock &entry = f_.getEntryBlock();
  b_.SetInsertPoint(&entry, entry.begin());
  const unsigned space = f_.getDataLayout().getAllocaAddrSpace();
  b_.SetCurrentDebugLocation(allocas_.front()->getDebugLoc());
  AllocaInst *region =
      b_.CreateAlloca(ArrayType::get(b_.getInt8Ty(), bytes), space, nullptr, "stack");
  region->setAlignment(align);
  AllocaInst *offset = b_.CreateAlloca(i32, space, nullptr, "stack.offset");
  b_.CreateStore(b_.getInt32(uint32_t(bytes)), offset);

  for (AllocaInst *alloca : allocas_) {
    b_.SetInsertPoint(alloca);
    b_.SetCurrentDebugLocation(alloca->getDebugLoc());
    Value *before = b_.CreateLoad(i32, offset);
    Value *size = alloca->getArraySize();
    fail_if(b_.CreateICmpUGT(size, b_.CreateZExtOrTrunc(before, size->getType())), *alloca);
    Value *after = b_.CreateAnd(b_.CreateSub(before, b_.CreateZExtOrTrunc(size, i32)),
                                b_.getInt32(-uint32_t(alloca->getAlign().value())));
    b_.CreateStore(after, offset);
    Value *address = b_.CreateInBoundsPtrAdd(region, after);
    address->takeName(alloca);
    alloca->replaceAllUsesWith(address);
    alloca->eraseFromParent();
  }
  for (IntrinsicInst *save : saves_) {
    b_.SetInsertPoint(save);
    save->replaceAllUsesWith(b_.CreatePtrAdd(region, b_.CreateLoad(i32, offset)));
    save->eraseFromParent();
  }
  for (IntrinsicInst *restore : restores_) {
    b_.SetInsertPoint(restore);
    Value *saved = b_.CreatePtrToInt(restore->getArgOperand(0), i32);
    b_.CreateStore(b_.CreateSub(saved, b_.CreatePtrToInt(region, i32)), offset);
    restore->eraseFromParent();
  }
  DominatorTree dominators(f_);
  PromoteMemToReg({offset}, dominators);
}

bool StackOfFunction::run() {
  for (Instruction &i : instructions(f_)) {
    if (auto *alloca = dyn_cast<AllocaInst>(&i); alloca && moves_stack(*alloca))
      allocas_.push_back(alloca);
    if (auto *intrinsic = dyn_cast<IntrinsicInst>(&i)) {
      if (intrinsic->getIntrinsicID() == Intrinsic::stacksave)
        saves_.push_back(intrinsic);
      if (intrinsic->getIntrinsicID() == Intrinsic::stackrestore)
        restores_.push_back(intrinsic);
    }
  }
  if (allocas_.empty() && saves_.empty() && restores_.empty())
    return false;
  const size_t errors = env_.errors.size();
  SmallVector<AllocaInst *> remaining;
  for (AllocaInst *alloca : allocas_) {
    if (std::optional<uint64_t> size = constant_size(*alloca); size && !in_cycle(*alloca))
      fix(*alloca, *size);
    else
      remaining.push_back(alloca);
    if (env_.errors.size() > errors)
      return true;
  }
  allocas_ = std::move(remaining);
  if (allocas_.empty()) { // nothing that moves the pointer
    for (IntrinsicInst *save : saves_) {
      save->replaceAllUsesWith(ConstantPointerNull::get(cast<PointerType>(save->getType())));
      save->eraseFromParent();
    }
    for (IntrinsicInst *restore : restores_)
      restore->eraseFromParent();
  } else {
    use_region();
  }
  return true;
}

} // namespace

bool moves_stack(const AllocaInst &alloca) {
  return alloca.isArrayAllocation() || !alloca.isStaticAlloca();
}

bool lower_stack(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  SmallVector<Function *> functions; // build_failure may add one
  for (Function &f : module)
    if (!f.isDeclaration())
      functions.push_back(&f);
  for (Function *f : functions)
    changed |= StackOfFunction(*f, env).run();
  return changed;
}

} // namespace w2w
