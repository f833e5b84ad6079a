#include "lowering/passes/waiting_loops.h"

#include "lowering/passes/warp_flow.h"

#include "llvm/ADT/DepthFirstIterator.h"
#include "llvm/Analysis/CycleAnalysis.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

bool contains_news(const Function &function, SmallPtrSetImpl<const Function *> &seen);

/// Whether another thread can change what the instruction reads while the loop runs, and the loop
/// means to see it. An addition that changes memory takes a ticket: it waits for nobody.
bool reads_for_news(const Instruction &i) {
  if (auto *load = dyn_cast<LoadInst>(&i))
    return load->isAtomic() || load->isVolatile();
  if (auto *rmw = dyn_cast<AtomicRMWInst>(&i)) {
    auto *operand = dyn_cast<Constant>(rmw->getValOperand());
    switch (rmw->getOperation()) {
    case AtomicRMWInst::Add:
    case AtomicRMWInst::Sub:
    case AtomicRMWInst::FAdd:
    case AtomicRMWInst::UIncWrap:
    case AtomicRMWInst::UDecWrap:
      return operand && operand->isZeroValue();
    default:
      return true;
    }
  }
  if (auto *call = dyn_cast<CallInst>(&i); call && !isa<IntrinsicInst>(call)) {
    SmallPtrSet<const Function *, 8> seen;
    return call->getCalledFunction() && contains_news(*call->getCalledFunction(), seen);
  }
  return isa<AtomicCmpXchgInst>(i);
}
bool contains_news(const Function &function, SmallPtrSetImpl<const Function *> &seen) {
  if (!seen.insert(&function).second)
    return false;
  for (const Instruction &i : instructions(function)) {
    auto *call = dyn_cast<CallInst>(&i);
    if (call && !isa<IntrinsicInst>(call)) {
      if (call->getCalledFunction() && contains_news(*call->getCalledFunction(), seen))
        return true;
    } else if (reads_for_news(i)) {
      return true;
    }
  }
  return false;
}

/// Whether a failing compare-and-swap in the loop means that another one has succeeded: what it
/// expects was read from the same place, by itself or a load, in this turn of the loop or the last.
bool tries_again_with_news(const AtomicCmpXchgInst &swap, const Cycle &loop) {
  SmallVector<const Value *> work{swap.getCompareOperand()};
  SmallPtrSet<const Value *, 16> seen;
  bool found = false;
  while (!work.empty()) {
    const Value *v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    auto *i = dyn_cast<Instruction>(v);
    if (!i || !loop.contains(i->getParent())) {
      // The first attempt's value comes from outside, through a phi; a constant alone is a lock.
      if (isa<Constant>(v) && seen.size() == 1)
        return false;
      continue;
    }
    if (i == &swap) {
      found = true;
      continue;
    }
    if (auto *load = dyn_cast<LoadInst>(i)) {
      found |= load->getPointerOperand() == swap.getPointerOperand();
      continue;
    }
    if (isa<PHINode>(i) || isa<CastInst>(i) || isa<ExtractValueInst>(i) || isa<BinaryOperator>(i) ||
        isa<SelectInst>(i))
      append_range(work, i->operand_values());
  }
  return found;
}

/// Whether the value, on which a branch out of the loop depends, hangs on news from memory other
/// than by the success of a compare-and-swap that tries again.
bool depends_on_news(const Value &condition, const Cycle &loop) {
  // The success of a retrying compare-and-swap: its flag, or its result compared with what it
  // expected.
  auto is_success = [&](const Value *v) {
    const AtomicCmpXchgInst *swap = nullptr;
    if (auto *flag = dyn_cast<ExtractValueInst>(v)) {
      swap = dyn_cast<AtomicCmpXchgInst>(flag->getAggregateOperand());
      if (swap && flag->getIndices()[0] != 1)
        swap = nullptr;
    } else if (auto *compare = dyn_cast<ICmpInst>(v); compare && compare->isEquality()) {
      for (unsigned k = 0; k < 2 && !swap; ++k)
        if (auto *result = dyn_cast<ExtractValueInst>(compare->getOperand(k)))
          if (auto *s = dyn_cast<AtomicCmpXchgInst>(result->getAggregateOperand()))
            if (s->getCompareOperand() == compare->getOperand(1 - k))
              swap = s;
    }
    return swap && loop.contains(swap->getParent()) && tries_again_with_news(*swap, loop);
  };
  SmallVector<const Value *> work{&condition};
  SmallPtrSet<const Value *, 16> seen;
  while (!work.empty()) {
    const Value *v = work.pop_back_val();
    auto *i = dyn_cast<Instruction>(v);
    if (!i || !loop.contains(i->getParent()) || !seen.insert(v).second || is_success(v))
      continue;
    if (reads_for_news(*i))
      return true;
    append_range(work, i->operand_values());
    // A phi also hangs on the branches that choose its value.
    if (auto *phi = dyn_cast<PHINode>(i))
      for (const BasicBlock *from : phi->blocks())
        if (loop.contains(from))
          if (auto *branch = dyn_cast<BranchInst>(from->getTerminator());
              branch && branch->isConditional())
            work.push_back(branch->getCondition());
  }
  return false;
}

Value *condition_of(Instruction *terminator) {
  if (auto *branch = dyn_cast<BranchInst>(terminator))
    return branch->isConditional() ? branch->getCondition() : nullptr;
  auto *to = dyn_cast<SwitchInst>(terminator);
  return to ? to->getCondition() : nullptr;
}

} // namespace

SmallVector<BasicBlock *> waiting_loops(Function &function) {
  CycleInfo loops;
  loops.compute(function);
  SmallVector<BasicBlock *> headers;
  for (const Cycle *outermost : loops.toplevel_cycles())
    for (const Cycle *loop : depth_first(outermost)) {
      if (none_of(loop->blocks(), [](const BasicBlock *b) { return any_of(*b, reads_for_news); }))
        continue;
      SmallVector<BasicBlock *> exiting;
      loop->getExitingBlocks(exiting);
      if (any_of(exiting, [&](BasicBlock *block) {
            Value *condition = condition_of(block->getTerminator());
            return condition && depends_on_news(*condition, *loop);
          }))
        headers.push_back(loop->getHeader());
    }
  return headers;
}

namespace {

bool does_nothing(const Instruction &i) {
  return !i.mayHaveSideEffects() || isa<FenceInst>(i);
}

/// Whether threads that go on from the block come to a barrier before they do anything that others
/// could wait for, one that a whole warp takes part in, or (for `wave`) the whole block.
bool goes_to_barrier(const BasicBlock *block, bool wave) {
  SmallPtrSet<const BasicBlock *, 8> seen;
  for (; block && seen.insert(block).second; block = block->getSingleSuccessor())
    for (const Instruction &i : *block) {
      if (auto *call = dyn_cast<CallInst>(&i)) {
        StringRef name = callee_name(*call);
        if (is_block_barrier(name) && name != "w2w.barrier.arrive" &&
            (call->arg_size() < 2 || match(call->getArgOperand(1), m_Zero())))
          return true;
        if (!wave && name == "w2w.bar.warp" && match(call->getArgOperand(0), m_AllOnes()))
          return true;
      }
      if (!does_nothing(i))
        return false;
    }
  return false;
}

/// Of the threads that part at the end of `block`, those that do not come to `header` only go to a
/// barrier that the others must come to as well: nobody waits for them.
bool others_only_stand(const BasicBlock &block, const BasicBlock *meet, const BasicBlock &header,
                       bool wave) {
  if (!meet || !goes_to_barrier(meet, wave))
    return false;
  unsigned waiting_sides = 0;
  for (const BasicBlock *side : successors(&block)) {
    if (side == meet)
      continue;
    bool waits = false, acts = false;
    SmallVector<const BasicBlock *> work{side};
    SmallPtrSet<const BasicBlock *, 16> seen{side, meet};
    while (!work.empty()) {
      const BasicBlock *b = work.pop_back_val();
      waits |= b == &header;
      acts |= !all_of(*b, does_nothing);
      for (const BasicBlock *next : successors(b))
        if (seen.insert(next).second)
          work.push_back(next);
    }
    waiting_sides += waits;
    if (acts && !waits)
      return false;
  }
  return waiting_sides == 1;
}

/// Whether the loop changes nothing but by what it waits with.
bool only_waits(const Cycle &loop) {
  return all_of(loop.blocks(), [](const BasicBlock *block) {
    return all_of(*block, [](const Instruction &i) {
      return !i.mayHaveSideEffects() || reads_for_news(i) || isa<FenceInst>(i) ||
             isa<IntrinsicInst>(i);
    });
  });
}

} // namespace

bool waits_as_a_whole(BasicBlock &header, PostDominatorTree &post, const ThreadUniformity &group,
                      bool wave) {
  CycleInfo loops;
  loops.compute(*header.getParent());
  const Cycle &loop = *loops.getCycle(&header);
  SmallVector<BasicBlock *> exiting;
  loop.getExitingBlocks(exiting);
  // What a thread does in its last turn LLVM may move behind the loop, where it waits for others.
  if (any_of(exiting, [&](const BasicBlock *block) { return group.splits(*block); }) &&
      !only_waits(loop))
    return false;
  // Nowhere have some of the group gone another way and not come back, nor leave the loop before
  // the others. Those who have only left the kernel are no longer waited for.
  for (const BasicBlock &block : *header.getParent()) {
    if (!group.splits(block))
      continue;
    SmallPtrSet<const BasicBlock *, 4> going_on;
    for (const BasicBlock *side : successors(&block))
      if (!isa<ReturnInst>(side->front()))
        going_on.insert(side);
    if (going_on.size() < 2)
      continue;
    auto *node = post.getNode(&block);
    const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    SmallPtrSet<const BasicBlock *, 16> region;
    influence(block, post, region);
    if (&header != meet && region.contains(&header) &&
        !others_only_stand(block, meet, header, wave))
      return false;
  }
  return true;
}

bool pause_in_waiting_loops(ArrayRef<BasicBlock *> headers) {
  bool found = false;
  for (BasicBlock *header : headers) {
    CycleInfo loops;
    loops.compute(*header->getParent());
    if (!only_waits(*loops.getCycle(header)))
      continue;
    IRBuilder<> b(header, header->getFirstInsertionPt());
    b.CreateIntrinsic(Intrinsic::amdgcn_s_sleep, {}, {b.getInt32(1)});
    found = true;
  }
  return found;
}

} // namespace w2w
