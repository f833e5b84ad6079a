// Floating-point vector instructions, bit for bit. Expected values: IEEE 754 and AMD's RDNA3 and MI300 ISA documents.
#include "machine.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {
constexpr uint64_t kSnan = 0x7f800001, kMinusNan = 0xffc00000, kDenormal = 1, kMax = 0x7f7fffff;
// MODE: IEEE and dx10_clamp as compute kernels have them; [7:6] f64/f16 and [5:4] f32 denormals, [3:2] and [1:0] rounding
constexpr uint32_t kFlush32 = 0x3c0, kFlush64 = 0x330, kUp = 0x3f5, kDown = 0x3fa, kZero = 0x3ff, kNoIeee = 0x1f0;
} // namespace

TEST_CASE("f32 arithmetic") {
  check({
      {"v_add_f32 v0, v2, v4", {f(1.5f), f(0x1p-149f), kInf, kMinus0}, {f(2.25f), f(0x1p-149f), kMinusInf, kMinus0}, {}, {f(3.75f), f(0x1p-148f), kNan, kMinus0}},
      {"v_add_f32 v0, v2, v4", {0x7fc12345, kSnan, f(1), 0xff812345}, {f(1), f(1), 0x7f812345, 0x7fc00000}, {}, {0x7fc12345, 0x7fc00001, 0x7fc12345, 0xffc12345}},
      {"v_sub_f32 v0, v2, v4", {f(1), f(0)}, {f(3), f(0)}, {}, {f(-2), 0}},
      {"v_subrev_f32 v0, v2, v4", {f(1)}, {f(3)}, {}, {f(2)}},
      {"v_mul_f32 v0, v2, v4", {f(3), kMax, f(0), f(0x1p-140f)}, {f(-0.5f), f(2), kInf, f(0x1p-9f)}, {}, {f(-1.5f), kInf, kNan, kDenormal}},
      {"v_fma_f32 v0, v2, v4, v6", {f(0x1.000002p0f), kInf}, {f(0x1.000002p0f), f(0)}, {f(-0x1.000004p0f), f(1)}, {f(0x1p-46f), kNan}},
      {"v_fmac_f32 v0, v2, v4", {f(2)}, {f(3)}, {}, {f(7)}, nullptr, 0, f(1)},
      {"v_fma_f32 v0, -v2, |v4|, -v6", {f(2)}, {f(-3)}, {f(1)}, {f(-7)}},
      {"v_fmamk_f32 v0, v2, 0x40400000, v4", {f(2)}, {f(1)}, {}, {f(7)}},
      {"v_fmaak_f32 v0, v2, v4, 0x40400000", {f(2)}, {f(1)}, {}, {f(5)}},
      {"v_mul_legacy_f32 v0, v2, v4", {f(0), f(2)}, {kInf, f(3)}, {}, {0, f(6)}},
  });
}

TEST_CASE("f32 rounding and denormals by MODE") {
  check({
      {"v_add_f32 v0, v2, v4", {f(1), f(-1)}, {f(0x1p-30f), f(-0x1p-30f)}, {}, {0x3f800001, f(-1)}, nullptr, kUp},
      {"v_add_f32 v0, v2, v4", {f(1), f(-1)}, {f(0x1p-30f), f(-0x1p-30f)}, {}, {f(1), 0xbf800001}, nullptr, kDown},
      {"v_add_f32 v0, v2, v4", {f(1), f(-1)}, {f(-0x1p-30f), f(0x1p-30f)}, {}, {0x3f7fffff, 0xbf7fffff}, nullptr, kZero},
      {"v_add_f32 v0, v2, v4", {kDenormal, 0x80000001}, {f(0), kMinus0}, {}, {0, kMinus0}, nullptr, kFlush32},
      {"v_mul_f32 v0, v2, v4", {f(0x1p-100f), f(-0x1p-100f)}, {f(0x1p-40f), f(0x1p-40f)}, {}, {0, kMinus0}, nullptr, kFlush32},
      {"v_add_f64 v[0:1], v[2:3], v[4:5]", {d(1)}, {d(0x1p-60)}, {}, {0x3ff0000000000001}, nullptr, kUp},
      {"v_add_f64 v[0:1], v[2:3], v[4:5]", {1, d(1)}, {0, d(1)}, {}, {0, d(2)}, nullptr, kFlush64},
      {"v_add_f16 v0, v2, v4", {0x3c00}, {0x0001}, {}, {0x3c01}, "gfx9", kUp},
      {"v_add_f16 v0, v2, v4", {0x0001, 0x8001}, {0, 0}, {}, {0, 0}, "gfx9", kFlush64},
      {"v_mov_b32 v0, v2", {kDenormal}, {}, {}, {kDenormal}, nullptr, kFlush32},
  });
}

TEST_CASE("f32 minimum, maximum, median") {
  check({
      {"v_min_f32 v0, v2, v4", {f(1), kMinus0, f(0), kNan, f(3)}, {f(2), f(0), kMinus0, f(2), kNan}, {}, {f(1), kMinus0, kMinus0, f(2), f(3)}, "gfx1"},
      {"v_max_f32 v0, v2, v4", {f(1), kMinus0, f(0), kNan, f(3)}, {f(2), f(0), kMinus0, f(2), kNan}, {}, {f(2), 0, 0, f(2), f(3)}, "gfx9"},
      {"v_max_f32 v0, v2, v4", {kSnan, f(1)}, {f(1), kSnan}, {}, {0x7fc00001, 0x7fc00001}, "gfx11"},
      {"v_max_f32 v0, v2, v4", {kSnan, f(1)}, {f(1), kSnan}, {}, {f(1), f(1)}, "gfx11", kNoIeee},
      {"v_max_num_f32 v0, v2, v4", {f(1), kNan}, {f(2), f(7)}, {}, {f(2), f(7)}, "gfx12"},
      {"v_maximum_f32 v0, v2, v4", {f(1), kNan}, {f(2), f(7)}, {}, {f(2), kNan}, "gfx12"},
      {"v_med3_f32 v0, v2, v4, v6", {f(1), f(3), kNan}, {f(2), f(1), f(5)}, {f(3), f(2), f(4)}, {f(2), f(2), f(4)}},
      {"v_min3_f32 v0, v2, v4, v6", {f(1)}, {f(-2)}, {f(3)}, {f(-2)}},
      {"v_max3_f32 v0, v2, v4, v6", {f(1)}, {f(-2)}, {f(3)}, {f(3)}},
  });
}

TEST_CASE("f32 rounding to integers, parts") {
  check({
      {"v_trunc_f32 v0, v2", {f(1.7f), f(-1.7f), kInf, kSnan, f(-0.5f)}, {}, {}, {f(1), f(-1), kInf, 0x7fc00001, kMinus0}},
      {"v_ceil_f32 v0, v2", {f(1.2f), f(-1.7f)}, {}, {}, {f(2), f(-1)}},
      {"v_floor_f32 v0, v2", {f(1.7f), f(-1.2f)}, {}, {}, {f(1), f(-2)}},
      {"v_rndne_f32 v0, v2", {f(0.5f), f(1.5f), f(2.5f), f(-0.5f)}, {}, {}, {0, f(2), f(2), kMinus0}},
      {"v_rndne_f32 v0, v2", {f(0.5f), f(1.5f)}, {}, {}, {0, f(2)}, nullptr, kUp},
      {"v_fract_f32 v0, v2", {f(1.75f), f(-0.25f), f(-0x1p-60f)}, {}, {}, {f(0.75f), f(0.75f), 0x3f7fffff}},
      {"v_frexp_exp_i32_f32 v0, v2", {f(1), f(0.5f), 0, kInf, kDenormal, f(-8)}, {}, {}, {1, 0, 0, 0, uint32_t(-148), 4}},
      {"v_frexp_mant_f32 v0, v2", {f(1), f(-3), 0, kInf, kDenormal, kMinus0}, {}, {}, {f(0.5f), f(-0.75f), 0, kInf, f(0.5f), kMinus0}},
      {"v_ldexp_f32 v0, v2, v4", {f(1), f(1), f(3), f(1), f(1)}, {10, uint32_t(-149), uint32_t(-150), 1000, uint32_t(-1000)}, {}, {f(1024), 1, 2, kInf, 0}},
      {"v_cmp_class_f32 vcc, v2, v4\nv_cndmask_b32 v0, 0, 1, vcc", {kSnan, kNan, kMinusInf, f(-1), 0x80000001, kMinus0, 0, 1, f(1), kInf}, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, {}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "gfx9"},
      {"v_cmp_class_f32 vcc, v2, v4\nv_cndmask_b32 v0, 0, 1, vcc", {kSnan, kNan, kMinusInf, f(-1)}, {~1u & 0x3ff, ~2u & 0x3ff, ~4u & 0x3ff, ~8u & 0x3ff}, {}, {0, 0, 0, 0}, "gfx9"},
  });
}

TEST_CASE("f32 reciprocals, roots, exponentials: correctly rounded, denormals flushed") {
  check({
      {"v_rcp_f32 v0, v2", {f(3), 0, kMinus0, kInf, kDenormal, kMax, f(0.5f)}, {}, {}, {f(1.0f / 3), kInf, kMinusInf, 0, kInf, 0, f(2)}},
      {"v_sqrt_f32 v0, v2", {f(2), f(-1), kMinus0, kInf, f(9)}, {}, {}, {f(std::sqrt(2.0f)), kNan, kMinus0, kInf, f(3)}},
      {"v_rsq_f32 v0, v2", {f(4), 0, f(-1), kInf}, {}, {}, {f(0.5f), kInf, kNan, 0}},
      {"v_exp_f32 v0, v2", {0, f(1), f(-1), kInf, kMinusInf, f(0.5f), f(-140)}, {}, {}, {f(1), f(2), f(0.5f), kInf, 0, 0x3fb504f3, 0}},
      {"v_log_f32 v0, v2", {f(1), f(8), 0, f(-1), kInf, f(3)}, {}, {}, {0, f(3), kMinusInf, kNan, kInf, 0x3fcae00d}},
      {"v_sin_f32 v0, v2", {0, f(0.25f), f(0.5f), f(0.75f), kInf, f(1024.25f)}, {}, {}, {0, f(1), 0, f(-1), kNan, f(1)}},
      {"v_cos_f32 v0, v2", {0, f(0.25f), f(0.5f), f(-0.75f), kNan}, {}, {}, {f(1), 0, f(-1), 0, kNan}},
  });
}

TEST_CASE("f64") {
  check({
      {"v_add_f64 v[0:1], v[2:3], v[4:5]", {d(1.5), d(INFINITY)}, {d(2.25), d(-INFINITY)}, {}, {d(3.75), 0x7ff8000000000000}},
      {"v_mul_f64 v[0:1], v[2:3], v[4:5]", {d(1.5), 0x7ff0000000000001}, {d(-2), d(1)}, {}, {d(-3), 0x7ff8000000000001}},
      {"v_fma_f64 v[0:1], v[2:3], v[4:5], -v[6:7]", {d(1.5)}, {d(-2)}, {d(1)}, {d(-4)}},
      {"v_min_f64 v[0:1], v[2:3], v[4:5]", {d(1.5)}, {d(-2)}, {}, {d(-2)}},
      {"v_rcp_f64 v[0:1], v[2:3]", {d(3), d(-0.0)}, {}, {}, {d(1.0 / 3), d(-INFINITY)}},
      {"v_sqrt_f64 v[0:1], v[2:3]", {d(2)}, {}, {}, {d(std::sqrt(2.0))}},
      {"v_floor_f64 v[0:1], v[2:3]", {d(-1.5)}, {}, {}, {d(-2)}},
      {"v_rndne_f64 v[0:1], v[2:3]", {d(2.5)}, {}, {}, {d(2)}},
      {"v_fract_f64 v[0:1], v[2:3]", {d(-1.25)}, {}, {}, {d(0.75)}},
      {"v_ldexp_f64 v[0:1], v[2:3], v4", {d(3), d(1)}, {uint32_t(-1074), 2000}, {}, {3, d(INFINITY)}},
      {"v_frexp_exp_i32_f64 v0, v[2:3]", {d(8), 1}, {}, {}, {4, uint32_t(-1073)}},
      {"v_frexp_mant_f64 v[0:1], v[2:3]", {d(-3), 1}, {}, {}, {d(-0.75), d(0.5)}},
      {"v_trig_preop_f64 v[0:1], v[2:3], 0", {d(1)}, {}, {}, {0x3fe45f306dc9c882}},
      {"v_trig_preop_f64 v[0:1], v[2:3], 1", {d(1)}, {}, {}, {0x3c94a7f09d5f47d4}},
  });
}

TEST_CASE("division steps") {
  check({
      // denominator, numerator = scaled source, denominator, numerator
      {"v_div_scale_f32 v0, vcc, v2, v4, v6", {f(3), f(0x1p-130f), f(1)}, {f(3), f(0x1p-130f), f(0)}, {f(1), f(1), f(1)}, {f(3), f(0x1p-66f), kNan}, "gfx9"},
      {"v_div_fixup_f32 v0, v2, v4, v6", {f(5), f(5), f(5), f(5), f(5), f(5)}, {f(-1), 0, kInf, 0, f(2), kInf}, {f(1), f(-1), f(-1), 0, kNan, kInf}, {f(-5), kMinusInf, kMinus0, kMinusNan, kNan, kMinusNan}},
      {"s_mov_b64 vcc, -1\nv_div_fmas_f32 v0, v2, v4, v6", {f(1), f(1)}, {f(2), f(2)}, {f(4), f(0.25f)}, {f(6 * 0x1p64f), f(2.25f * 0x1p-64f)}, "gfx9"},
      {"s_mov_b64 vcc, 0\nv_div_fmas_f64 v[0:1], v[2:3], v[4:5], v[6:7]", {d(1)}, {d(2)}, {d(4)}, {d(6)}, "gfx9"},
  });
}

TEST_CASE("f16") {
  check({
      {"v_add_f16 v0, v2, v4", {0x3c00, 0x7c00, 0x0001}, {0x4000, 0xfc00, 0x0001}, {}, {0x4200, 0x7e00, 0x0002}, "gfx9", 0, 0xffffffff},
      {"v_add_f16 v0, v2, v4", {0x3c00}, {0x4000}, {}, {0xffff4200}, "gfx1030", 0, 0xffffffff},
      {"v_fma_f16 v0, v2, v4, v6", {0x3c01}, {0x3c01}, {0xbc02}, {0x0010}, "gfx9"},
      {"v_mul_f16 v0, v2, v4", {0x7bff, 0x0400}, {0x4000, 0x3800}, {}, {0x7c00, 0x0200}, "gfx9"},
      {"v_cvt_f16_f32 v0, v2", {f(1), f(65520), f(65519), f(0x1p-25f), f(0x1.8p-25f), 0x7fc02000}, {}, {}, {0x3c00, 0x7c00, 0x7bff, 0, 1, 0x7e01}, "gfx9"},
      {"v_cvt_f32_f16 v0, v2", {0x3c00, 0x0001, 0x7c00, 0x7d00}, {}, {}, {f(1), f(0x1p-24f), kInf, 0x7fe00000}, "gfx9"},
      {"v_cvt_pkrtz_f16_f32 v0, v2, v4", {f(65520), f(0x1.ffp-15f)}, {f(-1), f(0x1.8p-24f)}, {}, {0xbc007bff, 0x000103fe}, "gfx9"},
      {"v_cvt_u16_f16 v0, v2", {0xbc00, 0x7c00, 0x4248}, {}, {}, {0, 0xffff, 3}, "gfx9"},
      {"v_cvt_i16_f16 v0, v2", {0xbc00, 0xfc00, 0x7e00}, {}, {}, {0xffff, 0x8000, 0}, "gfx9"},
      {"v_pk_add_f16 v0, v2, v4", {0x3c004000}, {0x40003c00}, {}, {0x42004200}},
      {"v_pk_fma_f16 v0, v2, v4, v6 neg_lo:[1,0,0] neg_hi:[0,0,1]", {0x3c004000}, {0x40003c00}, {0x3c003c00}, {0x3c00bc00}},
      {"v_pk_mul_f16 v0, v2, 2.0 op_sel_hi:[1,0]", {0x3c004000}, {}, {}, {0x40004400}},
      {"v_pack_b32_f16 v0, v2, v4", {0x11113c00}, {0x22224000}, {}, {0x40003c00}, "gfx9"},
      {"v_fma_mix_f32 v0, v2, v4, v6 op_sel:[1,0,0] op_sel_hi:[1,0,0]", {0x40000000}, {f(3)}, {f(1)}, {f(7)}, "gfx1"},
      {"v_fma_mixhi_f16 v0, v2, v4, v6", {f(2)}, {f(3)}, {f(1)}, {0x47001234}, "gfx1", 0, 0x1234},
      {"v_dot2_f32_f16 v0, v2, v4, v6", {0x40003c00}, {0x3c004000}, {f(1)}, {f(5)}},
  });
}

TEST_CASE("conversions") {
  check({
      {"v_cvt_i32_f32 v0, v2", {f(1.9f), f(-1.9f), f(3e9f), f(-3e9f), kNan, kInf}, {}, {}, {1, uint32_t(-1), 0x7fffffff, 0x80000000, 0, 0x7fffffff}},
      {"v_cvt_u32_f32 v0, v2", {f(1.9f), f(-1.9f), f(3e9f), f(5e9f), kNan, f(-0.5f)}, {}, {}, {1, 0, 3000000000u, 0xffffffff, 0, 0}},
      {"v_cvt_f32_i32 v0, v2", {uint32_t(-5), 0x7fffffff, 16777217}, {}, {}, {f(-5), f(2147483648.0f), f(16777216)}},
      {"v_cvt_f32_u32 v0, v2", {0xffffffff, 0x80000001, 16777219}, {}, {}, {f(4294967296.0f), f(2147483648.0f), f(16777220)}},
      {"v_cvt_f32_u32 v0, v2", {0xffffffff, 0x80000001}, {}, {}, {0x4f7fffff, f(2147483648.0f)}, nullptr, kZero},
      {"v_cvt_f64_i32 v[0:1], v2", {uint32_t(-5)}, {}, {}, {d(-5)}},
      {"v_cvt_f64_u32 v[0:1], v2", {0xffffffff}, {}, {}, {d(4294967295.0)}},
      {"v_cvt_i32_f64 v0, v[2:3]", {d(-2147483648.5), d(2147483647.5), d(NAN)}, {}, {}, {0x80000000, 0x7fffffff, 0}},
      {"v_cvt_u32_f64 v0, v[2:3]", {d(4294967295.5), d(-1), d(1e10)}, {}, {}, {0xffffffff, 0, 0xffffffff}},
      {"v_cvt_f32_f64 v0, v[2:3]", {d(1.0 + 0x1p-24), d(1e300), 0x7ff0000020000000, d(0x1p-149)}, {}, {}, {f(1), kInf, 0x7fc00001, 1}},
      {"v_cvt_f64_f32 v[0:1], v2", {f(1.5f), kSnan}, {}, {}, {d(1.5), 0x7ff8000020000000}},
      {"v_cvt_f32_ubyte2 v0, v2", {0x00ab0000}, {}, {}, {f(171)}},
      {"v_cvt_pk_u8_f32 v0, v2, v4, v6", {f(300), f(7.9f)}, {1, 0}, {0x11223344, 0x11223344}, {0x1122ff44, 0x11223307}},
      {"v_cvt_pk_i16_i32 v0, v2, v4", {70000}, {uint32_t(-70000)}, {}, {0x80007fff}},
      {"v_cvt_pk_u16_u32 v0, v2, v4", {70000}, {5}, {}, {0x0005ffff}},
      {"v_cvt_flr_i32_f32 v0, v2", {f(-1.5f)}, {}, {}, {uint32_t(-2)}, "gfx9"},
      {"v_cvt_off_f32_i4 v0, v2", {1, 8, 15}, {}, {}, {f(0.0625f), f(-0.5f), f(-0.0625f)}},
  });
}

TEST_CASE("packed f32") {
  check({
      {"v_pk_add_f32 v[0:1], v[2:3], v[4:5]", {f(1) | f(2) << 32}, {f(10) | f(20) << 32}, {}, {f(11) | f(22) << 32}},
      {"v_pk_mul_f32 v[0:1], v[2:3], v[4:5] op_sel:[1,0] op_sel_hi:[0,1]", {f(1) | f(2) << 32}, {f(10) | f(20) << 32}, {}, {f(20) | f(20) << 32}},
      {"v_pk_fma_f32 v[0:1], v[2:3], v[4:5], v[6:7] neg_lo:[0,0,1]", {f(1) | f(2) << 32}, {f(10) | f(20) << 32}, {f(3) | f(4) << 32}, {f(7) | f(44) << 32}},
      {"v_pk_mov_b32 v[0:1], v[2:3], v[4:5] op_sel:[1,0]", {0x200000001}, {0x400000003}, {}, {0x300000002}},
  });
}

TEST_CASE("output modifiers") {
  check({
      {"v_add_f32_e64 v0, v2, v4 clamp", {f(1), f(-1), kNan, f(0.25f)}, {f(1), f(0), f(1), f(0.25f)}, {}, {f(1), 0, 0, f(0.5f)}},
      {"v_add_f32_e64 v0, v2, v4 mul:2", {f(1)}, {f(1)}, {}, {f(4)}, nullptr, kFlush32},
      {"v_add_f32_e64 v0, v2, v4 mul:2", {f(1)}, {f(1)}, {}, {f(2)}}, // ignored: denormals are kept
      {"v_add_f32_e64 v0, v2, v4 clamp div:2", {f(1)}, {f(0.5f)}, {}, {f(0.75f)}, nullptr, kFlush32},
      {"v_add_f64 v[0:1], v[2:3], v[4:5] clamp", {d(1)}, {d(1)}, {}, {d(1)}},
      {"v_pk_add_f16 v0, v2, v4 clamp", {0x3c00bc00}, {0x3c000000}, {}, {0x3c000000}},
  });
}
