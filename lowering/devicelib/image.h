// Reading descriptors (lowering/abi/texture_descriptor.h) on the device. Compiled for the device
// only.
#pragma once

#include "lowering/abi/texture_descriptor.h"
#include "lowering/devicelib/interface.h"

#define W2W_INLINE static inline __attribute__((always_inline))
#define W2W_CONSTANT __attribute__((address_space(4)))
#define W2W_GLOBAL __attribute__((address_space(1)))

/// Ends the thread's wave with StatusKind::ImageFault; passes/lower_traps puts the record there.
extern "C" [[noreturn]] void w2w_image_fault(uint64_t handle, uint32_t cause, uint64_t detail,
                                             uint32_t line);

namespace w2w {

using namespace abi;
using namespace devicelib;

typedef uint32_t U4 __attribute__((ext_vector_type(4)));
typedef float F4 __attribute__((ext_vector_type(4)));
using ImagePointer = const W2W_CONSTANT ImageDescriptor *;
using SamplerPointer = const W2W_CONSTANT SamplerState *;
using LevelPointer = const W2W_CONSTANT MipLevel *;

struct Site { // what a fault reports
  uint64_t handle;
  uint32_t line;
};

[[noreturn]] W2W_INLINE void stop(const Site &s, ImageFault cause, uint64_t detail = 0) {
  w2w_image_fault(s.handle, uint32_t(cause), detail, s.line);
}

W2W_INLINE bool is_kind(uint64_t handle, DescriptorKind kind) {
  return handle != 0 && handle % kDescriptorAlign == 0 &&
         *reinterpret_cast<const W2W_CONSTANT uint32_t *>(handle) == uint32_t(kind);
}

/// The descriptor behind a handle, or a fault.
W2W_INLINE ImagePointer image_of(const Site &site, DescriptorKind kind) {
  if (!is_kind(site.handle, kind))
    stop(site, ImageFault::BadHandle, uint32_t(kind));
  auto image = reinterpret_cast<ImagePointer>(site.handle);
  if (image->image.geometry == uint32_t(ImageGeometry::Unbound))
    stop(site, ImageFault::Unbound);
  return image;
}

/// The sampler behind a handle: that of a texture, or a .samplerref.
W2W_INLINE SamplerPointer sampler_of(const Site &site) {
  if (!is_kind(site.handle, DescriptorKind::Texture) &&
      !is_kind(site.handle, DescriptorKind::Sampler))
    stop(site, ImageFault::BadHandle, uint32_t(DescriptorKind::Sampler));
  return &reinterpret_cast<ImagePointer>(site.handle)->sampler;
}

W2W_INLINE uint32_t bits_of(float f) {
  return __builtin_bit_cast(uint32_t, f);
}
W2W_INLINE float float_of(uint32_t bits) {
  return __builtin_bit_cast(float, bits);
}
W2W_INLINE int32_t clamp(int32_t v, int32_t low, int32_t high) {
  return v < low ? low : v > high ? high : v;
}

/// Whether an image may be accessed by instructions of a shape.
W2W_INLINE bool fits(uint32_t geometry, Shape shape, bool array) {
  auto g = ImageGeometry(geometry);
  switch (shape) {
  case Shape::OneD:
    return array ? g == ImageGeometry::OneDArray
                 : g == ImageGeometry::OneD || g == ImageGeometry::Linear;
  case Shape::TwoD:
    return array ? g == ImageGeometry::TwoDArray || g == ImageGeometry::Cube ||
                       g == ImageGeometry::CubeArray
                 : g == ImageGeometry::TwoD || g == ImageGeometry::Pitched;
  case Shape::ThreeD:
    return g == ImageGeometry::ThreeD;
  case Shape::Cube:
    return g == (array ? ImageGeometry::CubeArray : ImageGeometry::Cube);
  case Shape::Multisample:
    return g == (array ? ImageGeometry::TwoDMultisampleArray : ImageGeometry::TwoDMultisample);
  }
  return false;
}

} // namespace w2w
