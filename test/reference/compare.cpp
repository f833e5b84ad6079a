// Comparison and selection, PTX ISA 9.7.6 and 9.7.7, and testp, 9.7.3.1.
#include "test/reference/bits.h"
#include "test/reference/host_float.h"
#include "test/reference/meaning.h"

#include <array>
#include <cmath>

namespace w2w::reference {

namespace {

bool is_float_type(std::string_view t) {
  return t[0] == 'f' || t.starts_with("bf");
}

double number(std::string_view t, uint64_t bits, bool ftz) {
  if (t == "f16") {
    double v = decode(kF16, bits);
    return ftz && std::fabs(v) < 0x1p-14 ? std::copysign(0.0, v) : v;
  }
  if (t == "bf16")
    return decode(kBF16, bits);
  if (t == "f64")
    return to_f64(bits);
  float v = to_f32(bits);
  return ftz ? flush(v) : v;
}

constexpr std::array<std::string_view, 18> kComparisons = {
    "eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
    "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <typename T> bool ordered(std::string_view op, T a, T b) {
  std::string_view base = op.substr(0, 2);
  if (base == "eq")
    return a == b;
  if (base == "ne")
    return a != b;
  if (base == "lt" || base == "lo")
    return a < b;
  if (base == "le" || base == "ls")
    return a <= b;
  if (base == "gt" || base == "hi")
    return a > b;
  return a >= b;
}

bool compare(std::string_view op, std::string_view t, uint64_t a, uint64_t b, bool ftz) {
  if (!is_float_type(t)) {
    unsigned w = width_of(t);
    return ordered(op, value(t, a, w), value(t, b, w));
  }
  double x = number(t, a, ftz), y = number(t, b, ftz);
  bool nan = std::isnan(x) || std::isnan(y);
  if (op == "num" || op == "nan")
    return nan == (op == "nan");
  if (nan)
    return op.size() == 3; // the unordered versions end in u
  return ordered(op, x, y);
}

bool combine(std::string_view op, bool t, bool c) {
  return op == "and" ? (t && c) : op == "or" ? (t || c) : op == "xor" ? (t != c) : t;
}

/// What setp and set share: "op.cmp{.bool}{.ftz}...".
struct Comparison {
  std::string op, boolean, source;
  bool ftz = false;

  bool test(const uint64_t *in, bool negate_t = false) const {
    bool t = compare(op, source, in[0], in[1], ftz);
    return combine(boolean, t != negate_t, in[2]);
  }
};

std::optional<Comparison> comparison(const Spelling &s, unsigned source_type) {
  Comparison c;
  for (std::string_view name : kComparisons)
    if (!s.modifiers.empty() && s.modifiers[0] == name)
      c.op = name;
  for (const char *b : {"and", "or", "xor"})
    if (s.has(b))
      c.boolean = b;
  c.source = s.type(source_type);
  c.ftz = s.has("ftz");
  if (c.op.empty() || c.source.empty())
    return std::nullopt;
  return c;
}

/// setp p|q (9.7.6.2): q is the Boolean operation on the comparison's complement. Packed types
/// compare lane by lane: p is the low lane, q the high one.
std::optional<Meaning> set_predicate(const Spelling &s) {
  auto c = comparison(s, 0);
  if (!c)
    return std::nullopt;
  Meaning m;
  m.section = "9.7.6.2";
  m.outputs = {"pred", "pred"};
  m.inputs = {c->source, c->source};
  if (!c->boolean.empty())
    m.inputs.push_back("pred");
  bool packed = c->source.ends_with("x2");
  if (c->source == "f16" || c->source == "bf16") // 9.7.7.2: half precision has the one destination
    m.outputs.pop_back();
  if (packed)
    c->source.resize(c->source.size() - 2);
  m.evaluate = [c = *c, packed](const uint64_t *in, uint64_t *out) {
    if (!packed) {
      out[0] = c.test(in);
      out[1] = c.test(in, true);
      return;
    }
    for (unsigned lane = 0; lane < 2; ++lane) {
      uint64_t v[3] = {low(in[0] >> (16 * lane), 16), low(in[1] >> (16 * lane), 16),
                       c.boolean.empty() ? 0 : in[2]};
      out[lane] = c.test(v);
    }
  };
  if (!packed && c->boolean.empty())
    m.evaluate = [c = *c](const uint64_t *in, uint64_t *out) {
      uint64_t v[3] = {in[0], in[1], 0};
      out[0] = c.test(v);
      out[1] = !out[0];
    };
  return m;
}

/// set (9.7.6.1, 9.7.7.1): 1.0 or all ones.
std::optional<Meaning> set_value(const Spelling &s) {
  auto c = comparison(s, 1);
  std::string d(s.type(0));
  if (!c || d.empty())
    return std::nullopt;
  Meaning m;
  bool packed = c->source.ends_with("x2");
  m.section = packed ? "9.7.7.1" : "9.7.6.1";
  m.outputs = {d};
  m.inputs = {c->source, c->source};
  bool boolean = !c->boolean.empty();
  if (boolean)
    m.inputs.push_back("pred");
  uint64_t yes = low(~uint64_t{0}, width_of(d));
  if (d == "f32")
    yes = bits_of(1.0f);
  if (d == "f16")
    yes = encode(kF16, 1.0, Rounding::Nearest);
  if (d == "bf16")
    yes = encode(kBF16, 1.0, Rounding::Nearest);
  if (packed) { // half by half: 1.0 or 0xffff
    c->source.resize(c->source.size() - 2);
    yes = d == "f16x2"    ? encode(kF16, 1.0, Rounding::Nearest)
          : d == "bf16x2" ? encode(kBF16, 1.0, Rounding::Nearest)
                          : 0xffff;
    m.evaluate = [c = *c, yes, boolean](const uint64_t *in, uint64_t *out) {
      out[0] = 0;
      for (unsigned lane = 0; lane < 2; ++lane) {
        uint64_t v[3] = {low(in[0] >> (16 * lane), 16), low(in[1] >> (16 * lane), 16),
                         boolean ? in[2] : 0};
        out[0] |= (c.test(v) ? yes : 0) << (16 * lane);
      }
    };
    return m;
  }
  m.evaluate = [c = *c, yes, boolean](const uint64_t *in, uint64_t *out) {
    uint64_t v[3] = {in[0], in[1], boolean ? in[2] : 0};
    out[0] = c.test(v) ? yes : 0;
  };
  return m;
}

Meaning test_property(const Spelling &s) {
  Meaning m;
  std::string t(s.type());
  m.section = "9.7.3.1";
  m.outputs = {"pred"};
  m.inputs = {t};
  std::string what = s.modifiers[0];
  m.evaluate = [=](const uint64_t *in, uint64_t *out) {
    int kind = t == "f32" ? std::fpclassify(to_f32(in[0])) : std::fpclassify(to_f64(in[0]));
    bool finite = kind != FP_NAN && kind != FP_INFINITE;
    out[0] = what == "finite"       ? finite
             : what == "infinite"   ? kind == FP_INFINITE
             : what == "number"     ? kind != FP_NAN
             : what == "notanumber" ? kind == FP_NAN
             : what == "normal"     ? kind == FP_NORMAL || kind == FP_ZERO
                                    : kind == FP_SUBNORMAL;
  };
  return m;
}

} // namespace

std::optional<Meaning> compare_meaning(const Spelling &s) {
  if (s.opcode == "setp")
    return set_predicate(s);
  if (s.opcode == "set")
    return set_value(s);
  if (s.opcode == "testp")
    return test_property(s);
  std::string t(s.type());
  if (s.opcode == "selp") {
    Meaning m;
    m.section = "9.7.6.3";
    m.outputs = {t};
    m.inputs = {t, t, "pred"};
    m.evaluate = [](const uint64_t *in, uint64_t *out) { out[0] = in[2] ? in[0] : in[1]; };
    return m;
  }
  if (s.opcode == "slct") {
    Meaning m;
    std::string c(s.type(1));
    m.section = "9.7.6.4";
    m.outputs = {t};
    m.inputs = {t, t, c};
    m.evaluate = [c, ftz = s.has("ftz")](const uint64_t *in, uint64_t *out) {
      bool first = c == "s32" ? sign_extend(in[2], 32) >= 0
                              : (ftz ? flush(to_f32(in[2])) : to_f32(in[2])) >= 0;
      out[0] = first ? in[0] : in[1];
    };
    return m;
  }
  return std::nullopt;
}

} // namespace w2w::reference
