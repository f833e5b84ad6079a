// Comparison and selection, PTX ISA 9.7.6 and 9.7.7.
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;

namespace {

struct Comparison {
  Mod mod;
  CmpInst::Predicate is_signed, is_unsigned, is_float;
};

constexpr auto kNone = CmpInst::BAD_ICMP_PREDICATE;
constexpr Comparison kComparisons[] = {
    {Mod::eq, CmpInst::ICMP_EQ, CmpInst::ICMP_EQ, CmpInst::FCMP_OEQ},
    {Mod::ne, CmpInst::ICMP_NE, CmpInst::ICMP_NE, CmpInst::FCMP_ONE},
    {Mod::lt, CmpInst::ICMP_SLT, CmpInst::ICMP_ULT, CmpInst::FCMP_OLT},
    {Mod::le, CmpInst::ICMP_SLE, CmpInst::ICMP_ULE, CmpInst::FCMP_OLE},
    {Mod::gt, CmpInst::ICMP_SGT, CmpInst::ICMP_UGT, CmpInst::FCMP_OGT},
    {Mod::ge, CmpInst::ICMP_SGE, CmpInst::ICMP_UGE, CmpInst::FCMP_OGE},
    {Mod::lo, CmpInst::ICMP_ULT, CmpInst::ICMP_ULT, kNone},
    {Mod::ls, CmpInst::ICMP_ULE, CmpInst::ICMP_ULE, kNone},
    {Mod::hi, CmpInst::ICMP_UGT, CmpInst::ICMP_UGT, kNone},
    {Mod::hs, CmpInst::ICMP_UGE, CmpInst::ICMP_UGE, kNone},
    {Mod::equ, kNone, kNone, CmpInst::FCMP_UEQ},
    {Mod::neu, kNone, kNone, CmpInst::FCMP_UNE},
    {Mod::ltu, kNone, kNone, CmpInst::FCMP_ULT},
    {Mod::leu, kNone, kNone, CmpInst::FCMP_ULE},
    {Mod::gtu, kNone, kNone, CmpInst::FCMP_UGT},
    {Mod::geu, kNone, kNone, CmpInst::FCMP_UGE},
    {Mod::num, kNone, kNone, CmpInst::FCMP_ORD},
    {Mod::nan, kNone, kNone, CmpInst::FCMP_UNO},
};

/// a CmpOp b: i1, or <2 x i1> for packed types.
Value *compare(FunctionEmitter &e, const Instruction &i, Type t) {
  Value *a = e.read_value(i.operand(1), t), *c = e.read_value(i.operand(2), t);
  for (const Comparison &k : kComparisons) {
    if (!i.has(k.mod))
      continue;
    if (ptx::is_float(t))
      return e.b.CreateFCmp(k.is_float, flush_if_ftz(e, i, a), flush_if_ftz(e, i, c));
    return e.b.CreateICmp(ptx::is_signed(t) ? k.is_signed : k.is_unsigned, a, c);
  }
  e.error(i, "comparison without an operator");
  return e.b.getFalse();
}

/// BoolOp(t, c), or t where the instruction has none.
Value *combine(FunctionEmitter &e, const Instruction &i, Value *t) {
  if (i.operands.size() < 4)
    return t;
  Value *c = e.read(i.operand(3), Type::Pred);
  return i.has(Mod::and_)  ? e.b.CreateAnd(t, c)
         : i.has(Mod::or_) ? e.b.CreateOr(t, c)
                           : e.b.CreateXor(t, c);
}

void emit_setp(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *result = compare(e, i, t);
  const Operand &d = i.operand(0);
  bool pair = d.kind == Operand::Kind::Pair;
  // Both results before either is written: the combined predicate may be one of the destinations.
  bool packed = ptx::info(t).lanes == 2; // p and q are the two halves' results
  Value *p = combine(e, i, packed ? e.b.CreateExtractElement(result, uint64_t{0}) : result);
  Value *q =
      pair ? combine(e, i, packed ? e.b.CreateExtractElement(result, 1) : e.b.CreateNot(result))
           : nullptr;
  e.write(pair ? d.elements[0] : d, p, Type::Pred);
  if (pair)
    e.write(d.elements[1], q, Type::Pred);
}

void emit_set(FunctionEmitter &e, const Instruction &i) {
  Type d = i.type(0), s = i.type(1);
  IRBuilder<> &b = e.b;
  Value *result = compare(e, i, s);
  if (ptx::info(s).lanes == 2) {
    // One 16-bit result per half, 1.0 or all ones.
    Value *packed = b.getInt32(0);
    llvm::Type *half = ptx::is_float(d) ? e.value_type(d)->getScalarType() : nullptr;
    Constant *yes = half ? ConstantFP::get(half, 1.0) : nullptr;
    Value *one = half ? e.to_bits(yes) : b.getInt16(0xffff);
    for (unsigned k = 0; k < 2; ++k) {
      Value *lane =
          b.CreateSelect(combine(e, i, b.CreateExtractElement(result, k)), one, b.getInt16(0));
      packed = b.CreateOr(packed, b.CreateShl(b.CreateZExt(lane, b.getInt32Ty()), 16 * k));
    }
    e.write(i.operand(0), packed, Type::B32);
    return;
  }
  result = combine(e, i, result);
  llvm::Type *type = e.value_type(d);
  Constant *yes =
      type->isFloatingPointTy() ? ConstantFP::get(type, 1.0) : Constant::getAllOnesValue(type);
  e.write(i.operand(0), b.CreateSelect(result, yes, Constant::getNullValue(type)), d);
}

void emit_selp(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *p = e.read(i.operand(3), Type::Pred);
  e.write(i.operand(0), e.b.CreateSelect(p, e.read(i.operand(1), t), e.read(i.operand(2), t)), t);
}

void emit_slct(FunctionEmitter &e, const Instruction &i) {
  Type t = i.type();
  Value *c = e.read_value(i.operand(3), i.type(1));
  // A subnormal that .ftz flushes compares as the zero it becomes: >= 0 is then true even for
  // negative ones.
  Value *p = i.type(1) == Type::F32
                 ? e.b.CreateFCmpOGE(flush_if_ftz(e, i, c), Constant::getNullValue(c->getType()))
                 : e.b.CreateICmpSGE(c, Constant::getNullValue(c->getType()));
  e.write(i.operand(0), e.b.CreateSelect(p, e.read(i.operand(1), t), e.read(i.operand(2), t)), t);
}

} // namespace

std::span<const EmitterRow> compare_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::setp, emit_setp},
      {Opcode::set, emit_set},
      {Opcode::selp, emit_selp},
      {Opcode::slct, emit_slct},
  };
  return rows;
}

} // namespace w2w::emit
