// How emit/ calls devicelib: shapes and flags of the w2w_image_* functions. No LLVM in here.
#pragma once

#include <stdint.h>

namespace w2w::devicelib {

/// The geometry of an instruction without its array index.
enum class Shape : uint32_t { OneD = 1, TwoD = 2, ThreeD = 3, Cube = 4, Multisample = 5 };

/// Textures.
inline constexpr uint32_t kTexArray = 1;          // .a1d, .a2d, .acube, .a2dms
inline constexpr uint32_t kTexLevel = 2;          // .level, .grad: a level of detail is given
inline constexpr uint32_t kTexCompare = 4;        // depth compare
inline constexpr uint32_t kTexFloatResult = 8;    // the instruction wants f16: integers don't go
inline constexpr uint32_t kTexComponentShift = 8; // tld4: .r 0, .g 1, .b 2, .a 3

/// Surfaces.
inline constexpr uint32_t kSurfArray = 1;
inline constexpr uint32_t kSurfSamples = 2;    // .p: x counts samples, not bytes
inline constexpr uint32_t kSurfClampShift = 4; // a SurfaceClamp
inline constexpr uint32_t kSurfBytesShift = 8; // bytes of the access; 0: a texel (sust.p)
enum class SurfaceClamp : uint32_t { Trap = 0, Clamp = 1, Zero = 2 };

/// txq and suq of images.
enum class ImageQuery : uint32_t {
  Width,
  Height,
  Depth,
  ChannelDataType,
  ChannelOrder,
  NormalizedCoords,
  ArraySize,
  MipmapLevels,
  Samples,
  MemoryLayout
};
/// txq of samplers; the address modes follow one another.
enum class SamplerQuery : uint32_t {
  ForceUnnormalized,
  FilterMode,
  AddressMode0,
  AddressMode1,
  AddressMode2
};

} // namespace w2w::devicelib
