#include "lowering/passes/lower_runtime_calls.h"

#include "lowering/abi/launch_block.h"
#include "lowering/abi/printf_fifo.h"
#include "lowering/abi/status_word.h"
#include "lowering/passes/launch_block_access.h"
#include "lowering/passes/lower_traps.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace w2w {

using namespace llvm;

namespace {

constexpr unsigned kGlobalSpace = 1;
constexpr StringRef kPrinter = "w2w_vprintf";

/// What a printf format takes from its argument block.
struct Arguments {
  uint32_t bytes = 0; // at natural alignments, after C's promotions
  uint32_t count = 0;
};

Arguments arguments_of(StringRef format) {
  Arguments a;
  auto take = [&](uint32_t size) {
    a.bytes = (a.bytes + size - 1) / size * size + size;
    ++a.count;
  };
  for (size_t i = 0; i < format.size() && format[i]; ++i) {
    if (format[i] != '%')
      continue;
    ++i;
    while (i < format.size() && StringRef("-+ #0123456789.*").contains(format[i])) {
      if (format[i] == '*') {
        take(4);
        --a.count;
      }
      ++i;
    }
    bool is_long = false;
    while (i < format.size() && StringRef("hljztL").contains(format[i]))
      is_long |= format[i++] != 'h';
    if (i >= format.size() || !format[i])
      break;
    if (StringRef("diuoxXc").contains(format[i]))
      take(is_long ? 8 : 4);
    else if (StringRef("aAeEfFgGpsn").contains(format[i]))
      take(8);
  }
  return a;
}

/// Bytes to copy for one call, from its format string or the array that holds the arguments.
std::optional<Arguments> arguments_of(const CallInst &call) {
  auto *variable = dyn_cast<GlobalVariable>(call.getArgOperand(0)->stripPointerCasts());
  if (variable && variable->hasInitializer()) {
    if (auto *text = dyn_cast<ConstantDataSequential>(variable->getInitializer());
        text && text->isString())
      return arguments_of(text->getAsString());
    if (variable->getInitializer()->isNullValue())
      return Arguments{};
  }
  const Value *block = call.getArgOperand(1)->stripPointerCasts();
  if (isa<ConstantPointerNull>(block))
    return Arguments{};
  if (auto *array = dyn_cast<AllocaInst>(block))
    if (auto size = array->getAllocationSize(call.getDataLayout()))
      return Arguments{
          std::min(uint32_t(size->getFixedValue()) / 4 * 4, abi::kPrintfMostArgumentBytes), 0};
  return std::nullopt;
}

/// i32 w2w_vprintf(ptr format, ptr arguments, i32 dwords, i32 result): appends one record.
Function *printer(Module &module) {
  if (Function *f = module.getFunction(kPrinter))
    return f;
  LLVMContext &context = module.getContext();
  IRBuilder<> b(context);
  Type *i32 = b.getInt32Ty(), *i64 = b.getInt64Ty();
  PointerType *flat = b.getPtrTy(), *global = b.getPtrTy(kGlobalSpace);
  Function *f = Function::Create(FunctionType::get(i32, {flat, flat, i32, i32}, false),
                                 GlobalValue::InternalLinkage, kPrinter, module);
  f->addFnAttr(Attribute::NoInline);
  f->addFnAttr(Attribute::NoUnwind);
  Argument *format = f->getArg(0), *block = f->getArg(1), *dwords = f->getArg(2);
  auto make = [&](const char *name) { return BasicBlock::Create(context, name, f); };
  BasicBlock *entry = make("entry"), *look = make("look"), *reserve = make("reserve"),
             *full = make("full"), *head = make("head"), *copy = make("copy"),
             *publish = make("publish"), *none = make("none");

  b.SetInsertPoint(entry);
  Value *fifo = load_launch_field(b, offsetof(abi::LaunchBlock, printf_fifo), global, "fifo");
  auto field = [&](uint64_t offset) {
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), fifo, offset);
  };
  Value *words = b.CreateAdd(b.CreateZExt(b.CreateLShr(b.CreateAdd(dwords, b.getInt32(1)), 1), i64),
                             b.getInt64(2));
  b.CreateCondBr(b.CreateIsNull(fifo), none, look);

  b.SetInsertPoint(look);
  Value *size = b.CreateLoad(i64, field(offsetof(abi::PrintfFifo, words)), "size");
  LoadInst *at = b.CreateAlignedLoad(i64, field(offsetof(abi::PrintfFifo, write)), Align(8), "at");
  at->setAtomic(AtomicOrdering::Monotonic, context.getOrInsertSyncScopeID("agent"));
  LoadInst *read = b.CreateAlignedLoad(i64, field(offsetof(abi::PrintfFifo, read)), Align(8));
  read->setAtomic(AtomicOrdering::Acquire);
  Value *end = b.CreateAdd(at, words);
  b.CreateCondBr(b.CreateICmpUGT(b.CreateSub(end, read), size), full, reserve);

  b.SetInsertPoint(reserve);
  Value *swapped = b.CreateAtomicCmpXchg(field(offsetof(abi::PrintfFifo, write)), at, end, Align(8),
                                         AtomicOrdering::Monotonic, AtomicOrdering::Monotonic,
                                         context.getOrInsertSyncScopeID("agent"));
  b.CreateCondBr(b.CreateExtractValue(swapped, 1), head, look);

  b.SetInsertPoint(full);
  b.CreateAtomicRMW(AtomicRMWInst::Add, field(offsetof(abi::PrintfFifo, dropped)), b.getInt64(1),
                    Align(8), AtomicOrdering::Monotonic);
  b.CreateRet(b.getInt32(-1u));

  b.SetInsertPoint(head);
  auto word = [&](Value *position) {
    Value *index = b.CreateAnd(position, b.CreateSub(size, b.getInt64(1)));
    return b.CreateGEP(i64, field(sizeof(abi::PrintfFifo)), index);
  };
  b.CreateStore(b.CreatePtrToInt(format, i64), word(b.CreateAdd(at, b.getInt64(1))));
  b.CreateCondBr(b.CreateICmpEQ(dwords, b.getInt32(0)), publish, copy);

  b.SetInsertPoint(copy);
  PHINode *i = b.CreatePHI(i32, 2);
  Value *value = b.CreateAlignedLoad(i32, b.CreateGEP(i32, block, i), Align(4));
  Value *position =
      b.CreateAdd(b.CreateAdd(at, b.getInt64(2)), b.CreateZExt(b.CreateLShr(i, 1), i64));
  b.CreateStore(value, b.CreateGEP(i32, word(position), b.CreateAnd(i, 1)));
  Value *next = b.CreateAdd(i, b.getInt32(1));
  i->addIncoming(b.getInt32(0), head);
  i->addIncoming(next, copy);
  b.CreateCondBr(b.CreateICmpULT(next, dwords), copy, publish);

  b.SetInsertPoint(publish);
  StoreInst *commit = b.CreateAlignedStore(b.CreateOr(words, b.getInt64(abi::kPrintfCommitted)),
                                           word(at), Align(8));
  commit->setAtomic(AtomicOrdering::Release);
  b.CreateRet(f->getArg(3));

  b.SetInsertPoint(none);
  b.CreateRet(b.getInt32(-1u));
  return f;
}

void lower_vprintf(CallInst &call, PassEnv &env) {
  std::optional<Arguments> arguments = arguments_of(call);
  if (env.abi != KernelAbi::Runtime || !arguments) {
    env.refuse(call, arguments ? "printf needs warp2wave's runtime and can't be compiled ahead of "
                                 "time; run the program with `w2w run`, or remove the printf"
                               : "printf with a format string that is no constant is not "
                                 "supported");
    call.replaceAllUsesWith(PoisonValue::get(call.getType()));
    call.eraseFromParent();
    return;
  }
  IRBuilder<> b(&call);
  Value *result = b.CreateCall(printer(*call.getModule()),
                               {call.getArgOperand(0), call.getArgOperand(1),
                                b.getInt32(arguments->bytes / 4), b.getInt32(arguments->count)});
  call.replaceAllUsesWith(result);
  call.eraseFromParent();
}

/// A call of malloc or free becomes one of the device library's (lowering/devicelib/heap.cpp).
void lower_heap_call(CallInst &call, StringRef name, PassEnv &env) {
  if (env.abi != KernelAbi::Runtime) {
    env.refuse(call, name.str() + " needs warp2wave's runtime and can't be compiled ahead of time; "
                                  "run the program with `w2w run`, or allocate on the host");
    if (!call.getType()->isVoidTy())
      call.replaceAllUsesWith(PoisonValue::get(call.getType()));
    call.eraseFromParent();
    return;
  }
  IRBuilder<> b(&call);
  Type *i32 = b.getInt32Ty(), *i64 = b.getInt64Ty(), *global = b.getPtrTy(kGlobalSpace);
  Value *heap = load_launch_field(b, offsetof(abi::LaunchBlock, device_heap), global, "heap");
  Module &module = *call.getModule();
  if (name == "malloc") {
    FunctionCallee f = module.getOrInsertFunction("w2w_heap_malloc", i64, global, i64);
    Value *address = b.CreateCall(f, {heap, call.getArgOperand(0)});
    call.replaceAllUsesWith(b.CreateIntToPtr(address, call.getType()));
  } else {
    FunctionCallee f = module.getOrInsertFunction("w2w_heap_free", i32, global, i64);
    Value *address = b.CreatePtrToInt(call.getArgOperand(0), i64);
    Value *wrong = b.CreateIsNotNull(b.CreateCall(f, {heap, address}));
    Instruction *then = SplitBlockAndInsertIfThen(wrong, &call, /*Unreachable=*/true);
    b.SetInsertPoint(then);
    b.SetCurrentDebugLocation(call.getDebugLoc());
    Value *line = b.getInt32(call.getDebugLoc() ? call.getDebugLoc().getLine() : 0);
    build_failure(b, env, uint32_t(abi::StatusKind::HeapCorrupted), line,
                  ArrayRef<Value *>{address});
  }
  call.eraseFromParent();
}

} // namespace

bool lower_runtime_calls(Module &module, ModuleAnalysisManager &, PassEnv &env) {
  bool changed = false;
  for (CallInst *call : calls_of(module, "w2w.vprintf")) {
    lower_vprintf(*call, env);
    changed = true;
  }
  for (StringRef name : {"w2w.malloc", "w2w.free"})
    for (CallInst *call : calls_of(module, name)) {
      lower_heap_call(*call, name.drop_front(strlen("w2w.")), env);
      changed = true;
    }
  for (StringRef name : {"w2w.vprintf", "w2w.malloc", "w2w.free"})
    erase_unused_declarations(module, name);
  return changed;
}

} // namespace w2w
