#include "lowering/passes/lane_sets.h"

#include "lowering/passes/lane_moves.h"
#include "lowering/passes/thread_uniformity.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/PatternMatch.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

constexpr unsigned kMaxDepth = 24, kMaxUses = 8;
constexpr uint32_t kAllLanes = ~0u;

/// The shuffle that `value` is part `part` of.
const CallInst *shuffle_of(const Value &value, unsigned part) {
  auto *extract = dyn_cast<ExtractValueInst>(&value);
  if (!extract || extract->getNumIndices() != 1 || extract->getIndices()[0] != part)
    return nullptr;
  return dyn_cast<CallInst>(extract->getAggregateOperand());
}

} // namespace

std::optional<LaneMap> constant_shuffle(const CallInst &call) {
  const Function *callee = call.getCalledFunction();
  if (!callee || !callee->getName().starts_with("w2w.shfl."))
    return std::nullopt;
  auto *b = dyn_cast<ConstantInt>(call.getArgOperand(1));
  auto *c = dyn_cast<ConstantInt>(call.getArgOperand(2));
  if (!b || !c)
    return std::nullopt;
  return shuffle_map(callee->getName().drop_front(strlen("w2w.shfl.")), b->getZExtValue(),
                     c->getZExtValue());
}

LaneSets::LaneSets(Function &function, PassEnv &env) : env_(env), function_(function) {
  if (!is_kernel(function))
    return;
  rows_by_bounds_ = warps_are_rows(function);
  rows_ = env.warps_are_rows || rows_by_bounds_;
}

/// The value in the wave's lane `lane`, if a number of at most 32 bits is known there.
std::optional<uint32_t> LaneSets::number(const Value &value, unsigned lane, unsigned depth) {
  if (auto *constant = dyn_cast<ConstantInt>(&value))
    return constant->getBitWidth() <= 32 ? std::optional<uint32_t>(constant->getZExtValue())
                                         : std::nullopt;
  auto *i = dyn_cast<Instruction>(&value);
  if (!i || !i->getType()->isIntegerTy() || i->getType()->getIntegerBitWidth() > 32 ||
      depth > kMaxDepth)
    return std::nullopt;
  if (match(i, m_Intrinsic<Intrinsic::amdgcn_mbcnt_lo>(m_AllOnes(), m_Zero())))
    return std::min(lane, 32u);
  if (match(i, m_Intrinsic<Intrinsic::amdgcn_mbcnt_hi>(
                   m_AllOnes(), m_Intrinsic<Intrinsic::amdgcn_mbcnt_lo>(m_AllOnes(), m_Zero()))))
    return lane;
  // Rows of 32 threads: %tid.x modulo 32 is the lane.
  const APInt *mask = nullptr;
  if (rows_ && match(i, m_And(m_Intrinsic<Intrinsic::amdgcn_workitem_id_x>(), m_APInt(mask))) &&
      mask->ult(32)) {
    used_rows_ = true;
    return lane & mask->getZExtValue();
  }
  if (!isa<BinaryOperator>(i) && !isa<CastInst>(i))
    return std::nullopt;
  std::optional<uint32_t> a = number(*i->getOperand(0), lane, depth + 1);
  if (!a)
    return std::nullopt;
  const unsigned width = i->getType()->getIntegerBitWidth();
  const uint32_t bits = maskTrailingOnes<uint32_t>(width);
  if (isa<TruncInst>(i) || isa<ZExtInst>(i))
    return *a & bits;
  if (isa<CastInst>(i))
    return std::nullopt;
  std::optional<uint32_t> b = number(*i->getOperand(1), lane, depth + 1);
  if (!b)
    return std::nullopt;
  switch (i->getOpcode()) {
  case Instruction::Add:
    return (*a + *b) & bits;
  case Instruction::Sub:
    return (*a - *b) & bits;
  case Instruction::And:
    return *a & *b;
  case Instruction::Or:
    return *a | *b;
  case Instruction::Xor:
    return *a ^ *b;
  case Instruction::Shl:
    return *b < width ? std::optional(*a << *b & bits) : std::nullopt;
  case Instruction::LShr:
    return *b < width ? std::optional(*a >> *b) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<bool> LaneSets::truth(const Value &condition, unsigned lane, unsigned depth) {
  if (depth > kMaxDepth)
    return std::nullopt;
  if (auto *constant = dyn_cast<ConstantInt>(&condition))
    return constant->isOne();
  if (const CallInst *shuffle = shuffle_of(condition, 1)) {
    std::optional<LaneMap> map = constant_shuffle(*shuffle);
    return map ? std::optional<bool>(map->valid >> (lane & 31) & 1) : std::nullopt;
  }
  auto *i = dyn_cast<Instruction>(&condition);
  if (auto *compare = dyn_cast_or_null<ICmpInst>(i)) {
    Type *type = compare->getOperand(0)->getType();
    if (!type->isIntegerTy() || type->getIntegerBitWidth() > 32)
      return std::nullopt;
    const unsigned width = type->getIntegerBitWidth();
    std::optional<uint32_t> a = number(*compare->getOperand(0), lane, depth + 1);
    std::optional<uint32_t> b = a ? number(*compare->getOperand(1), lane, depth + 1) : std::nullopt;
    if (!b)
      return std::nullopt;
    return ICmpInst::compare(APInt(width, *a), APInt(width, *b), compare->getPredicate());
  }
  Value *x = nullptr, *y = nullptr;
  if (match(&condition, m_Not(m_Value(x)))) {
    std::optional<bool> t = truth(*x, lane, depth + 1);
    return t ? std::optional(!*t) : std::nullopt;
  }
  const bool both = match(&condition, m_And(m_Value(x), m_Value(y)));
  if (!both && !match(&condition, m_Or(m_Value(x), m_Value(y))))
    return std::nullopt;
  std::optional<bool> t = truth(*x, lane, depth + 1), u = truth(*y, lane, depth + 1);
  if (!t || !u)
    return std::nullopt;
  return both ? *t && *u : *t || *u;
}

std::optional<uint32_t> LaneSets::holds(const Value &condition) {
  auto [entry, fresh] = holds_.try_emplace(&condition);
  if (fresh)
    entry->second = lanes_of(condition);
  return entry->second;
}

std::optional<uint32_t> LaneSets::lanes_of(const Value &condition) {
  const bool relied = used_rows_;
  uint64_t set = 0;
  for (unsigned lane = 0; lane < env_.processor.wave_size; ++lane) {
    std::optional<bool> t = truth(condition, lane, 0);
    if (!t) {
      used_rows_ = relied; // nothing came of it
      return std::nullopt;
    }
    set |= static_cast<uint64_t>(*t) << lane;
  }
  const auto low = static_cast<uint32_t>(set);
  if (env_.processor.wave_size == 64 && low != set >> 32)
    return std::nullopt;
  note_rows();
  return low;
}

void LaneSets::note_rows() {
  if (used_rows_ && !rows_by_bounds_)
    env_.row_kernels.insert(function_.getName().str());
}

bool LaneSets::is_lanemask_lt(const Value &value) {
  const bool relied = used_rows_;
  for (unsigned lane = 0; lane < env_.processor.wave_size; ++lane)
    if (number(value, lane, 0) != maskTrailingOnes<uint32_t>(lane & 31)) {
      used_rows_ = relied;
      return false;
    }
  note_rows();
  return true;
}

/// A superset of the lanes that may come to the block, by the branch that leads to it alone.
uint32_t LaneSets::reaches(const BasicBlock &block) {
  const BasicBlock *from = block.getSinglePredecessor();
  auto *branch = from ? dyn_cast<BranchInst>(from->getTerminator()) : nullptr;
  if (!branch || !branch->isConditional() || branch->getSuccessor(0) == branch->getSuccessor(1))
    return kAllLanes;
  std::optional<uint32_t> set = holds(*branch->getCondition());
  if (!set)
    return kAllLanes;
  return branch->getSuccessor(0) == &block ? *set : ~*set;
}

uint32_t LaneSets::matters_of_value(const CallInst &shuffle, unsigned depth) {
  uint32_t lanes = 0;
  for (const User *part : shuffle.users())
    if (shuffle_of(*part, 1) != &shuffle) // the predicate does not depend on values
      lanes |= shuffle_of(*part, 0) == &shuffle ? matters(*part, depth) : kAllLanes;
  return lanes;
}

/// The lanes in which a value matters by way of one use.
uint32_t LaneSets::through(const Use &use, unsigned depth) {
  auto *user = cast<Instruction>(use.getUser());
  const uint32_t there = isa<PHINode>(user) ? kAllLanes : reaches(*user->getParent());
  if (auto *select = dyn_cast<SelectInst>(user); select && use.getOperandNo() != 0) {
    std::optional<uint32_t> first = holds(*select->getCondition());
    if (!first)
      return there & matters(*select, depth + 1);
    selects.insert({select, *first});
    return there & (use.getOperandNo() == 1 ? *first : ~*first) & matters(*select, depth + 1);
  }
  if (auto *call = dyn_cast<CallInst>(user)) {
    if (std::optional<LaneMap> map = constant_shuffle(*call)) {
      if (use.getOperandNo() != 0)
        return kAllLanes;
      const uint32_t lanes = matters_of_value(*call, depth + 1);
      uint32_t read = 0;
      for (unsigned lane = 0; lane < 32; ++lane)
        read |= (lanes >> lane & 1u) << map->from[lane];
      return read;
    }
    if (!isa<IntrinsicInst>(call))
      return there;
    if (call->isConvergent())
      return kAllLanes;
  }
  // Nothing but a value comes of it, whatever its operands are.
  if (isa<PHINode>(user) || user->getType()->isVoidTy() || !isSafeToSpeculativelyExecute(user))
    return there;
  return there & matters(*user, depth + 1);
}

uint32_t LaneSets::matters(const Value &value, unsigned depth) {
  if (depth > kMaxDepth || value.hasNUsesOrMore(kMaxUses))
    return kAllLanes;
  if (auto found = matters_.find(&value); found != matters_.end())
    return found->second;
  uint32_t lanes = 0;
  for (const Use &use : value.uses())
    lanes |= through(use, depth);
  return matters_[&value] = lanes;
}

} // namespace w2w
