// Branches and the ends of threads, PTX ISA 9.7.12; traps, 9.7.19.
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

void emit_bra(FunctionEmitter &e, const Instruction &i) {
  e.b.CreateBr(e.label_block(*i.operand(0).label));
}

/// An index beyond the list is undefined in PTX; here it takes the last target.
void emit_brx(FunctionEmitter &e, const Instruction &i) {
  auto labels = i.operand(1).target_list->labels;
  if (labels.empty()) {
    e.error(i, "brx.idx with an empty target list");
    return;
  }
  auto count = static_cast<unsigned>(labels.size());
  SwitchInst *s =
      e.b.CreateSwitch(e.read(i.operand(0), Type::U32), e.label_block(*labels.back()), count);
  for (unsigned k = 0; k + 1 < count; ++k)
    s->addCase(e.b.getInt32(k), e.label_block(*labels[k]));
}

void emit_ret(FunctionEmitter &e, const Instruction &) {
  e.emit_return();
}

/// In a kernel the end of the thread is the end of the function; elsewhere the callers have to
/// know.
void emit_exit(FunctionEmitter &e, const Instruction &) {
  if (e.function.is_entry) {
    e.b.CreateRetVoid();
    return;
  }
  e.call_w2w("w2w.exit", e.b.getVoidTy(), {}, W2wKind::NoReturn);
  e.b.CreateUnreachable();
}

void emit_trap(FunctionEmitter &e, const Instruction &) {
  e.call_w2w("w2w.trap", e.b.getVoidTy(), {e.b.getInt32(e.line())}, W2wKind::NoReturn);
  e.b.CreateUnreachable();
}

void emit_brkpt(FunctionEmitter &e, const Instruction &) {
  e.call_w2w("w2w.brkpt", e.b.getVoidTy(), {}, W2wKind::Effect);
}

} // namespace

std::span<const EmitterRow> control_flow_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::bra, emit_bra},   {Opcode::brx, emit_brx},   {Opcode::ret, emit_ret},
      {Opcode::exit, emit_exit}, {Opcode::trap, emit_trap}, {Opcode::brkpt, emit_brkpt},
  };
  return rows;
}

} // namespace w2w::emit
