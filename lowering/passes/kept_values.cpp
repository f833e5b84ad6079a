#include "lowering/passes/kept_values.h"

#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr const char *kKept = "w2w.kept"; // metadata of the variables

/// A variable that holds values of the type across cuts. One bit would be a lane mask carried by a
/// loop; a word is a register.
AllocaInst *keeper(const Instruction &value) {
  BasicBlock &entry = const_cast<Function *>(value.getFunction())->getEntryBlock();
  IRBuilder<> b(&entry, entry.begin());
  Type *type = value.getType()->isIntegerTy(1) ? b.getInt32Ty() : value.getType();
  AllocaInst *slot = b.CreateAlloca(type, value.getDataLayout().getAllocaAddrSpace(), nullptr,
                                    value.getName() + ".kept");
  slot->setMetadata(kKept, MDNode::get(value.getContext(), {}));
  return slot;
}
void keep(IRBuilder<> &b, Value *value, AllocaInst *slot) {
  if (value->getType() != slot->getAllocatedType())
    value = b.CreateZExt(value, slot->getAllocatedType());
  b.CreateStore(value, slot);
}
Value *kept(IRBuilder<> &b, Type *type, AllocaInst *slot) {
  Value *value = b.CreateLoad(slot->getAllocatedType(), slot);
  return value->getType() == type ? value : b.CreateTrunc(value, type);
}

} // namespace

void keep_phi(PHINode &phi) {
  AllocaInst *slot = keeper(phi);
  IRBuilder<> b(phi.getContext());
  for (unsigned k = 0; k < phi.getNumIncomingValues(); ++k) {
    b.SetInsertPoint(phi.getIncomingBlock(k)->getTerminator());
    keep(b, phi.getIncomingValue(k), slot);
  }
  BasicBlock *block = phi.getParent();
  b.SetInsertPoint(block, block->getFirstInsertionPt());
  phi.replaceAllUsesWith(kept(b, phi.getType(), slot));
  phi.eraseFromParent();
}

void keep_values(Function &function, ValueToValueMapTy &copies) {
  DominatorTree dominators(function);
  const BasicBlock *entry = &function.getEntryBlock();
  SmallVector<Instruction *> instructions;
  for (BasicBlock &block : function)
    for (Instruction &i : block)
      if (&block != entry && !i.getType()->isVoidTy())
        instructions.push_back(&i);
  IRBuilder<> b(function.getContext());
  for (Instruction *i : instructions) {
    SmallVector<Use *> broken;
    for (Use &use : i->uses())
      if (!dominators.dominates(i, use))
        broken.push_back(&use);
    if (broken.empty())
      continue;
    AllocaInst *slot = keeper(*i);
    for (Use *use : broken) {
      auto *phi = dyn_cast<PHINode>(use->getUser());
      if (!phi) {
        b.SetInsertPoint(cast<Instruction>(use->getUser()));
        use->set(kept(b, i->getType(), slot));
        continue;
      }
      // Several edges from one block bring one value.
      BasicBlock *from = phi->getIncomingBlock(*use);
      b.SetInsertPoint(from->getTerminator());
      Value *again = kept(b, i->getType(), slot);
      for (unsigned k = 0; k < phi->getNumIncomingValues(); ++k)
        if (phi->getIncomingBlock(k) == from && phi->getIncomingValue(k) == i)
          phi->setIncomingValue(k, again);
    }
    for (Value *value : {static_cast<Value *>(i), copies.lookup(i).operator Value *()})
      if (auto *source = dyn_cast_or_null<Instruction>(value)) {
        BasicBlock *block = source->getParent();
        b.SetInsertPoint(block, isa<PHINode>(source) ? block->getFirstInsertionPt()
                                                     : std::next(source->getIterator()));
        keep(b, source, slot);
      }
  }
}

SmallVector<AllocaInst *> kept_variables(Function &function) {
  SmallVector<AllocaInst *> slots;
  for (Instruction &i : function.getEntryBlock())
    if (auto *slot = dyn_cast<AllocaInst>(&i); slot && slot->hasMetadata(kKept))
      slots.push_back(slot);
  return slots;
}

void pin_kept_values(Function &function) {
  SmallVector<AllocaInst *> slots = kept_variables(function);
  if (slots.empty())
    return;
  const DataLayout &layout = function.getDataLayout();
  uint64_t size = 0;
  Align most(4);
  SmallVector<uint64_t> offsets;
  for (AllocaInst *slot : slots) {
    Align align = std::max(slot->getAlign(), Align(4));
    most = std::max(most, align);
    offsets.push_back(alignTo(size, align));
    size = offsets.back() + layout.getTypeAllocSize(slot->getAllocatedType());
  }
  BasicBlock &entry = function.getEntryBlock();
  IRBuilder<> b(&entry, entry.begin());
  AllocaInst *all = b.CreateAlloca(ArrayType::get(b.getInt8Ty(), size), layout.getAllocaAddrSpace(),
                                   nullptr, "kept");
  all->setAlignment(most);
  // Nobody knows what this pointer points to, so nobody takes the variable apart; accesses at
  // different offsets from it are still known to be different.
  auto *hide = InlineAsm::get(FunctionType::get(all->getType(), {all->getType()}, false), "",
                              "=s,0", /*hasSideEffects=*/false);
  Value *base = b.CreateCall(hide, {all}, "kept.base");
  for (auto [slot, offset] : zip(slots, offsets)) {
    Value *place = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset);
    slot->replaceAllUsesWith(place);
  }
  for (AllocaInst *slot : slots)
    slot->eraseFromParent();
}

} // namespace w2w
