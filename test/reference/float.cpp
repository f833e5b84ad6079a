// Floating point, PTX ISA 9.7.3 (f32, f64) and 9.7.4 (f16, bf16 and their packed forms).
#include "test/reference/bits.h"
#include "test/reference/host_float.h"
#include "test/reference/meaning.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace w2w::reference {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// One scalar type: raw bits to f64 (exact) and back.
struct Scalar {
  std::string name;
  bool ftz = false;

  bool is(std::string_view n) const { return name == n; }
  Format format() const { return name == "f16" ? kF16 : kBF16; }
  bool subnormal(double v) const {
    double smallest_normal = is("f16") ? 0x1p-14 : is("f64") ? 0x1p-1022 : 0x1p-126;
    return v != 0 && std::fabs(v) < smallest_normal;
  }
  double flushed(double v) const { return ftz && subnormal(v) ? std::copysign(0.0, v) : v; }
  double get(uint64_t bits) const {
    if (is("f64"))
      return to_f64(bits);
    return flushed(is("f32") ? to_f32(bits) : decode(format(), bits));
  }
  uint64_t put(double v) const {
    if (is("f64"))
      return bits_of(v);
    v = flushed(v);
    return is("f32") ? bits_of(static_cast<float>(v)) : encode(format(), v, Rounding::Nearest);
  }
};

/// Operand-wise flags of an arithmetic instruction.
struct Finish {
  bool sat = false, relu = false;
  double operator()(double v) const {
    if (sat)
      return std::isnan(v) || v <= 0 ? 0.0 : std::min(v, 1.0);
    if (relu && !std::isnan(v) && v <= 0)
      return 0.0;
    return v;
  }
};

double arithmetic(const Scalar &t, Op op, Rounding r, const double *v) {
  if (t.is("f64"))
    return compute(op, r, v[0], v[1], v[2]);
  if (t.is("f32"))
    return compute(op, r, static_cast<float>(v[0]), static_cast<float>(v[1]),
                   static_cast<float>(v[2]));
  return decode(t.format(), encode(t.format(), compute_to_odd(op, v[0], v[1], v[2]), r));
}

/// min and max (9.7.3.11, 9.7.3.12, 9.7.4.7, 9.7.4.8): -0 below +0, one NaN loses unless .NaN.
double pick(bool want_max, bool nan_wins, double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return nan_wins || (std::isnan(a) && std::isnan(b)) ? kNaN : std::isnan(a) ? b : a;
  bool a_less = a < b || (a == b && std::signbit(a) && !std::signbit(b));
  return a_less == want_max ? b : a;
}

double minimum_maximum(const Spelling &s, const double *v, unsigned operands) {
  bool want_max = s.opcode == "max", nan = s.has("NaN"), absolute = s.has("abs");
  double x[3] = {v[0], v[1], v[2]};
  if (absolute)
    for (double &e : x)
      e = std::fabs(e);
  double d = pick(want_max, nan, x[0], x[1]);
  if (operands == 3)
    d = pick(want_max, nan, d, x[2]);
  if (s.has("xorsign") && !std::isnan(d))
    d = std::signbit(v[0]) != std::signbit(v[1]) ? -std::fabs(d) : std::fabs(d);
  return d;
}

/// abs, neg and copysign work on the bits: a NaN keeps its payload, or not (the text leaves it
/// open).
double sign_operation(const Spelling &s, const double *v) {
  if (s.opcode == "abs")
    return std::fabs(v[0]);
  if (s.opcode == "neg")
    return -v[0];
  return std::copysign(v[1], v[0]); // the sign of a into b
}

using Evaluate = std::function<double(const double *)>;

/// An operation on each lane of the instruction's type.
Meaning lanes(const Spelling &s, unsigned operands, std::string section, Evaluate f) {
  std::string t(s.type());
  bool packed = t.ends_with("x2");
  Scalar scalar{packed ? t.substr(0, t.size() - 2) : t, s.has("ftz")};
  unsigned w = width_of(scalar.name);
  Meaning m;
  m.section = std::move(section);
  m.outputs = {t};
  m.inputs.assign(operands, t);
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    out[0] = 0;
    for (unsigned lane = 0; lane < (packed ? 2u : 1u); ++lane) {
      double v[3] = {};
      for (unsigned i = 0; i < operands; ++i)
        v[i] = scalar.get(low(in[i] >> (w * lane), w));
      out[0] |= low(scalar.put(f(v)), w) << (w * lane);
    }
  };
  return m;
}

/// How far an f32 approximation may be from the exact value.
struct Bound {
  double relative = 0, absolute = 0, ulps = 0;
};

/// `bound` may depend on the input; NaN in `absolute` means no guarantee at all.
Meaning approximate(const Spelling &s, unsigned operands, std::string section, Evaluate f,
                    std::function<Bound(const double *)> bound) {
  Meaning m = lanes(s, operands, std::move(section), f);
  Scalar t{std::string(s.type()), s.has("ftz")};
  m.accepts = [=](const uint64_t *in, uint64_t, uint64_t got_bits) {
    double v[3] = {};
    for (unsigned i = 0; i < operands; ++i)
      v[i] = t.get(in[i]);
    double want = f(v), got = t.is("f64")   ? to_f64(got_bits)
                              : t.is("f32") ? to_f32(got_bits)
                                            : decode(t.format(), got_bits);
    Bound b = bound(v);
    if (std::isnan(b.absolute))
      return true;
    if (std::isnan(want) || std::isnan(got))
      return std::isnan(want) && std::isnan(got);
    double exact = want;
    want = t.flushed(want);
    if (want == got)
      return want != 0 || std::signbit(want) == std::signbit(got) || b.absolute > 0;
    // A value at the border of the subnormals may be flushed or not; one beyond the largest may be
    // infinite or not.
    double rounded = t.is("f32") ? static_cast<double>(static_cast<float>(want)) : want;
    if (rounded == got)
      return true;
    double ulp = t.is("f64")
                     ? std::ldexp(1.0, std::max(std::ilogb(want), -1022) - 52)
                     : std::ldexp(1.0, std::max(want == 0 ? -126 : std::ilogb(want), -126) - 23);
    double room = std::max({b.relative * std::fabs(want), b.absolute, b.ulps * ulp, ulp / 2});
    if (t.ftz && got == 0)
      return std::fabs(want) - room < 0x1p-126;
    // .ftz flushes results as well as operands (PTX ISA 9.7.3.8 and others).
    if (t.ftz && t.is("f32") && std::fabs(got) < 0x1p-126)
      return false;
    // The bound holds for the quotient (9.7.3.8: 2 ulp), not for what flushing makes of it: one
    // just below 2^-126 may be approximated by a normal number, which no rule flushes.
    if (t.ftz && want == 0 && exact != 0)
      return std::fabs(got - exact) <= std::max(room, b.relative * std::fabs(exact)) * 1.0000001;
    if (std::isinf(got))
      return !t.is("f64") && std::fabs(want) + room >= 0x1.ffffffp127 &&
             std::signbit(got) == std::signbit(want);
    return std::fabs(got - want) <= room * 1.0000001 + ulp / 2;
  };
  return m;
}

/// ex2 and tanh of the 16-bit formats (9.7.4.9, 9.7.4.10): one operand, a bound from the text, plus
/// the rounding to the format.
std::optional<Meaning> half_approximation(const Spelling &s) {
  std::string t(s.type());
  bool packed = t.ends_with("x2"), exponential = s.opcode == "ex2";
  if (!exponential && s.opcode != "tanh")
    return std::nullopt;
  Scalar scalar{packed ? t.substr(0, t.size() - 2) : t, s.has("ftz")};
  bool f16 = scalar.is("f16");
  double bound = exponential ? (f16 ? std::exp2(-9.9) : 0x1p-7) : f16 ? std::exp2(-10.987) : 0x1p-8;
  auto f = [=](double v) { return exponential ? std::exp2(v) : std::tanh(v); };
  Meaning m =
      lanes(s, 1, exponential ? "9.7.4.10" : "9.7.4.9", [f](const double *v) { return f(v[0]); });
  m.accepts = [=](const uint64_t *in, uint64_t expected, uint64_t got) {
    for (unsigned lane = 0; lane < (packed ? 2u : 1u); ++lane) {
      uint64_t bits = low(got >> (16 * lane), 16);
      if (bits == low(expected >> (16 * lane), 16))
        continue;
      double want = f(scalar.get(low(in[0] >> (16 * lane), 16)));
      double there = decode(scalar.format(), bits);
      if (std::isnan(want) || std::isnan(there)) {
        if (std::isnan(want) != std::isnan(there))
          return false;
        continue;
      }
      double least = f16 ? 0x1p-24 : scalar.ftz ? 0x1p-126 : 0x1p-133; // a step near zero
      double room = exponential ? std::max(bound * want, least) : bound;
      double largest = f16 ? 65504.0 : 0x1.fep127;
      bool overflow = std::isinf(there) && want * (1 + bound) >= largest;
      bool sign = exponential || std::signbit(want) == std::signbit(there);
      if (!overflow && (!sign || !(std::fabs(there - want) <= room)))
        return false;
    }
    return true;
  };
  return m;
}

/// rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 (9.7.3.14, 9.7.3.17): from the upper word of the
/// operand to the upper word of the result. The text states no bound; 2^-18 leaves two bits of a
/// 20-bit mantissa.
Meaning gross_approximation(const Spelling &s) {
  bool root = s.opcode == "rsqrt";
  constexpr uint64_t upper = 0xffffffff00000000u, nan = 0x7fffffff00000000u;
  auto flushed = [](double v) { return std::fabs(v) < 0x1p-1022 ? std::copysign(0.0, v) : v; };
  Meaning m;
  m.section = root ? "9.7.3.17" : "9.7.3.14";
  m.outputs = {"f64"};
  m.inputs = {"f64"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    double a = flushed(to_f64(in[0] & upper));
    double r = flushed(1 / (root ? std::sqrt(a) : a));
    // A NaN whose payload lies in the lower word alone has an infinity's upper word.
    out[0] = std::isnan(r) ? nan : bits_of(r) & upper;
  };
  m.accepts = [](const uint64_t *, uint64_t expected, uint64_t got) {
    if (expected == got)
      return true;
    double want = to_f64(expected), there = to_f64(got);
    return (got & ~upper) == 0 && expected != nan &&
           std::fabs(there - want) <= 0x1p-18 * std::fabs(want);
  };
  return m;
}

std::optional<Meaning> approximation(const Spelling &s) {
  const std::string &op = s.opcode;
  std::string t(s.type());
  if (t == "f64" && s.has("ftz"))
    return gross_approximation(s);
  if (t == "f64" && op == "rsqrt") // no bound in the text: 2 ulp, as the name says approximate
    return approximate(
        s, 1, "9.7.3.16", [](const double *v) { return 1 / std::sqrt(v[0]); },
        [](const double *) { return Bound{0, 0, 2}; });
  if (t.ends_with("16") || t.ends_with("16x2"))
    return half_approximation(s);
  if (t != "f32")
    return std::nullopt;
  auto constant = [](Bound b) { return [b](const double *) { return b; }; };
  auto angle = [](const double *v) {
    constexpr double two_pi = 6.283185307179586;
    double a = std::fabs(v[0]);
    if (std::isinf(a) || std::isnan(a) || a <= two_pi)
      return Bound{0, std::exp2(-20.5), 0};
    return a <= 50 * two_pi ? Bound{0, std::exp2(-14.7), 0} : Bound{0, kNaN, 0};
  };
  if (op == "rcp")
    return approximate(
        s, 1, "9.7.3.13", [](const double *v) { return 1 / v[0]; }, constant({0, 0, 1}));
  if (op == "sqrt")
    return approximate(
        s, 1, "9.7.3.15", [](const double *v) { return std::sqrt(v[0]); },
        constant({0x1p-23, 0, 0}));
  if (op == "rsqrt")
    return approximate(
        s, 1, "9.7.3.16", [](const double *v) { return 1 / std::sqrt(v[0]); },
        constant({std::exp2(-22.9), 0, 0}));
  if (op == "sin")
    return approximate(s, 1, "9.7.3.18", [](const double *v) { return std::sin(v[0]); }, angle);
  if (op == "cos")
    return approximate(s, 1, "9.7.3.19", [](const double *v) { return std::cos(v[0]); }, angle);
  if (op == "lg2")
    return approximate(
        s, 1, "9.7.3.20", [](const double *v) { return std::log2(v[0]); },
        [](const double *v) {
          return v[0] > 0.5 && v[0] < 2 ? Bound{0, 0x1p-22, 0} : Bound{0x1p-22, 0, 0};
        });
  if (op == "ex2")
    return approximate(
        s, 1, "9.7.3.21", [](const double *v) { return std::exp2(v[0]); }, constant({0, 0, 2}));
  if (op == "tanh")
    return approximate(
        s, 1, "9.7.3.22", [](const double *v) { return std::tanh(v[0]); },
        constant({0x1p-11, 0, 0}));
  if (op == "div" && s.has("full"))
    return approximate(
        s, 2, "9.7.3.8", [](const double *v) { return v[0] / v[1]; }, constant({0, 0, 2}));
  if (op == "div")
    return approximate(
        s, 2, "9.7.3.8",
        [](const double *v) {
          double b = std::fabs(v[1]);
          if (b > 0x1p126 && !std::isinf(b) && !std::isnan(v[0]))
            return std::isinf(v[0]) ? kNaN
                                    : std::copysign(0.0, v[0]) * (std::signbit(v[1]) ? -1.0 : 1.0);
          return v[0] / v[1];
        },
        [](const double *v) {
          double b = std::fabs(v[1]);
          bool stated = (b >= 0x1p-126 && b <= 0x1p126) || b == 0 || std::isinf(b) || std::isnan(b);
          // Between 2^126 and 2^128 the text asks for zero; a divider that is right there is better
          // than asked, and any subnormal quotient is near the zero it asks for.
          return stated ? Bound{0, 0, 2} : Bound{0, kNaN, 0};
        });
  return std::nullopt;
}

Rounding rounding_of(const Spelling &s) {
  for (const char *r : {"rz", "rm", "rp"})
    if (s.has(r))
      return rounding_from(r);
  return Rounding::Nearest;
}

/// add, sub and fma of f32 with 16-bit factors (9.7.5): those are widened first, which is exact.
std::optional<Meaning> mixed_precision(const Spelling &s) {
  bool fma = s.opcode == "fma";
  if (!fma && s.opcode != "add" && s.opcode != "sub")
    return std::nullopt;
  std::string narrow(s.type(1));
  Scalar f32{"f32"}, small{narrow};
  Finish finish{s.has("sat"), false};
  Rounding r = rounding_of(s);
  Op op = fma ? Op::Fma : s.opcode == "add" ? Op::Add : Op::Sub;
  Meaning m;
  m.section = fma ? "9.7.5.3" : op == Op::Add ? "9.7.5.1" : "9.7.5.2";
  m.outputs = {"f32"};
  m.inputs = fma ? std::vector<std::string>{narrow, narrow, "f32"}
                 : std::vector<std::string>{narrow, "f32"};
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    double v[3] = {};
    for (size_t i = 0; i < (fma ? 3u : 2u); ++i)
      v[i] = (i == (fma ? 2u : 1u) ? f32 : small).get(in[i]);
    out[0] = f32.put(finish(arithmetic(f32, op, r, v)));
  };
  return m;
}

/// .oob, PTX ISA 9.7.4.4: +0 in each 16-bit lane of the result where a factor is OOB-NaN.
Meaning zero_out_of_bounds(Meaning m) {
  m.evaluate = [plain = m.evaluate](const uint64_t *in, uint64_t *out) {
    plain(in, out);
    for (unsigned shift : {0, 16})
      if ((in[0] >> shift & 0xffff) == 0x7ff7 || (in[1] >> shift & 0xffff) == 0x7ff7)
        out[0] &= ~(uint64_t{0xffff} << shift);
  };
  return m;
}

struct ArithmeticRow {
  std::string_view opcode;
  Op op;
  unsigned operands;
  std::string_view section;
};
constexpr ArithmeticRow kArithmetic[] = {
    {"add", Op::Add, 2, "9.7.3.3"},    {"sub", Op::Sub, 2, "9.7.3.4"},
    {"mul", Op::Mul, 2, "9.7.3.5"},    {"fma", Op::Fma, 3, "9.7.3.6"},
    {"mad", Op::Fma, 3, "9.7.3.7"},    {"div", Op::Div, 2, "9.7.3.8"},
    {"sqrt", Op::Sqrt, 1, "9.7.3.15"},
};

} // namespace

std::optional<Meaning> float_meaning(const Spelling &s) {
  std::string t(s.type());
  if (t.empty() || (t[0] != 'f' && !t.starts_with("bf")))
    return std::nullopt;
  if (t == "f32" && (s.type(1) == "f16" || s.type(1) == "bf16") && s.type(2) == "")
    return mixed_precision(s);
  if (s.type(1) != "")
    return std::nullopt;
  if (s.has("approx") || s.has("full"))
    return approximation(s);
  const std::string &op = s.opcode;
  std::string scalar_name = t.ends_with("x2") ? t.substr(0, t.size() - 2) : t;
  Scalar scalar{scalar_name, s.has("ftz")};
  Finish finish{s.has("sat"), s.has("relu")};
  Rounding r = rounding_of(s);
  for (const ArithmeticRow &row : kArithmetic)
    if (op == row.opcode) {
      Meaning m =
          lanes(s, row.operands, std::string(row.section), [=, o = row.op](const double *v) {
            return finish(scalar.flushed(arithmetic(scalar, o, r, v)));
          });
      return s.has("oob") ? zero_out_of_bounds(std::move(m)) : m;
    }
  if (op == "rcp")
    return lanes(s, 1, "9.7.3.13", [=](const double *v) {
      double quotient[3] = {1.0, v[0], 0};
      return scalar.flushed(arithmetic(scalar, Op::Div, r, quotient));
    });
  if (op == "abs" || op == "neg")
    return lanes(s, 1, op == "abs" ? "9.7.3.9" : "9.7.3.10",
                 [=](const double *v) { return sign_operation(s, v); });
  if (op == "copysign")
    return lanes(s, 2, "9.7.3.2", [=](const double *v) { return sign_operation(s, v); });
  if (op == "min" || op == "max")
    return lanes(s, 2, op == "min" ? "9.7.3.11" : "9.7.3.12",
                 [=](const double *v) { return minimum_maximum(s, v, 2); });
  return std::nullopt;
}

} // namespace w2w::reference
