#include "lowering/passes/mark_device_memory.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/CodeGen/TargetLowering.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kFlatSpace = 0, kGlobalSpace = 1, kLdsSpace = 3, kPrivateSpace = 5;
constexpr unsigned kAddressBits = 64;

/// What an integer must be made of to be a distance and no address: operands that must be ones
/// themselves, none if it is one in any case. Nothing if it may be an address.
std::optional<SmallVector<Value *, 2>> parts_of_distance(Value *value) {
  using Parts = SmallVector<Value *, 2>;
  if (isa<ConstantInt>(value) || isa<UndefValue>(value))
    return Parts();
  auto *i = dyn_cast<llvm::Instruction>(value);
  if (!i || !value->getType()->isIntegerTy())
    return std::nullopt;
  auto is_constant = [&](unsigned k, auto test) {
    auto *c = dyn_cast<ConstantInt>(i->getOperand(k));
    return c && test(c->getValue());
  };
  auto unit = [](const APInt &c) { return c.isOne() || c.isAllOnes(); };
  auto operands = [&] { return Parts(i->operand_values()); };
  switch (i->getOpcode()) {
  case llvm::Instruction::ZExt:
  case llvm::Instruction::SExt:
    if (i->getOperand(0)->getType()->getIntegerBitWidth() <= 32)
      return Parts();
    return std::nullopt;
  case llvm::Instruction::Mul:
    return is_constant(0, unit) || is_constant(1, unit) ? operands() : Parts();
  case llvm::Instruction::Shl:
    return is_constant(1, [](const APInt &c) { return c.isZero(); }) ? operands() : Parts();
  case llvm::Instruction::LShr:
  case llvm::Instruction::AShr:
  case llvm::Instruction::UDiv:
  case llvm::Instruction::SDiv:
  case llvm::Instruction::URem:
  case llvm::Instruction::SRem:
    return Parts();
  case llvm::Instruction::And:
    return is_constant(1, [](const APInt &c) { return c.isIntN(32); }) ? Parts() : operands();
  case llvm::Instruction::Add:
  case llvm::Instruction::Sub:
  case llvm::Instruction::Or:
  case llvm::Instruction::Xor:
  case llvm::Instruction::Freeze:
    return operands();
  case llvm::Instruction::PHI:
    return Parts(cast<PHINode>(i)->incoming_values());
  case llvm::Instruction::Select:
    return Parts{i->getOperand(1), i->getOperand(2)};
  case llvm::Instruction::Call:
    if (auto *extremum = dyn_cast<MinMaxIntrinsic>(i))
      return Parts{extremum->getLHS(), extremum->getRHS()};
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

/// Whether an integer surely is a distance: no address, and no difference of two addresses.
bool is_distance(Value *value) {
  SmallVector<Value *, 8> work = {value};
  SmallPtrSet<Value *, 16> seen;
  while (!work.empty()) {
    Value *next = work.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    auto parts = parts_of_distance(next);
    if (!parts)
      return false;
    work.append(parts->begin(), parts->end());
  }
  return true;
}

/// What an address was calculated from.
struct Roots {
  std::set<uint32_t> parameters; ///< byte offsets of kernel parameters
  bool global = false;           ///< device memory in any case
  bool shared = false;           ///< PTX's shared memory, wherever it lies
  bool lds_or_scratch = false;   ///< an address of these, made generic

  bool any() const { return global || lds_or_scratch || !parameters.empty(); }
};

class RootFinder {
public:
  RootFinder(Function &function, const PassEnv &env)
      : function_(function), env_(env), layout_(function.getParent()->getDataLayout()) {}

  /// Nothing if the address, or one of those it may be, comes from elsewhere.
  std::optional<Roots> find(Value *address) {
    Roots roots;
    SmallVector<Value *, 8> work = {address};
    SmallPtrSet<Value *, 16> seen;
    while (!work.empty()) {
      Value *value = work.pop_back_val();
      if (seen.insert(value).second && !step(value, work, roots))
        return std::nullopt;
    }
    return roots.any() ? std::optional(std::move(roots)) : std::nullopt;
  }

private:
  /// Takes note of a root, or adds what the value is calculated from to `work`. False: neither.
  bool step(Value *value, SmallVectorImpl<Value *> &work, Roots &roots) {
    Type *type = value->getType();
    if (isa<ConstantPointerNull>(value) || isa<UndefValue>(value))
      return true; // no memory at all
    if (type->isPointerTy()) {
      unsigned space = type->getPointerAddressSpace();
      if (space == kLdsSpace || space == kPrivateSpace) {
        roots.shared |= space == kLdsSpace;
        return roots.lds_or_scratch = true;
      }
    } else if (!type->isIntegerTy(kAddressBits)) {
      return false;
    }
    if (auto *variable = dyn_cast<GlobalVariable>(value))
      return env_.abi == KernelAbi::Standalone && !variable->isDeclaration() &&
             variable->getAddressSpace() == kGlobalSpace && (roots.global = true);
    if (auto offset = parameter(value)) {
      roots.parameters.insert(*offset);
      return env_.device_memory;
    }
    if (auto field = launch_field(*value)) {
      using abi::LaunchBlock;
      roots.shared |= *field == offsetof(LaunchBlock, shared_slab);
      return roots.global = *field == offsetof(LaunchBlock, arena) ||
                            *field == offsetof(LaunchBlock, device_heap) ||
                            *field == offsetof(LaunchBlock, shared_slab) ||
                            *field == offsetof(LaunchBlock, atomic_locks);
    }
    return follow(value, work);
  }

  /// Constant expressions and instructions alike.
  bool follow(Value *value, SmallVectorImpl<Value *> &work) {
    auto *user = dyn_cast<Operator>(value);
    if (!user)
      return false;
    auto from = [&](Value *v) {
      work.push_back(v);
      return true;
    };
    Value *first = user->getNumOperands() ? user->getOperand(0) : nullptr;
    switch (user->getOpcode()) {
    case llvm::Instruction::GetElementPtr: {
      auto *gep = cast<GEPOperator>(user);
      return all_of(gep->indices(),
                    [&](Use &index) {
                      return index->getType()->getScalarSizeInBits() <= 32 || is_distance(index);
                    }) &&
             from(gep->getPointerOperand());
    }
    case llvm::Instruction::AddrSpaceCast:
    case llvm::Instruction::PtrToInt:
    case llvm::Instruction::IntToPtr:
    case llvm::Instruction::Freeze:
      return from(first);
    case llvm::Instruction::Or:
      if (!cast<PossiblyDisjointInst>(user)->isDisjoint())
        return false;
      [[fallthrough]];
    case llvm::Instruction::Add:
      return is_distance(user->getOperand(1)) ? from(first)
                                              : is_distance(first) && from(user->getOperand(1));
    case llvm::Instruction::Sub:
      return is_distance(user->getOperand(1)) && from(first);
    case llvm::Instruction::Select:
      return from(user->getOperand(1)) && from(user->getOperand(2));
    case llvm::Instruction::PHI:
      append_range(work, cast<PHINode>(user)->incoming_values());
      return true;
    default:
      return false;
    }
  }

  /// The byte offset of the kernel parameter that `value` is: an argument, or 8 bytes of one that
  /// is passed by reference.
  std::optional<uint32_t> parameter(Value *value) const {
    if (!is_kernel(function_))
      return std::nullopt;
    if (auto *argument = dyn_cast<Argument>(value))
      return argument->getType()->isIntegerTy() ? std::optional(offset_of(*argument))
                                                : std::nullopt;
    uint64_t within = 0;
    if (auto *element = dyn_cast<ExtractElementInst>(value)) {
      auto *index = dyn_cast<ConstantInt>(element->getIndexOperand());
      if (!index)
        return std::nullopt;
      within = index->getZExtValue() * (kAddressBits / 8);
      value = element->getVectorOperand();
    }
    auto *load = dyn_cast<LoadInst>(value);
    if (!load)
      return std::nullopt;
    APInt offset(kAddressBits, within);
    Value *base = load->getPointerOperand()->stripAndAccumulateConstantOffsets(
        layout_, offset, /*AllowNonInbounds=*/true);
    auto *argument = dyn_cast<Argument>(base);
    if (!argument || !argument->hasByRefAttr() ||
        offset.ugt(layout_.getTypeAllocSize(argument->getParamByRefType())))
      return std::nullopt;
    return offset_of(*argument) + static_cast<uint32_t>(offset.getZExtValue());
  }

  /// Where an argument lies in the kernarg segment.
  uint32_t offset_of(const Argument &wanted) const {
    uint64_t at = 0;
    for (const Argument &argument : function_.args()) {
      bool by_reference = argument.hasByRefAttr();
      Type *type = by_reference ? argument.getParamByRefType() : argument.getType();
      at = alignTo(at, layout_.getValueOrABITypeAlignment(
                           by_reference ? argument.getParamAlign() : MaybeAlign(), type));
      if (&argument == &wanted)
        break;
      at += layout_.getTypeAllocSize(type);
    }
    return static_cast<uint32_t>(at);
  }

  Function &function_;
  const PassEnv &env_;
  const DataLayout &layout_;
};

/// Whether LLVM makes a loop of the operation as it stands.
class Expansion {
public:
  Expansion(Function &function, const TargetMachine &machine)
      : lowering_(*machine.getSubtargetImpl(function)->getTargetLowering()) {}

  bool is_loop(AtomicRMWInst &rmw) const {
    return lowering_.shouldExpandAtomicRMWInIR(&rmw) ==
           TargetLoweringBase::AtomicExpansionKind::CmpXChg;
  }
  /// The same if its address were a global one: a generic address may be taken apart first.
  bool is_loop_in_global_memory(AtomicRMWInst &rmw) const {
    auto *probe = cast<AtomicRMWInst>(rmw.clone());
    probe->insertBefore(rmw.getIterator());
    probe->setOperand(AtomicRMWInst::getPointerOperandIndex(),
                      PoisonValue::get(PointerType::get(rmw.getContext(), kGlobalSpace)));
    // Whether the result is used matters.
    IRBuilder<> builder(&rmw);
    Value *use = rmw.use_empty() ? nullptr : builder.CreateFreeze(probe);
    bool loop = is_loop(*probe);
    if (use)
      cast<llvm::Instruction>(use)->eraseFromParent();
    probe->eraseFromParent();
    return loop;
  }

private:
  const TargetLoweringBase &lowering_;
};

class Marker {
public:
  Marker(Function &function, PassEnv &env)
      : function_(function), env_(env), finder_(function, env), expansion_(function, *env.machine) {
  }

  bool mark(AtomicRMWInst &rmw) {
    unsigned space = rmw.getPointerAddressSpace();
    if ((space != kFlatSpace && space != kGlobalSpace) ||
        rmw.getSyncScopeID() == SyncScope::System || !expansion_.is_loop_in_global_memory(rmw))
      return false;
    std::optional<Roots> roots = finder_.find(rmw.getPointerOperand());
    if (!roots)
      return false;
    Value *generic = nullptr;
    if (space == kFlatSpace && !roots->lds_or_scratch) {
      generic = rmw.getPointerOperand();
      IRBuilder<> builder(&rmw);
      rmw.setOperand(AtomicRMWInst::getPointerOperandIndex(),
                     builder.CreateAddrSpaceCast(generic, builder.getPtrTy(kGlobalSpace)));
    }
    MDNode *yes = MDNode::get(rmw.getContext(), {});
    rmw.setMetadata("amdgpu.no.fine.grained.memory", yes);
    rmw.setMetadata("amdgpu.no.remote.memory", yes);
    bool may_flush = rmw.getOperation() == AtomicRMWInst::FAdd && rmw.getType()->isFloatTy() &&
                     !roots->shared && !roots->lds_or_scratch;
    if (expansion_.is_loop(rmw) && may_flush)
      rmw.setMetadata("amdgpu.ignore.denormal.mode", yes);
    if (expansion_.is_loop(rmw)) { // no such instruction: assume nothing
      for (const char *kind : {"amdgpu.no.fine.grained.memory", "amdgpu.no.remote.memory",
                               "amdgpu.ignore.denormal.mode"})
        rmw.setMetadata(kind, nullptr);
      if (generic) {
        auto *cast = dyn_cast<llvm::Instruction>(rmw.getPointerOperand());
        rmw.setOperand(AtomicRMWInst::getPointerOperandIndex(), generic);
        if (cast && cast->use_empty())
          cast->eraseFromParent();
      }
      return false;
    }
    if (!roots->parameters.empty())
      env_.device_parameters[function_.getName().str()].merge(roots->parameters);
    return true;
  }

private:
  Function &function_;
  PassEnv &env_;
  RootFinder finder_;
  Expansion expansion_;
};

} // namespace

bool mark_device_memory(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (Function &function : module) {
    SmallVector<AtomicRMWInst *> operations;
    for (llvm::Instruction &i : instructions(function))
      if (auto *rmw = dyn_cast<AtomicRMWInst>(&i))
        operations.push_back(rmw);
    if (operations.empty())
      continue;
    Marker marker(function, env);
    for (AtomicRMWInst *rmw : operations)
      changed |= marker.mark(*rmw);
  }
  return changed;
}

} // namespace w2w
