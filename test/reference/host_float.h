// IEEE arithmetic for the reference, on the host's own f32 and f64 with the rounding mode set, and
// small formats by exact rounding from f64. Compiled with -frounding-math.
#pragma once

#include <cstdint>
#include <string_view>

namespace w2w::reference {

enum class Rounding : uint8_t { Nearest, Zero, Down, Up, NearestAway };
Rounding
rounding_from(std::string_view modifier); // "rn", "rz", "rm", "rp", "rna", also "rni".."rpi"

/// Sets the host's rounding mode while alive.
class RoundingScope {
public:
  explicit RoundingScope(Rounding r);
  ~RoundingScope();
  RoundingScope(const RoundingScope &) = delete;
  RoundingScope &operator=(const RoundingScope &) = delete;

private:
  int saved_;
};

float to_f32(uint64_t bits);
double to_f64(uint64_t bits);
uint64_t bits_of(float v);
uint64_t bits_of(double v);

enum class Op : uint8_t { Add, Sub, Mul, Div, Fma, Sqrt };
/// One correctly rounded operation.
float compute(Op op, Rounding r, float a, float b, float c);
double compute(Op op, Rounding r, double a, double b, double c);
/// The result rounded to odd in f64: no information about the exact value is lost for a later
/// rounding to <= 51 bits.
double compute_to_odd(Op op, double a, double b, double c);

/// A binary floating-point format of at most 16 bits (or tf32, kept in 32).
struct Format {
  unsigned exponent_bits, mantissa_bits;
  bool infinities = true; // e4m3 has none: S.1111.111 is NaN and S.1111.110 is 448
};
inline constexpr Format kF16{5, 10}, kBF16{8, 7}, kTF32{8, 10}, kE4M3{4, 3, false}, kE5M2{5, 2};

/// The exact value of a small-format number.
double decode(Format f, uint64_t bits);
/// Rounds v (exact, or rounded to odd) to the format. satfinite: overflow gives the largest finite
/// value. NaN gives the format's canonical NaN (all mantissa bits one).
uint64_t encode(Format f, double v, Rounding r, bool satfinite = false);
bool format_is_nan(Format f, uint64_t bits);

/// f32 subnormal -> zero of the same sign.
float flush(float v);

} // namespace w2w::reference
