// Device code for the emulator's tests: HIP without ROCm (-nogpuinc -nogpulib).
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define HD __device__
#define NOINLINE __attribute__((noinline))
#include "bodies.h"

HD static u32 thread() { return __builtin_amdgcn_workitem_id_x(); }
HD static u32 block() { return __builtin_amdgcn_workgroup_id_x(); }
HD static u32 threads() { return __builtin_amdgcn_workgroup_size_x(); }
HD static u32 global_thread() { return block() * threads() + thread(); }
HD static void sync() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

#define BODY(NAME, T, ...)                                                                                             \
  extern "C" __global__ void k_##NAME(const T *a, const T *b, T *c, int n) {                                           \
    int i = int(global_thread());                                                                                      \
    if (i < n)                                                                                                         \
      c[i] = body_##NAME(a[i], b[i], i);                                                                               \
  }
#include "bodies.def"

// Sum of a block through LDS, one atomic a block.
extern "C" __global__ void reduce(const u32 *in, u32 *out, int n) {
  __shared__ static u32 part[256];
  u32 t = thread(), sum = 0;
  for (u32 k = global_thread(); k < u32(n); k += threads() * 4)
    sum += in[k];
  part[t] = sum;
  sync();
  for (u32 s = 128; s; s >>= 1) {
    if (t < s)
      part[t] += part[t + s];
    sync();
  }
  if (t == 0)
    __hip_atomic_fetch_add(out, part[0], __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}

// Histogram in LDS with atomics, added to memory.
extern "C" __global__ void histogram(const u32 *in, u32 *out, int n) {
  __shared__ static u32 bins[64];
  if (thread() < 64)
    bins[thread()] = 0;
  sync();
  for (u32 k = global_thread(); k < u32(n); k += threads() * 4)
    __hip_atomic_fetch_add(&bins[in[k] % 64], 1u, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP);
  sync();
  if (thread() < 64)
    __hip_atomic_fetch_add(out + thread(), bins[thread()], __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}

// Every kind of global atomic; one word or pair each, updated by all threads.
extern "C" __global__ void atomics(const u32 *in, u64 *out, int n) {
  u32 i = global_thread();
  if (i >= u32(n))
    return;
  u32 x = in[i];
  u32 *w = reinterpret_cast<u32 *>(out);
#define RMW(F, P, V) __hip_atomic_##F(P, V, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)
  RMW(fetch_add, w + 0, x);
  RMW(fetch_sub, w + 1, x);
  RMW(fetch_min, w + 2, x);
  RMW(fetch_max, w + 3, x);
  RMW(fetch_min, reinterpret_cast<i32 *>(w + 4), i32(x));
  RMW(fetch_max, reinterpret_cast<i32 *>(w + 5), i32(x));
  RMW(fetch_and, w + 6, x | 0xff);
  RMW(fetch_or, w + 7, x & 0xf0f0);
  RMW(fetch_xor, w + 8, x);
  u32 seen = __hip_atomic_load(w + 9, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT), next;
  do
    next = seen * 1 + (x & 7);
  while (!__hip_atomic_compare_exchange_strong(w + 9, &seen, next, __ATOMIC_RELAXED, __ATOMIC_RELAXED,
                                               __HIP_MEMORY_SCOPE_AGENT));
  RMW(fetch_add, out + 8, u64(x) << 20);
  RMW(fetch_max, out + 9, u64(x) << 20);
  RMW(fetch_xor, out + 10, u64(x) << 20);
  RMW(fetch_min, reinterpret_cast<i64 *>(out + 11), i64(i32(x)) * 5);
  RMW(fetch_add, reinterpret_cast<f32 *>(w + 24), f32(x & 15));
  RMW(fetch_add, reinterpret_cast<f64 *>(out + 13), f64(x & 15));
}

// Lanes: shuffle, ballot, first lane, DPP sum of 16.
extern "C" __global__ void lanes(const u32 *in, u32 *out, int n) {
  u32 i = global_thread(), t = thread() & 31, x = in[i];
  u32 base = thread() & ~31u & (__builtin_amdgcn_wavefrontsize() - 1);
  u32 r = u32(__builtin_amdgcn_ds_bpermute(int((base + (t ^ 5)) * 4), int(x)));
  u64 votes = __builtin_amdgcn_ballot_w64(x & 1);
  r += __builtin_popcount(u32(votes >> base));
  u32 sum = x & 0xff;
  sum += u32(__builtin_amdgcn_update_dpp(0, int(sum), 0x111, 0xf, 0xf, true));
  sum += u32(__builtin_amdgcn_update_dpp(0, int(sum), 0x112, 0xf, 0xf, true));
  sum += u32(__builtin_amdgcn_update_dpp(0, int(sum), 0x114, 0xf, 0xf, true));
  sum += u32(__builtin_amdgcn_update_dpp(0, int(sum), 0x118, 0xf, 0xf, true));
  r = r * 31 + sum;
  if (t % 3 == 0)
    r += u32(__builtin_amdgcn_readfirstlane(int(in[i & ~31u]) & 0xfff)) * 0;
  out[i] = r;
}

// Tiled f32 matrix product.
extern "C" __global__ void matmul(const f32 *a, const f32 *b, f32 *c, int n) {
  __shared__ static f32 sa[16][16], sb[16][16];
  u32 tx = thread() & 15, ty = thread() >> 4;
  u32 row = __builtin_amdgcn_workgroup_id_y() * 16 + ty, col = block() * 16 + tx;
  f32 sum = 0;
  for (u32 k = 0; k < u32(n); k += 16) {
    sa[ty][tx] = a[row * u32(n) + k + tx];
    sb[ty][tx] = b[(k + ty) * u32(n) + col];
    sync();
    for (u32 q = 0; q < 16; q++)
      sum = __builtin_fmaf(sa[ty][q], sb[q][tx], sum);
    sync();
  }
  c[row * u32(n) + col] = sum;
}
