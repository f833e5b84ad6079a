// Kernel launches that are kept for later, as nodes of graphs.
#pragma once

#include "runtime/cuda/graph_operation.h"

namespace w2w::cuda {

/// Checks a launch and compiles its kernel, for launches in streams of the context; a grid or block
/// of size zero is left for the launch to refuse. The configuration's stream is not looked at.
CUresult make_kernel(const CUlaunchConfig &config, CUfunction function, void **params, void **extra,
                     Context &context, KernelOperation &operation);

/// Launches it in a stream of its context, which is the calling thread's current one.
CUresult launch(const KernelOperation &operation, CUstream stream);

} // namespace w2w::cuda
