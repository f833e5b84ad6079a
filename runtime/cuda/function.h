// What launching and querying kernels share.
#pragma once

#include "lowering/abi/launch_block.h"
#include "runtime/cuda/state.h"

#include <span>

namespace w2w::cuda {

/// Bytes of dynamic shared memory a launch may ask for: what was opted in to, else what 48 KiB
/// leave.
uint32_t dynamic_shared_limit(const Function &function);

/// Bytes of shared memory a block may have: CUDA's limit for the reported compute capability, or
/// the LDS where that is larger. What exceeds the LDS lies in global memory.
uint64_t shared_limit(const Device &device);

/// Whether every kernel runs in solo mode on the device (W2W_CONFIG=warp-mode=solo), so that blocks
/// have at most abi::kMostSoloThreads threads.
bool solo_alone(const Device &device);

/// The kernel on the device of a context, for a launch.
struct LaunchedKernel {
  const jit::LoadedKernel *loaded = nullptr;
  bool shared_in_memory = false;

  /// Work-items of a workgroup for a block of so many threads.
  unsigned work_items(unsigned threads) const {
    return loaded->code->solo ? abi::solo_work_items(threads) : threads;
  }
};

/// The kernel's code for blocks as `version` says and `dynamic_shared` bytes of dynamic shared
/// memory, compiled and loaded. Decided here: whether shared memory lies in global memory, which
/// stack the context's limit asks for, and whether the launch's parameters (packed; empty: none are
/// known) allow code that assumes pointers to device memory. Errors are logged.
CUresult load_version(const Function &function, const Context &context, jit::LoadedModule &instance,
                      jit::KernelVersion version, uint64_t dynamic_shared,
                      std::span<const uint8_t> parameters, LaunchedKernel &kernel);

/// The kernel on the device of the context, compiled and loaded.
CUresult load_function(Function &function, Context &context, const jit::LoadedKernel *&kernel);

} // namespace w2w::cuda
