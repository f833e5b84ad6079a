// Loads, stores and cache control, PTX ISA 9.7.9.8 to .13 and .15 to .18.
#include "lowering/emit/memory_order.h"

#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

StateSpace space_of(const Instruction &i) {
  if (i.has(Mod::global))
    return StateSpace::Global;
  if (i.has(Mod::shared) || i.has(Mod::shared_cta) || i.has(Mod::shared_cluster))
    return StateSpace::Shared;
  if (i.has(Mod::local))
    return StateSpace::Local;
  if (i.has(Mod::const_))
    return StateSpace::Const;
  if (i.has(Mod::param) || i.has(Mod::param_entry) || i.has(Mod::param_func))
    return StateSpace::Param;
  return StateSpace::None;
}

SyncScope::ID scope_of(FunctionEmitter &e, const Instruction &i, bool none_is_gpu) {
  auto id = [&](StringRef name) { return e.b.getContext().getOrInsertSyncScopeID(name); };
  if (i.has(Mod::cta))
    return id("workgroup");
  // No target has clusters of more than one CTA that we use, so a cluster is at most the device.
  if (i.has(Mod::cluster) || i.has(Mod::gpu) || i.has(Mod::gl))
    return id("agent");
  if (i.has(Mod::sys))
    return SyncScope::System;
  return none_is_gpu ? id("agent") : static_cast<SyncScope::ID>(SyncScope::System);
}

namespace {

/// How one access is made.
struct Access {
  bool is_volatile = false;
  bool nontemporal = false;
  AtomicOrdering order = AtomicOrdering::NotAtomic;
  SyncScope::ID scope = SyncScope::System;
};

Access access_of(FunctionEmitter &e, const Instruction &i, StateSpace space) {
  Access a;
  a.nontemporal = i.has(Mod::cs) || i.has(Mod::lu);
  // Thread-private and constant memory: nobody else can tell.
  bool shareable =
      space == StateSpace::None || space == StateSpace::Global || space == StateSpace::Shared;
  // .volatile is .relaxed.sys that may not be left out (9.7.9.8); .cv and .mmio likewise, but for
  // st.async.mmio.release.
  if (i.has(Mod::volatile_) || i.has(Mod::mmio) || i.has(Mod::cv)) {
    a.is_volatile = true;
    if (shareable)
      a.order = i.has(Mod::release) ? AtomicOrdering::Release : AtomicOrdering::Monotonic;
    return a;
  }
  if (!shareable)
    return a;
  if (i.has(Mod::relaxed))
    a.order = AtomicOrdering::Monotonic;
  else if (i.has(Mod::acquire))
    a.order = AtomicOrdering::Acquire;
  else if (i.has(Mod::release))
    a.order = AtomicOrdering::Release;
  else
    return a;
  a.scope = scope_of(e, i, false);
  return a;
}

/// Strong accesses (8.2.2) that LLVM's atomics cannot do, which end at 64 bits: 128 bits are one
/// access, a vector is one per element in any order, but up to 16 bytes arrive at once on every
/// GPU, and CUB's decoupled look-back passes a flag and its value so. Both are volatile vectors of
/// at most 16 bytes, the one instruction past all caches, with a fence for acquire and release.
bool at_once(const Access &a, unsigned n, unsigned size) {
  return a.order != AtomicOrdering::NotAtomic && (n > 1 || size > 8);
}

/// What one such instruction moves of n elements of `size` bytes.
struct Piece {
  unsigned elements;
  FixedVectorType *type;
  Align align;
};

Piece piece_of(FunctionEmitter &e, unsigned n, unsigned size) {
  unsigned elements = std::min(n, 16 / size);
  auto *type = size > 8 ? FixedVectorType::get(e.b.getInt32Ty(), size / 4)
                        : FixedVectorType::get(e.int_type(8 * size), elements);
  return {elements, type, Align(uint64_t{elements} * size)};
}

Value *element_pointer(FunctionEmitter &e, Value *pointer, uint64_t offset) {
  return offset ? e.b.CreateConstGEP1_64(e.b.getInt8Ty(), pointer, offset) : pointer;
}

void mark_nontemporal(FunctionEmitter &e, llvm::Instruction *i) {
  i->setMetadata(LLVMContext::MD_nontemporal,
                 MDNode::get(e.b.getContext(), ConstantAsMetadata::get(e.b.getInt32(1))));
}

/// Bytes of a kernel parameter that came as an argument.
Value *slice(FunctionEmitter &e, const MemoryRef &ref, unsigned offset, unsigned bits) {
  Value *v = ref.direct;
  uint64_t shift = 8 * (ref.offset + offset);
  if (shift)
    v = e.b.CreateLShr(v, shift);
  return e.b.CreateZExtOrTrunc(v, e.int_type(bits));
}

void load_at_once(FunctionEmitter &e, Value *pointer, const Operand &d, Type t, const Access &a) {
  IRBuilder<> &b = e.b;
  unsigned n = FunctionEmitter::element_count(d), size = ptx::bytes(t);
  Piece piece = piece_of(e, n, size);
  SmallVector<Value *, 8> values;
  for (unsigned k = 0; k < n; k += piece.elements) {
    LoadInst *load = b.CreateAlignedLoad(
        piece.type, element_pointer(e, pointer, uint64_t{k} * size), piece.align, true);
    if (a.nontemporal)
      mark_nontemporal(e, load);
    for (unsigned j = 0; j < piece.elements; ++j)
      values.push_back(size > 8 ? b.CreateBitCast(load, e.int_type(8 * size))
                                : b.CreateExtractElement(load, j));
  }
  if (a.order == AtomicOrdering::Acquire)
    b.CreateFence(a.order, a.scope);
  for (unsigned k = 0; k < n; ++k)
    e.write(FunctionEmitter::element(d, k), values[k], t);
}

void store_at_once(FunctionEmitter &e, Value *pointer, const Operand &s, Type t, const Access &a) {
  IRBuilder<> &b = e.b;
  unsigned n = FunctionEmitter::element_count(s), size = ptx::bytes(t);
  Piece piece = piece_of(e, n, size);
  if (a.order == AtomicOrdering::Release)
    b.CreateFence(a.order, a.scope);
  for (unsigned k = 0; k < n; k += piece.elements) {
    Value *all = PoisonValue::get(piece.type);
    for (unsigned j = 0; j < piece.elements; ++j) {
      Value *v = e.read(FunctionEmitter::element(s, k + j), t);
      all = b.CreateInsertElement(all, v, j);
    }
    StoreInst *store = b.CreateAlignedStore(all, element_pointer(e, pointer, uint64_t{k} * size),
                                            piece.align, true);
    if (a.nontemporal)
      mark_nontemporal(e, store);
  }
}

void emit_load(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  const Operand &d = i.operand(0);
  unsigned n = FunctionEmitter::element_count(d), size = ptx::bytes(t);
  MemoryRef ref = e.memory(i.operand(1), space_of(i));
  if (ref.direct) {
    for (unsigned k = 0; k < n; ++k)
      e.write(FunctionEmitter::element(d, k), slice(e, ref, k * size, 8 * size), t);
    return;
  }
  Access a = access_of(e, i, ref.space);
  llvm::Type *element = e.int_type(8 * size);
  if (at_once(a, n, size)) {
    load_at_once(e, ref.pointer, d, t, a);
    return;
  }
  if (n == 1) {
    LoadInst *load = b.CreateAlignedLoad(element, ref.pointer, Align(size), a.is_volatile);
    load->setAtomic(a.order, a.scope);
    if (a.nontemporal)
      mark_nontemporal(e, load);
    e.write(FunctionEmitter::element(d, 0), load, t);
    return;
  }
  LoadInst *load = b.CreateAlignedLoad(FixedVectorType::get(element, n), ref.pointer,
                                       Align(PowerOf2Ceil(uint64_t{n} * size)), a.is_volatile);
  if (a.nontemporal)
    mark_nontemporal(e, load);
  for (unsigned k = 0; k < n; ++k)
    e.write(FunctionEmitter::element(d, k), b.CreateExtractElement(load, k), t);
}

void emit_store(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  const Operand &s = i.operand(1);
  unsigned n = FunctionEmitter::element_count(s), size = ptx::bytes(t);
  MemoryRef ref = e.memory(i.operand(0), space_of(i));
  if (ref.direct) {
    e.error(i, "kernel parameters cannot be stored to");
    return;
  }
  Access a = access_of(e, i, ref.space);
  if (at_once(a, 1, size)) {
    // It must not come between the two accesses of an atomic operation: expand_wide_atomics.
    StoreInst *store = b.CreateAlignedStore(e.read(FunctionEmitter::element(s, 0), t), ref.pointer,
                                            Align(size), a.is_volatile);
    store->setAtomic(a.order, a.scope);
    return;
  }
  if (at_once(a, n, size)) {
    store_at_once(e, ref.pointer, s, t, a);
    return;
  }
  if (n == 1) {
    StoreInst *store = b.CreateAlignedStore(e.read(FunctionEmitter::element(s, 0), t), ref.pointer,
                                            Align(size), a.is_volatile);
    store->setAtomic(a.order, a.scope);
    if (a.nontemporal)
      mark_nontemporal(e, store);
    return;
  }
  Value *all = PoisonValue::get(FixedVectorType::get(e.int_type(8 * size), n));
  for (unsigned k = 0; k < n; ++k)
    all = b.CreateInsertElement(all, e.read(FunctionEmitter::element(s, k), t), k);
  StoreInst *store = b.CreateAlignedStore(all, ref.pointer, Align(PowerOf2Ceil(uint64_t{n} * size)),
                                          a.is_volatile);
  if (a.nontemporal)
    mark_nontemporal(e, store);
}

/// st.bulk: `size` zero bytes, a multiple of 8.
void emit_bulk_store(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *start = e.memory(i.operand(0), space_of(i)).pointer;
  Value *words = b.CreateLShr(e.read(i.operand(1), Type::U64), 3);
  BasicBlock *before = b.GetInsertBlock(), *loop = e.new_block("bulk"), *done = e.new_block("next");
  b.CreateCondBr(b.CreateIsNull(words), done, loop);
  b.SetInsertPoint(loop);
  PHINode *k = b.CreatePHI(b.getInt64Ty(), 2);
  b.CreateAlignedStore(b.getInt64(0), b.CreateGEP(b.getInt64Ty(), start, k), Align(8));
  Value *next = b.CreateAdd(k, b.getInt64(1));
  k->addIncoming(b.getInt64(0), before);
  k->addIncoming(next, loop);
  b.CreateCondBr(b.CreateICmpULT(next, words), loop, done);
  b.SetInsertPoint(done);
}

/// Hints: prefetch, prefetchu, applypriority. discard leaves the bytes undefined, so leaving them
/// alone is right too.
void emit_nothing(FunctionEmitter &, const Instruction &) {}

/// A cache policy is opaque and only ever a hint.
void emit_createpolicy(FunctionEmitter &e, const Instruction &i) {
  e.write(i.operand(0), e.b.getInt64(0), Type::B64);
}

} // namespace

std::span<const EmitterRow> memory_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::ld, emit_load},
      {Opcode::ldu, emit_load},
      {Opcode::st, emit_bulk_store, is_bulk_form},
      {Opcode::st, emit_store, completes_by_itself_form},
      {Opcode::prefetch, emit_nothing},
      {Opcode::prefetchu, emit_nothing},
      {Opcode::applypriority, emit_nothing},
      {Opcode::discard, emit_nothing},
      {Opcode::createpolicy, emit_createpolicy},
  };
  return rows;
}

} // namespace w2w::emit
