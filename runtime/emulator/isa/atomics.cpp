// Atomics of global memory (host atomics: workgroups run on several threads), LDS (plain: one
// thread runs a workgroup at a time) and scratch.
#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

template <class T> W2W_INLINE T data_of(const Wave &w, unsigned at, unsigned l) {
  if constexpr (sizeof(T) == 8)
    return bits<T>(w.v[at + l] | u64(w.v[at + w.lanes + l]) << 32);
  else
    return bits<T>(w.v[at + l]);
}
template <class U> W2W_INLINE void put(Wave &w, unsigned at, unsigned l, U x) {
  w.v[at + l] = u32(x);
  if constexpr (sizeof(U) == 8)
    w.v[at + w.lanes + l] = u32(x >> 32);
}

/// memory = f(memory, lane) for every active lane in ascending order; U: u32 or u64. Returns the
/// old value to dst.
template <class U, class F> int update(Wave &w, const Inst &i, StopInfo &s, F f) {
  bool ok = per_segment(w, i, s, [&](Lanes &x) {
    // The dwords of a lane's scratch do not lie side by side: LLVM keeps 64-bit atomics away from
    // it.
    if (x.space == MemorySpace::Scratch && sizeof(U) == 8)
      return refuse(w, i, s, "64-bit atomics do not work on scratch memory") == kContinue;
    if (!permitted(w, x, sizeof(U), atomic_access(i), s))
      return false;
    EACH_LANE(lane, x.mask) {
      unsigned l = unsigned(lane);
      U old;
      // Unaligned access mode is for loads and stores only.
      if (x.at[l] % sizeof(U))
        return fault(s, x, l, sizeof(U), MemoryAccess::Atomic), false;
      if (x.space == MemorySpace::Global) {
        U *p = reinterpret_cast<U *>(x.at[l]);
        old = __atomic_load_n(p, __ATOMIC_RELAXED);
        U next = f(old, l, x.space);
        while (
            !__atomic_compare_exchange_n(p, &old, next, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
          next = f(old, l, x.space);
      } else {
        old = read_at<U>(w, x, l, 0);
        write_at<U>(w, x, l, 0, f(old, l, x.space));
      }
      if (i.dst.where != Where::None)
        put<U>(w, i.dst.offset, l, old);
    }
    return true;
  });
  return ok ? kContinue : kStop;
}
template <unsigned BYTES> struct Word {
  typedef u32 type;
};
template <> struct Word<8> {
  typedef u64 type;
};
/// T: the type the expression sees. The data register may be the destination too, but only of the
/// same lane.
template <class T, class F> int modify(Wave &w, const Inst &i, StopInfo &s, F f) {
  typedef typename Word<sizeof(T)>::type U;
  unsigned at = i.src[1].offset;
  return update<U>(w, i, s, [&](U old, unsigned l, MemorySpace) -> U {
    return bits<U>(T(f(bits<T>(old), data_of<T>(w, at, l))));
  });
}
/// What floating-point atomics do with denormals. LDS: as MODE says, but for ds_add_f64, which
/// keeps them (LLVM SITargetLowering::shouldExpandAtomicRMWInIR). Memory: kept, but for f32
/// additions of gfx90a, which flush whatever MODE says (LLVM's feature
/// memory-atomic-fadd-f32-denormal-support). Rounding is to nearest even always.
struct Denormals {
  bool in, out; ///< kept in sources, in results
};
constexpr Denormals kKeep = {true, true};
W2W_INLINE float flushed(float x) {
  return flush32(x);
}
W2W_INLINE double flushed(double x) {
  u64 b = bits<u64>(x);
  return (b & 0x7ff0000000000000ull) == 0 ? bits<double>(b & 0x8000000000000000ull) : x;
}
template <class T> W2W_INLINE T keep_if(bool keep, T x) {
  return keep ? x : flushed(x);
}
/// f(memory, data) on floating-point numbers, in memory as T.
template <class T, class F>
int modify_float(Wave &w, const Inst &i, StopInfo &s, bool addition, F f) {
  typedef typename Word<sizeof(T)>::type U;
  unsigned at = i.src[1].offset, shift = sizeof(T) == 8 ? 6 : 4;
  Denormals lds = {(w.mode >> shift & 1) != 0, (w.mode >> shift & 2) != 0}, memory = kKeep;
  if (sizeof(T) == 8 && addition)
    lds = kKeep;
  if (sizeof(T) == 4 && addition && i.flush_adds)
    memory = {false, false};
  return update<U>(w, i, s, [&](U old, unsigned l, MemorySpace space) -> U {
    Denormals d = space == MemorySpace::Lds ? lds : memory;
    T m = keep_if(d.in, bits<T>(old)), x = keep_if(d.in, data_of<T>(w, at, l));
    return bits<U>(keep_if(d.out, T(f(m, x))));
  });
}
/// Before gfx12 a NaN in memory stays (no comparison with it is true) and zeros are equal; gfx12
/// has the minimum and maximum of numbers, with -0 < +0.
template <class T> W2W_INLINE T choose(T m, T d, bool data, int generation) {
  if (generation < 12)
    return bits<T>(data ? raw(d) : raw(m));
  return bits<T>(d != d ? (m != m ? raw(quiet(d)) : raw(m)) : m != m || data ? raw(d) : raw(m));
}
template <class T> W2W_INLINE T amin(T m, T d, int generation) {
  bool zeros = generation >= 12 && m == d && sign_bit(m) != sign_bit(d);
  return choose(m, d, zeros ? sign_bit(d) : d < m, generation);
}
template <class T> W2W_INLINE T amax(T m, T d, int generation) {
  bool zeros = generation >= 12 && m == d && sign_bit(m) != sign_bit(d);
  return choose(m, d, zeros ? sign_bit(m) : d > m, generation);
}
/// MODE bits 6 and 7 for pairs of f16 in LDS. (bf16 has no bits of its own: it follows f32.)
W2W_INLINE u32 half16(u32 h, bool keep) {
  return !keep && !(h & 0x7c00) ? h & 0x8000 : h;
}
W2W_INLINE u32 add_f16(u32 m, u32 d, Denormals k) {
  return half16(f32_to_f16(fadd(f16_to_f32(half16(m, k.in)), f16_to_f32(half16(d, k.in)))), k.out);
}
W2W_INLINE u32 add_bf16(u32 m, u32 d, Denormals k) {
  float r = fadd(keep_if(k.in, bf16_to_f32(m)), keep_if(k.in, bf16_to_f32(d)));
  return f32_to_bf16(keep_if(k.out, r));
}
template <class F> int modify_halves(Wave &w, const Inst &i, StopInfo &s, unsigned shift, F add) {
  unsigned at = i.src[1].offset;
  Denormals lds = {(w.mode >> shift & 1) != 0, (w.mode >> shift & 2) != 0};
  return update<u32>(w, i, s, [&](u32 m, unsigned l, MemorySpace space) {
    u32 d = data_of<u32>(w, at, l);
    Denormals k = space == MemorySpace::Lds ? lds : kKeep;
    return add(m & 0xffff, d & 0xffff, k) | add(m >> 16, d >> 16, k) << 16;
  });
}

} // namespace

// m: memory, d: data
#define ATOMIC(NAME, T, E)                                                                         \
  int atomic_##NAME(Wave &w, const Inst &i, StopInfo &s) {                                         \
    return modify<T>(w, i, s, [](T m, T d) -> T { return (E); });                                  \
  }
#define ATOMIC_INT(U, I, B)                                                                        \
  ATOMIC(add_##U, U, m + d)                                                                        \
  ATOMIC(sub_##U, U, m - d)                                                                        \
  ATOMIC(rsub_##U, U, d - m)                                                                       \
  ATOMIC(inc_##U, U, m >= d ? 0 : m + 1)                                                           \
  ATOMIC(dec_##U, U, m == 0 || m > d ? d : m - 1)                                                  \
  ATOMIC(min_##I, I, d < m ? d : m)                                                                \
  ATOMIC(max_##I, I, d > m ? d : m)                                                                \
  ATOMIC(min_##U, U, d < m ? d : m)                                                                \
  ATOMIC(max_##U, U, d > m ? d : m)                                                                \
  ATOMIC(and_##B, U, m &d)                                                                         \
  ATOMIC(or_##B, U, m | d)                                                                         \
  ATOMIC(xor_##B, U, m ^ d)                                                                        \
  ATOMIC(swap_##B, U, d)
ATOMIC_INT(u32, i32, b32)
ATOMIC_INT(u64, i64, b64)
ATOMIC(csub_u32, u32, m >= d ? m - d : 0)
ATOMIC(cond_sub_u32, u32, m >= d ? m - d : m)
ATOMIC(sub_clamp_u32, u32, m >= d ? m - d : 0)
#define ATOMIC_FLOAT(NAME, T, ADDITION, E)                                                         \
  int atomic_##NAME(Wave &w, const Inst &i, StopInfo &s) {                                         \
    return modify_float<T>(w, i, s, ADDITION, [&](T m, T d) -> T { return (E); });                 \
  }
ATOMIC_FLOAT(add_f32, float, true, fadd(m, d))
ATOMIC_FLOAT(min_f32, float, false, amin(m, d, i.generation))
ATOMIC_FLOAT(max_f32, float, false, amax(m, d, i.generation))
ATOMIC_FLOAT(add_f64, double, true, fadd(m, d))
ATOMIC_FLOAT(min_f64, double, false, amin(m, d, i.generation))
ATOMIC_FLOAT(max_f64, double, false, amax(m, d, i.generation))
int atomic_pk_add_f16(Wave &w, const Inst &i, StopInfo &s) {
  return modify_halves(w, i, s, 6, add_f16);
}
int atomic_pk_add_bf16(Wave &w, const Inst &i, StopInfo &s) {
  return modify_halves(w, i, s, 4, add_bf16);
}
#undef ATOMIC_FLOAT
#undef ATOMIC
#undef ATOMIC_INT

namespace {
/// data: the new value in the first half, what to compare with in the second.
template <class U> int cmpswap(Wave &w, const Inst &i, StopInfo &s) {
  unsigned at = i.src[1].offset, with = at + w.lanes * sizeof(U) / 4;
  return update<U>(w, i, s, [&](U m, unsigned l, MemorySpace) -> U {
    return m == data_of<U>(w, with, l) ? data_of<U>(w, at, l) : m;
  });
}
/// f(memory, data0, data1)
template <class U, class F> int update2(Wave &w, const Inst &i, StopInfo &s, F f) {
  return update<U>(w, i, s, [&](U m, unsigned l, MemorySpace) -> U {
    return f(m, data_of<U>(w, i.src[1].offset, l), data_of<U>(w, i.src[2].offset, l));
  });
}
} // namespace
int atomic_cmpswap_b32(Wave &w, const Inst &i, StopInfo &s) {
  return cmpswap<u32>(w, i, s);
}
int atomic_cmpswap_b64(Wave &w, const Inst &i, StopInfo &s) {
  return cmpswap<u64>(w, i, s);
}
int ds_cmpst_b32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return m == a ? b : m; });
}
int ds_cmpst_b64(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u64>(w, i, s, [](u64 m, u64 a, u64 b) { return m == a ? b : m; });
}
int ds_cmpstore_b32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return m == b ? a : m; });
}
int ds_cmpstore_b64(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u64>(w, i, s, [](u64 m, u64 a, u64 b) { return m == b ? a : m; });
}
// As floating-point numbers: +0 equals -0, a NaN equals nothing.
W2W_INLINE bool same32(u32 a, u32 b) {
  return bits<float>(a) == bits<float>(b);
}
W2W_INLINE bool same64(u64 a, u64 b) {
  return bits<double>(a) == bits<double>(b);
}
int ds_cmpst_f32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return same32(m, a) ? b : m; });
}
int ds_cmpst_f64(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u64>(w, i, s, [](u64 m, u64 a, u64 b) { return same64(m, a) ? b : m; });
}
int ds_cmpstore_f32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return same32(m, b) ? a : m; });
}
int ds_cmpstore_f64(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u64>(w, i, s, [](u64 m, u64 a, u64 b) { return same64(m, b) ? a : m; });
}
namespace {
/// As cmpswap, but compared as floating-point numbers.
template <class U> int cmpswap_float(Wave &w, const Inst &i, StopInfo &s) {
  unsigned at = i.src[1].offset, with = at + w.lanes * sizeof(U) / 4;
  return update<U>(w, i, s, [&](U m, unsigned l, MemorySpace) -> U {
    U compared = data_of<U>(w, with, l);
    bool same;
    if constexpr (sizeof(U) == 8)
      same = same64(m, compared);
    else
      same = same32(m, compared);
    return same ? data_of<U>(w, at, l) : m;
  });
}
} // namespace
int atomic_cmpswap_f32(Wave &w, const Inst &i, StopInfo &s) {
  return cmpswap_float<u32>(w, i, s);
}
int atomic_cmpswap_f64(Wave &w, const Inst &i, StopInfo &s) {
  return cmpswap_float<u64>(w, i, s);
}
/// Two dwords at the address rounded down to 8: each is replaced by 31 bits of the data if the
/// data's top bit is set.
int ds_condxchg32(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x;
  x.space = MemorySpace::Lds;
  x.mask = exec_mask(w);
  if (!x.mask)
    return kContinue;
  addresses(w, i, x, u64(i.offset));
  for (unsigned l = 0; l < w.lanes; l++)
    x.at[l] &= 0xfff8;
  if (!permitted(w, x, 8, MemoryAccess::Atomic, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    u64 data = data_of<u64>(w, i.src[1].offset, unsigned(l));
    u64 old = read_at<u64>(w, x, unsigned(l), 0), next = old;
    if (data >> 31 & 1)
      next = (next & ~0xffffffffull) | (data & 0x7fffffff);
    if (data >> 63)
      next = (next & 0xffffffffull) | (data >> 32 & 0x7fffffff) << 32;
    write_at<u64>(w, x, unsigned(l), 0, next);
    put<u64>(w, i.dst.offset, unsigned(l), old);
  }
  return kContinue;
}
int ds_mskor_b32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return (m & ~a) | b; });
}
int ds_mskor_b64(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u64>(w, i, s, [](u64 m, u64 a, u64 b) { return (m & ~a) | b; });
}
int ds_wrap_b32(Wave &w, const Inst &i, StopInfo &s) {
  return update2<u32>(w, i, s, [](u32 m, u32 a, u32 b) { return m >= a ? m - a : m + b; });
}

} // namespace w2w::emu::isa::W2W_VARIANT
