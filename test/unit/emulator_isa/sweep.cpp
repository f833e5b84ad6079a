#include "sweep.h"

#include "assembler.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

namespace w2w::emu::test {

const Format &format(Kind k) {
  return k == Kind::F16 || k == Kind::PF16 ? kF16 : k == Kind::F32 || k == Kind::PF32 ? kF32 : kF64;
}

namespace {

bool is_float(Kind k) {
  return k == Kind::F16 || k == Kind::F32 || k == Kind::F64 || k == Kind::PF16 || k == Kind::PF32;
}
bool is_packed(Kind k) {
  return k == Kind::PI16 || k == Kind::PF16 || k == Kind::PF32;
}
bool is_half(Kind k) {
  return k == Kind::I16 || k == Kind::F16;
}
bool is_wide(Kind k) {
  return k == Kind::I64 || k == Kind::F64 || k == Kind::PF32;
}
unsigned half_width(Kind k) {
  return k == Kind::PF32 ? 32 : 16;
}
uint64_t low_bits(unsigned n) {
  return n == 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1;
}

constexpr unsigned kBlock = 8,
                   kBlocks = 31; ///< registers of a variant; variants (the rest is free)
constexpr uint64_t kScalar = 0x80000003c0490fdb;
constexpr uint32_t kLiteral = 0x3456789a;

enum class Place { Vgpr, Scalar, Constant, Literal };
struct Source {
  Place place = Place::Vgpr;
  unsigned at = 0; ///< register within the block
  bool neg = false, abs = false, high = false;
  bool swap_lo = false, swap_hi = false, neg_lo = false, neg_hi = false; ///< P*
};
struct Variant {
  Source s[3];
  bool high = false, clamp = false;
  unsigned omod = 0; ///< 1: * 2, 2: * 4, 3: / 2
};

std::vector<Variant> variants(const Op &op) {
  unsigned n = unsigned(op.s.size());
  Variant plain;
  for (unsigned k = 0; k < 3; k++)
    plain.s[k].at = 2 + 2 * k;
  std::vector<Variant> r = {plain};
  auto with = [&](auto change) {
    r.push_back(plain);
    change(r.back());
  };
  for (unsigned k = 0; k < n; k++) {
    with([&](Variant &v) { v.s[k].at = 0; });
    if (is_wide(op.d) && !is_wide(op.s[k]))
      with([&](Variant &v) { v.s[k].at = 1; });
    for (Place p : {Place::Scalar, Place::Constant, Place::Literal})
      if (p == Place::Scalar || !is_packed(op.s[k]))
        with([&](Variant &v) { v.s[k].place = p; });
    // (Of an accumulating opcode the assembler takes op_sel and drops it.)
    if (is_packed(op.s[k]) && !op.accumulates) {
      with([&](Variant &v) { v.s[k].swap_lo = true; });
      with([&](Variant &v) { v.s[k].swap_hi = true; });
    }
    if (is_packed(op.s[k]) && op.accumulates) {
    } else if (is_packed(op.s[k]) && is_float(op.s[k])) {
      with([&](Variant &v) { v.s[k].neg_lo = true; });
      with([&](Variant &v) { v.s[k].neg_hi = true; });
    } else if (is_float(op.s[k])) {
      with([&](Variant &v) { v.s[k].neg = true; });
      with([&](Variant &v) { v.s[k].abs = true; });
      with([&](Variant &v) { v.s[k].neg = v.s[k].abs = true; });
    }
    if (is_half(op.s[k]))
      with([&](Variant &v) { v.s[k].high = true; });
  }
  // (v_fma_mixlo has an opcode for the other half.)
  if (is_half(op.d) && std::string_view(op.names).find("mix") == std::string_view::npos) {
    with([&](Variant &v) { v.high = true; });
    with([&](Variant &v) {
      v.high = true;
      for (unsigned k = 0; k < n; k++)
        v.s[k].high = is_half(op.s[k]);
    });
  }
  if (is_float(op.d)) {
    with([&](Variant &v) { v.clamp = true; });
    for (unsigned o = 1; o <= 3 && !is_packed(op.d); o++)
      with([&](Variant &v) { v.omod = o, v.clamp = o == 2; });
  }
  return r;
}

std::string reg(unsigned r, bool wide) {
  return wide ? "v[" + std::to_string(r) + ":" + std::to_string(r + 1) + "]"
              : "v" + std::to_string(r);
}
std::string constant_text(Kind k) {
  return is_float(k) ? "-4.0" : "-7";
}
uint64_t constant_value(Kind k) {
  switch (k) {
  case Kind::F16:
    return 0xc400;
  case Kind::F32:
    return 0xc0800000;
  case Kind::F64:
    return 0xc010000000000000;
  case Kind::I64:
    return uint64_t(-7);
  default:
    return uint32_t(-7);
  }
}

/// The instruction of a variant, with halves written as op_sel or, `true16`, as v0.h; for
/// `suffixed` operands (a bit each, the destination last).
std::string spell(const Op &op, const std::string &name, const Variant &v, unsigned base,
                  unsigned lanes, bool true16, unsigned suffixed) {
  unsigned n = unsigned(op.s.size());
  std::string pattern = op.pattern;
  if (pattern.empty()) {
    pattern = "$d";
    for (unsigned k = 0; k < n - op.accumulates; k++)
      pattern += std::string(", $") + char('a' + k);
  }
  auto suffix = [&](unsigned k, bool high) {
    return !true16 || !(suffixed >> k & 1) ? "" : high ? ".h" : ".l";
  };
  std::string text, after;
  for (size_t at = 0; at < pattern.size(); at++) {
    if (pattern[at] != '$') {
      text += pattern[at];
      continue;
    }
    char c = pattern[++at];
    if (c == 'm') {
      text += lanes == 64 ? "vcc" : "vcc_lo";
    } else if (c == 'd') {
      text += reg(base, is_wide(op.d)) + (is_half(op.d) ? suffix(3, v.high) : "");
    } else {
      unsigned k = unsigned(c - 'a');
      const Source &s = v.s[k];
      bool wide = is_wide(op.s[k]);
      std::string x = s.place == Place::Vgpr       ? reg(base + s.at, wide)
                      : s.place == Place::Scalar   ? wide ? "s[4:5]" : "s4"
                      : s.place == Place::Constant ? constant_text(op.s[k])
                                                   : "0x3456789a";
      if (s.place == Place::Vgpr && is_half(op.s[k]))
        x += suffix(k, s.high);
      if (s.abs)
        x = "|" + x + "|";
      if (s.neg)
        x = "-" + x;
      text += x;
    }
  }
  auto list = [&](const char *word, bool initial, auto flag, bool with_d) {
    std::string bits;
    bool any = false;
    for (unsigned k = 0; k < n - op.accumulates; k++) {
      bool x = flag(v.s[k]) != initial;
      any |= flag(v.s[k]);
      bits += x ? "1," : "0,";
    }
    if (with_d)
      bits += v.high ? "1," : "0,", any |= v.high;
    bits.pop_back();
    if (any)
      after += std::string(" ") + word + ":[" + bits + "]";
  };
  if (is_packed(op.s[0])) {
    list("op_sel", false, [](const Source &s) { return s.swap_lo; }, false);
    list("op_sel_hi", true, [](const Source &s) { return s.swap_hi; }, false);
    list("neg_lo", false, [](const Source &s) { return s.neg_lo; }, false);
    list("neg_hi", false, [](const Source &s) { return s.neg_hi; }, false);
  } else if (!true16) {
    list("op_sel", false, [](const Source &s) { return s.high; }, is_half(op.d));
  }
  static const char *omods[] = {"", " mul:2", " mul:4", " div:2"};
  return name + " " + text + after + (v.clamp ? " clamp" : "") + omods[v.omod];
}

/// What the opcode sees of source k.
uint64_t seen(const Op &op, const Variant &v, unsigned k, Machine &m, unsigned base, unsigned l) {
  const Source &s = v.s[k];
  Kind kind = op.s[k];
  uint64_t x = s.place == Place::Vgpr       ? m.v64(base + s.at, l)
               : s.place == Place::Scalar   ? kScalar
               : s.place == Place::Constant ? constant_value(kind)
               : kind == Kind::F64          ? uint64_t(kLiteral) << 32
                                            : kLiteral;
  if (op.accumulates && k + 1 == op.s.size())
    x = m.v64(base, l) >> (v.high ? 16 : 0), kind = op.d;
  else if (is_half(kind) && s.high)
    x >>= 16;
  unsigned width = is_half(kind) ? 16 : is_wide(kind) ? 64 : 32;
  x &= low_bits(width);
  uint64_t sign = uint64_t(1) << (width - 1);
  if (s.abs)
    x &= ~sign;
  if (s.neg)
    x ^= sign;
  if (is_packed(kind)) {
    unsigned h = half_width(kind);
    uint64_t lo = s.swap_lo ? x >> h : x, hi = s.swap_hi ? x : x >> h, top = uint64_t(1) << (h - 1);
    lo = (lo & low_bits(h)) ^ (s.neg_lo ? top : 0), hi = (hi & low_bits(h)) ^ (s.neg_hi ? top : 0);
    x = lo | hi << h;
  }
  return x;
}

/// RDNA3 ISA 7.2.3.1: the output modifier, then the clamp.
uint64_t modified(Kind kind, uint64_t x, const Variant &v, const Context &c) {
  const Format &f = format(kind);
  Environment e = c.environment(kind);
  if ((v.omod || v.clamp) && f.signalling(x))
    return kAny; // whether the modifiers quiet it is not said
  if (v.clamp && f.denormal(x) && e.flush_sources)
    return kAny; // nor whether the clamp is a source of its own
  // Not with denormal results, nor in IEEE mode; -0 becomes +0.
  if (v.omod && e.flush_results && !c.ieee()) {
    x = soft_scale(f, x, v.omod == 1 ? 1 : v.omod == 2 ? 2 : -1, e);
    if (x == kAny)
      return x;
    if (f.zero(x))
      x = 0;
  }
  if (v.clamp) {
    uint64_t one = uint64_t(-f.least + 1) << (f.precision - 1);
    if (f.nan(x))
      x = c.dx10_clamp() ? 0 : x;
    else if (f.negative(x) || f.zero(x))
      x = 0;
    else if (x > one)
      x = one;
  }
  return x;
}

/// What the destination's registers must hold after; `known`: which bits of that are specified.
uint64_t wanted(const Op &op, const Variant &v, const uint64_t *s, Context c, uint64_t &known) {
  auto one = [&](uint64_t a, uint64_t b, uint64_t x, unsigned width) {
    uint64_t r = op.want(a, b, x, c);
    if (r != kAny && is_float(op.d))
      r = modified(op.d, r, v, c);
    return r == kAny ? r : r & low_bits(width);
  };
  if (is_packed(op.d)) {
    unsigned h = half_width(op.d);
    uint64_t m = low_bits(h);
    uint64_t old = c.old;
    c.old = old & m;
    uint64_t lo = one(s[0] & m, s[1] & m, s[2] & m, h);
    c.old = old >> h & m;
    uint64_t hi = one(s[0] >> h & m, s[1] >> h & m, s[2] >> h & m, h);
    known = (lo == kAny ? 0 : m) | (hi == kAny ? 0 : m << h);
    return (lo & m) | (hi & m) << h;
  }
  unsigned width = is_half(op.d) ? 16 : is_wide(op.d) ? 64 : 32;
  uint64_t x = one(s[0], s[1], s[2], width);
  known = x == kAny ? 0 : low_bits(width);
  if (is_half(op.d)) {
    // gfx9 clears the other half but for the opcodes that gained op_sel there.
    uint64_t whole = c.old & low_bits(32);
    if (c.generation == 9 && op.half9 == Half::Zero && !v.high)
      whole = 0;
    bool unknown = c.generation == 9 && op.half9 == Half::Unknown && !v.high;
    known = x == kAny ? 0 : low_bits(unknown ? 16 : 32);
    x = v.high ? (whole & 0xffff) | x << 16 : (whole & 0xffff0000) | x;
  }
  return x;
}

std::vector<std::array<uint64_t, 4>> tuples(const Op &op, bool few) {
  std::mt19937_64 random(7);
  auto list = [&](unsigned k) -> const std::vector<uint64_t> & {
    return k < op.values.size() && !op.values[k].empty() ? op.values[k] : edges(op.s[k]);
  };
  std::vector<std::array<uint64_t, 4>> r;
  unsigned n = unsigned(op.s.size());
  unsigned fill = few ? 64 : 448;
  if (n == 1) {
    for (uint64_t a : list(0))
      r.push_back({a, 0, 0, 0});
  } else if (n == 2 && !few) {
    for (uint64_t a : list(0))
      for (uint64_t b : list(1))
        r.push_back({a, b, 0, 0});
  } else {
    for (unsigned k = 0; k < fill; k++) {
      r.emplace_back();
      for (unsigned j = 0; j < n; j++)
        r.back()[j] = list(j)[random() % list(j).size()];
    }
  }
  for (unsigned k = 0; k < 64; k++)
    r.push_back({random(), random(), random(), 0});
  std::shuffle(r.begin(), r.end(), random);
  // The destination before; the edges of its own kind where it is a source.
  for (size_t k = 0; k < r.size(); k++)
    r[k][3] = op.accumulates ? edges(op.d)[random() % edges(op.d).size()] : random();
  return r;
}

struct Line {
  Variant v;
  std::string text;
};

/// The variants that the assembler takes.
std::vector<Line> lines(const Op &op, const std::string &name, const Model &model) {
  std::vector<Line> r;
  std::vector<Variant> all = variants(op);
  // Which 16-bit operands are halves in the text (gfx11) depends on the opcode: the most that fit.
  bool true16 = false;
  unsigned suffixed = 0, halves = is_half(op.d) ? 8 : 0;
  for (unsigned k = 0; k < op.s.size(); k++)
    halves |= is_half(op.s[k]) ? 1u << k : 0;
  for (unsigned s = 1; s <= halves; s++)
    if ((s & ~halves) == 0 &&
        !assemble(model.cpu, model.lanes, spell(op, name, all[0], 0, model.lanes, true, s)).empty())
      true16 = true, suffixed = s;
  std::erase_if(all, [&](const Variant &v) {
    unsigned high = v.high ? 8 : 0;
    for (unsigned k = 0; k < op.s.size(); k++)
      high |= v.s[k].high ? 1u << k : 0;
    return true16 && (high & ~suffixed);
  });
  std::vector<std::string> texts;
  for (const Variant &v : all)
    texts.push_back(spell(op, name, v, 0, model.lanes, true16, suffixed));
  std::vector<bool> good = assembles(model.cpu, model.lanes, texts);
  for (size_t k = 0; k < all.size() && r.size() < kBlocks; k++)
    if (good[k] && (!k || texts[k] != texts[0]))
      r.push_back({all[k], spell(op, name, all[k], unsigned(kBlock * r.size()), model.lanes, true16,
                                 suffixed)});
  return r;
}

const std::vector<uint32_t> &modes(const Op &op, bool few) {
  static const std::vector<uint32_t> integer = {0x3f0}, some = {0x3f0, 0x300},
                                     all = {0x3f0, 0x3f5, 0x3fa, 0x3ff, 0x300, 0x350,
                                            0x3a0, 0x1f0, 0x0f0, 0x100, 0x000};
  bool any = is_float(op.d);
  for (Kind k : op.s)
    any |= is_float(k);
  return !any ? integer : few ? some : all;
}

void sweep_on(const Op &op, const std::string &name, const Model &model, bool few) {
  std::vector<Line> program = lines(op, name, model);
  INFO(name << " on " << model.cpu << " wave" << model.lanes);
  REQUIRE(!program.empty());
  Machine m(model.cpu, model.lanes);
  std::string text;
  for (const Line &l : program)
    text += (text.empty() ? ">" : "") + l.text + "\n";
  std::vector<std::array<uint64_t, 4>> list = tuples(op, few);
  std::mt19937_64 random(11);
  int generation = m.cpu.starts_with("gfx9") ? 9 : std::stoi(m.cpu.substr(3, 2));
  unsigned wrong = 0, batch = 0;
  for (uint32_t mode : modes(op, few)) {
    mode = m.launch_mode(mode);
    // All values under the default; of the others some.
    size_t count = batch ? std::min<size_t>(list.size(), 192) : list.size();
    for (size_t from = 0; from < count; from += m.lanes, batch++) {
      uint64_t exec = batch % 3 == 1   ? random() & random()
                      : batch % 3 == 2 ? random()
                                       : ~uint64_t(0);
      uint64_t vcc = random();
      std::vector<uint32_t> before(size_t(kBlock) * program.size() * m.lanes);
      for (unsigned l = 0; l < m.lanes; l++) {
        const auto &t = list[(from + l) % list.size()];
        for (unsigned p = 0; p < program.size(); p++)
          for (unsigned k = 0; k < 4; k++) {
            uint64_t x = k ? t[k - 1] : t[3];
            // Other bits of the registers are not the operand's.
            if (k && k <= op.s.size() && is_half(op.s[k - 1]))
              x = (x & 0xffff) | (t[(k + 1) % 3] & 0xffff) << 16;
            m.v(p * kBlock + 2 * k, l) = uint32_t(x);
            m.v(p * kBlock + 2 * k + 1, l) = uint32_t(x >> 32);
          }
      }
      std::vector<std::array<uint64_t, 2>> want(program.size() * m.lanes);
      for (unsigned p = 0; p < program.size(); p++)
        for (unsigned l = 0; l < m.lanes; l++) {
          uint64_t s[3] = {}, known;
          for (unsigned k = 0; k < op.s.size(); k++)
            s[k] = seen(op, program[p].v, k, m, p * kBlock, l);
          Context c{generation, mode, bool(vcc >> l & 1), m.v64(p * kBlock, l), l};
          uint64_t w = exec >> l & 1 ? wanted(op, program[p].v, s, c, known) : c.old;
          if (!(exec >> l & 1))
            known = ~uint64_t(0);
          // A narrow result leaves the register after it alone.
          if (!is_wide(op.d))
            w = (w & low_bits(32)) | (c.old & ~low_bits(32)), known |= ~low_bits(32);
          want[p * m.lanes + l] = {w, known};
        }
      std::copy_n(&m.v(0, 0), before.size(), before.begin());
      m.wave.set_mode(mode);
      m.wave.set_exec(exec & m.wave.full_exec());
      m.wave.set_vcc(vcc);
      m.set_s64(4, kScalar);
      bool ok = batch ? m.again() : m.run(text);
      INFO(m.stop.text);
      REQUIRE(ok);
      for (unsigned p = 0; p < program.size(); p++)
        for (unsigned l = 0; l < m.lanes; l++) {
          auto [w, known] = want[p * m.lanes + l];
          uint64_t got = m.v64(p * kBlock, l);
          auto at = [&](unsigned r) {
            return before[(size_t(p) * kBlock + r) * m.lanes + l] |
                   uint64_t(before[(size_t(p) * kBlock + r + 1) * m.lanes + l]) << 32;
          };
          if ((got & known) != (w & known) && wrong++ < 3) {
            INFO(program[p].text << "\nMODE 0x" << std::hex << mode << ", lane " << std::dec << l
                                 << (exec >> l & 1 ? "" : " (off)") << ", vcc " << (vcc >> l & 1)
                                 << std::hex << "\na = 0x" << at(2) << ", b = 0x" << at(4)
                                 << ", c = 0x" << at(6) << ", old 0x" << at(0) << "\ngot 0x" << got
                                 << ", want 0x" << w << ", of it 0x" << known);
            CHECK((got & known) == (w & known));
          }
        }
    }
  }
  CHECK(wrong == 0);
}

} // namespace

const std::vector<uint64_t> &edges(Kind k) {
  static const std::vector<uint64_t>
      i16 = {0,    1,     2,      3,      7,      8,      15,     16,     17,     0x7f,   0x80,
             0xff, 0x100, 0x1234, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xff00, 0xff80, 0xfffe, 0xffff},
      i32 = {0,          1,          2,          3,          5,          28,         31,
             32,         33,         63,         64,         0x80,       0xffff,     0x8000,
             0x10000,    0x7fffff,   0x800000,   0xffffff,   0xff800001, 0x00ff00ff, 0x12345678,
             0x89abcdef, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff},
      i64 = {0,
             1,
             2,
             31,
             32,
             63,
             64,
             0xffffffff,
             0x100000000,
             0x80000000,
             0x123456789abcdef0,
             0x7fffffffffffffff,
             0x8000000000000000,
             0xfffffffffffffffe,
             0xffffffffffffffff,
             0x00000001ffffffff,
             0xf000000000000000},
      f16 = {0,      0x8000, 1,      0x8001, 0x3ff,  0x83ff, 0x400,  0x8400, 0x1400, 0x3555,
             0x3800, 0xb800, 0x3bff, 0x3c00, 0xbc00, 0x3c01, 0x3e00, 0xbe00, 0x4100, 0x4248,
             0x63ff, 0x6801, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe55, 0x7c01, 0xfd23},
      f32 = {0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x807fffff, 0x00800000,
             0x80800000, 0x0c000000, 0x33800000, 0x3eaaaaab, 0x3f000000, 0xbf000000, 0x3f7fffff,
             0x3f800000, 0xbf800000, 0x3f800001, 0x3fc00000, 0x40200000, 0xc0490fdb, 0x47000000,
             0x4b000001, 0x4f000000, 0xcf000001, 0x4f7fffff, 0x7e800000, 0x7f7fffff, 0xff7fffff,
             0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0xffa00000},
      f64 = {0,
             0x8000000000000000,
             1,
             0x8000000000000001,
             0x000fffffffffffff,
             0x0010000000000000,
             0x8010000000000000,
             0x3ca0000000000000,
             0x3fe0000000000000,
             0xbfe0000000000000,
             0x3fefffffffffffff,
             0x3ff0000000000000,
             0xbff0000000000000,
             0x3ff0000000000001,
             0x3ff8000000000000,
             0x4004000000000000,
             0x400921fb54442d18,
             0x41dfffffffc00000,
             0xc1e0000000000000,
             0x41efffffffe00000,
             0x4330000000000001,
             0x7fefffffffffffff,
             0xffefffffffffffff,
             0x7ff0000000000000,
             0xfff0000000000000,
             0x7ff8000000000000,
             0xfff8123456789abc,
             0x7ff0000000000001,
             0xfff4000000000000};
  auto pairs = [](const std::vector<uint64_t> &of, unsigned width) {
    std::vector<uint64_t> r;
    for (size_t k = 0; k < of.size(); k++)
      r.push_back(of[k] | of[(k * 7 + 3) % of.size()] << width);
    return r;
  };
  static const std::vector<uint64_t> pi16 = pairs(i16, 16), pf16 = pairs(f16, 16),
                                     pf32 = pairs(f32, 32);
  switch (k) {
  case Kind::I16:
    return i16;
  case Kind::F16:
    return f16;
  case Kind::I32:
    return i32;
  case Kind::F32:
    return f32;
  case Kind::I64:
    return i64;
  case Kind::F64:
    return f64;
  case Kind::PI16:
    return pi16;
  case Kind::PF16:
    return pf16;
  case Kind::PF32:
    return pf32;
  }
  return i32;
}

void sweep(const std::vector<Op> &ops) {
  for (const Op &op : ops) {
    unsigned ran = 0;
    std::istringstream names(op.names);
    for (std::string name; names >> name;) {
      unsigned here = 0;
      std::string last;
      for (const Model &model : models()) {
        if (op.only && !std::string_view(model.cpu).starts_with(op.only))
          continue;
        if (!has_mnemonic(model.cpu, name))
          continue;
        // A processor's other wave size, and gfx90a beside gfx942, with fewer values.
        std::string generation = std::string(model.cpu).substr(0, 5);
        sweep_on(op, name, model, generation == last);
        last = generation;
        here++;
      }
      INFO(name << " is an instruction of no processor");
      CHECK(here);
      ran += here;
    }
    INFO(op.names << " was run nowhere");
    CHECK(ran);
  }
}

} // namespace w2w::emu::test
