// Runs matrix instructions on random matrices and compares all registers with matrix_reference.h.
#pragma once

#include "machine.h"
#include "matrix_reference.h"

#include <catch2/catch.hpp>
#include <random>

namespace w2w::emu::test {

/// The mnemonics of LLVM 22 for the processors that have a model and matrix instructions.
inline std::vector<std::string> names(const std::string &cpu) {
  if (cpu == "gfx90a") {
    std::vector<std::string> r = {"v_mfma_f64_16x16x4f64", "v_mfma_f64_4x4x4f64"};
    for (const char *s :
         {"32x32x1f32",     "16x16x1f32",     "4x4x1f32",     "32x32x2f32",     "16x16x4f32",
          "32x32x4f16",     "16x16x4f16",     "4x4x4f16",     "32x32x8f16",     "16x16x16f16",
          "32x32x2bf16",    "16x16x2bf16",    "4x4x2bf16",    "32x32x4bf16",    "16x16x8bf16",
          "32x32x4bf16_1k", "16x16x4bf16_1k", "4x4x4bf16_1k", "32x32x8bf16_1k", "16x16x16bf16_1k"})
      r.push_back(std::string("v_mfma_f32_") + s);
    for (const char *s : {"32x32x4i8", "16x16x4i8", "4x4x4i8", "32x32x8i8", "16x16x16i8"})
      r.push_back(std::string("v_mfma_i32_") + s);
    return r;
  }
  auto bytes = [](std::vector<std::string> &r, const std::string &prefix) {
    for (const char *t : {"bf8_bf8", "bf8_fp8", "fp8_bf8", "fp8_fp8"})
      r.push_back(prefix + t);
  };
  if (cpu == "gfx942") {
    std::vector<std::string> r = {
        "v_mfma_f64_16x16x4_f64",    "v_mfma_f64_4x4x4_4b_f64",    "v_mfma_i32_32x32x4_2b_i8",
        "v_mfma_i32_16x16x4_4b_i8",  "v_mfma_i32_4x4x4_16b_i8",    "v_mfma_i32_32x32x16_i8",
        "v_mfma_i32_16x16x32_i8",    "v_smfmac_f32_16x16x32_f16",  "v_smfmac_f32_16x16x32_bf16",
        "v_smfmac_f32_32x32x16_f16", "v_smfmac_f32_32x32x16_bf16", "v_smfmac_i32_16x16x64_i8",
        "v_smfmac_i32_32x32x32_i8"};
    for (const char *s :
         {"32x32x1_2b_f32", "16x16x1_4b_f32", "4x4x1_16b_f32", "32x32x2_f32", "16x16x4_f32",
          "32x32x4_xf32", "16x16x8_xf32", "32x32x4_2b_f16", "16x16x4_4b_f16", "4x4x4_16b_f16",
          "32x32x8_f16", "16x16x16_f16", "32x32x4_2b_bf16", "16x16x4_4b_bf16", "4x4x4_16b_bf16",
          "32x32x8_bf16", "16x16x16_bf16"})
      r.push_back(std::string("v_mfma_f32_") + s);
    for (const char *s : {"v_mfma_f32_32x32x16_", "v_mfma_f32_16x16x32_", "v_smfmac_f32_16x16x64_",
                          "v_smfmac_f32_32x32x32_"})
      bytes(r, s);
    return r;
  }
  std::vector<std::string> r = {"v_wmma_f32_16x16x16_f16", "v_wmma_f32_16x16x16_bf16",
                                "v_wmma_f16_16x16x16_f16", "v_wmma_bf16_16x16x16_bf16",
                                "v_wmma_i32_16x16x16_iu8", "v_wmma_i32_16x16x16_iu4"};
  if (cpu == "gfx1100")
    return r;
  for (const char *s :
       {"v_wmma_i32_16x16x32_iu4", "v_swmmac_f32_16x16x32_f16", "v_swmmac_f32_16x16x32_bf16",
        "v_swmmac_f16_16x16x32_f16", "v_swmmac_bf16_16x16x32_bf16", "v_swmmac_i32_16x16x32_iu8",
        "v_swmmac_i32_16x16x32_iu4", "v_swmmac_i32_16x16x64_iu4"})
    r.push_back(s);
  bytes(r, "v_wmma_f32_16x16x16_");
  bytes(r, "v_swmmac_f32_16x16x32_");
  return r;
}

inline std::vector<MatrixOp> all_matrices() {
  std::vector<MatrixOp> r;
  for (const Model &m : models())
    if (std::string_view(m.cpu) != "gfx1030")
      for (const std::string &n : names(m.cpu))
        r.emplace_back(n, m.cpu, m.lanes);
  return r;
}

enum class Values {
  Small, ///< integers whose sums are exact in every format, and in any order
  Near,  ///< magnitudes of a few powers of two: what is truncated and how it is rounded shows
  Wide,  ///< all finite numbers
  Any,   ///< all encodings
};

/// Registers: D v0, A v64, B v96, C v128, index v200; AGPRs by the same numbers.
struct Operands {
  unsigned d = 0, a = 64, b = 96, c = 128, index = 200;
  bool agpr_d = false, agpr_a = false, agpr_b = false;
};

struct Run {
  MatrixOp op;
  Machine m;
  Operands at;
  std::mt19937 random;
  // Elements, raw: [block][row or column][k]; sparse A: what is stored.
  std::vector<std::vector<std::vector<uint64_t>>> a, b;
  std::vector<std::vector<std::vector<unsigned>>> index;
  std::string modifiers;
  std::string constant; ///< instead of C
  uint64_t constant_bits = 0;

  Run(const MatrixOp &o, uint32_t seed) : op(o), m(o.cpu, o.lanes), random(seed) {}

  uint32_t &dword(unsigned base, bool agpr, unsigned reg, unsigned lane) {
    return m.wave.row(base + reg + (agpr ? kFirstAgprRow : 0))[lane];
  }
  uint64_t get(unsigned base, bool agpr, Where w, unsigned bits) {
    uint64_t x = dword(base, agpr, w.reg, w.lane);
    if (bits == 64)
      return x | uint64_t(dword(base, agpr, w.reg + 1, w.lane)) << 32;
    return x >> w.bit & ((uint64_t(1) << bits) - 1);
  }
  void put(unsigned base, bool agpr, Where w, unsigned bits, uint64_t x) {
    uint32_t &d = dword(base, agpr, w.reg, w.lane);
    if (bits == 64) {
      d = uint32_t(x), dword(base, agpr, w.reg + 1, w.lane) = uint32_t(x >> 32);
      return;
    }
    uint32_t mask = uint32_t(((uint64_t(1) << bits) - 1) << w.bit);
    d = (d & ~mask) | (uint32_t(x << w.bit) & mask);
  }

  uint64_t value(const std::string &type, Values kind) {
    unsigned bits = bits_of(type);
    if (type[0] == 'i') {
      uint64_t x = random();
      return kind == Values::Small && bits == 32 ? uint32_t(int(x % 201) - 100)
                                                 : x & ((1ull << bits) - 1);
    }
    if (kind == Values::Small)
      return encode(op, type, int(random() % 7) - 3);
    for (;;) {
      uint64_t x =
          (uint64_t(random()) << 32 | random()) & (bits == 64 ? ~0ull : (1ull << bits) - 1);
      if (kind == Values::Any) {
        // All encodings of the narrow ones are likely enough; an exponent of all ones of the others
        // must not be in every row.
        if (bits >= 16 && random() % 16)
          x &= bits == 16 ? ~(type == "f16" ? 0x4000ull : 0x0400ull) : ~(1ull << (bits - 4));
        return x;
      }
      double v = decode(op, type, x);
      bool number = is_number(type, x);
      if (kind == Values::Wide && number)
        return x;
      if (kind == Values::Near && number && std::fabs(v) < 8 && std::fabs(v) > 0x1p-5)
        return x;
      if (kind == Values::Near && bits >= 16) {
        // A random significand with an exponent from -5 to 2, sometimes zero.
        unsigned fraction = bits == 64 ? 52 : bits == 32 ? 23 : type == "f16" ? 10 : 7;
        uint64_t bias = bits == 64 ? 1023 : type == "f16" ? 15 : 127;
        uint64_t sign = x & 1ull << (bits - 1);
        if (random() % 16 == 0)
          return sign;
        return sign | (x & ((1ull << fraction) - 1)) | (bias - 5 + random() % 8) << fraction;
      }
    }
  }
  bool is_number(const std::string &type, uint64_t x) {
    if (type == "fp8")
      return op.gfx9() ? x != 0x80 : (x & 0x7f) != 0x7f;
    if (type == "bf8")
      return op.gfx9() ? x != 0x80 : (x & 0x7c) != 0x7c;
    unsigned bits = bits_of(type);
    uint64_t ones = bits == 64      ? 0x7ffull << 52
                    : bits == 32    ? 0xffull << 23
                    : type == "f16" ? 0x7c00
                                    : 0x7f80;
    return (x & ones) != ones;
  }

  void fill(Values kind) {
    for (unsigned r = 0; r < 256; r++)
      for (unsigned l = 0; l < op.lanes; l++) {
        m.v(r, l) = uint32_t(random());
        if (op.gfx9())
          m.wave.row(kFirstAgprRow + r)[l] = uint32_t(random());
      }
    unsigned copies = op.gfx11() ? op.lanes / 16 : 1;
    auto matrix = [&](unsigned rows, unsigned ks, const std::string &type, auto at, unsigned base,
                      bool agpr) {
      for (unsigned block = 0; block < op.blocks; block++)
        for (unsigned i = 0; i < rows; i++)
          for (unsigned k = 0; k < ks; k++) {
            uint64_t x = value(type, kind);
            for (unsigned copy = 0; copy < copies; copy++)
              put(base, agpr, at(i, k, block, copy), bits_of(type), x);
          }
    };
    MatrixOp plain = op; // written where it lies without modifiers
    plain.cbsz = plain.abid = plain.blgp = 0;
    matrix(
        op.m, op.terms(), op.a,
        [&](unsigned i, unsigned k, unsigned block, unsigned copy) {
          return a_at(plain, i, k, block, copy);
        },
        at.a, at.agpr_a);
    matrix(
        op.n, op.k, op.b,
        [&](unsigned j, unsigned k, unsigned block, unsigned copy) {
          return b_at(plain, k, j, block, copy);
        },
        at.b, at.agpr_b);
    for (unsigned block = 0; block < op.blocks; block++)
      for (unsigned i = 0; i < op.m; i++)
        for (unsigned j = 0; j < op.n; j++)
          put(c_base(), at.agpr_d, c_at(op, i, j, block), bits_of(op.c), value(op.c, kind));
  }
  unsigned c_base() const { return op.sparse ? at.d : at.c; }

  static std::string list(bool agpr, unsigned r, unsigned n) {
    std::string f = agpr ? "a" : "v";
    return n == 1 ? f + std::to_string(r)
                  : f + "[" + std::to_string(r) + ":" + std::to_string(r + n - 1) + "]";
  }
  std::string text() const {
    std::string c = !constant.empty() ? constant
                    : op.sparse       ? list(false, at.index, 1)
                                      : list(at.agpr_d, at.c, op.c_registers());
    return op.name + " " + list(at.agpr_d, at.d, op.c_registers()) + ", " +
           list(at.agpr_a, at.a, op.a_registers()) + ", " +
           list(at.agpr_b, at.b, op.b_registers()) + ", " + c + modifiers;
  }

  /// What D must be, from the registers as they are.
  std::vector<uint64_t> expected(auto change_a, auto change_b, auto change_c) {
    std::vector<uint64_t> r;
    unsigned abits = bits_of(op.a), bbits = bits_of(op.b);
    for (unsigned block = 0; block < op.blocks; block++)
      for (unsigned i = 0; i < op.m; i++)
        for (unsigned j = 0; j < op.n; j++) {
          Where to = c_at(op, i, j, block);
          unsigned copy = op.gfx11() ? to.lane / 16 : 0;
          std::vector<uint64_t> x, y;
          for (unsigned k = 0; k < op.terms(); k++) {
            unsigned kb = k;
            if (op.sparse)
              kb = k / 2 * 4 + unsigned(get(at.index, false, index_at(op, i, k), 2));
            Where wa = a_at(op, i, k, block, copy), wb = b_at(op, kb, j, block, copy);
            x.push_back(change_a(get(at.a, at.agpr_a, wa, abits), wa));
            y.push_back(change_b(get(at.b, at.agpr_b, wb, bbits), wb));
          }
          uint64_t c =
              constant.empty() ? get(c_base(), at.agpr_d, to, bits_of(op.c)) : constant_bits;
          r.push_back(dot(op, x, y, change_c(c)));
        }
    return r;
  }
  /// Runs it and compares all of D, and that nothing else changed.
  void check(auto change_a, auto change_b, auto change_c) {
    std::vector<uint64_t> want = expected(change_a, change_b, change_c);
    unsigned rows = op.gfx9() ? 512 : 256;
    std::vector<uint32_t> before(m.wave.v, m.wave.v + size_t(rows) * op.lanes);
    INFO(text() << " on " << op.cpu << " wave" << op.lanes);
    bool ok = m.run(text());
    REQUIRE(m.assembled);
    INFO(m.stop.text);
    REQUIRE(ok);
    size_t e = 0, wrong = 0;
    for (unsigned block = 0; block < op.blocks; block++)
      for (unsigned i = 0; i < op.m; i++)
        for (unsigned j = 0; j < op.n; j++, e++) {
          Where to = c_at(op, i, j, block);
          uint64_t got = get(at.d, at.agpr_d, to, bits_of(op.c));
          if (got != want[e] && wrong++ < 4) {
            UNSCOPED_INFO("D[" << i << "][" << j << "] of block " << block << ": got 0x" << std::hex
                               << got << ", want 0x" << want[e]);
          }
          // Put the old bits back, to compare the rest.
          put(at.d, at.agpr_d, to, bits_of(op.c), 0);
          Where at_old = to;
          uint32_t &d = dword(at.d, at.agpr_d, to.reg, to.lane);
          size_t index = size_t(&d - m.wave.v);
          if (bits_of(op.c) == 64)
            d = before[index],
            dword(at.d, at.agpr_d, to.reg + 1, to.lane) = before[index + op.lanes];
          else {
            uint32_t mask = bits_of(op.c) == 32 ? ~0u : 0xffffu << at_old.bit;
            d = (d & ~mask) | (before[index] & mask);
          }
        }
    CHECK(wrong == 0);
    CHECK(std::equal(before.begin(), before.end(), m.wave.v));
  }
  void check() {
    auto same = [](uint64_t x, Where) { return x; };
    check(same, same, [](uint64_t x) { return x; });
  }
};

} // namespace w2w::emu::test
