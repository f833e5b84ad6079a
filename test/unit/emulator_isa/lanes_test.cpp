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
