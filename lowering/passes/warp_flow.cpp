#include "lowering/passes/warp_flow.h"

#include "lowering/passes/block_barrier.h"

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
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

// ---- Values that are the same for a warp --------------------------------------------------------

namespace {

constexpr unsigned kWarp = 32, kWarpBits = 5;

bool is_tid_x(const Value *v) {
  if (auto *cast = dyn_cast<CastInst>(v))
    v = cast->getOperand(0);
  auto *call = dyn_cast<IntrinsicInst>(v);
  return call && call->getIntrinsicID() == Intrinsic::amdgcn_workitem_id_x;
}

/// The blocks between the branch at the end of `block` and the place where its sides meet, that
/// place included.
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

StringRef warp_name(const CallInst &call) {
  const Function *callee = call.getCalledFunction();
  return callee ? callee->getName() : StringRef();
}

} // namespace

/// What every thread of the block is given alike; of a warp also results of votes and reductions.
bool ThreadUniformity::is_same(const Instruction &i) const {
  if (auto *call = dyn_cast<CallInst>(&i)) {
    StringRef name = warp_name(*call);
    if (name.starts_with("w2w.barrier.red."))
      return true;
    if (group_ == Of::Wave)
      return false;
    if (name.starts_with("w2w.vote.") || name.starts_with("w2w.redux.") || name == "w2w.activemask")
      return true;
  }
  return false;
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
  DominatorTree dominators(function);
  LoopInfo loops(dominators);
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
      for (const Loop *loop = loops.getLoopFor(&block); loop; loop = loop->getParentLoop()) {
        if (all_of(successors(&block), [&](const BasicBlock *s) { return loop->contains(s); }))
          continue;
        for (const BasicBlock *b : loop->blocks())
          for (const Instruction &i : *b)
            for (const User *outside : i.users())
              if (!loop->contains(cast<Instruction>(outside)))
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

// ---- Loops that wait for memory -----------------------------------------------------------------

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
bool tries_again_with_news(const AtomicCmpXchgInst &swap, const Loop &loop) {
  SmallVector<const Value *> work{swap.getCompareOperand()};
  SmallPtrSet<const Value *, 16> seen;
  bool found = false;
  while (!work.empty()) {
    const Value *v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    auto *i = dyn_cast<Instruction>(v);
    if (!i || !loop.contains(i)) {
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
bool depends_on_news(const Value &condition, const Loop &loop) {
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
    return swap && loop.contains(swap) && tries_again_with_news(*swap, loop);
  };
  SmallVector<const Value *> work{&condition};
  SmallPtrSet<const Value *, 16> seen;
  while (!work.empty()) {
    const Value *v = work.pop_back_val();
    auto *i = dyn_cast<Instruction>(v);
    if (!i || !loop.contains(i) || !seen.insert(v).second || is_success(v))
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

/// The headers of loops of which a way out depends on news from memory.
SmallVector<BasicBlock *> waiting_loops(Function &function) {
  DominatorTree dominators(function);
  LoopInfo loops(dominators);
  SmallVector<BasicBlock *> headers;
  for (Loop *loop : loops.getLoopsInPreorder()) {
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

// ---- The verdict --------------------------------------------------------------------------------

/// Operations without .sync name the threads that execute them: nobody waits for anybody.
bool waits_for_nobody(const CallInst &call) {
  auto *mask = dyn_cast<CallInst>(call.getArgOperand(call.arg_size() - 1));
  return mask && mask->getParent() == call.getParent() && warp_name(*mask) == "w2w.activemask";
}

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
    if (!ballot || warp_name(*ballot) != "w2w.vote.ballot")
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
    if (!ballot || warp_name(*ballot) != "w2w.vote.ballot" || !branch || !branch->isConditional() ||
        branch->getSuccessor(0) == branch->getSuccessor(1))
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

std::string at_line(const DebugLoc &loc) {
  return loc ? " at line " + std::to_string(loc.getLine()) : "";
}

} // namespace

bool warps_are_rows(const Function &kernel) {
  SmallVector<StringRef, 3> sizes;
  kernel.getFnAttribute("w2w-reqntid").getValueAsString().split(sizes, ',');
  unsigned x = 0, y = 0, z = 0;
  if (sizes.size() != 3 || sizes[0].getAsInteger(10, x) || sizes[1].getAsInteger(10, y) ||
      sizes[2].getAsInteger(10, z))
    return false;
  return x % kWarp == 0 || (y == 1 && z == 1);
}

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
                       ModuleAnalysisManager &analyses, const PassEnv &env) {
  auto &manager =
      analyses.getResult<FunctionAnalysisManagerModuleProxy>(*function.getParent()).getManager();
  PostDominatorTree &post = manager.getResult<PostDominatorTreeAnalysis>(function);
  KnownMasks masks(function, post);
  FlowVerdict verdict;
  Places warp_places, block_places;
  for (Instruction &i : instructions(function)) {
    auto *call = dyn_cast<CallInst>(&i);
    if (!call || !call->getCalledFunction())
      continue;
    StringRef name = warp_name(*call);
    bool warp = is_warp_operation(name), block = is_block_barrier(name);
    if (warp || block)
      verdict.places.push_back(call);
    if (block || others.block.contains(call->getCalledFunction()))
      block_places.try_emplace(call->getParent(), call);
    if ((warp && !waits_for_nobody(*call) && !masks.names_those_here(*call)) ||
        others.warp.contains(call->getCalledFunction()))
      warp_places.try_emplace(call->getParent(), call);
  }
  verdict.waiting_headers = waiting_loops(function);
  auto scheduled = [&](std::string reason, const DebugLoc &where) {
    verdict.scheduled = true;
    verdict.reason = std::move(reason);
    verdict.where = where;
    return verdict;
  };
  if (!verdict.waiting_headers.empty()) {
    DebugLoc where = verdict.waiting_headers.front()->getTerminator()->getDebugLoc();
    return scheduled("a loop waits for other threads" + at_line(where), where);
  }
  if (warp_places.empty() && block_places.empty())
    return verdict;

  // Arrivals are counted in LDS, and so are the threads that a barrier of the whole block waits for
  // besides them; only the dispatch loop tells when threads end.
  for (CallInst *call : software_barriers(function))
    if (call->arg_size() < 2 || match(call->getArgOperand(1), m_Zero()))
      return scheduled("a barrier of the whole block shares its number with one of fewer threads" +
                           at_line(call->getDebugLoc()),
                       call->getDebugLoc());

  UniformityInfo &wave = manager.getResult<UniformityInfoAnalysis>(function);
  using Of = ThreadUniformity::Of;
  bool rows = env.warps_are_rows || warps_are_rows(function);
  ThreadUniformity warp(function, wave, post, Of::Warp, rows),
      both(function, wave, post, Of::Wave, rows);
  // Whoever comes to a counted barrier together waits together.
  for (CallInst *call : software_barriers(function))
    for (const Value *operand : {call->getArgOperand(0), call->getArgOperand(1)})
      if ((env.paired() ? both : warp).varies(*operand))
        return scheduled("the number of a barrier may differ among the threads of a wave" +
                             at_line(call->getDebugLoc()),
                         call->getDebugLoc());
  auto in_warp = [&](const BasicBlock &b) { return warp.splits(b); };
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
  verdict.assumes_rows = warp.used_rows() && !warps_are_rows(function);
  if (!env.paired()) {
    judge(block_places, in_warp, "threads of a warp may come to different barriers");
    return verdict;
  }
  judge(
      block_places, [&](const BasicBlock &b) { return both.splits(b); },
      "the warps of a wave may come to different barriers");
  return verdict;
}

} // namespace w2w
