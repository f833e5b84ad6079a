// Replaces the calls that need the runtime: w2w.vprintf, w2w.malloc, w2w.free.
//
// printf appends a record to the FIFO of the launch block (lowering/abi/printf_fifo.h): the address
// of the format string and the bytes of the arguments. How many bytes those are comes from the
// format string, which is a constant in all compiled code, or else from the size of the local array
// that holds them. malloc and free are the device library's, on the heap of the launch block
// (lowering/abi/device_heap.h). Refused by name: any of them in the standalone ABI, which has
// neither FIFO nor heap; a printf for which no size is known.
// append_launch_block and the settling passes must have run; place_globals, which drops the
// initialisers, comes after. Leaves w2w_heap_* and w2w.sreg.* behind:
// link_devicelib and lower_special_registers run again.
// In: any IR. Out: none of these calls. Source: CUDA C++ Programming Guide, "Formatted output".
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool lower_runtime_calls(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
