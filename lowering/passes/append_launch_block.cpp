#include "lowering/passes/append_launch_block.h"

#include "lowering/abi/launch_block.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr StringRef kAppended = "w2w-launch-block";
constexpr unsigned kConstantSpace = 4;

void append(Function &kernel) {
  LLVMContext &context = kernel.getContext();
  SmallVector<Type *> types(kernel.getFunctionType()->params());
  types.push_back(PointerType::get(context, kConstantSpace));
  auto *type = FunctionType::get(kernel.getReturnType(), types, false);
  Function *replacement = move_body(kernel, type);
  kernel.replaceAllUsesWith(replacement);
  kernel.eraseFromParent();

  Argument *block = replacement->getArg(types.size() - 1);
  block->setName(abi::kLaunchBlockArgument);
  AttrBuilder attributes(context);
  attributes.addAttribute(Attribute::NoAlias)
      .addAttribute(Attribute::NoUndef)
      .addAttribute(Attribute::ReadOnly)
      .addAlignmentAttr(Align(8))
      .addDereferenceableAttr(sizeof(abi::LaunchBlock));
  block->addAttrs(attributes);
  replacement->addFnAttr(kAppended);
  replacement->addFnAttr("amdgpu-implicitarg-num-bytes", "0");
}

} // namespace

bool append_launch_block(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  if (env.abi != KernelAbi::Runtime)
    return false;
  SmallVector<Function *> kernels;
  for (Function &f : module)
    if (is_kernel(f) && !f.hasFnAttribute(kAppended))
      kernels.push_back(&f);
  for (Function *kernel : kernels)
    append(*kernel);
  return !kernels.empty();
}

Value *launch_block(IRBuilderBase &builder) {
  Function &function = *builder.GetInsertBlock()->getParent();
  if (function.hasFnAttribute(kAppended))
    return function.getArg(function.arg_size() - 1);
  auto *pointer = PointerType::get(builder.getContext(), kConstantSpace);
  Value *end = builder.CreateIntrinsic(Intrinsic::amdgcn_implicitarg_ptr, {});
  Value *slot = builder.CreateConstGEP1_64(builder.getInt8Ty(), end, -8);
  LoadInst *block = builder.CreateAlignedLoad(pointer, slot, Align(8), "launch_block");
  block->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(builder.getContext(), {}));
  return block;
}

Value *load_launch_field(IRBuilderBase &builder, uint64_t offset, Type *type, const Twine &name) {
  Value *address =
      builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), launch_block(builder), offset);
  const DataLayout &layout = builder.GetInsertBlock()->getModule()->getDataLayout();
  Align align = std::min(Align(8), commonAlignment(Align(8), offset));
  align = std::min(align, layout.getABITypeAlign(type));
  LoadInst *load = builder.CreateAlignedLoad(type, address, align, name);
  load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(builder.getContext(), {}));
  return load;
}

std::optional<uint64_t> launch_field(const Value &value) {
  auto *load = dyn_cast<LoadInst>(&value);
  if (!load)
    return std::nullopt;
  const DataLayout &layout = load->getDataLayout();
  auto strip = [&](const Value *pointer, int64_t &offset) {
    APInt sum(layout.getIndexTypeSizeInBits(pointer->getType()), 0);
    const Value *base = pointer->stripAndAccumulateConstantOffsets(layout, sum, true);
    offset = sum.getSExtValue();
    return base;
  };
  int64_t field = 0, slot = 0;
  const Value *block = strip(load->getPointerOperand(), field);
  const Function &function = *load->getFunction();
  bool known = false;
  if (function.hasFnAttribute(kAppended)) {
    known = block == function.getArg(function.arg_size() - 1);
  } else if (auto *argument = dyn_cast<LoadInst>(block)) {
    auto *end = dyn_cast<IntrinsicInst>(strip(argument->getPointerOperand(), slot));
    known = end && end->getIntrinsicID() == Intrinsic::amdgcn_implicitarg_ptr && slot == -8;
  }
  return known && field >= 0 ? std::optional(static_cast<uint64_t>(field)) : std::nullopt;
}

} // namespace w2w
