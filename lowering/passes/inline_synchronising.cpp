#include "lowering/passes/inline_synchronising.h"

#include "lowering/passes/lower_stack.h"
#include "lowering/passes/warp_flow.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

namespace w2w {

using namespace llvm;

namespace {

bool is_synchronising(StringRef name) {
  return name.starts_with("w2w.exit") || is_block_barrier(name) || is_warp_operation(name);
}

/// Whether the function may have a loop that waits for memory: it has a loop, and reads memory
/// whose changes it means to see.
bool may_wait(Function &function) {
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>> back_edges;
  FindFunctionBackedges(function, back_edges);
  return !back_edges.empty() && any_of(instructions(function), [](const Instruction &i) {
    auto *load = dyn_cast<LoadInst>(&i);
    return load ? load->isAtomic() || load->isVolatile()
                : isa<AtomicRMWInst>(i) || isa<AtomicCmpXchgInst>(i);
  });
}

/// Whether the function takes bytes of the thread's stack: kernels do so without passing it on
/// (lower_stack).
bool frame_changes(Function &function) {
  return any_of(instructions(function), [](const Instruction &i) {
    auto *array = dyn_cast<AllocaInst>(&i);
    auto *intrinsic = dyn_cast<IntrinsicInst>(&i);
    return (array && moves_stack(*array)) ||
           (intrinsic && intrinsic->getIntrinsicID() == Intrinsic::stacksave);
  });
}

} // namespace

bool inline_synchronising(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallPtrSet<Function *, 8> reaching;
  SmallVector<Function *> work;
  for (Function &f : module)
    if (f.isDeclaration() ? is_synchronising(f.getName()) : may_wait(f) || frame_changes(f))
      work.push_back(&f);
  bool changed = false;
  auto inline_calls_of = [&](Function &f) {
    if (callees_of(f).contains(&f)) // recursive
      return;
    f.removeFnAttr(Attribute::NoInline);
    f.removeFnAttr(Attribute::OptimizeNone);
    f.addFnAttr(Attribute::AlwaysInline);
    changed = true;
  };
  for (Function *f : work)
    if (!f->isDeclaration() && !is_kernel(*f) && reaching.insert(f).second)
      inline_calls_of(*f);
  while (!work.empty()) {
    Function *callee = work.pop_back_val();
    for (User *user : callee->users()) {
      auto *call = dyn_cast<CallBase>(user);
      if (!call || call->getCalledFunction() != callee)
        continue;
      Function *caller = call->getFunction();
      if (is_kernel(*caller) || !reaching.insert(caller).second)
        continue;
      work.push_back(caller);
      inline_calls_of(*caller);
    }
  }
  return changed;
}

} // namespace w2w
