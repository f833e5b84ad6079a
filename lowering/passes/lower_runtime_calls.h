// Replaces the calls that need the runtime: w2w.vprintf, w2w.malloc, w2w.free.
//
// printf appends a record to the FIFO of the launch block (lowering/abi/printf_fifo.h): the address
// of the format string and the bytes of the arguments. How many bytes those are comes from the
// format string, which is a constant in all compiled code, or else from the size of the local array
// that holds them. Refused by name: printf in the standalone ABI, which has no FIFO; a printf for
// which neither is known; malloc and free.
// append_launch_block and the settling passes must have run; place_globals, which drops the
// initialisers, comes after.
// In: any IR. Out: none of these calls. Source: CUDA C++ Programming Guide, "Formatted output".
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_runtime_calls(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
