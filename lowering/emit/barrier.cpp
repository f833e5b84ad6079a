// bar, barrier, bar.warp.sync and barrier.cluster, PTX ISA 9.7.13.1 to .3.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

void emit_barrier(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  llvm::Type *none = b.getVoidTy();
  if (i.has(Mod::warp)) {
    e.call_w2w("w2w.bar.warp", none, {e.read(i.operand(0), Type::B32)}, W2wKind::Barrier);
    return;
  }
  if (i.has(Mod::cluster)) {
    e.call_w2w(i.has(Mod::arrive) ? "w2w.barrier.cluster.arrive" : "w2w.barrier.cluster.wait", none,
               {}, W2wKind::Barrier);
    return;
  }
  if (i.has(Mod::red)) { // d, a [, b], p
    Value *id = e.read(i.operand(1), Type::U32);
    bool counted = i.operands.size() == 4;
    Value *threads =
        counted ? e.read(i.operand(2), Type::U32) : static_cast<Value *>(b.getInt32(0));
    Value *p = e.read(i.operand(counted ? 3 : 2), Type::Pred);
    bool popc = i.has(Mod::popc);
    StringRef op = popc ? "popc" : i.has(Mod::and_) ? "and" : "or";
    Value *r = e.call_w2w("w2w.barrier.red." + op,
                          popc ? static_cast<llvm::Type *>(b.getInt32Ty()) : b.getInt1Ty(),
                          {id, threads, p}, W2wKind::Barrier);
    e.write(i.operand(0), r, popc ? Type::U32 : Type::Pred);
    return;
  }
  Value *id = e.read(i.operand(0), Type::U32);
  if (i.operands.size() < 2) {
    e.call_w2w("w2w.barrier.sync", none, {id}, W2wKind::Barrier);
    return;
  }
  Value *threads = e.read(i.operand(1), Type::U32);
  e.call_w2w(i.has(Mod::arrive) ? "w2w.barrier.arrive" : "w2w.barrier.sync.count", none,
             {id, threads}, W2wKind::Barrier);
}

} // namespace

std::span<const EmitterRow> barrier_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::bar, emit_barrier},
      {Opcode::barrier, emit_barrier},
  };
  return rows;
}

} // namespace w2w::emit
