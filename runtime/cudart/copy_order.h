// In which stream a copy runs, whether it waits, and what its direction says of its sides.
#pragma once

#include "runtime/cudart/core.h"

namespace w2w::rt {

enum class Manner { Sync, SyncPerThread, Async };

/// Where and how a copy runs. The asynchronous entry points serve all: a synchronous copy waits for
/// its stream.
struct Order {
  Manner manner;
  CUstream stream = nullptr;

  /// The stream the work goes to.
  CUstream target() const {
    return manner == Manner::SyncPerThread ? CU_STREAM_PER_THREAD
           : manner == Manner::Sync        ? nullptr
                                           : stream;
  }
  /// `r` if it is an error or the copy is asynchronous, else the result of waiting.
  CUresult finish(CUresult r) const {
    return r != CUDA_SUCCESS || manner == Manner::Async ? r : cuStreamSynchronize(target());
  }
};

inline constexpr Order kSync{Manner::Sync}, kPerThread{Manner::SyncPerThread};
inline Order async(CUstream s) {
  return {Manner::Async, s};
}

inline bool valid(int kind) {
  return kind >= cudaMemcpyHostToHost && kind <= cudaMemcpyDefault;
}

/// Memory types of source and destination.
inline void types_of(int kind, CUmemorytype &src, CUmemorytype &dst) {
  const CUmemorytype host = CU_MEMORYTYPE_HOST, device = CU_MEMORYTYPE_DEVICE;
  if (kind == cudaMemcpyDefault) {
    src = dst = CU_MEMORYTYPE_UNIFIED;
    return;
  }
  src = kind == cudaMemcpyHostToHost || kind == cudaMemcpyHostToDevice ? host : device;
  dst = kind == cudaMemcpyHostToHost || kind == cudaMemcpyDeviceToHost ? host : device;
}

/// A 3-D copy as the driver has it, and the inverse.
cudaError_t to_driver(const cudaMemcpy3DParms &p, CUDA_MEMCPY3D &c);
cudaError_t to_runtime(const CUDA_MEMCPY3D &c, cudaMemcpy3DParms &p);

/// The address `offset` bytes into a device variable of which `count` bytes are wanted.
cudaError_t inside_variable(const void *symbol, size_t count, size_t offset, void **address);

/// Runs a 2-D copy of the driver's; its pitches need not be those of cuMemAllocPitch.
inline CUresult run(const CUDA_MEMCPY2D &c, const Order &order) {
  switch (order.manner) {
  case Manner::Sync:
    return cuMemcpy2DUnaligned_v2(&c);
  case Manner::SyncPerThread:
    return cuMemcpy2DUnaligned_v2_ptds(&c);
  case Manner::Async:
    break;
  }
  return cuMemcpy2DAsync_v2(&c, order.stream);
}

} // namespace w2w::rt
