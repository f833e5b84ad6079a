#include "lowering/passes/lower_warp_ops.h"

#include "lowering/passes/lane.h"
#include "lowering/passes/lane_moves.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/UniformityAnalysis.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

/// The neutral element of an operation on i32 that DPP may be part of; nullptr for another one.
Constant *neutral_element(const Instruction &operation) {
  Type *type = operation.getType();
  if (!type->isIntegerTy(32))
    return nullptr;
  if (auto *minmax = dyn_cast<MinMaxIntrinsic>(&operation))
    return ConstantInt::get(type, MinMaxIntrinsic::getSaturationPoint(
                                      getInverseMinMaxIntrinsic(minmax->getIntrinsicID()), 32));
  switch (operation.getOpcode()) {
  case Instruction::Add:
  case Instruction::And:
  case Instruction::Or:
  case Instruction::Xor:
    return ConstantExpr::getBinOpIdentity(operation.getOpcode(), type);
  default: // LLVM makes no DPP of others
    return nullptr;
  }
}

/// One step of a scan: `operation` combines `other` with what a shuffle brings, in the threads
/// whose source is in range.
struct ScanStep {
  Instruction *operation; // the shuffle's result is one of its operands
  Value *other;
  Instruction *result; // what is replaced
};

/// The scan step that `call` is part of, if its value has no other use.
std::optional<ScanStep> scan_step(CallInst &call) {
  ExtractValueInst *data = nullptr, *valid = nullptr;
  for (User *user : call.users()) {
    auto *part = dyn_cast<ExtractValueInst>(user);
    if (!part)
      return std::nullopt;
    ExtractValueInst *&slot = part->getIndices()[0] == 0 ? data : valid;
    if (slot)
      return std::nullopt;
    slot = part;
  }
  if (!data || !valid || !data->hasOneUse())
    return std::nullopt;
  auto *user = cast<Instruction>(*data->user_begin());
  auto other_of = [](Instruction &operation, Value *one) {
    return operation.getOperand(operation.getOperand(0) == one ? 1 : 0);
  };
  // op(other, select(valid, data, neutral))
  if (auto *select = dyn_cast<SelectInst>(user)) {
    if (select->getCondition() != valid || select->getTrueValue() != data || !select->hasOneUse())
      return std::nullopt;
    auto *operation = cast<Instruction>(*select->user_begin());
    Constant *neutral = neutral_element(*operation);
    if (!neutral || select->getFalseValue() != neutral)
      return std::nullopt;
    return ScanStep{operation, other_of(*operation, select), operation};
  }
  // select(valid, op(other, data), other)
  if (!neutral_element(*user) || !user->hasOneUse())
    return std::nullopt;
  auto *select = dyn_cast<SelectInst>(*user->user_begin());
  Value *other = other_of(*user, data);
  if (!select || select->getCondition() != valid || select->getTrueValue() != user ||
      select->getFalseValue() != other)
    return std::nullopt;
  return ScanStep{user, other, select};
}

class WarpOps {
public:
  /// `uniform`: the indexed shuffles whose source lane is the same for all threads of the wave.
  WarpOps(PassEnv &env, LLVMContext &context, const SmallPtrSetImpl<CallInst *> &uniform)
      : target_(env.processor), b_(context), uniform_(uniform) {}

  /// The replacement of the call, or nullptr if the operation is unknown.
  Value *lower(CallInst &call, StringRef name);

private:
  Value *shfl(CallInst &call, StringRef mode);
  bool scan(CallInst &call, const LaneMap &map);
  Value *read_shifted(Value *value, int by);
  Value *move(CallInst &call, StringRef mode, unsigned distance, const LaneMap &map, Value *valid);
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
  Value *pair(Type *type, Value *first, Value *second) {
    Value *result = b_.CreateInsertValue(PoisonValue::get(type), first, 0);
    return b_.CreateInsertValue(result, second, 1);
  }

  const Processor &target_;
  IRBuilder<> b_;
  const SmallPtrSetImpl<CallInst *> &uniform_;
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

/// Replaces the step's result by DPP instructions of the operation, if the target has them for the
/// map.
bool WarpOps::scan(CallInst &call, const LaneMap &map) {
  std::optional<ScanStep> step = scan_step(call);
  if (!step)
    return false;
  // Convergent moves stay where the shuffle is.
  if (step->operation->getParent() != call.getParent())
    return false;
  b_.SetInsertPoint(step->operation);
  Value *result = combine_moved(
      b_, target_, call.getArgOperand(0), step->other, map, neutral_element(*step->operation),
      [&](Value *other, Value *moved) -> Value * {
        if (auto *minmax = dyn_cast<MinMaxIntrinsic>(step->operation))
          return b_.CreateBinaryIntrinsic(minmax->getIntrinsicID(), other, moved);
        return b_.CreateBinOp(cast<BinaryOperator>(step->operation)->getOpcode(), other, moved);
      });
  b_.SetInsertPoint(&call);
  if (result)
    step->result->replaceAllUsesWith(result);
  return result != nullptr;
}

/// The value of the lane `by` further on in the wave, for by < 0 further back; gfx9. The address
/// is the same for all distances: ds_bpermute adds its offset field and takes the sum modulo 256.
Value *WarpOps::read_shifted(Value *value, int by) {
  Value *address = b_.CreateShl(wave_lane(b_, target_), 2);
  address = b_.CreateAdd(address, b_.getInt32(static_cast<uint32_t>(4 * by) & 255));
  return b_.CreateIntrinsic(Intrinsic::amdgcn_ds_bpermute, {}, {address, value});
}

/// The value of the lane that map says, without an address where the target can.
Value *WarpOps::move(CallInst &call, StringRef mode, unsigned distance, const LaneMap &map,
                     Value *valid) {
  Value *value = call.getArgOperand(0);
  if (Value *moved = move_lanes(b_, target_, value, map))
    return moved;
  if (target_.generation != Generation::Gfx9 || (mode != "up" && mode != "down"))
    return nullptr;
  int by = static_cast<int>(distance);
  return b_.CreateSelect(valid, read_shifted(value, mode == "up" ? -by : by), value);
}

/// PTX ISA 9.7.9.6. c holds the clamp in [4:0] and the segment mask in [12:8].
Value *WarpOps::shfl(CallInst &call, StringRef mode) {
  Value *value = call.getArgOperand(0), *source = call.getArgOperand(1), *c = call.getArgOperand(2);
  auto *constant_b = dyn_cast<ConstantInt>(source);
  auto *constant_c = dyn_cast<ConstantInt>(c);
  std::optional<LaneMap> map;
  if (constant_b && constant_c)
    map = shuffle_map(mode, constant_b->getZExtValue(), constant_c->getZExtValue());
  const bool in_scan = map && scan(call, *map);
  const bool whole_warp = constant_c && (constant_c->getZExtValue() & 0x1F1F) == 31;
  if (mode == "idx" && whole_warp && target_.wave_size == 32 && uniform_.contains(&call)) {
    Value *read = b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {b_.getInt32Ty()},
                                     {value, b_.CreateAnd(source, 31)});
    return pair(call.getType(), read, b_.getTrue());
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
    from = b_.CreateNSWSub(lane, distance);
    valid = b_.CreateICmpSGE(from, high);
  } else {
    if (mode == "down")
      from = b_.CreateAdd(lane, distance, "", /*HasNUW=*/true, /*HasNSW=*/true);
    else if (mode == "bfly")
      from = b_.CreateXor(lane, distance);
    else if (mode == "idx")
      from = b_.CreateOr(low, b_.CreateAnd(distance, inside));
    else
      return nullptr;
    valid = b_.CreateICmpSLE(from, high);
  }
  if (map) {
    if (map->valid == ~0u)
      valid = b_.getTrue();
    else if (map->valid == 0)
      valid = b_.getFalse();
    if (in_scan) // the value is no longer used, the predicate may be
      return pair(call.getType(), PoisonValue::get(value->getType()), valid);
    if (Value *moved = move(call, mode, constant_b->getZExtValue() & 31, *map, valid))
      return pair(call.getType(), moved, valid);
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
  CallInst *mine = hold_in_vgpr(b_, value);
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

/// Makes selects of the predicated instructions behind shuffles that yield a predicate, the form
/// that scan_step knows.
void select_predicated(Module &module, FunctionAnalysisManager &analyses) {
  SmallSetVector<Function *, 8> functions;
  for (StringRef mode : {"w2w.shfl.up", "w2w.shfl.down"})
    for (CallInst *call : calls_of(module, mode))
      functions.insert(call->getFunction());
  FunctionPassManager simplify;
  simplify.addPass(SimplifyCFGPass(SimplifyCFGOptions()));
  simplify.addPass(InstCombinePass());
  for (Function *function : functions)
    analyses.invalidate(*function, simplify.run(*function, analyses));
}

} // namespace

bool lower_warp_ops(Module &module, ModuleAnalysisManager &analyses, PassEnv &env) {
  auto &manager = analyses.getResult<FunctionAnalysisManagerModuleProxy>(module).getManager();
  if (env.opt_level > 0)
    select_predicated(module, manager);
  SmallPtrSet<CallInst *, 8> uniform;
  if (!env.paired())
    for (CallInst *call : calls_of(module, "w2w.shfl.idx")) {
      auto &wave = manager.getResult<UniformityInfoAnalysis>(*call->getFunction());
      if (!wave.isDivergentUse(call->getArgOperandUse(1)))
        uniform.insert(call);
    }
  WarpOps ops(env, module.getContext(), uniform);
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
