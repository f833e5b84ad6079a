// How matrix instructions accumulate a dot product: 16 columns of a row of D at a time.
//
// What is taken up of the sources is decided by the rule. None of them looks at MODE's rounding and
// denormal bits: matrix hardware rounds to nearest even and treats denormals as each rule says.
//
// Sources. CDNA: MMA-Sim (Xie et al., arXiv 2511.10909), a model fitted to MI100, MI210 and MI300X.
// RDNA: AMD's rocjitsu emulator (github.com/ROCm/rocm-systems, issue 12056), a model fitted to
// gfx1100 and gfx1201. NaN results are documented for RDNA alone (rocjitsu); CDNA: see numbers.h.
#pragma once

#include "runtime/emulator/isa/fp8.h"
#include "runtime/emulator/isa/matrix.h"

namespace w2w::emu::isa::W2W_VARIANT {

inline constexpr unsigned kColumns = 16;
typedef float vf __attribute__((ext_vector_type(16)));
typedef double vd __attribute__((ext_vector_type(16)));
typedef i32 vi __attribute__((ext_vector_type(16)));
typedef u32 vu __attribute__((ext_vector_type(16)));
typedef i64 vl __attribute__((ext_vector_type(16)));

template <class V, class T> W2W_INLINE V load16(const T *p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}
W2W_INLINE vf as_float(vi x) {
  return bits<vf>(x);
}
W2W_INLINE vi as_int(vf x) {
  return bits<vi>(x);
}
W2W_INLINE vi clamp_v(vi x, i32 lo, i32 hi) {
  return __builtin_elementwise_min(__builtin_elementwise_max(x, vi(lo)), vi(hi));
}
W2W_INLINE vi larger(vi a, vi b) {
  return __builtin_elementwise_max(a, b);
}
/// 2^e, normal.
W2W_INLINE vf power(vi e) {
  return as_float((e + 127) << 23);
}
W2W_INLINE vd power64(vi e) {
  return bits<vd>(__builtin_convertvector(e + 1023, vl) << 52);
}
W2W_INLINE vi truncated(vf x) {
  return __builtin_convertvector(x, vi);
}
W2W_INLINE vi floored(vf x) {
  return __builtin_convertvector(__builtin_elementwise_floor(x), vi);
}
W2W_INLINE vi exponent_field(vf x) {
  return as_int(x) >> 23 & 255;
}
W2W_INLINE bool any(vi mask) {
  return __builtin_reduce_or(mask);
}
W2W_INLINE vi not_finite(vf x) {
  return (as_int(x) & 0x7f800000) == 0x7f800000;
}

/// The products of one row of D: places in the planes of A (one element) and B (from column 0).
struct Terms {
  unsigned count;
  const u16 *places_a, *places_b;
  unsigned more_a, more_b; ///< added to them
  unsigned a(unsigned k) const { return places_a[k] + more_a; }
  unsigned b(unsigned k) const { return places_b[k] + more_b; }
};

/// Planes of one source (matrix.h), with room for a vector that begins at the last element.
template <class T> struct alignas(64) Planes {
  T at[1024 + kColumns];
};

// ---- integers
/// Products and sum in 32 bits; the sum of products alone never overflows.
struct IntegerRule {
  using Value = vu;
  Planes<i32> a, b;
  bool clamp;

  vu row(const Terms &t, unsigned column, vu c) const {
    vi sum = 0;
    for (unsigned k = 0; k < t.count; k++)
      sum += a.at[t.a(k)] * load16<vi>(b.at + t.b(k) + column);
    if (clamp)
      return bits<vu>(__builtin_elementwise_add_sat(sum, bits<vi>(c)));
    return bits<vu>(sum) + c;
  }
};

// ---- one fused multiply-add after the other, in the order of k (f32 and f64)
template <class T, class V> struct ChainRule {
  Planes<T> a, b;

  V chain(const Terms &t, unsigned column, V c) const {
    V r = c;
    for (unsigned k = 0; k < t.count; k++)
      r = __builtin_elementwise_fma(V(a.at[t.a(k)]), load16<V>(b.at + t.b(k) + column), r);
    if (!__builtin_reduce_or(r != r))
      return r;
    for (unsigned j = 0; j < kColumns; j++) {
      T x = c[j];
      for (unsigned k = 0; k < t.count; k++)
        x = ffma(a.at[t.a(k)], b.at[t.b(k) + column + j], x);
      r[j] = x;
    }
    return r;
  }
};
struct Chain32Rule : ChainRule<float, vf> {
  using Value = vu;
  vu row(const Terms &t, unsigned column, vu c) const {
    return bits<vu>(chain(t, column, bits<vf>(c)));
  }
};
struct Chain64Rule : ChainRule<double, vd> {
  using Value = vd;
  vd row(const Terms &t, unsigned column, vd c) const { return chain(t, column, c); }
};

// ---- gfx90a, f16 and bf16: pairwise sums
/// Denormal sources are +0. Groups of 2 or 4 products are rounded to f32 and summed up as a tree,
/// group after group is added to C; every denormal result is flushed, and keeps its sign.
template <unsigned Group> struct PairsRule {
  using Value = vu;
  Planes<float> a, b;

  static vf flush(vf x) {
    vi i = as_int(x);
    return as_float((i & 0x7f800000) == 0 ? i & vi(i32(0x80000000)) : i);
  }
  static vf product(vf x, vf y) {
    // x * y + 0: a product of -0 becomes +0.
#if defined(__FMA__)
    return flush(__builtin_elementwise_fma(x, y, vf(0)));
#else
    return flush(__builtin_convertvector(
        __builtin_convertvector(x, vd) * __builtin_convertvector(y, vd) + 0.0, vf));
#endif
  }
  vu row(const Terms &t, unsigned column, vu c) const {
    vi low = (bits<vi>(c) & 0x7f800000) == 0;
    vf start = as_float(low ? vi(0) : bits<vi>(c)), r = start;
    for (unsigned k = 0; k < t.count; k += Group) {
      vf p[Group];
      for (unsigned g = 0; g < Group; g++)
        p[g] = product(vf(a.at[t.a(k + g)]), load16<vf>(b.at + t.b(k + g) + column));
      vf sum = flush(p[0] + p[1]);
      if constexpr (Group == 4)
        sum = flush(sum + flush(p[2] + p[3]));
      r = flush(r + sum);
    }
    if (any(r != r))
      for (unsigned j = 0; j < kColumns; j++)
        r[j] = r[j] == r[j] ? r[j] : nan_of(t, column + j, start[j]);
    return bits<vu>(r);
  }
  /// The NaN of a column: each addition returns the first NaN it has.
  float nan_of(const Terms &t, unsigned column, float c) const {
    for (unsigned k = 0; k < t.count; k += Group) {
      float p[Group];
      for (unsigned g = 0; g < Group; g++)
        p[g] = fmul(a.at[t.a(k + g)], b.at[t.b(k + g) + column]);
      float sum = fadd(p[0], p[1]);
      if constexpr (Group == 4)
        sum = fadd(sum, fadd(p[2], p[3]));
      c = fadd(c, sum);
    }
    return c;
  }
};

// ---- aligned sums: products are added as integers in units that the largest exponent decides
/// Elements as significand * 2^exponent, the significand of normal numbers in [1, 2) and with its
/// sign. Infinities and NaNs are significands, with exponent 0. `zero` is the exponent of zeros.
struct Scaled {
  Planes<float> significand;
  Planes<i32> exponent;
  i32 special = 0; ///< not 0: has infinities or NaNs
  i32 most = -1024;
};

struct Format {
  unsigned bits, shift, fraction, exponent;
  i32 bias;
  enum { Ieee, OnlyNan, Fnuz } specials;
};
inline constexpr Format kF16 = {16, 0, 10, 5, 15, Format::Ieee};
inline constexpr Format kBF16 = {16, 0, 7, 8, 127, Format::Ieee};
inline constexpr Format kXF32 = {32, 13, 10, 8, 127, Format::Ieee}; // the low 13 bits are cut off
inline constexpr Format kE4M3 = {8, 0, 3, 4, i32(kFp8.bias), Format::OnlyNan};
inline constexpr Format kE5M2 = {8, 0, 2, 5, i32(kBf8.bias), Format::Ieee};
inline constexpr Format kE4M3Fnuz = {8, 0, 3, 4, i32(kFp8Fnuz.bias), Format::Fnuz};
inline constexpr Format kE5M2Fnuz = {8, 0, 2, 5, i32(kBf8Fnuz.bias), Format::Fnuz};

/// Takes `dwords` rows apart. flip: sign bits to change in each dword. flush: denormals are zeros.
template <Format F>
void scale(Scaled &to, const u32 *rows, unsigned dwords, unsigned lanes, u32 flip, i32 zero,
           bool flush) {
  constexpr u32 ones = (1u << F.exponent) - 1, one = 1u << F.fraction;
  constexpr unsigned sign_at = F.fraction + F.exponent;
  const float unit = bits<float>((127 - F.fraction) << 23);
  i32 special = 0, most = -1024;
  for (unsigned d = 0; d < dwords; d++)
    for (unsigned s = 0; s < 32 / F.bits; s++) {
      const u32 *from = rows + d * lanes;
      unsigned at = (d * (32 / F.bits) + s) * lanes;
      float *significand = to.significand.at + at;
      i32 *exponent = to.exponent.at + at;
      for (unsigned l = 0; l < lanes; l++) {
        u32 x = (from[l] ^ flip) >> (s * F.bits + F.shift);
        u32 sign = (x >> sign_at & 1) << 31;
        u32 field = x >> F.fraction & ones, f = x & (one - 1);
        u32 whole = field ? f | one : flush ? 0 : f;
        bool odd = F.specials == Format::Ieee      ? field == ones
                   : F.specials == Format::OnlyNan ? field == ones && f == one - 1
                                                   : sign && !field && !f;
        u32 plain = bits<u32>(float(i32(whole)) * unit) | sign;
        u32 strange = F.specials == Format::Ieee
                          ? sign | 0x7f800000u | f << (23 - F.fraction)
                          : (F.specials == Format::Fnuz ? 0 : sign) | 0x7fc00000u;
        i32 e = i32(field ? field : 1) - F.bias;
        e = whole ? e : zero;
        significand[l] = bits<float>(odd ? strange : plain);
        exponent[l] = odd ? 0 : e;
        special |= odd;
        most = most > e ? most : e;
      }
    }
  to.special = special;
  to.most = most;
}

/// What the rules of this kind share: a row is computed without a look at infinities and NaNs, and
/// again with one if there were any.
template <class Rule, unsigned Group> struct AlignedRule {
  using Value = vu;
  static constexpr unsigned kGroup = Group; ///< products at a time
  Scaled a, b;

  vu row(const Terms &t, unsigned column, vu c) const {
    const Rule &rule = static_cast<const Rule &>(*this);
    vi bad = vi(a.special | b.special ? -1 : 0);
    if (a.most + b.most >= Rule::kTooLarge)
      bad = -1;
    vu r = c;
    if (!any(bad)) {
      for (unsigned k = 0; k < t.count; k += Group) {
        bad |= Rule::special(r);
        r = rule.step(t, k, column, r);
      }
      if (!any(bad))
        return r;
    }
    r = c;
    for (unsigned k = 0; k < t.count; k += Group) {
      vu next = rule.step(t, k, column, r);
      for (unsigned j = 0; j < kColumns; j++) {
        u32 x;
        if (rule.exception(t, k, column + j, r[j], x))
          next[j] = x;
      }
      r = next;
    }
    return r;
  }
  vf product(const Terms &t, unsigned k, unsigned column, vi &exponent) const {
    exponent = a.exponent.at[t.a(k)] + load16<vi>(b.exponent.at + t.b(k) + column);
    vf p = a.significand.at[t.a(k)] * load16<vf>(b.significand.at + t.b(k) + column);
    // Infinities and NaNs: exception() gives the result.
    return as_float(not_finite(p) ? vi(0) : as_int(p));
  }
  float value_a(const Terms &t, unsigned k) const { return a.significand.at[t.a(k)]; }
  float value_b(const Terms &t, unsigned k, unsigned column) const {
    return b.significand.at[t.b(k) + column];
  }
};

/// gfx942. Products are truncated to 24 bits below the largest of their exponents and added up; the
/// sum is floored to 31 bits, C to 24 bits below the larger of the sum's and C's exponent, and
/// their sum is rounded to f32. 8-bit floats: even and odd products are added up apart, and the two
/// sums floored to 24 bits below the larger exponent. Denormals are kept. A product of 2^128 or
/// more is infinite.
template <unsigned Group, bool Bytes>
struct FusedRule : AlignedRule<FusedRule<Group, Bytes>, Group> {
  static constexpr i32 kZero = -126; ///< exponent of a factor that is zero
  static constexpr i32 kTooLarge = 127;
  static vi special(vu c) { return not_finite(bits<vf>(c)); }

  vu step(const Terms &t, unsigned k, unsigned column, vu c) const {
    constexpr unsigned stride = Bytes ? 2 : 1;
    vi sum[2] = {0, 0}, top[2] = {-1024, -1024};
    for (unsigned part = 0; part < stride; part++) {
      vi e[Group];
      vf p[Group];
      for (unsigned g = part; g < Group; g += stride) {
        p[g] = this->product(t, k + g, column, e[g]);
        top[part] = larger(top[part], e[g]);
      }
      for (unsigned g = part; g < Group; g += stride)
        sum[part] += truncated(p[g] * power(24 + larger(e[g] - top[part], vi(-100))));
    }
    vi most = top[0], all = sum[0];
    if (Bytes) {
      most = larger(top[0], top[1]);
      all = (sum[0] >> clamp_v(most - top[0], 0, 31)) + (sum[1] >> clamp_v(most - top[1], 0, 31));
    }
    vi x = bits<vi>(c), field = x >> 23 & 255;
    vi ec = larger(field, vi(1)) - 127;
    vi magnitude = (x & 0x7fffff) | (field != 0 ? vi(0x800000) : vi(0));
    vi m = x < 0 ? -magnitude : magnitude;
    vi grid = larger(most, ec);
    // In units of 2^(grid - 31).
    vd s = __builtin_elementwise_floor(__builtin_convertvector(all, vd) *
                                       power64(7 + larger(most - grid, vi(-400))));
    if (Bytes)
      m = ec < grid - 25 ? vi(0) : m;
    vd r = __builtin_elementwise_floor(__builtin_convertvector(m, vd) *
                                       power64(1 + larger(ec - grid, vi(-400)))) *
           128.0;
    return bits<vu>(__builtin_convertvector((s + r) * power64(grid - 31), vf));
  }
  bool exception(const Terms &t, unsigned k, unsigned column, u32 c, u32 &to) const {
    double sum = double(bits<float>(c)), above = 0;
    for (unsigned g = 0; g < Group; g++) {
      float x = this->value_a(t, k + g), y = this->value_b(t, k + g, column);
      i32 e = this->a.exponent.at[t.a(k + g)] + this->b.exponent.at[t.b(k + g) + column];
      double p = double(x) * double(y) * bits<double>(u64(e + 1023) << 52);
      sum += p;
      above += p >= 0x1p128 ? double(infinity()) : p <= -0x1p128 ? -double(infinity()) : 0.0;
    }
    if (sum != sum) {
      float nan = default_nan(0.0f);
      bool found = false;
      for (unsigned g = 0; g < Group && !found; g++) {
        float x = this->value_a(t, k + g), y = this->value_b(t, k + g, column);
        found = x != x || y != y;
        nan = x != x ? quiet(x) : y != y ? quiet(y) : nan;
      }
      to = !found && bits<float>(c) != bits<float>(c) ? c | 0x00400000u : raw(nan);
      return true;
    }
    bool infinite = sum - sum != 0;
    double r = infinite ? sum : above;
    if (!infinite && above == 0)
      return false;
    to = r != r ? raw(default_nan(0.0f)) : r > 0 ? 0x7f800000u : 0xff800000u;
    return true;
  }
  static float infinity() { return bits<float>(0x7f800000u); }
};

/// Results of RDNA's rules: f32, or packed f16 or bf16, to which every step is rounded.
enum class Narrow { F32, F16, BF16 };
inline constexpr i32 kNothing = -1024; ///< exponent of a zero: below any other

template <Narrow R> W2W_INLINE vf widen(vu c) {
  if (R == Narrow::BF16)
    return bits<vf>(c << 16);
  if (R == Narrow::F32)
    return bits<vf>(c);
  // In integers: NaNs keep their bits, and no control word matters.
  vu sign = (c & 0x8000) << 16, field = c >> 10 & 31, f = c & 1023;
  vf denormal = __builtin_convertvector(bits<vi>(f), vf) * 0x1p-24f;
  vu normal = (field + 112) << 23 | f << 13;
  vu r = field == 31 ? 0x7f800000u | f << 13 : field == 0 ? bits<vu>(denormal) : normal;
  return bits<vf>(sign | r);
}
/// units * 2^grid to f16, to nearest even; zeros are positive.
W2W_INLINE vu pack_f16(vi units, vi grid, bool saturate) {
  vu sign = bits<vu>(units) >> 16 & 0x8000;
  vi magnitude = units < 0 ? -units : units;
  // To 24 bits, with the last one sticky: the rounding to f16 is then a single one.
  vi large = magnitude >= 1 << 24;
  vi kept = large ? magnitude >> 5 | ((magnitude & 31) != 0 ? vi(1) : vi(0)) : magnitude;
  vf x =
      __builtin_convertvector(kept, vf) * power(clamp_v(grid + (large ? vi(5) : vi(0)), -100, 100));
  vu b = bits<vu>(x), e = b >> 23;
  // f16 denormals are multiples of 2^-24; 13 bits of the others go.
  vu drop = e < 113 ? 126 - e : vu(13);
  drop = drop > 25 ? vu(25) : drop;
  vu s = (b & 0x7fffff) | (e != 0 ? vu(0x800000) : vu(0));
  vu half = (vu(1) << (drop - 1)) - 1 + (s >> drop & 1);
  vu h = ((s + half) >> drop) + ((e > 113 ? e - 113 : vu(0)) << 10);
  h = h >= 0x7c00 ? vu(saturate ? 0x7bff : 0x7c00) : h;
  return h == 0 ? vu(0) : sign | h;
}

/// The results of factors and C that are infinite or NaN. A NaN or an invalid product comes before
/// C's NaN.
template <Narrow R> W2W_INLINE u32 narrow_special(u32 x) {
  if (x == 0xffc00a3d)
    return R == Narrow::F32 ? x : R == Narrow::F16 ? 0xfe3d : 0xfffd;
  if (R == Narrow::F32)
    return x;
  return R == Narrow::BF16 ? x >> 16 : (x >> 16 & 0x8000) | 0x7c00 | (x >> 13 & 1023);
}
template <class Rule, unsigned Group, Narrow R> struct DotRule : AlignedRule<Rule, Group> {
  static constexpr i32 kTooLarge = 1 << 20; ///< products have no range of their own
  bool saturate;                            ///< MODE.FP16_OVFL
  u32 invalid = 0xffc00000;

  static vi special(vu c) { return not_finite(widen<R>(c)); }

  bool exception(const Terms &t, unsigned k, unsigned column, u32 c, u32 &to) const {
    u32 wide = bits<vu>(widen<R>(vu(c)))[0];
    bool nan = false, bad = false, infinities[2] = {};
    for (unsigned g = 0; g < Group; g++) {
      float x = this->value_a(t, k + g), y = this->value_b(t, k + g, column);
      bool xi = x - x != 0, yi = y - y != 0;
      nan |= x != x || y != y;
      bad |= (xi && y == 0) || (yi && x == 0);
      if (xi || yi)
        infinities[sign_bit(x) != sign_bit(y)] = true;
    }
    bool c_nan = (wide & 0x7fffffff) > 0x7f800000;
    bool opposed = infinities[0] && infinities[1];
    infinities[0] |= wide == 0x7f800000;
    infinities[1] |= wide == 0xff800000;
    bool any_infinity = infinities[0] || infinities[1];
    if (!nan && !bad && !c_nan && !any_infinity)
      return false;
    u32 r = nan                              ? 0xffc00a3du
            : bad || opposed                 ? invalid
            : c_nan                          ? wide | 0x00400000u
            : infinities[0] && infinities[1] ? invalid
            : infinities[1]                  ? 0xff800000u
                                             : 0x7f800000u;
    to = narrow_special<R>(r);
    return true;
  }
};

/// gfx11: two products and C, truncated to units of 2^-24 below the larger sum of factor exponents
/// and 2^-26 below the leading bit of the largest term. A term whose sign is not C's counts as the
/// complement of its magnitude, be it zero. Rounded to 24 bits; denormal f32 are zeros, f16 ones
/// are not.
template <Narrow R> struct Dot2Rule : DotRule<Dot2Rule<R>, 2, R> {
  vu step(const Terms &t, unsigned k, unsigned column, vu c) const {
    vi cw = as_int(widen<R>(c)), field = cw >> 23 & 255;
    vi frame = cw >> 31;
    vi lead = field != 0 ? field - 127 : vi(kNothing);
    vi nothing = lead == kNothing;
    vi finite = field == 255 ? vi(0) : as_int(as_float((cw & 0x7fffff) | 0x3f800000));
    vf cs = as_float(nothing ? vi(0) : finite);
    vi ce = lead;
    if (R == Narrow::F16)
      lead = larger(lead, vi(-14));
    vf p[2];
    vi e[2], product_top = -2048;
    for (unsigned g = 0; g < 2; g++) {
      p[g] = this->product(t, k + g, column, e[g]);
      vi zero = p[g] == 0.0f;
      nothing &= zero;
      product_top = larger(product_top, zero ? vi(-2048) : e[g]);
      // A product is less than 4 * 2^e: its leading bit never asks for coarser units.
    }
    vi grid = larger(product_top - 24, lead - 26);
    vi total = truncated(cs * power(clamp_v(ce - grid, -100, 30)));
    for (unsigned g = 0; g < 2; g++) {
      vi sign = as_int(p[g]) >> 31;
      vf magnitude = as_float(as_int(p[g]) & 0x7fffffff);
      total += truncated(magnitude * power(clamp_v(e[g] - grid, -100, 30))) ^ (sign ^ frame);
    }
    total = nothing ? vi(0) : total;
    // Undo the frame: the result is negative where it differs from C.
    vi units = frame != 0 ? -total : total;
    if (R == Narrow::F16)
      return pack_f16(units, grid, this->saturate);
    vf x = __builtin_convertvector(units, vf);
    vi exponent = exponent_field(x) + grid;
    vi r = as_int(x) + (grid << 23);
    vi sign = as_int(x) & vi(i32(0x80000000));
    r = exponent > 254 ? sign | 0x7f800000 : r;
    r = exponent < 1 || x == 0.0f ? vi(0) : r;
    return R == Narrow::BF16 ? bits<vu>(r) >> 16 : bits<vu>(r);
  }
};

/// gfx12: four products. Pairs of them (8-bit floats: all four) are floored to units of 2^-24 below
/// the larger of their exponents and added up; these sums and C are floored to the coarser of the
/// units and 2^-26 below C's leading bit, added and rounded. A negative C too small for the units
/// counts only if they are as fine as the format's smallest normal number, or finer.
template <Narrow R, bool Bytes> struct Dot4Rule : DotRule<Dot4Rule<R, Bytes>, 4, R> {
  vu step(const Terms &t, unsigned k, unsigned column, vu c) const {
    constexpr i32 least = R == Narrow::F16 ? -14 : -126;
    constexpr unsigned together = Bytes ? 4 : 2;
    vf p[4];
    vi e[4], top[2] = {-2048, -2048}, sum[2] = {0, 0};
    for (unsigned g = 0; g < 4; g++) {
      p[g] = this->product(t, k + g, column, e[g]);
      top[g / together] = larger(top[g / together], p[g] == 0.0f ? vi(-2048) : e[g]);
    }
    for (unsigned g = 0; g < 4; g++)
      sum[g / together] += floored(p[g] * power(clamp_v(e[g] - top[g / together] + 24, -100, 24)));
    vi cw = as_int(widen<R>(c)), field = cw >> 23 & 255;
    vi significand = (cw & 0x7fffff) | (field != 0 ? vi(0x800000) : vi(0));
    significand = field == 255 ? vi(0) : significand;
    vf cs = __builtin_convertvector(cw < 0 ? -significand : significand, vf);
    vi grid = larger(larger(top[0], top[1]) - 24, larger(field - 127, vi(least)) - 26);
    vi ce = larger(field, vi(1)) - 150;
    vf aligned = cs * power(clamp_v(ce - grid, -126, 30));
    vi lost = (aligned > -1.0f) & (aligned < 0.0f) & (grid > least);
    vi total = floored(as_float(lost ? vi(0) : as_int(aligned)));
    for (unsigned g = 0; g < 4 / together; g++)
      total += sum[g] >> clamp_v(grid - top[g] + 24, 0, 31);
    if (R == Narrow::F16)
      return pack_f16(total, grid, this->saturate);
    vf x = __builtin_convertvector(
        __builtin_convertvector(total, vd) * power64(clamp_v(grid, -300, 300)), vf);
    vi r = x == 0.0f ? vi(0) : as_int(x);
    return R == Narrow::BF16 ? bits<vu>(r) >> 16 : bits<vu>(r);
  }
};

} // namespace w2w::emu::isa::W2W_VARIANT
