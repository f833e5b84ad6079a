// Shared by convert.cpp and convert_packed.cpp.
#pragma once

#include "lowering/emit/function_emitter.h"

namespace w2w::emit {

/// Between half, bfloat, float and double. `rounding` is empty (nearest even), "rz", "rm" or "rp".
Value *float_to_float(FunctionEmitter &e, Value *a, llvm::Type *to, std::string_view rounding);
/// .satfinite: infinity (what overflow and infinite inputs give) becomes the largest finite number
/// of its sign.
Value *satfinite(FunctionEmitter &e, Value *r);
/// cvt to or from packed pairs (f16x2, bf16x2, 8-, 6- and 4-bit floats), and to tf32.
void emit_cvt_packed(FunctionEmitter &e, const Instruction &i);
void emit_cvt_pack(FunctionEmitter &e, const Instruction &i);

} // namespace w2w::emit
