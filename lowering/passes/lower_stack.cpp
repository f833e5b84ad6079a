#include "lowering/passes/lower_stack.h"

#include "lowering/abi/status_word.h"
#include "lowering/passes/bound_frames.h"
#include "lowering/passes/lower_traps.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

#include <algorithm>
#include <deque>

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
  StackOfFunction(Function &function, PassEnv &env);

  Function &function() const { return *f_; }
  ArrayRef<AllocaInst *> allocas() const { return allocas_; }
  bool is_empty() const { return allocas_.empty() && saves_.empty() && restores_.empty(); }

  /// Makes arrays of the allocas that a thread comes to once at most, and whose size is known.
  void fix_arrays();
  /// Nothing moves the stack pointer.
  void drop_saves();
  /// In a kernel: makes the region.
  void make_region(uint64_t bytes, Align align);
  /// In another function: it is called with region and bytes left. Its calls are not changed.
  void take_arguments();
  /// The call in this function becomes one of `callee`, which has taken such arguments.
  void pass_to(Function &callee, CallInst &call);
  /// Takes the allocas, saves and restores from the region.
  void lower();

private:
  void fix(AllocaInst &alloca, uint64_t size);
  void keep_left(Value *left);
  void fail_if(Value *condition, AllocaInst &alloca, Value *left);

  Function *f_;
  PassEnv &env_;
  IRBuilder<> b_;
  unsigned space_;
  SmallVector<AllocaInst *> allocas_; // that move the stack pointer
  SmallVector<IntrinsicInst *> saves_, restores_;
  Value *region_ = nullptr;
  AllocaInst *left_ = nullptr; // i32: bytes from the start of the region that nothing has
};

StackOfFunction::StackOfFunction(Function &function, PassEnv &env)
    : f_(&function), env_(env), b_(function.getContext()),
      space_(function.getDataLayout().getAllocaAddrSpace()) {
  for (Instruction &i : instructions(function)) {
    if (auto *alloca = dyn_cast<AllocaInst>(&i); alloca && moves_stack(*alloca))
      allocas_.push_back(alloca);
    if (auto *intrinsic = dyn_cast<IntrinsicInst>(&i)) {
      if (intrinsic->getIntrinsicID() == Intrinsic::stacksave)
        saves_.push_back(intrinsic);
      if (intrinsic->getIntrinsicID() == Intrinsic::stackrestore)
        restores_.push_back(intrinsic);
    }
  }
}

/// An array of the frame.
void StackOfFunction::fix(AllocaInst &alloca, uint64_t size) {
  if (size > most_scratch(env_.processor)) {
    refuse_frame(alloca, *f_, size, env_);
    return;
  }
  BasicBlock &entry = f_->getEntryBlock();
  b_.SetInsertPoint(&entry, entry.begin());
  b_.SetCurrentDebugLocation(alloca.getDebugLoc());
  AllocaInst *array = b_.CreateAlloca(ArrayType::get(b_.getInt8Ty(), size), space_);
  array->setAlignment(alloca.getAlign());
  array->takeName(&alloca);
  alloca.replaceAllUsesWith(array);
  alloca.eraseFromParent();
}

void StackOfFunction::fix_arrays() {
  erase_if(allocas_, [this](AllocaInst *alloca) {
    std::optional<uint64_t> size = constant_size(*alloca);
    if (!size || in_cycle(*alloca))
      return false;
    fix(*alloca, *size);
    return true;
  });
}

void StackOfFunction::drop_saves() {
  for (IntrinsicInst *save : saves_) {
    save->replaceAllUsesWith(ConstantPointerNull::get(cast<PointerType>(save->getType())));
    save->eraseFromParent();
  }
  for (IntrinsicInst *restore : restores_)
    restore->eraseFromParent();
}

void StackOfFunction::make_region(uint64_t bytes, Align align) {
  BasicBlock &entry = f_->getEntryBlock();
  b_.SetInsertPoint(&entry, entry.begin());
  if (!allocas_.empty())
    b_.SetCurrentDebugLocation(allocas_.front()->getDebugLoc());
  bytes = alignTo(bytes, align);
  AllocaInst *region =
      b_.CreateAlloca(ArrayType::get(b_.getInt8Ty(), bytes), space_, nullptr, "stack");
  region->setAlignment(align);
  region_ = region;
  keep_left(b_.getInt32(uint32_t(bytes)));
}

void StackOfFunction::take_arguments() {
  FunctionType *old = f_->getFunctionType();
  SmallVector<Type *> types(old->params());
  types.append({b_.getPtrTy(space_), b_.getInt32Ty()});
  f_ = move_body(*f_, FunctionType::get(old->getReturnType(), types, false));
  Argument *left = f_->getArg(f_->arg_size() - 1);
  left->setName("stack.left");
  region_ = f_->getArg(f_->arg_size() - 2);
  region_->setName("stack");
  BasicBlock &entry = f_->getEntryBlock();
  b_.SetInsertPoint(&entry, entry.begin());
  keep_left(left);
}

/// At the builder's place, in the entry block.
void StackOfFunction::keep_left(Value *left) {
  left_ = b_.CreateAlloca(b_.getInt32Ty(), space_, nullptr, "stack.left");
  b_.CreateStore(left, left_);
}

void StackOfFunction::pass_to(Function &callee, CallInst &call) {
  b_.SetInsertPoint(&call);
  SmallVector<Value *> arguments(call.args());
  arguments.append({region_, b_.CreateLoad(b_.getInt32Ty(), left_)});
  CallInst *longer = b_.CreateCall(&callee, arguments);
  longer->takeName(&call);
  longer->setAttributes(call.getAttributes());
  longer->setCallingConv(call.getCallingConv());
  call.replaceAllUsesWith(longer);
  call.eraseFromParent();
}

/// In front of the alloca.
void StackOfFunction::fail_if(Value *condition, AllocaInst &alloca, Value *left) {
  Instruction *then =
      SplitBlockAndInsertIfThen(condition, alloca.getIterator(), /*Unreachable=*/true);
  b_.SetInsertPoint(then);
  const DebugLoc &at = alloca.getDebugLoc();
  Value *details[] = {b_.CreateZExtOrTrunc(alloca.getArraySize(), b_.getInt64Ty()),
                      b_.CreateZExt(left, b_.getInt64Ty())};
  build_failure(b_, env_, uint32_t(abi::StatusKind::StackOverflow),
                b_.getInt32(at ? at.getLine() : 0), details);
  b_.SetInsertPoint(&alloca);
}

void StackOfFunction::lower() {
  IntegerType *i32 = b_.getInt32Ty();
  for (AllocaInst *alloca : allocas_) {
    b_.SetInsertPoint(alloca);
    b_.SetCurrentDebugLocation(alloca->getDebugLoc());
    Value *before = b_.CreateLoad(i32, left_);
    Value *size = alloca->getArraySize();
    fail_if(b_.CreateICmpUGT(size, b_.CreateZExtOrTrunc(before, size->getType())), *alloca, before);
    Value *after = b_.CreateAnd(b_.CreateSub(before, b_.CreateZExtOrTrunc(size, i32)),
                                b_.getInt32(-uint32_t(alloca->getAlign().value())));
    b_.CreateStore(after, left_);
    Value *address = b_.CreateInBoundsPtrAdd(region_, after);
    address->takeName(alloca);
    alloca->replaceAllUsesWith(address);
    alloca->eraseFromParent();
  }
  for (IntrinsicInst *save : saves_) {
    b_.SetInsertPoint(save);
    save->replaceAllUsesWith(b_.CreatePtrAdd(region_, b_.CreateLoad(i32, left_)));
    save->eraseFromParent();
  }
  for (IntrinsicInst *restore : restores_) {
    b_.SetInsertPoint(restore);
    Value *saved = b_.CreatePtrToInt(restore->getArgOperand(0), i32);
    b_.CreateStore(b_.CreateSub(saved, b_.CreatePtrToInt(region_, i32)), left_);
    restore->eraseFromParent();
  }
  DominatorTree dominators(*f_);
  PromoteMemToReg({left_}, dominators);
}

/// The stacks of a module's functions.
class StackOfModule {
public:
  StackOfModule(Module &module, PassEnv &env);
  bool run();

private:
  void find_takers();
  void make_region(StackOfFunction &kernel);
  void pass_on();

  PassEnv &env_;
  std::deque<StackOfFunction> stacks_;
  DenseMap<Function *, StackOfFunction *> stack_of_;
  /// Of functions that take bytes of the stack, by allocas or by calls.
  SmallSetVector<StackOfFunction *, 8> takers_;
};

StackOfModule::StackOfModule(Module &module, PassEnv &env) : env_(env) {
  for (Function &f : module)
    if (!f.isDeclaration())
      stack_of_[&f] = &stacks_.emplace_back(f, env);
}

void StackOfModule::find_takers() {
  for (StackOfFunction &stack : stacks_)
    if (!stack.allocas().empty())
      takers_.insert(&stack);
  for (size_t k = 0; k < takers_.size(); ++k)
    for (User *user : takers_[k]->function().users())
      if (auto *call = dyn_cast<CallInst>(user))
        takers_.insert(stack_of_.at(call->getFunction()));
}

void StackOfModule::make_region(StackOfFunction &kernel) {
  Function &f = kernel.function();
  const auto callees = callees_of(f);
  const bool recursion =
      any_of(callees, [](Function *callee) { return callees_of(*callee).contains(callee); });
  const uint32_t parts = recursion ? 2 : 1; // the other one is for frames
  env_.stack_parts[f.getName().str()] = parts;
  uint64_t bytes = env_.stack_bytes / parts;
  Align align(16);
  for (StackOfFunction &stack : stacks_) {
    if (&stack != &kernel && !callees.contains(&stack.function()))
      continue;
    for (AllocaInst *alloca : stack.allocas()) {
      const uint64_t size = constant_size(*alloca).value_or(0);
      const uint64_t most = most_scratch(env_.processor);
      align = std::max(align, alloca->getAlign());
      bytes = alignTo(bytes + std::min(size, most), alloca->getAlign());
      if (bytes > most) {
        refuse_frame(*alloca, f, std::max(size, bytes), env_);
        return;
      }
    }
  }
  kernel.make_region(bytes, align);
}

/// Replaces the takers that are no kernels, and their calls.
void StackOfModule::pass_on() {
  SmallVector<std::pair<Function *, StackOfFunction *>> replaced;
  for (StackOfFunction *stack : takers_)
    if (Function *old = &stack->function(); !is_kernel(*old)) {
      stack->take_arguments();
      stack_of_[&stack->function()] = stack;
      replaced.push_back({old, stack});
    }
  for (auto [old, stack] : replaced) {
    SmallVector<User *> users(old->users());
    for (User *user : users)
      if (auto *call = dyn_cast<CallInst>(user); call && call->getCalledOperand() == old)
        stack_of_.at(call->getFunction())->pass_to(stack->function(), *call);
    old->replaceAllUsesWith(&stack->function());
    old->eraseFromParent();
  }
}

bool StackOfModule::run() {
  const bool changes = any_of(stacks_, [](const auto &stack) { return !stack.is_empty(); });
  const size_t errors = env_.errors.size();
  for (StackOfFunction &stack : stacks_)
    stack.fix_arrays();
  if (env_.errors.size() > errors)
    return true;
  find_takers();
  for (StackOfFunction &stack : stacks_)
    if (!takers_.contains(&stack))
      stack.drop_saves();
    else if (is_kernel(stack.function()))
      make_region(stack);
  if (env_.errors.size() > errors)
    return true;
  pass_on();
  for (StackOfFunction *stack : takers_)
    stack->lower();
  return changes;
}

} // namespace

bool moves_stack(const AllocaInst &alloca) {
  return alloca.isArrayAllocation() || !alloca.isStaticAlloca();
}

bool lower_stack(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  return StackOfModule(module, env).run();
}

} // namespace w2w
