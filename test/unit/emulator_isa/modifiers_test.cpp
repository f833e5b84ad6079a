// SDWA, op_sel halves, VOPD, compares, carries, EXEC partly off, overlapping operands.
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu;
using namespace w2w::emu::test;

TESTED_CASE("SDWA") {
  check({
      {"v_add_u32_sdwa v0, v2, v4 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_1 "
       "src1_sel:WORD_1",
       {0x1234},
       {0x00050000},
       {},
       {0x17},
       "gfx9"},
      {"v_add_u32_sdwa v0, sext(v2), v4 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_0 "
       "src1_sel:DWORD",
       {0x80},
       {1},
       {},
       {0xffffff81},
       "gfx9"},
      {"v_mov_b32_sdwa v0, v2 dst_sel:BYTE_2 dst_unused:UNUSED_PRESERVE src0_sel:DWORD",
       {0x1234},
       {},
       {},
       {0xaa34aaaa},
       "gfx9",
       0,
       0xaaaaaaaa},
      {"v_mov_b32_sdwa v0, v2 dst_sel:WORD_1 dst_unused:UNUSED_PAD src0_sel:DWORD",
       {0x1234},
       {},
       {},
       {0x12340000},
       "gfx9",
       0,
       0xaaaaaaaa},
      {"v_mov_b32_sdwa v0, v2 dst_sel:BYTE_1 dst_unused:UNUSED_SEXT src0_sel:DWORD",
       {0x80},
       {},
       {},
       {0xffff8000},
       "gfx9"},
      {"v_add_f16_sdwa v0, v2, -v4 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:WORD_1 "
       "src1_sel:WORD_0",
       {0x40000000},
       {0x3c00},
       {},
       {0x3c00},
       "gfx9"},
      {">v_cmp_eq_u32_sdwa vcc, v2, v4 src0_sel:BYTE_1 src1_sel:DWORD\nv_cndmask_b32 v0, 0, 1, vcc",
       {0x1234},
       {0x12},
       {},
       {1},
       "gfx9"},
  });
}

TESTED_CASE("every selection of SDWA") {
  const uint64_t x = 0x84a3c251, old = 0x11223344;
  const char *selections[] = {"BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3", "WORD_0", "WORD_1", "DWORD"};
  auto field = [](unsigned s) { return s < 4 ? 8 * s : s == 5 ? 16u : 0u; };
  auto width = [](unsigned s) { return s < 4 ? 8u : s < 6 ? 16u : 32u; };
  std::vector<Case> cases;
  for (unsigned s = 0; s < 7; s++) {
    uint64_t mask = (uint64_t(1) << width(s)) - 1, part = x >> field(s) & mask;
    uint64_t negative = part >> (width(s) - 1) & 1 ? 0xffffffff & ~mask : 0;
    std::string source = std::string(" src0_sel:") + selections[s];
    for (const char *only : {"gfx9", "gfx10"}) {
      cases.push_back({"v_mov_b32_sdwa v0, v2 dst_sel:DWORD dst_unused:UNUSED_PAD" + source,
                       {x},
                       {},
                       {},
                       {part},
                       only});
      cases.push_back({"v_mov_b32_sdwa v0, sext(v2) dst_sel:DWORD dst_unused:UNUSED_PAD" + source,
                       {x},
                       {},
                       {},
                       {part | negative},
                       only});
      // The destination: its field gets the low bits of the result.
      std::string to =
          std::string("v_mov_b32_sdwa v0, v2 dst_sel:") + selections[s] + " dst_unused:";
      uint64_t placed = (x & mask) << field(s), whole = mask << field(s);
      uint64_t above = x >> (width(s) - 1) & 1 ? 0xffffffff & ~(whole | (whole & -whole) - 1) : 0;
      cases.push_back({to + "UNUSED_PAD src0_sel:DWORD", {x}, {}, {}, {placed}, only, 0, old});
      cases.push_back({to + "UNUSED_PRESERVE src0_sel:DWORD",
                       {x},
                       {},
                       {},
                       {placed | (old & ~whole & 0xffffffff)},
                       only,
                       0,
                       old});
      cases.push_back(
          {to + "UNUSED_SEXT src0_sel:DWORD", {x}, {}, {}, {placed | above}, only, 0, old});
    }
  }
  check(cases);
}

TESTED_CASE("op_sel and halves") {
  check({
      {"v_fma_f16 v0, v2, v4, v6 op_sel:[1,0,0,1]",
       {0x40000000},
       {0x3c00},
       {0x3c00},
       {0x42001111},
       "gfx9",
       0,
       0x22221111},
      {"v_add_f16 v0.h, v2.h, v4.l",
       {0x40000000},
       {0x3c00},
       {},
       {0x42001111},
       "gfx11",
       0,
       0x22221111},
      {"v_mov_b16 v0.l, v2.h", {0x12345678}, {}, {}, {0x22221234}, "gfx11", 0, 0x22221111},
      {"v_add_nc_u16 v0, v2, v4 op_sel:[1,1,0]",
       {0x00050000},
       {0x00060000},
       {},
       {0x2222000b},
       "gfx1030",
       0,
       0x22221111},
      {"v_mad_u16 v0, v2, v4, v6 op_sel:[0,0,1,1]",
       {3},
       {4},
       {0x00050000},
       {0x00111111},
       "gfx9",
       0,
       0x22221111},
  });
}

TESTED_CASE("VOPD reads before it writes") {
  for (unsigned lanes : {32u}) {
    for (const char *cpu : {"gfx1100", "gfx1201"}) {
      Machine m(cpu, lanes);
      m.set(0, {f(1)});
      m.set(1, {f(2)});
      m.set(2, {f(1)});
      INFO(m.stop.text);
      REQUIRE(m.run("v_dual_mov_b32 v0, v1 :: v_dual_mov_b32 v1, v0"));
      CHECK(m.v(0, 3) == f(2));
      CHECK(m.v(1, 3) == f(1));
      REQUIRE(m.run("v_dual_fmac_f32 v0, v0, v1 :: v_dual_add_f32 v3, 1.0, v2"));
      CHECK(m.v(0, 3) == f(4));
      CHECK(m.v(3, 3) == f(2));
      m.wave.set_vcc(0x1);
      REQUIRE(m.run("v_dual_cndmask_b32 v0, v0, v1 :: v_dual_lshlrev_b32 v3, 1, v2"));
      CHECK(m.v(0, 0) == f(1));
      CHECK(m.v(0, 1) == f(4));
      CHECK(m.v(3, 1) == f(1) * 2);
    }
  }
}

TESTED_CASE("every dual opcode does what its single form does") {
  struct Dual {
    const char *name, *single, *operands; ///< $d, $a, $b
    bool only_y;
  };
  const Dual duals[] = {{"v_dual_fmac_f32", "v_fmac_f32", "$d, $a, $b", false},
                        {"v_dual_fmaak_f32", "v_fmaak_f32", "$d, $a, $b, 0x40490fdb", false},
                        {"v_dual_fmamk_f32", "v_fmamk_f32", "$d, $a, 0x40490fdb, $b", false},
                        {"v_dual_mul_f32", "v_mul_f32", "$d, $a, $b", false},
                        {"v_dual_add_f32", "v_add_f32", "$d, $a, $b", false},
                        {"v_dual_sub_f32", "v_sub_f32", "$d, $a, $b", false},
                        {"v_dual_subrev_f32", "v_subrev_f32", "$d, $a, $b", false},
                        {"v_dual_mul_dx9_zero_f32", "v_mul_dx9_zero_f32", "$d, $a, $b", false},
                        {"v_dual_mov_b32", "v_mov_b32", "$d, $a", false},
                        {"v_dual_cndmask_b32", "v_cndmask_b32", "$d, $a, $b, vcc_lo", false},
                        {"v_dual_max_f32", "v_max_f32", "$d, $a, $b", false},
                        {"v_dual_min_f32", "v_min_f32", "$d, $a, $b", false},
                        {"v_dual_max_num_f32", "v_max_num_f32", "$d, $a, $b", false},
                        {"v_dual_min_num_f32", "v_min_num_f32", "$d, $a, $b", false},
                        {"v_dual_dot2acc_f32_f16", "v_dot2_f32_f16", "$d, $a, $b", false},
                        {"v_dual_dot2acc_f32_bf16", "v_dot2_f32_bf16", "$d, $a, $b", false},
                        {"v_dual_add_nc_u32", "v_add_nc_u32", "$d, $a, $b", true},
                        {"v_dual_lshlrev_b32", "v_lshlrev_b32", "$d, $a, $b", true},
                        {"v_dual_and_b32", "v_and_b32", "$d, $a, $b", true}};
  auto fill = [](std::string text, const char *d, const char *a, const char *b) {
    for (auto [key, value] : {std::pair{"$d", d}, {"$a", a}, {"$b", b}})
      if (size_t at = text.find(key); at != text.npos)
        text.replace(at, 2, value);
    return text;
  };
  const std::vector<uint64_t> as = {f(1.5f), kMinus0, 0x3c004000, kNan, 5, 0x7f800001, f(-7)},
                              bs = {f(2.5f), 0, 0x40003c00, f(3), 9, f(0x1p-140f), kInf};
  for (const char *cpu : {"gfx1100", "gfx1201"})
    for (const Dual &dual : duals)
      for (bool y : {false, true}) {
        if (dual.only_y && !y)
          continue;
        Machine m(cpu, 32), one(cpu, 32);
        const char *d = y ? "v9" : "v8", *a = y ? "v3" : "v2", *b = y ? "v5" : "v4";
        std::string half = std::string(dual.name) + " " + fill(dual.operands, d, a, b);
        bool compact = std::string_view(dual.name).find("cndmask") != std::string_view::npos;
        if (compact)
          half.erase(half.rfind(", vcc_lo")); // the dual form always takes VCC
        std::string text =
            y ? "v_dual_mov_b32 v8, v2 :: " + half : half + " :: v_dual_mov_b32 v9, v3";
        std::string single = std::string(dual.single) + " " + fill(dual.operands, d, a, b);
        if (std::string_view(dual.name).find("dot2acc") != std::string_view::npos)
          single += std::string(", ") + d;
        for (Machine *x : {&m, &one}) {
          x->set(2, as), x->set(3, as), x->set(4, bs), x->set(5, bs);
          x->set(8, {f(1)}), x->set(9, {f(1)});
          x->wave.set_exec(0x0fffffff);
          x->wave.set_vcc(0x35353535);
        }
        bool ok = m.run(text);
        if (!m.assembled)
          continue;
        INFO(text << " on " << cpu << ": " << m.stop.text << " " << one.stop.text);
        REQUIRE(ok);
        REQUIRE(one.run(single));
        for (unsigned l = 0; l < 32; l++) {
          INFO("lane " << l);
          CHECK(m.v(y ? 9 : 8, l) == one.v(y ? 9 : 8, l));
          CHECK(m.v(y ? 8 : 9, l) == (l < 28 ? uint32_t(as[l % as.size()]) : uint32_t(f(1))));
        }
      }
}

TESTED_CASE("compares write whole masks") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    for (unsigned l = 0; l < m.lanes; l++)
      m.v(2, l) = l;
    m.wave.set_exec(0xffff & m.wave.full_exec());
    m.wave.set_vcc(~uint64_t(0));
    INFO(model.cpu << " " << model.lanes);
    REQUIRE(m.run(m.lanes == 64 ? "v_cmp_gt_u32 vcc, 4, v2" : "v_cmp_gt_u32 vcc_lo, 4, v2"));
    CHECK((m.wave.vcc() & m.wave.full_exec()) == 0xf);
    if (m.lanes == 32)
      CHECK(m.wave.s[kVccHi] == 0xffffffff);
    REQUIRE(m.run(m.lanes == 64 ? "v_cmp_lt_u32 s[4:5], 11, v2" : "v_cmp_lt_u32 s4, 11, v2"));
    CHECK(m.wave.s[4] == 0xf000);
    bool gfx9 = std::string_view(model.cpu).starts_with("gfx9");
    REQUIRE(m.run(gfx9 ? "v_cmpx_eq_u32 vcc, 3, v2" : "v_cmpx_eq_u32 3, v2"));
    CHECK(m.wave.exec() == 8);
  }
}

TESTED_CASE("float compares with NaN") {
  auto one = [](const char *op, float a, uint64_t b) {
    Machine m("gfx942", 64);
    m.set(2, {f(a)});
    m.set(4, {b});
    REQUIRE(m.run(std::string(op) + " vcc, v2, v4"));
    return m.wave.vcc() & 1;
  };
  CHECK(one("v_cmp_lt_f32", 1, f(2)));
  CHECK_FALSE(one("v_cmp_lt_f32", 1, kNan));
  CHECK(one("v_cmp_nlt_f32", 1, kNan));
  CHECK(one("v_cmp_u_f32", 1, kNan));
  CHECK_FALSE(one("v_cmp_o_f32", 1, kNan));
  CHECK(one("v_cmp_neq_f32", 1, kNan));
  CHECK_FALSE(one("v_cmp_lg_f32", 1, kNan));
  CHECK(one("v_cmp_eq_f32", 0, kMinus0));
  CHECK(one("v_cmp_nge_f32", 1, f(2)));
  CHECK(one("v_cmp_tru_f32", 1, kNan));
}

TESTED_CASE("carries") {
  for (const Model &model : models()) {
    Machine m(model.cpu, model.lanes);
    bool gfx9 = std::string_view(model.cpu).starts_with("gfx9");
    m.set(2, {0xffffffff, 1});
    m.set(4, {1, 1});
    m.wave.set_exec(7);
    m.wave.set_vcc(0xff);
    std::string vcc = m.lanes == 64 ? "vcc" : "vcc_lo";
    INFO(model.cpu << " " << model.lanes << m.stop.text);
    REQUIRE(m.run("v_add_co_u32 v0, " + vcc + ", v2, v4"));
    CHECK(m.wave.s[kVccLo] == 5);
    CHECK(m.v(0, 0) == 0);
    CHECK(m.v(0, 3) == 0);
    REQUIRE(
        m.run((gfx9 ? "v_addc_co_u32 v1, " : "v_add_co_ci_u32 v1, ") + vcc + ", v2, v4, " + vcc));
    CHECK(m.v(1, 0) == 1);
    CHECK(m.v(1, 1) == 2);
    CHECK(m.wave.s[kVccLo] == 5);
    REQUIRE(m.run("v_sub_co_u32 v0, " + vcc + ", v4, v2"));
    CHECK(m.wave.s[kVccLo] == 5);
    REQUIRE(
        m.run((gfx9 ? "v_subb_co_u32 v1, " : "v_sub_co_ci_u32 v1, ") + vcc + ", v4, v4, " + vcc));
    CHECK(m.v(1, 0) == 0xffffffff);
    CHECK(m.wave.s[kVccLo] == 5);
    REQUIRE(m.run("v_cndmask_b32 v1, v2, v4, " + vcc));
    CHECK(m.v(1, 0) == 1);
    CHECK(m.v(1, 1) == 1);
  }
}

TESTED_CASE("EXEC partly off, overlapping operands") {
  for (const Model &model : models()) {
    if (std::string_view(model.cpu).starts_with("gfx9") || std::string_view(model.cpu) == "gfx1201")
      continue; // pairs are aligned on gfx90a and later gfx9; gfx12 renamed the instruction
    Machine m(model.cpu, model.lanes);
    for (unsigned l = 0; l < m.lanes; l++)
      m.v(0, l) = l, m.v(1, l) = 1000 + l, m.v(2, l) = 2000 + l;
    m.wave.set_exec(0xaaaaaaaaaaaaaaaa & m.wave.full_exec());
    INFO(model.cpu << " " << model.lanes);
    REQUIRE(m.run("v_lshlrev_b64 v[1:2], 4, v[0:1]"));
    for (unsigned l = 0; l < m.lanes; l++) {
      bool on = l & 1;
      CHECK(m.v(0, l) == l);
      CHECK(m.v(1, l) == (on ? l << 4 : 1000 + l));
      CHECK(m.v(2, l) == (on ? (1000 + l) << 4 : 2000 + l));
    }
    m.wave.set_exec(m.wave.full_exec());
    REQUIRE(m.run(
        "v_mov_b32 v0, 1\nv_mov_b32 v1, 2\nv_mov_b32 v2, 3\n>v_lshlrev_b64 v[0:1], 4, v[1:2]"));
    CHECK(m.v64(0, 9) == 0x3000000020);
    m.wave.set_exec(0);
    REQUIRE(m.run("v_mov_b32 v0, 9"));
    CHECK(m.v(0, 9) == 0x20);
  }
}
