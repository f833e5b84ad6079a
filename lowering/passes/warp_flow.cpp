#include "lowering/passes/warp_flow.h"

#include "lowering/passes/block_barrier.h"
#include "lowering/passes/cluster_barrier.h"
#include "lowering/passes/waiting_loops.h"

#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

bool is_warp_operation(StringRef name) {
  for (StringRef prefix :
       {"w2w.shfl.", "w2w.vote.", "w2w.match.", "w2w.redux.", "w2w.elect", "w2w.bar.warp"})
    if (name.starts_with(prefix))
      return true;
  return false;
}
bool is_block_barrier(StringRef name) {
  return name.starts_with("w2w.barrier.");
}
bool names_executing_threads(const CallInst &call) {
  auto *mask = dyn_cast<CallInst>(call.getArgOperand(call.arg_size() - 1));
  return mask && mask->getParent() == call.getParent() && callee_name(*mask) == "w2w.activemask";
}

namespace {

/// Masks of which it is known that the threads they name are the ones that are here: a ballot's
/// result behind a branch on what was voted on, as in
///     mask = ballot(c, outer); if (c) { op(mask); ... }
/// and in loops that vote on who goes on.
class KnownMasks {
public:
  KnownMasks(Function &function, PostDominatorTree &post) : dominators_(function), post_(post) {}

  /// The mask is the call's last argument.
  bool names_those_here(const CallInst &call) const {
    const Value *mask = call.getArgOperand(call.arg_size() - 1);
    const BasicBlock *here = call.getParent();
    if (auto *phi = dyn_cast<PHINode>(mask)) {
      // Each way in brings its own vote.
      for (unsigned k = 0; k < phi->getNumIncomingValues(); ++k)
        if (!is_vote_of_edge(*phi->getIncomingValue(k), *phi->getIncomingBlock(k),
                             *phi->getParent()))
          return false;
      return all_come(*phi->getParent(), *here);
    }
    auto *ballot = dyn_cast<CallInst>(mask);
    if (!ballot || callee_name(*ballot) != "w2w.vote.ballot")
      return false;
    const BasicBlock *voted = ballot->getParent();
    for (const User *user : condition_users(*ballot)) {
      auto *branch = dyn_cast<BranchInst>(user);
      if (!branch || !branch->isConditional() || !all_come(*voted, *branch->getParent()))
        continue;
      for (const BasicBlock *side : branch->successors())
        if (side->getSinglePredecessor() && is_vote_of_edge(*ballot, *branch->getParent(), *side) &&
            all_come(*side, *here))
          return true;
    }
    return false;
  }

private:
  /// Whoever executes `from` executes `to` afterwards, and nobody else does.
  bool all_come(const BasicBlock &from, const BasicBlock &to) const {
    return &from == &to || (dominators_.dominates(&from, &to) && post_.dominates(&to, &from));
  }
  /// Whether the value is a ballot of the condition under which the edge is taken.
  static bool is_vote_of_edge(const Value &value, const BasicBlock &from, const BasicBlock &to) {
    auto *ballot = dyn_cast<CallInst>(&value);
    auto *branch = dyn_cast<BranchInst>(from.getTerminator());
    if (!ballot || callee_name(*ballot) != "w2w.vote.ballot" || !branch ||
        !branch->isConditional() || branch->getSuccessor(0) == branch->getSuccessor(1))
      return false;
    const Value *voted = ballot->getArgOperand(0), *taken = branch->getCondition();
    bool same = branch->getSuccessor(0) == &to;
    if (auto [v, negated] = without_not(voted); true)
      voted = v, same ^= negated;
    if (auto [v, negated] = without_not(taken); true)
      taken = v, same ^= negated;
    return same && voted == taken;
  }
  static std::pair<const Value *, bool> without_not(const Value *v) {
    const Value *x;
    bool negated = false;
    while (match(v, m_Not(m_Value(x))))
      v = x, negated = !negated;
    return {v, negated};
  }
  /// Whatever uses the condition that was voted on, or its opposite.
  static SmallVector<const User *> condition_users(const CallInst &ballot) {
    const Value *voted = without_not(ballot.getArgOperand(0)).first;
    if (isa<Constant>(voted))
      return {};
    SmallVector<const User *> users(voted->users());
    for (const User *user : voted->users())
      if (match(user, m_Not(m_Specific(voted))))
        append_range(users, user->users());
    return users;
  }

  DominatorTree dominators_;
  PostDominatorTree &post_;
};

using Places = DenseMap<const BasicBlock *, const CallInst *>;

/// The first place that can be reached from `start` without passing `stop`.
const CallInst *reachable(const BasicBlock *start, const BasicBlock *stop, const Places &places) {
  if (start == stop)
    return nullptr;
  SmallVector<const BasicBlock *> work{start};
  SmallPtrSet<const BasicBlock *, 16> seen{start};
  while (!work.empty()) {
    const BasicBlock *block = work.pop_back_val();
    if (auto it = places.find(block); it != places.end())
      return it->second;
    for (const BasicBlock *next : successors(block))
      if (next != stop && seen.insert(next).second)
        work.push_back(next);
  }
  return nullptr;
}

/// A branch at which threads part of which some, on one side, and others, on the other side or
/// behind it, come to such places: the place and the branch.
std::pair<const CallInst *, const Instruction *>
parted(Function &function, const Places &places, PostDominatorTree &post,
       function_ref<bool(const BasicBlock &)> parts) {
  if (places.empty())
    return {};
  for (const BasicBlock &block : function) {
    if (succ_size(&block) < 2 || !parts(block))
      continue;
    auto *node = post.getNode(&block);
    const BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    SmallVector<const CallInst *> sides;
    SmallPtrSet<const BasicBlock *, 4> seen;
    for (const BasicBlock *next : successors(&block))
      if (seen.insert(next).second)
        if (const CallInst *place = reachable(next, meet, places))
          sides.push_back(place);
    bool again = meet && reachable(meet, nullptr, places);
    if (sides.size() > 1 || (sides.size() == 1 && again))
      return {sides.front(), block.getTerminator()};
  }
  return {};
}

/// A place in a loop with several entries in which threads may be out of step, and the branch at
/// which they part.
std::pair<const Instruction *, const Instruction *>
parted_in_loop(Function &function, ArrayRef<const Instruction *> places, const CycleInfo &loops,
               PostDominatorTree &post, function_ref<bool(const BasicBlock &)> parts) {
  for (const BasicBlock &block : function) {
    if (succ_size(&block) < 2 || !parts(block))
      continue;
    for (const Cycle *loop : entered_apart(block, loops, post))
      for (const Instruction *place : places)
        if (loop->contains(place->getParent()))
          return {place, block.getTerminator()};
  }
  return {};
}

std::string at_line(const DebugLoc &loc) {
  return loc ? " at line " + std::to_string(loc.getLine()) : "";
}

} // namespace

SynchronisingFunctions::SynchronisingFunctions(Module &module) {
  auto callers = [&](auto is_operation, SmallPtrSetImpl<const Function *> &set) {
    SmallVector<const Function *> work;
    for (const Function &f : module)
      if (f.isDeclaration() && is_operation(f.getName()))
        work.push_back(&f);
    while (!work.empty())
      for (const User *user : work.pop_back_val()->users())
        if (auto *call = dyn_cast<CallInst>(user))
          if (const Function *caller = call->getFunction();
              !is_kernel(*caller) && set.insert(caller).second)
            work.push_back(caller);
  };
  callers(is_warp_operation, warp);
  callers(is_block_barrier, block);
}

FlowVerdict judge_flow(Function &function, const SynchronisingFunctions &others,
                       ModuleAnalysisManager &analyses, const PassEnv &env, bool solo) {
  const bool paired = env.paired() && !solo;
  auto &manager =
      analyses.getResult<FunctionAnalysisManagerModuleProxy>(*function.getParent()).getManager();
  PostDominatorTree &post = manager.getResult<PostDominatorTreeAnalysis>(function);
  KnownMasks masks(function, post);
  FlowVerdict verdict;
  Places warp_places, block_places;
  SmallVector<const Instruction *> warp_all, wave_all; // also where the masks are known
  for (Instruction &i : instructions(function)) {
    auto *call = dyn_cast<CallInst>(&i);
    if (!call || !call->getCalledFunction())
      continue;
    StringRef name = callee_name(*call);
    bool warp = is_warp_operation(name), block = is_block_barrier(name);
    if (warp || block)
      verdict.places.push_back(call);
    if (block || others.block.contains(call->getCalledFunction())) {
      block_places.try_emplace(call->getParent(), call);
      wave_all.push_back(call);
    }
    if ((warp && !names_executing_threads(*call)) ||
        others.warp.contains(call->getCalledFunction()))
      warp_all.push_back(call);
    if ((warp && !names_executing_threads(*call) && !masks.names_those_here(*call)) ||
        others.warp.contains(call->getCalledFunction()))
      warp_places.try_emplace(call->getParent(), call);
  }
  verdict.waiting_headers = waiting_loops(function);
  for (const BasicBlock &block : function)
    if (succ_size(&block) > 1) {
      verdict.warp_parts.insert(block.getTerminator());
      verdict.wave_parts.insert(block.getTerminator());
    }
  auto scheduled = [&](std::string reason, const DebugLoc &where) {
    verdict.scheduled = true;
    verdict.reason = std::move(reason);
    verdict.where = where;
    return verdict;
  };
  for (const BasicBlock *header : verdict.waiting_headers)
    wave_all.push_back(header->getTerminator());
  if (warp_all.empty() && wave_all.empty())
    return verdict;

  UniformityInfo &wave = manager.getResult<UniformityInfoAnalysis>(function);
  using Of = ThreadUniformity::Of;
  bool rows = env.warps_are_rows || warps_are_rows(function);
  ThreadUniformity warp(function, wave, post, Of::Warp, rows),
      both(function, wave, post, Of::Wave, rows);
  verdict.assumes_rows = warp.used_rows() && !warps_are_rows(function);
  auto in_warp = [&](const BasicBlock &b) { return warp.splits(b); };
  auto in_wave = [&](const BasicBlock &b) { return (paired ? both : warp).splits(b); };
  verdict.warp_parts.remove_if([&](const Instruction *i) { return !in_warp(*i->getParent()); });
  verdict.wave_parts.remove_if(
      [&](const Instruction *i) { return !in_wave(*i->getParent()) && !in_warp(*i->getParent()); });
  for (const CallInst *call : verdict.places) {
    const bool barrier = is_block_barrier(callee_name(*call));
    auto same = [&](const Value *v) {
      return (paired && barrier ? both : warp).is_same_at(*v, *call);
    };
    if (barrier
            ? all_of(drop_end(call->args(), call->arg_size() > 2 ? call->arg_size() - 2 : 0), same)
            : same(call->getArgOperand(call->arg_size() - 1)))
      verdict.alike.insert(call);
  }
  CycleInfo loops;
  loops.compute(function);
  for (auto [place, branch] : {parted_in_loop(function, warp_all, loops, post, in_warp),
                               parted_in_loop(function, wave_all, loops, post, in_wave)})
    if (place)
      return scheduled("threads may be out of step in a loop with several entries" +
                           at_line(place->getDebugLoc()) + " (branch" +
                           at_line(branch->getDebugLoc()) + ")",
                       place->getDebugLoc());
  for (BasicBlock *header : verdict.waiting_headers)
    if (!waits_as_a_whole(*header, post, paired ? both : warp, paired)) {
      DebugLoc where = header->getTerminator()->getDebugLoc();
      return scheduled("a loop waits for other threads" + at_line(where), where);
    }

  // Arrivals are counted in LDS, and so are the threads that a barrier of the whole block waits for
  // besides them; only the dispatch loop tells when threads end.
  for (CallInst *call : software_barriers(function))
    if (is_cluster_barrier(*call))
      return scheduled("threads do not wait where they arrive at the cluster's barrier" +
                           at_line(call->getDebugLoc()),
                       call->getDebugLoc());
    else if (call->arg_size() < 2 || match(call->getArgOperand(1), m_Zero()))
      return scheduled("a barrier of the whole block shares its number with one of fewer threads" +
                           at_line(call->getDebugLoc()),
                       call->getDebugLoc());

  // Whoever comes to a counted barrier together waits together.
  for (CallInst *call : software_barriers(function))
    for (const Value *operand : {call->getArgOperand(0), call->getArgOperand(1)})
      if (!(paired ? both : warp).is_same_at(*operand, *call))
        return scheduled("the number of a barrier may differ among the threads of a wave" +
                             at_line(call->getDebugLoc()),
                         call->getDebugLoc());
  auto judge = [&](const Places &places, auto parts, const char *what) {
    auto [place, branch] = parted(function, places, post, parts);
    if (!place)
      return false;
    scheduled(what + at_line(place->getDebugLoc()) + " (branch" + at_line(branch->getDebugLoc()) +
                  ")",
              place->getDebugLoc());
    return true;
  };
  if (judge(warp_places, in_warp, "threads of a warp may meet at different instructions"))
    return verdict;
  if (!paired) {
    judge(block_places, in_warp, "threads of a warp may come to different barriers");
    return verdict;
  }
  judge(block_places, in_wave, "the warps of a wave may come to different barriers");
  return verdict;
}

} // namespace w2w
