// Refuses functions whose arrays in local memory a thread's scratch cannot hold. LLVM would write
// frame offsets that wrap, and would end the whole module over it. What spilled registers and the
// frames of callees come to is known only to code generation, which reports it (generate_code).
//
// In: IR after LLVM's passes, which take away arrays that nothing needs in memory. Out: unchanged.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool bound_frames(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

/// Refuses the function of `largest`, for whose sake the frame of `function` has `bytes` a thread.
void refuse_frame(const llvm::AllocaInst &largest, const llvm::Function &function, uint64_t bytes,
                  PassEnv &env);

/// The end of a message that `function` has `bytes` of scratch a thread, too many: how many there
/// are, and the remedy, which is a smaller stack where that is enough. Sets
/// PassEnv::smaller_stack.
std::string scratch_remedy(const llvm::Function &function, uint64_t bytes,
                           std::string_view otherwise, PassEnv &env);

} // namespace w2w
