// Litmus tests as clang compiles them: two workgroups of one wave each. m[0] is x, m[64] is y; out
// gets what was read. AGENT: scope of a device; WORKGROUP of a workgroup, in which the two waves
// are then.
#define G extern "C" __attribute__((global)) void
#define AGENT __HIP_MEMORY_SCOPE_AGENT
#define WORKGROUP __HIP_MEMORY_SCOPE_WORKGROUP
#define WAVE __HIP_MEMORY_SCOPE_WAVEFRONT
#define LOAD(p, order, scope) __hip_atomic_load(p, __ATOMIC_##order, scope)
#define STORE(p, v, order, scope) __hip_atomic_store(p, v, __ATOMIC_##order, scope)
static __attribute__((device)) unsigned block() {
  return __builtin_amdgcn_workgroup_id_x();
}
static __attribute__((device)) bool first() {
  return __builtin_amdgcn_workitem_id_x() == 0;
}

/// Message passing by release and acquire; the reader has an old x in its caches.
G message(unsigned *m, unsigned *out) {
  if (!first())
    return;
  if (block() == 0) {
    STORE(m, 1u, RELAXED, WAVE);
    STORE(m + 64, 1u, RELEASE, AGENT);
  } else {
    out[1] = LOAD(m, RELAXED, WAVE);
    while (!LOAD(m + 64, ACQUIRE, AGENT))
      ;
    out[0] = LOAD(m, RELAXED, WAVE);
  }
}
/// The same between the waves of one workgroup, by fences.
G neighbours(unsigned *m, unsigned *out) {
  unsigned thread = __builtin_amdgcn_workitem_id_x();
  if (thread == 0) {
    STORE(m, 1u, RELAXED, WAVE);
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    STORE(m + 64, 1u, RELAXED, WORKGROUP);
  } else if (thread == 64) {
    out[1] = LOAD(m, RELAXED, WAVE);
    while (!LOAD(m + 64, RELAXED, WORKGROUP))
      ;
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
    out[0] = LOAD(m, RELAXED, WAVE);
  }
}
/// Store buffering with sequentially consistent fences.
G buffering(unsigned *m, unsigned *out) {
  if (!first())
    return;
  unsigned mine = block() * 64, other = 64 - mine;
  STORE(m + mine, 1u, RELAXED, AGENT);
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  out[block()] = LOAD(m + other, RELAXED, AGENT);
}
/// The whole device: every workgroup adds to its part, the last one to come sums all parts.
G sum(unsigned *m, unsigned *out) {
  unsigned thread = __builtin_amdgcn_workitem_id_x(), groups = out[1];
  m[64 + block() * 128 + thread] = thread + block();
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
  if (!first())
    return;
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  unsigned before = __hip_atomic_fetch_add(m, 1u, __ATOMIC_RELAXED, AGENT);
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent");
  if (before + 1 != groups)
    return;
  unsigned total = 0;
  for (unsigned k = 0; k < groups * 128; k++)
    total += m[64 + k];
  out[0] = total;
}
