// What programs compiled with -fgpu-default-stream=per-thread call: the same functions, with the
// thread's stream in place of the null stream.
#include "runtime/emulator/api.h"

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

hipStream_t mine(hipStream_t stream) {
  return stream == kStreamNull ? kStreamPerThread : stream;
}

/// A call without a stream: appended to the thread's, and waited for.
hipError_t finished(hipError_t error) {
  return error == hipSuccess ? hipStreamSynchronize(kStreamPerThread) : error;
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy_spt(void *dst, const void *src, size_t bytes,
                                                  hipMemcpyKind kind) {
  return hipMemcpyWithStream(dst, src, bytes, kind, kStreamPerThread);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyAsync_spt(void *dst, const void *src, size_t bytes,
                                                       hipMemcpyKind kind, hipStream_t stream) {
  return hipMemcpyAsync(dst, src, bytes, kind, mine(stream));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyToSymbol_spt(const void *symbol, const void *src,
                                                          size_t bytes, size_t offset,
                                                          hipMemcpyKind kind) {
  return finished(hipMemcpyToSymbolAsync(symbol, src, bytes, offset, kind, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyFromSymbol_spt(void *dst, const void *symbol,
                                                            size_t bytes, size_t offset,
                                                            hipMemcpyKind kind) {
  return finished(hipMemcpyFromSymbolAsync(dst, symbol, bytes, offset, kind, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy2D_spt(void *dst, size_t dst_pitch, const void *src,
                                                    size_t src_pitch, size_t width, size_t height,
                                                    hipMemcpyKind kind) {
  return finished(
      hipMemcpy2DAsync(dst, dst_pitch, src, src_pitch, width, height, kind, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy3D_spt(const hipMemcpy3DParms *copy) {
  return finished(hipMemcpy3DAsync(copy, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset_spt(void *dst, int value, size_t bytes) {
  return finished(hipMemsetAsync(dst, value, bytes, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset2D_spt(void *dst, size_t pitch, int value,
                                                    size_t width, size_t height) {
  return finished(hipMemset2DAsync(dst, pitch, value, width, height, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset3D_spt(hipPitchedPtr pointer, int value,
                                                    hipExtent extent) {
  return finished(hipMemset3DAsync(pointer, value, extent, kStreamPerThread));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamSynchronize_spt(hipStream_t stream) {
  return hipStreamSynchronize(mine(stream));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamQuery_spt(hipStream_t stream) {
  return hipStreamQuery(mine(stream));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamGetFlags_spt(hipStream_t stream, unsigned *flags) {
  return hipStreamGetFlags(mine(stream), flags);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamGetPriority_spt(hipStream_t stream, int *priority) {
  return hipStreamGetPriority(mine(stream), priority);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamWaitEvent_spt(hipStream_t stream, hipEvent_t event,
                                                           unsigned flags) {
  return hipStreamWaitEvent(mine(stream), event, flags);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipEventRecord_spt(hipEvent_t event, hipStream_t stream) {
  return hipEventRecord(event, mine(stream));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipLaunchKernel_spt(const void *function, dim3 grid, dim3 block,
                                                        void **args, size_t shared_bytes,
                                                        hipStream_t stream) {
  return hipLaunchKernel(function, grid, block, args, shared_bytes, mine(stream));
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipLaunchCooperativeKernel_spt(const void *function, dim3 grid,
                                                                   dim3 block, void **args,
                                                                   unsigned shared_bytes,
                                                                   hipStream_t stream) {
  return hipLaunchCooperativeKernel(function, grid, block, args, shared_bytes, mine(stream));
}
