// Launches that ask for more shared memory than the LDS holds, on demand: their kernels have the
// shared window in global memory.
#pragma once

#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cstring>

inline bool shared_in_memory = false;

/// Reads the argument "memory".
inline void choose_shared_memory(int argc, char **argv) {
  shared_in_memory = argc > 1 && std::strcmp(argv[1], "memory") == 0;
}

/// The dynamic shared memory for a launch of the function that needs `bytes` of it.
inline unsigned dynamic_shared(CUfunction function, unsigned bytes) {
  constexpr unsigned kMore = 160 << 10; // than any LDS has
  if (!shared_in_memory)
    return bytes;
  CHECK_CU(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                              static_cast<int>(bytes + kMore)));
  return bytes + kMore;
}
