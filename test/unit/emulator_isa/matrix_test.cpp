// Matrix instructions: every opcode on every processor and wave size that has it, all elements of
// D, bit for bit.
#include "matrix_run.h"

#include "runtime/emulator/isa/opcodes.h"

#include <cmath>
#include <set>

using namespace w2w::emu;
using namespace w2w::emu::test;

TEST_CASE("matrix: every row of the table is tested") {
  std::set<std::string> tested;
  for (const MatrixOp &o : all_matrices())
    tested.insert(o.name);
  for (const isa::Opcode &o : isa::all_opcodes())
    if (o.form == isa::Form::VMatrix) {
      INFO(o.name);
      CHECK(tested.count(o.name) == 1);
    }
}

TESTED_CASE("matrix: layouts, by integers that are exact in any order") {
  uint32_t seed = 1;
  for (const MatrixOp &o : all_matrices()) {
    Run r(o, seed++);
    r.fill(Values::Small);
    r.check();
  }
}

TEST_CASE("matrix: order and rounding") {
  uint32_t seed = 1000;
  for (Values kind : {Values::Near, Values::Wide})
    for (const MatrixOp &o : all_matrices()) {
      Run r(o, seed++);
      INFO("seed " << seed - 1);
      r.fill(kind);
      r.check();
    }
}

TEST_CASE("matrix: infinities, NaNs and denormals") {
  uint32_t seed = 2000;
  for (unsigned repeat = 0; repeat < 2; repeat++)
    for (const MatrixOp &o : all_matrices()) {
      Run r(o, seed++);
      INFO("seed " << seed - 1);
      r.fill(Values::Any);
      r.check();
    }
}

TEST_CASE("matrix: neither EXEC nor MODE matters") {
  for (const MatrixOp &o : all_matrices()) {
    Run r(o, 3000);
    r.fill(Values::Wide);
    r.m.wave.set_exec(0x5);
    r.m.wave.set_mode(0x30f); // towards zero, denormals flushed
    r.check();
  }
}

TEST_CASE("matrix: D over C, A and B") {
  for (const MatrixOp &o : all_matrices()) {
    // D is C; D begins inside A; inside B.
    for (unsigned which = 0; which < 3; which++) {
      if (which == 0 && o.sparse)
        continue;
      Run r(o, 4000 + which);
      if (which == 0)
        r.at.d = r.at.c;
      else
        r.at.d = which == 1 ? r.at.a : r.at.b;
      // gfx90a and gfx942 take even registers only, which all of these are.
      r.fill(Values::Small);
      if (o.sparse) {
        // C is D and so part of the sources: any bits will do.
        r.fill(Values::Any);
      }
      std::vector<uint64_t> want =
          r.expected([](uint64_t x, Where) { return x; }, [](uint64_t x, Where) { return x; },
                     [](uint64_t x) { return x; });
      INFO(r.text() << " on " << o.cpu << " wave" << o.lanes);
      bool ran = r.m.run(r.text());
      if (!r.m.assembled)
        continue; // LLVM knows that the hardware does not allow it
      INFO(r.m.stop.text);
      REQUIRE(ran);
      size_t e = 0, wrong = 0;
      for (unsigned block = 0; block < o.blocks; block++)
        for (unsigned i = 0; i < o.m; i++)
          for (unsigned j = 0; j < o.n; j++)
            wrong += r.get(r.at.d, false, c_at(o, i, j, block), bits_of(o.c)) != want[e++];
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("matrix: values that show the rule") {
  // All rows of A and all columns of B are these, then zeros; all of C is c.
  struct Literal {
    const char *cpu, *name;
    std::vector<double> a, b;
    uint64_t c, want;
  };
  constexpr uint64_t one = 0x3f800000, minus_one = 0xbf800000;
  for (const Literal &x : std::initializer_list<Literal>{
           // gfx11: a product whose sign is not C's counts as a complement, one unit more.
           {"gfx1100", "v_wmma_f32_16x16x16_f16", {3, 8}, {8, 4}, one, 0x42640000},
           {"gfx1100", "v_wmma_f32_16x16x16_f16", {3, 8}, {8, 4}, minus_one, 0x425c0001},
           // gfx11: f32 denormals are zeros, and zeros are positive.
           {"gfx1100", "v_wmma_f32_16x16x16_f16", {}, {}, 0x80000001, 0},
           {"gfx1201", "v_wmma_f32_16x16x16_f16", {}, {}, 0x80000001, 0x80000001},
           // gfx12: a tiny negative C counts as a whole unit, but not in coarse units.
           {"gfx1201", "v_wmma_f16_16x16x16_f16", {32, 0, 32}, {1, 0, -1}, 0x8001, 0x8020},
           {"gfx1201", "v_wmma_f16_16x16x16_f16", {4096, 0, 4096}, {1, 0, -1}, 0x8001, 0},
           // gfx12: invalid products, and NaN factors before others.
           {"gfx1201", "v_wmma_f32_16x16x16_f16", {INFINITY}, {0}, 0x7fc12345, 0xffc00000},
           {"gfx1201", "v_wmma_f32_16x16x16_bf8_bf8", {INFINITY}, {0}, 0x7fc12345, 0xffc00a3d},
           {"gfx1201", "v_wmma_f32_16x16x16_f16", {1}, {1}, 0x7f812345, 0x7fc12345},
           // gfx942: C is floored to 24 bits below the products.
           {"gfx942", "v_mfma_f32_16x16x16_f16", {1}, {1}, 0xb0800000, 0x3f7fffff},
           {"gfx942", "v_mfma_f32_16x16x16_f16", {1}, {1}, 0x30800000, one},
           // gfx942, 8 bits: C 2^26 below is dropped.
           {"gfx942", "v_mfma_f32_16x16x32_fp8_fp8", {1}, {1}, 0xb0800000, one},
           // gfx942: products are truncated, not rounded, 24 bits below the largest.
           {"gfx942", "v_mfma_f32_16x16x16_f16", {1, -0x1p-14}, {1, 0x1.ffcp-11}, 0, one},
           // gfx942: xf32 cuts 13 bits off.
           {"gfx942", "v_mfma_f32_16x16x8_xf32", {1 + 0x1p-11}, {1}, 0, one},
           // gfx90a: f16 and bf16 denormals are zeros on both sides, f32's are kept.
           {"gfx90a", "v_mfma_f32_16x16x16f16", {0x1p-24}, {1}, 0, 0},
           {"gfx942", "v_mfma_f32_16x16x16_f16", {0x1p-24}, {1}, 0, 0x33800000},
           {"gfx90a", "v_mfma_f32_16x16x16f16", {}, {}, 0x00000001, 0},
           {"gfx90a", "v_mfma_f32_16x16x4f32", {}, {}, 0x00000001, 0x00000001},
           // gfx90a: products are summed up before C is added.
           {"gfx90a",
            "v_mfma_f32_16x16x16f16",
            {0x1p-12, 0x1p-12},
            {0x1p-12, 0x1p-12},
            one,
            0x3f800001},
           // f32: one after the other to C.
           {"gfx90a", "v_mfma_f32_16x16x4f32", {0x1p-12, 0x1p-12}, {0x1p-12, 0x1p-12}, one, one}}) {
    MatrixOp o(x.name, x.cpu, x.cpu[3] == '9' ? 64 : 32);
    Run r(o, 1);
    r.fill(Values::Small);
    for (unsigned k = 0; k < o.k; k++)
      for (unsigned i = 0; i < 16; i++)
        for (unsigned copy = 0; copy < (o.gfx11() ? 2 : 1); copy++) {
          auto put = [&](unsigned base, Where w, const std::string &type, double v) {
            uint64_t bits = std::isinf(v) ? (type == "f16" ? 0x7c00 : 0x7c) : encode(o, type, v);
            r.put(base, false, w, bits_of(type), bits);
          };
          put(r.at.a, a_at(o, i, k, 0, copy), o.a, k < x.a.size() ? x.a[k] : 0);
          put(r.at.b, b_at(o, k, i, 0, copy), o.b, k < x.b.size() ? x.b[k] : 0);
        }
    for (unsigned i = 0; i < 16; i++)
      for (unsigned j = 0; j < 16; j++)
        r.put(r.at.c, false, c_at(o, i, j, 0), bits_of(o.c), x.c);
    INFO(r.text() << " on " << x.cpu);
    REQUIRE(r.m.run(r.text()));
    for (unsigned i = 0; i < 16; i++)
      for (unsigned j = 0; j < 16; j++) {
        uint64_t got = r.get(r.at.d, false, c_at(o, i, j, 0), bits_of(o.c));
        INFO("got 0x" << std::hex << got << ", want 0x" << x.want);
        REQUIRE(got == x.want);
      }
  }
}
