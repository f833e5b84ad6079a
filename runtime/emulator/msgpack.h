// A reader of MessagePack, as far as code object metadata uses it (maps, arrays, strings, integers,
// booleans, floats, nil). The bytes are untrusted: every length is checked, nesting is limited, and
// nothing is copied but what is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace w2w::emu::msgpack {

struct Value;
struct Pair;

struct Value {
  enum class Kind : uint8_t { Nil, Boolean, Integer, Float, String, Array, Map } kind = Kind::Nil;
  uint64_t integer = 0;    // Integer (two's complement) and Boolean
  double real = 0;         // Float
  std::string_view string; // String and binary; points into the input
  std::vector<Value> array;
  std::vector<Pair> map;

  /// The value of a key of a map; null if this is no map or has no such key.
  const Value *get(std::string_view key) const;
  uint64_t get_integer(std::string_view key, uint64_t otherwise = 0) const;
  std::string_view get_string(std::string_view key) const;
};

struct Pair {
  Value key, value;
};

/// Nothing if the bytes are no complete value.
std::optional<Value> read(std::span<const uint8_t> bytes);

} // namespace w2w::emu::msgpack
