#include "lowering/passes/move_shared_window.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Analysis/Utils/Local.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/ValueHandle.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kGlobalSpace = 1;
constexpr unsigned kSharedSpace = 3;
constexpr uint64_t kDynamicAlign = 16;

bool is_shared(const Type *type) {
  auto *pointer = dyn_cast<PointerType>(type->getScalarType());
  return pointer && pointer->getAddressSpace() == kSharedSpace;
}

/// A load through a generic pointer, which may lead into the window.
bool is_plain_generic(const LoadInst &load) {
  return load.getPointerAddressSpace() == 0 && load.isSimple() &&
         load.getType()->getScalarType()->isIntegerTy();
}

bool mentions_shared(const Value *value) {
  if (is_shared(value->getType()))
    return true;
  auto *expression = dyn_cast<ConstantExpr>(value);
  return expression && any_of(expression->operands(), mentions_shared);
}

/// Offsets of the module's shared variables in the window.
struct WindowLayout {
  DenseMap<const GlobalVariable *, uint64_t> offsets;
  uint64_t bytes = 0; // where dynamic memory begins

  explicit WindowLayout(Module &module);
};

WindowLayout::WindowLayout(Module &module) {
  const DataLayout &layout = module.getDataLayout();
  SmallVector<const GlobalVariable *> dynamic;
  Align dynamic_align(kDynamicAlign);
  for (const GlobalVariable &g : module.globals()) {
    if (g.getAddressSpace() != kSharedSpace)
      continue;
    Align align = g.getAlign().value_or(Align(1));
    uint64_t size = layout.getTypeAllocSize(g.getValueType());
    if (g.isDeclaration() && size == 0) {
      dynamic.push_back(&g);
      dynamic_align = std::max(dynamic_align, align);
      continue;
    }
    bytes = alignTo(bytes, align);
    offsets[&g] = bytes;
    bytes += size;
  }
  bytes = alignTo(bytes, dynamic_align);
  for (const GlobalVariable *g : dynamic)
    offsets[g] = bytes;
}

/// Rewrites one function: every shared pointer becomes its offset, and the offset an address where
/// memory is accessed.
class SharedRewrite {
public:
  SharedRewrite(Function &function, const WindowLayout &layout, PassEnv &env)
      : function_(function), layout_(layout), env_(env), b_(function.getContext()) {}

  void run();

private:
  void rewrite(Instruction &i);
  void rewrite_load(LoadInst &load);
  Value *load_part(Type *type, Value *address, Align align);
  void rewrite_call(CallInst &call);
  void replace(Instruction &i, Value *by) {
    i.replaceAllUsesWith(by);
    dead_.push_back(&i);
  }
  void internal_error(const Instruction &at) {
    env_.refuse(at, std::string("internal error: a shared address in an instruction '") +
                        at.getOpcodeName() + "' that the pass move_shared_window does not know");
  }
  /// Offset in the window of a shared pointer, as i32.
  Value *offset_of(Value *pointer, const Instruction &user);
  Value *offset_of_instruction(Instruction &i);
  /// The global address of a shared pointer, at the builder.
  Value *address_of(Value *pointer, const Instruction &user) {
    Value *offset = offset_of(pointer, user);
    return b_.CreateGEP(b_.getInt8Ty(), window(), b_.CreateZExt(offset, b_.getInt64Ty()));
  }
  Value *stride();
  Value *window();
  /// A builder at the top of the function, for what holds throughout.
  IRBuilder<> top() {
    BasicBlock &entry = function_.getEntryBlock();
    return {&entry, entry.getFirstNonPHIOrDbgOrAlloca()};
  }

  Function &function_;
  const WindowLayout &layout_;
  PassEnv &env_;
  IRBuilder<> b_;
  DenseMap<Value *, WeakTrackingVH> offsets_; // what they track may be replaced in turn
  SmallVector<Instruction *> dead_;
  Value *window_ = nullptr, *stride_ = nullptr;
};

Value *SharedRewrite::stride() {
  if (!stride_) {
    IRBuilder<> b = top();
    stride_ = load_launch_field(b, offsetof(abi::LaunchBlock, shared_slab_stride), b.getInt64Ty(),
                                "shared.stride");
  }
  return stride_;
}

Value *SharedRewrite::window() {
  if (window_)
    return window_;
  IRBuilder<> b = top();
  auto *stride = load_launch_field(b, offsetof(abi::LaunchBlock, shared_slab_stride),
                                   b.getInt64Ty(), "shared.stride");
  auto blocks = [&](unsigned dim) {
    return load_launch_field(b, offsetof(abi::LaunchBlock, nctaid) + 4 * dim, b.getInt32Ty(),
                             "nctaid");
  };
  // The hardware's ids count within the slice that this dispatch is of the launch.
  Value *slot = b.CreateIntrinsic(Intrinsic::amdgcn_workgroup_id_z, {});
  slot = b.CreateAdd(b.CreateMul(slot, blocks(1)),
                     b.CreateIntrinsic(Intrinsic::amdgcn_workgroup_id_y, {}));
  slot = b.CreateAdd(b.CreateMul(slot, blocks(0)),
                     b.CreateIntrinsic(Intrinsic::amdgcn_workgroup_id_x, {}), "shared.slot");
  Value *slab = load_launch_field(b, offsetof(abi::LaunchBlock, shared_slab),
                                  b.getPtrTy(kGlobalSpace), "shared.slab");
  Value *start = b.CreateMul(b.CreateZExt(slot, b.getInt64Ty()), stride);
  window_ = b.CreateGEP(b.getInt8Ty(), slab, start, "shared.window");
  return window_;
}

Value *SharedRewrite::offset_of(Value *pointer, const Instruction &user) {
  Type *i32 = b_.getInt32Ty();
  if (auto *i = dyn_cast<Instruction>(pointer)) {
    if (Value *known = offsets_.lookup(i))
      return known;
    return offset_of_instruction(*i);
  }
  if (auto *g = dyn_cast<GlobalVariable>(pointer))
    return b_.getInt32(uint32_t(layout_.offsets.lookup(g)));
  if (isa<UndefValue>(pointer))
    return PoisonValue::get(i32);
  if (isa<ConstantPointerNull>(pointer))
    return b_.getInt32(0);
  if (auto *expression = dyn_cast<ConstantExpr>(pointer)) {
    if (expression->getOpcode() == Instruction::IntToPtr)
      return b_.CreateZExtOrTrunc(expression->getOperand(0), i32);
    if (auto *gep = dyn_cast<GEPOperator>(expression)) {
      APInt offset(32, 0);
      if (gep->accumulateConstantOffset(function_.getDataLayout(), offset))
        return b_.CreateAdd(offset_of(gep->getPointerOperand(), user), b_.getInt(offset));
    }
  }
  internal_error(user);
  return PoisonValue::get(i32);
}

Value *SharedRewrite::offset_of_instruction(Instruction &i) {
  Type *i32 = b_.getInt32Ty();
  IRBuilder<>::InsertPointGuard guard(b_);
  if (auto *phi = dyn_cast<PHINode>(&i)) {
    b_.SetInsertPoint(phi);
    PHINode *offset = b_.CreatePHI(i32, phi->getNumIncomingValues());
    offsets_[&i] = offset; // before what comes in, which may come from here
    for (unsigned k = 0; k < phi->getNumIncomingValues(); ++k)
      offset->addIncoming(offset_of(phi->getIncomingValue(k), i), phi->getIncomingBlock(k));
    dead_.push_back(&i);
    return offset;
  }
  b_.SetInsertPoint(&i);
  Value *offset = nullptr;
  if (auto *cast = dyn_cast<IntToPtrInst>(&i)) {
    offset = b_.CreateZExtOrTrunc(cast->getOperand(0), i32);
  } else if (auto *gep = dyn_cast<GetElementPtrInst>(&i); gep && !gep->getType()->isVectorTy()) {
    // Modulo 2^32, as addresses in LDS are: a base below 0 may come with an offset above it.
    Value *base = offset_of(gep->getPointerOperand(), i);
    Value *step = emitGEPOffset(&b_, function_.getDataLayout(), gep, /*NoAssumptions=*/true);
    offset = b_.CreateAdd(base, b_.CreateZExtOrTrunc(step, i32));
  } else if (auto *select = dyn_cast<SelectInst>(&i)) {
    Value *yes = offset_of(select->getTrueValue(), i);
    offset = b_.CreateSelect(select->getCondition(), yes, offset_of(select->getFalseValue(), i));
  } else if (auto *cast = dyn_cast<AddrSpaceCastInst>(&i)) {
    Value *generic = b_.CreatePtrToInt(cast->getPointerOperand(), b_.getInt64Ty());
    Value *start = b_.CreatePtrToInt(window(), b_.getInt64Ty());
    offset = b_.CreateTrunc(b_.CreateSub(generic, start), i32);
  } else {
    internal_error(i);
    return PoisonValue::get(i32);
  }
  offsets_[&i] = offset;
  dead_.push_back(&i);
  return offset;
}

/// A load of at most 64 bits. LLVM's AMDGPU target gives a plain load that has the same address in
/// all lanes to the scalar cache when no store of its own thread comes before it, whatever other
/// threads store before a barrier, and the scalar cache does not see that. Relaxed atomic loads
/// stay with the vector units, and in the scope of a wave they cost no more than plain ones.
Value *SharedRewrite::load_part(Type *type, Value *address, Align align) {
  LoadInst *load = b_.CreateAlignedLoad(type, address, align);
  load->setAtomic(AtomicOrdering::Monotonic,
                  function_.getContext().getOrInsertSyncScopeID("wavefront"));
  return load;
}

void SharedRewrite::rewrite_load(LoadInst &load) {
  bool shared = is_shared(load.getPointerOperandType());
  Value *address = shared ? address_of(load.getPointerOperand(), load) : load.getPointerOperand();
  Type *type = load.getType(), *element = type->getScalarType();
  const DataLayout &layout = function_.getDataLayout();
  if (load.isAtomic() || load.isVolatile()) {
    load.setOperand(LoadInst::getPointerOperandIndex(), address);
    return;
  }
  unsigned bytes = unsigned(layout.getTypeStoreSize(element).getFixedValue());
  if (!shared && !element->isIntegerTy())
    return;
  if (!element->isIntegerTy() || bytes * 8 != element->getIntegerBitWidth() || bytes > 16 ||
      !isPowerOf2_32(bytes)) {
    internal_error(load);
    return;
  }
  unsigned part = std::min(bytes, 8u);
  unsigned count = unsigned(layout.getTypeStoreSize(type).getFixedValue()) / part;
  auto *part_type = b_.getIntNTy(8 * part);
  if (load.getAlign() < Align(part)) {
    load.setOperand(LoadInst::getPointerOperandIndex(), address);
    load.setVolatile(true);
    return;
  }
  if (count == 1) {
    replace(load, b_.CreateBitCast(load_part(part_type, address, Align(part)), type));
    return;
  }
  Value *all = PoisonValue::get(FixedVectorType::get(part_type, count));
  for (unsigned k = 0; k < count; ++k) {
    Value *at = b_.CreateConstGEP1_64(b_.getInt8Ty(), address, uint64_t{k} * part);
    all = b_.CreateInsertElement(all, load_part(part_type, at, Align(part)), uint64_t{k});
  }
  replace(load, b_.CreateBitCast(all, type));
}

void SharedRewrite::rewrite_call(CallInst &call) {
  Function *callee = call.getCalledFunction();
  if (callee && callee->getIntrinsicID() == Intrinsic::amdgcn_is_shared) {
    Value *address = b_.CreatePtrToInt(call.getArgOperand(0), b_.getInt64Ty());
    Value *start = b_.CreatePtrToInt(window(), b_.getInt64Ty());
    replace(call, b_.CreateICmpULT(b_.CreateSub(address, start), stride(), "in_window"));
    return;
  }
  StringRef name = callee_name(call);
  if (name == "w2w.sreg.total_smem_size" || name == "w2w.sreg.aggr_smem_size") {
    Value *dynamic = b_.CreateCall(function_.getParent()->getOrInsertFunction(
        "w2w.sreg.dynamic_smem_size", callee->getFunctionType(), callee->getAttributes()));
    replace(call, b_.CreateAdd(dynamic, ConstantInt::get(dynamic->getType(), layout_.bytes)));
    return;
  }
  if (any_of(call.args(), [](const Use &use) { return mentions_shared(use); }))
    internal_error(call);
}

void SharedRewrite::rewrite(Instruction &i) {
  b_.SetInsertPoint(&i);
  b_.SetCurrentDebugLocation(i.getDebugLoc());
  if (auto *call = dyn_cast<CallInst>(&i))
    return rewrite_call(*call);
  if (auto *load = dyn_cast<LoadInst>(&i); load && is_plain_generic(*load))
    return rewrite_load(*load);
  if (is_shared(i.getType())) {
    (void)offset_of(&i, i); // it goes, even if nothing uses it
    return;
  }
  if (none_of(i.operands(), [](const Use &use) { return mentions_shared(use); }))
    return;
  if (auto *load = dyn_cast<LoadInst>(&i))
    return rewrite_load(*load);
  auto set_pointer = [&](unsigned index) {
    i.setOperand(index, address_of(i.getOperand(index), i));
  };
  if (isa<StoreInst>(i) && !mentions_shared(i.getOperand(0)))
    return set_pointer(StoreInst::getPointerOperandIndex());
  if (isa<AtomicRMWInst>(i))
    return set_pointer(AtomicRMWInst::getPointerOperandIndex());
  if (isa<AtomicCmpXchgInst>(i))
    return set_pointer(AtomicCmpXchgInst::getPointerOperandIndex());
  if (auto *cast = dyn_cast<PtrToIntInst>(&i)) {
    Value *offset = offset_of(cast->getPointerOperand(), i);
    return replace(i, b_.CreateZExtOrTrunc(offset, i.getType()));
  }
  if (auto *cast = dyn_cast<AddrSpaceCastInst>(&i)) {
    Value *address = address_of(cast->getPointerOperand(), i);
    return replace(i, b_.CreateAddrSpaceCast(address, i.getType()));
  }
  internal_error(i);
}

void SharedRewrite::run() {
  SmallVector<Instruction *> all;
  for (Instruction &i : instructions(function_))
    all.push_back(&i);
  for (Instruction *i : all)
    rewrite(*i);
  for (Instruction *i : dead_)
    i->replaceAllUsesWith(PoisonValue::get(i->getType()));
  for (Instruction *i : dead_)
    i->eraseFromParent();
  if (!env_.errors.empty())
    return;
  for (Instruction &i : instructions(function_))
    if (is_shared(i.getType()) ||
        any_of(i.operands(), [](const Use &use) { return mentions_shared(use); }))
      internal_error(i);
}

} // namespace

bool move_shared_window(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  if (!env.shared_in_memory)
    return false;
  SmallVector<GlobalVariable *> variables;
  for (GlobalVariable &g : module.globals())
    if (g.getAddressSpace() == kSharedSpace)
      variables.push_back(&g);
  SmallVector<Constant *> constants(variables.begin(), variables.end());
  convertUsersOfConstantsToInstructions(constants);
  WindowLayout layout(module);
  env.window_bytes = uint32_t(layout.bytes);
  for (Function &f : module)
    if (!f.isDeclaration())
      SharedRewrite(f, layout, env).run();
  for (GlobalVariable *g : variables) {
    g->removeDeadConstantUsers();
    if (g->use_empty())
      g->eraseFromParent();
    else if (env.errors.empty())
      env.refuse(*module.begin(), "internal error: shared variable '" + g->getName().str() +
                                      "' has a use that can't be moved");
  }
  return true;
}

} // namespace w2w
