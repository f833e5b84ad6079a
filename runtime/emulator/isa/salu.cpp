// Scalar ALU handlers: scalar.def.
#include "runtime/emulator/isa/helpers.h"
#include "runtime/emulator/isa/operands.h"
#include "runtime/emulator/isa/perturb.h"
#include "runtime/emulator/isa/specials.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

W2W_INLINE u32 first_not_sign64(i64 a) {
  u64 x = u64(a < 0 ? ~a : a);
  return x ? u32(__builtin_clzll(x)) : ~0u;
}
W2W_INLINE u64 whole_quads(u64 x) {
  u64 any = (x | x >> 1 | x >> 2 | x >> 3) & 0x1111111111111111ull;
  return any * 15;
}
W2W_INLINE u64 quad_mask(u64 x) {
  u64 r = 0;
  for (unsigned k = 0; k < 16; k++)
    r |= u64((x >> (4 * k) & 15) != 0) << k;
  return r;
}
W2W_INLINE u64 bit_replicate(u32 x) {
  u64 r = 0;
  for (unsigned k = 0; k < 32; k++)
    r |= u64(x >> k & 1) * 3 << (2 * k);
  return r;
}
W2W_INLINE u32 absolute(u32 x) {
  return i32(x) < 0 ? 0 - x : x;
}
/// s_bfe: the field of `width` bits at bit `at`; width 0 gives 0.
W2W_INLINE u64 field_u(u64 a, u32 at, u32 width) {
  u64 x = a >> at;
  return width >= 64 ? x : x & ((u64(1) << width) - 1);
}
/// The shift is arithmetic: a field that reaches past the top bit is filled with the sign.
template <class T> W2W_INLINE u64 field_i(T a, u32 at, u32 width) {
  i64 x = (sizeof(T) == 4 ? i64(i32(a)) : i64(a)) >> at;
  u32 above = width < 64 ? 64 - width : 0;
  return width ? u64(i64(u64(x) << above) >> above) : 0;
}

// How each C type of a row is read and written.
struct Xu32 {
  typedef u32 value;
  W2W_INLINE u32 read(Wave &w, const Inst &i, const Operand &o) { return scalar32(w, o); }
  W2W_INLINE void write(Wave &w, const Operand &o, u32 x) { set_scalar32(w, o, x); }
};
struct Xi32 {
  typedef i32 value;
  W2W_INLINE i32 read(Wave &w, const Inst &i, const Operand &o) { return i32(scalar32(w, o)); }
  W2W_INLINE void write(Wave &w, const Operand &o, i32 x) { set_scalar32(w, o, u32(x)); }
};
struct Xu64 {
  typedef u64 value;
  W2W_INLINE u64 read(Wave &w, const Inst &i, const Operand &o) { return scalar64(w, o); }
  W2W_INLINE void write(Wave &w, const Operand &o, u64 x) { set_scalar64(w, o, x); }
};
struct Xi64 {
  typedef i64 value;
  W2W_INLINE i64 read(Wave &w, const Inst &i, const Operand &o) { return i64(scalar64(w, o)); }
  W2W_INLINE void write(Wave &w, const Operand &o, i64 x) { set_scalar64(w, o, u64(x)); }
};
struct Xf32 {
  typedef float value;
  W2W_INLINE float read(Wave &w, const Inst &i, const Operand &o) {
    u32 x = scalar32(w, o);
    x = o.mods & kAbs ? x & 0x7fffffffu : x;
    return bits<float>(o.mods & kNeg ? x ^ 0x80000000u : x);
  }
  W2W_INLINE void write(Wave &w, const Operand &o, float x) { set_scalar32(w, o, bits<u32>(x)); }
};
struct Xf16 {
  typedef float value;
  W2W_INLINE float read(Wave &w, const Inst &i, const Operand &o) {
    return load_f16(scalar32(w, o) & 0xffff, w.mode);
  }
  W2W_INLINE void write(Wave &w, const Operand &o, float x) {
    set_scalar32(w, o, store_f16(x, w.mode));
  }
};
struct Xi32k {
  W2W_INLINE i32 read(Wave &w, const Inst &i, const Operand &o) { return i32(i16(i.imm)); }
};
struct Xu32k {
  W2W_INLINE u32 read(Wave &w, const Inst &i, const Operand &o) { return i.imm & 0xffff; }
};
struct XNone {
  typedef u32 value;
  W2W_INLINE u32 read(Wave &w, const Inst &i, const Operand &o) { return 0; }
  W2W_INLINE void write(Wave &w, const Operand &o, u32 x) {}
};

} // namespace

// For SK and "old" the destination is a source as well.
#define S(NAME, FORM, D, A, B, ...)                                                                \
  int h_##NAME(Wave &w, const Inst &i, StopInfo &) {                                               \
    constexpr Form form = Form::FORM;                                                              \
    [[maybe_unused]] auto a = X##A::read(w, i, form == Form::SK ? i.dst : i.src[0]);               \
    [[maybe_unused]] auto b = X##B::read(w, i, i.src[1]);                                          \
    [[maybe_unused]] auto old = X##D::read(w, i, i.dst);                                           \
    [[maybe_unused]] u32 &scc = w.scc;                                                             \
    X##D::value d{};                                                                               \
    __VA_ARGS__;                                                                                   \
    X##D::write(w, i.dst, d);                                                                      \
    return kContinue;                                                                              \
  }
#define SF(NAME, FORM, D, A, B, FP, ...) S(NAME, FORM, D, A, B, __VA_ARGS__)
#define SAVEEXEC(NAME, T, E, SAVED)                                                                \
  int h_##NAME(Wave &w, const Inst &i, StopInfo &) {                                               \
    const Operand exec{.where = Where::Sgpr, .index = kExecLo};                                    \
    T a = T(X##T::read(w, i, i.src[0])), e = T(X##T::read(w, i, exec));                            \
    T next = (E), saved = (SAVED);                                                                 \
    X##T::write(w, i.dst, saved);                                                                  \
    X##T::write(w, exec, next);                                                                    \
    w.scc = next != 0;                                                                             \
    return kContinue;                                                                              \
  }
#include "runtime/emulator/isa/scalar.def"
#undef S
#undef SF
#undef SAVEEXEC

} // namespace w2w::emu::isa::W2W_VARIANT
