#include "lowering/passes/scan_steps.h"

#include "lowering/passes/lane_sets.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

#include <algorithm>

namespace w2w {

using namespace llvm;

namespace {

/// Bits of the lane's number that `value` does not depend on, by steps of a butterfly in `block`:
/// x op bfly(x) is the same in both lanes. Of integers: which of two NaNs comes of an operation
/// may depend on their order.
uint32_t symmetry_of(const Value &value, const BasicBlock &block) {
  auto *operation = dyn_cast<Instruction>(&value);
  if (!operation || operation->getParent() != &block || !neutral_element(*operation))
    return 0;
  for (unsigned i : {0u, 1u}) {
    auto *part = dyn_cast<ExtractValueInst>(operation->getOperand(i));
    auto *call = part && part->getIndices()[0] == 0
                     ? dyn_cast<CallInst>(part->getAggregateOperand())
                     : nullptr;
    if (!call || call->getParent() != &block ||
        call->getArgOperand(0) != operation->getOperand(1 - i))
      continue;
    const std::optional<LaneMap> map = constant_shuffle(*call);
    const unsigned distance = map ? map->from[0] : 0;
    if (!isPowerOf2_32(distance) || map->valid != ~0u)
      continue;
    bool butterfly = true;
    for (unsigned lane = 0; lane < 32; ++lane)
      butterfly &= map->from[lane] == (lane ^ distance);
    if (butterfly)
      return distance | symmetry_of(*call->getArgOperand(0), block);
  }
  return 0;
}

} // namespace

KnownShuffles::KnownShuffles(Module &module, PassEnv &env) {
  SmallPtrSet<Function *, 8> functions;
  for (CallInst *call : calls_with_prefix(module, "w2w.shfl."))
    functions.insert(call->getFunction());
  for (Function &function : module) {
    if (!functions.contains(&function))
      continue;
    LaneSets sets(function, env);
    for (Instruction &i : reverse(instructions(function))) {
      auto *call = dyn_cast<CallInst>(&i);
      std::optional<LaneMap> map = call ? constant_shuffle(*call) : std::nullopt;
      if (!map)
        continue;
      map->matters = sets.matters_of_value(*call);
      if (map->matters == ~0u) // so every lane has what the step before gives it
        map->symmetry = symmetry_of(*call->getArgOperand(0), *call->getParent());
      maps.emplace(call, *map);
      calls.push_back(call);
    }
    for (auto [select, lanes] : sets.selects)
      selects.insert({select, lanes});
  }
  std::ranges::reverse(calls);
}

Constant *neutral_element(const Instruction &operation) {
  Type *type = operation.getType();
  if (!type->isIntegerTy(32))
    return nullptr;
  if (auto *minmax = dyn_cast<MinMaxIntrinsic>(&operation))
    return ConstantInt::get(type, MinMaxIntrinsic::getSaturationPoint(
                                      getInverseMinMaxIntrinsic(minmax->getIntrinsicID()), 32));
  switch (operation.getOpcode()) {
  case Instruction::Add:
  case Instruction::And:
  case Instruction::Or:
  case Instruction::Xor:
    return ConstantExpr::getBinOpIdentity(operation.getOpcode(), type);
  default: // LLVM makes no DPP of others
    return nullptr;
  }
}

std::optional<ScanStep> scan_step(CallInst &call, const KnownShuffles &shuffles) {
  ExtractValueInst *data = nullptr;
  for (User *user : call.users()) {
    auto *part = dyn_cast<ExtractValueInst>(user);
    if (!part || (part->getIndices()[0] == 0 && data))
      return std::nullopt;
    if (part->getIndices()[0] == 0)
      data = part;
  }
  if (!data || !data->hasOneUse())
    return std::nullopt;
  auto *user = cast<Instruction>(*data->user_begin());
  auto other_of = [](Instruction &operation, const Value *one) {
    return operation.getOperand(operation.getOperand(0) == one ? 1 : 0);
  };
  // The lanes in which the select takes `one`, if its other operand is `rest`.
  auto lanes_of = [&](SelectInst *select, const Value *one,
                      const Value *rest) -> std::optional<uint32_t> {
    auto found = select ? shuffles.selects.find(select) : shuffles.selects.end();
    if (found == shuffles.selects.end())
      return std::nullopt;
    if (select->getTrueValue() == one && select->getFalseValue() == rest)
      return found->second;
    if (select->getFalseValue() == one && select->getTrueValue() == rest)
      return ~found->second;
    return std::nullopt;
  };
  // op(other, select(lanes, data, neutral))
  if (auto *select = dyn_cast<SelectInst>(user)) {
    if (!select->hasOneUse())
      return std::nullopt;
    auto *operation = cast<Instruction>(*select->user_begin());
    Constant *neutral = neutral_element(*operation);
    std::optional<uint32_t> lanes = neutral ? lanes_of(select, data, neutral) : std::nullopt;
    if (!lanes)
      return std::nullopt;
    return ScanStep{operation, other_of(*operation, select), operation, *lanes};
  }
  // select(lanes, op(other, data), other)
  if (!neutral_element(*user) || !user->hasOneUse())
    return std::nullopt;
  auto *select = dyn_cast<SelectInst>(*user->user_begin());
  Value *other = other_of(*user, data);
  std::optional<uint32_t> lanes = lanes_of(select, user, other);
  if (!lanes)
    return std::nullopt;
  return ScanStep{user, other, select, *lanes};
}

SmallVector<CallInst *, 5> whole_scan(CallInst &call, const KnownShuffles &shuffles) {
  SmallVector<CallInst *, 5> calls;
  std::optional<ScanStep> before;
  auto same_operation = [](const Instruction &a, const Instruction &b) {
    auto *minmax = dyn_cast<MinMaxIntrinsic>(&a), *other = dyn_cast<MinMaxIntrinsic>(&b);
    return minmax && other ? minmax->getIntrinsicID() == other->getIntrinsicID()
                           : a.getOpcode() == b.getOpcode() && !minmax && !other;
  };
  CallInst *next = &call;
  for (unsigned by : {1u, 2u, 4u, 8u, 16u}) {
    std::optional<ScanStep> step = next ? scan_step(*next, shuffles) : std::nullopt;
    if (!step || step->lanes != ~0u << by || step->other != next->getArgOperand(0) ||
        step->operation->getParent() != call.getParent() || next->getParent() != call.getParent())
      return {};
    const LaneMap &map = shuffles.maps.at(next);
    for (unsigned lane = by; lane < 32; ++lane)
      if (map.from[lane] != lane - by)
        return {};
    if (before && !same_operation(*before->operation, *step->operation))
      return {};
    if (before) // its result has no use but this step
      for (User *user : before->result->users())
        if (user != next && user != step->operation && user != step->result)
          return {};
    calls.push_back(next);
    before = step;
    next = nullptr;
    for (User *user : step->result->users())
      if (auto *shuffle = dyn_cast<CallInst>(user); shuffle && shuffles.maps.contains(shuffle))
        next = shuffle;
  }
  return calls;
}

} // namespace w2w
