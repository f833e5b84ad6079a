// 128-bit content hashes for cache keys and image identities (XXH3 of libxxhash, header-only).
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace w2w {

struct Hash128 {
  uint64_t high = 0, low = 0;
  auto operator<=>(const Hash128 &) const = default;

  /// 32 lower-case hexadecimal digits.
  std::string hex() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(32, '0');
    for (int i = 0; i < 16; ++i) {
      text[15 - i] = kDigits[(high >> (4 * i)) & 15];
      text[31 - i] = kDigits[(low >> (4 * i)) & 15];
    }
    return text;
  }
};

struct HashOfHash {
  size_t operator()(const Hash128 &h) const { return h.low; }
};

inline Hash128 hash_bytes(std::span<const uint8_t> bytes) {
  XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.high64, h.low64};
}

inline uint64_t checksum(std::span<const uint8_t> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

/// Hashes a sequence of fields: each is preceded by its length, so that ("ab","c") and ("a","bc")
/// differ.
class Hasher {
public:
  Hasher() { XXH3_128bits_reset(&state_); }
  Hasher &field(std::string_view text) {
    number(text.size());
    XXH3_128bits_update(&state_, text.data(), text.size());
    return *this;
  }
  Hasher &number(uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; ++i)
      bytes[i] = static_cast<uint8_t>(value >> (8 * i));
    XXH3_128bits_update(&state_, bytes, 8);
    return *this;
  }
  Hasher &hash(const Hash128 &h) { return number(h.high).number(h.low); }
  Hash128 finish() const {
    XXH128_hash_t h = XXH3_128bits_digest(&state_);
    return {h.high64, h.low64};
  }

private:
  XXH3_state_t state_;
};

} // namespace w2w
