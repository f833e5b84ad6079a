// The opcode table of one host instruction set: rows from the *.def files.
#include "runtime/emulator/isa/opcodes.h"
#include "runtime/emulator/isa/operands.h"
#include "runtime/emulator/isa/rows.h"
#include "runtime/emulator/isa/run.h"
#include "runtime/emulator/isa/specials.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

using enum Type;

// What a handler of control.def must be told about its opcode.
constexpr unsigned extra_of(std::string_view name) {
  if (name.starts_with("v_permlanex16"))
    return 16;
  if (name == "v_mbcnt_hi_u32_b32" || name == "v_movreld_b32")
    return 1;
  if (name == "v_movrelsd_b32")
    return 2;
  if (name == "v_movrelsd_2_b32")
    return 3;
  return 0;
}
/// The type that a row of carry.def or scalar.def names in small letters.
constexpr Type type_of(std::string_view t) {
  return t == "f16" || t == "f16c"   ? F16
         : t == "f32" || t == "f32c" ? F32
         : t == "f64" || t == "f64c" ? F64
         : t == "i16"                ? I16
         : t == "u16"                ? U16
         : t == "i32"                ? I32
         : t == "u32"                ? U32
         : t == "i64"                ? I64
         : t == "u64"                ? U64
                                     : None;
}
constexpr const void *kernel(auto *f) {
  return reinterpret_cast<const void *>(f);
}

} // namespace

const Opcode kRows[] = {
#define OP(NAME, FORM, D, A, B, C, FP, ...)                                                        \
  {#NAME, Form::FORM, nullptr, kernel(row_##NAME), nullptr, D, {A, B, C}, FP, 0},
#define OPS(NAME, FORM, D, A, B, C, FP, E, S)                                                      \
  {#NAME, Form::FORM, nullptr, kernel(row_##NAME), kernel(row_sat_##NAME), D, {A, B, C}, FP, 0},
#include "runtime/emulator/isa/vector.def"
#undef OP
#undef OPS
#define CARRY(NAME, FORM, D, A, B, C, FP, ...)                                                     \
  {#NAME, Form::FORM, nullptr, kernel(carry_##NAME), nullptr, D, {A, B, C}, FP, 0},
#define COMPARE(NAME, FP, A, B, ...)                                                               \
  {"v_cmp_" #NAME,                                                                                 \
   Form::VCmp,                                                                                     \
   nullptr,                                                                                        \
   kernel(cmp_##NAME),                                                                             \
   nullptr,                                                                                        \
   None,                                                                                           \
   {type_of(#A), type_of(#B), None},                                                               \
   FP,                                                                                             \
   0},                                                                                             \
      {"v_cmpx_" #NAME,                                                                            \
       Form::VCmpx,                                                                                \
       nullptr,                                                                                    \
       kernel(cmp_##NAME),                                                                         \
       nullptr,                                                                                    \
       None,                                                                                       \
       {type_of(#A), type_of(#B), None},                                                           \
       FP,                                                                                         \
       0},
#include "runtime/emulator/isa/carry.def"
#undef CARRY
#undef COMPARE
#define S(NAME, FORM, D, A, B, ...)                                                                \
  {#NAME, Form::FORM, h_##NAME, nullptr, nullptr, type_of(#D), {type_of(#A), type_of(#B), None},   \
   0,     0},
#define SF(NAME, FORM, D, A, B, FP, ...)                                                           \
  {#NAME, Form::FORM, h_##NAME, nullptr, nullptr, type_of(#D), {type_of(#A), type_of(#B), None},   \
   FP,    0},
#define SAVEEXEC(NAME, T, E, SAVED)                                                                \
  {#NAME, Form::S1, h_##NAME, nullptr, nullptr, type_of(#T), {type_of(#T), None, None}, 0, 0},
#include "runtime/emulator/isa/scalar.def"
#undef S
#undef SF
#undef SAVEEXEC
#define H(NAME, FORM, D, A, B, C, HANDLER)                                                         \
  {#NAME, Form::FORM, HANDLER, nullptr, nullptr, D, {A, B, C}, 0, extra_of(#NAME)},
#include "runtime/emulator/isa/control.def"
#undef H
#define M(NAME, FORM, DATA, HANDLER, EXTRA)                                                        \
  {#NAME, Form::FORM, HANDLER, nullptr, nullptr, DATA, {None, None, None}, 0, EXTRA},
#include "runtime/emulator/isa/memory.def"
#undef M
};

const Handlers &table() {
  static const Handlers h = {kRows, sizeof kRows / sizeof kRows[0], choose, run};
  return h;
}

} // namespace w2w::emu::isa::W2W_VARIANT
