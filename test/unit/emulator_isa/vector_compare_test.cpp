// All compares of all types: into VCC, into a scalar register, into EXEC. Meanings: AMD's RDNA3,
// RDNA4 and MI300 ISA documents.
#include "assembler.h"
#include "sweep.h"

#include <bit>
#include <catch2/catch.hpp>
#include <random>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

using U = uint64_t;

/// Less, equal, greater, unordered.
enum class Order { Less, Equal, Greater, Unordered };

bool holds(const std::string &op, Order o, bool is_float) {
  bool less = o == Order::Less, equal = o == Order::Equal, greater = o == Order::Greater;
  bool no = is_float && op[0] == 'n' && op != "ne";
  std::string plain = no ? op.substr(1) : op;
  bool r = plain == "lt"                    ? less
           : plain == "eq"                  ? equal
           : plain == "le"                  ? less || equal
           : plain == "gt"                  ? greater
           : plain == "lg" || plain == "ne" ? less || greater
           : plain == "ge"                  ? greater || equal
           : plain == "o"                   ? o != Order::Unordered
           : plain == "u"                   ? o == Order::Unordered
           : plain == "t" || plain == "tru" ? true
                                            : false;
  return no ? !r : r;
}

struct Type {
  const char *name;
  Kind kind;
  bool is_float, is_signed;
  unsigned width;
};
constexpr Type kTypes[] = {
    {"f16", Kind::F16, true, true, 16},   {"f32", Kind::F32, true, true, 32},
    {"f64", Kind::F64, true, true, 64},   {"i16", Kind::I16, false, true, 16},
    {"u16", Kind::I16, false, false, 16}, {"i32", Kind::I32, false, true, 32},
    {"u32", Kind::I32, false, false, 32}, {"i64", Kind::I64, false, true, 64},
    {"u64", Kind::I64, false, false, 64}};

Order order(const Type &t, U a, U b, bool flush) {
  if (t.is_float) {
    const Format &f = format(t.kind);
    if (flush)
      a = flushed(f, a), b = flushed(f, b);
    return f.nan(a) || f.nan(b) ? Order::Unordered
           : soft_less(f, a, b) ? Order::Less
           : soft_less(f, b, a) ? Order::Greater
                                : Order::Equal;
  }
  unsigned shift = 64 - t.width;
  if (t.is_signed) {
    int64_t x = int64_t(a << shift) >> shift, y = int64_t(b << shift) >> shift;
    return x < y ? Order::Less : x > y ? Order::Greater : Order::Equal;
  }
  a = a << shift >> shift, b = b << shift >> shift;
  return a < b ? Order::Less : a > b ? Order::Greater : Order::Equal;
}

/// V_CMP_CLASS: bits 0 to 9 signalling and quiet NaN, -inf, -normal, -denormal, -0, +0, ...
bool is_class(const Format &f, U a, U mask) {
  unsigned c = f.signalling(a) ? 0
               : f.nan(a)      ? 1
               : f.infinite(a) ? 9
               : f.denormal(a) ? 7
               : f.zero(a)     ? 6
                               : 8;
  if (c > 1 && f.negative(a))
    c = 11 - c;
  return mask >> c & 1;
}

using Predicate = std::function<bool(U a, U b, bool flush)>;

/// One mnemonic on one model, in its three forms.
void compare(const Model &model, const std::string &name, Kind ka, Kind kb, Predicate p,
             const std::vector<U> &as, const std::vector<U> &bs) {
  bool x = name.starts_with("v_cmpx"), gfx9 = std::string_view(model.cpu).starts_with("gfx9");
  auto reg = [](unsigned r, Kind k) {
    bool wide = k == Kind::I64 || k == Kind::F64;
    return wide ? "v[" + std::to_string(r) + ":" + std::to_string(r + 1) + "]"
                : "v" + std::to_string(r);
  };
  auto half = [](Kind k) { return k == Kind::I16 || k == Kind::F16; };
  bool class_mask = name.find("class") != name.npos;
  std::string vcc = model.lanes == 64 ? "vcc" : "vcc_lo",
              pair = model.lanes == 64 ? "s[6:7]" : "s6";
  for (std::string to : {vcc, pair}) {
    if (x && !gfx9)
      to = "";
    std::string a = reg(2, ka), b = reg(4, kb), text;
    for (unsigned true16 = 0; true16 < 3; true16++) {
      std::string suffix_a = true16 && half(ka) ? ".l" : "",
                  suffix_b = true16 == 1 && (half(kb) || class_mask) ? ".l" : "";
      text = name + " " + to + (to.empty() ? "" : ", ") + a + suffix_a + ", " + b + suffix_b;
      if (!assemble(model.cpu, model.lanes, text).empty())
        break;
    }
    Machine m(model.cpu, model.lanes);
    std::mt19937_64 random(5);
    unsigned batch = 0;
    for (uint32_t mode : {0x3f0u, 0x300u}) {
      for (size_t k = 0; k < as.size() * bs.size(); k += m.lanes, batch++) {
        U exec = (batch % 2 ? random() : ~U(0)) & m.wave.full_exec(), want = 0;
        for (unsigned l = 0; l < m.lanes; l++) {
          size_t at = (k + l) % (as.size() * bs.size());
          U va = as[at / bs.size()], vb = bs[at % bs.size()];
          m.v(2, l) = uint32_t(va) | (half(ka) ? 0xabcd0000u : 0), m.v(3, l) = uint32_t(va >> 32);
          m.v(4, l) = uint32_t(vb) | (half(kb) ? 0x12340000u : 0), m.v(5, l) = uint32_t(vb >> 32);
          bool single = ka == Kind::F32;
          bool flush = !(mode & (single ? 0x10 : 0x40));
          want |= U((exec >> l & 1) && p(va, vb, flush)) << l;
        }
        m.wave.set_mode(m.launch_mode(mode));
        m.wave.set_exec(exec);
        m.wave.set_vcc(~U(0));
        m.set_s64(6, ~U(0));
        bool ok = batch ? m.again() : m.run(text);
        INFO(text << " on " << model.cpu << " wave" << model.lanes << ", MODE 0x" << std::hex
                  << mode << ", batch " << batch << ": " << m.stop.text);
        REQUIRE(ok);
        U upper = m.lanes == 32 ? ~U(0) << 32 : 0; // a wave of 32 writes one register
        bool writes_vcc = to == vcc, writes_pair = to == pair;
        CHECK(m.wave.vcc() == (writes_vcc ? want | upper : ~U(0)));
        CHECK(m.s64(6) == (writes_pair ? want | upper : ~U(0)));
        CHECK((m.wave.exec() & m.wave.full_exec()) == (x ? want : exec));
      }
    }
    if (to.empty())
      break;
  }
}

void compare_everywhere(const std::string &name, Kind ka, Kind kb, Predicate p,
                        const std::vector<U> &as, const std::vector<U> &bs) {
  for (const Model &model : models())
    if (has_mnemonic(model.cpu, name))
      compare(model, name, ka, kb, p, as, bs);
}

} // namespace

TESTED_CASE("compares of numbers") {
  for (const Type &t : kTypes) {
    std::vector<std::string> ops = {"f", "lt", "eq", "le", "gt", "ge", "t"};
    if (t.is_float)
      for (const char *more : {"lg", "o", "u", "nge", "nlg", "ngt", "nle", "neq", "nlt", "tru"})
        ops.push_back(more);
    else
      ops.push_back("ne");
    for (const std::string &op : ops)
      for (const char *family : {"v_cmp_", "v_cmpx_"})
        compare_everywhere(
            family + op + "_" + t.name, t.kind, t.kind,
            [&](U a, U b, bool flush) { return holds(op, order(t, a, b, flush), t.is_float); },
            edges(t.kind), edges(t.kind));
  }
}

TESTED_CASE("compares with classes of numbers") {
  std::vector<U> masks = {0, 0x3ff, 0x155, 0xfffffc00};
  for (unsigned k = 0; k < 10; k++)
    masks.push_back(U(1) << k);
  for (const Type &t : kTypes)
    if (t.is_float)
      for (const char *family : {"v_cmp_class_", "v_cmpx_class_"}) {
        const Format &f = format(t.kind);
        Predicate p = [&](U a, U b, bool) { return is_class(f, a, b); };
        compare_everywhere(std::string(family) + t.name, t.kind, Kind::I32, p, edges(t.kind),
                           masks);
      }
}
