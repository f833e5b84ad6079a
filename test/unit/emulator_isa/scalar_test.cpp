// Scalar instructions: results, SCC, EXEC, branches, hardware registers.
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// s[2:3] = a, s[4:5] = b, scc as given; the result is s[0:1].
struct Scalar {
  const char *text;
  uint64_t a, b, want;
  int scc = -1;   ///< expected; -1: as it was
  int before = 0; ///< SCC before
  const char *only = nullptr;
  uint64_t old = 0;
};

void check_scalar(const std::vector<Scalar> &cases) {
  for (const Scalar &c : cases) {
    bool ran = false;
    for (const Model &model : models()) {
      if (c.only && !std::string_view(model.cpu).starts_with(c.only))
        continue;
      Machine m(model.cpu, model.lanes);
      m.set_s64(0, c.old);
      m.set_s64(2, c.a);
      m.set_s64(4, c.b);
      m.wave.scc = uint32_t(c.before);
      bool ok = m.run(c.text);
      if (!m.assembled)
        continue;
      ran = true;
      INFO(c.text << " on " << model.cpu << ": " << m.stop.text);
      REQUIRE(ok);
      CHECK(m.s64(0) == c.want);
      CHECK(m.wave.scc == uint32_t(c.scc < 0 ? c.before : c.scc));
    }
    INFO(c.text << " was assembled for no processor");
    CHECK(ran);
  }
}

} // namespace

TEST_CASE("scalar arithmetic") {
  check_scalar({
      {"s_add_u32 s0, s2, s4", 0xffffffff, 1, 0, 1},
      {"s_add_u32 s0, s2, s4", 5, 1, 6, 0, 1},
      {"s_add_i32 s0, s2, s4", 0x7fffffff, 1, 0x80000000, 1},
      {"s_sub_u32 s0, s2, s4", 1, 2, 0xffffffff, 1},
      {"s_sub_i32 s0, s2, s4", 0x80000000, 1, 0x7fffffff, 1},
      {"s_addc_u32 s0, s2, s4", 0xffffffff, 0, 0, 1, 1},
      {"s_subb_u32 s0, s2, s4", 5, 5, 0xffffffff, 1, 1},
      {"s_mul_i32 s0, s2, s4", 0xffffffff, 3, 0xfffffffd},
      {"s_mul_hi_u32 s0, s2, s4", 0xffffffff, 0xffffffff, 0xfffffffe},
      {"s_mul_hi_i32 s0, s2, s4", 0xffffffff, 3, 0xffffffff},
      {"s_mul_u64 s[0:1], s[2:3], s[4:5]", 0x100000001, 0x200000003, 0x500000003},
      {"s_add_nc_u64 s[0:1], s[2:3], s[4:5]", 0xffffffff, 1, 0x100000000},
      {"s_absdiff_i32 s0, s2, s4", 3, 5, 2, 1},
      {"s_abs_i32 s0, s2", 0xfffffffb, 0, 5, 1},
      {"s_min_i32 s0, s2, s4", 0xffffffff, 3, 0xffffffff, 1},
      {"s_max_u32 s0, s2, s4", 0xffffffff, 3, 0xffffffff, 1},
      {"s_max_i32 s0, s2, s4", 0xffffffff, 3, 3, 0, 1},
      {"s_lshl2_add_u32 s0, s2, s4", 0x40000001, 3, 7, 1},
      {"s_movk_i32 s0, 0x8000", 0, 0, 0xffff8000},
      {"s_addk_i32 s0, 0xffff", 0, 0, 4, 0, 0, nullptr, 5},
      {"s_mulk_i32 s0, 0xffff", 0, 0, 0xfffffffb, -1, 0, nullptr, 5},
      {"s_cmovk_i32 s0, 7", 0, 0, 5, -1, 0, nullptr, 5},
      {"s_cmovk_i32 s0, 7", 0, 0, 7, -1, 1, nullptr, 5},
      {"s_mov_b64 s[0:1], -1", 0, 0, ~uint64_t(0)},
      {"s_mov_b64 s[0:1], 1.0", 0, 0, 0x3ff0000000000000},
      {"s_mov_b64 s[0:1], 0xabcdef01", 0, 0, 0xabcdef01},
      {"s_mov_b32 s0, 0.15915494", 0, 0, 0x3e22f983, -1, 0, "gfx9"},
  });
}

TEST_CASE("scalar logic and bits") {
  check_scalar({
      {"s_and_b32 s0, s2, s4", 0xf0, 0x0f, 0, 0, 1},
      {"s_and_b64 s[0:1], s[2:3], s[4:5]", 0xf000000000, 0xf000000001, 0xf000000000, 1},
      {"s_andn2_b32 s0, s2, s4", 0xff, 0x0f, 0xf0, 1},
      {"s_orn2_b64 s[0:1], s[2:3], s[4:5]", 0, 0, ~uint64_t(0), 1},
      {"s_nand_b32 s0, s2, s4", 0xff, 0x0f, 0xfffffff0, 1},
      {"s_nor_b32 s0, s2, s4", 0xffffffff, 0, 0, 0, 1},
      {"s_xnor_b32 s0, s2, s4", 0xff00ff00, 0xff00ff00, 0xffffffff, 1},
      {"s_not_b64 s[0:1], s[2:3]", ~uint64_t(0), 0, 0, 0, 1},
      {"s_lshl_b32 s0, s2, s4", 1, 33, 2, 1},
      {"s_lshl_b64 s[0:1], s[2:3], s4", 1, 65, 2, 1},
      {"s_lshr_b64 s[0:1], s[2:3], s4", 0x8000000000000000, 63, 1, 1},
      {"s_ashr_i32 s0, s2, s4", 0x80000000, 31, 0xffffffff, 1},
      {"s_ashr_i64 s[0:1], s[2:3], s4", 0x8000000000000000, 63, ~uint64_t(0), 1},
      {"s_bfm_b32 s0, s2, s4", 5, 3, 0xf8},
      {"s_bfe_u32 s0, s2, s4", 0xabcd, 0x80004, 0xbc, 1},
      {"s_bfe_i32 s0, s2, s4", 0xabcd, 0x80004, 0xffffffbc, 1},
      {"s_bfe_u32 s0, s2, s4", 0xabcd, 0x000004, 0, 0, 1},
      {"s_bfe_u64 s[0:1], s[2:3], s4", 0xabcd000000000000, 0x100030, 0xabcd, 1},
      {"s_bfe_i64 s[0:1], s[2:3], s4", 0xabcd000000000000, 0x100030, 0xffffffffffffabcd, 1},
      {"s_bcnt1_i32_b64 s0, s[2:3]", 0xff000000000000ff, 0, 16, 1},
      {"s_bcnt0_i32_b32 s0, s2", 0xffffffff, 0, 0, 0, 1},
      {"s_ff1_i32_b32 s0, s2", 0, 0, 0xffffffff},
      {"s_ff1_i32_b64 s0, s[2:3]", 0x100000000, 0, 32},
      {"s_ff0_i32_b32 s0, s2", 0xffff, 0, 16, -1, 0, "gfx9"},
      {"s_flbit_i32_b32 s0, s2", 0x00800000, 0, 8},
      {"s_flbit_i32_b64 s0, s[2:3]", 1, 0, 63},
      {"s_flbit_i32 s0, s2", 0xffff0000, 0, 16},
      {"s_flbit_i32 s0, s2", 0xffffffff, 0, 0xffffffff},
      {"s_brev_b32 s0, s2", 1, 0, 0x80000000},
      {"s_brev_b64 s[0:1], s[2:3]", 1, 0, 0x8000000000000000},
      {"s_sext_i32_i8 s0, s2", 0x80, 0, 0xffffff80},
      {"s_sext_i32_i16 s0, s2", 0x8000, 0, 0xffff8000},
      {"s_bitset1_b32 s0, s2", 35, 0, 8, -1, 0, nullptr, 0},
      {"s_bitset0_b32 s0, s2", 3, 0, 0xf7, -1, 0, nullptr, 0xff},
      {"s_wqm_b32 s0, s2", 0x00100200, 0, 0x00f00f00, 1},
      {"s_bitreplicate_b64_b32 s[0:1], s2", 0x80000001, 0, 0xc000000000000003},
      {"s_pack_ll_b32_b16 s0, s2, s4", 0x11112222, 0x33334444, 0x44442222},
      {"s_pack_lh_b32_b16 s0, s2, s4", 0x11112222, 0x33334444, 0x33332222},
      {"s_pack_hh_b32_b16 s0, s2, s4", 0x11112222, 0x33334444, 0x33331111},
      {"s_cselect_b32 s0, s2, s4", 1, 2, 1, -1, 1},
      {"s_cselect_b64 s[0:1], s[2:3], s[4:5]", 1, 0x200000000, 0x200000000, -1, 0},
      {"s_cmov_b32 s0, s2", 9, 0, 9, -1, 1, nullptr, 5},
  });
}

TEST_CASE("scalar comparisons") {
  check_scalar({
      {"s_cmp_lt_i32 s2, s4", 0xffffffff, 1, 0, 1},
      {"s_cmp_lt_u32 s2, s4", 0xffffffff, 1, 0, 0, 1},
      {"s_cmp_eq_u64 s[2:3], s[4:5]", 0x100000000, 0x100000000, 0, 1},
      {"s_cmp_lg_u64 s[2:3], s[4:5]", 0x100000000, 0x100000000, 0, 0, 1},
      {"s_cmpk_gt_u32 s2, 0xfffe", 0xffff, 0, 0, 1, 0, "gfx9"},
      {"s_cmpk_lt_i32 s2, 0xfffe", 0xfffffffd, 0, 0, 1, 0, "gfx9"},
      {"s_bitcmp1_b32 s2, s4", 8, 3, 0, 1},
      {"s_bitcmp0_b64 s[2:3], s4", 0x100000000, 32, 0, 0, 1},
      {"s_cmp_lt_f32 s2, s4", f(1), f(2), 0, 1, 0, "gfx12"},
  });
}

TEST_CASE("SALU floating point of gfx12") {
  check_scalar({
      {"s_add_f32 s0, s2, s4", f(1), f(2), f(3), -1, 0, "gfx12"},
      {"s_fmac_f32 s0, s2, s4", f(2), f(3), f(7), -1, 0, "gfx12", f(1)},
      {"s_cvt_i32_f32 s0, s2", f(-3.5f), 0, uint32_t(-3), -1, 0, "gfx12"},
      {"s_cvt_pk_rtz_f16_f32 s0, s2, s4", f(1), f(2), 0x40003c00, -1, 0, "gfx12"},
      {"v_s_sqrt_f32 s0, s2", f(9), 0, f(3), -1, 0, "gfx12"},
      {"v_s_rcp_f32 s0, -s2", f(4), 0, f(-0.25f), -1, 0, "gfx12"},
      {"s_add_f16 s0, s2, s4", 0x3c00, 0x4000, 0x4200, -1, 0, "gfx12"},
      {"s_rndne_f32 s0, s2", f(2.5f), 0, f(2), -1, 0, "gfx12"},
  });
}

TEST_CASE("saveexec") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    m.wave.set_exec(0xff);
    m.set_s64(2, 0xf0f);
    bool wide = model.lanes == 64;
    INFO(model.cpu << " " << model.lanes);
    REQUIRE(m.run(wide ? "s_and_saveexec_b64 s[0:1], s[2:3]" : "s_and_saveexec_b32 s0, s2"));
    CHECK(m.s64(0) == 0xff);
    CHECK(m.wave.exec() == 0x0f);
    CHECK(m.wave.scc == 1);
    REQUIRE(m.run(wide ? "s_andn2_saveexec_b64 s[2:3], s[2:3]" : "s_andn2_saveexec_b32 s2, s2"));
    CHECK(m.s64(2) == 0x0f);
    CHECK(m.wave.exec() == 0xf00);
    REQUIRE(m.run(wide ? "s_andn1_saveexec_b64 s[4:5], exec"
                       : "s_mov_b32 s4, exec_lo\ns_xor_b32 exec_lo, exec_lo, exec_lo"));
    CHECK(m.wave.exec() == 0);
  }
}

TEST_CASE("branches, calls, loops") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " " << model.lanes);
    REQUIRE(m.run(
        "s_mov_b32 s0, 0\ns_mov_b32 s1, 10\nloop:\ns_add_u32 s0, s0, s1\ns_sub_u32 s1, s1, 1\n"
        "s_cmp_lg_u32 s1, 0\ns_cbranch_scc1 loop\n"));
    CHECK(m.wave.s[0] == 55);
    REQUIRE(
        m.run("s_getpc_b64 s[4:5]\ns_add_u32 s4, s4, 20\ns_addc_u32 s5, s5, 0\ns_mov_b32 s6, 1\n"
              "s_swappc_b64 s[30:31], s[4:5]\ns_branch done\n"
              "s_add_u32 s6, s6, 7\ns_setpc_b64 s[30:31]\ndone:\n"));
    CHECK(m.wave.s[6] == 8);
    REQUIRE(m.run("s_mov_b32 s6, 1\ns_mov_b64 vcc, 0\ns_cbranch_vccz a\ns_mov_b32 s6, "
                  "2\na:\ns_mov_b64 exec, 0\n"
                  "s_cbranch_execnz b\ns_add_u32 s6, s6, 4\nb:\n"));
    CHECK(m.wave.s[6] == 5);
  }
}

TEST_CASE("hardware registers") {
  for (const Model &model : models()) {
    bool new_names = std::string_view(model.cpu) == "gfx1201";
    Machine m(model.cpu, model.lanes);
    INFO(model.cpu << " " << model.lanes);
    std::string mode = new_names ? "HW_REG_WAVE_MODE" : "HW_REG_MODE";
    REQUIRE(m.run("s_getreg_b32 s0, hwreg(" + mode + ", 4, 4)\ns_setreg_imm32_b32 hwreg(" + mode +
                  ", 4, 4), 0x5\n"
                  "s_mov_b32 s2, 3\ns_setreg_b32 hwreg(" +
                  mode + ", 0, 2), s2\ns_getreg_b32 s1, hwreg(" + mode + ", 0, 8)\n"));
    CHECK(m.wave.s[0] == 0xf);
    CHECK(m.wave.s[1] == 0xd3 - 0x80);
    CHECK_FALSE(m.wave.plain_mode);
  }
}

TEST_CASE("why a wave stops") {
  Machine m("gfx942", 64);
  m.run("s_barrier");
  CHECK(m.stop.kind == StopKind::Barrier);
  CHECK(m.wave.pc == 4);
  m.run("s_sleep 2");
  CHECK(m.stop.kind == StopKind::Sleep);
  m.run("s_nop 0\ns_trap 2");
  CHECK(m.stop.kind == StopKind::Trap);
  CHECK(m.stop.value == 2);
  CHECK(m.wave.pc == 4);
  m.run("s_nop 0\nimage_load v[0:3], v[0:3], s[0:7] dmask:0xf");
  m.run("s_nop 0\ns_rfe_b64 s[0:1]");
  CHECK(m.stop.kind == StopKind::UnknownInstruction);
  CHECK(m.stop.text.find("s_rfe_b64") != std::string::npos);
  CHECK(m.wave.pc == 4);
  m.run("loop:\ns_branch loop");
  CHECK(m.stop.kind == StopKind::Budget);
  m.wave.vgprs = 8;
  m.run("v_mov_b32 v8, 0");
  CHECK(m.stop.kind == StopKind::BadRegister);
  Machine g("gfx1201", 32);
  g.run("s_barrier_signal -1");
  CHECK(g.stop.kind == StopKind::BarrierSignal);
  CHECK(g.stop.value == -1);
  CHECK(g.wave.pc == 4);
  g.run("s_barrier_wait -1");
  CHECK(g.stop.kind == StopKind::BarrierWait);
  CHECK(g.stop.value == -1);
}
