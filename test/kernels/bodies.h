// The functions of bodies.def, for whoever includes this: HD is the qualifier of functions,
// NOINLINE stops inlining.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef short i16;
typedef unsigned u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
typedef float f32;
typedef double f64;
typedef _Float16 f16;
typedef f16 h2 __attribute__((ext_vector_type(2)));
typedef short s2 __attribute__((ext_vector_type(2)));

struct Triple {
  u32 x;
  u16 y;
  u64 z;
};
HD NOINLINE static u32 fibonacci(u32 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
HD NOINLINE static u32 ackermann_like(u32 m, u32 n) {
  return m == 0 ? n + 1 : ackermann_like(m - 1, n ? n - 1 : 1) + n;
}
HD NOINLINE static void exchange(u32 *p, u32 *q) {
  u32 t = *p;
  *p = *q + 1;
  *q = t;
}
HD NOINLINE static Triple make_triple(u32 a, u32 b) {
  return {a ^ b, u16(a + 1), (u64(b) << 32) * 3};
}
HD NOINLINE static Triple turn(Triple t, int by) {
  for (int k = 0; k < by; k++)
    t = {u32(t.y) + u32(t.z), u16(t.x >> 5), u64(t.x) << 30};
  return t;
}

#define BODY(NAME, T, ...)                                                                         \
  HD static T body_##NAME(T a, T b, int i) {                                                       \
    T r{};                                                                                         \
    [[maybe_unused]] u32 r0 = 7;                                                                   \
    __VA_ARGS__ return r;                                                                          \
  }
#include "bodies.def"
#undef BODY
