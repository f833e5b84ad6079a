#include "lowering/passes/lower_warp_ops.h"

#include "lowering/passes/lane.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

/// DPP controls (AMDGPUUsage, dpp_ctrl).
constexpr unsigned quad_perm(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a | b << 2 | c << 4 | d << 6;
}
constexpr unsigned kRowRotate8 = 0x128;
constexpr unsigned kRowMirror = 0x140;
constexpr unsigned kRowHalfMirror = 0x141;
constexpr unsigned kRowXmask = 0x160; // gfx10 and later

class WarpOps {
public:
  WarpOps(PassEnv &env, LLVMContext &context) : target_(env.processor), b_(context) {}

  /// The replacement of the call, or nullptr if the operation is unknown.
  Value *lower(CallInst &call, StringRef name);

private:
  Value *shfl(CallInst &call, StringRef mode);
  Value *butterfly(Value *value, unsigned distance);
  Value *vote(CallInst &call, StringRef mode);
  Value *match_any(CallInst &call);
  Value *match_all(CallInst &call);
  Value *redux(CallInst &call, StringRef operation);
  Value *leave_loop(CallInst &call, BasicBlock *after, Value *done, Value *value);
  Value *elect(CallInst &call);
  Value *bar_warp();

  Value *ballot(Value *condition) { return warp_ballot(b_, condition, target_); }
  Value *active() { return ballot(b_.getTrue()); }
  Value *is_zero(Value *v) { return b_.CreateICmpEQ(v, Constant::getNullValue(v->getType())); }
  /// Lowest set bit's number; 32 bits in, no bit set gives 32.
  Value *first_bit(Value *mask) {
    return b_.CreateIntrinsic(Intrinsic::cttz, {b_.getInt32Ty()}, {mask, b_.getFalse()});
  }
  /// `value` of lane `lane` of the same warp.
  Value *read_warp_lane(Value *value, Value *lane);
  Value *dpp(Value *value, unsigned control);
  Value *pair(Type *type, Value *first, Value *second) {
    Value *result = b_.CreateInsertValue(PoisonValue::get(type), first, 0);
    return b_.CreateInsertValue(result, second, 1);
  }

  const Processor &target_;
  IRBuilder<> b_;
};

Value *WarpOps::read_warp_lane(Value *value, Value *lane) {
  // ds_bpermute takes byte addresses: lane * 4. It crosses the whole wave on gfx9 and stays in the
  // 32-lane half on gfx10 and later, which only run wave32 here.
  Value *wave_lane = b_.CreateOr(lane, half_base(b_, target_));
  Value *address = b_.CreateShl(wave_lane, 2);
  auto one = [&](Value *word) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_ds_bpermute, {}, {address, word});
  };
  if (value->getType()->isIntegerTy(32))
    return one(value);
  Value *low = one(b_.CreateTrunc(value, b_.getInt32Ty()));
  Value *high = one(b_.CreateTrunc(b_.CreateLShr(value, 32), b_.getInt32Ty()));
  return b_.CreateOr(b_.CreateZExt(low, b_.getInt64Ty()),
                     b_.CreateShl(b_.CreateZExt(high, b_.getInt64Ty()), 32));
}

Value *WarpOps::dpp(Value *value, unsigned control) {
  return b_.CreateIntrinsic(Intrinsic::amdgcn_update_dpp, {b_.getInt32Ty()},
                            {PoisonValue::get(b_.getInt32Ty()), value, b_.getInt32(control),
                             b_.getInt32(0xF), b_.getInt32(0xF), b_.getTrue()});
}

/// value of lane (laneid ^ distance), distance 1..31.
Value *WarpOps::butterfly(Value *value, unsigned distance) {
  switch (distance) {
  case 1:
    return dpp(value, quad_perm(1, 0, 3, 2));
  case 2:
    return dpp(value, quad_perm(2, 3, 0, 1));
  case 3:
    return dpp(value, quad_perm(3, 2, 1, 0));
  case 7:
    return dpp(value, kRowHalfMirror);
  case 8:
    return dpp(value, kRowRotate8);
  case 15:
    return dpp(value, kRowMirror);
  }
  bool gfx10 = target_.generation != Generation::Gfx9;
  if (gfx10 && distance < 16)
    return dpp(value, kRowXmask + distance);
  if (gfx10 && distance == 16) // each row reads the other row of its 32 lanes, same position
    return b_.CreateIntrinsic(Intrinsic::amdgcn_permlanex16, {b_.getInt32Ty()},
                              {PoisonValue::get(b_.getInt32Ty()), value, b_.getInt32(0x76543210),
                               b_.getInt32(0xFEDCBA98), b_.getFalse(), b_.getTrue()});
  // ds_swizzle, bit mode: and_mask [4:0], or_mask [9:5], xor_mask [14:10], in groups of 32 lanes.
  return b_.CreateIntrinsic(Intrinsic::amdgcn_ds_swizzle, {},
                            {value, b_.getInt32(0x1F | distance << 10)});
}

/// PTX ISA 9.7.9.6. c holds the clamp in [4:0] and the segment mask in [12:8].
Value *WarpOps::shfl(CallInst &call, StringRef mode) {
  Value *value = call.getArgOperand(0), *source = call.getArgOperand(1), *c = call.getArgOperand(2);
  auto *constant_b = dyn_cast<ConstantInt>(source);
  auto *constant_c = dyn_cast<ConstantInt>(c);
  if (constant_b && constant_c && (constant_c->getZExtValue() & 0x1F1F) == 31) {
    unsigned distance = constant_b->getZExtValue() & 31;
    if (mode == "bfly" && distance != 0)
      return pair(call.getType(), butterfly(value, distance), b_.getTrue());
    if (mode == "idx" && target_.wave_size == 32) {
      Value *read = b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {b_.getInt32Ty()},
                                       {value, b_.getInt32(distance)});
      return pair(call.getType(), read, b_.getTrue());
    }
  }

  Value *lane = warp_lane(b_, target_);
  Value *distance = b_.CreateAnd(source, 31);
  Value *clamp = b_.CreateAnd(c, 31);
  Value *segment = b_.CreateAnd(b_.CreateLShr(c, 8), 31);
  Value *inside = b_.CreateXor(segment, 31);
  Value *low = b_.CreateAnd(lane, segment);
  Value *high = b_.CreateOr(low, b_.CreateAnd(clamp, inside), "max_lane");
  Value *from = nullptr, *valid = nullptr;
  if (mode == "up") {
    from = b_.CreateSub(lane, distance);
    valid = b_.CreateICmpSGE(from, high);
  } else {
    if (mode == "down")
      from = b_.CreateAdd(lane, distance);
    else if (mode == "bfly")
      from = b_.CreateXor(lane, distance);
    else if (mode == "idx")
      from = b_.CreateOr(low, b_.CreateAnd(distance, inside));
    else
      return nullptr;
    valid = b_.CreateICmpSLE(from, high);
  }
  from = b_.CreateSelect(valid, from, lane, "source_lane");
  return pair(call.getType(), read_warp_lane(value, from), valid);
}

Value *WarpOps::vote(CallInst &call, StringRef mode) {
  Value *predicate = call.getArgOperand(0), *mask = call.getArgOperand(1);
  auto holds = [&] { return b_.CreateAnd(ballot(predicate), mask); };
  auto fails = [&] { return b_.CreateAnd(ballot(b_.CreateNot(predicate)), mask); };
  if (mode == "ballot")
    return holds();
  if (mode == "any")
    return b_.CreateNot(is_zero(holds()));
  if (mode == "all")
    return is_zero(fails());
  if (mode == "uni")
    return b_.CreateOr(is_zero(holds()), is_zero(fails()));
  return nullptr;
}

/// Ends the one-block loop at the insertion point: the threads with `done` leave it with `value`
/// (i32). A value that is the same for all threads of one turn would be kept in an SGPR and read
/// after the loop, where it holds the last turn's (seen in LLVM 22 with wave_reduce): so it is put
/// into a VGPR within its turn, by a move that may not be sunk out of the loop.
Value *WarpOps::leave_loop(CallInst &call, BasicBlock *after, Value *done, Value *value) {
  BasicBlock *loop = b_.GetInsertBlock();
  auto *move =
      InlineAsm::get(FunctionType::get(b_.getInt32Ty(), {b_.getInt32Ty()}, false), "", "=v,0",
                     /*hasSideEffects=*/false);
  CallInst *mine = b_.CreateCall(move, {value});
  mine->setConvergent();
  b_.CreateCondBr(done, after, loop);
  PHINode *result = PHINode::Create(value->getType(), 1, "mine", after->begin());
  result->addIncoming(mine, loop);
  b_.SetInsertPoint(&call);
  return result;
}

/// Lanes of the mask with the same value. The loop takes the value of the first lane left and lets
/// all lanes with that value go, so it runs once per distinct value in the wave.
Value *WarpOps::match_any(CallInst &call) {
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  BasicBlock *loop = BasicBlock::Create(b_.getContext(), "match", before->getParent(), after);
  before->getTerminator()->setSuccessor(0, loop);
  b_.SetInsertPoint(loop);
  Value *first = b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {value->getType()}, {value});
  Value *same = b_.CreateICmpEQ(value, first);
  return leave_loop(call, after, same, b_.CreateAnd(ballot(same), mask));
}

Value *WarpOps::match_all(CallInst &call) {
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  Value *leader = first_bit(b_.CreateAnd(mask, active()));
  Value *differs = b_.CreateICmpNE(value, read_warp_lane(value, b_.CreateAnd(leader, 31)));
  Value *all = is_zero(b_.CreateAnd(ballot(differs), mask));
  return pair(call.getType(), b_.CreateSelect(all, mask, b_.getInt32(0)), all);
}

/// Reduces over the threads of the mask. The threads at one instruction may name several masks, and
/// a wave may hold two warps: each turn of the loop does one group of threads with the same warp
/// and mask, the others taking part with the operation's neutral element. (No branch around the
/// reduction: LLVM would move it out of the loop, where all groups are together again.)
Value *WarpOps::redux(CallInst &call, StringRef operation) {
  struct Row {
    StringRef name;
    Intrinsic::ID id;
    uint32_t neutral;
  };
  static constexpr Row kRows[] = {{"add", Intrinsic::amdgcn_wave_reduce_add, 0},
                                  {"min", Intrinsic::amdgcn_wave_reduce_min, 0x7FFFFFFF},
                                  {"max", Intrinsic::amdgcn_wave_reduce_max, 0x80000000},
                                  {"umin", Intrinsic::amdgcn_wave_reduce_umin, ~0u},
                                  {"umax", Intrinsic::amdgcn_wave_reduce_umax, 0},
                                  {"and", Intrinsic::amdgcn_wave_reduce_and, ~0u},
                                  {"or", Intrinsic::amdgcn_wave_reduce_or, 0},
                                  {"xor", Intrinsic::amdgcn_wave_reduce_xor, 0}};
  const Row *row = find_if(kRows, [&](const Row &r) { return r.name == operation; });
  if (row == std::end(kRows))
    return nullptr;
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  Value *half = half_base(b_, target_);
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  BasicBlock *loop = BasicBlock::Create(b_.getContext(), "redux", before->getParent(), after);
  before->getTerminator()->setSuccessor(0, loop);
  b_.SetInsertPoint(loop);
  auto is_first = [&](Value *v) {
    Value *first = b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {v->getType()}, {v});
    return b_.CreateICmpEQ(v, first);
  };
  Value *mine = is_first(mask);
  if (target_.wave_size == 64)
    mine = b_.CreateAnd(mine, is_first(half));
  Value *part = b_.CreateSelect(mine, value, b_.getInt32(row->neutral));
  Value *reduced = b_.CreateIntrinsic(row->id, {b_.getInt32Ty()}, {part, b_.getInt32(0)});
  return leave_loop(call, after, mine, reduced);
}

Value *WarpOps::elect(CallInst &call) {
  Value *leader = first_bit(b_.CreateAnd(call.getArgOperand(0), active()));
  return pair(call.getType(), leader, b_.CreateICmpEQ(leader, warp_lane(b_, target_)));
}

/// The threads of a warp run in one wave, whose memory operations stay in order; what is needed is
/// that neither the compiler nor the scheduler moves any across.
Value *WarpOps::bar_warp() {
  SyncScope::ID wave = b_.getContext().getOrInsertSyncScopeID("wavefront");
  b_.CreateFence(AtomicOrdering::Release, wave);
  b_.CreateIntrinsic(Intrinsic::amdgcn_wave_barrier, {});
  return b_.CreateFence(AtomicOrdering::Acquire, wave);
}

Value *WarpOps::lower(CallInst &call, StringRef name) {
  b_.SetInsertPoint(&call);
  auto [family, mode] = name.split('.');
  if (family == "shfl")
    return shfl(call, mode);
  if (family == "vote")
    return vote(call, mode);
  if (family == "match")
    return mode.starts_with("any.") ? match_any(call) : match_all(call);
  if (family == "redux")
    return redux(call, mode);
  if (name == "activemask")
    return active();
  if (name == "elect")
    return elect(call);
  if (name == "bar.warp")
    return bar_warp();
  return nullptr;
}

} // namespace

bool lower_warp_ops(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  WarpOps ops(env, module.getContext());
  bool changed = false;
  for (StringRef prefix : {"w2w.shfl.", "w2w.vote.", "w2w.match.", "w2w.redux.", "w2w.activemask",
                           "w2w.elect", "w2w.bar.warp"}) {
    for (CallInst *call : calls_with_prefix(module, prefix)) {
      StringRef name = call->getCalledFunction()->getName().drop_front(strlen("w2w."));
      Value *value = ops.lower(*call, name);
      if (!value) {
        env.refuse(*call, "warp operation " + name.str() + " is not supported");
        value = PoisonValue::get(call->getType());
      }
      if (!call->getType()->isVoidTy())
        call->replaceAllUsesWith(value);
      call->eraseFromParent();
      changed = true;
    }
    erase_unused_declarations(module, prefix);
  }
  return changed;
}

} // namespace w2w
