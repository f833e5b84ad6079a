#include "lowering/passes/whole_groups.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/DepthFirstIterator.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/IntrinsicInst.h"

namespace w2w {

using namespace llvm;

namespace {

/// Whether threads that come to the block end without having done anything before, but to report a
/// failure, which ends the launch.
bool only_ends(const BasicBlock *block) {
  auto acts = [](const Instruction &i) {
    return i.mayHaveSideEffects() || (isa<CallInst>(i) && !isa<IntrinsicInst>(i));
  };
  for (SmallPtrSet<const BasicBlock *, 4> seen; block && seen.insert(block).second;
       block = block->getSingleSuccessor()) {
    if (isa<UnreachableInst>(block->getTerminator()))
      return true;
    if (any_of(*block, acts))
      return false;
    if (isa<ReturnInst>(block->getTerminator()))
      return true;
  }
  return false;
}

using Edges = SmallVector<PostDominatorTree::UpdateType>;

/// The blocks from which an end can be reached without these edges. Others have no post-dominators.
SmallPtrSet<const BasicBlock *, 16> blocks_that_end(ArrayRef<BasicBlock *> all,
                                                    const Edges &without) {
  DenseSet<std::pair<const BasicBlock *, const BasicBlock *>> gone;
  for (const auto &edge : without)
    gone.insert({edge.getFrom(), edge.getTo()});
  SmallPtrSet<const BasicBlock *, 16> found;
  SmallVector<const BasicBlock *> work;
  for (const BasicBlock *block : all)
    if (succ_empty(block) && found.insert(block).second)
      work.push_back(block);
  while (!work.empty()) {
    const BasicBlock *block = work.pop_back_val();
    for (const BasicBlock *from : predecessors(block))
      if (!gone.contains({from, block}) && found.insert(from).second)
        work.push_back(from);
  }
  return found;
}

} // namespace

WholeGroups::WholeGroups(Function &kernel, BasicBlock &start, const FlowVerdict &verdict,
                         ArrayRef<Leaving> leaving, Of group, bool paired)
    : group_(group), paired_(paired) {
  for (const CallInst *place : verdict.places)
    if (is_block_barrier(callee_name(*place)) || !names_executing_threads(*place))
      places_[place->getParent()].push_back(place);
  for (auto &[block, in_block] : places_)
    sort(in_block, [](const CallInst *a, const CallInst *b) { return a->comesBefore(b); });
  SmallVector<BasicBlock *> all(depth_first(&start));
  SmallVector<Region> found =
      regions(kernel, all, group == Of::Warp ? verdict.warp_parts : verdict.wave_parts);
  spread(all, found, start, leaving);
}

SmallVector<WholeGroups::Region>
WholeGroups::regions(Function &kernel, ArrayRef<BasicBlock *> all,
                     const SmallPtrSetImpl<const Instruction *> &parts) {
  SmallPtrSet<const BasicBlock *, 8> ends;
  for (const BasicBlock *block : all)
    if (only_ends(block))
      ends.insert(block);
  Edges without_ends;
  for (BasicBlock *block : all) {
    SmallSetVector<BasicBlock *, 4> sides(succ_begin(block), succ_end(block));
    SmallVector<BasicBlock *> over;
    sides.remove_if(
        [&](BasicBlock *side) { return ends.contains(side) && (over.push_back(side), true); });
    const bool part = parts.contains(block->getTerminator());
    if (sides.size() > 1 && part)
      parting_.insert(block);
    if (sides.empty() || !part)
      continue;
    for (BasicBlock *end : over)
      without_ends.push_back({PostDominatorTree::Delete, block, end});
    some_end_ |= !over.empty();
  }
  // Sides meet where they do without those who end; in a loop that only such leave, where they do
  // with them.
  PostDominatorTree with(kernel), without(kernel);
  without.applyUpdates({}, without_ends);
  const auto end_with = blocks_that_end(all, {}), end_without = blocks_that_end(all, without_ends);

  SmallVector<Region> found;
  for (const BasicBlock *block : all) {
    if (!parting_.contains(block) || !end_with.contains(block))
      continue;
    auto *node = (end_without.contains(block) ? without : with).getNode(block);
    const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    if (!meet)
      continue;
    Region region{.meet = meet, .blocks = {}};
    region.blocks.insert(block);
    for (unsigned k = 0; k < region.blocks.size(); ++k)
      for (const BasicBlock *next : successors(region.blocks[k]))
        if (next != meet && !ends.contains(next))
          region.blocks.insert(next);
    found.push_back(std::move(region));
  }
  return found;
}

/// From all groups being whole everywhere, takes away what does not follow.
void WholeGroups::spread(ArrayRef<BasicBlock *> all, SmallVectorImpl<Region> &regions,
                         const BasicBlock &start, ArrayRef<Leaving> leaving) {
  whole_.insert(all.begin(), all.end());
  SmallPtrSet<const BasicBlock *, 16> finds;
  for (auto &[block, in_block] : places_)
    if (any_of(in_block, [&](const CallInst *place) { return finds_whole(*place); }))
      finds.insert(block);
  DenseMap<const BasicBlock *, SmallVector<const Region *, 2>> meeting;
  for (const Region &region : regions)
    meeting[region.meet].push_back(&region);
  auto leaves = [&](const BasicBlock *from, const BasicBlock *to) {
    return any_of(leaving, [&](const Leaving &edge) {
      return edge.terminator == from->getTerminator() &&
             edge.terminator->getSuccessor(edge.successor) == to;
    });
  };
  auto goes_on_whole = [&](const BasicBlock *from) {
    return (whole_.contains(from) || finds.contains(from)) && !parting_.contains(from);
  };
  auto comes_whole = [&](const BasicBlock *from, const BasicBlock *to) {
    if (goes_on_whole(from) || leaves(from, to))
      return true;
    auto at = meeting.find(to);
    return at != meeting.end() && any_of(at->second, [&](const Region *region) {
             return region->whole && region->blocks.contains(from);
           });
  };
  auto loses_some = [&](const BasicBlock *block) {
    if (places_.contains(block) && !whole_.contains(block))
      return true;
    return !goes_on_whole(block) && any_of(leaving, [&](const Leaving &edge) {
      return edge.terminator == block->getTerminator();
    });
  };
  SmallPtrSet<const BasicBlock *, 16> reached(all.begin(), all.end());
  for (bool changed = true; changed;) {
    changed = false;
    for (Region &region : regions) {
      if (!region.whole)
        continue;
      region.whole = all_of(region.blocks, [&](const BasicBlock *block) {
        return !loses_some(block) && all_of(predecessors(block), [&](const BasicBlock *from) {
          return region.blocks.contains(from) || !reached.contains(from) ||
                 comes_whole(from, block);
        });
      });
      changed |= !region.whole;
    }
    for (const BasicBlock *block : all)
      if (block != &start && whole_.contains(block) &&
          !all_of(predecessors(block), [&](const BasicBlock *from) {
            return !reached.contains(from) || comes_whole(from, block);
          })) {
        whole_.erase(block);
        changed = true;
      }
  }
}

/// Whether whoever goes on from the place, having asked who is there, goes on with all of the
/// group.
bool WholeGroups::finds_whole(const CallInst &place) const {
  if (is_block_barrier(callee_name(place)))
    return true;
  auto *mask = dyn_cast<ConstantInt>(place.getArgOperand(place.arg_size() - 1));
  return mask && mask->isMinusOne() && (group_ == Of::Warp || !paired_);
}

bool WholeGroups::at(const CallInst &place) const {
  if (at(*place.getParent()))
    return true;
  auto in_block = places_.find(place.getParent());
  if (in_block == places_.end())
    return false;
  for (const CallInst *earlier : in_block->second)
    if (earlier == &place)
      return false;
    else if (finds_whole(*earlier))
      return true;
  return false;
}

} // namespace w2w
