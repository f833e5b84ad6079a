// Replaces w2w.nanosleep by s_sleep. PTX asks for a duration between 0 and twice the one given
// (PTX ISA 9.7.13.15), so one short sleep is right for every operand; it lets other waves run.
// In: any IR. Out: no such call.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_nanosleep(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
