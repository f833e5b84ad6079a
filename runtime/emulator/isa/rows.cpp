// Kernels of the vector opcodes: one loop over the lanes per row of vector.def and carry.def.
// Compiled once per host instruction set.
#include "runtime/emulator/isa/rows.h"

#include "runtime/emulator/isa/fp8.h"
#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/perturb.h"

namespace w2w::emu::isa::W2W_VARIANT {

// The lanes are independent, so that d may alias a source (inst.h). 32 at a time: no remainder
// loop.
#define LANES                                                                                      \
  for (unsigned base = 0; base < n; base += 32)                                                    \
  _Pragma("clang loop vectorize(assume_safety) interleave(disable)") for (unsigned i = base;       \
                                                                          i < base + 32; i++)

// Packed halves: x, y, z are the halves of a, b, c.
#define PK_U(E)                                                                                    \
  (pack(([&](u32 x, u32 y, u32 z) -> u32 { return u32(E); })(a & 0xffff, b & 0xffff, c & 0xffff),  \
        ([&](u32 x, u32 y, u32 z) -> u32 { return u32(E); })(a >> 16, b >> 16, c >> 16)))
#define PK_I(E)                                                                                    \
  (pack(([&](i32 x, i32 y, i32 z) -> u32 { return u32(E); })(i16(a), i16(b), i16(c)),              \
        ([&](i32 x, i32 y, i32 z) -> u32 { return u32(E); })(i16(a >> 16), i16(b >> 16),           \
                                                             i16(c >> 16))))
#define PK_F(E)                                                                                    \
  (pack(([&](float x, float y, float z) -> u32 { return store_f16(E, m); })(                       \
            load_f16(a & 0xffff, m), load_f16(b & 0xffff, m), load_f16(c & 0xffff, m)),            \
        ([&](float x, float y, float z) -> u32 { return store_f16(E, m); })(                       \
            load_f16(a >> 16, m), load_f16(b >> 16, m), load_f16(c >> 16, m))))
#define PK_2(E)                                                                                    \
  (u64(bits<u32>(                                                                                  \
       ([&](float x, float y, float z) -> float { return E; })(low(a), low(b), low(c)))) |         \
   u64(bits<u32>(                                                                                  \
       ([&](float x, float y, float z) -> float { return E; })(high(a), high(b), high(c))))        \
       << 32)
W2W_INLINE u32 pack(u32 lo, u32 hi) {
  return (lo & 0xffff) | hi << 16;
}
W2W_INLINE float low(u64 x) {
  return bits<float>(u32(x));
}
W2W_INLINE float high(u64 x) {
  return bits<float>(u32(x >> 32));
}
[[maybe_unused]] W2W_INLINE float low(u32) {
  return 0;
}
[[maybe_unused]] W2W_INLINE float high(u32) {
  return 0;
}

/// Products of 8-bit numbers are exact in f32; each addition rounds.
template <Fp8Format A, Fp8Format B> W2W_INLINE float dot4_fp8(u32 a, u32 b, float c) {
  for (unsigned k = 0; k < 4; k++) {
    float x = fp8_to_f32<A>(a >> (8 * k)), y = fp8_to_f32<B>(b >> (8 * k));
    c = nan3(c + x * y, c, x, y);
  }
  return c;
}

#define OP(NAME, FORM, D, A, B, C, FP, ...)                                                        \
  void row_##NAME(u32 *pd, const u32 *pa, const u32 *pb, const u32 *pc, unsigned n, u32 m) {       \
    LANES {                                                                                        \
      [[maybe_unused]] auto a = T##A::load(pa, i, n, m);                                           \
      [[maybe_unused]] auto b = T##B::load(pb, i, n, m);                                           \
      [[maybe_unused]] auto c = T##C::load(pc, i, n, m);                                           \
      T##D::store(pd, i, n, m, T##D::value(__VA_ARGS__));                                          \
    }                                                                                              \
  }
#define OPS(NAME, FORM, D, A, B, C, FP, E, S)                                                      \
  OP(NAME, FORM, D, A, B, C, FP, E)                                                                \
  OP(sat_##NAME, FORM, D, A, B, C, FP, S)
#include "runtime/emulator/isa/vector.def"
#undef OP
#undef OPS

/// One bit per byte of 0 or 1.
W2W_INLINE u64 pack_bits(const u8 *flag, unsigned n) {
  typedef u8 v32u8 __attribute__((ext_vector_type(32)));
  typedef bool v32b __attribute__((ext_vector_type(32)));
  u64 r = 0;
  for (unsigned k = 0; k < n; k += 32) {
    v32u8 v;
    memcpy(&v, flag + k, 32);
    v32b b = __builtin_convertvector(v != 0, v32b);
    r |= u64(bits<u32>(b)) << k;
  }
  return r;
}

#define CARRY(NAME, FORM, D, A, B, C, FP, ...)                                                     \
  u64 carry_##NAME(u32 *pd, const u32 *pa, const u32 *pb, const u32 *pc, u64 bits_in, unsigned n,  \
                   u32 m) {                                                                        \
    u8 flag[64];                                                                                   \
    LANES {                                                                                        \
      [[maybe_unused]] auto a = T##A::load(pa, i, n, m);                                           \
      [[maybe_unused]] auto b = T##B::load(pb, i, n, m);                                           \
      [[maybe_unused]] auto c = T##C::load(pc, i, n, m);                                           \
      [[maybe_unused]] u32 in = bits_in >> i & 1;                                                  \
      bool out = false;                                                                            \
      T##D::value d;                                                                               \
      __VA_ARGS__;                                                                                 \
      T##D::store(pd, i, n, m, d);                                                                 \
      flag[i] = out;                                                                               \
    }                                                                                              \
    return pack_bits(flag, n);                                                                     \
  }
struct Tf16 : TF16 {};
struct Tf32 : TF32 {};
struct Tf64 : TF64 {};
struct Ti16 : TI16 {};
struct Tu16 : TU16 {};
struct Ti32 : TI32 {};
struct Tu32 : TU32 {};
struct Ti64 : TI64 {};
struct Tu64 : TU64 {};
struct Tf16c : TU16 {};
struct Tf32c : TU32 {};
struct Tf64c : TU64 {};
#define COMPARE(NAME, FP, A, B, ...)                                                               \
  u64 cmp_##NAME(const u32 *pa, const u32 *pb, unsigned n, u32 m) {                                \
    u8 flag[64];                                                                                   \
    LANES {                                                                                        \
      [[maybe_unused]] auto a = T##A::load(pa, i, n, m);                                           \
      [[maybe_unused]] auto b = T##B::load(pb, i, n, m);                                           \
      flag[i] = (__VA_ARGS__);                                                                     \
    }                                                                                              \
    return pack_bits(flag, n);                                                                     \
  }
#include "runtime/emulator/isa/carry.def"
#undef CARRY
#undef COMPARE

double trig_preop(double a, u32 b) {
  return isa::trig_preop_f64(a, b);
}

} // namespace w2w::emu::isa::W2W_VARIANT
