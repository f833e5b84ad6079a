// The limits of arrays, textures and surfaces: those of compute capability 8.9. Sampling is
// software, so that they are the same on every device.
#pragma once

#include "runtime/cuda/cuda_abi.h"

namespace w2w::cuda {

/// The device attribute's value; 0 if it is none about arrays, textures and surfaces. Source: CUDA
/// C Programming Guide, "Technical Specifications per Compute Capability".
int texture_limit(CUdevice_attribute attribute);

} // namespace w2w::cuda
