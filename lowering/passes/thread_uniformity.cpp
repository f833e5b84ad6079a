#include "lowering/passes/thread_uniformity.h"

#include "llvm/ADT/DepthFirstIterator.h"
#include "llvm/Analysis/CycleAnalysis.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

constexpr unsigned kWarp = 32, kWarpBits = 5;

bool is_tid_x(const Value *v) {
  if (auto *cast = dyn_cast<CastInst>(v))
    v = cast->getOperand(0);
  auto *call = dyn_cast<IntrinsicInst>(v);
  return call && call->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_x;
}

} // namespace

/// What every thread of the block is given alike; of a warp also results of votes and reductions.
bool ThreadUniformity::is_same(const Instruction &i) const {
  if (auto *call = dyn_cast<CallInst>(&i)) {
    StringRef name = callee_name(*call);
    if (name.starts_with("w2w.barrier.red."))
      return true;
    if (group_ == Of::Wave)
      return false;
    if (name.starts_with("w2w.vote.") || name.starts_with("w2w.redux.") || name == "w2w.activemask")
      return true;
  }
  // The half of the wave that the lane is in, part of %warpid.
  return group_ == Of::Warp &&
         match(&i, m_LShr(m_Intrinsic<Intrinsic::amdgcn_mbcnt_hi>(), m_SpecificInt(kWarpBits)));
}

/// The same for a warp that is part of one row of the block: %tid.x / 32, %tid.x < 64 and their
/// like.
bool ThreadUniformity::is_same_in_row(const Instruction &i) const {
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&i))
    return intrinsic->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_y ||
           intrinsic->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_z;
  const APInt *c;
  Value *x;
  if (match(&i, m_LShr(m_Value(x), m_APInt(c))) || match(&i, m_AShr(m_Value(x), m_APInt(c))))
    return is_tid_x(x) && c->uge(kWarpBits);
  if (match(&i, m_UDiv(m_Value(x), m_APInt(c))))
    return is_tid_x(x) && c->urem(kWarp) == 0;
  if (match(&i, m_And(m_Value(x), m_APInt(c))))
    return is_tid_x(x) && c->countr_zero() >= kWarpBits;
  CmpPredicate predicate;
  if (match(&i, m_ICmp(predicate, m_Value(x), m_APInt(c))) && is_tid_x(x)) {
    switch (predicate) {
    case ICmpInst::ICMP_ULT:
    case ICmpInst::ICMP_UGE:
    case ICmpInst::ICMP_SLT:
    case ICmpInst::ICMP_SGE:
      return c->urem(kWarp) == 0;
    case ICmpInst::ICMP_UGT:
    case ICmpInst::ICMP_ULE:
    case ICmpInst::ICMP_SGT:
    case ICmpInst::ICMP_SLE:
      return c->urem(kWarp) == kWarp - 1;
    default:
      return false;
    }
  }
  return false;
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
    : group_(group), rows_(rows) {
  // Grows from the roots; only what varies in the wave can vary in the warp.
  SmallVector<const Value *> work;
  auto mark = [&](const Value &v) {
    auto *i = dyn_cast<Instruction>(&v);
    if (!i || !wave.isDivergent(i) || is_same(*i))
      return;
    if (rows_ && group_ == Of::Warp && is_same_in_row(*i)) {
      used_rows_ = true;
      return;
    }
    if (varying_.insert(i).second)
      work.push_back(i);
  };
  for (Instruction &i : instructions(function))
    if (is_root(i))
      mark(i);
  SmallPtrSet<const BasicBlock *, 16> split;
  CycleInfo loops;
  loops.compute(function);
  while (!work.empty()) {
    const Value *v = work.pop_back_val();
    for (const User *user : v->users())
      mark(*user);
    // A branch on it: phis where its sides meet differ, and values carried out of a loop that
    // threads leave at different times.
    for (const User *user : v->users()) {
      auto *terminator = dyn_cast<Instruction>(user);
      if (!terminator || !terminator->isTerminator() ||
          !split.insert(terminator->getParent()).second)
        continue;
      const BasicBlock &block = *terminator->getParent();
      SmallPtrSet<const BasicBlock *, 16> region;
      influence(block, post, region);
      for (const BasicBlock *b : region)
        for (const PHINode &phi : b->phis())
          mark(phi);
      for (const Cycle *loop : entered_apart(block, loops, post))
        for (const BasicBlock *entry : loop->entries())
          for (const PHINode &phi : entry->phis())
            mark(phi);
      for (const Cycle *loop = loops.getCycle(&block); loop; loop = loop->getParentCycle()) {
        if (all_of(successors(&block), [&](const BasicBlock *s) { return loop->contains(s); }))
          continue;
        for (const BasicBlock *b : loop->blocks())
          for (const Instruction &i : *b)
            for (const User *outside : i.users())
              if (!loop->contains(cast<Instruction>(outside)->getParent()))
                mark(*outside);
      }
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
               SmallPtrSetImpl<const BasicBlock *> &region) {
  auto *node = post.getNode(&block);
  const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
  SmallVector<const BasicBlock *> work(successors(&block));
  SmallPtrSet<const BasicBlock *, 16> seen;
  while (!work.empty()) {
    const BasicBlock *b = work.pop_back_val();
    if (!seen.insert(b).second)
      continue;
    region.insert(b);
    if (b != meet)
      append_range(work, successors(b));
  }
}

SmallVector<const Cycle *> entered_apart(const BasicBlock &block, const CycleInfo &loops,
                                         PostDominatorTree &post) {
  SmallVector<const Cycle *> found;
  SmallPtrSet<const BasicBlock *, 16> region;
  influence(block, post, region);
  for (const Cycle *outermost : loops.toplevel_cycles())
    for (const Cycle *loop : depth_first(outermost)) {
      auto ahead =
          count_if(loop->entries(), [&](const BasicBlock *b) { return region.contains(b); });
      if (!loop->isReducible() && ahead > (loop->contains(&block) ? 0 : 1))
        found.push_back(loop);
    }
  return found;
}

} // namespace w2w
