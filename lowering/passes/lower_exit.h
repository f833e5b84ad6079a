// Replaces w2w.exit, which ends one thread.
//
// In a kernel it becomes `ret`: LLVM keeps the wave running for the threads that are left, and
// threads that have returned take no part in later ballots and barriers. A function that may exit
// can't return to its caller's remaining code, so such functions have been inlined into the kernels
// before (inline_synchronising); what is left, recursion and indirect calls, is refused.
// In: w2w.exit followed by unreachable. Out: none.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_exit(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
