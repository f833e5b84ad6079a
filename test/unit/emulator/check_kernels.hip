// Kernels for the checker's tests. Each has its planted bug only if `bug` is 1.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
typedef unsigned char u8;
typedef unsigned int u32;

static __device__ u32 tid() { return __builtin_amdgcn_workitem_id_x(); }
static __device__ u32 bid() { return __builtin_amdgcn_workgroup_id_x(); }
static __device__ u32 bdim() { return __builtin_amdgcn_workgroup_size_x(); }
static __device__ u32 gdim() { return __builtin_amdgcn_grid_size_x() / bdim(); }
static __device__ void sync() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
static __device__ u32 load(u32 *p) { return __hip_atomic_load(p, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT); }
static __device__ void store(u32 *p, u32 v) { __hip_atomic_store(p, v, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT); }
static __device__ u32 add(u32 *p, u32 v) {
  return __hip_atomic_fetch_add(p, v, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_AGENT);
}
static __device__ u32 add_lds(__shared__ u32 *p, u32 v) {
  return __hip_atomic_fetch_add(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP);
}

extern "C" {

extern __shared__ u32 lds[];
__device__ __attribute__((aligned(256))) u32 variable[3] = {1, 2, 3};
__device__ __attribute__((aligned(256))) u32 variable2[3] = {4, 5, 6};

// ---- memory
__global__ void global_past_end(u8 *p, u32 *, u32 n, u32 bug) {
  if (tid() < n)
    p[tid() + bug] = u8(tid());
}
__global__ void reads(u32 *p, u32 *out, u32, u32) { out[tid()] = p[tid()]; }
__global__ void lds_past_end(u32 *, u32 *out, u32, u32 bug) {
  lds[tid() + bug] = tid();
  out[tid()] = lds[tid()];
}
__global__ void scratch_past_end(u32 *, u32 *out, u32 n, u32 bug) {
  volatile u32 array[8];
  for (u32 i = 0; i < 8; i++)
    array[i] = i;
  array[bug ? n : tid() % 8] = 5;
  out[tid()] = array[tid() % 8];
}
__global__ void variable_past_end(u32 *, u32 *out, u32 n, u32 bug) {
  if (tid() < 3)
    out[tid()] = variable[tid() + bug] + variable2[tid()];
  if (n == 77)
    variable[tid() % 3] = variable2[tid() % 3] = n;
}

// ---- uninitialised values
__global__ void uninit_branch(u32 *p, u32 *out, u32, u32) {
  if (p[tid()] > 5)
    out[tid()] = 1;
}
__global__ void uninit_address(u32 *p, u32 *out, u32, u32) { out[p[tid()] & 63] = 1; }
__global__ void uninit_copy(u32 *p, u32 *out, u32, u32 bug) {
  // Copies, masks and selects say nothing; only the branch does.
  u32 x = p[tid()];
  u32 y = bug ? x : (x & 0xffff0000u) ^ (x & 0xffff0000u & 0);
  out[tid()] = y + 3;
  if (bug && (x & 1))
    out[tid() + 128] = 7;
  if (((x << 8) & 0xff) != 0) // zero whatever x is
    out[tid() + 128] = 8;
}
__global__ void uninit_lds(u32 *, u32 *out, u32, u32 bug) {
  if (!bug)
    lds[tid()] = tid();
  sync();
  if (lds[bdim() - 1 - tid()] & 4)
    out[tid()] = 1;
}
__global__ void uninit_lds_counter(u32 *, u32 *out, u32, u32 bug) {
  if (!bug && tid() == 0)
    lds[0] = 0;
  sync();
  out[tid()] = add_lds(lds, 1);
}
__global__ void uninit_scratch(u32 *, u32 *out, u32 n, u32 bug) {
  volatile u32 array[8];
  if (!bug)
    for (u32 i = 0; i < 8; i++)
      array[i] = i;
  array[n & 7] = 1;
  if (array[tid() & 7] == 1)
    out[tid()] = 1;
}
__global__ void uninit_register(u32 *, u32 *out, u32, u32 bug) {
  u32 x;
  if (bug)
    asm volatile("v_mov_b32 %0, v40" : "=v"(x)::"v40");
  else
    asm volatile("v_mov_b32 v40, 1\n v_mov_b32 %0, v40" : "=v"(x)::"v40");
  if (x == 1)
    out[tid()] = 1;
}

// ---- races
__global__ void lds_race(u32 *, u32 *out, u32, u32 bug) {
  lds[tid()] = tid() + 1;
  if (!bug)
    sync();
  out[tid()] = lds[(tid() + 64) % bdim()];
}
// The address is a negative register and an offset.
__global__ void lds_backwards(u32 *, u32 *out, u32, u32) {
  lds[tid()] = tid() + 1;
  sync();
  u32 x, base = 0u - 4 * tid();
#if defined(__GFX12__)
  asm volatile("ds_load_b32 %0, %1 offset:508\ns_wait_dscnt 0x0" : "=v"(x) : "v"(base));
#elif defined(__GFX11__)
  asm volatile("ds_load_b32 %0, %1 offset:508\ns_waitcnt lgkmcnt(0)" : "=v"(x) : "v"(base));
#else
  asm volatile("ds_read_b32 %0, %1 offset:508\ns_waitcnt lgkmcnt(0)" : "=v"(x) : "v"(base));
#endif
  out[tid()] = x;
}
__global__ void global_race(u32 *p, u32 *, u32, u32 bug) { p[bug ? tid() : bid() * bdim() + tid()] = bid() + 1; }
__global__ void one_place(u32 *p, u32 *, u32, u32 bug) {
  if (bid() == 0 && tid() < 32)
    p[bug ? 0 : tid()] = tid() + 1;
}
__global__ void same_value(u32 *p, u32 *, u32, u32) { p[0] = 9; }
__global__ void missing_atomic(u32 *p, u32 *, u32, u32 bug) {
  if (tid())
    return;
  if (bug)
    p[0] = p[0] + 1;
  else
    add(p, 1);
}
// Block 0 hands data to block 1 by a flag.
__global__ void message(u32 *p, u32 *out, u32, u32 bug) {
  u32 *flag = p + 1000;
  if (bid() == 0) {
    p[tid()] = tid() + 1;
    sync();
    if (tid() == 0)
      store(flag, 1);
  } else if (bid() == 1) {
    if (tid() == 0 && !bug)
      while (!load(flag))
        ;
    sync();
    out[tid()] = p[tid()];
  }
}
// The block that comes last sums up what all have written.
__global__ void last_block(u32 *p, u32 *out, u32, u32 bug) {
  u32 *count = p + 1000;
  p[bid() * bdim() + tid()] = tid() + 1;
  sync();
  if (tid() == 0)
    lds[0] = bug ? bid() : add(count, 1);
  sync();
  if (lds[0] == gdim() - 1) {
    u32 sum = 0;
    for (u32 b = 0; b < gdim(); b++)
      sum += p[b * bdim() + tid()];
    out[tid()] = sum;
  }
}

// ---- barriers
__global__ void divergent_barrier(u32 *, u32 *out, u32, u32 bug) {
  out[tid()] = 1;
  if (!bug || tid() % 16 < 10)
    sync();
  out[tid()] = 2;
}
// Threads that leave are gone: nothing to report.
__global__ void lanes_leave(u32 *, u32 *out, u32, u32) {
  if (tid() % 64 == 5)
    return;
  lds[tid()] = tid();
  sync();
  out[tid()] = lds[tid()];
}
__global__ void wave_leaves(u32 *, u32 *out, u32, u32 bug) {
  if (bug && tid() >= 64)
    return;
  sync();
  out[tid()] = 1;
}
}
