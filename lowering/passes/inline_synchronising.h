// Marks functions that reach an exit, a block barrier or a *.sync operation of the warp, that may
// wait for memory in a loop, or that move the stack pointer (alloca), `alwaysinline`, so that
// LLVM's AlwaysInliner (which must run next) brings those operations into the kernels: there exit
// is a plain return, uniformity is known, where a function's arguments would have to be taken as
// divergent, schedule_warps can cut, and lower_stack need not pass the thread's stack on. Functions
// that are part of a recursion stay; a call through a pointer is one of each function of its type
// (lower_function_ids), and so may be part of one.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool inline_synchronising(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                          PassEnv &env);

} // namespace w2w
