// PTX data types as a value: spelling, width, kind. Derived from types.def, the one list.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace w2w::ptx {

enum class TypeKind : uint8_t { None, Pred, Bits, Unsigned, Signed, Float, AltFloat, Opaque };

enum class Type : uint8_t {
  None,
#define W2W_PTX_TYPE(name, spelling, bits, kind, lanes) name,
#include "frontend/isa/types.def"
#undef W2W_PTX_TYPE
};

struct TypeInfo {
  std::string_view spelling; // without the leading dot
  uint16_t bits;             // width of the whole value
  TypeKind kind;
  uint8_t lanes; // packed elements
};

namespace detail {
inline constexpr TypeInfo kTypeTable[] = {
    {"", 0, TypeKind::None, 0},
#define W2W_PTX_TYPE(name, spelling, bits, kind, lanes) {spelling, bits, TypeKind::kind, lanes},
#include "frontend/isa/types.def"
#undef W2W_PTX_TYPE
};
} // namespace detail

/// Properties of a type; Type::None has an empty spelling and zero bits.
constexpr const TypeInfo &info(Type t) {
  return detail::kTypeTable[static_cast<unsigned>(t)];
}

constexpr unsigned bits(Type t) {
  return info(t).bits;
}
/// Bytes the type takes in memory; sub-byte types take one byte per 8 bits, rounded up.
constexpr unsigned bytes(Type t) {
  return (info(t).bits + 7u) / 8u;
}
constexpr bool is_signed(Type t) {
  return info(t).kind == TypeKind::Signed;
}
constexpr bool is_unsigned(Type t) {
  return info(t).kind == TypeKind::Unsigned;
}
constexpr bool is_bits(Type t) {
  return info(t).kind == TypeKind::Bits;
}
constexpr bool is_float(Type t) {
  return info(t).kind == TypeKind::Float || info(t).kind == TypeKind::AltFloat;
}

/// The type a suffix names ("f32" -> F32), or nothing.
constexpr std::optional<Type> type_from_spelling(std::string_view s) {
#define W2W_PTX_TYPE(name, spelling, bits, kind, lanes)                                            \
  if (s == spelling)                                                                               \
    return Type::name;
#include "frontend/isa/types.def"
#undef W2W_PTX_TYPE
  return std::nullopt;
}

} // namespace w2w::ptx
