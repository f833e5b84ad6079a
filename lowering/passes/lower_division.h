// Replaces fdiv of f32 and f64 by AMD's division sequence, with one instruction more than LLVM's:
// correctly rounded whatever v_rcp gives within its stated error (lower_division.cpp has the
// proof; LLVM's own is not, docs/AMDGPU-NOTES.md).
//
// In: any IR, after LLVM's optimisations, which know fdiv and not the sequence. Divisions that may
// be inexact (arcp, afn, !fpmath) and f16's stay.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_division(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
