// cvt between integers and floats of at least 16 bits, PTX ISA 9.7.9.21, and cvt.pack, 9.7.9.22.
#include "lowering/emit/convert.h"

#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"

#include "llvm/IR/InlineAsm.h"

namespace w2w::emit {

using namespace llvm;

namespace {

/// cvt's .ftz concerns f32 inputs and results only, not f16 ones.
Value *flush_f32_if_ftz(FunctionEmitter &e, const Instruction &i, Value *v) {
  return v->getType()->isFloatTy() ? flush_if_ftz(e, i, v) : v;
}

bool is_integer(Type t) {
  return ptx::is_signed(t) || ptx::is_unsigned(t);
}

// --- Integer to integer
// -----------------------------------------------------------------------------------------------

/// a (iN, as `from` says) limited to the range of `to`, whose width may be narrower or wider.
Value *saturate_integer(FunctionEmitter &e, Value *a, Type from, unsigned to_bits, bool to_signed) {
  IRBuilder<> &b = e.b;
  unsigned from_bits = a->getType()->getIntegerBitWidth();
  bool from_signed = ptx::is_signed(from);
  // One bit more than either side needs, so that every bound is representable.
  unsigned wide = std::max(from_bits, to_bits) + 1;
  Value *v = from_signed ? b.CreateSExt(a, e.int_type(wide)) : b.CreateZExt(a, e.int_type(wide));
  APInt low = to_signed ? APInt::getSignedMinValue(to_bits).sext(wide) : APInt(wide, 0);
  APInt high = to_signed ? APInt::getSignedMaxValue(to_bits).sext(wide)
                         : APInt::getMaxValue(to_bits).zext(wide);
  v = b.CreateBinaryIntrinsic(Intrinsic::smax, v, ConstantInt::get(b.getContext(), low));
  v = b.CreateBinaryIntrinsic(Intrinsic::smin, v, ConstantInt::get(b.getContext(), high));
  return b.CreateTrunc(v, e.int_type(to_bits));
}

Value *integer_to_integer(FunctionEmitter &e, const Instruction &i, Type to, Type from) {
  Value *a = e.read(i.operand(1), from);
  if (i.has(Mod::sat))
    return saturate_integer(e, a, from, ptx::bits(to), ptx::is_signed(to));
  return ptx::is_signed(from) ? e.b.CreateSExtOrTrunc(a, e.int_type(ptx::bits(to)))
                              : e.b.CreateZExtOrTrunc(a, e.int_type(ptx::bits(to)));
}

// --- Float to integer
// -------------------------------------------------------------------------------------------------

/// Rounded to an integral value if the instruction has .rni, .rzi, .rmi or .rpi.
Value *round_integral(FunctionEmitter &e, const Instruction &i, Value *a) {
  Intrinsic::ID id = i.has(Mod::rni)   ? Intrinsic::roundeven
                     : i.has(Mod::rzi) ? Intrinsic::trunc
                     : i.has(Mod::rmi) ? Intrinsic::floor
                     : i.has(Mod::rpi) ? Intrinsic::ceil
                                       : Intrinsic::not_intrinsic;
  if (id == Intrinsic::not_intrinsic)
    return a;
  llvm::Type *type = a->getType();
  if (!type->isBFloatTy())
    return e.b.CreateUnaryIntrinsic(id, a);
  // An integral f32 that came from a bf16 is a bf16.
  return e.b.CreateFPTrunc(e.b.CreateUnaryIntrinsic(id, e.b.CreateFPExt(a, e.b.getFloatTy())),
                           type);
}

/// Clamped to the destination's range. NaN gives zero, or 1 << (width - 1) if either side is 64
/// bits wide.
Value *float_to_integer(FunctionEmitter &e, const Instruction &i, Type to, Type from) {
  IRBuilder<> &b = e.b;
  Value *a = round_integral(e, i, flush_f32_if_ftz(e, i, e.read_value(i.operand(1), from)));
  if (a->getType()->getScalarSizeInBits() == 16)
    a = b.CreateFPExt(a, b.getFloatTy());
  unsigned width = ptx::bits(to);
  llvm::Type *type = e.int_type(width);
  auto id = ptx::is_signed(to) ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat;
  Value *r = e.intrinsic(id, {type, a->getType()}, {a});
  if (from == Type::F64 || width == 64)
    r = b.CreateSelect(b.CreateFCmpUNO(a, a),
                       ConstantInt::get(b.getContext(), APInt::getSignedMinValue(width)), r);
  return r;
}

// --- Integer to float
// -------------------------------------------------------------------------------------------------

std::string integer_suffix(Value *v, bool is_signed) {
  return (is_signed ? "i" : "u") + std::to_string(v->getType()->getIntegerBitWidth());
}

/// The integer, if it has at most `exact` bits; else with its low bits that only say "more than
/// this", those of `low`, gathered in the bit `sticky`.
Value *gather_low_bits(FunctionEmitter &e, Value *a, bool is_signed, unsigned exact, uint64_t low,
                       uint64_t sticky) {
  IRBuilder<> &b = e.b;
  llvm::Type *type = a->getType();
  auto constant = [&](uint64_t v) { return e.constant(type->getIntegerBitWidth(), v); };
  Value *more = b.CreateICmpNE(b.CreateAnd(a, constant(low)), constant(0));
  Value *gathered = b.CreateOr(b.CreateAnd(a, constant(~low)),
                               b.CreateSelect(more, constant(sticky), constant(0)));
  Value *top = is_signed ? b.CreateAShr(a, exact) : b.CreateLShr(a, exact);
  Value *small = b.CreateICmpEQ(top, constant(0));
  if (is_signed)
    small = b.CreateOr(small, b.CreateICmpEQ(top, constant(~uint64_t{0})));
  return b.CreateSelect(small, a, gathered);
}

/// bf16 has f32's range but 8 bits of precision: going through f32 would round twice. An i32 is
/// exact in f32, and an i64 in f64, once its low bits are gathered. LLVM makes of a conversion by
/// way of a type in which it is exact a direct one, and of that one by way of f32: hence the fence.
Value *integer_to_bf16(FunctionEmitter &e, Value *a, bool is_signed) {
  IRBuilder<> &b = e.b;
  auto convert = [&](llvm::Type *type) {
    return is_signed ? b.CreateSIToFP(a, type) : b.CreateUIToFP(a, type);
  };
  if (a->getType()->getIntegerBitWidth() == 32) {
    a = gather_low_bits(e, a, is_signed, 24, 0xff, 0x100);
    return b.CreateFPTrunc(convert(b.getFloatTy()), b.getBFloatTy());
  }
  a = gather_low_bits(e, a, is_signed, 52, 0xffff, 0x8000);
  // (llvm.arithmetic.fence has no encoding on AMDGPU.)
  llvm::Type *f64 = b.getDoubleTy();
  Value *exact = b.CreateCall(
      InlineAsm::get(FunctionType::get(f64, {f64}, false), "", "=v,0", /*hasSideEffects=*/false),
      {convert(f64)});
  return b.CreateFPTrunc(exact, b.getBFloatTy());
}

Value *integer_to_float(FunctionEmitter &e, const Instruction &i, Type to, Type from) {
  IRBuilder<> &b = e.b;
  bool is_signed = ptx::is_signed(from);
  Value *a = e.read_int(i.operand(1), from, std::max(32u, ptx::bits(from)));
  llvm::Type *type = e.value_type(to);
  std::string_view rounding = directed_rounding(i);
  if (!rounding.empty())
    return e.call_w2w("w2w.cvt." + StringRef(rounding) + "." + type_suffix(type) + "." +
                          integer_suffix(a, is_signed),
                      type, {a}, W2wKind::Pure);
  if (type->isBFloatTy())
    return integer_to_bf16(e, a, is_signed);
  // f16 overflows at 65520: beyond 24 bits every value is infinite, so f32 in between is exact
  // where it matters.
  if (type->isHalfTy()) {
    llvm::Type *f32 = b.getFloatTy();
    return b.CreateFPTrunc(is_signed ? b.CreateSIToFP(a, f32) : b.CreateUIToFP(a, f32), type);
  }
  return is_signed ? b.CreateSIToFP(a, type) : b.CreateUIToFP(a, type);
}

// --- cvt
// --------------------------------------------------------------------------------------------------------------

void emit_cvt_scalar(FunctionEmitter &e, const Instruction &i) {
  Type to = i.type(0), from = i.type(1);
  Value *r = nullptr;
  if (is_integer(to)) {
    r = is_integer(from) ? integer_to_integer(e, i, to, from) : float_to_integer(e, i, to, from);
    e.write(i.operand(0), r, to);
    return;
  }
  if (is_integer(from)) {
    r = integer_to_float(e, i, to, from);
  } else {
    Value *a = flush_f32_if_ftz(e, i, e.read_value(i.operand(1), from));
    r = to == from ? round_integral(e, i, a)
                   : float_to_float(e, a, e.value_type(to), directed_rounding(i));
  }
  if (i.has(Mod::satfinite))
    r = satfinite(e, r);
  r = flush_f32_if_ftz(e, i, r);
  if (i.has(Mod::sat))
    r = saturate(e, r);
  if (i.has(Mod::relu))
    r = relu(e, r);
  e.write(i.operand(0), r, to);
}

void emit_cvt(FunctionEmitter &e, const Instruction &i) {
  if (i.has(Mod::pack)) {
    emit_cvt_pack(e, i);
    return;
  }
  if (ptx::info(i.type(0)).lanes > 1 || ptx::info(i.type(1)).lanes > 1 || i.type(0) == Type::TF32)
    emit_cvt_packed(e, i);
  else
    emit_cvt_scalar(e, i);
}

} // namespace

Value *float_to_float(FunctionEmitter &e, Value *a, llvm::Type *to, std::string_view rounding) {
  IRBuilder<> &b = e.b;
  llvm::Type *from = a->getType();
  if (from == to)
    return a;
  if (from->getScalarSizeInBits() < to->getScalarSizeInBits())
    return b.CreateFPExt(a, to);
  if (from->getScalarSizeInBits() ==
      to->getScalarSizeInBits()) { // f16 <-> bf16: by way of f32, which holds both
    a = b.CreateFPExt(a, b.getFloatTy());
    from = a->getType();
  }
  if (rounding.empty())
    return b.CreateFPTrunc(a, to);
  return e.call_w2w("w2w.cvt." + StringRef(rounding) + "." + type_suffix(to) + "." +
                        type_suffix(from),
                    to, {a}, W2wKind::Pure);
}

Value *satfinite(FunctionEmitter &e, Value *r) {
  IRBuilder<> &b = e.b;
  llvm::Type *type = r->getType();
  const fltSemantics &semantics = type->getFltSemantics();
  Value *limit = b.CreateBinaryIntrinsic(Intrinsic::copysign,
                                         ConstantFP::get(type, APFloat::getLargest(semantics)), r);
  Value *infinite = b.CreateFCmpOEQ(b.CreateUnaryIntrinsic(Intrinsic::fabs, r),
                                    ConstantFP::get(type, APFloat::getInf(semantics)));
  return b.CreateSelect(infinite, limit, r);
}

/// cvt.pack.sat.T.s32 d, a, b [, c]: a above b in the low bits, c above both.
void emit_cvt_pack(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Type to = i.type(0), from = i.type(1);
  unsigned width = ptx::bits(to);
  auto part = [&](unsigned n) {
    Value *v = saturate_integer(e, e.read(i.operand(n), from), from, width, ptx::is_signed(to));
    return b.CreateZExt(v, b.getInt32Ty());
  };
  Value *r = b.CreateOr(b.CreateShl(part(1), width), part(2));
  if (i.operands.size() > 3)
    r = b.CreateOr(r, b.CreateShl(e.read(i.operand(3), Type::B32), 2 * width));
  e.write(i.operand(0), r, Type::B32);
}

std::span<const EmitterRow> convert_emitters() {
  static const EmitterRow rows[] = {{Opcode::cvt, emit_cvt, is_plain_conversion_form}};
  return rows;
}

} // namespace w2w::emit
