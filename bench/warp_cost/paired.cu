#include "w2w_cuda.h"

__device__ int thread_x() { return threadIdx.x; }
template <class T> __device__ T shuffle_down(T v, int d) { return __shfl_down_sync(0xffffffffu, v, d); }
template <class T> __device__ T shuffle_up(T v, int d) { return __shfl_up_sync(0xffffffffu, v, d); }
template <class T> __device__ T shuffle_xor(T v, int d) { return __shfl_xor_sync(0xffffffffu, v, d); }
#include "kernels.h"
