// Asynchronous copies, stores and reductions, PTX ISA 9.7.9.12, 9.7.9.25, 9.7.13.7.
//
// They are done where they stand: no program can tell, since it may neither touch the source nor
// read the destination before it has waited. What waits by groups then has nothing to wait for, and
// an mbarrier hears of the bytes at once.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/mbarrier.h"
#include "lowering/emit/memory_order.h"

namespace w2w::emit {

using namespace llvm;

namespace {

constexpr unsigned kChunk = 16; // what bulk copies count in

Value *byte_pointer(FunctionEmitter &e, Value *base, Value *offset) {
  return e.b.CreateGEP(e.b.getInt8Ty(), base, e.b.CreateZExt(offset, e.b.getInt64Ty()));
}

/// Emits a loop around `body`, which gets 0, 1, and so on below `count`, as i32.
template <typename Body> void for_each(FunctionEmitter &e, Value *count, Body body) {
  IRBuilder<> &b = e.b;
  BasicBlock *before = b.GetInsertBlock(), *loop = e.new_block("each"), *done = e.new_block("done");
  b.CreateCondBr(b.CreateIsNull(count), done, loop);
  b.SetInsertPoint(loop);
  PHINode *k = b.CreatePHI(b.getInt32Ty(), 2);
  body(k);
  Value *next = b.CreateAdd(k, b.getInt32(1));
  k->addIncoming(b.getInt32(0), before);
  k->addIncoming(next, b.GetInsertBlock());
  b.CreateCondBr(b.CreateICmpULT(next, count), loop, done);
  b.SetInsertPoint(done);
}

/// Emits `body` for threads of which the condition holds.
template <typename Body> void only_if(FunctionEmitter &e, Value *condition, Body body) {
  BasicBlock *then = e.new_block("then"), *next = e.new_block("next");
  e.b.CreateCondBr(condition, then, next);
  e.b.SetInsertPoint(then);
  body();
  e.b.CreateBr(next);
  e.b.SetInsertPoint(next);
}

// --- cp.async

/// 4, 8 or 16 bytes, as one load and one store move them.
llvm::Type *unit_type(FunctionEmitter &e, unsigned size) {
  llvm::Type *word = e.b.getInt32Ty();
  return size == 4 ? word : FixedVectorType::get(word, size / 4);
}

/// The first `count` bytes, zeros behind them; no byte beyond is read.
Value *load_first(FunctionEmitter &e, Value *source, Value *count, unsigned size) {
  IRBuilder<> &b = e.b;
  IntegerType *bits = e.int_type(8 * size);
  llvm::Type *unit = unit_type(e, size);
  BasicBlock *whole = e.new_block("whole"), *part = e.new_block("part"),
             *both = e.new_block("both");
  b.CreateCondBr(b.CreateICmpUGE(count, b.getInt32(size)), whole, part);
  b.SetInsertPoint(whole);
  Value *all = b.CreateAlignedLoad(unit, source, Align(size));
  b.CreateBr(both);
  b.SetInsertPoint(part);
  PHINode *sum = nullptr;
  Value *next = nullptr;
  for_each(e, count, [&](PHINode *k) {
    sum = b.CreatePHI(bits, 2);
    Value *byte = b.CreateAlignedLoad(b.getInt8Ty(), byte_pointer(e, source, k), Align(1));
    Value *place = b.CreateZExt(b.CreateShl(k, 3), bits);
    next = b.CreateOr(sum, b.CreateShl(b.CreateZExt(byte, bits), place));
    sum->addIncoming(ConstantInt::get(bits, 0), part);
    sum->addIncoming(next, b.GetInsertBlock());
  });
  PHINode *bytes = b.CreatePHI(bits, 2);
  bytes->addIncoming(ConstantInt::get(bits, 0), part);
  bytes->addIncoming(next, sum->getParent());
  Value *first = b.CreateBitCast(bytes, unit);
  BasicBlock *padded = b.GetInsertBlock();
  b.CreateBr(both);
  b.SetInsertPoint(both);
  PHINode *result = b.CreatePHI(unit, 2);
  result->addIncoming(all, whole);
  result->addIncoming(first, padded);
  return result;
}

/// Nothing of the source where `ignored` holds.
Value *load_unless(FunctionEmitter &e, Value *source, Value *ignored, unsigned size) {
  llvm::Type *unit = unit_type(e, size);
  Value *all = nullptr;
  BasicBlock *before = e.b.GetInsertBlock(), *loaded = nullptr;
  only_if(e, e.b.CreateNot(ignored), [&] {
    all = e.b.CreateAlignedLoad(unit, source, Align(size));
    loaded = e.b.GetInsertBlock();
  });
  PHINode *result = e.b.CreatePHI(unit, 2);
  result->addIncoming(Constant::getNullValue(unit), before);
  result->addIncoming(all, loaded);
  return result;
}

/// cp.async [dst], [src], size {, src-size | ignore-src} {, cache-policy}
void emit_small_copy(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *to = e.memory(i.operand(0), StateSpace::Shared).pointer;
  Value *from = e.memory(i.operand(1), StateSpace::Global).pointer;
  auto size = static_cast<unsigned>(i.operand(2).imm);
  Value *v = nullptr;
  if (i.operands.size() - (i.has(Mod::L2_cache_hint) ? 1 : 0) == 3) {
    v = b.CreateAlignedLoad(unit_type(e, size), from, Align(size));
  } else {
    const Operand &op = i.operand(3);
    bool ignores = op.kind == Operand::Kind::Register && op.reg->type == Type::Pred;
    v = ignores ? load_unless(e, from, e.read(op, Type::Pred), size)
                : load_first(e, from, e.read(op, Type::U32), size);
  }
  b.CreateAlignedStore(v, to, Align(size));
}

// --- Bulk copies

void copy_chunks(FunctionEmitter &e, Value *to, Value *from, unsigned chunks) {
  auto *type = FixedVectorType::get(e.b.getInt32Ty(), kChunk / 4);
  SmallVector<Value *, 4> values;
  for (unsigned k = 0; k < chunks; ++k)
    values.push_back(e.b.CreateAlignedLoad(
        type, e.b.CreateConstGEP1_64(e.b.getInt8Ty(), from, uint64_t{k} * kChunk), Align(kChunk)));
  for (unsigned k = 0; k < chunks; ++k)
    e.b.CreateAlignedStore(values[k],
                           e.b.CreateConstGEP1_64(e.b.getInt8Ty(), to, uint64_t{k} * kChunk),
                           Align(kChunk));
}

void copy(FunctionEmitter &e, Value *to, Value *from, Value *size) {
  IRBuilder<> &b = e.b;
  constexpr unsigned kAtOnce = 4;
  Value *blocks = b.CreateUDiv(size, b.getInt32(kAtOnce * kChunk));
  auto run = [&](Value *start, Value *count, unsigned chunks) {
    for_each(e, count, [&](Value *k) {
      Value *offset = b.CreateAdd(start, b.CreateMul(k, b.getInt32(chunks * kChunk)));
      copy_chunks(e, byte_pointer(e, to, offset), byte_pointer(e, from, offset), chunks);
    });
  };
  run(b.getInt32(0), blocks, kAtOnce);
  Value *done = b.CreateMul(blocks, b.getInt32(kAtOnce * kChunk));
  run(done, b.CreateUDiv(b.CreateSub(size, done), b.getInt32(kChunk)), 1);
}

/// Of each 16 bytes those whose bit is set in the mask.
void copy_masked(FunctionEmitter &e, Value *to, Value *from, Value *size, Value *mask) {
  IRBuilder<> &b = e.b;
  for_each(e, size, [&](Value *k) {
    Value *bit = b.CreateLShr(b.CreateZExt(mask, b.getInt32Ty()), b.CreateAnd(k, kChunk - 1));
    only_if(e, b.CreateTrunc(bit, b.getInt1Ty()), [&] {
      Value *byte = b.CreateAlignedLoad(b.getInt8Ty(), byte_pointer(e, from, k), Align(1));
      b.CreateAlignedStore(byte, byte_pointer(e, to, k), Align(1));
    });
  });
}

/// Each element by an operation of its own, relaxed and of scope .gpu.
void reduce(FunctionEmitter &e, const Instruction &i, Value *to, Value *from, Value *size) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned bytes = ptx::bytes(t);
  AtomicRMWInst::BinOp op = atomic_operation(i, t);
  for_each(e, b.CreateUDiv(size, b.getInt32(bytes)), [&](Value *k) {
    Value *offset = b.CreateMul(k, b.getInt32(bytes));
    Value *v =
        b.CreateAlignedLoad(e.int_type(8 * bytes), byte_pointer(e, from, offset), Align(bytes));
    if (AtomicRMWInst::isFPOperation(op))
      v = e.to_value(v, t);
    b.CreateAtomicRMW(op, byte_pointer(e, to, offset), v, Align(bytes), AtomicOrdering::Monotonic,
                      b.getContext().getOrInsertSyncScopeID("agent"));
  });
}

/// Ends the launch in error if PTX does not define the copy.
void check_alignment(FunctionEmitter &e, Value *to, Value *from, Value *size) {
  IRBuilder<> &b = e.b;
  Value *to_address = e.pointer_to_int64(to), *from_address = e.pointer_to_int64(from);
  Value *bits =
      b.CreateOr(b.CreateTrunc(b.CreateOr(to_address, from_address), b.getInt32Ty()), size);
  BasicBlock *bad = e.new_block("misaligned"), *good = e.new_block("aligned");
  b.CreateCondBr(b.CreateIsNull(b.CreateAnd(bits, kChunk - 1)), good, bad);
  b.SetInsertPoint(bad);
  e.call_w2w("w2w.misaligned_copy", b.getVoidTy(),
             {to_address, from_address, size, b.getInt32(e.line())}, W2wKind::NoReturn);
  b.CreateUnreachable();
  b.SetInsertPoint(good);
}

/// cp.async.bulk and cp.reduce.async.bulk [dst], [src], size, and then [mbar] {, cta-mask}, or
/// nothing; {, cache-policy} {, byte-mask}
void emit_bulk_copy(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  bool signals = i.has(Mod::mbarrier_complete_tx_bytes);
  StateSpace target = signals ? StateSpace::Shared : StateSpace::Global;
  StateSpace source = signals && i.has(Mod::global) ? StateSpace::Global : StateSpace::Shared;
  Value *to = e.memory(i.operand(0), target).pointer;
  Value *from = e.memory(i.operand(1), source).pointer;
  Value *size = e.read(i.operand(2), Type::U32);
  check_alignment(e, to, from, size);
  auto run = [&] {
    if (i.has(Mod::reduce))
      reduce(e, i, to, from, size);
    else if (i.has(Mod::cp_mask))
      copy_masked(e, to, from, size, e.read(i.operands.back(), Type::U16));
    else
      copy(e, to, from, size);
    if (signals)
      complete_transactions(e, shared_pointer(e, i.operand(3), StateSpace::Shared), size,
                            AtomicOrdering::Release);
  };
  if (!i.has(Mod::multicast_cluster))
    return run();
  // The cluster's only CTA has bit 0.
  Value *mask = e.read(i.operand(4), Type::U16);
  only_if(e, b.CreateTrunc(mask, b.getInt1Ty()), run);
}

/// Of groups none is ever pending; a prefetch is only a hint.
void emit_copy(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::commit_group) || i.has(Mod::wait_group) || i.has(Mod::wait_all) ||
      i.has(Mod::prefetch))
    return;
  if (i.has(Mod::bulk))
    return emit_bulk_copy(e, i);
  emit_small_copy(e, i);
}

// --- st.async and red.async that an mbarrier hears of

/// [a], b, [mbar]
void emit_signalling(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned n = FunctionEmitter::element_count(i.operand(1)), bytes = ptx::bytes(t);
  StateSpace space = space_of(i);
  Value *to = shared_pointer(e, i.operand(0), space);
  if (i.opcode == Opcode::red) {
    b.CreateAtomicRMW(atomic_operation(i, t), to, e.read(i.operand(1), t), Align(bytes),
                      AtomicOrdering::Monotonic,
                      b.getContext().getOrInsertSyncScopeID("workgroup"));
  } else {
    Value *all = PoisonValue::get(FixedVectorType::get(e.int_type(8 * bytes), n));
    for (unsigned k = 0; k < n; ++k)
      all = b.CreateInsertElement(all, e.read(FunctionEmitter::element(i.operand(1), k), t), k);
    b.CreateAlignedStore(all, to, Align(uint64_t{n} * bytes));
  }
  complete_transactions(e, shared_pointer(e, i.operand(2), space), b.getInt32(n * bytes),
                        AtomicOrdering::Release);
}

} // namespace

std::span<const EmitterRow> async_copy_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::cp, emit_copy, is_copy_without_tensor_form},
      {Opcode::st, emit_signalling, signals_mbarrier_form},
      {Opcode::red, emit_signalling, signals_mbarrier_form},
  };
  return rows;
}

} // namespace w2w::emit
