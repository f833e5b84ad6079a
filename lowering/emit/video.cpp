// Video instructions, PTX ISA 9.7.18: scalar ones on a byte, half-word or word of each source, SIMD
// ones on two half-words or four bytes. All arithmetic is done wide enough that nothing wraps
// before the optional saturation.
#include "lowering/emit/emitter_table.h"

namespace w2w::emit {

using namespace llvm;
using Component = Operand::Component;

namespace {

enum class Op { Add, Sub, AbsDiff, Min, Max, Average, Shl, Shr, Set };

/// The part of a word that a selector names: width and position.
struct Part {
  unsigned bits = 32, shift = 0;
};

Part part_of(Component c) {
  switch (c) {
  case Component::B0:
  case Component::B1:
  case Component::B2:
  case Component::B3:
    return {8, 8 * (static_cast<unsigned>(c) - static_cast<unsigned>(Component::B0))};
  case Component::H0:
    return {16, 0};
  case Component::H1:
    return {16, 16};
  default:
    return {};
  }
}

/// The whole register behind an operand with a selector.
Value *read_word(FunctionEmitter &e, const Operand &op) {
  Operand word = op;
  word.component = Component::None;
  word.negated = false;
  return e.read(word, Type::B32);
}

void write_word(FunctionEmitter &e, const Operand &op, Value *v) {
  Operand word = op;
  word.component = Component::None;
  e.write(word, e.b.CreateZExtOrTrunc(v, e.b.getInt32Ty()), Type::B32);
}

Value *extend(FunctionEmitter &e, Value *v, bool is_signed, unsigned bits) {
  return is_signed ? e.b.CreateSExt(v, e.int_type(bits)) : e.b.CreateZExt(v, e.int_type(bits));
}

/// A part of a source, sign- or zero-extended to `bits`.
Value *read_part(FunctionEmitter &e, const Operand &op, Type t, unsigned bits) {
  Part p = part_of(op.component);
  Value *v = e.b.CreateTrunc(e.b.CreateLShr(read_word(e, op), p.shift), e.int_type(p.bits));
  return extend(e, v, ptx::is_signed(t), bits);
}

/// v limited to the range of a `bits` wide integer.
Value *clamp(FunctionEmitter &e, Value *v, unsigned bits, bool is_signed) {
  unsigned width = v->getType()->getIntegerBitWidth();
  APInt low = is_signed ? APInt::getSignedMinValue(bits).sext(width) : APInt(width, 0);
  APInt high =
      is_signed ? APInt::getSignedMaxValue(bits).sext(width) : APInt::getMaxValue(bits).zext(width);
  v = e.b.CreateBinaryIntrinsic(Intrinsic::smax, v, ConstantInt::get(e.b.getContext(), low));
  return e.b.CreateBinaryIntrinsic(Intrinsic::smin, v, ConstantInt::get(e.b.getContext(), high));
}

Value *comparison(FunctionEmitter &e, const Instruction &i, Value *a, Value *c) {
  CmpInst::Predicate p = i.has(Mod::eq)   ? CmpInst::ICMP_EQ
                         : i.has(Mod::ne) ? CmpInst::ICMP_NE
                         : i.has(Mod::lt) ? CmpInst::ICMP_SLT
                         : i.has(Mod::le) ? CmpInst::ICMP_SLE
                         : i.has(Mod::gt) ? CmpInst::ICMP_SGT
                                          : CmpInst::ICMP_SGE;
  return e.b.CreateZExt(e.b.CreateICmp(p, a, c), a->getType());
}

Value *operate(FunctionEmitter &e, const Instruction &i, Op op, Value *a, Value *c) {
  IRBuilder<> &b = e.b;
  switch (op) {
  case Op::Add:
    return b.CreateAdd(a, c);
  case Op::Sub:
    return b.CreateSub(a, c);
  case Op::AbsDiff:
    return b.CreateBinaryIntrinsic(Intrinsic::abs, b.CreateSub(a, c), b.getFalse());
  case Op::Min:
    return b.CreateBinaryIntrinsic(Intrinsic::smin, a, c);
  case Op::Max:
    return b.CreateBinaryIntrinsic(Intrinsic::smax, a, c);
  case Op::Average: { // rounds halves away from zero
    Value *sum = b.CreateAdd(a, c);
    Value *positive = b.CreateICmpSGE(sum, Constant::getNullValue(sum->getType()));
    return b.CreateAShr(b.CreateAdd(sum, b.CreateZExt(positive, sum->getType())), 1);
  }
  case Op::Shl:
  case Op::Shr: {
    Value *amount = i.has(Mod::wrap) ? b.CreateAnd(c, 31)
                                     : b.CreateBinaryIntrinsic(Intrinsic::umin, c,
                                                               ConstantInt::get(c->getType(), 32));
    return op == Op::Shl ? b.CreateShl(a, amount) : b.CreateAShr(a, amount);
  }
  case Op::Set:
    return comparison(e, i, a, c);
  }
  return a;
}

Op scalar_op(Opcode o) {
  switch (o) {
  case Opcode::vadd:
    return Op::Add;
  case Opcode::vsub:
    return Op::Sub;
  case Opcode::vabsdiff:
    return Op::AbsDiff;
  case Opcode::vmin:
    return Op::Min;
  case Opcode::vmax:
    return Op::Max;
  case Opcode::vshl:
    return Op::Shl;
  case Opcode::vshr:
    return Op::Shr;
  default:
    return Op::Set;
  }
}

/// vop d{.dsel}, a{.asel}, b{.bsel} [, c]: with a selector on d the result is merged into c, else
/// .op2 combines it with c.
void emit_scalar(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  constexpr unsigned kWide = 80; // a 33-bit value shifted left by 32 fits
  Op op = scalar_op(i.opcode);
  bool is_set = op == Op::Set;
  Type d = is_set ? Type::U32 : i.type(0);
  Value *a = read_part(e, i.operand(1), i.type(is_set ? 0 : 1), kWide);
  Value *c = read_part(e, i.operand(2), i.type(is_set ? 1 : 2), kWide);
  Value *r = operate(e, i, op, a, c);
  Part target = part_of(i.operand(0).component);
  if (i.has(Mod::sat))
    r = clamp(e, r, target.bits, ptx::is_signed(d));
  if (i.operands.size() > 3) {
    Value *word = e.read(i.operand(3), Type::B32);
    if (target.bits < 32) {
      APInt mask = APInt::getBitsSet(32, target.shift, target.shift + target.bits);
      Value *moved = b.CreateShl(b.CreateTrunc(r, b.getInt32Ty()), target.shift);
      r = b.CreateOr(b.CreateAnd(moved, mask), b.CreateAnd(word, ~mask));
      write_word(e, i.operand(0), r);
      return;
    }
    Value *third = extend(e, word, ptx::is_signed(d), kWide);
    if (i.has(Mod::add))
      r = b.CreateAdd(r, third);
    else if (i.has(Mod::min))
      r = b.CreateBinaryIntrinsic(Intrinsic::smin, r, third);
    else if (i.has(Mod::max))
      r = b.CreateBinaryIntrinsic(Intrinsic::smax, r, third);
  }
  write_word(e, i.operand(0), r);
}

/// vmad d, {-}a, {-}b, {-}c: a * b + c, negated product or c by complement and one more, scaled by
/// a right shift.
void emit_vmad(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  bool negate_product = i.operand(1).negated != i.operand(2).negated,
       negate_c = i.operand(3).negated;
  bool is_signed =
      ptx::is_signed(i.type(1)) || ptx::is_signed(i.type(2)) || negate_product || negate_c;
  Value *product = b.CreateMul(read_part(e, i.operand(1), i.type(1), 128),
                               read_part(e, i.operand(2), i.type(2), 128));
  Value *word = read_word(e, i.operand(3));
  unsigned one = i.has(Mod::po) || negate_product || negate_c;
  if (!i.has(Mod::po) && negate_product)
    product = b.CreateNot(product);
  else if (!i.has(Mod::po) && negate_c)
    word = b.CreateNot(word);
  Value *r = b.CreateAdd(product, extend(e, word, is_signed, 128));
  r = b.CreateAdd(r, e.constant(128, one));
  unsigned scale = i.has(Mod::shr7) ? 7 : i.has(Mod::shr15) ? 15 : 0;
  if (scale)
    r = is_signed ? b.CreateAShr(r, scale) : b.CreateLShr(r, scale);
  if (i.has(Mod::sat))
    r = clamp(e, r, 32, is_signed);
  write_word(e, i.operand(0), r);
}

struct Simd {
  Opcode opcode;
  Op op;
  unsigned lanes;
};

constexpr Simd kSimd[] = {
    {Opcode::vadd2, Op::Add, 2},         {Opcode::vadd4, Op::Add, 4},
    {Opcode::vsub2, Op::Sub, 2},         {Opcode::vsub4, Op::Sub, 4},
    {Opcode::vavrg2, Op::Average, 2},    {Opcode::vavrg4, Op::Average, 4},
    {Opcode::vabsdiff2, Op::AbsDiff, 2}, {Opcode::vabsdiff4, Op::AbsDiff, 4},
    {Opcode::vmin2, Op::Min, 2},         {Opcode::vmin4, Op::Min, 4},
    {Opcode::vmax2, Op::Max, 2},         {Opcode::vmax4, Op::Max, 4},
    {Opcode::vset2, Op::Set, 2},         {Opcode::vset4, Op::Set, 4},
};

/// Which element of b:a lane k takes: the k-th digit of the selector from the right; by default a's
/// own, or b's.
unsigned lane_source(const Operand &op, unsigned k, unsigned fallback) {
  if (op.component != Component::Halves && op.component != Component::Bytes)
    return fallback;
  return (op.selector >> (4 * k)) & 15;
}

/// Whether the destination's mask has lane k: digits, a single position, or all.
bool lane_written(const Operand &op, unsigned k) {
  if (op.component == Component::None)
    return true;
  if (op.component == Component::Halves || op.component == Component::Bytes) {
    for (unsigned n = 0; n < op.selector_count; ++n)
      if (((op.selector >> (4 * n)) & 15) == k)
        return true;
    return false;
  }
  Part p = part_of(op.component);
  return p.shift / p.bits == k;
}

void emit_simd(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const Simd *s = std::find_if(std::begin(kSimd), std::end(kSimd),
                               [&](const Simd &k) { return k.opcode == i.opcode; });
  unsigned bits = 32 / s->lanes;
  bool is_set = s->op == Op::Set;
  Type d = is_set ? Type::U32 : i.type(0), ta = i.type(is_set ? 0 : 1), tb = i.type(is_set ? 1 : 2);
  Value *words[2] = {read_word(e, i.operand(1)), read_word(e, i.operand(2))};
  auto element = [&](unsigned from, Type t) {
    Value *v = b.CreateLShr(words[(from / s->lanes) & 1], (from % s->lanes) * bits);
    return extend(e, b.CreateTrunc(v, e.int_type(bits)), ptx::is_signed(t), 32);
  };
  Value *c = e.read(i.operand(3), Type::B32);
  Value *r = i.has(Mod::add) ? c : static_cast<Value *>(b.getInt32(0));
  for (unsigned k = 0; k < s->lanes; ++k) {
    APInt mask = APInt::getBitsSet(32, k * bits, (k + 1) * bits);
    if (!lane_written(i.operand(0), k)) {
      if (!i.has(Mod::add))
        r = b.CreateOr(r, b.CreateAnd(c, mask));
      continue;
    }
    Value *t = operate(e, i, s->op, element(lane_source(i.operand(1), k, k), ta),
                       element(lane_source(i.operand(2), k, k + s->lanes), tb));
    if (i.has(Mod::sat))
      t = clamp(e, t, bits, ptx::is_signed(d));
    r = i.has(Mod::add) ? b.CreateAdd(r, t)
                        : b.CreateOr(r, b.CreateAnd(b.CreateShl(t, k * bits), mask));
  }
  write_word(e, i.operand(0), r);
}

} // namespace

std::span<const EmitterRow> video_emitters() {
  static const auto rows = [] {
    std::vector<EmitterRow> list;
    for (Opcode o : {Opcode::vadd, Opcode::vsub, Opcode::vabsdiff, Opcode::vmin, Opcode::vmax,
                     Opcode::vshl, Opcode::vshr, Opcode::vset})
      list.push_back({o, emit_scalar});
    list.push_back({Opcode::vmad, emit_vmad});
    for (const Simd &s : kSimd)
      list.push_back({s.opcode, emit_simd});
    return list;
  }();
  return rows;
}

} // namespace w2w::emit
