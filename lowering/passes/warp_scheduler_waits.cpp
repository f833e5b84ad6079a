#include "lowering/passes/warp_scheduler.h"

#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kBarrier = "w2w.barrier.";

} // namespace

/// Ends the builder's block: the thread waits at the operation and goes on at `after`.
void WarpScheduler::wait_at(Operation &operation, Value *mask, Value *key, BasicBlock *after) {
  set("mask", mask);
  set("key", key);
  set("next", b_.getInt32(resume_point(after)));
  operation.users.push_back(b_.CreateStore(b_.getInt32(0), variable("point")));
  departures_.push_back({b_.GetInsertBlock(), after});
  b_.CreateBr(version_.out);
}

/// Leaves the call in front of `after`, and the builder where it has to be asked who is here.
WarpScheduler::Place WarpScheduler::split_at(CallInst &call) {
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  after->setName("resume");
  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  return {&call, new_block("at_once"), new_block("wait"), after};
}

/// Whether all threads that the executing ones' masks name are executing this too, so that nobody
/// has to wait: their masks are the same, and nobody in them is elsewhere.
void WarpScheduler::branch_if_all_here(const Place &place, Value *mask) {
  Value *here = ballot(b_.getTrue());
  Value *common = mask, *same = b_.getTrue();
  if (!isa<Constant>(mask)) {
    common = first_thread(mask);
    same = b_.CreateICmpEQ(ballot(b_.CreateICmpEQ(mask, common)), here);
  }
  Value *named = b_.CreateZExt(common, mask_);
  if (env_.paired()) {
    if (auto *constant = dyn_cast<ConstantInt>(mask); constant && constant->isMinusOne()) {
      // The usual case by a single comparison.
      BasicBlock *part = new_block("part");
      b_.CreateCondBr(b_.CreateICmpEQ(here, version_.alive), place.at_once, part);
      b_.SetInsertPoint(part);
    }
    // The mask counts for the halves of the wave that are here at all.
    Value *low = b_.CreateTrunc(here, i32_), *high = b_.CreateTrunc(b_.CreateLShr(here, 32), i32_);
    Value *zero = ConstantInt::get(mask_, 0);
    Value *lower = b_.CreateSelect(b_.CreateIsNull(low), zero, named);
    Value *upper = b_.CreateSelect(b_.CreateIsNull(high), zero, b_.CreateShl(named, 32));
    named = b_.CreateOr(lower, upper);
  }
  Value *missing = b_.CreateAnd({named, version_.alive, b_.CreateNot(here)});
  b_.CreateCondBr(b_.CreateAnd(same, b_.CreateIsNull(missing), "all_here"), place.at_once,
                  place.wait);
}

/// The same for all threads of the wave, whose values of each kind are alike.
void WarpScheduler::branch_if_wave_here(const Place &place, ArrayRef<Value *> alike) {
  Value *here = ballot(b_.getTrue());
  Value *all = b_.CreateICmpEQ(here, version_.alive);
  for (Value *value : alike)
    if (!isa<Constant>(value))
      all = b_.CreateAnd(
          all, b_.CreateICmpEQ(ballot(b_.CreateICmpEQ(value, first_thread(value))), here));
  b_.CreateCondBr(all, place.at_once, place.wait);
}

// ---- Operations that all their threads execute together -----------------------------------------

/// The membermask of a *.sync operation is its last argument. A hardware barrier is an operation of
/// the wave: it is entered once all threads of the wave have come to it or ended, by when each of
/// its warps has arrived, and none could go on before all waves have come as far.
void WarpScheduler::cut_at_operation(CallInst &cut, CallInst &common, bool whole_wave) {
  BasicBlock *come = new_block("come");
  Type *type = cut.getType();
  for (auto &[version, one] : {std::pair{common_, &common}, std::pair{cut_, &cut}}) {
    version_ = version;
    CallInst &call = *one;
    if (&call == &common && all_come_.contains(&cut))
      continue;
    if (Value *left = left_.lookup(&call))
      version_.alive = left;
    Place place = split_at(call);
    Value *mask = b_.getInt32(~0u), *key = b_.getInt32(0);
    if (whole_wave) {
      key = barrier_number(b_, call);
      branch_if_wave_here(place, {key});
    } else {
      mask = call.getArgOperand(call.arg_size() - 1);
      branch_if_all_here(place, mask);
    }
    b_.SetInsertPoint(place.wait);
    unsigned at = 0;
    for (Value *argument : drop_begin(call.args(), whole_wave ? std::min(call.arg_size(), 2u) : 0))
      pack("a", argument, at);
    wait_at(operation(*call.getCalledFunction(), whole_wave), mask, key, come);
    call.moveBefore(*place.at_once, place.at_once->end());
    b_.SetInsertPoint(place.at_once);
    b_.CreateBr(place.after);
    if (&call == &common)
      continue;
    b_.SetInsertPoint(come);
    at = 0;
    Value *later = type->isVoidTy() ? nullptr : unpack("r", type, at);
    b_.CreateBr(place.after);
    if (!later)
      continue;
    PHINode *result = PHINode::Create(type, 2, "", place.after->begin());
    call.replaceAllUsesWith(result);
    result->addIncoming(&call, place.at_once);
    result->addIncoming(later, come);
  }
}

WarpScheduler::Operation &WarpScheduler::operation(Function &callee, bool whole_wave) {
  // A barrier of the whole block is the same with its threads counted.
  Function *function = &callee;
  if (whole_wave && callee.getReturnType()->isVoidTy())
    function = cast<Function>(
        f_.getParent()
            ->getOrInsertFunction("w2w.barrier.sync", callee.getAttributes(), b_.getVoidTy(), i32_)
            .getCallee());
  Operation &operation = operations_[function->getName().str()];
  if (operation.block)
    return operation;
  operation.block = new_block(function->getName());
  operation.whole_wave = whole_wave;
  IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(operation.block);
  SmallVector<Value *> arguments;
  unsigned at = 0;
  for (Argument &argument : function->args())
    // The number of a barrier, and of its threads: those of the whole block meet at the hardware's.
    arguments.push_back(whole_wave && argument.getArgNo() < 2
                            ? b_.getInt32(0)
                            : unpack("a", argument.getType(), at));
  CallInst *call = b_.CreateCall(function, arguments);
  call->setAttributes(function->getAttributes());
  at = 0;
  if (!call->getType()->isVoidTy())
    pack("r", call, at);
  set("point", get("next"));
  b_.CreateBr(latch_);
  return operation;
}

// ---- Barriers that count in LDS -----------------------------------------------------------------

/// The generation to wait for: of this arrival, or of the one that a cluster's wait belongs to,
/// since when other barriers may have been.
Value *WarpScheduler::arrive(StringRef name, Value *id, Value *expected) {
  Value *generation =
      name == "cluster.wait" ? get("cluster.generation") : barriers_->arrive(b_, id, expected);
  set("generation", generation);
  if (name == "cluster.arrive")
    set("cluster.generation", generation);
  return generation;
}

/// In the common version, at a counted barrier to which all of the wave have come that are left: of
/// two warps one may be gone. The barrier does not end before it is told so.
void WarpScheduler::tell_who_is_gone() {
  if (!env_.paired())
    return; // who is here is the only warp
  BasicBlock *gone = new_block("warp_gone"), *on = new_block("go_on");
  Value *now = b_.CreateICmpULT(warps_in(version_.alive), warps_);
  Value *before = b_.CreateICmpNE(first_thread(get("gone")), b_.getInt32(0));
  b_.CreateCondBr(b_.CreateAnd(now, b_.CreateNot(before)), gone, on);
  b_.SetInsertPoint(gone);
  barriers_->ended(b_, b_.getInt32(32));
  set("gone", b_.getInt32(1));
  b_.CreateBr(on);
  b_.SetInsertPoint(on);
}

void WarpScheduler::cut_at_counted_barrier(CallInst &cut, CallInst &common) {
  StringRef name = cut.getCalledFunction()->getName().drop_front(kBarrier.size());
  BasicBlock *come = new_block("come");
  for (auto &[version, one] : {std::pair{common_, &common}, std::pair{cut_, &cut}}) {
    version_ = version;
    CallInst &call = *one;
    if (Value *left = left_.lookup(&call))
      version_.alive = left;
    Place place = split_at(call);
    release_before_barrier(b_);
    Value *id = barrier_number(b_, call);
    Value *expected = call.arg_size() > 1 ? call.getArgOperand(1) : b_.getInt32(0);
    set("barrier", id);
    set("expected", expected);
    if (call.arg_size() > 2)
      set("a0", b_.CreateZExt(call.getArgOperand(2), i32_));
    if (&call == &common && all_come_.contains(&cut)) {
      version_.alive = ballot(b_.getTrue());
      b_.CreateBr(place.at_once);
      place.wait->eraseFromParent();
    } else {
      branch_if_wave_here(place, {id, expected});
      // All threads of a warp must stand at this barrier, whichever instruction brought them.
      b_.SetInsertPoint(place.wait);
      wait_at(counted_barrier(name), b_.getInt32(~0u), b_.CreateOr(id, b_.CreateShl(expected, 5)),
              come);
    }

    // With the whole wave here nobody else has to go on while it waits.
    b_.SetInsertPoint(place.at_once);
    if (&call == &common && some_end_)
      tell_who_is_gone();
    auto uniform = [&](Value *v) { return isa<Constant>(v) ? v : first_thread(v); };
    id = uniform(id), expected = uniform(expected);
    if (name.starts_with("red."))
      barriers_->add(b_, name, id, call.getArgOperand(2));
    Value *generation = arrive(name, id, expected);
    if (name.ends_with("arrive")) {
      b_.CreateBr(place.after);
    } else {
      BasicBlock *poll = new_block("barrier.poll"), *sleep = new_block("barrier.sleep"),
                 *some = new_block("barrier.some"), *part = new_block("barrier.part");
      b_.CreateBr(poll);
      b_.SetInsertPoint(poll);
      Value *over = ballot(barriers_->passed(b_, id, expected, generation));
      b_.CreateCondBr(b_.CreateIsNull(over), sleep, some);
      b_.SetInsertPoint(sleep);
      b_.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b_.getInt32(1)});
      b_.CreateBr(poll);
      b_.SetInsertPoint(some);
      b_.CreateCondBr(b_.CreateICmpEQ(over, version_.alive), place.after, part);
      // One of the warps may have to go on for the other one's barrier to end.
      b_.SetInsertPoint(part);
      set("next", b_.getInt32(resume_point(come)));
      set("point", b_.getInt32(resume_point(barrier_wait())));
      departures_.push_back({part, come});
      b_.CreateBr(version_.out);
    }
    if (&call == &cut) {
      b_.SetInsertPoint(come);
      b_.CreateBr(place.after);
    }
    b_.SetInsertPoint(place.after, place.after->begin());
    acquire_after_barrier(b_);
    if (name.starts_with("red."))
      call.replaceAllUsesWith(barriers_->result(b_, name, get("barrier"), get("generation")));
    call.eraseFromParent();
  }
}

/// A whole warp has come to one barrier: it arrives, waits for the end of the generation, or both.
WarpScheduler::Operation &WarpScheduler::counted_barrier(StringRef name) {
  // sync, sync.count and all reductions but red.and, which adds the opposite, are one operation.
  StringRef kind = name == "arrive" || name == "red.and" || name.starts_with("cluster.") ? name
                   : name.starts_with("red.")                                            ? "red"
                                                                                         : "sync";
  Operation &operation = operations_[("barrier." + kind).str()];
  if (operation.block)
    return operation;
  operation.block = new_block("barrier." + kind);
  IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(operation.block);
  Value *id = first_thread(get("barrier")), *expected = first_thread(get("expected"));
  if (kind.starts_with("red"))
    barriers_->add(b_, kind, id, b_.CreateICmpNE(get("a0"), b_.getInt32(0)));
  arrive(kind, id, expected);
  if (kind.ends_with("arrive")) {
    set("point", get("next"));
  } else {
    set("point", b_.getInt32(resume_point(barrier_wait())));
  }
  b_.CreateBr(latch_);
  return operation;
}

/// The resume point at which threads wait for a barrier's generation to end.
BasicBlock *WarpScheduler::barrier_wait() {
  if (barrier_wait_)
    return barrier_wait_;
  barrier_wait_ = new_block("barrier.wait");
  IRBuilder<>::InsertPointGuard guard(b_);
  BasicBlock *poll = new_block("barrier.ask"), *again = new_block("barrier.again"),
             *decide = new_block("barrier.decide"), *go = new_block("barrier.go"),
             *stay = new_block("barrier.stay");
  auto sleep = [&] { b_.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b_.getInt32(1)}); };
  b_.SetInsertPoint(barrier_wait_);
  b_.CreateBr(poll);
  b_.SetInsertPoint(poll);
  Value *over = barriers_->passed(b_, get("barrier"), get("expected"), get("generation"));
  // As long as no thread of the wave can do anything else, it stays here.
  Value *none = b_.CreateIsNull(ballot(over));
  Value *alone = b_.CreateICmpEQ(ballot(b_.getTrue()), cut_.alive);
  b_.CreateCondBr(b_.CreateAnd(none, alone), again, decide);
  b_.SetInsertPoint(again);
  sleep();
  b_.CreateBr(poll);
  b_.SetInsertPoint(decide);
  b_.CreateCondBr(over, go, stay);
  b_.SetInsertPoint(go);
  set("point", get("next"));
  b_.CreateBr(latch_);
  b_.SetInsertPoint(stay);
  sleep();
  b_.CreateBr(latch_);
  return barrier_wait_;
}

void WarpScheduler::cut_at(CallInst &call) {
  CallInst &common = *cast<CallInst>(copies_[&call]);
  if (counted_.contains(&call))
    cut_at_counted_barrier(call, common);
  else
    cut_at_operation(call, common, is_block_barrier(call.getCalledFunction()->getName()));
}

} // namespace w2w
