// Marks functions that reach an exit or a block barrier `alwaysinline`, so that LLVM's
// AlwaysInliner (which must run next) brings those operations into the kernels: there exit is a
// plain return, and uniformity is known, where a function's arguments would have to be taken as
// divergent. Functions that are part of a recursion, or whose address is taken, stay; their other
// callers still get an inlined copy.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool inline_synchronising(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                          PassEnv &env);

} // namespace w2w
