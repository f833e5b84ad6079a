// Replaces w2w.flush.TY: subnormal values become zeros of the same sign (.ftz), all others pass.
//
// Done explicitly, on the bit pattern: kernels run with subnormals on, llvm.canonicalize does not
// flush then, and a float compare would see whatever the mode makes of its operands.
// In: any IR. Out: no such calls.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_flush(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
