#include "lowering/passes/lower_warp_ops.h"

#include "lowering/passes/lane.h"
#include "lowering/passes/lane_moves.h"
#include "lowering/passes/lane_sets.h"
#include "lowering/passes/scan_steps.h"
#include "lowering/passes/warp_flow.h"

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

class WarpOps {
public:
  /// `uniform`: the indexed shuffles whose source lane is the same for all threads of the wave.
  WarpOps(PassEnv &env, LLVMContext &context, const SmallPtrSetImpl<CallInst *> &uniform,
          const KnownShuffles &shuffles)
      : env_(env), target_(env.processor), b_(context), uniform_(uniform), shuffles_(shuffles) {}

  /// Replaces what the scans over a whole warp give; their shuffles are lowered after.
  void whole_scans();
  /// The replacement of the call, or nullptr if the operation is unknown.
  Value *lower(CallInst &call, StringRef name);

private:
  Value *shfl(CallInst &call, StringRef mode);
  bool scan(CallInst &call);
  Value *combine(const Instruction &operation, Value *a, Value *b);
  Value *count_below(const CallInst &ballot);
  void count_places(CallInst &ballot);
  Value *vote(CallInst &call, StringRef mode);
  Value *match_any(CallInst &call);
  Value *match_all(CallInst &call);
  Value *warps_are_whole();
  Value *redux(CallInst &call, StringRef operation);
  Value *reduce_one_by_one(Value *value, Value *neutral,
                           function_ref<Value *(Value *, Value *)> combine);
  BasicBlock *begin_loop(CallInst &call, const char *name);
  Value *is_first(Value *value);
  PHINode *leave_loop(CallInst &call, BasicBlock *loop, Value *done, Value *value);
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

  PassEnv &env_;
  const Processor &target_;
  IRBuilder<> b_;
  const SmallPtrSetImpl<CallInst *> &uniform_;
  const KnownShuffles &shuffles_;
  SmallPtrSet<const CallInst *, 8> scanned_; // parts of scans that are done
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

Value *WarpOps::combine(const Instruction &operation, Value *a, Value *b) {
  if (auto *minmax = dyn_cast<MinMaxIntrinsic>(&operation))
    return b_.CreateBinaryIntrinsic(minmax->getIntrinsicID(), a, b);
  return b_.CreateBinOp(cast<BinaryOperator>(operation).getOpcode(), a, b);
}

void WarpOps::whole_scans() {
  for (CallInst *call : shuffles_.calls) {
    const SmallVector<CallInst *, 5> calls = whole_scan(*call, shuffles_);
    if (calls.empty())
      continue;
    const ScanStep last = *scan_step(*calls.back(), shuffles_);
    b_.SetInsertPoint(last.operation);
    last.result->replaceAllUsesWith(scan_lanes(
        b_, target_, call->getArgOperand(0), neutral_element(*last.operation),
        [&](Value *other, Value *moved) { return combine(*last.operation, other, moved); }));
    scanned_.insert_range(calls);
  }
}

/// Replaces the result of the scan's step by DPP instructions of the operation, if the target has
/// them for the map.
bool WarpOps::scan(CallInst &call) {
  if (scanned_.contains(&call))
    return true;
  std::optional<ScanStep> step = scan_step(call, shuffles_);
  // Convergent moves stay where the shuffle is.
  if (!step || step->operation->getParent() != call.getParent())
    return false;
  LaneMap map = shuffles_.maps.at(&call);
  map.valid = step->lanes;
  map.matters = ~0u; // of the result, not of what is moved
  b_.SetInsertPoint(step->operation);
  Value *result = combine_moved(
      b_, target_, call.getArgOperand(0), step->other, map, neutral_element(*step->operation),
      [&](Value *other, Value *moved) { return combine(*step->operation, other, moved); });
  b_.SetInsertPoint(&call);
  if (result)
    step->result->replaceAllUsesWith(result);
  return result != nullptr;
}

/// PTX ISA 9.7.9.6. c holds the clamp in [4:0] and the segment mask in [12:8].
Value *WarpOps::shfl(CallInst &call, StringRef mode) {
  Value *value = call.getArgOperand(0), *source = call.getArgOperand(1), *c = call.getArgOperand(2);
  if (auto known = shuffles_.maps.find(&call); known != shuffles_.maps.end()) {
    const LaneMap &map = known->second;
    Value *moved = scan(call) ? PoisonValue::get(value->getType()) // no longer used
                              : move_lanes(b_, target_, value, map);
    if (moved)
      return pair(call.getType(), moved, in_lanes(b_, map.valid, target_));
  }
  auto *constant_c = dyn_cast<ConstantInt>(c);
  const bool whole_warp = constant_c && (constant_c->getZExtValue() & 0x1F1F) == 31;
  if (mode == "idx" && whole_warp && uniform_.contains(&call)) {
    Value *lane = b_.CreateAnd(source, 31);
    auto read = [&](Value *from) {
      return b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {b_.getInt32Ty()}, {value, from});
    };
    Value *result = read(lane);
    if (target_.wave_size == 64)
      result = b_.CreateSelect(in_upper_half(b_), read(b_.CreateOr(lane, 32)), result);
    return pair(call.getType(), result, b_.getTrue());
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
  from = b_.CreateSelect(valid, from, lane, "source_lane");
  return pair(call.getType(), read_warp_lane(value, from), valid);
}

/// How many lower lanes of the warp are in the ballot's mask and have its predicate.
Value *WarpOps::count_below(const CallInst &ballot) {
  auto *mask = cast<ConstantInt>(ballot.getArgOperand(1));
  Type *type = target_.wave_size == 32 ? b_.getInt32Ty() : b_.getInt64Ty();
  Value *wave = b_.CreateIntrinsic(Intrinsic::amdgcn_ballot, {type}, {ballot.getArgOperand(0)});
  auto below = [&](Intrinsic::ID id, Value *half) {
    return b_.CreateIntrinsic(id, {}, {b_.CreateAnd(half, mask), b_.getInt32(0)});
  };
  Value *lower = below(Intrinsic::amdgcn_mbcnt_lo, b_.CreateTrunc(wave, b_.getInt32Ty()));
  if (target_.wave_size == 32)
    return lower;
  Value *upper =
      below(Intrinsic::amdgcn_mbcnt_hi, b_.CreateTrunc(b_.CreateLShr(wave, 32), b_.getInt32Ty()));
  return b_.CreateSelect(in_upper_half(b_), upper, lower);
}

/// popc(ballot & %lanemask_lt), the place of a thread among those of the ballot, is an instruction.
void WarpOps::count_places(CallInst &ballot) {
  if (!isa<ConstantInt>(ballot.getArgOperand(1)))
    return;
  LaneSets sets(*ballot.getFunction(), env_);
  Value *count = nullptr;
  for (User *user : ballot.users()) {
    auto *lower = dyn_cast<BinaryOperator>(user);
    if (!lower || lower->getOpcode() != Instruction::And ||
        !sets.is_lanemask_lt(*lower->getOperand(lower->getOperand(0) == &ballot ? 1 : 0)))
      continue;
    for (User *counts : lower->users())
      if (auto *popc = dyn_cast<IntrinsicInst>(counts);
          popc && popc->getIntrinsicID() == Intrinsic::ctpop) {
        count = count ? count : count_below(ballot);
        popc->replaceAllUsesWith(count);
      }
  }
}

Value *WarpOps::vote(CallInst &call, StringRef mode) {
  Value *predicate = call.getArgOperand(0), *mask = call.getArgOperand(1);
  auto holds = [&] { return b_.CreateAnd(ballot(predicate), mask); };
  auto fails = [&] { return b_.CreateAnd(ballot(b_.CreateNot(predicate)), mask); };
  if (mode == "ballot") {
    count_places(call);
    return holds();
  }
  if (mode == "any")
    return b_.CreateNot(is_zero(holds()));
  if (mode == "all")
    return is_zero(fails());
  if (mode == "uni")
    return b_.CreateOr(is_zero(holds()), is_zero(fails()));
  return nullptr;
}

/// A loop in front of the call, empty so far, with the insertion point in it.
BasicBlock *WarpOps::begin_loop(CallInst &call, const char *name) {
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  BasicBlock *loop = BasicBlock::Create(b_.getContext(), name, before->getParent(), after);
  before->getTerminator()->setSuccessor(0, loop);
  b_.SetInsertPoint(loop);
  return loop;
}

/// Whether the thread has the value (i32 or i64) of the first lane that executes this.
Value *WarpOps::is_first(Value *value) {
  return b_.CreateICmpEQ(
      value, b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {value->getType()}, {value}));
}

/// Ends the loop that starts at `loop` at the insertion point: the threads with `done` leave it
/// with `value` (i32). A value that is the same for all threads of one turn would be kept in an
/// SGPR and read after the loop, where it holds the last turn's (seen in LLVM 22): so it is put
/// into a VGPR within its turn, by a move that may not be sunk out of the loop.
PHINode *WarpOps::leave_loop(CallInst &call, BasicBlock *loop, Value *done, Value *value) {
  BasicBlock *last = b_.GetInsertBlock(), *after = call.getParent();
  CallInst *mine = hold_in_vgpr(b_, value);
  mine->setConvergent();
  b_.CreateCondBr(done, after, loop);
  PHINode *result = PHINode::Create(value->getType(), 1, "mine", after->begin());
  result->addIncoming(mine, last);
  b_.SetInsertPoint(&call);
  return result;
}

/// Lanes of the mask with the same value. The loop takes the value of the first lane left and lets
/// all lanes with that value go, so it runs once per distinct value in the wave.
Value *WarpOps::match_any(CallInst &call) {
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  BasicBlock *loop = begin_loop(call, "match");
  Value *same = is_first(value);
  return leave_loop(call, loop, same, b_.CreateAnd(ballot(same), mask));
}

Value *WarpOps::match_all(CallInst &call) {
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  Value *leader = first_bit(b_.CreateAnd(mask, active()));
  Value *differs = b_.CreateICmpNE(value, read_warp_lane(value, b_.CreateAnd(leader, 31)));
  Value *all = is_zero(b_.CreateAnd(ballot(differs), mask));
  return pair(call.getType(), b_.CreateSelect(all, mask, b_.getInt32(0)), all);
}

/// Whether the executing threads of a warp all name the same mask in the call.
bool has_one_mask(const CallInst &call) {
  return isa<Constant>(call.getArgOperand(1)) || names_executing_threads(call);
}

/// Whether each warp in the wave executes with all of its threads, or with none.
Value *WarpOps::warps_are_whole() {
  auto is_whole = [&](Value *threads) { // none or all: plus one, none or one
    return b_.CreateICmpULE(b_.CreateAdd(threads, b_.getInt32(1)), b_.getInt32(1));
  };
  if (target_.wave_size == 32)
    return is_whole(active());
  Value *all = b_.CreateIntrinsic(Intrinsic::amdgcn_ballot, {b_.getInt64Ty()}, {b_.getTrue()});
  return b_.CreateAnd(is_whole(b_.CreateTrunc(all, b_.getInt32Ty())),
                      is_whole(b_.CreateTrunc(b_.CreateLShr(all, 32), b_.getInt32Ty())));
}

/// Reduces over the threads of the mask. Each turn of a loop does one group of threads with the
/// same warp and mask, the others taking part with the operation's neutral element. (No branch
/// around the reduction: LLVM would move it out of the loop, where all groups are together again.)
/// Where the executing threads of a warp all name the same mask, whole warps are reduced at once.
/// (Not in whole-wave mode, which would serve parts of warps too: where LLVM 22 runs out of
/// registers, it reloads a VGPR there for all lanes, over what it holds of the inactive ones,
/// docs/AMDGPU-NOTES.md.)
Value *WarpOps::redux(CallInst &call, StringRef operation) {
  struct Row {
    StringRef name;
    Intrinsic::ID minmax;
    Instruction::BinaryOps op; // where it is no minimum or maximum
    uint32_t neutral;
  };
  constexpr auto kNone = Instruction::BinaryOpsEnd;
  constexpr auto kNoId = Intrinsic::not_intrinsic;
  static constexpr Row kRows[] = {
      {"add", kNoId, Instruction::Add, 0},         {"min", Intrinsic::smin, kNone, 0x7FFFFFFF},
      {"max", Intrinsic::smax, kNone, 0x80000000}, {"umin", Intrinsic::umin, kNone, ~0u},
      {"umax", Intrinsic::umax, kNone, 0},         {"and", kNoId, Instruction::And, ~0u},
      {"or", kNoId, Instruction::Or, 0},           {"xor", kNoId, Instruction::Xor, 0}};
  const Row *row = find_if(kRows, [&](const Row &r) { return r.name == operation; });
  if (row == std::end(kRows))
    return nullptr;
  Value *value = call.getArgOperand(0), *mask = call.getArgOperand(1);
  auto combine = [&](Value *a, Value *b) -> Value * {
    return row->minmax == kNoId ? b_.CreateBinOp(row->op, a, b)
                                : b_.CreateBinaryIntrinsic(row->minmax, a, b);
  };
  Value *whole = env_.opt_level > 0 && has_one_mask(call) ? warps_are_whole() : nullptr;
  Value *half = half_base(b_, target_);
  BasicBlock *before = call.getParent(), *loop = begin_loop(call, "redux");
  Value *mine = is_first(mask);
  if (target_.wave_size == 64)
    mine = b_.CreateAnd(mine, is_first(half));
  Value *part = b_.CreateSelect(mine, value, b_.getInt32(row->neutral));
  Value *reduced = reduce_one_by_one(part, b_.getInt32(row->neutral), combine);
  PHINode *result = leave_loop(call, loop, mine, reduced);
  if (!whole)
    return result;
  BasicBlock *at_once =
      BasicBlock::Create(b_.getContext(), "redux.whole", before->getParent(), loop);
  b_.SetInsertPoint(at_once);
  result->addIncoming(reduce_lanes(b_, target_, value, b_.getInt32(row->neutral), combine),
                      at_once);
  b_.CreateBr(call.getParent());
  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  b_.CreateCondBr(whole, at_once, loop);
  b_.SetInsertPoint(&call);
  return result;
}

/// Combines the values of all executing threads, in a loop over them. (Not LLVM's wave_reduce: it
/// overwrites SCC without saying so, and with it the condition of a branch behind it, LLVM 22.)
Value *WarpOps::reduce_one_by_one(Value *value, Value *neutral,
                                  function_ref<Value *(Value *, Value *)> combine) {
  BasicBlock *before = b_.GetInsertBlock();
  Function *function = before->getParent();
  BasicBlock *loop = BasicBlock::Create(b_.getContext(), "lane", function),
             *after = BasicBlock::Create(b_.getContext(), "lanes", function);
  Type *mask = b_.getIntNTy(target_.wave_size);
  Value *here = b_.CreateIntrinsic(Intrinsic::amdgcn_ballot, {mask}, {b_.getTrue()});
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  PHINode *left = b_.CreatePHI(mask, 2), *sum = b_.CreatePHI(value->getType(), 2);
  Value *lane = b_.CreateIntrinsic(Intrinsic::cttz, {mask}, {left, b_.getTrue()});
  Value *of_lane = b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {value->getType()},
                                      {value, b_.CreateZExtOrTrunc(lane, b_.getInt32Ty())});
  Value *next = combine(sum, of_lane);
  Value *rest = b_.CreateAnd(left, b_.CreateSub(left, ConstantInt::get(mask, 1)));
  left->addIncoming(here, before);
  left->addIncoming(rest, loop);
  sum->addIncoming(neutral, before);
  sum->addIncoming(next, loop);
  b_.CreateCondBr(b_.CreateIsNull(rest), after, loop);
  b_.SetInsertPoint(after);
  return next;
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
  for (CallInst *call : calls_of(module, "w2w.shfl.idx")) {
    auto &wave = manager.getResult<UniformityInfoAnalysis>(*call->getFunction());
    if (!wave.isDivergentUse(call->getArgOperandUse(1)))
      uniform.insert(call);
  }
  const KnownShuffles shuffles(module, env);
  WarpOps ops(env, module.getContext(), uniform, shuffles);
  ops.whole_scans();
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
  for (auto [select, lanes] : shuffles.selects) {
    IRBuilder<> builder(select);
    select->setCondition(in_lanes(builder, lanes, env.processor));
  }
  return changed;
}

} // namespace w2w
