// Integer vector instructions. Expected values: AMD's RDNA3, RDNA4 and MI300 ISA documents.
#include "machine.h"

#include <catch2/catch.hpp>

using namespace w2w::emu::test;

TESTED_CASE("integer addition and subtraction") {
  check({
      {"v_add_u32 v0, v2, v4",
       {1, 0xffffffff, 0x80000000},
       {2, 1, 0x80000000},
       {},
       {3, 0, 0},
       "gfx9"},
      {"v_add_nc_u32 v0, v2, v4", {1, 0xffffffff, 0x80000000}, {2, 1, 0x80000000}, {}, {3, 0, 0}},
      {"v_add_nc_u32_e64 v0, v2, v4 clamp",
       {1, 0xffffffff, 7},
       {2, 1, 5},
       {},
       {3, 0xffffffff, 12},
       "gfx11"},
      {"v_sub_nc_u32 v0, v2, v4", {1, 5}, {2, 3}, {}, {0xffffffff, 2}},
      {"v_subrev_nc_u32 v0, v2, v4", {1, 5}, {2, 3}, {}, {1, 0xfffffffe}},
      {"v_sub_u32_e64 v0, v2, v4 clamp", {1, 5}, {2, 3}, {}, {0, 2}, "gfx9"},
      {"v_add_i32 v0, v2, v4 clamp",
       {0x7fffffff, 0x80000000},
       {1, 0xffffffff},
       {},
       {0x7fffffff, 0x80000000},
       "gfx9"},
      {"v_sub_nc_i32 v0, v2, v4 clamp", {0x7fffffff, 3}, {0xffffffff, 1}, {}, {0x7fffffff, 2}},
      {"v_add3_u32 v0, v2, v4, v6", {1, 0xffffffff}, {2, 1}, {3, 5}, {6, 5}},
      {"v_lshl_add_u32 v0, v2, v4, v6", {1, 3}, {4, 33}, {3, 5}, {19, 11}},
      {"v_add_lshl_u32 v0, v2, v4, v6", {1, 3}, {4, 5}, {3, 32}, {40, 8}},
      {"v_xad_u32 v0, v2, v4, v6", {5}, {3}, {10}, {16}},
      {"v_lshl_add_u64 v[0:1], v[2:3], v4, v[6:7]",
       {0x100000001, 1},
       {3, 4},
       {1, 0xffffffffff},
       {0x800000009, 0x1000000000f}},
  });
}

TESTED_CASE("integer multiplication") {
  check({
      {"v_mul_lo_u32 v0, v2, v4", {0xffffffff, 0x10000}, {0xffffffff, 0x10000}, {}, {1, 0}},
      {"v_mul_hi_u32 v0, v2, v4",
       {0xffffffff, 0x10000},
       {0xffffffff, 0x10000},
       {},
       {0xfffffffe, 1}},
      {"v_mul_hi_i32 v0, v2, v4",
       {0xffffffff, 0x80000000},
       {0xffffffff, 0x80000000},
       {},
       {0, 0x40000000}},
      {"v_mul_i32_i24 v0, v2, v4", {0xff800001, 0x00ffffff}, {2, 3}, {}, {0xff000002, 0xfffffffd}},
      {"v_mul_u32_u24 v0, v2, v4", {0xff000002, 0x00ffffff}, {3, 0x00ffffff}, {}, {6, 0xfe000001}},
      {"v_mul_hi_u32_u24 v0, v2, v4", {0x00ffffff}, {0x00ffffff}, {}, {0xffff}},
      {"v_mul_hi_i32_i24 v0, v2, v4",
       {0x00ffffff, 0x800000},
       {1, 0x800000},
       {},
       {0xffffffff, 0x4000}},
      {"v_mad_u32_u24 v0, v2, v4, v6", {3, 0xffffff}, {5, 0xffffff}, {7, 0x2000000}, {22, 0x1}},
      {"v_mad_i32_i24 v0, v2, v4, v6", {3, 0xffffff}, {5, 1}, {7, 0}, {22, 0xffffffff}},
      {"v_mad_u64_u32 v[0:1], vcc, v2, v4, v[6:7]",
       {0xffffffff, 2},
       {0xffffffff, 3},
       {1, 0x500000000},
       {0xfffffffe00000002, 0x500000006},
       "gfx942"},
      {"v_mad_u32_u16 v0, v2, v4, v6", {0xffff, 3}, {0xffff, 4}, {0xffffffff, 5}, {0xfffe0000, 17}},
      {"v_mad_i32_i16 v0, v2, v4, v6", {0xffff, 3}, {0x2, 4}, {0, 5}, {0xfffffffe, 17}},
  });
}

TESTED_CASE("shifts and bit fields") {
  check({
      {"v_lshlrev_b32 v0, v2, v4", {1, 32, 33, 31}, {3, 3, 3, 3}, {}, {6, 3, 6, 0x80000000}},
      {"v_lshrrev_b32 v0, v2, v4",
       {1, 32, 31},
       {0x80000000, 7, 0x80000000},
       {},
       {0x40000000, 7, 1}},
      {"v_ashrrev_i32 v0, v2, v4",
       {1, 32, 31},
       {0x80000000, 7, 0x80000000},
       {},
       {0xc0000000, 7, 0xffffffff}},
      {"v_lshlrev_b64 v[0:1], v2, v[4:5]",
       {1, 64, 63},
       {0x80000000, 0x1ffffffff, 1},
       {},
       {0x100000000, 0x1ffffffff, 0x8000000000000000}},
      {"v_lshrrev_b64 v[0:1], v2, v[4:5]",
       {4, 64},
       {0xf000000000000000, 0x1ffffffff},
       {},
       {0xf00000000000000, 0x1ffffffff}},
      {"v_ashrrev_i64 v[0:1], v2, v[4:5]",
       {4, 64},
       {0xf000000000000000, 0x1ffffffff},
       {},
       {0xff00000000000000, 0x1ffffffff}},
      {"v_bfe_u32 v0, v2, v4, v6",
       {0xabcdef12, 0xffffffff, 0xffffffff},
       {8, 28, 0},
       {8, 8, 32},
       {0xef, 0xf, 0}},
      {"v_bfe_i32 v0, v2, v4, v6",
       {0xabcdef12, 0x70000000, 0xffffffff},
       {8, 28, 4},
       {8, 3, 0},
       {0xffffffef, 0xffffffff, 0}},
      {"v_bfi_b32 v0, v2, v4, v6", {0xff00ff00}, {0x12345678}, {0x9abcdef0}, {0x12bc56f0}},
      {"v_bfm_b32 v0, v2, v4", {4, 32}, {8, 1}, {}, {0xf00, 0}},
      {"v_alignbit_b32 v0, v2, v4, v6", {0x12345678, 1}, {0x9abcdef0, 2}, {8, 32}, {0x789abcde, 2}},
      {"v_alignbyte_b32 v0, v2, v4, v6", {0x12345678, 1}, {0x9abcdef0, 2}, {1, 4}, {0x789abcde, 2}},
      {"v_perm_b32 v0, v2, v4, v6",
       {0x01028304, 0x80000000},
       {0x05860708, 0x8000},
       {0x0c070004, 0x0d0b0a08},
       {0x00010804, 0xffff00ff}},
      {"v_bfrev_b32 v0, v2", {1, 0x80000001}, {}, {}, {0x80000000, 0x80000001}},
      {"v_bcnt_u32_b32 v0, v2, v4", {0xff, 0}, {1, 5}, {}, {9, 5}},
      {"v_and_or_b32 v0, v2, v4, v6", {0xff}, {0x0f}, {0x100}, {0x10f}},
      {"v_or3_b32 v0, v2, v4, v6", {1}, {2}, {4}, {7}},
      {"v_lshl_or_b32 v0, v2, v4, v6", {1}, {36}, {2}, {18}},
  });
}

TESTED_CASE("counting bits") {
  check({
      {"v_ffbh_u32 v0, v2", {0, 1, 0x80000000}, {}, {}, {0xffffffff, 31, 0}, "gfx9"},
      {"v_clz_i32_u32 v0, v2", {0, 1, 0x80000000}, {}, {}, {0xffffffff, 31, 0}, "gfx11"},
      {"v_ffbl_b32 v0, v2", {0, 6, 0x80000000}, {}, {}, {0xffffffff, 1, 31}, "gfx9"},
      {"v_ffbh_i32 v0, v2",
       {0, 0xffffffff, 1, 0xfffffffe, 0x80000000},
       {},
       {},
       {0xffffffff, 0xffffffff, 31, 31, 1},
       "gfx9"},
  });
}

TESTED_CASE("minimum, maximum, median, sums of differences") {
  check({
      {"v_min_i32 v0, v2, v4", {0xffffffff, 3}, {1, 2}, {}, {0xffffffff, 2}},
      {"v_max_u32 v0, v2, v4", {0xffffffff, 3}, {1, 2}, {}, {0xffffffff, 3}},
      {"v_med3_i32 v0, v2, v4, v6", {0xffffffff, 9}, {1, 2}, {5, 4}, {1, 4}},
      {"v_med3_u32 v0, v2, v4, v6", {0xffffffff, 9}, {1, 2}, {5, 4}, {5, 4}},
      {"v_min3_u32 v0, v2, v4, v6", {7}, {1}, {5}, {1}},
      {"v_max3_i32 v0, v2, v4, v6", {7}, {0x80000000}, {5}, {7}},
      {"v_sad_u8 v0, v2, v4, v6", {0x01ff0310}, {0x02000105}, {100}, {100 + 1 + 255 + 2 + 11}},
      {"v_sad_u32 v0, v2, v4, v6", {5, 0xffffffff}, {9, 0}, {1, 0}, {5, 0xffffffff}},
      {"v_msad_u8 v0, v2, v4, v6", {0x01ff0310}, {0x02000105}, {100}, {100 + 1 + 2 + 11}},
      {"v_sad_u16 v0, v2, v4, v6", {0x0001ffff}, {0x00050000}, {1}, {1 + 4 + 65535}},
      {"v_lerp_u8 v0, v2, v4, v6", {0x02ff0001}, {0x03ff0002}, {0x01010000}, {0x03ff0001}},
  });
}

TESTED_CASE("16-bit integers") {
  check({
      {"v_add_u16 v0, v2, v4", {0xffff, 0x12340001}, {1, 2}, {}, {0, 3}, "gfx9", 0, 0xaaaaaaaa},
      {"v_add_nc_u16 v0, v2, v4",
       {0xffff, 0x12340001},
       {1, 2},
       {},
       {0xaaaa0000, 0xaaaa0003},
       "gfx1030",
       0,
       0xaaaaaaaa},
      {"v_mul_lo_u16 v0, v2, v4", {300, 0xffff}, {300, 0xffff}, {}, {90000 & 0xffff, 1}, "gfx9"},
      {"v_lshlrev_b16 v0, v2, v4", {4, 17}, {0xf0f0, 1}, {}, {0x0f00, 2}, "gfx9"},
      {"v_ashrrev_i16 v0, v2, v4", {4, 15}, {0xf0f0, 0x8000}, {}, {0xff0f, 0xffff}, "gfx9"},
      {"v_pk_add_u16 v0, v2, v4", {0x0001ffff}, {0x00020001}, {}, {0x00030000}},
      {"v_pk_add_u16 v0, v2, v4 clamp", {0x0001ffff}, {0x00020001}, {}, {0x0003ffff}},
      {"v_pk_sub_i16 v0, v2, v4", {0x0001ffff}, {0x00020001}, {}, {0xfffffffe}},
      {"v_pk_mad_i16 v0, v2, v4, v6", {0x0002ffff}, {0x00030004}, {0x00010001}, {0x0007fffd}},
      {"v_pk_mul_lo_u16 v0, v2, v4 op_sel:[1,0] op_sel_hi:[0,1]",
       {0x00020003},
       {0x00050007},
       {},
       {0x000f000e}},
      {"v_pk_lshlrev_b16 v0, v2, v4", {0x00040001}, {0x0ff00001}, {}, {0xff000002}},
      {"v_pk_max_i16 v0, v2, v4", {0x8000ffff}, {0x00010000}, {}, {0x00010000}},
      {"v_pk_add_u16 v0, v2, 3 op_sel_hi:[1,0]", {0x00010002}, {}, {}, {0x00040005}},
      {"v_med3_i16 v0, v2, v4, v6", {0xffff}, {5}, {2}, {2}, "gfx9"},
      {"v_mad_u16 v0, v2, v4, v6", {3}, {5}, {0xfff0}, {0xffff}, "gfx9"},
  });
}

TESTED_CASE("dot products") {
  check({
      {"v_dot4_i32_i8 v0, v2, v4, v6",
       {0xff020304},
       {0x01010101},
       {10},
       {10 - 1 + 2 + 3 + 4},
       "gfx9"},
      {"v_dot4_u32_u8 v0, v2, v4, v6", {0xff020304}, {0x01010101}, {10}, {10 + 255 + 2 + 3 + 4}},
      {"v_dot2_i32_i16 v0, v2, v4, v6", {0xffff0002}, {0x00030004}, {10}, {10 - 3 + 8}, "gfx9"},
      {"v_dot8_i32_i4 v0, v2, v4, v6", {0xf1111111}, {0x11111111}, {0}, {6}, "gfx9"},
      {"v_dot4c_i32_i8 v0, v2, v4", {0xff020304}, {0x01010101}, {}, {8 + 5}, "gfx9", 0, 5},
  });
}
