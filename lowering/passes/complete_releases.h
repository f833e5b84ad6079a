// Makes release operations of GFX9 hand on what the memory model says, where LLVM 22's code does
// not (docs/AMDGPU-NOTES.md):
//
// * gfx906, gfx908, gfx90a: a release at workgroup scope does not wait for the wave's stores, so
//   that another wave cannot release them at a wider scope. It becomes one of agent scope.
// * gfx90a (system scope), gfx942 and gfx950 (agent and system scope): the wait for the write-back
//   of L2 is dropped when the wave has no memory operation of its own under way. The wait is
//   written out, so that LLVM may not drop it.
//
// In: any IR, after LLVM's passes. Out: there, each release is a fence of its own, and the
// operation that was one is relaxed or acquires.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool complete_releases(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
