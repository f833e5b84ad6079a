// Moves the shared window of kernels from LDS into global memory, for kernels that need more than
// the LDS holds (CompileOptions::shared_in_memory).
//
// The window of a workgroup is LaunchBlock::shared_slab + slot * LaunchBlock::shared_slab_stride;
// the slot is the workgroup's linear number by %nctaid in the launch or slice of it. A shared
// address, 32 bits in PTX, is an offset in the window: static variables from 0 in the order of the
// module, dynamic ones after them. Accesses, atomics, cvta and isspacep follow.
// In: what emit/ made, after append_launch_block. Out: no pointer in address space 3; what later
// passes put there (the words of barriers) stays in LDS. PassEnv::window_bytes: where dynamic
// memory begins. Runtime ABI only.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool move_shared_window(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
