#include "lowering/passes/warp_scheduler.h"

#include "lowering/passes/kept_values.h"
#include "lowering/passes/whole_groups.h"

#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/Transforms/Utils/Cloning.h"

namespace w2w {

using namespace llvm;

uint32_t WarpScheduler::resume_point(BasicBlock *block) {
  auto [it, added] = numbers_.try_emplace(block, uint32_t(points_.size()));
  if (added)
    points_.push_back(block);
  return it->second;
}

/// Ends the builder's block: the thread goes on at the resume point in a later turn.
void WarpScheduler::leave_for(uint32_t point) {
  set("point", b_.getInt32(point));
  departures_.push_back({b_.GetInsertBlock(), points_[point]});
  b_.CreateBr(version_.out);
}

/// Every thread that comes along the edge goes to `target` through the dispatch loop.
void WarpScheduler::cut_edge(Instruction *terminator, unsigned successor, BasicBlock *target) {
  BasicBlock *edge = new_block("cut");
  terminator->setSuccessor(successor, edge);
  b_.SetInsertPoint(edge);
  b_.SetCurrentDebugLocation(terminator->getDebugLoc());
  leave_for(resume_point(target));
}

/// The back edges of loops in which threads wait, or that contain a place where they do, and all
/// edges that close a cycle which is no natural loop. In both versions: those of the loops that
/// wait by themselves, and the cycles of which nothing is known.
SmallVector<WarpScheduler::Edge> WarpScheduler::edges_to_cut() {
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

  SmallVector<Edge> edges;
  for (BasicBlock &block : f_) {
    auto at = order.find(&block);
    if (at == order.end())
      continue;
    Instruction *terminator = block.getTerminator();
    for (unsigned s = 0; s < terminator->getNumSuccessors(); ++s) {
      BasicBlock *target = terminator->getSuccessor(s);
      if (order.lookup(target) > at->second)
        continue;
      const Loop *loop = loops.getLoopFor(target);
      bool natural = loop && loop->getHeader() == target && loop->contains(&block);
      if (!natural || waiting.contains(loop))
        edges.push_back(
            {terminator, s, !natural || is_contained(verdict_.waiting_headers, target)});
    }
  }
  return edges;
}

/// Of the common version: where nobody has to ask who is missing, and elsewhere, whom not to miss.
void WarpScheduler::find_the_whole(ArrayRef<Edge> cut) {
  SmallVector<WholeGroups::Leaving> leaving;
  for (const Edge &edge : cut)
    if (edge.in_both)
      leaving.push_back({edge.terminator, edge.successor});
  using Of = WholeGroups::Of;
  const WholeGroups wave(f_, *start_, verdict_, leaving, Of::Wave, env_.paired()),
      warp(f_, *start_, verdict_, leaving, Of::Warp, env_.paired());
  some_end_ = wave.some_end();
  DominatorTree dominators(f_);
  SmallDenseSet<std::pair<const BasicBlock *, const Value *>> asked;
  for (const CallInst *place : verdict_.places) {
    const bool barrier = is_block_barrier(callee_name(*place));
    const bool whole = wave.at(*place) || (!barrier && warp.at(*place));
    // Whoever has gone on from an operation with the same mask has not left the block since.
    const bool again =
        !barrier &&
        !asked.insert({place->getParent(), place->getArgOperand(place->arg_size() - 1)}).second;
    if (again || (whole && verdict_.alike.contains(place)) ||
        (!barrier && names_executing_threads(*place)))
      all_come_.insert(place);
    if (!some_end_ || all_come_.contains(place))
      continue;
    auto *node = dominators.getNode(place->getParent());
    while (node && node->getBlock() != start_ && !wave.at(*node->getBlock()))
      node = node->getIDom();
    if (node && node->getBlock() != start_)
      last_whole_[place] = node->getBlock();
  }
}

/// In the common version, where lanes that have ended must not keep the others from going on at
/// once.
void WarpScheduler::note_who_is_left() {
  DenseMap<const BasicBlock *, Value *> left;
  for (auto [place, block] : last_whole_) {
    Value *&lanes = left[block];
    if (!lanes) {
      auto *copy = cast<BasicBlock>(copies_[block]);
      b_.SetInsertPoint(copy, copy->getFirstInsertionPt());
      b_.SetCurrentDebugLocation(DebugLoc());
      lanes = ballot(b_.getTrue());
    }
    left_[cast<CallInst>(copies_[place])] = lanes;
  }
}

/// Makes the common version of all behind the start, and cuts the other one's loops.
void WarpScheduler::make_versions() {
  SmallVector<Edge> edges = edges_to_cut();
  find_the_whole(edges);
  // Phis at the targets become variables first: the edges they speak of go.
  SmallSetVector<BasicBlock *, 16> targets;
  for (const Edge &edge : edges)
    targets.insert(edge.terminator->getSuccessor(edge.successor));
  for (BasicBlock *target : targets)
    while (auto *phi = dyn_cast<PHINode>(&target->front()))
      keep_phi(*phi);

  SmallVector<BasicBlock *> blocks, copies;
  SmallPtrSet<BasicBlock *, 8> own{entry_, start_, leave_, dispatch_, latch_};
  for (BasicBlock &block : f_)
    if (!own.contains(&block))
      blocks.push_back(&block);
  for (BasicBlock *block : blocks) {
    copies.push_back(CloneBasicBlock(block, copies_, "", &f_));
    copies_[block] = copies.back();
  }
  remapInstructionsInBlocks(copies, copies_);
  Instruction *first = start_->getTerminator();
  for (unsigned s = 0; s < first->getNumSuccessors(); ++s) {
    BasicBlock *next = first->getSuccessor(s);
    next->removePredecessor(start_, /*KeepOneInputPHIs=*/true);
    first->setSuccessor(s, cast<BasicBlock>(copies_[next]));
  }

  version_ = common_;
  for (const Edge &edge : edges)
    if (edge.in_both)
      cut_edge(cast<Instruction>(copies_[edge.terminator]), edge.successor,
               edge.terminator->getSuccessor(edge.successor));
  end_threads(copies);
  version_ = cut_;
  for (const Edge &edge : edges)
    cut_edge(edge.terminator, edge.successor, edge.terminator->getSuccessor(edge.successor));
  end_threads(blocks);
  note_who_is_left();
}

void WarpScheduler::end_threads(ArrayRef<BasicBlock *> blocks) {
  for (BasicBlock *block : blocks)
    if (auto *ret = dyn_cast<ReturnInst>(block->getTerminator())) {
      b_.SetInsertPoint(ret);
      set("point", b_.getInt32(kExited));
      b_.CreateBr(version_.out);
      ret->eraseFromParent();
    }
}

/// Makes a resume point of every block that threads from several resume points come to, so that the
/// pieces share no code. LLVM makes structured flow of whatever the dispatch loop runs; pieces that
/// run into each other are one piece to it, whose cost grows with the square of its size. It also
/// brings threads together again that have gone different ways.
void WarpScheduler::separate() {
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
        cut_edge(terminator, s, block);
  }
}

} // namespace w2w
