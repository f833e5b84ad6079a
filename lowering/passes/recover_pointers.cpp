#include "lowering/passes/recover_pointers.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/PatternMatch.h"
#include "llvm/Transforms/Utils/Local.h"

namespace w2w {

using namespace llvm;
using namespace llvm::PatternMatch;

namespace {

class PointerRecovery {
public:
  explicit PointerRecovery(Function &function)
      : function_(function), layout_(function.getParent()->getDataLayout()) {}

  bool run();

private:
  /// Address space of the pointer that `value` is the bits of; nullopt if it is no pointer we can
  /// follow. kPending while phis are being visited: it agrees with anything.
  std::optional<unsigned> space_of(Value *value);
  std::optional<unsigned> compute_space(Value *value);
  /// A pointer with the bits of `value`; space_of(value) must have said yes.
  Value *pointer_of(Value *value);
  Value *build_pointer(Value *value);
  void place_builder(IRBuilder<> &builder, Value *value);
  bool can_cast(unsigned from, unsigned to) const;

  static constexpr unsigned kPending = ~0u;
  Function &function_;
  const DataLayout &layout_;
  MapVector<Value *, std::optional<unsigned>> spaces_; // in a fixed order
  DenseMap<Value *, Value *> pointers_;
};

std::optional<unsigned> PointerRecovery::space_of(Value *value) {
  auto [it, fresh] = spaces_.insert({value, std::optional<unsigned>(kPending)});
  if (!fresh)
    return it->second;
  std::optional<unsigned> space = compute_space(value);
  spaces_[value] = space;
  return space;
}

std::optional<unsigned> PointerRecovery::compute_space(Value *value) {
  Value *a = nullptr, *b = nullptr;
  if (match(value, m_PtrToInt(m_Value(a)))) {
    unsigned space = a->getType()->getPointerAddressSpace();
    if (layout_.getPointerSizeInBits(space) != value->getType()->getIntegerBitWidth())
      return std::nullopt;
    return space;
  }
  if (!isa<Instruction>(value))
    return std::nullopt;
  if (match(value, m_Add(m_Value(a), m_Value(b))) ||
      match(value, m_DisjointOr(m_Value(a), m_Value(b)))) {
    std::optional<unsigned> left = space_of(a), right = space_of(b);
    if (left && right)
      return std::nullopt; // two pointers in one sum
    return left ? left : right;
  }
  if (match(value, m_Sub(m_Value(a), m_Value(b)))) {
    if (space_of(b))
      return std::nullopt;
    return space_of(a);
  }
  SmallVector<Value *, 4> sources;
  if (auto *phi = dyn_cast<PHINode>(value))
    sources.append(phi->incoming_values().begin(), phi->incoming_values().end());
  else if (auto *select = dyn_cast<SelectInst>(value))
    sources = {select->getTrueValue(), select->getFalseValue()};
  else
    return std::nullopt;
  std::optional<unsigned> common;
  for (Value *source : sources) {
    std::optional<unsigned> space = space_of(source);
    if (!space)
      return std::nullopt;
    if (*space == kPending)
      continue;
    if (common && *common != *space)
      return std::nullopt;
    common = space;
  }
  return common ? common : std::optional<unsigned>(kPending);
}

void PointerRecovery::place_builder(IRBuilder<> &builder, Value *value) {
  auto *at = cast<Instruction>(value);
  builder.SetInsertPoint(at);
  builder.SetCurrentDebugLocation(at->getDebugLoc());
}

Value *PointerRecovery::build_pointer(Value *value) {
  Value *a = nullptr, *b = nullptr;
  if (match(value, m_PtrToInt(m_Value(a))))
    return a;
  if (auto *phi = dyn_cast<PHINode>(value)) {
    auto *type = PointerType::get(value->getContext(), *spaces_[value]);
    PHINode *replacement = PHINode::Create(type, phi->getNumIncomingValues(),
                                           phi->getName() + ".ptr", phi->getIterator());
    replacement->setDebugLoc(phi->getDebugLoc());
    pointers_[value] = replacement; // before the operands: loops
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
      replacement->addIncoming(pointer_of(phi->getIncomingValue(i)), phi->getIncomingBlock(i));
    return replacement;
  }
  IRBuilder<> builder(value->getContext());
  place_builder(builder, value);
  if (auto *select = dyn_cast<SelectInst>(value)) {
    Value *on = pointer_of(select->getTrueValue()), *off = pointer_of(select->getFalseValue());
    return builder.CreateSelect(select->getCondition(), on, off);
  }
  Value *offset = nullptr;
  if (match(value, m_Sub(m_Value(a), m_Value(b)))) {
    offset = builder.CreateNeg(b);
  } else {
    auto *sum = cast<BinaryOperator>(value);
    a = sum->getOperand(0), b = sum->getOperand(1);
    if (!space_of(a))
      std::swap(a, b);
    offset = b;
  }
  return builder.CreateGEP(builder.getInt8Ty(), pointer_of(a), offset);
}

Value *PointerRecovery::pointer_of(Value *value) {
  if (Value *known = pointers_.lookup(value))
    return known;
  Value *pointer = build_pointer(value);
  pointers_[value] = pointer;
  return pointer;
}

/// Whether the two address spaces give one address the same bits: flat, global and constant do.
bool PointerRecovery::can_cast(unsigned from, unsigned to) const {
  auto wide = [](unsigned space) { return space == 0 || space == 1 || space == 4; };
  return from == to || (wide(from) && wide(to));
}

bool PointerRecovery::run() {
  SmallVector<IntToPtrInst *> accesses;
  for (Instruction &i : instructions(function_))
    if (auto *access = dyn_cast<IntToPtrInst>(&i))
      accesses.push_back(access);
  if (accesses.empty())
    return false;

  // A value that was judged while a phi it depends on was pending may have been judged wrong: judge
  // all again until nothing changes.
  for (IntToPtrInst *access : accesses)
    space_of(access->getOperand(0));
  constexpr unsigned kMaxRounds = 16;
  bool settled = false;
  for (unsigned round = 0; round < kMaxRounds && !settled; ++round) {
    settled = true;
    for (unsigned i = 0; i < spaces_.size(); ++i) {
      Value *value = (spaces_.begin() + i)->first;
      std::optional<unsigned> now = compute_space(value);
      settled &= now == spaces_[value];
      spaces_[value] = now;
    }
  }
  if (!settled)
    return false;

  bool changed = false;
  SmallVector<WeakTrackingVH> dead;
  for (IntToPtrInst *access : accesses) {
    std::optional<unsigned> space = space_of(access->getOperand(0));
    unsigned to = access->getAddressSpace();
    if (!space || *space == kPending || !can_cast(*space, to))
      continue;
    Value *pointer = pointer_of(access->getOperand(0));
    if (*space != to) {
      IRBuilder<> builder(access);
      pointer = builder.CreateAddrSpaceCast(pointer, access->getType());
    }
    access->replaceAllUsesWith(pointer);
    dead.push_back(access);
    changed = true;
  }
  RecursivelyDeleteTriviallyDeadInstructionsPermissive(dead);
  return changed;
}

} // namespace

bool recover_pointers_in(Function &function) {
  return PointerRecovery(function).run();
}

bool recover_pointers(Module &module, ModuleAnalysisManager &, PassEnv &) {
  bool changed = false;
  for (Function &f : module)
    if (!f.isDeclaration())
      changed |= recover_pointers_in(f);
  return changed;
}

} // namespace w2w
