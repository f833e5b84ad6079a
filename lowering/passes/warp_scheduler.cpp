#include "lowering/passes/warp_scheduler.h"

#include "lowering/passes/kept_values.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"

namespace w2w {

using namespace llvm;

namespace {

/// Up to so many resume points their pieces may run into each other (see separate()).
constexpr size_t kMostInterwoven = 8;

/// With more values kept than this, counted anew at each resume point, all of them stay in memory:
/// about where they no longer fit into registers.
constexpr size_t kMostJoined = 3000;

} // namespace

WarpScheduler::WarpScheduler(Function &kernel, PassEnv &env, const FlowVerdict &verdict)
    : f_(kernel), env_(env), verdict_(verdict), b_(kernel.getContext()), i32_(b_.getInt32Ty()),
      mask_(b_.getIntNTy(env.processor.wave_size)), entry_(&kernel.getEntryBlock()) {}

AllocaInst *WarpScheduler::variable(StringRef name) {
  AllocaInst *&slot = variables_[name.str()];
  if (!slot) {
    IRBuilder<> b(entry_, entry_->begin());
    slot = b.CreateAlloca(i32_, f_.getDataLayout().getAllocaAddrSpace(), nullptr, "resume." + name);
  }
  return slot;
}

// Values across cuts of the operations themselves, in 32-bit words.

void WarpScheduler::pack(StringRef prefix, Value *value, unsigned &at) {
  Type *type = value->getType();
  if (auto *aggregate = dyn_cast<StructType>(type)) {
    for (unsigned k = 0; k < aggregate->getNumElements(); ++k)
      pack(prefix, b_.CreateExtractValue(value, k), at);
    return;
  }
  unsigned bits = type->getIntegerBitWidth();
  b_.CreateStore(b_.CreateZExtOrTrunc(value, i32_), word(prefix, at++));
  if (bits == 64)
    b_.CreateStore(b_.CreateTrunc(b_.CreateLShr(value, 32), i32_), word(prefix, at++));
}

Value *WarpScheduler::unpack(StringRef prefix, Type *type, unsigned &at) {
  if (auto *aggregate = dyn_cast<StructType>(type)) {
    Value *result = PoisonValue::get(type);
    for (unsigned k = 0; k < aggregate->getNumElements(); ++k)
      result = b_.CreateInsertValue(result, unpack(prefix, aggregate->getElementType(k), at), k);
    return result;
  }
  Value *low = b_.CreateLoad(i32_, word(prefix, at++));
  if (type->getIntegerBitWidth() != 64)
    return b_.CreateZExtOrTrunc(low, type);
  Value *high = b_.CreateLoad(i32_, word(prefix, at++));
  return b_.CreateOr(b_.CreateZExt(low, type), b_.CreateShl(b_.CreateZExt(high, type), 32));
}

/// The entry block, which ends in front of the first place to wait, and what is set up behind it.
void WarpScheduler::start() {
  SmallVector<AllocaInst *> arrays;
  for (Instruction &i : *entry_)
    if (auto *array = dyn_cast<AllocaInst>(&i))
      arrays.push_back(array);
  for (AllocaInst *array : reverse(arrays))
    array->moveBefore(*entry_, entry_->begin());
  Instruction *split = entry_->getTerminator();
  for (Instruction &i : *entry_)
    if (auto *call = dyn_cast<CallInst>(&i); call && is_contained(verdict_.places, call)) {
      split = call;
      break;
    }
  if (split != entry_->getTerminator() || split->getNumSuccessors() == 0)
    SplitBlock(entry_, split->getIterator());
  start_ = SplitBlock(entry_, entry_->getTerminator()->getIterator());
  start_->setName("start");

  b_.SetInsertPoint(start_->getTerminator());
  b_.SetCurrentDebugLocation(DebugLoc());
  bool sums = any_of(counted_, [](CallInst *call) {
    return call->getCalledFunction()->getName().starts_with("w2w.barrier.red.");
  });
  if (!counted_.empty()) {
    barriers_ = std::make_unique<BlockBarriers>(*f_.getParent(), env_.processor, sums);
    barriers_->initialise(b_);
  }
  leave_ = new_block("leave");
  dispatch_ = new_block("dispatch");
  latch_ = new_block("latch");
  // Threads that have ended in the common version still count there, but for those that
  // note_who_is_left() knows of: whoever waits for them leaves for the dispatch loop, which knows
  // better.
  common_ = {leave_, ballot(b_.getTrue())};
  warps_ = warps_in(common_.alive);
  b_.SetInsertPoint(dispatch_);
  for (const char *name : {"last_lane", "last_point", "warps"})
    b_.CreatePHI(i32_, 2, name);
  cut_ = {latch_, ballot(b_.CreateICmpNE(get("point"), b_.getInt32(kExited)))};
}

/// Where a thread leaves the common version, the variables that it does not need behind its resume
/// point are set to 0, so that nothing is carried there for their sake; all start as 0, since
/// registers without a value are not safe where threads come together from different ways.
void WarpScheduler::finish_variables() {
  SmallVector<AllocaInst *> slots = kept_variables(f_);
  if (slots.size() * points_.size() > kMostJoined) {
    pin_kept_values(f_);
    slots.clear();
  }
  IRBuilder<> b(start_, start_->begin());
  for (AllocaInst *slot : slots)
    b.CreateStore(Constant::getNullValue(slot->getAllocatedType()), slot);
  for (auto &[name, slot] : variables_)
    b.CreateStore(b.getInt32(0), slot);

  DenseMap<const AllocaInst *, unsigned> index;
  for (AllocaInst *slot : slots)
    index.try_emplace(slot, index.size());
  // Liveness, by blocks. Threads that leave a piece go on at their resume point.
  struct Facts {
    BitVector used, set, live;
    SmallVector<BasicBlock *, 2> next;
  };
  DenseMap<BasicBlock *, Facts> facts;
  for (BasicBlock &block : f_) {
    Facts &at = facts[&block];
    at.used.resize(slots.size());
    at.set.resize(slots.size());
    for (Instruction &i : block) {
      auto *load = dyn_cast<LoadInst>(&i);
      auto *store = dyn_cast<StoreInst>(&i);
      auto *slot = load    ? dyn_cast<AllocaInst>(load->getPointerOperand())
                   : store ? dyn_cast<AllocaInst>(store->getPointerOperand())
                           : nullptr;
      auto known = index.find(slot);
      if (!slot || known == index.end())
        continue;
      if (store)
        at.set.set(known->second);
      else if (!at.set.test(known->second))
        at.used.set(known->second);
    }
    at.live = at.used;
    for (BasicBlock *next : successors(&block))
      if (next != latch_ && next != leave_)
        at.next.push_back(next);
  }
  for (auto [from, to] : departures_)
    if (facts.contains(from)) // else it could not be reached, and is gone
      facts[from].next.push_back(to);
  for (bool changed = !slots.empty(); changed;) {
    changed = false;
    for (BasicBlock &block : reverse(f_)) {
      Facts &at = facts[&block];
      BitVector live = at.used;
      for (BasicBlock *next : at.next) {
        BitVector through = facts[next].live;
        through.reset(at.set);
        live |= through;
      }
      if (live == at.live)
        continue;
      at.live = live;
      changed = true;
    }
  }
  for (auto [from, to] : departures_) {
    if (!facts.contains(from) || from->getTerminator()->getSuccessor(0) != leave_)
      continue;
    b.SetInsertPoint(from->getTerminator());
    const BitVector &needed = facts[to].live;
    for (AllocaInst *slot : slots)
      if (!needed.test(index[slot]))
        b.CreateStore(Constant::getNullValue(slot->getAllocatedType()), slot);
  }
}

/// The end of a common version whose threads never wait apart: no dispatch loop is behind it.
void WarpScheduler::end_without_loop() {
  if (barriers_)
    barriers_->ended(b_, b_.CreateShl(warps_, 5));
  b_.CreateRetVoid();
  removeUnreachableBlocks(f_);
}

void WarpScheduler::run() {
  for (CallInst *call : software_barriers(f_))
    counted_.insert(call);
  start();
  make_versions();
  for (CallInst *call : verdict_.places)
    cut_at(*call);
  b_.SetInsertPoint(leave_);
  b_.SetCurrentDebugLocation(DebugLoc());
  if (variables_.contains("gone"))
    warps_ = b_.CreateSub(
        warps_,
        b_.CreateZExt(b_.CreateIsNotNull(ballot(b_.CreateICmpNE(get("gone"), b_.getInt32(0)))),
                      i32_));
  if (none_of(departures_, [&](const auto &departure) {
        return departure.first->getTerminator()->getSuccessor(0) == leave_;
      })) {
    end_without_loop();
    finish_variables();
    return;
  }
  // LLVM would merge the ends of the common version with their like in the pieces, and so the one
  // with the loop around the other: something stands between them of which there is no like.
  auto *border = InlineAsm::get(FunctionType::get(b_.getVoidTy(), false), "; to the dispatch loop",
                                "", /*hasSideEffects=*/true);
  b_.CreateCall(border)->addFnAttr(Attribute::Convergent);
  b_.CreateBr(dispatch_);
  if (points_.size() + operations_.size() > kMostInterwoven) {
    version_ = cut_;
    separate();
  }
  build_dispatch();
  keep_values(f_, copies_);
  removeUnreachableBlocks(f_);
  finish_variables();
}

} // namespace w2w
