// v_trig_preop_f64: a piece of 2/pi for Payne-Hanek argument reduction.
#include "runtime/emulator/isa/rows.h"

#include <bit>
#include <cmath>

namespace w2w::emu::isa {
namespace {
/// The 1,201 bits of 2/pi after the point, first bit in the top of word 0, zero-filled.
constexpr uint64_t kTwoOverPi[20] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b0000, 0};
} // namespace

double trig_preop_f64(double a, uint32_t segment) {
  int exponent = int(std::bit_cast<uint64_t>(a) >> 52 & 0x7ff);
  int shift = int(segment & 31) * 53;
  if (exponent > 1077)
    shift += exponent - 1077;
  // Bits 1200 - shift down to 1148 - shift of the fraction, counted as AMD counts them.
  uint64_t result = 0;
  for (int k = 0; k < 53; k++) {
    int at = shift + k;
    uint64_t bit = at < 1201 ? kTwoOverPi[at / 64] >> (63 - at % 64) & 1 : 0;
    result = result << 1 | bit;
  }
  int scale = -53 - shift;
  if (exponent >= 1968)
    scale += 128;
  return std::ldexp(double(result), scale);
}

} // namespace w2w::emu::isa
