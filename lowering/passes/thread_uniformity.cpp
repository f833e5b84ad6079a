#include "lowering/passes/thread_uniformity.h"

#include "lowering/mbarrier_arrival.h"

#include "llvm/ADT/DepthFirstIterator.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

constexpr unsigned kWarp = 32, kWarpBits = 5;

/// A shuffle by which every thread of the warp reads the thread that its operand b names: no
/// segments, no thread out of range (PTX ISA 9.7.9.6).
bool reads_one_thread(const CallInst &call) {
  constexpr uint64_t kSegmentsAndClamp = 0x1f1f;
  if (!callee_name(call).starts_with("w2w.shfl.idx"))
    return false;
  auto *c = dyn_cast<ConstantInt>(call.getArgOperand(2));
  return c && (c->getZExtValue() & kSegmentsAndClamp) == kWarp - 1;
}

/// Rows of threads for the group: of a wave only where .reqntid tells.
bool rows_of(const Function &function, ThreadUniformity::Of group, bool rows) {
  if (group == ThreadUniformity::Of::Warp)
    return rows;
  auto size = required_block(function);
  return size && ((*size)[0] % (2 * kWarp) == 0 || ((*size)[1] == 1 && (*size)[2] == 1));
}

} // namespace

bool ThreadUniformity::is_same_at(const Value &value, const Instruction &at) const {
  if (varies(value))
    return false;
  auto *i = dyn_cast<Instruction>(&value);
  const Cycle *cycle = i ? cycles_.getCycle(i->getParent()) : nullptr;
  return !cycle || cycle->contains(at.getParent());
}

/// What every thread of the block is given alike; of a warp also results of votes and reductions,
/// if its threads name the same mask, and the value of one of them.
bool ThreadUniformity::is_same(const Instruction &i) const {
  if (auto *call = dyn_cast<CallInst>(&i)) {
    StringRef name = callee_name(*call);
    if (name.starts_with("w2w.barrier.red."))
      return true;
    if (group_ == Of::Wave)
      return false;
    if (name == "w2w.activemask")
      return true;
    if (name.starts_with("w2w.vote.") || name.starts_with("w2w.redux."))
      return is_same_at(*call->getArgOperand(call->arg_size() - 1), i);
    if (reads_one_thread(*call))
      return is_same_at(*call->getArgOperand(1), i);
  }
  // The half of the wave that the lane is in, part of %warpid.
  return group_ == Of::Warp &&
         match(&i, m_LShr(m_Intrinsic<Intrinsic::amdgcn_mbcnt_hi>(), m_SpecificInt(kWarpBits)));
}

/// %tid.y and %tid.z, in blocks that are rows.
bool ThreadUniformity::is_row(const Instruction &i) const {
  auto *intrinsic = dyn_cast<IntrinsicInst>(&i);
  return rows_ && intrinsic &&
         (intrinsic->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_y ||
          intrinsic->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_z);
}

/// The phase in which the threads that execute it together arrive at one object.
bool ThreadUniformity::is_phase(const Instruction &i) const {
  auto *arrival =
      i.getOpcode() == Instruction::And ? dyn_cast<AtomicRMWInst>(i.getOperand(0)) : nullptr;
  return arrival && arrival->getMetadata(kMbarrierArrival) &&
         arrival->getParent() == i.getParent() && is_same_at(*arrival->getPointerOperand(), i);
}

bool ThreadUniformity::tells_group_alone(const Instruction &i) {
  if (is_phase(i))
    return true;
  return numbers_.tells_group_alone(
      i, [&](const Value &v) { return is_same_at(v, i); }, used_rows_);
}

/// Whether the instruction may make lanes differ whose operands do not.
bool ThreadUniformity::is_root(const Instruction &i) const {
  if (auto *load = dyn_cast<LoadInst>(&i)) {
    // Private memory differs behind equal addresses; a flat pointer may be private.
    unsigned space = load->getPointerAddressSpace();
    return space == 5 || space == 0;
  }
  if (isa<AtomicRMWInst>(i) || isa<AtomicCmpXchgInst>(i) || isa<AllocaInst>(i))
    return true;
  if (auto *call = dyn_cast<CallInst>(&i)) {
    auto *intrinsic = dyn_cast<IntrinsicInst>(call);
    if (!intrinsic)
      return true;
    switch (intrinsic->getIntrinsicID()) {
    case Intrinsic::amdgcn_workitem_id_x:
    case Intrinsic::amdgcn_workitem_id_y:
    case Intrinsic::amdgcn_workitem_id_z:
    case Intrinsic::amdgcn_mbcnt_lo:
    case Intrinsic::amdgcn_mbcnt_hi:
      return true;
    default:
      return !intrinsic->doesNotAccessMemory() || intrinsic->isConvergent();
    }
  }
  return false;
}

ThreadUniformity::ThreadUniformity(Function &function, UniformityInfo &wave,
                                   PostDominatorTree &post, Of group, bool rows)
    : group_(group), rows_(rows_of(function, group, rows)), wave_(wave),
      numbers_(function, group == Of::Warp ? kWarp : 2 * kWarp, rows_) {
  cycles_.compute(function);
  for (const Instruction &i : instructions(function))
    if (is_root(i))
      mark(i);
  // What was the same by its number hangs on values that may have come to vary since.
  for (bool grown = true; grown;) {
    while (!work_.empty())
      spread(*work_.pop_back_val(), post);
    grown = false;
    for (const Instruction *i : by_number_)
      if (!varies(*i) && !tells_group_alone(*i)) {
        varying_.insert(i);
        work_.push_back(i);
        grown = true;
      }
  }
}

/// Only what varies in the wave can vary in the warp.
void ThreadUniformity::mark(const Value &v) {
  auto *i = dyn_cast<Instruction>(&v);
  if (!i || varies(*i) || !wave_.isDivergent(i) || is_same(*i))
    return;
  if (is_row(*i)) {
    used_rows_ = true;
    return;
  }
  if (tells_group_alone(*i)) {
    by_number_.insert(i);
    return;
  }
  varying_.insert(i);
  work_.push_back(i);
}

/// Marks what varies because `value` does.
void ThreadUniformity::spread(const Value &value, PostDominatorTree &post) {
  for (const User *user : value.users())
    mark(*user);
  // A branch on it: phis where its sides meet differ, and values carried out of a cycle that
  // threads leave at different times.
  for (const User *user : value.users()) {
    auto *terminator = dyn_cast<Instruction>(user);
    if (!terminator || !terminator->isTerminator() ||
        !split_.insert(terminator->getParent()).second)
      continue;
    const BasicBlock &block = *terminator->getParent();
    const Cycle *cycle = cycles_.getCycle(&block);
    SmallPtrSet<const BasicBlock *, 16> region;
    influence(block, post, region, /*meeting=*/!cycle);
    for (const BasicBlock *b : region)
      for (const PHINode &phi : b->phis())
        mark(phi);
    for (const Cycle *apart : entered_apart(block, cycles_, post))
      for (const BasicBlock *entry : apart->entries())
        for (const PHINode &phi : entry->phis())
          mark(phi);
    for (; cycle; cycle = cycle->getParentCycle()) {
      if (all_of(successors(&block), [&](const BasicBlock *s) { return cycle->contains(s); }))
        continue;
      for (const BasicBlock *b : cycle->blocks())
        for (const Instruction &i : *b)
          for (const User *outside : i.users())
            if (!cycle->contains(cast<Instruction>(outside)->getParent()))
              mark(*outside);
    }
  }
}

bool ThreadUniformity::splits(const BasicBlock &block) const {
  const Instruction *terminator = block.getTerminator();
  if (auto *branch = dyn_cast<BranchInst>(terminator))
    return branch->isConditional() && varies(*branch->getCondition());
  if (auto *to = dyn_cast<SwitchInst>(terminator))
    return varies(*to->getCondition());
  return terminator->getNumSuccessors() > 1;
}

bool warps_are_rows(const Function &kernel) {
  auto size = required_block(kernel);
  return size && ((*size)[0] % kWarp == 0 || ((*size)[1] == 1 && (*size)[2] == 1));
}

void influence(const BasicBlock &block, PostDominatorTree &post,
               SmallPtrSetImpl<const BasicBlock *> &region, bool meeting) {
  auto *node = post.getNode(&block);
  const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
  SmallPtrSet<const BasicBlock *, 4> sides;
  SmallPtrSet<const BasicBlock *, 16> before; // reached by an earlier side
  for (const BasicBlock *side : successors(&block)) {
    if (!sides.insert(side).second)
      continue;
    SmallVector<const BasicBlock *> work{side};
    SmallPtrSet<const BasicBlock *, 16> seen;
    while (!work.empty()) {
      const BasicBlock *b = work.pop_back_val();
      if (!seen.insert(b).second)
        continue;
      if (!before.insert(b).second || !meeting)
        region.insert(b);
      if (b != meet)
        append_range(work, successors(b));
    }
  }
}

SmallVector<const Cycle *> entered_apart(const BasicBlock &block, const CycleInfo &loops,
                                         PostDominatorTree &post) {
  SmallVector<const Cycle *> found;
  SmallPtrSet<const BasicBlock *, 16> region;
  for (const Cycle *outermost : loops.toplevel_cycles())
    for (const Cycle *loop : depth_first(outermost)) {
      if (loop->isReducible())
        continue;
      if (region.empty())
        influence(block, post, region);
      auto ahead =
          count_if(loop->entries(), [&](const BasicBlock *b) { return region.contains(b); });
      if (ahead > (loop->contains(&block) ? 0 : 1))
        found.push_back(loop);
    }
  return found;
}

} // namespace w2w
