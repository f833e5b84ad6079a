#pragma once

#include "lowering/passes/pass.h"

namespace w2w {

/// Links the functions of lowering/devicelib that the module declares and calls (w2w_image_*,
/// w2w_heap_*), with what those need. In: declarations made by emit/ and lower_runtime_calls. Out:
/// internal definitions with no trace of the library's own target, to be optimised with the
/// kernels; they call w2w_image_fault, which lower_traps lowers.
bool link_devicelib(llvm::Module &module, llvm::ModuleAnalysisManager &, PassEnv &env);

} // namespace w2w
