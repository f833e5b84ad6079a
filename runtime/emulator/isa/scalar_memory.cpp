// Scalar memory: loads, gfx9's stores and atomics, scalar buffers.
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

bool scalar_permitted(const Wave &w, u64 a, u32 size, MemoryAccess access, StopInfo &s) {
  if (a + size > a && memory_accessible(*w.group, a, a + size, access))
    return true;
  s.kind = StopKind::MemoryFault;
  s.address = a;
  s.size = size;
  s.lane = 0;
  s.access = access;
  s.space = MemorySpace::Scalar;
  return false;
}
u64 scalar_offset(const Wave &w, const Inst &i, u32 unit = 1) {
  const Operand &o = i.src[1];
  bool none = o.where == Where::None || o.where == Where::Off;
  return u64(i.offset) + (none ? 0 : u64(scalar32(w, o)) * unit);
}
u64 global_address(const Wave &w, const Inst &i, u32 unit = 1) {
  return scalar64(w, i.src[0]) + scalar_offset(w, i, unit);
}
/// The descriptor of a scalar buffer access: where it starts and ends.
struct Buffer {
  u64 base, limit;
  /// The offset field has a sign, so that an offset may lie at the end of 64 bits.
  bool holds(u64 offset, u64 bytes) const { return offset <= limit && limit - offset >= bytes; }
};
Buffer buffer(const Wave &w, const Inst &i) {
  const u32 *d = w.s.data() + i.src[0].index;
  u32 stride = d[1] >> 16 & 0x3fff;
  return {(d[0] | u64(d[1]) << 32) & 0xffffffffffffull, stride ? u64(stride) * d[2] : d[2]};
}

int load(Wave &w, const Inst &i, StopInfo &s, u64 a) {
  u32 size = 4 * i.opcode->extra;
  if (!scalar_permitted(w, a, size, MemoryAccess::Read, s))
    return kStop;
  memcpy(w.s.data() + i.dst.index, reinterpret_cast<const void *>(a), size);
  return kContinue;
}
int store(Wave &w, const Inst &i, StopInfo &s, u64 a) {
  u32 size = 4 * i.opcode->extra;
  if (!scalar_permitted(w, a, size, MemoryAccess::Write, s))
    return kStop;
  memcpy(reinterpret_cast<void *>(a), w.s.data() + i.dst.index, size);
  return kContinue;
}
template <class T> int load_small(Wave &w, const Inst &i, StopInfo &s) {
  u64 a = global_address(w, i);
  if (!scalar_permitted(w, a, sizeof(T), MemoryAccess::Read, s))
    return kStop;
  T x;
  memcpy(&x, reinterpret_cast<const void *>(a), sizeof x);
  w.s.data()[i.dst.index] = u32(i32(x));
  return kContinue;
}
template <class T> int buffer_load_small(Wave &w, const Inst &i, StopInfo &s) {
  Buffer b = buffer(w, i);
  u64 o = scalar_offset(w, i);
  T x = 0;
  if (b.holds(o, sizeof(T))) {
    if (!scalar_permitted(w, b.base + o, sizeof(T), MemoryAccess::Read, s))
      return kStop;
    memcpy(&x, reinterpret_cast<const void *>(b.base + o), sizeof x);
  }
  w.s.data()[i.dst.index] = u32(i32(x));
  return kContinue;
}

} // namespace

int s_load(Wave &w, const Inst &i, StopInfo &s) {
  return load(w, i, s, global_address(w, i) & ~u64(3));
}
int s_store(Wave &w, const Inst &i, StopInfo &s) {
  return store(w, i, s, global_address(w, i) & ~u64(3));
}
int s_scratch_load(Wave &w, const Inst &i, StopInfo &s) {
  return load(w, i, s, global_address(w, i, 64) & ~u64(3));
}
int s_scratch_store(Wave &w, const Inst &i, StopInfo &s) {
  return store(w, i, s, global_address(w, i, 64) & ~u64(3));
}
int s_load_u8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u8>(w, i, s);
}
int s_load_i8(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i8>(w, i, s);
}
int s_load_u16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<u16>(w, i, s);
}
int s_load_i16(Wave &w, const Inst &i, StopInfo &s) {
  return load_small<i16>(w, i, s);
}
int s_buffer_load_u8(Wave &w, const Inst &i, StopInfo &s) {
  return buffer_load_small<u8>(w, i, s);
}
int s_buffer_load_i8(Wave &w, const Inst &i, StopInfo &s) {
  return buffer_load_small<i8>(w, i, s);
}
int s_buffer_load_u16(Wave &w, const Inst &i, StopInfo &s) {
  return buffer_load_small<u16>(w, i, s);
}
int s_buffer_load_i16(Wave &w, const Inst &i, StopInfo &s) {
  return buffer_load_small<i16>(w, i, s);
}
/// Dwords outside the buffer read zero, and are not written.
int s_buffer_load(Wave &w, const Inst &i, StopInfo &s) {
  Buffer b = buffer(w, i);
  u64 offset = scalar_offset(w, i) & ~u64(3);
  u32 r[16];
  for (unsigned k = 0; k < i.opcode->extra; k++) {
    u64 o = offset + 4 * k;
    r[k] = 0;
    if (!b.holds(o, 4))
      continue;
    if (!scalar_permitted(w, b.base + o, 4, MemoryAccess::Read, s))
      return kStop;
    memcpy(&r[k], reinterpret_cast<const void *>(b.base + o), 4);
  }
  memcpy(w.s.data() + i.dst.index, r, 4 * i.opcode->extra);
  return kContinue;
}
int s_buffer_store(Wave &w, const Inst &i, StopInfo &s) {
  Buffer b = buffer(w, i);
  u64 offset = scalar_offset(w, i) & ~u64(3);
  for (unsigned k = 0; k < i.opcode->extra; k++) {
    u64 o = offset + 4 * k;
    if (!b.holds(o, 4))
      continue;
    if (!scalar_permitted(w, b.base + o, 4, MemoryAccess::Write, s))
      return kStop;
    memcpy(reinterpret_cast<void *>(b.base + o), &w.s.data()[i.dst.index + k], 4);
  }
  return kContinue;
}

namespace {
/// memory = f(memory, data, second data) at the address that the opcode's kind computes.
template <class U, class F> int update(Wave &w, const Inst &i, StopInfo &s, F f) {
  u32 *data = w.s.data() + i.dst.index;
  U d, e = 0;
  memcpy(&d, data, sizeof d);
  if (i.opcode->dst == (sizeof(U) == 4 ? Type::B64 : Type::B128)) // cmpswap
    memcpy(&e, data + sizeof(U) / 4, sizeof e);
  u64 a = global_address(w, i);
  if (i.opcode->extra) {
    Buffer b = buffer(w, i);
    u64 o = scalar_offset(w, i);
    a = b.base + o;
    if (!b.holds(o, sizeof(U))) {
      if (i.returns)
        memset(data, 0, sizeof(U));
      return kContinue;
    }
  }
  a &= ~u64(sizeof(U) - 1);
  if (!scalar_permitted(w, a, sizeof(U), atomic_access(i), s))
    return kStop;
  U *p = reinterpret_cast<U *>(a);
  U old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(p, &old, f(old, d, e), true, __ATOMIC_SEQ_CST,
                                      __ATOMIC_RELAXED)) {
  }
  if (i.returns)
    memcpy(data, &old, sizeof old);
  return kContinue;
}
} // namespace

// m: memory, d: data
#define SCALAR_ATOMIC(NAME, U, I, E)                                                               \
  int s_atomic_##NAME(Wave &w, const Inst &i, StopInfo &s) {                                       \
    return update<U>(w, i, s, [](U memory, U data, [[maybe_unused]] U compared) -> U {             \
      I m = I(memory), d = I(data);                                                                \
      return U(E);                                                                                 \
    });                                                                                            \
  }
#define SCALAR_ATOMICS(U, I, B)                                                                    \
  SCALAR_ATOMIC(add_##U, U, U, m + d)                                                              \
  SCALAR_ATOMIC(sub_##U, U, U, m - d)                                                              \
  SCALAR_ATOMIC(inc_##U, U, U, m >= d ? 0 : m + 1)                                                 \
  SCALAR_ATOMIC(dec_##U, U, U, m == 0 || m > d ? d : m - 1)                                        \
  SCALAR_ATOMIC(min_##I, U, I, d < m ? d : m)                                                      \
  SCALAR_ATOMIC(max_##I, U, I, d > m ? d : m)                                                      \
  SCALAR_ATOMIC(min_##U, U, U, d < m ? d : m)                                                      \
  SCALAR_ATOMIC(max_##U, U, U, d > m ? d : m)                                                      \
  SCALAR_ATOMIC(and_##B, U, U, m &d)                                                               \
  SCALAR_ATOMIC(or_##B, U, U, m | d)                                                               \
  SCALAR_ATOMIC(xor_##B, U, U, m ^ d)                                                              \
  SCALAR_ATOMIC(swap_##B, U, U, ((void)m, d))                                                      \
  SCALAR_ATOMIC(cmpswap_##B, U, U, m == compared ? d : m)
SCALAR_ATOMICS(u32, i32, b32)
SCALAR_ATOMICS(u64, i64, b64)
#undef SCALAR_ATOMICS
#undef SCALAR_ATOMIC

} // namespace w2w::emu::isa::W2W_VARIANT
