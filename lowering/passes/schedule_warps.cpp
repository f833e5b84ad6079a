#include "lowering/passes/schedule_warps.h"

#include "lowering/abi/status_word.h"
#include "lowering/passes/block_barrier.h"
#include "lowering/passes/cluster_barrier.h"
#include "lowering/passes/kept_values.h"
#include "lowering/passes/lane.h"
#include "lowering/passes/lower_traps.h"
#include "lowering/passes/warp_flow.h"

#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr uint32_t kExited = ~0u; // resume point of a thread that has ended
/// Up to so many resume points their pieces may run into each other (see separate()).
constexpr size_t kMostInterwoven = 8;

/// With more values kept than this, counted anew at each resume point, all of them stay in memory:
/// about where they no longer fit into registers.
constexpr size_t kMostJoined = 3000;

/// One kernel on its way into the dispatch loop.
class Scheduler {
public:
  Scheduler(Function &kernel, PassEnv &env, const FlowVerdict &verdict)
      : f_(kernel), env_(env), verdict_(verdict), b_(kernel.getContext()), i32_(b_.getInt32Ty()),
        mask_(b_.getIntNTy(env.processor.wave_size)) {}

  void run();

private:
  /// An operation of a warp: threads wait in front of `block` until all of their mask are there.
  struct Operation {
    BasicBlock *block = nullptr;
    uint32_t number = 0;            // resume point, known once all ordinary ones are
    SmallVector<StoreInst *> users; // stores of the number, to be filled in
  };

  void cut_edges();
  void cut_edge(Instruction *terminator, unsigned successor);
  void separate();
  void cut_at(CallInst &call);
  void cut_at_barrier(CallInst &call, StringRef name);
  void cut_at_warp_operation(CallInst &call);
  Value *all_here(Value *mask);
  Operation &warp_operation(Function &callee);
  Operation &barrier_operation(StringRef name);
  void barrier_wait_block();
  void build_dispatch();

  uint32_t resume_point(BasicBlock *block);
  void go_to_latch(uint32_t point);
  void wait_at(Operation &operation, Value *mask, Value *key, BasicBlock *after);
  AllocaInst *variable(StringRef name);
  AllocaInst *word(StringRef prefix, unsigned k) { return variable((prefix + Twine(k)).str()); }
  Value *get(StringRef name) { return b_.CreateLoad(i32_, variable(name)); }
  void set(StringRef name, Value *value) { b_.CreateStore(value, variable(name)); }
  void pack(StringRef prefix, Value *value, unsigned &at);
  Value *unpack(StringRef prefix, Type *type, unsigned &at);
  Value *ballot(Value *condition) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_ballot, {mask_}, {condition});
  }
  Value *read_lane(Value *value, Value *lane) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {i32_}, {value, lane});
  }
  Value *first_lane(Value *mask) {
    return b_.CreateZExtOrTrunc(b_.CreateIntrinsic(Intrinsic::cttz, {mask_}, {mask, b_.getFalse()}),
                                i32_);
  }
  BasicBlock *new_block(const Twine &name) {
    return BasicBlock::Create(f_.getContext(), name, &f_);
  }
  bool wave64() const { return env_.processor.wave_size == 64; }

  Function &f_;
  PassEnv &env_;
  const FlowVerdict &verdict_;
  IRBuilder<> b_;
  IntegerType *i32_, *mask_;

  BasicBlock *entry_ = nullptr, *dispatch_ = nullptr, *latch_ = nullptr;
  Value *alive_ = nullptr;           // in dispatch: threads that have not exited
  SmallVector<BasicBlock *> points_; // ordinary resume points by number
  DenseMap<BasicBlock *, uint32_t> numbers_;
  std::map<std::string, Operation> operations_;
  std::map<std::string, AllocaInst *> variables_;
  std::unique_ptr<BlockBarriers> barriers_;
  BasicBlock *barrier_wait_ = nullptr;
};

AllocaInst *Scheduler::variable(StringRef name) {
  AllocaInst *&slot = variables_[name.str()];
  if (!slot) {
    IRBuilder<> b(entry_, entry_->begin());
    slot = b.CreateAlloca(i32_, f_.getDataLayout().getAllocaAddrSpace(), nullptr, "resume." + name);
  }
  return slot;
}

uint32_t Scheduler::resume_point(BasicBlock *block) {
  auto [it, added] = numbers_.try_emplace(block, uint32_t(points_.size()));
  if (added)
    points_.push_back(block);
  return it->second;
}

/// Ends the builder's block: the thread goes on at the resume point in a later turn.
void Scheduler::go_to_latch(uint32_t point) {
  set("point", b_.getInt32(point));
  b_.CreateBr(latch_);
}

// ---- Values across cuts of the operations themselves, in 32-bit words ---------------------------

void Scheduler::pack(StringRef prefix, Value *value, unsigned &at) {
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

Value *Scheduler::unpack(StringRef prefix, Type *type, unsigned &at) {
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

// ---- Cuts ---------------------------------------------------------------------------------------

/// Every thread that comes along the edge goes through the dispatch loop.
void Scheduler::cut_edge(Instruction *terminator, unsigned successor) {
  BasicBlock *target = terminator->getSuccessor(successor);
  BasicBlock *edge = new_block("cut");
  terminator->setSuccessor(successor, edge);
  b_.SetInsertPoint(edge);
  b_.SetCurrentDebugLocation(terminator->getDebugLoc());
  go_to_latch(resume_point(target));
}

/// Cuts the back edges of loops in which threads wait, or that contain a place where they do, all
/// edges that close a cycle which is no natural loop, and those out of the entry block.
void Scheduler::cut_edges() {
  DominatorTree dominators(f_);
  LoopInfo loops(dominators);
  DenseMap<const BasicBlock *, unsigned> order;
  unsigned n = 0;
  for (BasicBlock *block : ReversePostOrderTraversal<Function *>(&f_))
    order[block] = n++;

  SmallPtrSet<const Loop *, 8> waiting;
  auto mark = [&](const BasicBlock *block) {
    for (const Loop *l = loops.getLoopFor(block); l; l = l->getParentLoop())
      waiting.insert(l);
  };
  for (CallInst *call : verdict_.places)
    mark(call->getParent());
  for (const BasicBlock *header : verdict_.waiting_headers)
    mark(header);

  SmallVector<std::pair<Instruction *, unsigned>> edges;
  for (BasicBlock &block : f_) {
    auto at = order.find(&block);
    if (at == order.end())
      continue;
    Instruction *terminator = block.getTerminator();
    for (unsigned s = 0; s < terminator->getNumSuccessors(); ++s) {
      BasicBlock *target = terminator->getSuccessor(s);
      bool cut = &block == entry_;
      if (order.lookup(target) <= at->second) {
        const Loop *loop = loops.getLoopFor(target);
        bool natural = loop && loop->getHeader() == target && loop->contains(&block);
        cut |= !natural || waiting.contains(loop);
      }
      if (cut)
        edges.push_back({terminator, s});
    }
  }
  // Phis at the targets become variables first: the edges they speak of go.
  SmallSetVector<BasicBlock *, 16> targets;
  for (auto [terminator, s] : edges)
    targets.insert(terminator->getSuccessor(s));
  for (BasicBlock *target : targets)
    while (auto *phi = dyn_cast<PHINode>(&target->front()))
      keep_phi(*phi);
  for (auto [terminator, s] : edges)
    cut_edge(terminator, s);
}

/// Makes a resume point of every block that threads from several resume points come to, so that the
/// pieces share no code. LLVM makes structured flow of whatever the dispatch loop runs; pieces that
/// run into each other are one piece to it, whose cost grows with the square of its size. It also
/// brings threads together again that have gone different ways.
void Scheduler::separate() {
  SmallVector<BasicBlock *> roots(points_);
  for (auto &[name, operation] : operations_)
    roots.push_back(operation.block);
  // Reverse post-order over all pieces.
  SmallVector<BasicBlock *> order;
  DenseMap<BasicBlock *, unsigned> position; // 0: on the way, else its number from the end, plus 1
  SmallVector<std::pair<BasicBlock *, unsigned>> stack;
  for (BasicBlock *root : reverse(roots)) {
    if (!position.try_emplace(root, 0).second)
      continue;
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto &[block, next] = stack.back();
      Instruction *terminator = block->getTerminator();
      if (next < terminator->getNumSuccessors()) {
        BasicBlock *successor = terminator->getSuccessor(next++);
        if (successor != latch_ && position.try_emplace(successor, 0).second)
          stack.push_back({successor, 0});
        continue;
      }
      order.push_back(block);
      position[block] = unsigned(order.size());
      stack.pop_back();
    }
  }
  DenseMap<BasicBlock *, BasicBlock *> owner;
  SmallPtrSet<BasicBlock *, 16> is_root(roots.begin(), roots.end());
  SmallVector<BasicBlock *> shared;
  for (BasicBlock *block : reverse(order)) {
    BasicBlock *from = is_root.contains(block) ? block : nullptr;
    bool several = false;
    for (BasicBlock *before : predecessors(block)) {
      auto at = position.find(before);
      if (at == position.end() || at->second <= position[block])
        continue; // not in a piece; or a loop within one
      BasicBlock *its = owner[before];
      several |= from && from != its;
      from = from ? from : its;
    }
    if (several)
      shared.push_back(block);
    owner[block] = several ? block : from;
  }
  for (BasicBlock *block : shared) {
    SmallVector<std::pair<Instruction *, unsigned>> edges;
    for (BasicBlock *before : predecessors(block)) {
      auto at = position.find(before);
      if (at == position.end() || at->second <= position[block])
        continue;
      Instruction *terminator = before->getTerminator();
      for (unsigned s = 0; s < terminator->getNumSuccessors(); ++s)
        if (terminator->getSuccessor(s) == block)
          edges.push_back({terminator, s});
    }
    while (auto *phi = dyn_cast<PHINode>(&block->front()))
      keep_phi(*phi);
    for (auto [terminator, s] : edges)
      if (terminator->getSuccessor(s) ==
          block) // a predecessor is listed once for each of its edges
        cut_edge(terminator, s);
  }
}

void Scheduler::wait_at(Operation &operation, Value *mask, Value *key, BasicBlock *after) {
  set("mask", mask);
  set("key", key);
  set("next", b_.getInt32(resume_point(after)));
  operation.users.push_back(b_.CreateStore(b_.getInt32(0), variable("point")));
  b_.CreateBr(latch_);
}

/// Whether all threads that the executing ones' masks name are executing this too, so that nobody
/// has to wait (i1, uniform): their masks are the same, and nobody in them is elsewhere.
Value *Scheduler::all_here(Value *mask) {
  Value *here = ballot(b_.getTrue());
  Value *common = mask, *same = b_.getTrue();
  if (!isa<Constant>(mask)) {
    common = b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {i32_}, {mask});
    same = b_.CreateICmpEQ(ballot(b_.CreateICmpEQ(mask, common)), here);
  }
  Value *named = b_.CreateZExt(common, mask_);
  if (wave64()) {
    // The mask counts for the halves of the wave that are here at all.
    Value *low = b_.CreateTrunc(here, i32_), *high = b_.CreateTrunc(b_.CreateLShr(here, 32), i32_);
    Value *zero = ConstantInt::get(mask_, 0);
    Value *lower = b_.CreateSelect(b_.CreateIsNull(low), zero, named);
    Value *upper = b_.CreateSelect(b_.CreateIsNull(high), zero, b_.CreateShl(named, 32));
    named = b_.CreateOr(lower, upper);
  }
  Value *missing = b_.CreateAnd({named, alive_, b_.CreateNot(here)});
  return b_.CreateAnd(same, b_.CreateIsNull(missing), "all_here");
}

/// The membermask of a *.sync operation is its last argument.
void Scheduler::cut_at_warp_operation(CallInst &call) {
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  after->setName("resume");
  BasicBlock *at_once = new_block("at_once"), *wait = new_block("wait"),
             *resume = new_block("come");
  Function &callee = *call.getCalledFunction();
  Value *mask = call.getArgOperand(call.arg_size() - 1);
  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  b_.CreateCondBr(all_here(mask), at_once, wait);

  b_.SetInsertPoint(wait);
  unsigned at = 0;
  for (Value *argument : call.args())
    pack("a", argument, at);
  wait_at(warp_operation(callee), mask, b_.getInt32(0), resume);

  b_.SetInsertPoint(resume);
  Type *type = call.getType();
  at = 0;
  Value *later = type->isVoidTy() ? nullptr : unpack("r", type, at);
  b_.CreateBr(after);

  call.moveBefore(*at_once, at_once->end());
  b_.SetInsertPoint(at_once);
  b_.CreateBr(after);
  if (!later)
    return;
  PHINode *result = PHINode::Create(type, 2, "", after->begin());
  call.replaceAllUsesWith(result);
  result->addIncoming(&call, at_once);
  result->addIncoming(later, resume);
}

Scheduler::Operation &Scheduler::warp_operation(Function &callee) {
  Operation &operation = operations_[callee.getName().str()];
  if (operation.block)
    return operation;
  operation.block = new_block(callee.getName());
  IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(operation.block);
  SmallVector<Value *> arguments;
  unsigned at = 0;
  for (Argument &argument : callee.args())
    arguments.push_back(unpack("a", argument.getType(), at));
  CallInst *call = b_.CreateCall(&callee, arguments);
  call->setAttributes(callee.getAttributes());
  at = 0;
  if (!call->getType()->isVoidTy())
    pack("r", call, at);
  set("point", get("next"));
  b_.CreateBr(latch_);
  return operation;
}

void Scheduler::cut_at_barrier(CallInst &call, StringRef name) {
  BasicBlock *before = call.getParent();
  BasicBlock *after = SplitBlock(before, call.getIterator());
  after->setName("resume");
  before->getTerminator()->eraseFromParent();
  b_.SetInsertPoint(before);
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  release_before_barrier(b_);
  Value *id = barrier_number(b_, call);
  Value *expected = call.arg_size() > 1 ? call.getArgOperand(1) : b_.getInt32(0);
  set("barrier", id);
  set("expected", expected);
  if (call.arg_size() > 2)
    set("a0", b_.CreateZExt(call.getArgOperand(2), i32_));
  // All threads of the warp must stand at this barrier, whichever instruction brought them.
  wait_at(barrier_operation(name), b_.getInt32(~0u), b_.CreateOr(id, b_.CreateShl(expected, 5)),
          after);

  b_.SetInsertPoint(after, after->begin());
  b_.SetCurrentDebugLocation(call.getDebugLoc());
  acquire_after_barrier(b_);
  if (name.starts_with("red.")) {
    Value *result = barriers_->result(b_, name, get("barrier"), get("generation"));
    call.replaceAllUsesWith(result);
  }
  call.eraseFromParent();
}

/// A whole warp has come to one barrier: it arrives, waits for the end of the generation, or both.
Scheduler::Operation &Scheduler::barrier_operation(StringRef name) {
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
  auto uniform = [&](StringRef variable_name) {
    return b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {i32_}, {get(variable_name)});
  };
  Value *id = uniform("barrier"), *expected = uniform("expected");
  if (kind == "cluster.wait") {
    set("generation", get("cluster.generation"));
  } else {
    if (kind.starts_with("red"))
      barriers_->add(b_, kind, id, b_.CreateICmpNE(get("a0"), b_.getInt32(0)));
    Value *generation = barriers_->arrive(b_, id, expected);
    set("generation", generation);
    if (kind == "cluster.arrive")
      set("cluster.generation", generation); // other barriers may come before the wait
  }
  if (kind.ends_with("arrive")) {
    set("point", get("next"));
    b_.CreateBr(latch_);
    return operation;
  }
  barrier_wait_block();
  go_to_latch(resume_point(barrier_wait_));
  return operation;
}

/// The resume point at which threads wait for a barrier's generation to end.
void Scheduler::barrier_wait_block() {
  if (barrier_wait_)
    return;
  barrier_wait_ = new_block("barrier.wait");
  IRBuilder<>::InsertPointGuard guard(b_);
  b_.SetInsertPoint(barrier_wait_);
  Value *over = barriers_->passed(b_, get("barrier"), get("expected"), get("generation"));
  BasicBlock *go = new_block("barrier.go"), *stay = new_block("barrier.stay");
  b_.CreateCondBr(over, go, stay);
  b_.SetInsertPoint(go);
  set("point", get("next"));
  b_.CreateBr(latch_);
  b_.SetInsertPoint(stay);
  b_.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b_.getInt32(1)});
  b_.CreateBr(latch_);
}

void Scheduler::cut_at(CallInst &call) {
  StringRef name = call.getCalledFunction()->getName();
  if (name.consume_front("w2w.barrier."))
    cut_at_barrier(call, name);
  else
    cut_at_warp_operation(call);
}

// ---- The dispatch loop --------------------------------------------------------------------------

void Scheduler::build_dispatch() {
  // entry_ has been cut off from what follows: it stores the resume point and goes to latch_.
  b_.SetCurrentDebugLocation(DebugLoc());
  BasicBlock *pick = new_block("pick"), *turn = new_block("run"), *next = new_block("pick_next"),
             *stuck = new_block("stuck"), *end = new_block("end"), *enter = new_block("enter"),
             *impossible = new_block("impossible");
  uint32_t first_operation = uint32_t(points_.size()), number = first_operation;
  for (auto &[name, operation] : operations_) {
    operation.number = number++;
    for (StoreInst *store : operation.users)
      store->setOperand(0, b_.getInt32(operation.number));
  }

  // dispatch_ holds phis and alive_ already.
  auto phi = dispatch_->phis().begin();
  PHINode *last_lane = &*phi++, *last_point = &*phi++, *warps = &*phi++;
  b_.SetInsertPoint(dispatch_);
  Value *none = ConstantInt::get(mask_, 0);
  Value *warps_now = b_.getInt32(0);
  if (barriers_) {
    auto lives = [&](Value *half) {
      return b_.CreateZExt(b_.CreateICmpNE(half, ConstantInt::get(half->getType(), 0)), i32_);
    };
    warps_now = wave64() ? b_.CreateAdd(lives(b_.CreateTrunc(alive_, i32_)),
                                        lives(b_.CreateLShr(alive_, 32)))
                         : lives(alive_);
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
  b_.CreateCondBr(b_.CreateIsNull(alive_), end, pick);

  // Threads elsewhere than at the last turn's resume point come first, then the next lane: nobody
  // is passed over for more than one round of the lanes.
  b_.SetInsertPoint(pick);
  PHINode *candidates = b_.CreatePHI(mask_, 2, "candidates");
  candidates->addIncoming(alive_, before_pick);
  Value *preferred = b_.CreateAnd(candidates, others);
  Value *from = b_.CreateSelect(b_.CreateIsNull(preferred), candidates, preferred);
  Value *behind =
      b_.CreateShl(ConstantInt::getSigned(mask_, -2), b_.CreateZExtOrTrunc(last_lane, mask_));
  Value *later = b_.CreateAnd(from, behind);
  Value *lane = first_lane(b_.CreateSelect(b_.CreateIsNull(later), from, later));
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
    if (wave64()) {
      Value *half = b_.CreateAnd(lane, 32);
      same = b_.CreateAnd(same, b_.CreateICmpEQ(b_.CreateAnd(lane_number, 32), half));
      named = b_.CreateShl(named, b_.CreateZExt(half, mask_));
    }
    here = b_.CreateAnd(here, b_.CreateOr(b_.CreateNot(is_operation), same), "chosen");
    group = ballot(here);
    Value *missing = b_.CreateAnd({named, alive_, b_.CreateNot(group)});
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
  Value *one = b_.CreateIntrinsic(Intrinsic::amdgcn_readfirstlane, {i32_}, {point});
  SwitchInst *to = b_.CreateSwitch(one, impossible, number);
  for (uint32_t k = 0; k < points_.size(); ++k)
    to->addCase(b_.getInt32(k), points_[k]);
  for (auto &[name, operation] : operations_)
    to->addCase(b_.getInt32(operation.number), operation.block);
  b_.SetInsertPoint(impossible);
  b_.CreateUnreachable();

  // The first turn comes from entry_, through a block of its own.
  b_.SetInsertPoint(latch_);
  b_.CreateBr(dispatch_);
  for (auto [node, first, later_value] :
       {std::tuple{last_lane, b_.getInt32(env_.processor.wave_size - 1), lane},
        std::tuple{last_point, b_.getInt32(kExited), chosen_point}}) {
    node->addIncoming(first, entry_);
    node->addIncoming(later_value, latch_);
  }
  warps->addIncoming(warps_now, latch_);
}

void Scheduler::run() {
  // The entry block runs once, before the loop, with all threads: what it computes stays where it
  // is. It ends in front of the first place to wait.
  entry_ = &f_.getEntryBlock();
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

  bool has_barriers = false, sums = false;
  for (CallInst *call : verdict_.places) {
    StringRef name = call->getCalledFunction()->getName();
    has_barriers |= name.starts_with("w2w.barrier.");
    sums |= name.starts_with("w2w.barrier.red.");
  }
  if (has_barriers)
    barriers_ = std::make_unique<BlockBarriers>(*f_.getParent(), env_.processor, sums);

  dispatch_ = new_block("dispatch");
  latch_ = new_block("latch");
  b_.SetInsertPoint(dispatch_);
  for (const char *name : {"last_lane", "last_point", "warps"})
    b_.CreatePHI(i32_, 2, name);
  alive_ = ballot(b_.CreateICmpNE(get("point"), b_.getInt32(kExited)));

  cut_edges();
  for (CallInst *call : verdict_.places)
    cut_at(*call);
  for (BasicBlock &block : f_)
    if (auto *ret = dyn_cast_if_present<ReturnInst>(block.getTerminator())) {
      b_.SetInsertPoint(ret);
      set("point", b_.getInt32(kExited));
      b_.CreateBr(latch_);
      ret->eraseFromParent();
    }

  if (points_.size() + operations_.size() > kMostInterwoven)
    separate();

  // From the entry block straight into the loop, with the resume points its edges store.
  BasicBlock *start = new_block("start");
  for (BasicBlock *edge : successors(entry_))
    edge->getTerminator()->setSuccessor(0, start);
  b_.SetInsertPoint(start);
  b_.SetCurrentDebugLocation(DebugLoc());
  if (barriers_)
    barriers_->initialise(b_);
  for (const char *name : {"mask", "key"})
    set(name, b_.getInt32(0));
  Value *here = ballot(b_.getTrue());
  Value *warps = b_.getInt32(1);
  if (wave64())
    warps = b_.CreateAdd(
        warps,
        b_.CreateZExt(b_.CreateICmpNE(b_.CreateLShr(here, 32), ConstantInt::get(mask_, 0)), i32_));
  b_.CreateBr(dispatch_);
  PHINode *left = &*std::next(dispatch_->phis().begin(), 2);
  left->addIncoming(warps, start);

  build_dispatch();
  // build_dispatch named the entry as the loop's way in.
  dispatch_->replacePhiUsesWith(entry_, start);
  keep_values(f_);
  if (kept_count(f_) * points_.size() > kMostJoined)
    pin_kept_values(f_);
}

/// Refuses a kernel of whose threads one cannot go on without the others for other reasons.
bool refused(Function &kernel, const SynchronisingFunctions &others, const FlowVerdict &verdict,
             PassEnv &env) {
  auto refuse = [&](const Instruction &at, const char *what, const char *remedy) {
    env.refuse(at, std::string(what) + " in a kernel whose threads must be scheduled one by one (" +
                       verdict.reason + ") is not supported; " + remedy);
    return true;
  };
  if (CallInst *arrival = arrival_before_end(kernel))
    return refuse(*arrival, "barrier.cluster.arrive behind which a thread may end",
                  "let every thread that arrives wait");
  for (Instruction &i : instructions(kernel)) {
    // The wave's threads share one stack pointer.
    auto *array = dyn_cast<AllocaInst>(&i);
    auto *intrinsic = dyn_cast<IntrinsicInst>(&i);
    if ((array && !array->isStaticAlloca()) ||
        (intrinsic && intrinsic->getIntrinsicID() == Intrinsic::stacksave))
      return refuse(i, "alloca", "use an array of fixed size");
    auto *call = dyn_cast<CallInst>(&i);
    if (call && call->getCalledFunction() && others.contains(*call->getCalledFunction()))
      return refuse(i, "a call of a function that synchronises, recursive or through a pointer,",
                    "let the kernel itself contain it");
  }
  return false;
}

} // namespace

bool schedule_warps(Module &module, ModuleAnalysisManager &analyses, PassEnv &env) {
  bool changed = join_cluster_barriers(module);
  SynchronisingFunctions others(module);
  std::vector<Function *> kernels;
  for (Function &f : module) {
    if (is_kernel(f)) {
      kernels.push_back(&f);
    } else if (!f.isDeclaration()) {
      // A function keeps no resume points: its callers' frames are the wave's.
      FlowVerdict verdict = judge_flow(f, others, analyses, env);
      if (verdict.scheduled)
        env.refuse(f, verdict.reason + ", in a function that is called recursively or through a "
                                       "pointer; let the kernel itself contain it");
    }
  }
  for (Function *kernel : kernels) {
    FlowVerdict verdict = judge_flow(*kernel, others, analyses, env);
    if (env.warp_mode == WarpMode::Paired && verdict.scheduled) {
      env.refuse(*kernel, verdict.reason + ": not possible in warp mode 'paired'; use 'auto'");
      continue;
    }
    if (env.warp_mode == WarpMode::Scheduled && !verdict.scheduled) {
      verdict.scheduled = true;
      verdict.reason = "asked for";
    }
    if (!verdict.scheduled) {
      if (verdict.assumes_rows)
        env.row_kernels.insert(kernel->getName().str());
      continue;
    }
    if (refused(*kernel, others, verdict, env))
      continue;
    kernel->addFnAttr("w2w-scheduled", verdict.reason);
    env.warp_modes[kernel->getName().str()] = "scheduled: " + verdict.reason;
    Scheduler(*kernel, env, verdict).run();
    changed = true;
  }
  erase_unused_declarations(module, "w2w.barrier.");
  return changed;
}

} // namespace w2w
