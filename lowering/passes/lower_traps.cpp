#include "lowering/passes/lower_traps.h"

#include "lowering/abi/launch_block.h"
#include "lowering/abi/status_word.h"
#include "lowering/passes/launch_block_access.h"

#include "llvm/IR/IntrinsicsAMDGPU.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kGlobalSpace = 1;
constexpr StringRef kRecorder = "w2w_record_failure";

constexpr unsigned kDimensions = 3;
constexpr const char *kDimension[kDimensions] = {"x", "y", "z"};
/// A thread's coordinates in its block are packed into a word.
constexpr unsigned kCoordinateBits = 10;

Value *special(IRBuilderBase &b, const std::string &name) {
  Module &module = *b.GetInsertBlock()->getModule();
  return b.CreateCall(module.getOrInsertFunction("w2w.sreg." + name, b.getInt32Ty()));
}

/// void w2w_record_failure(i32 kind, i32 line, i64 x 4, i32 thread): one copy per module, out of
/// line, since it is big and never hot. Its caller says which thread it is, so that it wants no
/// register of the calling convention beyond those of its arguments (passes/bound_registers).
Function *recorder(Module &module) {
  if (Function *f = module.getFunction(kRecorder))
    return f;
  LLVMContext &context = module.getContext();
  IRBuilder<> b(context);
  Type *i32 = b.getInt32Ty(), *i64 = b.getInt64Ty();
  auto *type = FunctionType::get(b.getVoidTy(), {i32, i32, i64, i64, i64, i64, i32}, false);
  Function *f = Function::Create(type, GlobalValue::InternalLinkage, kRecorder, module);
  f->addFnAttr(Attribute::NoInline);
  f->addFnAttr(Attribute::Cold);
  f->addFnAttr(Attribute::NoUnwind);
  f->addFnAttr(Attribute::Convergent);
  for (const char *d : kDimension)
    f->addFnAttr(std::string("amdgpu-no-workitem-id-") + d);
  BasicBlock *entry = BasicBlock::Create(context, "entry", f);
  BasicBlock *claim = BasicBlock::Create(context, "claim", f);
  BasicBlock *write = BasicBlock::Create(context, "write", f);
  BasicBlock *end = BasicBlock::Create(context, "end", f);

  b.SetInsertPoint(entry);
  Value *status =
      load_launch_field(b, offsetof(abi::LaunchBlock, status), b.getPtrTy(kGlobalSpace), "status");
  b.CreateCondBr(b.CreateIsNotNull(status), claim, end);

  b.SetInsertPoint(claim);
  auto at = [&](uint64_t offset) {
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), status, offset);
  };
  Value *kind = at(offsetof(abi::Status, kind));
  Value *claimed = b.CreateAtomicCmpXchg(kind, b.getInt32(uint32_t(abi::StatusKind::None)),
                                         b.getInt32(uint32_t(abi::StatusKind::Claimed)), Align(4),
                                         AtomicOrdering::Monotonic, AtomicOrdering::Monotonic);
  b.CreateCondBr(b.CreateExtractValue(claimed, 1), write, end);

  b.SetInsertPoint(write);
  b.CreateStore(f->getArg(1), at(offsetof(abi::Status, line)));
  for (unsigned d = 0; d < kDimensions; ++d) {
    b.CreateStore(special(b, std::string("ctaid.") + kDimension[d]),
                  at(offsetof(abi::Status, block) + 4 * d));
    Value *coordinate =
        b.CreateAnd(b.CreateLShr(f->getArg(6), d * kCoordinateBits), (1u << kCoordinateBits) - 1);
    b.CreateStore(coordinate, at(offsetof(abi::Status, thread) + 4 * d));
  }
  for (unsigned i = 0; i < 4; ++i)
    b.CreateStore(f->getArg(2 + i), at(offsetof(abi::Status, detail) + 8 * i));
  StoreInst *publish = b.CreateAlignedStore(f->getArg(0), kind, Align(4));
  publish->setAtomic(AtomicOrdering::Release);
  b.CreateBr(end);

  b.SetInsertPoint(end);
  b.CreateRetVoid();
  return f;
}

/// Cuts the block at `call`: the wave ends there.
void end_block(CallInst &call) {
  changeToUnreachable(&call);
}

} // namespace

bool records_failures(const Function &function) {
  return function.getName() == kRecorder;
}

void build_failure(IRBuilderBase &b, const PassEnv &env, uint32_t kind, Value *line,
                   std::span<Value *const> details) {
  Module &module = *b.GetInsertBlock()->getModule();
  if (env.abi == KernelAbi::Runtime) {
    SmallVector<Value *> arguments{b.getInt32(kind), line};
    for (unsigned i = 0; i < 4; ++i) {
      Value *v = i < details.size() ? details[i] : b.getInt64(0);
      if (v->getType()->isPointerTy())
        v = b.CreatePtrToInt(v, b.getInt64Ty());
      arguments.push_back(b.CreateZExtOrTrunc(v, b.getInt64Ty()));
    }
    Value *thread = b.getInt32(0);
    for (unsigned d = 0; d < kDimensions; ++d)
      thread = b.CreateOr(thread, b.CreateShl(special(b, std::string("tid.") + kDimension[d]),
                                              d * kCoordinateBits));
    arguments.push_back(thread);
    b.CreateCall(recorder(module), arguments);
  } else {
    Value *null = b.CreateIntToPtr(b.getInt64(0), b.getPtrTy(kGlobalSpace));
    b.CreateStore(b.getInt32(kind), null, /*isVolatile=*/true);
  }
  b.CreateIntrinsic(Intrinsic::amdgcn_endpgm, {});
}

bool lower_traps(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  IRBuilder<> b(module.getContext());
  bool changed = false;
  auto lower = [&](StringRef name, abi::StatusKind kind, auto line, auto details) {
    for (CallInst *call : calls_of(module, name)) {
      b.SetInsertPoint(call);
      b.SetCurrentDebugLocation(call->getDebugLoc());
      SmallVector<Value *, 4> list = details(*call);
      build_failure(b, env, uint32_t(kind), line(*call), list);
      end_block(*call);
      changed = true;
    }
    erase_unused_declarations(module, name);
  };
  auto none = [](CallInst &) { return SmallVector<Value *, 4>{}; };
  lower("w2w.trap", abi::StatusKind::Trap, [](CallInst &c) { return c.getArgOperand(0); }, none);
  lower(
      "w2w.brkpt", abi::StatusKind::Breakpoint,
      [&](CallInst &c) -> Value * {
        return b.getInt32(c.getDebugLoc() ? c.getDebugLoc().getLine() : 0);
      },
      none);
  // void __assertfail(message, file, line, function, charSize)
  lower(
      "w2w.assertfail", abi::StatusKind::AssertFailed,
      [](CallInst &c) { return c.getArgOperand(2); },
      [](CallInst &c) {
        return SmallVector<Value *, 4>{c.getArgOperand(0), c.getArgOperand(1), c.getArgOperand(3),
                                       c.getArgOperand(4)};
      });
  // devicelib: w2w_image_fault(handle, cause, detail, line)
  lower(
      "w2w_image_fault", abi::StatusKind::ImageFault,
      [](CallInst &c) { return c.getArgOperand(3); },
      [](CallInst &c) {
        return SmallVector<Value *, 4>{c.getArgOperand(0), c.getArgOperand(1), c.getArgOperand(2)};
      });
  // void w2w.misaligned_copy(destination, source, size, line)
  lower(
      "w2w.misaligned_copy", abi::StatusKind::MisalignedCopy,
      [](CallInst &c) { return c.getArgOperand(3); },
      [](CallInst &c) {
        return SmallVector<Value *, 4>{c.getArgOperand(0), c.getArgOperand(1), c.getArgOperand(2)};
      });
  return changed;
}

} // namespace w2w
