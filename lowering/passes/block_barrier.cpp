#include "lowering/passes/block_barrier.h"

#include "lowering/passes/cluster_barrier.h"
#include "lowering/passes/lane.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kLdsSpace = 3;
constexpr unsigned kBarriers = kClusterBarrier + 1;
constexpr uint32_t kArrived = 0xffff;
constexpr unsigned kGenerationShift = 16;
/// Sums of so many generations are kept: a thread may read its sum a few barriers late, if it had
/// no part in those between.
constexpr unsigned kSums = 8;

constexpr const char *kWords = "w2w.barrier.words", *kLive = "w2w.barrier.live",
                     *kSumArray = "w2w.barrier.sums";

/// A new block at the end of the builder's function.
BasicBlock *new_block(IRBuilderBase &b, const Twine &name) {
  return BasicBlock::Create(b.getContext(), name, b.GetInsertBlock()->getParent());
}

} // namespace

namespace {

/// Whether the barrier takes all threads of the block: no count, 0, or the block's required size.
bool takes_whole_block(const CallInst &call) {
  if (call.arg_size() < 2)
    return true;
  auto *constant = dyn_cast<ConstantInt>(call.getArgOperand(1));
  if (!constant || constant->isZero())
    return constant;
  auto size = required_block(*call.getFunction());
  if (!size)
    return false;
  uint64_t block = uint64_t{(*size)[0]} * (*size)[1] * (*size)[2];
  return (block + 31) / 32 * 32 == constant->getZExtValue();
}

} // namespace

Value *barrier_number(IRBuilderBase &b, const CallInst &call) {
  if (is_cluster_barrier(call))
    return b.getInt32(kClusterBarrier);
  Value *id = call.getArgOperand(0);
  auto *constant = dyn_cast<ConstantInt>(id);
  return constant && constant->equalsInt(kClusterBarrier) ? id : b.CreateAnd(id, 15);
}

SmallVector<CallInst *> software_barriers(Function &kernel) {
  SmallVector<CallInst *> all, chosen;
  bool any_number = false;
  SmallPtrSet<const Value *, 8> numbers;
  for (Instruction &i : instructions(kernel)) {
    auto *call = dyn_cast<CallInst>(&i);
    Function *callee = call ? call->getCalledFunction() : nullptr;
    if (!callee || !callee->getName().starts_with("w2w.barrier."))
      continue;
    if (is_cluster_barrier(*call)) {
      chosen.push_back(call);
      continue;
    }
    all.push_back(call);
    if (callee->getName() != "w2w.barrier.arrive" && takes_whole_block(*call))
      continue;
    numbers.insert(call->getArgOperand(0)); // constants are unique
    any_number |= !isa<ConstantInt>(call->getArgOperand(0));
  }
  for (CallInst *call : all) {
    const Value *id = call->getArgOperand(0);
    if (!numbers.empty() && (any_number || numbers.contains(id) || !isa<ConstantInt>(id)))
      chosen.push_back(call);
  }
  return chosen;
}

void release_before_barrier(IRBuilderBase &b) {
  b.CreateFence(AtomicOrdering::Release, b.getContext().getOrInsertSyncScopeID("workgroup"));
}
void acquire_after_barrier(IRBuilderBase &b) {
  b.CreateFence(AtomicOrdering::Acquire, b.getContext().getOrInsertSyncScopeID("workgroup"));
}

BlockBarriers::BlockBarriers(Module &module, const Processor &processor, bool sums)
    : module_(module), processor_(processor), sums_(sums),
      workgroup_(module.getContext().getOrInsertSyncScopeID("workgroup")) {}

GlobalVariable *BlockBarriers::lds(StringRef name, unsigned words) {
  if (GlobalVariable *g = module_.getGlobalVariable(name, true))
    return g;
  auto *type = ArrayType::get(Type::getInt32Ty(module_.getContext()), words);
  auto *g =
      new GlobalVariable(module_, type, false, GlobalValue::InternalLinkage, PoisonValue::get(type),
                         name, nullptr, GlobalValue::NotThreadLocal, kLdsSpace);
  g->setAlignment(Align(4));
  return g;
}

Value *BlockBarriers::element(IRBuilderBase &b, GlobalVariable *array, Value *index) {
  return b.CreateGEP(b.getInt32Ty(), array, index);
}

Value *BlockBarriers::load(IRBuilderBase &b, Value *address) {
  LoadInst *value = b.CreateAlignedLoad(b.getInt32Ty(), address, Align(4));
  value->setAtomic(AtomicOrdering::Monotonic, workgroup_);
  return value;
}

/// The lane of the wave that speaks for this thread's warp: the lowest that executes this.
Value *BlockBarriers::leader(IRBuilderBase &b) {
  Value *here = warp_ballot(b, b.getTrue(), processor_);
  Value *lane = b.CreateIntrinsic(Intrinsic::cttz, {b.getInt32Ty()}, {here, b.getFalse()});
  return b.CreateOr(lane, half_base(b, processor_), "leader");
}

void BlockBarriers::initialise(IRBuilderBase &b) {
  auto size = [&](const char *name) {
    return b.CreateCall(module_.getOrInsertFunction(name, b.getInt32Ty()));
  };
  Value *threads = b.CreateMul(b.CreateMul(size("w2w.sreg.ntid.x"), size("w2w.sreg.ntid.y")),
                               size("w2w.sreg.ntid.z"));
  // All threads store the same; then the hardware's barrier, at which every wave still arrives.
  for (unsigned k = 0; k < kBarriers; ++k)
    b.CreateStore(b.getInt32(0), element(b, lds(kWords, kBarriers), b.getInt32(k)));
  for (unsigned k = 0; sums_ && k < kBarriers * kSums; ++k)
    b.CreateStore(b.getInt32(0), element(b, lds(kSumArray, kBarriers * kSums), b.getInt32(k)));
  Value *whole = b.CreateAnd(b.CreateAdd(threads, b.getInt32(31)), ~31u);
  b.CreateStore(whole, lds(kLive, 1));
  release_before_barrier(b);
  b.CreateIntrinsic(Intrinsic::amdgcn_s_barrier, {});
  acquire_after_barrier(b);
}

Value *BlockBarriers::expected_or_live(IRBuilderBase &b, Value *expected) {
  auto *constant = dyn_cast<ConstantInt>(expected);
  if (constant && !constant->isZero())
    return expected;
  Value *live = load(b, lds(kLive, 1));
  return constant ? live : b.CreateSelect(b.CreateIsNull(expected), live, expected);
}

Value *BlockBarriers::arrive(IRBuilderBase &b, Value *id, Value *expected) {
  Value *first = leader(b);
  Value *word = element(b, lds(kWords, kBarriers), id);
  BasicBlock *before = b.GetInsertBlock();
  BasicBlock *claim = new_block(b, "barrier.claim"), *attempt = new_block(b, "barrier.try"),
             *joined = new_block(b, "barrier.arrived");
  b.CreateCondBr(b.CreateICmpEQ(wave_lane(b, processor_), first), claim, joined);

  b.SetInsertPoint(claim);
  Value *old = load(b, word);
  b.CreateBr(attempt);

  b.SetInsertPoint(attempt);
  PHINode *seen = b.CreatePHI(b.getInt32Ty(), 2, "word");
  seen->addIncoming(old, claim);
  Value *target = expected_or_live(b, expected);
  Value *arrived = b.CreateAdd(b.CreateAnd(seen, kArrived), b.getInt32(32));
  Value *generation = b.CreateAnd(seen, ~kArrived);
  Value *full = b.CreateICmpUGE(arrived, target, "full");
  Value *next = b.CreateAdd(generation, b.getInt32(1u << kGenerationShift));
  Value *changed = b.CreateSelect(full, b.CreateOr(next, b.CreateSub(arrived, target)),
                                  b.CreateOr(generation, arrived));
  Value *swap = b.CreateAtomicCmpXchg(word, seen, changed, Align(4), AtomicOrdering::Monotonic,
                                      AtomicOrdering::Monotonic, workgroup_);
  seen->addIncoming(b.CreateExtractValue(swap, 0), attempt);
  Value *number = b.CreateLShr(seen, kGenerationShift);
  BasicBlock *done = joined;
  if (sums_) {
    // Whoever ends a generation clears the sum of one that is far ahead.
    done = new_block(b, "barrier.done");
    BasicBlock *clear = new_block(b, "barrier.clear");
    b.CreateCondBr(b.CreateExtractValue(swap, 1), done, attempt);
    b.SetInsertPoint(done);
    b.CreateCondBr(full, clear, joined);
    b.SetInsertPoint(clear);
    b.CreateStore(b.getInt32(0), sum_address(b, id, b.CreateAdd(number, b.getInt32(kSums / 2))));
    b.CreateBr(joined);
    b.SetInsertPoint(joined);
    PHINode *mine = b.CreatePHI(b.getInt32Ty(), 3);
    mine->addIncoming(b.getInt32(0), before);
    mine->addIncoming(number, done);
    mine->addIncoming(number, clear);
    return b.CreateIntrinsic(Intrinsic::amdgcn_ds_bpermute, {}, {b.CreateShl(first, 2), mine});
  }
  b.CreateCondBr(b.CreateExtractValue(swap, 1), joined, attempt);
  b.SetInsertPoint(joined);
  PHINode *mine = b.CreatePHI(b.getInt32Ty(), 2);
  mine->addIncoming(b.getInt32(0), before);
  mine->addIncoming(number, attempt);
  return b.CreateIntrinsic(Intrinsic::amdgcn_ds_bpermute, {}, {b.CreateShl(first, 2), mine});
}

Value *BlockBarriers::passed(IRBuilderBase &b, Value *id, Value *expected, Value *generation) {
  Value *address = element(b, lds(kWords, kBarriers), id);
  Value *word = load(b, address);
  Value *over = b.CreateICmpNE(b.CreateLShr(word, kGenerationShift), generation, "over");
  auto *constant = dyn_cast<ConstantInt>(expected);
  if (constant && !constant->isZero())
    return over;
  // Warps that have ended may be the ones that the barrier still waited for.
  Value *live = load(b, lds(kLive, 1));
  Value *arrived = b.CreateAnd(word, kArrived);
  Value *complete =
      b.CreateAnd({b.CreateNot(over), b.CreateICmpUGE(arrived, live), b.CreateIsNull(expected)});
  BasicBlock *finish = new_block(b, "barrier.finish"), *after = new_block(b, "barrier.asked");
  b.CreateCondBr(complete, finish, after);
  b.SetInsertPoint(finish);
  Value *next = b.CreateAdd(b.CreateAnd(word, ~kArrived), b.getInt32(1u << kGenerationShift));
  b.CreateAtomicCmpXchg(address, word, b.CreateOr(next, b.CreateSub(arrived, live)), Align(4),
                        AtomicOrdering::Monotonic, AtomicOrdering::Monotonic, workgroup_);
  b.CreateBr(after);
  b.SetInsertPoint(after);
  return over;
}

Value *BlockBarriers::sum_address(IRBuilderBase &b, Value *id, Value *generation) {
  Value *slot = b.CreateAdd(b.CreateMul(id, b.getInt32(kSums)), b.CreateAnd(generation, kSums - 1));
  return element(b, lds(kSumArray, kBarriers * kSums), slot);
}

Value *BlockBarriers::counted(IRBuilderBase &b, StringRef name, Value *condition) {
  return name == "red.and" ? b.CreateNot(condition) : condition;
}

Value *BlockBarriers::result_of(IRBuilderBase &b, StringRef name, Value *sum) {
  Value *zero = b.getInt32(0);
  return name == "red.popc" ? sum
         : name == "red.or" ? b.CreateICmpNE(sum, zero)
                            : b.CreateICmpEQ(sum, zero);
}

void BlockBarriers::add(IRBuilderBase &b, StringRef name, Value *id, Value *condition) {
  Value *votes = warp_ballot(b, counted(b, name, condition), processor_);
  Value *count = b.CreateIntrinsic(Intrinsic::ctpop, {b.getInt32Ty()}, {votes});
  Value *generation =
      b.CreateLShr(load(b, element(b, lds(kWords, kBarriers), id)), kGenerationShift);
  // The others of the warp add nothing.
  Value *mine =
      b.CreateSelect(b.CreateICmpEQ(wave_lane(b, processor_), leader(b)), count, b.getInt32(0));
  b.CreateAtomicRMW(AtomicRMWInst::Add, sum_address(b, id, generation), mine, Align(4),
                    AtomicOrdering::Monotonic, workgroup_);
}

Value *BlockBarriers::result(IRBuilderBase &b, StringRef name, Value *id, Value *generation) {
  return result_of(b, name, load(b, sum_address(b, id, generation)));
}

void BlockBarriers::ended(IRBuilderBase &b, Value *threads) {
  Type *mask = b.getIntNTy(processor_.wave_size);
  Value *here = b.CreateIntrinsic(Intrinsic::amdgcn_ballot, {mask}, {b.getTrue()});
  Value *first = b.CreateZExtOrTrunc(
      b.CreateIntrinsic(Intrinsic::cttz, {mask}, {here, b.getFalse()}), b.getInt32Ty());
  BasicBlock *tell = new_block(b, "barrier.leave"), *after = new_block(b, "barrier.left");
  b.CreateCondBr(b.CreateICmpEQ(wave_lane(b, processor_), first), tell, after);
  b.SetInsertPoint(tell);
  b.CreateAtomicRMW(AtomicRMWInst::Sub, lds(kLive, 1), threads, Align(4), AtomicOrdering::Monotonic,
                    workgroup_);
  b.CreateBr(after);
  b.SetInsertPoint(after);
}

} // namespace w2w
