// As HIP defines its shuffles: the source lane is computed, ds_bpermute reads it; width 32.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))

__device__ int thread_x() { return __builtin_amdgcn_workitem_id_x(); }
__device__ int wave_lane() { return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u)); }
template <class T> __device__ T read_lane(T v, int lane) {
  return __builtin_bit_cast(T, __builtin_amdgcn_ds_bpermute(lane << 2, __builtin_bit_cast(int, v)));
}
template <class T> __device__ T shuffle_down(T v, int d) {
  int self = wave_lane(), from = self + d;
  return read_lane(v, (self & 31) + d >= 32 ? self : from);
}
template <class T> __device__ T shuffle_up(T v, int d) {
  int self = wave_lane(), from = self - d;
  return read_lane(v, from < (self & ~31) ? self : from);
}
template <class T> __device__ T shuffle_xor(T v, int d) {
  int self = wave_lane(), from = self ^ d;
  return read_lane(v, from >= ((self + 32) & ~31) ? self : from);
}
template <class T> __device__ T add_shuffled_up(T v, int d) {
  T left = shuffle_up(v, d);
  return (wave_lane() & 31) >= d ? v + left : v;
}
__device__ int reduce_add(int v) { // HIP has it by a butterfly, too
  for (int d = 16; d > 0; d /= 2)
    v += shuffle_xor(v, d);
  return v;
}
__device__ int lane_id() { return wave_lane() & 31; }
__device__ unsigned ballot(bool p) { return __builtin_amdgcn_ballot_w64(p) >> (wave_lane() & 32); }
#include "kernels.h"
