// Special registers (PTX ISA chapter 10), stack manipulation (9.7.17), nanosleep and what is only a
// hint (9.7.19, 9.7.13.13).
#include "lowering/emit/emitter_table.h"

#include "frontend/isa/form.h"

namespace w2w::emit {

using namespace llvm;
using ptx::isa::SpecialRegister;

Value *read_special_register(FunctionEmitter &e, const Operand &op) {
  IRBuilder<> &b = e.b;
  const ptx::isa::SpecialRegisterInfo &info = ptx::isa::info(op.special);
  StringRef component = "";
  if (info.vector_width > 1) {
    static constexpr StringRef names[] = {".x", ".y", ".z", ".w"};
    auto k = static_cast<unsigned>(op.component) - static_cast<unsigned>(Operand::Component::X);
    // The fourth component exists for vector moves only and is zero (PTX ISA 10.1).
    if (k > 2)
      return b.getInt32(0);
    component = names[k];
  }
  StringRef name = StringRef(info.name).drop_front(); // without %
  auto read = [&](StringRef n, W2wKind kind) -> Value * {
    return e.call_w2w("w2w.sreg." + n + component, e.int_type(ptx::bits(info.type)), {}, kind);
  };
  // Every CTA is a cluster of its own (PTX ISA 10.12 to 10.17).
  switch (op.special) {
  case SpecialRegister::clusterid:
    return read("ctaid", W2wKind::Pure);
  case SpecialRegister::nclusterid:
    return read("nctaid", W2wKind::Pure);
  case SpecialRegister::cluster_ctaid:
  case SpecialRegister::cluster_ctarank:
    return b.getInt32(0);
  case SpecialRegister::cluster_nctaid:
  case SpecialRegister::cluster_nctarank:
    return b.getInt32(1);
  case SpecialRegister::total_smem_size:
  case SpecialRegister::aggr_smem_size: { // in units of allocation, PTX ISA 10.30
    const uint32_t unit = e.module.ptx.sm >= 80 ? 128 : 256;
    Value *size = read("total_smem_size", W2wKind::Pure);
    return b.CreateAnd(b.CreateAdd(size, b.getInt32(unit - 1)), b.getInt32(~(unit - 1)));
  }
  case SpecialRegister::clock:
  case SpecialRegister::clock_hi:
  case SpecialRegister::clock64:
  case SpecialRegister::globaltimer:
  case SpecialRegister::globaltimer_lo:
  case SpecialRegister::globaltimer_hi:
  case SpecialRegister::smid:
  case SpecialRegister::warpid:
    return read(name, W2wKind::Volatile);
  default:
    return read(name, name.starts_with("pm") ? W2wKind::Volatile : W2wKind::Pure);
  }
}

namespace {

void emit_nanosleep(FunctionEmitter &e, const Instruction &i) {
  e.call_w2w("w2w.nanosleep", e.b.getVoidTy(), {e.read(i.operand(0), Type::U32)}, W2wKind::Effect);
}

/// pmevent counts for a profiler; griddepcontrol without programmatic launches has nothing to wait
/// for; setmaxnreg moves registers between warps, which the compiler has settled.
void emit_nothing(FunctionEmitter &, const Instruction &) {}

void emit_stacksave(FunctionEmitter &e, const Instruction &i) {
  Value *p = e.intrinsic(Intrinsic::stacksave, {PointerType::get(e.b.getContext(), kPrivate)}, {});
  e.write(i.operand(0), e.pointer_to_int64(p), i.type());
}

void emit_stackrestore(FunctionEmitter &e, const Instruction &i) {
  Value *p = e.int_to_pointer(e.read(i.operand(0), i.type()), StateSpace::Local);
  e.intrinsic(Intrinsic::stackrestore, {p->getType()}, {p});
}

/// alloca d, size [, align]: the address is a .local one.
void emit_alloca(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  constexpr uint64_t kFrameAlign = 8;
  const uint64_t align =
      i.operands.size() > 2 ? std::max<uint64_t>(i.operand(2).imm, kFrameAlign) : kFrameAlign;
  Value *size = e.read(i.operand(1), i.type());
  auto *slot = b.Insert(new AllocaInst(b.getInt8Ty(), kPrivate, size, Align(align)));
  e.write(i.operand(0), e.pointer_to_int64(slot), i.type());
}

} // namespace

std::span<const EmitterRow> misc_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::nanosleep, emit_nanosleep}, {Opcode::pmevent, emit_nothing},
      {Opcode::setmaxnreg, emit_nothing},  {Opcode::griddepcontrol, emit_nothing},
      {Opcode::stacksave, emit_stacksave}, {Opcode::stackrestore, emit_stackrestore},
      {Opcode::alloca, emit_alloca},
  };
  return rows;
}

} // namespace w2w::emit
