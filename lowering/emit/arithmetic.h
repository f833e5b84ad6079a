// What several instruction families share: shifts that clamp, products, flushing, saturation,
// predicates on forms.
#pragma once

#include "lowering/emit/function_emitter.h"

namespace w2w::emit {

// --- Integers
// ---------------------------------------------------------------------------------------------------------
/// a << amount, zero if amount >= width (PTX: shift amounts are clamped).
Value *shift_left(FunctionEmitter &e, Value *a, Value *amount);
/// a >> amount; a shift by the width or more gives zero, or copies of the sign.
Value *shift_right(FunctionEmitter &e, Value *a, Value *amount, bool arithmetic);
/// The part of a * c that .lo (or nothing), .hi or .wide of `i` asks for.
Value *product(FunctionEmitter &e, const Instruction &i, Value *a, Value *c);

// --- Floating point
// ---------------------------------------------------------------------------------------------------
/// "f32", "v2f16", ...: the suffix of border functions.
std::string type_suffix(llvm::Type *type);
/// Subnormal to zero of the same sign.
Value *flush(FunctionEmitter &e, Value *v);
/// v flushed if the instruction has .ftz.
Value *flush_if_ftz(FunctionEmitter &e, const Instruction &i, Value *v);
/// Clamped to [0, 1], NaN and -0 to +0.
Value *saturate(FunctionEmitter &e, Value *v);
/// max(v, +0), NaN made canonical.
Value *relu(FunctionEmitter &e, Value *v);
/// "rz", "rm" or "rp" if the instruction has such a modifier; empty for .rn or none.
std::string_view directed_rounding(const Instruction &i);
/// min/max as PTX defines them: -0 below +0, a single NaN is ignored or (`propagate_nan`) wins.
Value *float_min_max(FunctionEmitter &e, bool is_min, bool propagate_nan, Value *a, Value *c);

/// The forms of div, rcp and sqrt with .approx or .full (approximate.cpp).
void emit_approximate_div(FunctionEmitter &e, const Instruction &i);
void emit_approximate_rcp(FunctionEmitter &e, const Instruction &i);
void emit_approximate_sqrt(FunctionEmitter &e, const Instruction &i);
/// What an instruction does to its float result before it is written: .ftz, .sat, .relu (NaN
/// canonical).
Value *finish_float(FunctionEmitter &e, const Instruction &i, Value *r);

// --- Predicates on forms
// ----------------------------------------------------------------------------------------------
/// An integer type and no .cc.
bool is_plain_integer_form(const ptx::isa::Form &form);
/// .cc is part of the form.
bool has_carry(const ptx::isa::Form &form);
bool is_float_form(const ptx::isa::Form &form);
/// st, red: no mbarrier is told when it is done. .async is then a licence to be late, not more.
bool completes_by_itself_form(const ptx::isa::Form &form);
bool signals_mbarrier_form(const ptx::isa::Form &form);
/// cp.async.mbarrier.arrive.
bool is_mbarrier_form(const ptx::isa::Form &form);
/// cp without .tensor.
bool is_copy_without_tensor_form(const ptx::isa::Form &form);
/// st.bulk.
bool is_bulk_form(const ptx::isa::Form &form);
/// Not .f32 (redux).
bool is_integer_form(const ptx::isa::Form &form);
/// cvt without .rs.
bool is_plain_conversion_form(const ptx::isa::Form &form);
/// Not tex.grad with integer coordinates.
bool has_no_integer_gradient(const ptx::isa::Form &form);

} // namespace w2w::emit
