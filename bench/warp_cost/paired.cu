#include "w2w_cuda.h"

__device__ int thread_x() { return threadIdx.x; }
template <class T> __device__ T shuffle_down(T v, int d) { return __shfl_down_sync(0xffffffffu, v, d); }
template <class T> __device__ T shuffle_up(T v, int d) { return __shfl_up_sync(0xffffffffu, v, d); }
template <class T> __device__ T shuffle_xor(T v, int d) { return __shfl_xor_sync(0xffffffffu, v, d); }
__device__ int add_shuffled_up(int v, int d) {
  asm volatile("{ .reg .b32 r; .reg .pred p; shfl.sync.up.b32 r|p, %0, %1, 0, -1; @p add.s32 %0, %0, r; }" : "+r"(v) : "r"(d));
  return v;
}
__device__ float add_shuffled_up(float v, int d) {
  asm volatile("{ .reg .b32 r; .reg .pred p; shfl.sync.up.b32 r|p, %0, %1, 0, -1; @p add.f32 %0, %0, r; }" : "+f"(v) : "r"(d));
  return v;
}
__device__ int reduce_add(int v) { return __reduce_add_sync(0xffffffffu, v); }
__device__ int lane_id() { return __nvvm_read_ptx_sreg_laneid(); }
__device__ unsigned ballot(bool p) { return __ballot_sync(0xffffffffu, p); }
#include "kernels.h"
