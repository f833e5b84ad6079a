// Replaces w2w.trap, w2w.brkpt, w2w.assertfail and the like, which end the launch in error.
//
// s_trap is never used. Runtime ABI: the thread records what happened in the launch block's status
// word (lowering/abi/status_word.h) and its wave ends; the runtime turns the record into CUDA's
// sticky error. Standalone ABI: a trap or breakpoint stores to address 0, so that the launch ends
// in the memory fault that plain HIP reports; an assertion, whose message only the runtime could
// print, does the same.
// append_launch_block must have run; leaves w2w.sreg.* calls behind, so lower_special_registers
// comes after. In: any IR. Out: none of these calls.
#pragma once

#include "lowering/passes/pass.h"

#include "llvm/IR/IRBuilder.h"

#include <span>

namespace w2w {

bool lower_traps(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

/// Ends the launch in error from any pass: writes IR that records `kind`, the line and the details,
/// and ends the wave. The builder's block goes on after it only in form (no instruction runs).
void build_failure(llvm::IRBuilderBase &builder, const PassEnv &env, uint32_t kind,
                   llvm::Value *line, std::span<llvm::Value *const> details);

/// Whether this is the function that build_failure calls.
bool records_failures(const llvm::Function &function);

} // namespace w2w
