// Byte format of compiler messages and cache entries: little-endian numbers, length-prefixed
// strings. The reader treats its input as untrusted: reading past the end yields zeros and empty
// strings, and ok() turns false.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2w {

class ByteWriter {
public:
  void u8(uint8_t v) { bytes_.push_back(v); }
  void u32(uint32_t v) { number(v, 4); }
  void u64(uint64_t v) { number(v, 8); }
  void text(std::string_view s) {
    u64(s.size());
    bytes_.insert(bytes_.end(), s.begin(), s.end());
  }
  void blob(std::span<const uint8_t> s) {
    u64(s.size());
    bytes_.insert(bytes_.end(), s.begin(), s.end());
  }
  const std::vector<uint8_t> &bytes() const { return bytes_; }
  std::vector<uint8_t> take() { return std::move(bytes_); }

private:
  void number(uint64_t v, int width) {
    for (int i = 0; i < width; ++i)
      bytes_.push_back(static_cast<uint8_t>(v >> (8 * i)));
  }
  std::vector<uint8_t> bytes_;
};

class ByteReader {
public:
  explicit ByteReader(std::span<const uint8_t> bytes) : rest_(bytes) {}
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  std::string text() {
    std::span<const uint8_t> s = piece();
    return std::string(reinterpret_cast<const char *>(s.data()), s.size());
  }
  std::vector<uint8_t> blob() {
    std::span<const uint8_t> s = piece();
    return std::vector<uint8_t>(s.begin(), s.end());
  }
  bool ok() const { return ok_; }
  /// Everything was read and nothing was missing.
  bool done() const { return ok_ && rest_.empty(); }

private:
  uint64_t number(size_t width) {
    if (rest_.size() < width) {
      fail();
      return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < width; ++i)
      v |= uint64_t{rest_[i]} << (8 * i);
    rest_ = rest_.subspan(width);
    return v;
  }
  std::span<const uint8_t> piece() {
    uint64_t size = u64();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    std::span<const uint8_t> s = rest_.first(size);
    rest_ = rest_.subspan(size);
    return s;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

} // namespace w2w
