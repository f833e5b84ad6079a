// Operands and modifiers of matrix instructions.
#include "matrix_run.h"

using namespace w2w::emu;
using namespace w2w::emu::test;

TEST_CASE("matrix: accumulation registers") {
  uint32_t seed = 5000;
  for (const MatrixOp &o : all_matrices())
    for (unsigned which = 1; which < 8 && o.gfx9(); which++) {
      Run r(o, seed++);
      r.at.agpr_d = which & 1, r.at.agpr_a = which & 2, r.at.agpr_b = which & 4;
      r.fill(Values::Near);
      r.check();
    }
}

TEST_CASE("matrix: constants as C") {
  struct Constant {
    const char *text;
    uint64_t f64, f32, f16, bf16, i32;
  };
  const Constant constants[] = {
      {"1.0", 0x3ff0000000000000, 0x3f800000, 0x3c00, 0x3f80, 0x3f800000},
      {"-4.0", 0xc010000000000000, 0xc0800000, 0xc400, 0xc080, 0xc0800000},
      {"0", 0, 0, 0, 0, 0},
      {"7", 7, 7, 7, 7, 7},
      {"-16", 0xfffffffffffffff0, 0xfffffff0, 0xfff0, 0xfff0, 0xfffffff0}};
  for (const MatrixOp &o : all_matrices())
    for (const Constant &c : constants) {
      if (o.sparse)
        continue;
      Run r(o, 6000);
      r.constant = c.text;
      r.constant_bits = o.c == "f64"    ? c.f64
                        : o.c == "f32"  ? c.f32
                        : o.c == "f16"  ? c.f16
                        : o.c == "bf16" ? c.bf16
                                        : c.i32;
      r.fill(Values::Near);
      r.check();
    }
}

TEST_CASE("matrix: broadcast of A's blocks, permutation of B's lanes") {
  for (MatrixOp o : all_matrices()) {
    if (!o.gfx9() || o.sparse)
      continue;
    for (o.cbsz = 0; 1u << o.cbsz <= o.blocks; o.cbsz++)
      for (o.abid = 0; o.abid < 1u << o.cbsz; o.abid++) {
        Run r(o, 7000);
        if (o.cbsz)
          r.modifiers = " cbsz:" + std::to_string(o.cbsz) + " abid:" + std::to_string(o.abid);
        r.fill(Values::Small);
        r.check();
      }
    o.cbsz = o.abid = 0;
    // AMD's calculator: not for f64, and on gfx942 of single blocks for f32 only.
    bool has = o.a != "f64" && (o.cpu == "gfx90a" || o.a == "f32" || o.blocks > 1);
    for (o.blgp = 1; o.blgp < 8 && has; o.blgp++) {
      Run r(o, 7001);
      r.modifiers = " blgp:" + std::to_string(o.blgp);
      r.fill(Values::Small);
      r.check();
    }
  }
}

TEST_CASE("matrix: which set of sparse indices") {
  for (MatrixOp o : all_matrices()) {
    if (!o.sparse)
      continue;
    unsigned bits = bits_of(o.a);
    unsigned sets = o.gfx9()        ? (bits == 16 ? 4 : 2)
                    : o.lanes == 32 ? (bits == 4 && o.k == 64 ? 1 : 2)
                                    : (bits == 4 ? 2 : 4);
    for (unsigned set = 0; set < sets; set++) {
      (o.gfx9() ? o.abid : o.index_key) = set;
      Run r(o, 8000);
      if (set)
        r.modifiers = (o.gfx9() ? " abid:" : " index_key:") + std::to_string(set);
      r.fill(Values::Near);
      r.check();
    }
    if (o.gfx9()) {
      // Any CBSZ: the first set, whatever ABID says.
      o.cbsz = 2, o.abid = 1;
      Run r(o, 8001);
      r.modifiers = " cbsz:2 abid:1";
      r.fill(Values::Near);
      r.check();
    }
  }
}

TEST_CASE("matrix: signs") {
  auto none = [](uint64_t x, Where) { return x; };
  for (MatrixOp o : all_matrices()) {
    if (o.c == "f64" && o.cpu == "gfx942")
      for (unsigned which = 1; which < 8; which++) {
        Run r(o, 9000);
        auto list = [&](unsigned k) { return which >> k & 1 ? "1" : "0"; };
        r.modifiers = std::string(" neg:[") + list(0) + "," + list(1) + "," + list(2) + "]";
        r.fill(Values::Any);
        auto flip = [&](unsigned k) { return uint64_t(which >> k & 1) << 63; };
        r.check([&](uint64_t x, Where) { return x ^ flip(0); },
                [&](uint64_t x, Where) { return x ^ flip(1); },
                [&](uint64_t x) { return x ^ flip(2); });
      }
    if (o.gfx9() || o.c == "i32")
      continue;
    // RDNA: neg_lo is for the even elements of A and B, neg_hi for the odd ones; of C they are the
    // sign and the absolute value.
    for (unsigned which = 1; which < 64; which += bits_of(o.a) == 16 ? 5 : 4) {
      unsigned lo = which & 7, hi = which >> 3;
      if (bits_of(o.a) == 8)
        lo &= 4, hi &= 4;
      if (o.sparse)
        lo &= 3, hi &= 3;
      if (!lo && !hi)
        continue;
      Run r(o, 9001);
      auto list = [&](unsigned x) {
        std::string s;
        for (unsigned k = 0; k < (o.sparse ? 2 : 3); k++)
          s += (k ? "," : "") + std::to_string(x >> k & 1);
        return "[" + s + "]";
      };
      r.modifiers = (lo ? " neg_lo:" + list(lo) : "") + (hi ? " neg_hi:" + list(hi) : "");
      r.fill(Values::Any);
      auto factor = [&](unsigned k) {
        return [=](uint64_t x, Where w) {
          return x ^ ((w.bit % 32 ? hi : lo) >> k & 1 ? 0x8000u : 0u);
        };
      };
      auto of_c = [&](uint64_t x) {
        uint64_t sign = bits_of(o.c) == 16 ? 0x8000 : 0x80000000;
        x &= hi & 4 ? ~sign : ~0ull;
        return x ^ (lo & 4 ? sign : 0);
      };
      if (bits_of(o.a) == 16)
        r.check(factor(0), factor(1), of_c);
      else
        r.check(none, none, of_c);
    }
  }
}

TEST_CASE("matrix: signedness and saturation of integers") {
  for (MatrixOp o : all_matrices()) {
    if (o.gfx9() || o.c != "i32")
      continue;
    for (unsigned which = 0; which < 8; which++) {
      o.a_signed = which & 1, o.b_signed = which & 2, o.clamp = which & 4;
      Run r(o, 10000);
      std::string end = o.sparse ? "]" : ",0]";
      if (which & 3)
        r.modifiers =
            std::string(" neg_lo:[") + (which & 1 ? "1," : "0,") + (which & 2 ? "1" : "0") + end;
      if (o.clamp)
        r.modifiers += " clamp";
      r.fill(Values::Any);
      // C at the ends of its range.
      for (unsigned reg = 0; reg < o.c_registers(); reg++)
        for (unsigned l = 0; l < o.lanes; l++)
          r.m.v(r.c_base() + reg, l) = (l & 1 ? 0x80000000u : 0x7fffff00u) + r.random() % 256;
      r.check();
    }
  }
}

TEST_CASE("matrix: 16-bit results in half a register, and their overflow") {
  for (MatrixOp o : all_matrices()) {
    if (o.c != "f16" && o.c != "bf16")
      continue;
    for (unsigned which = 0; which < 4; which++) {
      o.high_half = (which & 1) && o.gfx11(), o.fp16_ovfl = which & 2;
      Run r(o, 11000 + which);
      if (o.high_half)
        r.modifiers = " op_sel:[0,0,1]";
      if (o.fp16_ovfl)
        r.m.wave.set_mode(r.m.wave.mode | 1u << 23);
      r.fill(Values::Wide);
      r.check();
    }
  }
}

TEST_CASE("matrix: what is not defined is refused") {
  struct Refused {
    const char *cpu;
    unsigned lanes;
    const char *text;
  };
  for (const Refused &x : std::initializer_list<Refused>{
           {"gfx90a", 64, "v_mfma_f32_32x32x1f32 v[0:31], v64, v96, v[128:159] cbsz:2"},
           {"gfx90a", 64, "v_mfma_f32_32x32x1f32 v[0:31], v64, v96, v[128:159] abid:1"},
           {"gfx90a", 64, "v_mfma_f32_32x32x2f32 v[0:15], v64, v96, v[128:143] cbsz:1"},
           {"gfx942", 64, "v_mfma_f32_16x16x16_f16 v[0:3], v[64:65], v[96:97], v[128:131] blgp:1"},
           {"gfx942", 64, "v_smfmac_f32_16x16x64_fp8_fp8 v[0:3], v[64:65], v[96:99], v200 abid:2"},
           {"gfx1100", 32,
            "v_wmma_f16_16x16x16_f16 v[0:7], v[64:71], v[96:103], v[128:135] op_sel:[1,0,0]"}}) {
    Machine m(x.cpu, x.lanes);
    INFO(x.text << " on " << x.cpu);
    bool ran = m.run(x.text);
    REQUIRE(m.assembled);
    CHECK(!ran);
    CHECK(m.stop.kind == StopKind::UnknownInstruction);
  }
}

TEST_CASE("matrix: wide operands count for the kernel's registers") {
  // Each list ends at the register named: one less and the wave stops before anything is written.
  struct Limit {
    const char *cpu;
    unsigned lanes;
    const char *text;
    unsigned vgprs, agprs;
  };
  for (const Limit &x : std::initializer_list<Limit>{
           {"gfx90a", 64, "v_mfma_f32_32x32x1f32 v[8:39], v2, v3, v[8:39]", 40, 0},
           {"gfx90a", 64, "v_mfma_f32_32x32x1f32 a[8:39], v2, v3, a[8:39]", 4, 40},
           {"gfx942", 64, "v_mfma_f32_16x16x16_f16 v[0:3], a[40:41], v[6:7], v[0:3]", 8, 42},
           {"gfx942", 64, "v_smfmac_f32_16x16x32_f16 v[0:3], v[4:5], v[20:23], v6", 24, 0},
           {"gfx1100", 32, "v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[30:37], v[0:7]", 38, 0},
           {"gfx1201", 32, "v_swmmac_f32_16x16x32_f16 v[0:7], v[8:11], v[12:19], v20", 21, 0}}) {
    for (unsigned less = 0; less < 2; less++) {
      Machine m(x.cpu, x.lanes);
      INFO(x.text << " on " << x.cpu << ", " << less << " less");
      m.wave.vgprs = x.vgprs - (x.agprs ? 0 : less);
      m.wave.agprs = x.agprs - (x.agprs ? less : 0);
      bool ran = m.run(x.text);
      REQUIRE(m.assembled);
      CHECK(ran == !less);
      if (less)
        CHECK(m.stop.kind == StopKind::BadRegister);
    }
  }
}

TEST_CASE("moves between vector and accumulation registers") {
  for (const char *cpu : {"gfx90a", "gfx942"}) {
    Machine m(cpu, 64);
    m.wave.set_exec(0xf0f0f0f0f0f0f0f0);
    for (unsigned l = 0; l < 64; l++) {
      m.v(2, l) = 1000 + l, m.v(3, l) = 7;
      for (unsigned a = 0; a < 4; a++)
        m.wave.row(kFirstAgprRow + a)[l] = 0xa0 + a;
    }
    INFO(cpu);
    REQUIRE(m.run("v_accvgpr_write_b32 a1, v2\n"
                  "v_accvgpr_mov_b32 a2, a1\n"
                  "v_accvgpr_write_b32 a3, -4.0\n"
                  "v_accvgpr_read_b32 v3, a2"));
    for (unsigned l = 0; l < 64; l++) {
      bool on = l / 4 % 2;
      CHECK(m.wave.row(kFirstAgprRow)[l] == 0xa0);
      CHECK(m.wave.row(kFirstAgprRow + 1)[l] == (on ? 1000 + l : 0xa1));
      CHECK(m.wave.row(kFirstAgprRow + 2)[l] == (on ? 1000 + l : 0xa2));
      CHECK(m.wave.row(kFirstAgprRow + 3)[l] == (on ? 0xc0800000 : 0xa3));
      CHECK(m.v(3, l) == (on ? 1000 + l : 7));
    }
  }
}
