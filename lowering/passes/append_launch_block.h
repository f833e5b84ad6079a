// Gives every kernel the launch block pointer as its last argument (runtime ABI; nothing to do in
// the standalone ABI).
//
// In: kernels whose arguments are the PTX parameters. Out: kernels with one more argument, `ptr
// addrspace(4)`, at the next 8-byte boundary of the kernarg segment, and without AMD's hidden
// arguments (amdgpu-implicitarg-num-bytes=0). Must run before every pass that reads the launch
// block.
#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

bool append_launch_block(llvm::Module &module, llvm::ModuleAnalysisManager &analyses, PassEnv &env);

} // namespace w2w
