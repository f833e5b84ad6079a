// Kernels of the emulator's unit tests: HIP with nothing but clang (no ROCm).
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
typedef unsigned int u32;
typedef unsigned long long u64;
#ifndef WAVE // lanes; the compiler has no macro for it
#define WAVE 32
#endif

static __device__ u32 tid() { return __builtin_amdgcn_workitem_id_x(); }
static __device__ u32 bid() { return __builtin_amdgcn_workgroup_id_x(); }
static __device__ u32 bdim() { return __builtin_amdgcn_workgroup_size_x(); }
static __device__ u32 gdim() { return __builtin_amdgcn_grid_size_x() / bdim(); }
static __device__ void sync() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
// One instruction: clang's HIP takes no account of memory of the host.
extern "C" __global__ void highest(u32 *p, u32 v) {
  __hip_atomic_fetch_max(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}
static __device__ u32 load(u32 *p) { return __hip_atomic_load(p, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT); }
static __device__ void store(u32 *p, u32 v) { __hip_atomic_store(p, v, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT); }
static __device__ u32 add(u32 *p, u32 v) {
  return __hip_atomic_fetch_add(p, v, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_AGENT);
}

extern "C" {

__device__ u32 counter = 7;
__device__ u32 *pointer_to_counter = &counter;

__global__ void vector_add(const float *a, const float *b, float *c, u32 n) {
  u32 i = bid() * bdim() + tid();
  if (i < n)
    c[i] = a[i] + b[i];
}

// Each work-item writes its ids, the sizes it sees, at its linear place.
__global__ void ids(u32 *out) {
  u32 x = __builtin_amdgcn_workitem_id_x(), y = __builtin_amdgcn_workitem_id_y(), z = __builtin_amdgcn_workitem_id_z();
  u32 gx = __builtin_amdgcn_workgroup_id_x(), gy = __builtin_amdgcn_workgroup_id_y(),
      gz = __builtin_amdgcn_workgroup_id_z();
  u32 sx = __builtin_amdgcn_workgroup_size_x(), sy = __builtin_amdgcn_workgroup_size_y(),
      sz = __builtin_amdgcn_workgroup_size_z();
  u32 nx = __builtin_amdgcn_grid_size_x() / sx, ny = __builtin_amdgcn_grid_size_y() / sy;
  u32 group = gx + nx * (gy + ny * gz);
  u32 item = group * sx * sy * sz + x + sx * (y + sy * z);
  u32 *p = out + item * 8;
  p[0] = x;
  p[1] = y;
  p[2] = z;
  p[3] = gx;
  p[4] = gy;
  p[5] = gz;
  p[6] = sx | sy << 10 | sz << 20;
  p[7] = nx;
}

extern __shared__ u32 dynamic_lds[];
// Sum of in[block] by a tree in dynamic LDS.
__global__ void reduce(const u32 *in, u32 *out) {
  u32 t = tid();
  dynamic_lds[t] = in[bid() * bdim() + t];
  for (u32 half = bdim() / 2; half > 0; half /= 2) {
    sync();
    if (t < half)
      dynamic_lds[t] += dynamic_lds[t + half];
  }
  if (t == 0)
    out[bid()] = dynamic_lds[0];
}

// Waves 1.. end before wave 0 reaches its barrier.
__global__ void early_end(u32 *out) {
  if (tid() >= 64)
    return;
  sync();
  out[tid()] = tid() + 1;
}

// A local array with a dynamic index.
__global__ void scratch(u32 *out, u32 n) {
  u32 local[64];
  for (u32 i = 0; i < 64; ++i)
    local[i] = i * i + tid();
  u32 sum = 0;
  for (u32 i = 0; i < n; ++i)
    sum += local[(i * 7 + tid()) & 63];
  out[bid() * bdim() + tid()] = sum;
}

// The first workgroup waits for a flag that the last one sets.
__global__ void wait_for_last(u32 *flag, u32 *out) {
  if (tid() == 0) {
    if (bid() == gdim() - 1)
      store(flag, 1);
    else if (bid() == 0)
      while (load(flag) == 0)
        ;
    out[bid()] = bid() + 1;
  }
}

// A barrier of all workgroups, `rounds` times.
__global__ void grid_barrier(u32 *arrived, u32 *out, u32 rounds) {
  for (u32 r = 1; r <= rounds; ++r) {
    if (tid() == 0) {
      add(arrived, 1);
      while (load(arrived) < r * gdim())
        ;
    }
    sync();
  }
  if (tid() == 0)
    out[bid()] = load(arrived);
}

// A lock that every workgroup takes.
__global__ void spin_lock(u32 *lock, u32 *value) {
  if (tid() == 0) {
    u32 none = 0;
    while (!__hip_atomic_compare_exchange_strong(lock, &none, 1u, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED,
                                                 __HIP_MEMORY_SCOPE_AGENT))
      none = 0;
    *value += 1;
    __hip_atomic_store(lock, 0u, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT);
  }
}

// Wave 1 waits for wave 0 through the LDS, spinning.
__global__ void wave_to_wave(u32 *out) {
  static __shared__ u32 box;
  if (tid() == 0)
    __hip_atomic_store(&box, 0u, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP);
  sync();
  if (tid() == 0)
    while (__hip_atomic_load(&box, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_WORKGROUP) == 0)
      ;
  if (tid() == bdim() - 1)
    __hip_atomic_store(&box, 1u, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_WORKGROUP);
  out[tid()] = 5;
}

__global__ void write_far(u32 *p, u64 offset) {
  if (tid() == 3)
    p[offset] = 1;
}

__global__ void trap(u32 *p) {
  if (p[0] == 0)
    __builtin_trap();
}

__global__ void endless(u32 *flag) {
  while (load(flag) == 0)
    ;
}

// Counts itself and waits until all `n` launches have, on whichever devices.
__global__ void meet(u32 *counter, u32 *out, u32 n) {
  if (tid() == 0) {
    __hip_atomic_fetch_add(counter, 1u, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_SYSTEM);
    while ((*out = __hip_atomic_load(counter, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_SYSTEM)) < n)
      ;
  }
}

// The order in which the workgroups come.
__global__ void arrival(u32 *arrived, u32 *out) {
  if (tid() == 0)
    out[bid()] = add(arrived, 1);
}

__global__ void count(u32 n) {
  u32 i = bid() * bdim() + tid();
  if (i < n)
    add(pointer_to_counter, 1);
}

struct Big {
  u32 words[40];
};
__global__ void by_value(Big big, u32 *out) { out[tid()] = big.words[tid()]; }

__global__ __attribute__((amdgpu_flat_work_group_size(1, 128))) void at_most_128(u32 *out) { out[tid()] = 1; }

#if defined(__GFX9__) || defined(__gfx1100__) || defined(__gfx1201__)
typedef _Float16 half;
typedef half half4 __attribute__((ext_vector_type(4)));
typedef half half8 __attribute__((ext_vector_type(8)));
typedef half half16 __attribute__((ext_vector_type(16)));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float8 __attribute__((ext_vector_type(8)));

// c = a b by matrix instructions, n by n and row-major; a wave per workgroup and tile of 16 by 16.
__global__ void gemm_f16(const half *a, const half *b, float *c, u32 n) {
  u32 lane = tid(), across = lane % 16, group = lane / 16;
  const half *rows = a + (bid() / (n / 16) * 16 + across) * n, *columns = b + bid() % (n / 16) * 16 + across;
#if defined(__GFX9__)
  constexpr u32 factors = 4, results = 4;
  float4 sum = {};
  half4 x, y;
#define K(E) (4 * group + E)
#define ROW(R) (4 * group + R)
#define MULTIPLY __builtin_amdgcn_mfma_f32_16x16x16f16(x, y, sum, 0, 0, 0)
#elif defined(__gfx1100__) && WAVE == 32
  constexpr u32 factors = 16, results = 8;
  float8 sum = {};
  half16 x, y;
#define K(E) (E)
#define ROW(R) (2 * R + group)
#define MULTIPLY __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(x, y, sum)
#elif defined(__gfx1100__)
  constexpr u32 factors = 16, results = 4;
  float4 sum = {};
  half16 x, y;
#define K(E) (E)
#define ROW(R) (4 * R + group)
#define MULTIPLY __builtin_amdgcn_wmma_f32_16x16x16_f16_w64(x, y, sum)
#elif WAVE == 32
  constexpr u32 factors = 8, results = 8;
  float8 sum = {};
  half8 x, y;
#define K(E) (E / 4 * 8 + 4 * group + E % 4)
#define ROW(R) (8 * group + R)
#define MULTIPLY __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(x, y, sum)
#else
  constexpr u32 factors = 4, results = 4;
  float4 sum = {};
  half4 x, y;
#define K(E) (group / 2 * 8 + group % 2 * 4 + E)
#define ROW(R) (group % 2 * 8 + group / 2 * 4 + R)
#define MULTIPLY __builtin_amdgcn_wmma_f32_16x16x16_f16_w64_gfx12(x, y, sum)
#endif
  for (u32 k = 0; k < n; k += 16) {
    for (u32 e = 0; e < factors; e++)
      x[e] = rows[k + K(e)], y[e] = columns[(k + K(e)) * n];
    sum = MULTIPLY;
  }
  for (u32 r = 0; r < results; r++)
    c[(bid() / (n / 16) * 16 + ROW(r)) * n + bid() % (n / 16) * 16 + across] = sum[r];
}
#endif

#ifdef __gfx1201__
// Waits at the split barrier without anyone having signalled.
__global__ void deadlock(u32 *out) {
  __builtin_amdgcn_s_barrier_wait(-1);
  out[tid()] = 1;
}
#endif

} // extern "C"
