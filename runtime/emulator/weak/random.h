// The mode's source of chance: xorshift64*, repeatable everywhere.
#pragma once

#include <cstdint>

namespace w2w::emu::weak {

class Random {
public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 | 1) {
    for (int k = 0; k < 8; k++)
      next();
  }
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d >> 16;
  }
  unsigned below(unsigned n) { return unsigned((next() & 0xffffffff) * n >> 32); }
  bool one_in(unsigned n) { return below(n) == 0; }

private:
  uint64_t state_;
};

} // namespace w2w::emu::weak
