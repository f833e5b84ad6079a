#include "runtime/emulator/msgpack.h"

#include <bit>

namespace w2w::emu::msgpack {

const Value *Value::get(std::string_view key) const {
  for (const Pair &pair : map)
    if (pair.key.kind == Kind::String && pair.key.string == key)
      return &pair.value;
  return nullptr;
}

uint64_t Value::get_integer(std::string_view key, uint64_t otherwise) const {
  const Value *value = get(key);
  bool number = value && (value->kind == Kind::Integer || value->kind == Kind::Boolean);
  return number ? value->integer : otherwise;
}

std::string_view Value::get_string(std::string_view key) const {
  const Value *value = get(key);
  return value && value->kind == Kind::String ? value->string : std::string_view();
}

namespace {

class Reader {
public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool value(Value &out, unsigned depth) {
    constexpr unsigned kDeepest = 32;
    if (depth > kDeepest || at_ >= bytes_.size())
      return false;
    uint8_t tag = bytes_[at_++];
    if (tag <= 0x7f || tag >= 0xe0)
      return integer(out, static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(tag))));
    if (tag <= 0x8f)
      return pairs(out, tag & 0xf, depth);
    if (tag <= 0x9f)
      return items(out, tag & 0xf, depth);
    if (tag <= 0xbf)
      return text(out, tag & 0x1f);
    uint64_t n = 0;
    switch (tag) {
    case 0xc0:
      return true;
    case 0xc2:
    case 0xc3:
      out.kind = Value::Kind::Boolean;
      out.integer = tag & 1;
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return big_endian(n, 1u << (tag - 0xc4)) && text(out, n);
    case 0xca:
      out.kind = Value::Kind::Float;
      if (!big_endian(n, 4))
        return false;
      out.real = std::bit_cast<float>(static_cast<uint32_t>(n));
      return true;
    case 0xcb:
      out.kind = Value::Kind::Float;
      if (!big_endian(n, 8))
        return false;
      out.real = std::bit_cast<double>(n);
      return true;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return big_endian(n, 1u << (tag - 0xcc)) && integer(out, n);
    case 0xd0:
      return big_endian(n, 1) &&
             integer(out, static_cast<uint64_t>(int64_t{static_cast<int8_t>(n)}));
    case 0xd1:
      return big_endian(n, 2) &&
             integer(out, static_cast<uint64_t>(int64_t{static_cast<int16_t>(n)}));
    case 0xd2:
      return big_endian(n, 4) &&
             integer(out, static_cast<uint64_t>(int64_t{static_cast<int32_t>(n)}));
    case 0xd3:
      return big_endian(n, 8) && integer(out, n);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return big_endian(n, 1u << (tag - 0xd9)) && text(out, n);
    case 0xdc:
    case 0xdd:
      return big_endian(n, tag == 0xdc ? 2 : 4) && items(out, n, depth);
    case 0xde:
    case 0xdf:
      return big_endian(n, tag == 0xde ? 2 : 4) && pairs(out, n, depth);
    default: // extension types: metadata has none
      return false;
    }
  }

private:
  bool big_endian(uint64_t &out, unsigned bytes) {
    if (bytes_.size() - at_ < bytes)
      return false;
    out = 0;
    for (unsigned i = 0; i < bytes; ++i)
      out = out << 8 | bytes_[at_++];
    return true;
  }
  static bool integer(Value &out, uint64_t n) {
    out.kind = Value::Kind::Integer;
    out.integer = n;
    return true;
  }
  bool text(Value &out, uint64_t n) {
    if (bytes_.size() - at_ < n)
      return false;
    out.kind = Value::Kind::String;
    out.string = {reinterpret_cast<const char *>(bytes_.data() + at_), static_cast<size_t>(n)};
    at_ += n;
    return true;
  }
  // Each item has at least a byte: a count beyond the rest is damage, and is refused before
  // anything is allocated.
  bool items(Value &out, uint64_t n, unsigned depth) {
    if (n > bytes_.size() - at_)
      return false;
    out.kind = Value::Kind::Array;
    for (uint64_t i = 0; i < n; ++i)
      if (!value(out.array.emplace_back(), depth + 1))
        return false;
    return true;
  }
  bool pairs(Value &out, uint64_t n, unsigned depth) {
    if (n > (bytes_.size() - at_) / 2)
      return false;
    out.kind = Value::Kind::Map;
    for (uint64_t i = 0; i < n; ++i) {
      Pair &pair = out.map.emplace_back();
      if (!value(pair.key, depth + 1) || !value(pair.value, depth + 1))
        return false;
    }
    return true;
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

} // namespace

std::optional<Value> read(std::span<const uint8_t> bytes) {
  Value value;
  if (!Reader(bytes).value(value, 0))
    return std::nullopt;
  return value;
}

} // namespace w2w::emu::msgpack
