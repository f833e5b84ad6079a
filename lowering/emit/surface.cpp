// suld, sust, sured, PTX ISA 9.7.11. devicelib says where an access goes (0: nowhere); the access
// itself is plain global memory.
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/image.h"

namespace w2w::emit {

using namespace llvm;
using namespace devicelib;

namespace {

/// The address of an access of `bytes` (0: one texel), or 0.
Value *place(FunctionEmitter &e, const Instruction &i, Value *handle, const Operand &coordinates,
             unsigned bytes) {
  IRBuilder<> &b = e.b;
  ImageShape shape = image_shape(i);
  ImageCoordinates c = image_coordinates(e, coordinates, shape, Type::S32);
  SurfaceClamp clamp = i.has(Mod::trap)    ? SurfaceClamp::Trap
                       : i.has(Mod::clamp) ? SurfaceClamp::Clamp
                                           : SurfaceClamp::Zero;
  uint32_t flags = (shape.array ? kSurfArray : 0) | (i.has(Mod::p) ? kSurfSamples : 0) |
                   uint32_t(clamp) << kSurfClampShift | bytes << kSurfBytesShift;
  return e.call_w2w(
      std::string("w2w_image_surface_") + shape.name, b.getInt64Ty(),
      {handle, b.getInt32(flags), c.layer, c.at[0], c.at[1], c.at[2], b.getInt32(e.line())},
      W2wKind::Effect);
}

/// Opens a block in which the address is not 0; close() goes on behind it.
struct Access {
  Access(FunctionEmitter &e, Value *address) : e(e), outside(e.b.GetInsertBlock()) {
    inside = e.new_block("surface");
    next = e.new_block("next");
    e.b.CreateCondBr(e.b.CreateICmpNE(address, e.b.getInt64(0)), inside, next);
    e.b.SetInsertPoint(inside);
    pointer = e.b.CreateIntToPtr(address, PointerType::get(e.b.getContext(), kGlobal));
  }
  void close() {
    last = e.b.GetInsertBlock();
    e.b.CreateBr(next);
    e.b.SetInsertPoint(next);
  }
  Value *element(unsigned k, unsigned bytes) {
    return k ? e.b.CreateConstGEP1_64(e.b.getInt8Ty(), pointer, uint64_t{k} * bytes) : pointer;
  }
  FunctionEmitter &e;
  BasicBlock *outside, *inside, *next, *last = nullptr;
  Value *pointer;
};

/// Vectors are naturally aligned (PTX ISA 9.7.11.1); devicelib has checked it.
Align alignment(unsigned bytes, unsigned count, unsigned k) {
  return commonAlignment(Align(std::min(bytes * count, 16u)), uint64_t{k} * bytes);
}

void emit_load(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned bytes = ptx::bytes(t), count = FunctionEmitter::element_count(i.operand(0));
  const Operand &from = i.operand(1);
  Value *address = place(e, i, image_handle(e, from.elements[0]), from.elements[1], bytes * count);
  Access access(e, address);
  SmallVector<Value *, 4> loaded;
  for (unsigned k = 0; k < count; ++k) {
    auto *load = b.CreateAlignedLoad(e.int_type(8 * bytes), access.element(k, bytes),
                                     alignment(bytes, count, k));
    load->setVolatile(i.has(Mod::cv));
    loaded.push_back(load);
  }
  access.close();
  SmallVector<Value *, 4> values;
  for (Value *v : loaded) {
    PHINode *phi = b.CreatePHI(v->getType(), 2);
    phi->addIncoming(v, access.last);
    phi->addIncoming(Constant::getNullValue(v->getType()), access.outside);
    values.push_back(phi);
  }
  for (unsigned k = 0; k < count; ++k)
    e.write(FunctionEmitter::element(i.operand(0), k), values[k], t);
}

void emit_store(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type t = i.type();
  bool formatted = i.has(Mod::p);
  const Operand &to = i.operand(0), &source = i.operand(1);
  unsigned bytes = ptx::bytes(t), count = FunctionEmitter::element_count(source);
  SmallVector<Value *, 4> values;
  for (unsigned k = 0; k < count; ++k)
    values.push_back(e.read(FunctionEmitter::element(source, k), t));
  Value *handle = image_handle(e, to.elements[0]);
  Value *address = place(e, i, handle, to.elements[1], formatted ? 0 : bytes * count);
  Access access(e, address);
  if (formatted) {
    values.resize(4, b.getInt32(0)); // components not given: unpredictable in PTX, zero here
    e.call_w2w("w2w_image_store_formatted", b.getVoidTy(),
               {handle, address, values[0], values[1], values[2], values[3], b.getInt32(e.line())},
               W2wKind::Effect);
  } else {
    for (unsigned k = 0; k < count; ++k)
      b.CreateAlignedStore(values[k], access.element(k, bytes), alignment(bytes, count, k));
  }
  access.close();
}

void emit_reduction(FunctionEmitter &e, const Instruction &i) {
  using Op = AtomicRMWInst;
  IRBuilder<> &b = e.b;
  Type t = i.type();
  unsigned bytes = ptx::bytes(t);
  const Operand &to = i.operand(0);
  Value *v = e.read(i.operand(1), t);
  Value *handle = image_handle(e, to.elements[0]);
  Access access(e, place(e, i, handle, to.elements[1], bytes));
  SyncScope::ID scope = b.getContext().getOrInsertSyncScopeID("agent");
  auto reduce = [&](Op::BinOp op) {
    b.CreateAtomicRMW(op, access.pointer, v, Align(bytes), AtomicOrdering::Monotonic, scope);
  };
  bool is_min = i.has(Mod::min), ordered = is_min || i.has(Mod::max);
  Op::BinOp as_signed = is_min ? Op::Min : Op::Max, as_unsigned = is_min ? Op::UMin : Op::UMax;
  if (!ordered) {
    reduce(i.has(Mod::add) ? Op::Add : i.has(Mod::and_) ? Op::And : Op::Or);
  } else if (!i.has(Mod::p)) {
    reduce(ptx::is_signed(t) ? as_signed : as_unsigned);
  } else { // the surface's format says whether the data is signed
    Value *is_signed = e.call_w2w("w2w_image_surface_is_signed", b.getInt32Ty(),
                                  {handle, b.getInt32(e.line())}, W2wKind::Effect);
    BasicBlock *yes = e.new_block("signed"), *no = e.new_block("unsigned"),
               *end = e.new_block("reduced");
    b.CreateCondBr(b.CreateICmpNE(is_signed, b.getInt32(0)), yes, no);
    b.SetInsertPoint(yes);
    reduce(as_signed);
    b.CreateBr(end);
    b.SetInsertPoint(no);
    reduce(as_unsigned);
    b.CreateBr(end);
    b.SetInsertPoint(end);
  }
  access.close();
}

} // namespace

std::span<const EmitterRow> surface_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::suld, emit_load},
      {Opcode::sust, emit_store},
      {Opcode::sured, emit_reduction},
  };
  return rows;
}

} // namespace w2w::emit
