// Instructions that move data between lanes, and DPP.
#include "machine.h"

#include <catch2/catch.hpp>
#include <functional>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// Runs the text with v2 = 100 + lane and v0 = 7 in every lane, EXEC as given (0: full), and
/// compares v0 with want(lane).
void check_lanes(const char *only, unsigned lanes, const std::string &text,
                 std::function<uint32_t(unsigned)> want, uint64_t exec = 0) {
  bool ran = false;
  for (const Model &model : models()) {
    if (model.lanes != lanes || !std::string_view(model.cpu).starts_with(only))
      continue;
    Machine m(model.cpu, model.lanes);
    for (unsigned l = 0; l < lanes; l++)
      m.v(2, l) = 100 + l, m.v(0, l) = 7;
    if (exec)
      m.wave.set_exec(exec & m.wave.full_exec());
    bool ok = m.run(text);
    if (!m.assembled)
      continue;
    ran = true;
    INFO(text << " on " << model.cpu << " " << m.stop.text);
    REQUIRE(ok);
    for (unsigned l = 0; l < lanes; l++) {
      INFO("lane " << l);
      CHECK(m.v(0, l) == want(l));
    }
  }
  INFO(text);
  CHECK(ran);
}
const std::string kMov = "v_mov_b32_dpp v0, v2 ";

} // namespace

TESTED_CASE("DPP rows") {
  for (unsigned n : {32u, 64u}) {
    auto row = [](unsigned l) { return l & ~15u; };
    check_lanes("gfx", n, kMov + "quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return 100 + (l ^ 3); });
    check_lanes("gfx", n, kMov + "row_shl:2 row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return l % 16 < 14 ? 102 + l : 7; });
    check_lanes("gfx", n, kMov + "row_shl:2 row_mask:0xf bank_mask:0xf bound_ctrl:1",
                [](unsigned l) { return l % 16 < 14 ? 102 + l : 0; });
    check_lanes("gfx", n, kMov + "row_shr:3 row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return l % 16 >= 3 ? 97 + l : 7; });
    check_lanes("gfx", n, kMov + "row_ror:5 row_mask:0xf bank_mask:0xf",
                [&](unsigned l) { return 100 + row(l) + ((l - 5) & 15); });
    check_lanes("gfx", n, kMov + "row_mirror row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return 100 + (l ^ 15); });
    check_lanes("gfx", n, kMov + "row_half_mirror row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return 100 + (l ^ 7); });
    check_lanes("gfx", n, kMov + "quad_perm:[0,0,0,0] row_mask:0x1 bank_mask:0x2",
                [](unsigned l) { return l >= 4 && l < 8 ? 104 : 7; });
    // Inactive source lanes: unchanged, or zero under bound_ctrl.
    check_lanes(
        "gfx", n, kMov + "row_shl:1 row_mask:0xf bank_mask:0xf",
        [](unsigned l) { return l < 3 ? 101 + l : 7; }, 0xf);
    check_lanes(
        "gfx", n, kMov + "row_shl:1 row_mask:0xf bank_mask:0xf bound_ctrl:1",
        [](unsigned l) { return l < 3    ? 101 + l
                                : l == 3 ? 0
                                         : 7; }, 0xf);
    check_lanes("gfx1", n, kMov + "row_share:4 row_mask:0xf bank_mask:0xf",
                [&](unsigned l) { return 104 + row(l); });
    check_lanes("gfx1", n, kMov + "row_xmask:6 row_mask:0xf bank_mask:0xf",
                [](unsigned l) { return 100 + (l ^ 6); });
    check_lanes("gfx1", n, "v_mov_b32_dpp v0, v2 dpp8:[7,6,5,4,3,2,1,0]",
                [](unsigned l) { return 100 + (l ^ 7); });
    check_lanes(
        "gfx1", n, kMov + "row_shl:1 row_mask:0xf bank_mask:0xf fi:1",
        [](unsigned l) { return l < 4 ? 101 + l : 7; }, 0xf);
  }
}

TESTED_CASE("DPP over the whole wave, gfx9") {
  check_lanes("gfx9", 64, kMov + "row_bcast:15 row_mask:0xa bank_mask:0xf",
              [](unsigned l) { return l / 16 % 2 ? 100 + (l & ~15u) - 1 : 7; });
  check_lanes("gfx9", 64, kMov + "row_bcast:31 row_mask:0xc bank_mask:0xf",
              [](unsigned l) { return l >= 32 ? 131 : 7; });
  check_lanes("gfx9", 64, kMov + "wave_shr:1 row_mask:0xf bank_mask:0xf",
              [](unsigned l) { return l ? 99 + l : 7; });
  check_lanes("gfx9", 64, kMov + "wave_rol:1 row_mask:0xf bank_mask:0xf",
              [](unsigned l) { return 100 + (l + 1) % 64; });
  check_lanes("gfx9", 64, kMov + "row_newbcast:3 row_mask:0xf bank_mask:0xf",
              [](unsigned l) { return 103 + (l & ~15u); });
}

TESTED_CASE("DPP in arithmetic") {
  check_lanes("gfx", 64,
              "v_add_u32_dpp v0, v2, v2 row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:1",
              [](unsigned l) { return l % 16 ? 199 + 2 * l : 100 + l; });
  check_lanes("gfx1", 32,
              "v_add_nc_u32_dpp v0, v2, v2 row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:1",
              [](unsigned l) { return l % 16 ? 199 + 2 * l : 100 + l; });
}

TESTED_CASE("readlane, writelane") {
  for (unsigned n : {32u, 64u}) {
    check_lanes("gfx", n, ">v_readlane_b32 s0, v2, 5\nv_mov_b32 v0, s0",
                [](unsigned) { return 105; });
    check_lanes(
        "gfx", n, ">v_readfirstlane_b32 s0, v2\nv_mov_b32 v0, s0",
        [](unsigned l) { return l == 4   ? 104
                                : l == 9 ? 104
                                         : 7; }, 0x210);
    check_lanes("gfx", n, "v_writelane_b32 v0, 9, 5", [](unsigned l) { return l == 5 ? 9 : 7; }, 1);
  }
}

TESTED_CASE("permlane") {
  // selects: lane k of a row reads lane 15 - k
  std::string selects = "s_mov_b32 s0, 0x89abcdef\ns_mov_b32 s1, 0x01234567\n";
  for (unsigned n : {32u, 64u}) {
    check_lanes("gfx1", n, selects + ">v_permlane16_b32 v0, v2, s0, s1",
                [](unsigned l) { return 100 + (l ^ 15); });
    check_lanes("gfx1", n, selects + ">v_permlanex16_b32 v0, v2, s0, s1",
                [](unsigned l) { return 100 + (l ^ 31); });
    check_lanes(
        "gfx1", n, selects + ">v_permlane16_b32 v0, v2, s0, s1",
        [](unsigned l) { return l == 8   ? 107
                                : l == 7 ? 108
                                         : 7; }, 0x180);
    check_lanes(
        "gfx1", n, selects + ">v_permlane16_b32 v0, v2, s0, s1 op_sel:[1,0]",
        [](unsigned l) { return l < 2 ? 115 - l : 7; }, 3);
    check_lanes(
        "gfx1", n, selects + ">v_permlane16_b32 v0, v2, s0, s1 op_sel:[0,1]",
        [](unsigned l) { return l < 2 ? 0 : 7; }, 3);
  }
  check_lanes("gfx11", 64, "v_permlane64_b32 v0, v2", [](unsigned l) { return 100 + (l ^ 32); });
}

TESTED_CASE("mbcnt") {
  check_lanes("gfx9", 64,
              "s_mov_b32 s0, -1\n>v_mbcnt_lo_u32_b32 v0, s0, 0\n>v_mbcnt_hi_u32_b32 v0, s0, v0",
              [](unsigned l) { return l; });
  check_lanes("gfx1", 32, "v_mbcnt_lo_u32_b32 v0, 0x55, 3",
              [](unsigned l) { return 3 + unsigned(__builtin_popcount(0x55u & ((1u << l) - 1))); });
}

TESTED_CASE("permlane by a vector register, across halves") {
  for (unsigned n : {32u, 64u}) {
    const std::string reverse = "v_sub_nc_u32 v4, 115, v2\n"; // 15 - lane; the rest is ignored
    check_lanes("gfx12", n, reverse + ">v_permlane16_var_b32 v0, v2, v4",
                [](unsigned l) { return 100 + (l ^ 15); });
    check_lanes("gfx12", n, reverse + ">v_permlanex16_var_b32 v0, v2, v4",
                [](unsigned l) { return 100 + (l ^ 31); });
    check_lanes(
        "gfx12", n, reverse + ">v_permlane16_var_b32 v0, v2, v4",
        [](unsigned l) { return l == 7   ? 108
                                : l == 8 ? 107
                                         : 7; }, 0x183);
    check_lanes(
        "gfx12", n, reverse + ">v_permlane16_var_b32 v0, v2, v4 op_sel:[1,0]",
        [](unsigned l) { return l < 2 ? 115 - l : 7; }, 3);
    check_lanes(
        "gfx12", n, reverse + ">v_permlanex16_var_b32 v0, v2, v4 op_sel:[0,1]",
        [](unsigned l) { return l < 2 ? 0 : 7; }, 3);
  }
  for (const char *cpu : {"gfx11", "gfx12"}) {
    // EXEC decides who writes, not who is read; nothing happens in a wave of 32.
    check_lanes(
        cpu, 64, "v_permlane64_b32 v0, v2", [](unsigned l) { return l & 1 ? 100 + (l ^ 32) : 7; },
        0xaaaaaaaaaaaaaaaa);
    check_lanes(cpu, 32, "v_permlane64_b32 v0, v2", [](unsigned) { return 7; });
  }
}

TESTED_CASE("mbcnt of both halves") {
  for (unsigned n : {32u, 64u})
    check_lanes("gfx", n,
                "s_mov_b32 s0, 0x55555555\n>v_mbcnt_lo_u32_b32 v0, s0, 3\n>v_mbcnt_hi_u32_b32 v0, "
                "s0, v0",
                [](unsigned l) {
                  uint64_t below = (uint64_t(1) << l) - 1;
                  return 3 + unsigned(__builtin_popcountll(0x5555555555555555 & below));
                });
}

TESTED_CASE("lane numbers past the wave, no lane at all") {
  for (unsigned n : {32u, 64u}) {
    check_lanes("gfx", n, ">v_readlane_b32 s0, v2, s9\nv_mov_b32 v0, s0",
                [](unsigned) { return 100; }); // s9 is zero
    check_lanes("gfx", n, "s_mov_b32 s9, 0xc5\n>v_readlane_b32 s0, v2, s9\nv_mov_b32 v0, s0",
                [](unsigned) { return 105; });
    check_lanes("gfx", n, "s_mov_b32 s9, 0xffffffe6\ns_mov_b32 s8, 9\n>v_writelane_b32 v0, s8, s9",
                [n](unsigned l) { return l == (0xe6 & (n - 1)) ? 9 : 7; });
    const char *none = n == 64 ? "s_mov_b64 exec, 0\n>v_readfirstlane_b32 s0, v2\ns_mov_b64 exec, "
                                 "-1\nv_mov_b32 v0, s0"
                               : "s_mov_b32 exec_lo, 0\n>v_readfirstlane_b32 s0, v2\ns_mov_b32 "
                                 "exec_lo, -1\nv_mov_b32 v0, s0";
    check_lanes("gfx", n, none, [](unsigned) { return 100; });
  }
}

TESTED_CASE("swaps") {
  for (unsigned n : {32u, 64u}) {
    auto odd = [](unsigned l) { return l & 1 ? 100 + l : 7; };
    check_lanes("gfx", n, "v_swap_b32 v0, v2", odd, 0xaaaaaaaaaaaaaaaa);
    check_lanes("gfx", n, ">v_swap_b32 v2, v0", odd, 0xaaaaaaaaaaaaaaaa);
    check_lanes(
        "gfx", n, ">v_swap_b32 v0, v2\nv_mov_b32 v0, v2", [](unsigned) { return 7; },
        0xaaaaaaaaaaaaaaaa);
    check_lanes("gfx11", n, ">v_swap_b16 v0.h, v2.l",
                [](unsigned l) { return (100 + l) << 16 | 7; });
    check_lanes("gfx11", n, ">v_swap_b16 v2.h, v0.l\nv_mov_b32 v0, v2",
                [](unsigned l) { return 7u << 16 | (100 + l); });
    check_lanes("gfx11", n, ">v_swap_b16 v0.l, v0.h", [](unsigned) { return 7u << 16; });
  }
}

TESTED_CASE("vector register indexing by M0") {
  for (unsigned n : {32u, 64u}) {
    auto odd = [](unsigned want) { return [=](unsigned l) { return l & 1 ? want : 7; }; };
    const uint64_t exec = 0xaaaaaaaaaaaaaaaa;
    check_lanes("gfx1", n, "s_mov_b32 m0, 1\nv_mov_b32 v3, 55\n>v_movrels_b32 v0, v2", odd(55),
                exec);
    check_lanes("gfx1", n,
                "s_mov_b32 m0, 2\nv_mov_b32 v5, 56\n>v_movreld_b32 v3, v5\nv_mov_b32 "
                "v0, v5",
                odd(56), exec);
    check_lanes("gfx1", n,
                "s_mov_b32 m0, 2\nv_mov_b32 v5, 57\n>v_movrelsd_b32 v6, v3\nv_mov_b32 "
                "v0, v8",
                odd(57), exec);
    check_lanes("gfx1", n,
                "s_mov_b32 m0, 0x30001\nv_mov_b32 v5, 58\n>v_movrelsd_2_b32 v6, "
                "v4\nv_mov_b32 v0, v9",
                odd(58), exec);
  }
}

TESTED_CASE("accumulation registers") {
  check_lanes(
      "gfx9", 64,
      ">v_accvgpr_write_b32 a1, v2\n>v_accvgpr_mov_b32 a3, a1\n>v_accvgpr_read_b32 v0, a3",
      [](unsigned l) { return l & 1 ? 100 + l : 7; }, 0xaaaaaaaaaaaaaaaa);
  check_lanes("gfx9", 64, ">v_accvgpr_write_b32 a2, -5\n>v_accvgpr_read_b32 v0, a2",
              [](unsigned) { return uint32_t(-5); });
}

TESTED_CASE("vector instructions that do nothing") {
  for (const Model &model : models())
    for (const char *name : {"v_nop", "v_clrexcp", "v_pipeflush"}) {
      Machine m(model.cpu, model.lanes);
      for (unsigned l = 0; l < m.lanes; l++)
        m.v(0, l) = l;
      m.wave.set_vcc(5);
      m.wave.set_exec(9);
      bool ok = m.run(name);
      if (!m.assembled)
        continue;
      INFO(name << " on " << model.cpu << " " << m.stop.text);
      CHECK(ok);
      CHECK(m.wave.vcc() == 5);
      CHECK(m.wave.exec() == 9);
      for (unsigned l = 0; l < m.lanes; l++)
        CHECK(m.v(0, l) == l);
    }
}

TESTED_CASE("the rest of DPP's controls") {
  check_lanes("gfx9", 64, kMov + "wave_shl:1 row_mask:0xf bank_mask:0xf",
              [](unsigned l) { return l < 63 ? 101 + l : 7; });
  check_lanes("gfx9", 64, kMov + "wave_shl:1 row_mask:0xf bank_mask:0xf bound_ctrl:1",
              [](unsigned l) { return l < 63 ? 101 + l : 0; });
  check_lanes("gfx9", 64, kMov + "wave_ror:1 row_mask:0xf bank_mask:0xf",
              [](unsigned l) { return 100 + (l + 63) % 64; });
  for (unsigned n : {32u, 64u}) {
    for (unsigned by = 1; by < 16; by++) {
      std::string masks = ":" + std::to_string(by) + " row_mask:0xf bank_mask:0xf";
      check_lanes("gfx", n, kMov + "row_shl" + masks,
                  [=](unsigned l) { return l % 16 + by < 16 ? 100 + l + by : 7; });
      check_lanes("gfx", n, kMov + "row_shr" + masks + " bound_ctrl:1",
                  [=](unsigned l) { return l % 16 >= by ? 100 + l - by : 0; });
      check_lanes("gfx", n, kMov + "row_ror" + masks,
                  [=](unsigned l) { return 100 + (l & ~15u) + ((l - by) & 15); });
      check_lanes("gfx1", n, kMov + "row_share" + masks,
                  [=](unsigned l) { return 100 + (l & ~15u) + by; });
      check_lanes("gfx1", n, kMov + "row_xmask" + masks,
                  [=](unsigned l) { return 100 + (l ^ by); });
    }
    // A lane that is off is not written whatever it reads; its row and bank must be enabled.
    check_lanes(
        "gfx", n, kMov + "row_mirror row_mask:0x3 bank_mask:0x9",
        [](unsigned l) {
          return l < 32 && (l % 16 < 4 || l % 16 >= 12) && l % 16 != 3 && l % 16 != 12
                     ? 100 + (l ^ 15)
                     : 7;
        },
        ~uint64_t(0x1008100810081008));
    // Lanes that are off read as zero by DPP8, unless FI fetches them.
    check_lanes(
        "gfx1", n, "v_mov_b32_dpp v0, v2 dpp8:[7,6,5,4,3,2,1,0]",
        [](unsigned l) { return l < 4 ? 0 : 7; }, 0xf);
    check_lanes(
        "gfx1", n, "v_mov_b32_dpp v0, v2 dpp8:[7,6,5,4,3,2,1,0] fi:1",
        [](unsigned l) { return l < 4 ? 107 - l : 7; }, 0xf);
  }
}

TESTED_CASE("LDS permutes and swizzle") {
  for (unsigned n : {32u, 64u}) {
    check_lanes("gfx", n, "ds_swizzle_b32 v0, v2 offset:swizzle(SWAP,1)",
                [](unsigned l) { return 100 + (l ^ 1); });
    check_lanes("gfx", n, "ds_swizzle_b32 v0, v2 offset:swizzle(QUAD_PERM,2,2,3,3)",
                [](unsigned l) { return 100 + (l & ~3u) + 2 + (l >> 1 & 1); });
    check_lanes("gfx", n, "ds_swizzle_b32 v0, v2 offset:swizzle(BROADCAST,32,5)",
                [](unsigned l) { return 105 + (l & 32); });
  }
  std::string bpermute = "v_mov_b32 v4, 20\n>ds_bpermute_b32 v0, v4, v2";
  check_lanes("gfx", 32, bpermute, [](unsigned) { return 105; });
  check_lanes("gfx9", 64, bpermute, [](unsigned) { return 105; });
  check_lanes("gfx11", 64, bpermute, [](unsigned l) { return 105 + (l & 32); });
  check_lanes("gfx12", 64, bpermute, [](unsigned) { return 105; });
  // A source lane that is off reads as zero.
  check_lanes("gfx9", 64, bpermute, [](unsigned l) { return l < 4 ? 0 : 7; }, 0xf);
}

TESTED_CASE("vector register indexing of gfx9") {
  // v[2 + 1] as the source, v[0 + 1] as the destination
  check_lanes("gfx9", 64,
              "v_mov_b32 v3, 11\ns_mov_b32 s0, 1\ns_set_gpr_idx_on s0, gpr_idx(SRC0)\nv_mov_b32 "
              "v0, v2\ns_set_gpr_idx_off",
              [](unsigned) { return 11; });
  check_lanes("gfx9", 64,
              "s_mov_b32 s0, 1\ns_set_gpr_idx_on s0, gpr_idx(DST)\nv_mov_b32 v5, "
              "v2\ns_set_gpr_idx_off\nv_mov_b32 v0, v6",
              [](unsigned l) { return 100 + l; });
}

TESTED_CASE("functions of scalars, gfx12") {
  auto one = [](const std::string &name, uint32_t source, uint32_t want) {
    for (unsigned lanes : {32u, 64u}) {
      Machine m("gfx1201", lanes);
      m.wave.s[4] = source;
      m.wave.s[6] = 0xdeadbeef;
      m.wave.set_exec(0); // of no matter
      INFO(name << " of 0x" << std::hex << source << ": " << m.stop.text);
      REQUIRE(m.run(name + " s6, s4"));
      INFO("got 0x" << m.wave.s[6] << ", want 0x" << want);
      CHECK(m.wave.s[6] == want);
    }
  };
  one("v_s_exp_f32", uint32_t(f(3)), uint32_t(f(8)));
  one("v_s_exp_f32", uint32_t(f(-140)), 0);
  one("v_s_exp_f32", 0x7f800001, 0x7fc00001);
  one("v_s_log_f32", uint32_t(f(8)), uint32_t(f(3)));
  one("v_s_log_f32", 1, 0xff800000);
  one("v_s_log_f32", uint32_t(f(-1)), 0x7fc00000);
  one("v_s_rcp_f32", uint32_t(f(4)), uint32_t(f(0.25f)));
  one("v_s_rcp_f32", 0x80000000, 0xff800000);
  one("v_s_rsq_f32", uint32_t(f(4)), uint32_t(f(0.5f)));
  one("v_s_rsq_f32", 0, 0x7f800000);
  one("v_s_sqrt_f32", uint32_t(f(9)), uint32_t(f(3)));
  one("v_s_sqrt_f32", uint32_t(f(-9)), 0x7fc00000);
  one("v_s_exp_f16", 0xabcd4200, 0x4800); // the upper half is not looked at, and cleared
  one("v_s_log_f16", 0x4800, 0x4200);
  one("v_s_rcp_f16", 0x4400, 0x3400);
  one("v_s_rsq_f16", 0x4400, 0x3800);
  one("v_s_sqrt_f16", 0x4880, 0x4200);
}
