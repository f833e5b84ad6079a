// tex and tld4 (PTX ISA 9.7.10.3, .4). README.md has the arithmetic, step by step.
#include "lowering/devicelib/texel.h"

namespace w2w {
namespace {

struct Request {
  Site site;
  ImagePointer image;
  SamplerPointer sampler;
  Format format;
  uint32_t flags;
  uint32_t layer;
  float compare;
  int32_t offset[3];
  bool normalized;
  bool seamless; // a cube whose filters go on beyond the edges of a face
};

W2W_INLINE Request request(uint64_t texture, uint64_t sampler, uint32_t flags, Shape shape,
                           uint32_t layer, float compare, uint32_t line) {
  Request r;
  r.site = {texture, line};
  r.image = image_of(r.site, DescriptorKind::Texture);
  r.sampler = sampler_of({sampler, line});
  r.format = format_of(r.image);
  r.flags = flags;
  r.compare = compare;
  if (!fits(r.image->image.geometry, shape, flags & kTexArray))
    stop(r.site, ImageFault::Geometry, r.image->image.geometry);
  if ((flags & (kTexFloatResult | kTexCompare)) && !r.format.to_float)
    stop(r.site, ImageFault::Format, r.image->image.channel_type);
  uint32_t layers = r.image->image.layers;
  if (shape == Shape::Cube)
    layers /= 6;
  r.layer = !(flags & kTexArray) ? 0 : layer < layers ? layer : layers - 1;
  r.normalized = r.image->image.normalized_coords && !r.sampler->force_unnormalized;
  r.offset[0] = r.offset[1] = r.offset[2] = 0;
  r.seamless = false;
  return r;
}

W2W_INLINE float finite(float v) { // NaN counts as 0; the rest fits an int32_t
  return v != v ? 0.0f : v < -0x1p30f ? -0x1p30f : v > 0x1p30f ? 0x1p30f : v;
}

/// The coordinate in texels; wrapped and mirrored ones are brought near the image first.
W2W_INLINE float scale(const Request &r, float c, uint32_t extent, uint32_t mode) {
  if (!r.normalized)
    return finite(c);
  if (mode == uint32_t(AddressMode::Wrap))
    c -= __builtin_floorf(c);
  else if (mode == uint32_t(AddressMode::Mirror))
    c -= 2.0f * __builtin_floorf(c * 0.5f);
  return finite(c * float(extent));
}

/// How a texel is named: by an index of its own, or as one of a linear filter's, some of which a
/// HalfBorder takes from the border.
enum class Pick { Alone, Filtered };

/// The texel's index by the address mode; -1: the border.
W2W_INLINE int32_t address(int32_t i, int32_t extent, uint32_t mode, bool normalized, Pick pick) {
  if (mode == uint32_t(AddressMode::Border) ||
      (mode == uint32_t(AddressMode::HalfBorder) && pick == Pick::Filtered))
    return i < 0 || i >= extent ? -1 : i;
  if (normalized && mode == uint32_t(AddressMode::Wrap)) {
    int32_t m = i % extent;
    return m < 0 ? m + extent : m;
  }
  if (normalized && mode == uint32_t(AddressMode::Mirror)) {
    int32_t m = i % (2 * extent);
    m = m < 0 ? m + 2 * extent : m;
    return m < extent ? m : 2 * extent - 1 - m;
  }
  return clamp(i, 0, extent - 1);
}

W2W_INLINE U4 border(const Request &r) {
  U4 v;
  for (int k = 0; k < 4; ++k) {
    float b = r.sampler->border[k];
    bool is_signed = r.format.type == ChannelType::S8 || r.format.type == ChannelType::S16 ||
                     r.format.type == ChannelType::S32;
    if (r.format.to_float)
      v[k] = bits_of(b);
    else if (b != b)
      v[k] = 0;
    else if (is_signed)
      v[k] = b >= 0x1p31f ? 0x7fffffffu : b < -0x1p31f ? 0x80000000u : uint32_t(int32_t(b));
    else
      v[k] = b >= 0x1p32f ? 0xffffffffu : b < 0.0f ? 0u : uint32_t(b);
  }
  return v;
}

/// One texel by its indices, before address modes.
W2W_INLINE U4 fetch(const Request &r, LevelPointer level, int32_t x, int32_t y, int32_t z,
                    uint32_t dimensions, bool normalized, Pick pick, uint32_t samples = 1,
                    uint32_t sample = 0) {
  const uint32_t (&mode)[3] = r.sampler->address_mode;
  x = address(x, int32_t(level->width), mode[0], normalized, pick);
  y = dimensions > 1 ? address(y, int32_t(level->height), mode[1], normalized, pick) : 0;
  z = dimensions > 2 ? address(z, int32_t(level->depth), mode[2], normalized, pick) : 0;
  U4 v;
  if (x < 0 || y < 0 || z < 0)
    v = border(r);
  else
    v = texel(r.format,
              level->address + level->slice_pitch * (dimensions > 2 ? uint32_t(z) : r.layer) +
                  level->row_pitch * uint32_t(y) +
                  uint64_t(r.format.texel_bytes) * (uint64_t(uint32_t(x)) * samples + sample));
  if (r.flags & kTexCompare)
    v.x = bits_of(r.compare <= float_of(v.x) ? 1.0f : 0.0f);
  return v;
}

struct FaceTexel {
  uint32_t face;
  int32_t x, y;
};

/// The texel beyond the edge of a face of n x n texels that (x, y) names, one of them -1 or n: its
/// neighbour across the edge.
W2W_INLINE FaceTexel across_edge(uint32_t face, int32_t x, int32_t y, int32_t n) {
  // The middles of texels on a cube from -n to n, in which the faces' middles are at +-n.
  int32_t s = 2 * x + 1 - n, t = 2 * y + 1 - n, major = n;
  if (s < -n || s > n) {
    s = s < 0 ? -n : n;
    major = n - 1;
  } else {
    t = t < 0 ? -n : n;
    major = n - 1;
  }
  const int32_t sign = face & 1 ? -1 : 1;
  int32_t at[3]; // as face_of has it
  if (face < 2)
    at[0] = sign * major, at[1] = -t, at[2] = -sign * s;
  else if (face < 4)
    at[0] = s, at[1] = sign * major, at[2] = sign * t;
  else
    at[0] = sign * s, at[1] = -t, at[2] = sign * major;
  FaceTexel to;
  if (at[0] == n || at[0] == -n) {
    to.face = at[0] < 0;
    to.x = at[0] < 0 ? at[2] : -at[2], to.y = -at[1];
  } else if (at[1] == n || at[1] == -n) {
    to.face = 2 + (at[1] < 0);
    to.x = at[0], to.y = at[1] < 0 ? -at[2] : at[2];
  } else {
    to.face = 4 + (at[2] < 0);
    to.x = at[2] < 0 ? -at[0] : at[0], to.y = -at[1];
  }
  to.x = (to.x + n - 1) / 2, to.y = (to.y + n - 1) / 2;
  return to;
}

/// One texel of a seamless cube, by its place on the request's face. Beyond a corner there is none:
/// the mean of the three that meet there, in the order face, neighbour in x, neighbour in y.
W2W_INLINE U4 fetch_seamless(const Request &r, LevelPointer level, int32_t x, int32_t y) {
  const int32_t n = int32_t(level->width);
  x = clamp(x, -1, n), y = clamp(y, -1, n); // further only where the direction is no number
  const int32_t inner_x = clamp(x, 0, n - 1), inner_y = clamp(y, 0, n - 1);
  const bool out_x = x != inner_x, out_y = y != inner_y;
  const uint32_t face = r.layer % 6, cube = r.layer - face;
  Request q = r;
  U4 v = {0, 0, 0, 0};
  F4 sum = {0, 0, 0, 0};
#pragma unroll 1
  for (uint32_t k = 0; k < 3; ++k) {
    if (k == 0 ? out_x != out_y : k == 1 ? !out_x : !out_y)
      continue;
    FaceTexel at = {face, inner_x, inner_y};
    if (k != 0)
      at = across_edge(face, k == 1 ? x : inner_x, k == 1 ? inner_y : y, n);
    q.layer = cube + at.face;
    v = fetch(q, level, at.x, at.y, 0, 2, false, Pick::Filtered);
    sum = k == 0 ? __builtin_bit_cast(F4, v) : sum + __builtin_bit_cast(F4, v);
  }
  return out_x && out_y ? __builtin_bit_cast(U4, sum / 3.0f) : v;
}

/// One texel of a linear filter.
W2W_INLINE U4 fetch_filtered(const Request &r, LevelPointer level, int32_t x, int32_t y, int32_t z,
                             uint32_t dimensions, bool normalized) {
  if (r.seamless)
    return fetch_seamless(r, level, x, y);
  return fetch(r, level, x, y, z, dimensions, normalized, Pick::Filtered);
}

/// Index and weight (in 256ths) of the lower texel of a linear filter.
struct Tap {
  int32_t index;
  int32_t weight; // of the upper one
};
W2W_INLINE Tap tap(float x, int32_t offset, uint32_t extent, uint32_t mode) {
  float lower = x - 0.5f, whole = __builtin_floorf(lower);
  Tap t = {int32_t(whole) + offset, int32_t(__builtin_floorf((lower - whole) * 256.0f + 0.5f))};
  if (mode == uint32_t(AddressMode::HalfBorder)) { // at most half a texel beyond the middle of one
    int32_t last = int32_t(extent) - 1;
    if (t.index < -1 || (t.index == -1 && t.weight < 128))
      t = {-1, 128};
    else if (t.index > last || (t.index == last && t.weight > 128))
      t = {last, 128};
  }
  return t;
}

/// Adds weight * texel; texels of no weight do not count, whatever they are.
W2W_INLINE void accumulate(F4 &sum, bool &any, U4 v, float weight) {
  if (weight == 0.0f)
    return;
  F4 f = __builtin_bit_cast(F4, v) * weight;
  sum = any ? sum + f : f;
  any = true;
}

/// Filtered value of one level at coordinates in texels.
W2W_INLINE U4 sample_level(const Request &r, LevelPointer level, const float *c,
                           uint32_t dimensions, bool normalized) {
  bool linear = r.sampler->filter_mode == uint32_t(FilterMode::Linear) && r.format.to_float;
  if (!linear) {
    int32_t i[3] = {0, 0, 0};
    for (uint32_t d = 0; d < dimensions; ++d)
      i[d] = int32_t(__builtin_floorf(c[d])) + r.offset[d];
    return fetch(r, level, i[0], i[1], i[2], dimensions, normalized, Pick::Alone);
  }
  Tap t[3] = {{0, 0}, {0, 0}, {0, 0}};
  const uint32_t extent[3] = {level->width, level->height, level->depth};
  for (uint32_t d = 0; d < dimensions; ++d)
    t[d] = tap(c[d], r.offset[d], extent[d], r.sampler->address_mode[d]);
  F4 sum = {0, 0, 0, 0};
  bool any = false;
#pragma unroll 1
  for (uint32_t k = 0; k < (1u << dimensions); ++k) {
    int32_t up[3] = {int32_t(k & 1), int32_t((k >> 1) & 1), int32_t(k >> 2)};
    int32_t weight = 1;
    for (uint32_t d = 0; d < dimensions; ++d)
      weight *= up[d] ? t[d].weight : 256 - t[d].weight;
    if (weight == 0)
      continue;
    U4 v = fetch_filtered(r, level, t[0].index + up[0], t[1].index + up[1], t[2].index + up[2],
                          dimensions, normalized);
    accumulate(sum, any, v, float(weight) / float(1 << (8 * dimensions)));
  }
  return __builtin_bit_cast(U4, sum);
}

struct Levels {
  uint32_t first;
  float weight; // of first + 1
};

/// The level or levels of a level of detail (PTX ISA 9.7.10.2).
W2W_INLINE Levels levels_of(const Request &r, float lod) {
  if (!(r.flags & kTexLevel))
    return {0, 0.0f};
  float high = float(r.image->image.levels - 1);
  lod += r.sampler->lod_bias;
  lod = lod > r.sampler->min_lod ? lod : r.sampler->min_lod;
  lod = lod < r.sampler->max_lod ? lod : r.sampler->max_lod;
  lod = lod > 0.0f ? lod : 0.0f;
  lod = lod < high ? lod : high;
  if (r.sampler->mip_filter_mode != uint32_t(FilterMode::Linear) || !r.format.to_float)
    return {uint32_t(lod + 0.5f), 0.0f};
  float whole = __builtin_floorf(lod);
  return {uint32_t(whole), __builtin_floorf((lod - whole) * 256.0f + 0.5f) / 256.0f};
}

template <typename Sample> W2W_INLINE U4 sample_levels(const Request &r, float lod, Sample sample) {
  Levels l = levels_of(r, lod);
  F4 sum = {0, 0, 0, 0};
  bool any = false;
  U4 result = {0, 0, 0, 0};
  // Two rounds at most; the loop keeps one copy of the filter.
#pragma unroll 1
  for (uint32_t k = 0; k < 2; ++k) {
    float weight = k ? l.weight : 1.0f - l.weight;
    if (weight == 0.0f)
      continue;
    result = sample(&r.image->image.level[l.first + k]);
    if (weight != 1.0f) {
      accumulate(sum, any, result, weight);
      result = __builtin_bit_cast(U4, sum);
    }
  }
  return result;
}

W2W_INLINE U4 sample_flat(Request &r, uint32_t dimensions, const float *c, float lod) {
  // Linear memory has no float coordinates.
  if (r.image->image.geometry == uint32_t(ImageGeometry::Linear))
    stop(r.site, ImageFault::Geometry, r.image->image.geometry);
  return sample_levels(r, lod, [&](LevelPointer level) __attribute__((always_inline)) {
    float s[3] = {0, 0, 0};
    const uint32_t extent[3] = {level->width, level->height, level->depth};
    for (uint32_t d = 0; d < dimensions; ++d)
      s[d] = scale(r, c[d], extent[d], r.sampler->address_mode[d]);
    return sample_level(r, level, s, dimensions, r.normalized);
  });
}

/// A direction's face and the coordinates on it, in [0, 1].
struct FacePoint {
  uint32_t face;
  float s, t;
  float sc, tc, ma; // before the division
};
W2W_INLINE FacePoint face_of(float x, float y, float z) {
  float ax = __builtin_fabsf(x), ay = __builtin_fabsf(y), az = __builtin_fabsf(z);
  FacePoint p;
  if (ax >= ay && ax >= az)
    p = {x < 0 ? 1u : 0u, 0, 0, x < 0 ? z : -z, -y, ax};
  else if (ay >= az)
    p = {y < 0 ? 3u : 2u, 0, 0, x, y < 0 ? -z : z, ay};
  else
    p = {z < 0 ? 5u : 4u, 0, 0, z < 0 ? -x : x, -y, az};
  p.s = (p.sc / p.ma + 1.0f) * 0.5f;
  p.t = (p.tc / p.ma + 1.0f) * 0.5f;
  return p;
}

/// The point of a cube a texture instruction asks for; the request's layer becomes that of the
/// face.
W2W_INLINE FacePoint on_cube(Request &r, float x, float y, float z) {
  r.seamless = r.sampler->seamless_cubemap && r.format.to_float &&
               r.sampler->filter_mode == uint32_t(FilterMode::Linear);
  FacePoint p = face_of(x, y, z);
  r.layer = r.layer * 6 + p.face;
  return p;
}

/// log2 of a positive float with 10 fractional bits, by squaring; of 0 and less: -256.
W2W_INLINE float log2_of(float v) {
  if (!(v > 0.0f))
    return -256.0f;
  uint32_t bits = bits_of(v);
  if (bits >= 0x7f800000u)
    return 128.0f;
  int32_t exponent = int32_t(bits >> 23) - 127;
  if (exponent == -127)
    return -127.0f;
  float m = float_of((bits & 0x7fffffu) | 0x3f800000u);
  int32_t fraction = 0;
  for (int k = 0; k < 10; ++k) {
    m = m * m;
    fraction *= 2;
    if (m >= 2.0f) {
      fraction += 1;
      m *= 0.5f;
    }
  }
  return float(exponent) + float(fraction) / 1024.0f;
}

template <int N> W2W_INLINE float lod_of(const float *dx, const float *dy) {
  float x = 0, y = 0;
  for (int d = 0; d < N; ++d) {
    x += dx[d] * dx[d];
    y += dy[d] * dy[d];
  }
  float longest = x > 0.0f ? x : 0.0f; // a NaN counts as 0
  return 0.5f * log2_of(y > longest ? y : longest);
}

W2W_INLINE U4 fetch_integer(Request &r, uint32_t dimensions, int32_t x, int32_t y, int32_t z,
                            int32_t lod) {
  uint32_t level =
      r.flags & kTexLevel ? uint32_t(clamp(lod, 0, int32_t(r.image->image.levels) - 1)) : 0;
  LevelPointer p = &r.image->image.level[level];
  x = int32_t(uint32_t(x) + uint32_t(r.offset[0]));
  y = int32_t(uint32_t(y) + uint32_t(r.offset[1]));
  z = int32_t(uint32_t(z) + uint32_t(r.offset[2]));
  // tex1Dfetch gives 0 beyond linear memory, whatever the address mode (CUDA's tex1Dfetch).
  if (r.image->image.geometry == uint32_t(ImageGeometry::Linear) && uint32_t(x) >= p->width)
    return U4{0, 0, 0, 0};
  return fetch(r, p, x, y, z, dimensions, false, Pick::Alone);
}

} // namespace
} // namespace w2w

using namespace w2w;

// One row a shape: NAME(texture, sampler, flags, layer, coordinates, lod, compare, offsets, line).
extern "C" {

U4 w2w_image_tex_1d_f32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer, float x,
                        float, float, float lod, float compare, int32_t ox, int32_t, int32_t,
                        uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::OneD, layer, compare, line);
  r.offset[0] = ox;
  const float c[3] = {x, 0, 0};
  return sample_flat(r, 1, c, lod);
}

U4 w2w_image_tex_2d_f32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer, float x,
                        float y, float, float lod, float compare, int32_t ox, int32_t oy, int32_t,
                        uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::TwoD, layer, compare, line);
  r.offset[0] = ox;
  r.offset[1] = oy;
  const float c[3] = {x, y, 0};
  return sample_flat(r, 2, c, lod);
}

U4 w2w_image_tex_3d_f32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer, float x,
                        float y, float z, float lod, float compare, int32_t ox, int32_t oy,
                        int32_t oz, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::ThreeD, layer, compare, line);
  r.offset[0] = ox;
  r.offset[1] = oy;
  r.offset[2] = oz;
  const float c[3] = {x, y, z};
  return sample_flat(r, 3, c, lod);
}

U4 w2w_image_tex_cube_f32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer,
                          float x, float y, float z, float lod, float compare, int32_t, int32_t,
                          int32_t, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::Cube, layer, compare, line);
  FacePoint p = on_cube(r, x, y, z);
  return sample_levels(r, lod, [&](LevelPointer level) __attribute__((always_inline)) {
    float c[3] = {finite(p.s * float(level->width)), finite(p.t * float(level->height)), 0};
    return sample_level(r, level, c, 2, false);
  });
}

U4 w2w_image_tex_1d_s32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer,
                        int32_t x, int32_t, int32_t, int32_t lod, float compare, int32_t ox,
                        int32_t, int32_t, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::OneD, layer, compare, line);
  r.offset[0] = ox;
  return fetch_integer(r, 1, x, 0, 0, lod);
}

U4 w2w_image_tex_2d_s32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer,
                        int32_t x, int32_t y, int32_t, int32_t lod, float compare, int32_t ox,
                        int32_t oy, int32_t, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::TwoD, layer, compare, line);
  r.offset[0] = ox;
  r.offset[1] = oy;
  return fetch_integer(r, 2, x, y, 0, lod);
}

U4 w2w_image_tex_3d_s32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer,
                        int32_t x, int32_t y, int32_t z, int32_t lod, float compare, int32_t ox,
                        int32_t oy, int32_t oz, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::ThreeD, layer, compare, line);
  r.offset[0] = ox;
  r.offset[1] = oy;
  r.offset[2] = oz;
  return fetch_integer(r, 3, x, y, z, lod);
}

/// x is the sample, y and z are the texel's place.
U4 w2w_image_tex_ms_s32(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer,
                        int32_t x, int32_t y, int32_t z, int32_t, float compare, int32_t ox,
                        int32_t oy, int32_t, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::Multisample, layer, compare, line);
  uint32_t samples = r.image->image.samples;
  uint32_t sample = uint32_t(x) < samples ? uint32_t(x) : samples - 1;
  return fetch(r, &r.image->image.level[0], int32_t(uint32_t(y) + uint32_t(ox)),
               int32_t(uint32_t(z) + uint32_t(oy)), 0, 2, false, Pick::Alone, samples, sample);
}

/// The level of detail of gradients; flags say whether the array form is meant.
float w2w_image_lod_1d(uint64_t texture, uint64_t sampler, uint32_t flags, float, float, float,
                       float ax, float, float, float bx, float, float, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::OneD, 0, 0, line);
  float w = r.normalized ? float(r.image->image.level[0].width) : 1.0f;
  const float a[1] = {ax * w}, b[1] = {bx * w};
  return lod_of<1>(a, b);
}

float w2w_image_lod_2d(uint64_t texture, uint64_t sampler, uint32_t flags, float, float, float,
                       float ax, float ay, float, float bx, float by, float, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::TwoD, 0, 0, line);
  float w = r.normalized ? float(r.image->image.level[0].width) : 1.0f;
  float h = r.normalized ? float(r.image->image.level[0].height) : 1.0f;
  const float a[2] = {ax * w, ay * h}, b[2] = {bx * w, by * h};
  return lod_of<2>(a, b);
}

float w2w_image_lod_3d(uint64_t texture, uint64_t sampler, uint32_t flags, float, float, float,
                       float ax, float ay, float az, float bx, float by, float bz, uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::ThreeD, 0, 0, line);
  float w = r.normalized ? float(r.image->image.level[0].width) : 1.0f;
  float h = r.normalized ? float(r.image->image.level[0].height) : 1.0f;
  float d = r.normalized ? float(r.image->image.level[0].depth) : 1.0f;
  const float a[3] = {ax * w, ay * h, az * d}, b[3] = {bx * w, by * h, bz * d};
  return lod_of<3>(a, b);
}

/// Gradients of the direction, brought onto its face by the rule of quotients.
float w2w_image_lod_cube(uint64_t texture, uint64_t sampler, uint32_t flags, float x, float y,
                         float z, float ax, float ay, float az, float bx, float by, float bz,
                         uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::Cube, 0, 0, line);
  FacePoint p = face_of(x, y, z);
  float half = float(r.image->image.level[0].width) * 0.5f;
  auto project = [&](float dx, float dy, float dz, float *out) __attribute__((always_inline)) {
    bool negative = p.face & 1;
    float sc, tc, ma;
    if (p.face < 2) {
      sc = negative ? dz : -dz, tc = -dy, ma = negative ? -dx : dx;
    } else if (p.face < 4) {
      sc = dx, tc = negative ? -dz : dz, ma = negative ? -dy : dy;
    } else {
      sc = negative ? -dx : dx, tc = -dy, ma = negative ? -dz : dz;
    }
    out[0] = (sc - (p.sc / p.ma) * ma) / p.ma * half;
    out[1] = (tc - (p.tc / p.ma) * ma) / p.ma * half;
  };
  float a[2], b[2];
  project(ax, ay, az, a);
  project(bx, by, bz, b);
  return lod_of<2>(a, b);
}

/// tld4: flags hold the component from kTexComponentShift on.
static inline __attribute__((always_inline)) U4 gather(Request &r, float x, float y,
                                                       bool normalized) {
  LevelPointer level = &r.image->image.level[0];
  const uint32_t (&mode)[3] = r.sampler->address_mode;
  Tap tx = tap(x, r.offset[0], level->width, mode[0]);
  Tap ty = tap(y, r.offset[1], level->height, mode[1]);
  uint32_t component = (r.flags >> kTexComponentShift) & 3;
  U4 result = {0, 0, 0, 0};
#pragma unroll 1
  for (uint32_t k = 0; k < 4; ++k) { // counter-clockwise from the lower left: y grows downwards
    int32_t right = k == 1 || k == 2, down = k < 2;
    U4 v = fetch_filtered(r, level, tx.index + right, ty.index + down, 0, 2, normalized);
    result[k] = v[component];
  }
  return result;
}

U4 w2w_image_tld4_2d(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer, float x,
                     float y, float, float, float compare, int32_t ox, int32_t oy, int32_t,
                     uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::TwoD, layer, compare, line);
  r.offset[0] = ox;
  r.offset[1] = oy;
  LevelPointer level = &r.image->image.level[0];
  return gather(r, scale(r, x, level->width, r.sampler->address_mode[0]),
                scale(r, y, level->height, r.sampler->address_mode[1]), r.normalized);
}

U4 w2w_image_tld4_cube(uint64_t texture, uint64_t sampler, uint32_t flags, uint32_t layer, float x,
                       float y, float z, float, float compare, int32_t, int32_t, int32_t,
                       uint32_t line) {
  Request r = request(texture, sampler, flags, Shape::Cube, layer, compare, line);
  FacePoint p = on_cube(r, x, y, z);
  LevelPointer level = &r.image->image.level[0];
  return gather(r, finite(p.s * float(level->width)), finite(p.t * float(level->height)), false);
}

} // extern "C"
