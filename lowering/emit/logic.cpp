// Logic and shift, PTX ISA 9.7.8, and prmt, 9.7.9.7.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

void emit_logic(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = e.read(i.operand(1), t), *c = e.read(i.operand(2), t);
  Value *r = i.opcode == Opcode::and_  ? e.b.CreateAnd(a, c)
             : i.opcode == Opcode::or_ ? e.b.CreateOr(a, c)
                                       : e.b.CreateXor(a, c);
  e.write(i.operand(0), r, t);
}

void emit_not(FunctionEmitter &e, const Instruction &i) {
  e.write(i.operand(0), e.b.CreateNot(e.read(i.operand(1), i.type())), i.type());
}

void emit_cnot(FunctionEmitter &e, const Instruction &i) {
  Value *a = e.read(i.operand(1), i.type());
  Value *is_zero = e.b.CreateICmpEQ(a, Constant::getNullValue(a->getType()));
  e.write(i.operand(0), e.b.CreateZExt(is_zero, a->getType()), i.type());
}

/// A function of two variables by its truth table: bit 2a + b.
Value *binary_table(FunctionEmitter &e, unsigned table, Value *a, Value *c) {
  IRBuilder<> &b = e.b;
  Value *zero = Constant::getNullValue(a->getType());
  switch (table & 15) {
  case 0:
    return zero;
  case 1:
    return b.CreateNot(b.CreateOr(a, c));
  case 2:
    return b.CreateAnd(b.CreateNot(a), c);
  case 3:
    return b.CreateNot(a);
  case 4:
    return b.CreateAnd(a, b.CreateNot(c));
  case 5:
    return b.CreateNot(c);
  case 6:
    return b.CreateXor(a, c);
  case 7:
    return b.CreateNot(b.CreateAnd(a, c));
  case 8:
    return b.CreateAnd(a, c);
  case 9:
    return b.CreateNot(b.CreateXor(a, c));
  case 10:
    return c;
  case 11:
    return b.CreateOr(b.CreateNot(a), c);
  case 12:
    return a;
  case 13:
    return b.CreateOr(a, b.CreateNot(c));
  case 14:
    return b.CreateOr(a, c);
  default:
    return Constant::getAllOnesValue(a->getType());
  }
}

/// immLut bit 4a + 2b + c. Split by c: where both halves agree c does not matter, where they are
/// complements it is an exclusive or, else the halves are chosen between bit by bit.
Value *lop3(FunctionEmitter &e, unsigned lut, Value *a, Value *c, Value *d) {
  IRBuilder<> &b = e.b;
  unsigned without = 0, with = 0;
  for (unsigned k = 0; k < 4; ++k) {
    without |= ((lut >> (2 * k)) & 1) << k;
    with |= ((lut >> (2 * k + 1)) & 1) << k;
  }
  Value *f0 = binary_table(e, without, a, c);
  if (without == with)
    return f0;
  if (without == (~with & 15u))
    return b.CreateXor(f0, d);
  Value *f1 = binary_table(e, with, a, c);
  if (without == 0)
    return b.CreateAnd(f1, d);
  if (with == 0)
    return b.CreateAnd(f0, b.CreateNot(d));
  if (with == 15)
    return b.CreateOr(f0, d);
  if (without == 15)
    return b.CreateOr(f1, b.CreateNot(d));
  return b.CreateOr(b.CreateAnd(f1, d), b.CreateAnd(f0, b.CreateNot(d)));
}

void emit_lop3(FunctionEmitter &e, const Instruction &i) {
  Type t = Type::B32;
  unsigned lut = static_cast<unsigned>(i.operand(4).imm) & 0xff;
  Value *r =
      lop3(e, lut, e.read(i.operand(1), t), e.read(i.operand(2), t), e.read(i.operand(3), t));
  const Operand &d = i.operand(0);
  if (d.kind != Operand::Kind::Pair) {
    e.write(d, r, t);
    return;
  }
  // lop3.BoolOp d|p: p = (d != 0) BoolOp q.
  Value *q = e.read(i.operand(5), Type::Pred);
  Value *nonzero = e.b.CreateICmpNE(r, e.b.getInt32(0));
  e.write(d.elements[0], r, t);
  e.write(d.elements[1], i.has(Mod::and_) ? e.b.CreateAnd(nonzero, q) : e.b.CreateOr(nonzero, q),
          Type::Pred);
}

/// The 64-bit value b:a, shifted; clamp limits the amount to 32, wrap takes it modulo 32.
void emit_shf(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *low = e.read(i.operand(1), Type::B32), *high = e.read(i.operand(2), Type::B32);
  Value *amount = e.read(i.operand(3), Type::U32);
  bool left = i.has(Mod::l);
  Value *r = b.CreateIntrinsic(left ? Intrinsic::fshl : Intrinsic::fshr, {b.getInt32Ty()},
                               {high, low, amount}); // modulo 32
  if (i.has(Mod::clamp))
    r = b.CreateSelect(b.CreateICmpUGE(amount, b.getInt32(32)), left ? low : high, r);
  e.write(i.operand(0), r, Type::B32);
}

void emit_shift(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *a = e.read(i.operand(1), t), *amount = e.read(i.operand(2), Type::U32);
  Value *r = i.opcode == Opcode::shl ? shift_left(e, a, amount)
                                     : shift_right(e, a, amount, ptx::is_signed(t));
  e.write(i.operand(0), r, t);
}

/// Byte `index` (a value below 8) of the eight bytes b:a.
Value *byte_at(FunctionEmitter &e, Value *bytes, Value *index) {
  IRBuilder<> &b = e.b;
  Value *amount = b.CreateZExt(b.CreateShl(index, 3), b.getInt64Ty());
  return b.CreateAnd(b.CreateTrunc(b.CreateLShr(bytes, amount), b.getInt32Ty()), 0xff);
}

/// Eight bytes {b7..b4 of b, b3..b0 of a}. The default mode picks each result byte by a nibble of
/// c, whose top bit asks for the byte's sign instead; the six named modes pick by the two low bits
/// of c (table of PTX ISA 9.7.9.7).
void emit_prmt(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *low = e.read(i.operand(1), Type::B32), *high = e.read(i.operand(2), Type::B32);
  Value *control = e.read(i.operand(3), Type::B32);
  Value *bytes = b.CreateOr(b.CreateZExt(low, b.getInt64Ty()),
                            b.CreateShl(b.CreateZExt(high, b.getInt64Ty()), 32));
  struct Mode {
    Mod mod;
    uint16_t selectors[4]; // by c & 3: a nibble per result byte, most significant first
  };
  static const Mode modes[] = {
      {Mod::f4e, {0x3210, 0x4321, 0x5432, 0x6543}}, {Mod::b4e, {0x5670, 0x6701, 0x7012, 0x0123}},
      {Mod::rc8, {0x0000, 0x1111, 0x2222, 0x3333}}, {Mod::ecl, {0x3210, 0x3211, 0x3222, 0x3333}},
      {Mod::ecr, {0x0000, 0x1110, 0x2210, 0x3210}}, {Mod::rc16, {0x1010, 0x3232, 0x1010, 0x3232}},
  };
  bool named = false;
  for (const Mode &m : modes)
    if (i.has(m.mod)) {
      named = true;
      Value *which = b.CreateAnd(control, 3);
      Value *selector = b.getInt32(m.selectors[0]);
      for (unsigned k = 1; k < 4; ++k)
        selector = b.CreateSelect(b.CreateICmpEQ(which, b.getInt32(k)), b.getInt32(m.selectors[k]),
                                  selector);
      control = selector;
    }
  Value *r = b.getInt32(0);
  for (unsigned k = 0; k < 4; ++k) {
    Value *nibble = b.CreateLShr(control, 4 * k);
    Value *byte = byte_at(e, bytes, b.CreateAnd(nibble, 7));
    if (!named) {
      Value *negative = b.CreateICmpNE(b.CreateAnd(byte, 0x80), b.getInt32(0));
      Value *sign = b.CreateSelect(negative, b.getInt32(0xff), b.getInt32(0));
      Value *wants_sign = b.CreateICmpNE(b.CreateAnd(nibble, 8), b.getInt32(0));
      byte = b.CreateSelect(wants_sign, sign, byte);
    }
    r = b.CreateOr(r, b.CreateShl(byte, 8 * k));
  }
  e.write(i.operand(0), r, Type::B32);
}

} // namespace

std::span<const EmitterRow> logic_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::and_, emit_logic}, {Opcode::or_, emit_logic}, {Opcode::xor_, emit_logic},
      {Opcode::not_, emit_not},   {Opcode::cnot, emit_cnot}, {Opcode::lop3, emit_lop3},
      {Opcode::shf, emit_shf},    {Opcode::shl, emit_shift}, {Opcode::shr, emit_shift},
      {Opcode::prmt, emit_prmt},
  };
  return rows;
}

} // namespace w2w::emit
