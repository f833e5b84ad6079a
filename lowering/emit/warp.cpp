// Warp-level operations, PTX ISA 9.7.9.5, .6 and 9.7.13.8 to .14. Forms without .sync act on the
// threads that execute them.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

Value *activemask(FunctionEmitter &e) {
  return e.call_w2w("w2w.activemask", e.b.getInt32Ty(), {}, W2wKind::Convergent);
}

llvm::Type *value_and_flag(FunctionEmitter &e) {
  return StructType::get(e.b.getInt32Ty(), e.b.getInt1Ty());
}

/// Writes {value, flag} to d or d|p.
void write_pair(FunctionEmitter &e, const Operand &d, Value *pair) {
  Value *value = e.b.CreateExtractValue(pair, 0), *flag = e.b.CreateExtractValue(pair, 1);
  if (d.kind == Operand::Kind::Pair) {
    e.write(d.elements[0], value, Type::B32);
    e.write(d.elements[1], flag, Type::Pred);
  } else {
    e.write(d, value, Type::B32);
  }
}

void emit_shfl(FunctionEmitter &e, const Instruction &i) {
  StringRef mode = i.has(Mod::up)     ? "up"
                   : i.has(Mod::down) ? "down"
                   : i.has(Mod::bfly) ? "bfly"
                                      : "idx";
  Value *mask = i.has(Mod::sync) ? e.read(i.operand(4), Type::B32) : activemask(e);
  write_pair(e, i.operand(0),
             e.call_w2w("w2w.shfl." + mode, value_and_flag(e),
                        {e.read(i.operand(1), Type::B32), e.read(i.operand(2), Type::B32),
                         e.read(i.operand(3), Type::B32), mask},
                        W2wKind::Convergent));
}

void emit_vote(FunctionEmitter &e, const Instruction &i) {
  Value *p = e.read(i.operand(1), Type::Pred);
  Value *mask = i.has(Mod::sync) ? e.read(i.operand(2), Type::B32) : activemask(e);
  if (i.has(Mod::ballot)) {
    e.write(i.operand(0),
            e.call_w2w("w2w.vote.ballot", e.b.getInt32Ty(), {p, mask}, W2wKind::Convergent),
            Type::B32);
    return;
  }
  StringRef mode = i.has(Mod::all) ? "all" : i.has(Mod::any) ? "any" : "uni";
  e.write(i.operand(0),
          e.call_w2w("w2w.vote." + mode, e.b.getInt1Ty(), {p, mask}, W2wKind::Convergent),
          Type::Pred);
}

void emit_match(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  StringRef suffix = ptx::bits(t) == 64 ? "b64" : "b32";
  Value *v = e.read(i.operand(1), t), *mask = e.read(i.operand(2), Type::B32);
  if (i.has(Mod::all)) {
    write_pair(
        e, i.operand(0),
        e.call_w2w("w2w.match.all." + suffix, value_and_flag(e), {v, mask}, W2wKind::Convergent));
    return;
  }
  e.write(i.operand(0),
          e.call_w2w("w2w.match.any." + suffix, e.b.getInt32Ty(), {v, mask}, W2wKind::Convergent),
          Type::B32);
}

void emit_redux(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  bool is_unsigned = ptx::is_unsigned(t);
  StringRef op = i.has(Mod::add)    ? "add"
                 : i.has(Mod::min)  ? (is_unsigned ? "umin" : "min")
                 : i.has(Mod::max)  ? (is_unsigned ? "umax" : "max")
                 : i.has(Mod::and_) ? "and"
                 : i.has(Mod::or_)  ? "or"
                                    : "xor";
  e.write(i.operand(0),
          e.call_w2w("w2w.redux." + op, e.b.getInt32Ty(),
                     {e.read(i.operand(1), t), e.read(i.operand(2), Type::B32)},
                     W2wKind::Convergent),
          t);
}

/// min and max of f32 as unsigned minimum and maximum of keys in the numbers' order (-0 below +0).
/// NaN takes the end of the order at which it wins (.NaN) or loses; no number has either end's key.
void emit_float_redux(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  bool is_min = i.has(Mod::min);
  Value *bits = e.read(i.operand(1), Type::F32);
  Value *magnitude = b.CreateAnd(bits, 0x7fffffff);
  Value *is_nan = b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000));
  if (i.has(Mod::abs))
    bits = magnitude;
  // Negative numbers in reverse below the others.
  Value *flip = b.CreateOr(b.CreateAShr(bits, 31), b.getInt32(0x80000000u));
  Value *nan_key = b.getInt32(is_min == i.has(Mod::NaN) ? 0 : ~0u);
  Value *key = b.CreateSelect(is_nan, nan_key, b.CreateXor(bits, flip));
  Value *r = e.call_w2w(is_min ? "w2w.redux.umin" : "w2w.redux.umax", b.getInt32Ty(),
                        {key, e.read(i.operand(2), Type::B32)}, W2wKind::Convergent);
  Value *back = b.CreateOr(b.CreateAShr(b.CreateNot(r), 31), b.getInt32(0x80000000u));
  e.write(i.operand(0),
          b.CreateSelect(b.CreateICmpEQ(r, nan_key), b.getInt32(0x7fffffff), b.CreateXor(r, back)),
          Type::F32);
}

void emit_activemask(FunctionEmitter &e, const Instruction &i) {
  e.write(i.operand(0), activemask(e), Type::B32);
}

void emit_elect(FunctionEmitter &e, const Instruction &i) {
  write_pair(e, i.operand(0),
             e.call_w2w("w2w.elect", value_and_flag(e), {e.read(i.operand(1), Type::B32)},
                        W2wKind::Convergent));
}

} // namespace

std::span<const EmitterRow> warp_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::shfl, emit_shfl},
      {Opcode::vote, emit_vote},
      {Opcode::match, emit_match},
      {Opcode::redux, emit_redux, is_integer_form},
      {Opcode::redux, emit_float_redux},
      {Opcode::elect, emit_elect},
      {Opcode::activemask, emit_activemask},
  };
  return rows;
}

} // namespace w2w::emit
