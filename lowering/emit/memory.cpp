// Loads, stores and cache control, PTX ISA 9.7.9.8 to .11 and .15 to .18.
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
  // .volatile is .relaxed.sys that may not be left out (9.7.9.8); .cv and .mmio likewise.
  if (i.has(Mod::volatile_) || i.has(Mod::mmio) || i.has(Mod::cv)) {
    a.is_volatile = true;
    if (shareable)
      a.order = AtomicOrdering::Monotonic;
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

/// A vector is an atomic access per element in any order (8.2.2), but up to 16 bytes arrive at once
/// on every GPU, and CUB's decoupled look-back passes a flag and its value so. LLVM has no atomics
/// of vectors or of 128 bits: a volatile vector is the one instruction, past the caches.
bool at_once(const Access &a, unsigned n, unsigned size) {
  return n > 1 && n * size <= 16 && a.order == AtomicOrdering::Monotonic;
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
  if (a.order != AtomicOrdering::NotAtomic && size > 8) {
    e.error(i, "128-bit atomic and volatile loads are not supported; use two 64-bit loads");
    return;
  }
  if (at_once(a, n, size)) {
    a.is_volatile = true;
    a.order = AtomicOrdering::NotAtomic;
  }
  if (n == 1 || a.order != AtomicOrdering::NotAtomic) {
    for (unsigned k = 0; k < n; ++k) {
      Value *p =
          k ? b.CreateConstGEP1_64(b.getInt8Ty(), ref.pointer, uint64_t{k} * size) : ref.pointer;
      LoadInst *load = b.CreateAlignedLoad(element, p, Align(size), a.is_volatile);
      load->setAtomic(a.order, a.scope);
      if (a.nontemporal)
        mark_nontemporal(e, load);
      e.write(FunctionEmitter::element(d, k), load, t);
    }
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
  if (a.order != AtomicOrdering::NotAtomic && size > 8) {
    e.error(i, "128-bit atomic and volatile stores are not supported; use two 64-bit stores");
    return;
  }
  if (at_once(a, n, size)) {
    a.is_volatile = true;
    a.order = AtomicOrdering::NotAtomic;
  }
  if (n == 1 || a.order != AtomicOrdering::NotAtomic) {
    for (unsigned k = 0; k < n; ++k) {
      Value *p =
          k ? b.CreateConstGEP1_64(b.getInt8Ty(), ref.pointer, uint64_t{k} * size) : ref.pointer;
      StoreInst *store = b.CreateAlignedStore(e.read(FunctionEmitter::element(s, k), t), p,
                                              Align(size), a.is_volatile);
      store->setAtomic(a.order, a.scope);
      if (a.nontemporal)
        mark_nontemporal(e, store);
    }
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
      {Opcode::st, emit_store, is_synchronous_form},
      {Opcode::prefetch, emit_nothing},
      {Opcode::prefetchu, emit_nothing},
      {Opcode::applypriority, emit_nothing},
      {Opcode::discard, emit_nothing},
      {Opcode::createpolicy, emit_createpolicy},
  };
  return rows;
}

} // namespace w2w::emit
