// Replaces the block barriers w2w.barrier.*.
//
// A barrier of all threads, whatever its id, becomes the hardware barrier between workgroup fences
// (all threads must meet at one id at a time anyway). Reductions add up in one LDS word, between
// three barriers, so that exited threads need no bookkeeping. Barriers of fewer threads, arrivals
// that do not wait, and barriers that share a number with them are counted in LDS
// (block_barrier.h).
//
// schedule_warps must have run: what is left comes to each barrier with whole waves (on wave64) or
// warps. Leaves w2w.sreg.* behind, so lower_special_registers runs again.
// In: SSA form. Out: no w2w.barrier.*.
// Source: PTX ISA 9.7.13.1.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_barriers(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
