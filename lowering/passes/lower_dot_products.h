// Replaces w2w.dp4a.* by the dot products of the processor (v_dot4_i32_i8, v_dot4_i32_iu8). Sums of
// products in IR would not become such instructions: LLVM's own search for them is switched off,
// as it finds too many (codegen/target.cpp).
// In: any IR. Out: no such call.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_dot_products(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
