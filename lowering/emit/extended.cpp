// Extended-precision integer arithmetic, PTX ISA 9.7.2: carry chains through the condition code
// register CC.CF.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// a + c + carry-in (if any); writes the carry out if .cc.
Value *add_with_carry(FunctionEmitter &e, const Instruction &i, Value *a, Value *c, bool carry_in) {
  IRBuilder<> &b = e.b;
  Value *first = b.CreateBinaryIntrinsic(Intrinsic::uadd_with_overflow, a, c);
  Value *sum = b.CreateExtractValue(first, 0), *carry = b.CreateExtractValue(first, 1);
  if (carry_in) {
    Value *in = b.CreateZExt(e.read_carry(), sum->getType());
    Value *second = b.CreateBinaryIntrinsic(Intrinsic::uadd_with_overflow, sum, in);
    sum = b.CreateExtractValue(second, 0);
    carry = b.CreateOr(carry, b.CreateExtractValue(second, 1));
  }
  if (i.has(Mod::cc))
    e.write_carry(carry);
  return sum;
}

void emit_add_carry(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *r = add_with_carry(e, i, e.read(i.operand(1), t), e.read(i.operand(2), t),
                            i.opcode == Opcode::addc);
  e.write(i.operand(0), r, t);
}

/// CC.CF holds the borrow.
void emit_sub_borrow(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  IRBuilder<> &b = e.b;
  Value *first = b.CreateBinaryIntrinsic(Intrinsic::usub_with_overflow, e.read(i.operand(1), t),
                                         e.read(i.operand(2), t));
  Value *difference = b.CreateExtractValue(first, 0), *borrow = b.CreateExtractValue(first, 1);
  if (i.opcode == Opcode::subc) {
    Value *in = b.CreateZExt(e.read_carry(), difference->getType());
    Value *second = b.CreateBinaryIntrinsic(Intrinsic::usub_with_overflow, difference, in);
    difference = b.CreateExtractValue(second, 0);
    borrow = b.CreateOr(borrow, b.CreateExtractValue(second, 1));
  }
  if (i.has(Mod::cc))
    e.write_carry(borrow);
  e.write(i.operand(0), difference, t);
}

void emit_mad_carry(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *p = product(e, i, e.read(i.operand(1), t), e.read(i.operand(2), t));
  e.write(i.operand(0), add_with_carry(e, i, p, e.read(i.operand(3), t), i.opcode == Opcode::madc),
          t);
}

} // namespace

std::span<const EmitterRow> extended_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::add, emit_add_carry, has_carry},  {Opcode::addc, emit_add_carry},
      {Opcode::sub, emit_sub_borrow, has_carry}, {Opcode::subc, emit_sub_borrow},
      {Opcode::mad, emit_mad_carry, has_carry},  {Opcode::madc, emit_mad_carry},
  };
  return rows;
}

} // namespace w2w::emit
