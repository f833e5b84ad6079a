#include "soft_float.h"

#include <array>
#include <bit>
#include <cstddef>

namespace w2w::emu::test {
namespace {

/// A magnitude in units of 2^-kUnit.
class Fixed {
public:
  static constexpr int kUnit = 2240;

  void add(unsigned __int128 x, int exponent) {
    unsigned at = unsigned(exponent + kUnit);
    for (unsigned k = 0; k < 2; k++)
      add_word(uint64_t(x >> (64 * k)), at + 64 * k);
  }
  bool operator<(const Fixed &o) const {
    for (std::size_t k = w.size(); k-- > 0;)
      if (w[k] != o.w[k])
        return w[k] < o.w[k];
    return false;
  }
  void subtract(const Fixed &o) {
    uint64_t borrow = 0;
    for (std::size_t k = 0; k < w.size(); k++) {
      unsigned __int128 t = (unsigned __int128)w[k] - o.w[k] - borrow;
      w[k] = uint64_t(t), borrow = uint64_t(t >> 64) & 1;
    }
  }
  void plus(const Fixed &o) {
    uint64_t carry = 0;
    for (std::size_t k = 0; k < w.size(); k++) {
      unsigned __int128 t = (unsigned __int128)w[k] + o.w[k] + carry;
      w[k] = uint64_t(t), carry = uint64_t(t >> 64);
    }
  }
  bool zero() const {
    for (uint64_t x : w)
      if (x)
        return false;
    return true;
  }
  /// Exponent of the highest one.
  int top() const {
    for (std::size_t k = w.size(); k-- > 0;)
      if (w[k])
        return int(64 * k) + 63 - std::countl_zero(w[k]) - kUnit;
    return -kUnit;
  }
  bool bit(int exponent) const {
    int at = exponent + kUnit;
    return at >= 0 && (w[std::size_t(at) / 64] >> (at % 64) & 1);
  }
  bool any_below(int exponent) const {
    for (int at = 0; at < exponent + kUnit; at++)
      if (at % 64 == 0 && at + 64 <= exponent + kUnit) {
        if (w[std::size_t(at) / 64])
          return true;
        at += 63;
      } else if (w[std::size_t(at) / 64] >> (at % 64) & 1) {
        return true;
      }
    return false;
  }
  /// The bits from `exponent` upwards.
  uint64_t from(int exponent) const {
    uint64_t r = 0;
    for (int k = 63; k >= 0; k--)
      r = r << 1 | bit(exponent + k);
    return r;
  }

private:
  void add_word(uint64_t x, unsigned at) {
    unsigned __int128 t = (unsigned __int128)x << (at % 64);
    uint64_t carry = 0;
    for (std::size_t k = at / 64; k < w.size(); k++) {
      unsigned __int128 s = (unsigned __int128)w[k] + uint64_t(t) + carry;
      w[k] = uint64_t(s), carry = uint64_t(s >> 64);
      t >>= 64;
      if (!t && !carry)
        break;
    }
  }
  std::array<uint64_t, 70> w{};
};

/// Significand and exponent of a finite number.
uint64_t significand(const Format &f, uint64_t x, int &exponent) {
  uint64_t m = f.magnitude(x), e = m >> (f.precision - 1);
  uint64_t fraction = m & ((uint64_t(1) << (f.precision - 1)) - 1);
  exponent = f.least + int(e ? e - 1 : 0) - int(f.precision - 1);
  return e ? fraction | uint64_t(1) << (f.precision - 1) : fraction;
}

bool away(Round r, bool negative, bool odd, bool half, bool more) {
  switch (r) {
  case Round::Even:
    return half && (more || odd);
  case Round::Up:
    return !negative && (half || more);
  case Round::Down:
    return negative && (half || more);
  case Round::Zero:
    return false;
  }
  return false;
}

uint64_t rounded(const Format &f, bool negative, const Fixed &x, const Environment &e) {
  uint64_t sign = negative ? f.sign() : 0;
  if (x.zero())
    return sign;
  int top = x.top(), fraction = int(f.precision) - 1;
  int unit = top < f.least ? f.least - fraction : top - fraction;
  uint64_t n = x.from(unit);
  bool up = away(e.round, negative, n & 1, x.bit(unit - 1), x.any_below(unit - 1));
  uint64_t hidden = uint64_t(1) << fraction;
  uint64_t bits = top < f.least ? n : (uint64_t(top - f.least + 1) << fraction) + (n - hidden);
  bits += up;
  if (bits >= f.infinity()) {
    bool to_infinity = e.round == Round::Even || (e.round == Round::Up && !negative) ||
                       (e.round == Round::Down && negative);
    bits = to_infinity ? f.infinity() : f.infinity() - 1;
  }
  // Whether flushing sees a result that only rounding makes normal is not said.
  if (e.flush_results && top < f.least && bits == hidden)
    return kAny;
  bits |= sign;
  return e.flush_results ? flushed(f, bits) : bits;
}

} // namespace

uint64_t nan_of(const Format &f, std::initializer_list<uint64_t> sources) {
  for (uint64_t s : sources)
    if (f.nan(s))
      return s | f.quiet_bit();
  return f.default_nan();
}

uint64_t flushed(const Format &f, uint64_t x) {
  return f.denormal(x) ? x & f.sign() : x;
}

uint64_t soft_fma(const Format &f, uint64_t a, uint64_t b, uint64_t c, const Environment &e) {
  if (e.flush_sources)
    a = flushed(f, a), b = flushed(f, b), c = flushed(f, c);
  if (f.nan(a) || f.nan(b) || f.nan(c))
    return nan_of(f, {a, b, c});
  bool negative = f.negative(a) != f.negative(b);
  uint64_t sign = negative ? f.sign() : 0;
  if (f.infinite(a) || f.infinite(b)) {
    bool wrong = f.zero(a) || f.zero(b) || (f.infinite(c) && f.negative(c) != negative);
    return wrong ? f.default_nan() : f.infinity() | sign;
  }
  if (f.infinite(c))
    return c;
  int ea, eb, ec;
  Fixed product, addend;
  uint64_t ma = significand(f, a, ea), mb = significand(f, b, eb);
  product.add((unsigned __int128)ma * mb, ea + eb);
  addend.add(significand(f, c, ec), ec);
  if (negative == f.negative(c)) {
    product.plus(addend);
    return rounded(f, negative, product, e);
  }
  if (product < addend) {
    addend.subtract(product);
    return rounded(f, !negative, addend, e);
  }
  product.subtract(addend);
  if (product.zero())
    return e.round == Round::Down ? f.sign() : 0;
  return rounded(f, negative, product, e);
}
uint64_t soft_add(const Format &f, uint64_t a, uint64_t b, const Environment &e) {
  uint64_t one = uint64_t(-f.least + 1) << (f.precision - 1);
  if (f.nan(a) || f.nan(b))
    return nan_of(f, {a, b});
  return soft_fma(f, a, one, b, e);
}
uint64_t soft_mul(const Format &f, uint64_t a, uint64_t b, const Environment &e) {
  // Plus the zero of the product's sign.
  return soft_fma(f, a, b, (a ^ b) & f.sign(), e);
}

uint64_t soft_convert(const Format &from, const Format &to, uint64_t a, const Environment &e) {
  uint64_t sign = from.negative(a) ? to.sign() : 0;
  if (from.nan(a)) {
    int by = int(to.precision) - int(from.precision);
    uint64_t payload = a & ((uint64_t(1) << (from.precision - 1)) - 1);
    payload = by >= 0 ? payload << by : payload >> -by;
    return sign | to.default_nan() | payload;
  }
  if (from.infinite(a))
    return sign | to.infinity();
  if (e.flush_sources)
    a = flushed(from, a);
  int exponent;
  Fixed x;
  uint64_t m = significand(from, a, exponent);
  x.add(m, exponent);
  return rounded(to, sign, x, e);
}
uint64_t soft_from_integer(const Format &f, int64_t a, const Environment &e) {
  Fixed x;
  x.add(a < 0 ? -uint64_t(a) : uint64_t(a), 0);
  return rounded(f, a < 0, x, e);
}
uint64_t soft_scale(const Format &f, uint64_t a, int by, const Environment &e) {
  if (e.flush_sources)
    a = flushed(f, a);
  if (f.nan(a))
    return nan_of(f, {a});
  if (f.infinite(a) || f.zero(a))
    return a;
  int exponent;
  uint64_t m = significand(f, a, exponent);
  // Beyond these nothing changes, neither of the value nor of how it is rounded.
  int limit = f.most - f.least + 2 * int(f.precision) + 2;
  by = by < -limit ? -limit : by > limit ? limit : by;
  int at = exponent + by;
  Fixed x;
  if (at < -Fixed::kUnit) // smaller than half of any unit
    x.add(1, -Fixed::kUnit);
  else
    x.add(m, at > 2100 ? 2100 : at);
  return rounded(f, f.negative(a), x, e);
}
uint64_t soft_integral(const Format &f, uint64_t a, Round round) {
  if (f.nan(a))
    return nan_of(f, {a});
  int exponent;
  if (f.infinite(a) || f.zero(a))
    return a;
  uint64_t m = significand(f, a, exponent);
  if (exponent >= 0)
    return a;
  Fixed x;
  x.add(m, exponent);
  uint64_t n = x.from(0);
  n += away(round, f.negative(a), n & 1, x.bit(-1), x.any_below(-1));
  Fixed whole;
  whole.add(n, 0);
  return rounded(f, f.negative(a), whole, {});
}

bool soft_less(const Format &f, uint64_t a, uint64_t b) {
  if (f.nan(a) || f.nan(b))
    return false;
  auto key = [&](uint64_t x) {
    int64_t m = int64_t(f.magnitude(x));
    return f.negative(x) ? -m : m;
  };
  return key(a) < key(b);
}
bool soft_equal(const Format &f, uint64_t a, uint64_t b) {
  return !f.nan(a) && !f.nan(b) && (a == b || (f.zero(a) && f.zero(b)));
}
int64_t soft_to_integer(const Format &f, uint64_t a, int64_t least, int64_t most) {
  if (f.nan(a))
    return 0;
  int exponent;
  bool negative = f.negative(a);
  if (f.infinite(a))
    return negative ? least : most;
  uint64_t m = significand(f, a, exponent);
  if (exponent > 0 && (exponent > 62 || m >> (63 - exponent)))
    return negative ? least : most;
  int64_t x = int64_t(exponent >= 0 ? m << exponent : exponent <= -64 ? 0 : m >> -exponent);
  x = negative ? -x : x;
  return x < least ? least : x > most ? most : x;
}

} // namespace w2w::emu::test
