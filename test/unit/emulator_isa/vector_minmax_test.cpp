// Minimum, maximum and median of floating-point numbers, which the generations disagree about where
// NaNs come in. Meanings: the opcode pseudocode of AMD's MI300, RDNA3 and RDNA4 ISA documents, and
// of RDNA2's for gfx10 (as MI300's).
#include "sweep.h"

#include <catch2/catch.hpp>

using namespace w2w::emu::test;

namespace {

using U = uint64_t;
using Ctx = const Context &;
constexpr Kind F = Kind::F32, D = Kind::F64, H = Kind::F16, PH = Kind::PF16;

/// What is left of a source that is the result: MODE may flush its denormals.
U kept(Kind k, U x, Ctx c) {
  return c.environment(k).flush_sources ? flushed(format(k), x) : x;
}
/// a < b with -0 < +0.
bool below(const Format &f, U a, U b) {
  return soft_less(f, a, b) || (f.zero(a) && f.zero(b) && f.negative(a) && !f.negative(b));
}
U quiet(const Format &f, U x) {
  return x | f.quiet_bit();
}

/// V_MIN_*, V_MAX_* and, of gfx12, V_MIN_NUM_*, V_MAX_NUM_*.
U min_or_max(Kind k, bool max, U a, U b, Ctx c) {
  const Format &f = format(k);
  a = kept(k, a, c), b = kept(k, b, c);
  bool first = max ? below(f, b, a) : below(f, a, b);
  U number = first ? a : b;
  if (c.generation == 12) {
    if (f.nan(a) && f.nan(b))
      return quiet(f, a);
    return f.nan(a) ? b : f.nan(b) ? a : number;
  }
  if (c.ieee() && f.signalling(a))
    return quiet(f, a);
  if (c.ieee() && f.signalling(b))
    return quiet(f, b);
  if (c.generation == 11)
    return f.nan(b) ? a : f.nan(a) ? b : number;
  return f.nan(a) ? b : f.nan(b) ? a : number;
}
/// V_MINIMUM_*, V_MAXIMUM_* of gfx12.
U imum(Kind k, bool max, U a, U b, Ctx c) {
  const Format &f = format(k);
  a = kept(k, a, c), b = kept(k, b, c);
  if (f.signalling(a))
    return quiet(f, a);
  if (f.signalling(b))
    return quiet(f, b);
  if (f.nan(a))
    return a;
  if (f.nan(b))
    return b;
  return (max ? below(f, b, a) : below(f, a, b)) ? a : b;
}
U med3(Kind k, U a, U b, U c, Ctx x) {
  const Format &f = format(k);
  auto low = [&](U p, U q) { return min_or_max(k, false, p, q, x); };
  auto high = [&](U p, U q) { return min_or_max(k, true, p, q, x); };
  if (f.nan(a) || f.nan(b) || f.nan(c))
    return low(low(a, b), c);
  U most = high(high(a, b), c);
  a = kept(k, a, x), b = kept(k, b, x);
  return soft_equal(f, most, a) ? high(b, c) : soft_equal(f, most, b) ? high(a, c) : high(a, b);
}

/// Flushing only sources or only results is not said to be seen by what moves a source.
bool undecided(Kind k, std::initializer_list<U> sources, Ctx c) {
  Environment e = c.environment(k);
  bool any = false;
  for (U s : sources)
    any |= format(k).denormal(s);
  return any && e.flush_sources != e.flush_results;
}

using Two = U (*)(Kind, bool, U, U, Ctx);
Meaning two(Two f, Kind k, bool max) {
  return [=](U a, U b, U, Ctx c) { return undecided(k, {a, b}, c) ? kAny : f(k, max, a, b, c); };
}
/// The second step takes the result of the first.
Meaning three(Two f, Kind k, bool first, bool second) {
  return [=](U a, U b, U c, Ctx x) {
    return undecided(k, {a, b, c}, x) ? kAny : f(k, second, f(k, first, a, b, x), c, x);
  };
}

std::string names(const char *old, const char *now, const char *type) {
  return std::string(old) + type + " " + now + type;
}

} // namespace

TESTED_CASE("minimum and maximum of two") {
  sweep({
      {"v_min_f32 v_min_num_f32", F, {F, F}, two(min_or_max, F, false)},
      {"v_max_f32 v_max_num_f32", F, {F, F}, two(min_or_max, F, true)},
      {"v_min_f64 v_min_num_f64", D, {D, D}, two(min_or_max, D, false)},
      {"v_max_f64 v_max_num_f64", D, {D, D}, two(min_or_max, D, true)},
      {"v_min_f16 v_min_num_f16", H, {H, H}, two(min_or_max, H, false)},
      {"v_max_f16 v_max_num_f16", H, {H, H}, two(min_or_max, H, true)},
      {"v_pk_min_f16 v_pk_min_num_f16", PH, {PH, PH}, two(min_or_max, H, false)},
      {"v_pk_max_f16 v_pk_max_num_f16", PH, {PH, PH}, two(min_or_max, H, true)},
      {"v_minimum_f32", F, {F, F}, two(imum, F, false)},
      {"v_maximum_f32", F, {F, F}, two(imum, F, true)},
      {"v_minimum_f64", D, {D, D}, two(imum, D, false)},
      {"v_maximum_f64", D, {D, D}, two(imum, D, true)},
      {"v_minimum_f16", H, {H, H}, two(imum, H, false)},
      {"v_maximum_f16", H, {H, H}, two(imum, H, true)},
      {"v_pk_minimum_f16", PH, {PH, PH}, two(imum, H, false)},
      {"v_pk_maximum_f16", PH, {PH, PH}, two(imum, H, true)},
  });
}

TESTED_CASE("minimum, maximum and median of three") {
  for (Kind k : {F, H}) {
    const char *type = k == F ? "_f32" : "_f16";
    struct {
      const char *old, *now;
      Meaning m;
    } list[] = {
        {"v_min3", "v_min3_num", three(min_or_max, k, false, false)},
        {"v_max3", "v_max3_num", three(min_or_max, k, true, true)},
        {"v_maxmin", "v_maxmin_num", three(min_or_max, k, true, false)},
        {"v_minmax", "v_minmax_num", three(min_or_max, k, false, true)},
        {"v_med3", "v_med3_num",
         [=](U a, U b, U c, Ctx x) {
           return undecided(k, {a, b, c}, x) ? kAny : med3(k, a, b, c, x);
         }},
        {"v_minimum3", "v_minimum3", three(imum, k, false, false)},
        {"v_maximum3", "v_maximum3", three(imum, k, true, true)},
        {"v_maximumminimum", "v_maximumminimum", three(imum, k, true, false)},
        {"v_minimummaximum", "v_minimummaximum", three(imum, k, false, true)},
    };
    for (auto &x : list) {
      std::string spelled = names(x.old, x.now, type);
      sweep({{spelled.c_str(), k, {k, k, k}, x.m, {}, false, Half::Unknown}});
    }
  }
}
