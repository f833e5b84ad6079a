#include "lowering/passes/warp_scheduler.h"

#include "lowering/abi/status_word.h"
#include "lowering/passes/lane.h"
#include "lowering/passes/lower_traps.h"

namespace w2w {

using namespace llvm;

/// How many warps have any of these lanes (i32).
Value *WarpScheduler::warps_in(Value *lanes) {
  auto some = [&](Value *part) {
    return b_.CreateZExt(b_.CreateICmpNE(part, ConstantInt::get(part->getType(), 0)), i32_);
  };
  return env_.paired()
             ? b_.CreateAdd(some(b_.CreateTrunc(lanes, i32_)), some(b_.CreateLShr(lanes, 32)))
             : some(lanes);
}

void WarpScheduler::build_dispatch() {
  b_.SetCurrentDebugLocation(DebugLoc());
  BasicBlock *pick = new_block("pick"), *turn = new_block("run"), *next = new_block("pick_next"),
             *stuck = new_block("stuck"), *end = new_block("end"), *enter = new_block("enter"),
             *impossible = new_block("impossible");
  uint32_t first_operation = uint32_t(points_.size()), number = first_operation;
  uint32_t first_of_wave = 0;
  for (bool whole_wave : {false, true}) {
    first_of_wave = number;
    for (auto &[name, operation] : operations_) {
      if (operation.whole_wave != whole_wave)
        continue;
      operation.number = number++;
      for (StoreInst *store : operation.users)
        store->setOperand(0, b_.getInt32(operation.number));
    }
  }

  // dispatch_ holds phis and the lanes alive already.
  Value *alive = cut_.alive;
  auto phi = dispatch_->phis().begin();
  PHINode *last_lane = &*phi++, *last_point = &*phi++, *warps = &*phi++;
  b_.SetInsertPoint(dispatch_);
  Value *none = ConstantInt::get(mask_, 0);
  Value *warps_now = b_.getInt32(0);
  if (barriers_) {
    warps_now = warps_in(alive);
    BasicBlock *gone = new_block("warp_gone"), *on = new_block("go_on");
    b_.CreateCondBr(b_.CreateICmpULT(warps_now, warps), gone, on);
    b_.SetInsertPoint(gone);
    barriers_->ended(b_, b_.CreateShl(b_.CreateSub(warps, warps_now), 5));
    b_.CreateBr(on);
    b_.SetInsertPoint(on);
  }
  Value *point = get("point"), *mask = get("mask"), *key = get("key");
  Value *lane_number = wave_lane(b_, env_.processor);
  Value *others = ballot(b_.CreateICmpNE(point, last_point));
  BasicBlock *before_pick = b_.GetInsertBlock();
  b_.CreateCondBr(b_.CreateIsNull(alive), end, pick);

  // Threads elsewhere than at the last turn's resume point come first, then the next lane: nobody
  // is passed over for more than one round of the lanes.
  b_.SetInsertPoint(pick);
  PHINode *candidates = b_.CreatePHI(mask_, 2, "candidates");
  candidates->addIncoming(alive, before_pick);
  Value *preferred = b_.CreateAnd(candidates, others);
  Value *from = b_.CreateSelect(b_.CreateIsNull(preferred), candidates, preferred);
  Value *behind =
      b_.CreateShl(ConstantInt::getSigned(mask_, -2), b_.CreateZExtOrTrunc(last_lane, mask_));
  Value *later = b_.CreateAnd(from, behind);
  Value *lanes = b_.CreateSelect(b_.CreateIsNull(later), from, later);
  Value *lane = b_.CreateZExtOrTrunc(
      b_.CreateIntrinsic(Intrinsic::cttz, {mask_}, {lanes, b_.getFalse()}), i32_);
  Value *chosen_point = read_lane(point, lane);
  Value *here = b_.CreateICmpEQ(point, chosen_point);
  Value *ready = b_.getTrue();
  Value *group = nullptr;
  if (operations_.empty()) {
    group = ballot(here);
  } else {
    Value *is_operation = b_.CreateICmpUGE(chosen_point, b_.getInt32(first_operation));
    Value *chosen_mask = read_lane(mask, lane);
    Value *same = b_.CreateAnd(b_.CreateICmpEQ(mask, chosen_mask),
                               b_.CreateICmpEQ(key, read_lane(key, lane)));
    Value *named = b_.CreateZExt(chosen_mask, mask_);
    if (env_.paired()) {
      Value *half = b_.CreateAnd(lane, 32);
      Value *of_wave = b_.CreateICmpUGE(chosen_point, b_.getInt32(first_of_wave));
      Value *same_half = b_.CreateICmpEQ(b_.CreateAnd(lane_number, 32), half);
      same = b_.CreateAnd(same, b_.CreateOr(same_half, of_wave));
      named = b_.CreateShl(named, b_.CreateZExt(half, mask_));
      named = b_.CreateSelect(of_wave, ConstantInt::getAllOnesValue(mask_), named);
    }
    here = b_.CreateAnd(here, b_.CreateOr(b_.CreateNot(is_operation), same), "chosen");
    group = ballot(here);
    Value *missing = b_.CreateAnd({named, alive, b_.CreateNot(group)});
    ready = b_.CreateOr(b_.CreateNot(is_operation), b_.CreateIsNull(missing));
  }
  b_.CreateCondBr(ready, turn, next);
  b_.SetInsertPoint(next);
  Value *rest = b_.CreateAnd(candidates, b_.CreateNot(group));
  candidates->addIncoming(rest, next);
  b_.CreateCondBr(b_.CreateICmpEQ(rest, none), stuck, pick);

  b_.SetInsertPoint(stuck);
  b_.SetCurrentDebugLocation(verdict_.where);
  build_failure(b_, env_, uint32_t(abi::StatusKind::WarpDeadlock),
                b_.getInt32(verdict_.where ? verdict_.where.getLine() : 0), {});
  b_.CreateUnreachable();
  b_.SetCurrentDebugLocation(DebugLoc());

  b_.SetInsertPoint(end);
  b_.CreateRetVoid();

  b_.SetInsertPoint(turn);
  b_.CreateCondBr(here, enter, latch_);

  b_.SetInsertPoint(enter);
  // Read again: LLVM knows here that the point of each thread is the chosen one, and would take the
  // thread's own, which it does not know to be the same for all.
  Value *one = first_thread(point);
  SwitchInst *to = b_.CreateSwitch(one, impossible, number);
  for (uint32_t k = 0; k < points_.size(); ++k)
    to->addCase(b_.getInt32(k), points_[k]);
  for (auto &[name, operation] : operations_)
    to->addCase(b_.getInt32(operation.number), operation.block);
  b_.SetInsertPoint(impossible);
  b_.CreateUnreachable();

  b_.SetInsertPoint(latch_);
  b_.CreateBr(dispatch_);
  for (auto [node, first, later_value] :
       {std::tuple{last_lane, static_cast<Value *>(b_.getInt32(env_.processor.wave_size - 1)),
                   lane},
        std::tuple{last_point, static_cast<Value *>(b_.getInt32(kExited)), chosen_point},
        std::tuple{warps, warps_, warps_now}}) {
    node->addIncoming(first, leave_);
    node->addIncoming(later_value, latch_);
  }
}

} // namespace w2w
