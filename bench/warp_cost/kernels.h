// A reduction and a scan of each 32 threads, one source for CUDA and HIP; the two shuffles are the compiler's (warp_cost.py).
#pragma once

template <class T> __device__ T lane_sum(T v) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2)
    v += shuffle_down(v, d);
  return v;
}

template <class T> __device__ T lane_scan(T v, int lane) {
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    T left = shuffle_up(v, d);
    if (lane >= d)
      v += left;
  }
  return v;
}

template <class T> __device__ T lane_sum_xor(T v) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2)
    v += shuffle_xor(v, d);
  return v;
}

#define KERNELS(T)                                                                                                                \
  extern "C" __global__ void sum_down_##T(T *out, const T *in) { out[thread_x()] = lane_sum(in[thread_x()]); }                       \
  extern "C" __global__ void sum_xor_##T(T *out, const T *in) { out[thread_x()] = lane_sum_xor(in[thread_x()]); }                    \
  extern "C" __global__ void scan_##T(T *out, const T *in) { out[thread_x()] = lane_scan(in[thread_x()], thread_x() & 31); }
KERNELS(int)
KERNELS(float)
