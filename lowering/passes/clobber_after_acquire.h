// Keeps loads behind a synchronisation off the scalar cache, which nothing keeps coherent: LLVM
// gives a load at a uniform address to it where no store of this thread may come before, and counts
// neither fences nor barriers, though what they order are other threads' stores
// (docs/AMDGPU-NOTES.md). Behind each operation that acquires comes an empty piece of assembler
// that LLVM must take for a store.
//
// In: any IR, after LLVM's passes, which the piece would hold up. Out: the same, with the pieces.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool clobber_after_acquire(llvm::Module &module, llvm::ModuleAnalysisManager &analyses,
                           PassEnv &env);

} // namespace w2w
