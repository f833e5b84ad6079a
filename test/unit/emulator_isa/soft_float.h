// Floating point by integer arithmetic: what the tests of vector instructions compare with. Exact
// sums and products in a fixed-point number that spans all of f64's range, rounded once.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace w2w::emu::test {

struct Format {
  unsigned width, precision; ///< in bits; the precision with the hidden one
  int least, most;           ///< exponents of the normal numbers
  uint64_t sign() const { return uint64_t(1) << (width - 1); }
  uint64_t infinity() const { return sign() - (uint64_t(1) << (precision - 1)); }
  uint64_t quiet_bit() const { return uint64_t(1) << (precision - 2); }
  uint64_t default_nan() const { return infinity() | quiet_bit(); }
  uint64_t magnitude(uint64_t x) const { return x & (sign() - 1); }
  bool nan(uint64_t x) const { return magnitude(x) > infinity(); }
  bool signalling(uint64_t x) const { return nan(x) && !(x & quiet_bit()); }
  bool infinite(uint64_t x) const { return magnitude(x) == infinity(); }
  bool zero(uint64_t x) const { return magnitude(x) == 0; }
  bool denormal(uint64_t x) const {
    return magnitude(x) && magnitude(x) < uint64_t(1) << (precision - 1);
  }
  bool negative(uint64_t x) const { return x & sign(); }
};
inline constexpr Format kF16{16, 11, -14, 15}, kBf16{16, 8, -126, 127}, kF32{32, 24, -126, 127},
    kF64{64, 53, -1022, 1023};

/// Stands for a result that is nowhere specified.
inline constexpr uint64_t kAny = 0xa11ca5e5a11ca5e5;

/// In MODE's numbering.
enum class Round { Even, Up, Down, Zero };
struct Environment {
  Round round = Round::Even;
  bool flush_sources = false;
  bool flush_results = false;
};

/// The first NaN of the list, quieted; else the positive default NaN.
uint64_t nan_of(const Format &f, std::initializer_list<uint64_t> sources);
/// A denormal becomes the zero of its sign.
uint64_t flushed(const Format &f, uint64_t x);

uint64_t soft_add(const Format &f, uint64_t a, uint64_t b, const Environment &e);
uint64_t soft_mul(const Format &f, uint64_t a, uint64_t b, const Environment &e);
uint64_t soft_fma(const Format &f, uint64_t a, uint64_t b, uint64_t c, const Environment &e);
/// The number of one format in another; a NaN keeps the upper bits of its payload, quieted.
uint64_t soft_convert(const Format &from, const Format &to, uint64_t a, const Environment &e);
uint64_t soft_from_integer(const Format &f, int64_t a, const Environment &e);
/// a * 2^by, rounded once.
uint64_t soft_scale(const Format &f, uint64_t a, int by, const Environment &e);
/// To an integral number; Zero truncates, Down is floor.
uint64_t soft_integral(const Format &f, uint64_t a, Round round);
/// a < b, a == b: false for NaNs; -0 == +0.
bool soft_less(const Format &f, uint64_t a, uint64_t b);
bool soft_equal(const Format &f, uint64_t a, uint64_t b);
/// Truncated and saturated; a NaN becomes 0.
int64_t soft_to_integer(const Format &f, uint64_t a, int64_t least, int64_t most);

} // namespace w2w::emu::test
