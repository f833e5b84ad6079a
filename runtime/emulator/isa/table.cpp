// The opcode table of one host instruction set: rows from the *.def files.
#include "runtime/emulator/isa/matrix.h"
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
/// Bytes that a lane touches at one place in memory.
constexpr uint8_t bytes_of(std::string_view name, Type data, unsigned shape, bool two) {
  auto has = [&](std::string_view part) { return name.find(part) != name.npos; };
  if (shape == kDsPermute || name == "ds_swizzle_b32" || name == "ds_nop")
    return 0;
  bool small = has("load_") || has("store_") || has("ds_read_") || has("ds_write_");
  if (small && (has("byte") || has("_u8") || has("_i8") || has("_b8")))
    return 1;
  if (small && (has("short") || has("_u16") || has("_i16") || has("_b16")))
    return 2;
  unsigned bytes = 4 * dwords(data);
  // Data of two halves: a compare-and-swap's new and expected value, the results of two places.
  bool pair = has("atomic_cmpswap") || (two && (shape == kDsLoad || shape == kDsExchange2));
  return uint8_t(pair ? bytes / 2 : bytes);
}
constexpr bool two_places(std::string_view name) {
  return name.starts_with("ds_read2") || name.starts_with("ds_write2") ||
         name.starts_with("ds_wrxchg2");
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
  {#NAME,                                                                                          \
   Form::FORM,                                                                                     \
   HANDLER,                                                                                        \
   nullptr,                                                                                        \
   nullptr,                                                                                        \
   DATA,                                                                                           \
   {None, None, None},                                                                             \
   0,                                                                                              \
   EXTRA,                                                                                          \
   bytes_of(#NAME, DATA, EXTRA, two_places(#NAME)),                                                \
   two_places(#NAME)},
#include "runtime/emulator/isa/memory.def"
#undef M
#define MATRIX(NAME, ...)                                                                          \
  {#NAME, Form::VMatrix, nullptr, nullptr, nullptr, None, {None, None, None}, 0, kMatrix_##NAME},
#include "runtime/emulator/isa/matrix.def"
#undef MATRIX
};

const Handlers &table() {
  static const Handlers h = {kRows, sizeof kRows / sizeof kRows[0], choose, run, accesses};
  return h;
}

} // namespace w2w::emu::isa::W2W_VARIANT
