// What launching and querying kernels share.
#pragma once

#include "runtime/cuda/state.h"

namespace w2w::cuda {

/// Bytes of dynamic shared memory a launch may ask for: what was opted in to, else what 48 KiB
/// leave.
uint32_t dynamic_shared_limit(const Function &function);

/// The kernel on the device of the context, compiled and loaded.
CUresult load_function(Function &function, Context &context, const jit::LoadedKernel *&kernel);

} // namespace w2w::cuda
