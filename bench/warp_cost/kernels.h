// Reductions, scans and a compaction of each 32 threads, one source for CUDA and HIP; the shuffles, the lane and the ballot are the
// compiler's (warp_cost.py).
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

/// As cub::WarpScan does it: what comes from a lane in range is added.
template <class T> __device__ T lane_scan_predicate(T v) {
#pragma unroll
  for (int d = 1; d < 32; d *= 2)
    v = add_shuffled_up(v, d);
  return v;
}

/// The place of the thread among those of its warp for which `wanted` holds.
__device__ inline int place_among(bool wanted) { return __builtin_popcount(ballot(wanted) & ((1u << lane_id()) - 1)); }

#define KERNELS(T)                                                                                                                \
  extern "C" __global__ void sum_down_##T(T *out, const T *in) { out[thread_x()] = lane_sum(in[thread_x()]); }                       \
  extern "C" __global__ void sum_xor_##T(T *out, const T *in) { out[thread_x()] = lane_sum_xor(in[thread_x()]); }                    \
  extern "C" __global__ void scan_##T(T *out, const T *in) { out[thread_x()] = lane_scan(in[thread_x()], thread_x() & 31); }         \
  extern "C" __global__ void scan_lane_##T(T *out, const T *in) { out[thread_x()] = lane_scan(in[thread_x()], lane_id()); }           \
  extern "C" __global__ void scan_predicate_##T(T *out, const T *in) { out[thread_x()] = lane_scan_predicate(in[thread_x()]); }       \
  extern "C" __global__ void compact_##T(T *out, const T *in) {                                                                     \
    T v = in[thread_x()];                                                                                                           \
    int place = place_among(v > 9);                                                                                                 \
    if (v > 9)                                                                                                                      \
      out[(thread_x() & ~31) + place] = v;                                                                                          \
  }
KERNELS(int)
KERNELS(float)
extern "C" __global__ void sum_reduce_int(int *out, const int *in) { out[thread_x()] = reduce_add(in[thread_x()]); }
