// suld, sust, sured (PTX ISA 9.7.11) as far as they depend on the descriptor: where an access goes,
// and how sust.p and sured.p take their data. And the queries txq, suq and istypep.
#include "lowering/devicelib/texel.h"

namespace w2w {
namespace {

W2W_INLINE uint64_t place(uint64_t surface, uint32_t flags, Shape shape, uint32_t layer, int32_t x,
                          int32_t y, int32_t z, uint32_t line) {
  Site site{surface, line};
  ImagePointer d = image_of(site, DescriptorKind::Surface);
  if (!fits(d->image.geometry, shape, flags & kSurfArray))
    stop(site, ImageFault::Geometry, d->image.geometry);
  LevelPointer level = &d->image.level[0];
  int64_t bytes = flags >> kSurfBytesShift; // of the access; 0: a texel
  if (bytes == 0)
    bytes = d->image.texel_bytes;
  int64_t row = int64_t(uint64_t(level->width) * d->image.texel_bytes);
  int64_t at = flags & kSurfSamples ? int64_t(x) * bytes : x;
  auto clamping = SurfaceClamp((flags >> kSurfClampShift) & 3);
  uint32_t slices = shape == Shape::ThreeD ? level->depth
                    : flags & kSurfArray   ? d->image.layers
                                           : 1;
  uint32_t slice = shape == Shape::ThreeD ? uint32_t(z) : flags & kSurfArray ? layer : 0;
  bool outside = at < 0 || at + bytes > row || uint32_t(y) >= level->height || slice >= slices;
  if (outside) {
    if (clamping == SurfaceClamp::Trap)
      stop(site, ImageFault::OutOfBounds, uint64_t(at));
    if (clamping != SurfaceClamp::Clamp || row < bytes)
      return 0;
    at = at < 0 ? 0 : at + bytes > row ? (row - bytes) / bytes * bytes : at;
    y = clamp(y, 0, int32_t(level->height) - 1);
    if (shape == Shape::ThreeD)
      slice = uint32_t(clamp(z, 0, int32_t(slices) - 1));
    else if (slice >= slices)
      slice = slices - 1;
  }
  // The access is naturally aligned, or undefined (PTX ISA 9.7.11.1): never silently moved.
  int64_t align = bytes & -bytes;
  if (align > 16)
    align = 16;
  if (at % align != 0)
    stop(site, ImageFault::Misaligned, uint64_t(at));
  return level->address + level->slice_pitch * slice + level->row_pitch * uint32_t(y) +
         uint64_t(at);
}

template <typename T> W2W_INLINE void store(uint64_t address, T v) {
  *reinterpret_cast<W2W_GLOBAL T *>(address) = v;
}

/// v in [low, 1] times `limit`, to the nearest integer, ties to even; NaN counts as 0.
W2W_INLINE int32_t quantise(uint32_t bits, float low, float limit) {
  float v = float_of(bits);
  v = v != v ? 0.0f : v < low ? low : v > 1.0f ? 1.0f : v;
  return int32_t(__builtin_rintf(v * limit));
}
W2W_INLINE uint32_t at_most(uint32_t v, uint32_t limit) {
  return v > limit ? limit : v;
}

} // namespace
} // namespace w2w

using namespace w2w;

extern "C" {

/// The address of an access, or 0 where it does not take place.
uint64_t w2w_image_surface_1d(uint64_t surface, uint32_t flags, uint32_t layer, int32_t x, int32_t,
                              int32_t, uint32_t line) {
  return place(surface, flags, Shape::OneD, layer, x, 0, 0, line);
}
uint64_t w2w_image_surface_2d(uint64_t surface, uint32_t flags, uint32_t layer, int32_t x,
                              int32_t y, int32_t, uint32_t line) {
  return place(surface, flags, Shape::TwoD, layer, x, y, 0, line);
}
uint64_t w2w_image_surface_3d(uint64_t surface, uint32_t flags, uint32_t layer, int32_t x,
                              int32_t y, int32_t z, uint32_t line) {
  return place(surface, flags, Shape::ThreeD, layer, x, y, z, line);
}

/// sust.p: converts red, green, blue and alpha to the surface's format.
void w2w_image_store_formatted(uint64_t surface, uint64_t address, uint32_t red, uint32_t green,
                               uint32_t blue, uint32_t alpha, uint32_t line) {
  ImagePointer d = image_of({surface, line}, DescriptorKind::Surface);
  const uint32_t v[4] = {red, green, blue, alpha};
  auto type = ChannelType(d->image.channel_type);
  if (type == ChannelType::Unorm10_10_10_2) {
    store<uint32_t>(address, uint32_t(quantise(red, 0, 1023)) |
                                 uint32_t(quantise(green, 0, 1023)) << 10 |
                                 uint32_t(quantise(blue, 0, 1023)) << 20 |
                                 uint32_t(quantise(alpha, 0, 3)) << 30);
    return;
  }
  for (uint32_t k = 0; k < 4; ++k) {
    if (k >= d->image.channels)
      break;
    auto s = int32_t(v[k]);
    switch (type) {
    case ChannelType::U8:
      store<uint8_t>(address + k, uint8_t(at_most(v[k], 255)));
      break;
    case ChannelType::U16:
      store<uint16_t>(address + 2 * k, uint16_t(at_most(v[k], 65535)));
      break;
    case ChannelType::S8:
      store<int8_t>(address + k, int8_t(clamp(s, -128, 127)));
      break;
    case ChannelType::S16:
      store<int16_t>(address + 2 * k, int16_t(clamp(s, -32768, 32767)));
      break;
    case ChannelType::F16:
      store<_Float16>(address + 2 * k, _Float16(float_of(v[k])));
      break;
    case ChannelType::Unorm8:
      store<uint8_t>(address + k, uint8_t(quantise(v[k], 0, 255)));
      break;
    case ChannelType::Unorm16:
      store<uint16_t>(address + 2 * k, uint16_t(quantise(v[k], 0, 65535)));
      break;
    case ChannelType::Snorm8:
      store<int8_t>(address + k, int8_t(quantise(v[k], -1, 127)));
      break;
    case ChannelType::Snorm16:
      store<int16_t>(address + 2 * k, int16_t(quantise(v[k], -1, 32767)));
      break;
    default:
      store<uint32_t>(address + 4 * k, v[k]);
      break;
    }
  }
}

/// sured.p: 1 if the surface holds signed integers, 0 for unsigned ones; others fault.
uint32_t w2w_image_surface_is_signed(uint64_t surface, uint32_t line) {
  Site site{surface, line};
  ImagePointer d = image_of(site, DescriptorKind::Surface);
  switch (ChannelType(d->image.channel_type)) {
  case ChannelType::U8:
  case ChannelType::U16:
  case ChannelType::U32:
    return 0;
  case ChannelType::S8:
  case ChannelType::S16:
  case ChannelType::S32:
    return 1;
  default:
    stop(site, ImageFault::Format, d->image.channel_type);
  }
}

/// istypep; `kind` is a DescriptorKind.
uint32_t w2w_image_is_kind(uint64_t handle, uint32_t kind) {
  return is_kind(handle, DescriptorKind(kind));
}

/// txq of textures and suq: `query` is an ImageQuery; level is clamped to those there are.
uint32_t w2w_image_query(uint64_t handle, uint32_t kind, uint32_t query, int32_t lod,
                         uint32_t line) {
  ImagePointer d = image_of({handle, line}, DescriptorKind(kind));
  LevelPointer level = &d->image.level[clamp(lod, 0, int32_t(d->image.levels) - 1)];
  // PTX ISA 5.3.3, OpenCL's enumerations.
  static constexpr uint64_t kOrder = 0x10b5'0000'10b2'10b0u; // by channels - 1
  switch (ImageQuery(query)) {
  case ImageQuery::Width:
    return level->width;
  case ImageQuery::Height:
    return level->height;
  case ImageQuery::Depth:
    return level->depth;
  case ImageQuery::ChannelDataType:
    switch (ChannelType(d->image.channel_type)) {
    case ChannelType::Snorm8:
      return 0x10d0;
    case ChannelType::Snorm16:
      return 0x10d1;
    case ChannelType::Unorm8:
      return 0x10d2;
    case ChannelType::Unorm16:
      return 0x10d3;
    case ChannelType::Unorm10_10_10_2:
      return 0x10d6;
    case ChannelType::S8:
      return 0x10d7;
    case ChannelType::S16:
      return 0x10d8;
    case ChannelType::S32:
      return 0x10d9;
    case ChannelType::U8:
      return 0x10da;
    case ChannelType::U16:
      return 0x10db;
    case ChannelType::U32:
      return 0x10dc;
    case ChannelType::F16:
      return 0x10dd;
    case ChannelType::F32:
      return 0x10de;
    }
    return 0;
  case ImageQuery::ChannelOrder:
    return uint32_t(kOrder >> (16 * (d->image.channels - 1))) & 0xffff;
  case ImageQuery::NormalizedCoords:
    return d->image.normalized_coords;
  case ImageQuery::ArraySize:
    return d->image.geometry == uint32_t(ImageGeometry::CubeArray) ? d->image.layers / 6
           : d->image.geometry == uint32_t(ImageGeometry::Cube)    ? 0
                                                                   : d->image.layers;
  case ImageQuery::MipmapLevels:
    return d->image.mipmapped ? d->image.levels : 0;
  case ImageQuery::Samples:
    return d->image.samples;
  case ImageQuery::MemoryLayout:
    return d->image.linear_memory;
  }
  return 0;
}

/// txq of samplers.
uint32_t w2w_image_query_sampler(uint64_t handle, uint32_t query, uint32_t line) {
  SamplerPointer s = sampler_of({handle, line});
  switch (SamplerQuery(query)) {
  case SamplerQuery::ForceUnnormalized:
    return s->force_unnormalized;
  case SamplerQuery::FilterMode:
    return s->filter_mode;
  default: {
    // wrap, mirror, clamp_ogl, clamp_to_edge, clamp_to_border
    uint32_t mode = s->address_mode[query - uint32_t(SamplerQuery::AddressMode0)];
    return (0x24130u >> (4 * mode)) & 15;
  }
  }
}

} // extern "C"
