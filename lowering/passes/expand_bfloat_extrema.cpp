#include "lowering/passes/expand_bfloat_extrema.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

bool is_bfloat_extremum(const AtomicRMWInst &rmw) {
  return (rmw.getOperation() == AtomicRMWInst::FMin || rmw.getOperation() == AtomicRMWInst::FMax) &&
         rmw.getType()->getScalarType()->isBFloatTy();
}

/// Where in a dword the value lies: the dword, and by how many bits to shift.
struct Place {
  Value *word, *shift;
};

Place place_of(IRBuilderBase &b, AtomicRMWInst &rmw) {
  Value *pointer = rmw.getPointerOperand();
  if (rmw.getType()->isVectorTy())
    return {pointer, b.getInt32(0)};
  const DataLayout &layout = rmw.getDataLayout();
  Type *address = layout.getIndexType(pointer->getType());
  Value *word = b.CreateIntrinsic(Intrinsic::ptrmask, {pointer->getType(), address},
                                  {pointer, ConstantInt::getSigned(address, -4)});
  Value *low = b.CreateTrunc(b.CreatePtrToInt(pointer, layout.getIntPtrType(pointer->getType())),
                             b.getInt32Ty());
  return {word, b.CreateShl(b.CreateAnd(low, 3), 3)};
}

void expand(AtomicRMWInst &rmw) {
  Type *type = rmw.getType();
  const bool is_min = rmw.getOperation() == AtomicRMWInst::FMin;
  BasicBlock *before = rmw.getParent();
  BasicBlock *behind = before->splitBasicBlock(&rmw, "bf16.done");
  BasicBlock *loop = BasicBlock::Create(rmw.getContext(), "bf16.loop", before->getParent(), behind);

  IRBuilder<> b(before->getTerminator());
  b.SetCurrentDebugLocation(rmw.getDebugLoc());
  Place place = place_of(b, rmw);
  auto *bits = b.getIntNTy(unsigned(type->getPrimitiveSizeInBits()));
  Value *mask =
      b.CreateShl(b.CreateZExt(ConstantInt::getAllOnesValue(bits), b.getInt32Ty()), place.shift);
  auto *first = b.CreateAlignedLoad(b.getInt32Ty(), place.word, Align(4));
  first->setAtomic(AtomicOrdering::Monotonic, rmw.getSyncScopeID());
  b.CreateBr(loop);
  before->getTerminator()->eraseFromParent();

  b.SetInsertPoint(loop);
  PHINode *word = b.CreatePHI(b.getInt32Ty(), 2);
  Value *old = b.CreateBitCast(b.CreateTrunc(b.CreateLShr(word, place.shift), bits), type);
  Value *chosen = b.CreateBinaryIntrinsic(is_min ? Intrinsic::minimumnum : Intrinsic::maximumnum,
                                          old, rmw.getValOperand());
  Value *placed =
      b.CreateShl(b.CreateZExt(b.CreateBitCast(chosen, bits), b.getInt32Ty()), place.shift);
  Value *wanted = b.CreateOr(b.CreateAnd(word, b.CreateNot(mask)), placed);
  AtomicCmpXchgInst *exchange = b.CreateAtomicCmpXchg(
      place.word, word, wanted, Align(4), rmw.getOrdering(),
      AtomicCmpXchgInst::getStrongestFailureOrdering(rmw.getOrdering()), rmw.getSyncScopeID());
  word->addIncoming(first, before);
  word->addIncoming(b.CreateExtractValue(exchange, 0), loop);
  b.CreateCondBr(b.CreateExtractValue(exchange, 1), behind, loop);

  rmw.replaceAllUsesWith(old);
  rmw.eraseFromParent();
}

} // namespace

bool expand_bfloat_extrema(Module &module, ModuleAnalysisManager &, PassEnv &) {
  SmallVector<AtomicRMWInst *> found;
  for (Function &f : module)
    for (Instruction &i : instructions(f))
      if (auto *rmw = dyn_cast<AtomicRMWInst>(&i); rmw && is_bfloat_extremum(*rmw))
        found.push_back(rmw);
  for (AtomicRMWInst *rmw : found)
    expand(*rmw);
  return !found.empty();
}

} // namespace w2w
