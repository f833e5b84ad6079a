// Kernels whose waves and workgroups wait for each other: they end only if all that are resident make progress.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
typedef unsigned int u32;

static __device__ u32 tid() { return __builtin_amdgcn_workitem_id_x(); }
static __device__ u32 bid() { return __builtin_amdgcn_workgroup_id_x(); }
static __device__ u32 bdim() { return __builtin_amdgcn_workgroup_size_x(); }
static __device__ u32 gdim() { return __builtin_amdgcn_grid_size_x() / bdim(); }
static __device__ u32 wave() { return tid() / __builtin_amdgcn_wavefrontsize(); }
static __device__ u32 lane() { return tid() % __builtin_amdgcn_wavefrontsize(); }
static __device__ void sync() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
#define AGENT __HIP_MEMORY_SCOPE_AGENT
#define GROUP __HIP_MEMORY_SCOPE_WORKGROUP
#define LOAD(p, scope) __hip_atomic_load(p, __ATOMIC_ACQUIRE, scope)
#define STORE(p, v, scope) __hip_atomic_store(p, v, __ATOMIC_RELEASE, scope)
#define ADD(p, v, scope) __hip_atomic_fetch_add(p, v, __ATOMIC_ACQ_REL, scope)

template <int Scope> static __device__ void lock(u32 *p) {
  u32 none = 0;
  while (!__hip_atomic_compare_exchange_strong(p, &none, 1u, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED, Scope))
    none = 0;
}

extern __shared__ u32 dynamic_lds[];

extern "C" {

// Every wave of every workgroup takes one lock in global memory `rounds` times.
__global__ void lock_between_blocks(u32 *mutex, u32 *value, u32 rounds) {
  if (lane() == 0)
    for (u32 r = 0; r < rounds; ++r) {
      lock<AGENT>(mutex);
      *value += 1;
      STORE(mutex, 0u, AGENT);
    }
}

// The waves of a workgroup share a lock in LDS.
__global__ void lock_between_waves(u32 *out, u32 rounds) {
  static __shared__ u32 mutex, value;
  if (tid() == 0)
    mutex = value = 0;
  sync();
  if (lane() == 0)
    for (u32 r = 0; r < rounds; ++r) {
      lock<GROUP>(&mutex);
      value += wave() + 1;
      STORE(&mutex, 0u, GROUP);
    }
  sync();
  if (tid() == 0)
    out[bid()] = value;
}

// Single-pass inclusive prefix sum of `in`, a tile for each workgroup, by decoupled look-back: a tile adds up the sums of the tiles
// before it, from its neighbour backwards, until it meets one that knows its whole prefix. The tile is the workgroup's own index:
// it must meet workgroups that started before it. state[tile]: 0 nothing yet, 1 sum of the tile, 2 sum up to the tile.
__global__ void look_back(const u32 *in, u32 *out, u32 *state, u32 *sums, u32 *prefixes) {
  __shared__ u32 scan[64], before;
  u32 t = tid(), tile = bid();
  u32 mine = in[tile * 64 + t];
  scan[t] = mine;
  for (u32 distance = 1; distance < 64; distance *= 2) {
    sync();
    u32 other = t >= distance ? scan[t - distance] : 0;
    sync();
    scan[t] += other;
  }
  sync();
  if (t == 0) {
    u32 total = scan[63], sum = 0;
    sums[tile] = total;
    STORE(&state[tile], 1u, AGENT);
    for (u32 k = tile; k-- > 0;) {
      u32 s;
      while ((s = LOAD(&state[k], AGENT)) == 0)
        ;
      if (s == 2) {
        sum += prefixes[k];
        break;
      }
      sum += sums[k];
    }
    prefixes[tile] = sum + total;
    STORE(&state[tile], 2u, AGENT);
    before = sum;
  }
  sync();
  out[tile * 64 + t] = before + scan[t];
}

// A barrier of all workgroups whose sense turns over, `rounds` times; each round every workgroup reads what its neighbour wrote in
// the round before.
__global__ void grid_barrier(u32 *arrived, u32 *sense, u32 *cells, u32 rounds) {
  u32 *now = cells, *then = cells + gdim();
  for (u32 r = 0; r < rounds; ++r) {
    if (tid() == 0) {
      then[bid()] = now[(bid() + 1) % gdim()] + 1;
      if (ADD(arrived, 1u, AGENT) == gdim() - 1) {
        STORE(arrived, 0u, AGENT);
        STORE(sense, r + 1, AGENT);
      } else {
        while (LOAD(sense, AGENT) != r + 1)
          ;
      }
    }
    sync();
    u32 *swap = now;
    now = then;
    then = swap;
  }
}

// Wave 0 produces numbers into a ring of four in LDS, the last wave consumes and adds them up.
__global__ void producer_consumer(u32 *out, u32 count) {
  static __shared__ u32 ring[4], put, taken;
  if (tid() == 0)
    put = taken = 0;
  sync();
  u32 last = bdim() / __builtin_amdgcn_wavefrontsize() - 1;
  if (wave() == 0 && lane() == 0) {
    for (u32 i = 0; i < count; ++i) {
      while (i - LOAD(&taken, GROUP) >= 4)
        ;
      ring[i % 4] = i * 3;
      STORE(&put, i + 1, GROUP);
    }
  } else if (wave() == last && lane() == 0) {
    u32 sum = 0;
    for (u32 i = 0; i < count; ++i) {
      while (LOAD(&put, GROUP) == i)
        ;
      sum += ring[i % 4];
      STORE(&taken, i + 1, GROUP);
    }
    out[bid()] = sum;
  }
}

// The same between workgroups: each waits for a word of the one before it, which waits ...
__global__ void chain(u32 *flags) {
  if (tid() == 0) {
    u32 value = 1;
    if (bid() > 0)
      while ((value = LOAD(&flags[bid() - 1], AGENT)) == 0)
        ;
    STORE(&flags[bid()], value + 1, AGENT);
  }
}

// The order in which the waves draw tickets.
__global__ void tickets(u32 *next, u32 *out, u32 rounds) {
  if (lane() == 0)
    for (u32 r = 0; r < rounds; ++r)
      out[ADD(next, 1u, AGENT)] = bid() * (bdim() / __builtin_amdgcn_wavefrontsize()) + wave();
}

// Spinning in several ways, none of which ends; `how` chooses.
__global__ void spin(u32 *word, u32 how) {
  if (how == 0) // a flag that nobody sets
    while (LOAD(word, AGENT) == 0)
      ;
  if (how == 1) { // a lock that nobody releases
    *word = 1;
    lock<AGENT>(word);
  }
  if (how == 2) // the value that is there
    for (;;)
      __hip_atomic_exchange(word, 5u, __ATOMIC_RELAXED, AGENT);
  if (how == 3) // with a barrier in every turn
    while (LOAD(word, AGENT) == 0)
      sync();
  if (how == 4) // sleeping
    while (LOAD(word, AGENT) == 0)
      __builtin_amdgcn_s_sleep(1);
  if (how == 5) // all but the first workgroup wait at a barrier of the whole grid, which it left out
    if (bid() > 0 && tid() == 0) {
      ADD(word, 1u, AGENT);
      while (LOAD(word, AGENT) < gdim())
        ;
    }
}

// Long, but something happens: a lane counts to `turns` in memory.
__global__ void busy(u32 *word, u32 turns) {
  if (tid() == 0)
    for (u32 i = 0; i < turns; ++i)
      __hip_atomic_fetch_add(word, 1u, __ATOMIC_RELAXED, AGENT);
  else if (lane() == 0)
    while (LOAD(word, AGENT) < turns)
      ;
}

} // extern "C"
