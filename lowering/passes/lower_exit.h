// Replaces w2w.exit, which ends one thread.
//
// In a kernel it becomes `ret`: LLVM keeps the wave running for the threads that are left, and
// threads that have returned take no part in later ballots and barriers. s_endpgm in a function
// would end the whole wave, so a function that may exit returns, beside its result, whether the
// thread has exited; its callers then return in the same way, up to the kernel. Most such functions
// have been inlined before (inline_synchronising); what is left is recursive or called through a
// pointer.
//
// In: w2w.exit followed by unreachable; no indirect calls (lower_function_ids). Out: no w2w.exit;
// functions that may exit have another type.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_exit(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
