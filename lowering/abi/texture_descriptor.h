// What a texture, sampler or surface handle points to. A handle (cudaTextureObject_t,
// cudaSurfaceObject_t, the address of a .texref, .samplerref or .surfref) is the device address of
// a descriptor in device-readable memory; the code of lowering/devicelib reads it. Shared by the
// runtime (which fills descriptors), devicelib (compiled for the device: C headers only in here)
// and the tests.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace w2w::abi {

inline constexpr uint32_t kDescriptorAlign = 64; // bytes; every handle is a multiple of it
inline constexpr uint32_t kMostMipLevels = 16;

/// First word of a descriptor; anything else makes a bad handle.
enum class DescriptorKind : uint32_t {
  Texture = 0x54783277, // "w2xT": texture objects, .texref
  Sampler = 0x4d783277, // "w2xM": .samplerref
  Surface = 0x53783277, // "w2xS": surface objects, .surfref
};

// CUDA's numbers (cudaTextureAddressMode, cudaTextureFilterMode), but for HalfBorder, which only a
// .samplerref can have: PTX's clamp_ogl, OpenGL's GL_CLAMP, AMD's SQ_TEX_CLAMP_HALF_BORDER. The
// coordinate is clamped to [0, extent], where a linear filter takes half of its weight from the
// border; the nearest texel is always one of the image.
enum class AddressMode : uint32_t { Wrap = 0, Clamp = 1, Mirror = 2, Border = 3, HalfBorder = 4 };
enum class FilterMode : uint32_t { Point = 0, Linear = 1 };

/// What the data is; an instruction of another geometry faults (ImageFault::Geometry). Linear also
/// serves .1d, Pitched also .2d; Cube and CubeArray also serve .a2d, one layer a face.
enum class ImageGeometry : uint32_t {
  Unbound = 0, // a variable that the host has not bound: fields of the image mean nothing
  OneD = 1,
  TwoD = 2,
  ThreeD = 3,
  OneDArray = 4,
  TwoDArray = 5,
  Cube = 6,      // 6 layers: +x, -x, +y, -y, +z, -z
  CubeArray = 7, // layers: a multiple of 6
  Linear = 8,    // linear memory (cudaResourceTypeLinear): integer coordinates, zero outside
  Pitched = 9,   // pitched linear memory (cudaResourceTypePitch2D)
  TwoDMultisample = 10,
  TwoDMultisampleArray = 11,
};

/// How one channel is stored. UnormN and SnormN are the formats that are normalised whatever the
/// read mode (cudaChannelFormatKindUnsignedNormalized8X1, ...).
enum class ChannelType : uint32_t {
  U8 = 0,
  U16 = 1,
  U32 = 2,
  S8 = 3,
  S16 = 4,
  S32 = 5,
  F16 = 6,
  F32 = 7,
  Unorm8 = 8,
  Unorm16 = 9,
  Snorm8 = 10,
  Snorm16 = 11,
  Unorm10_10_10_2 = 12, // one 32-bit word a texel, red in the low bits; channels = 4
};

/// How coordinates and levels become texels. PTX's unified mode takes it from the texture's
/// descriptor, the independent mode from a .samplerref.
struct SamplerState {
  uint32_t address_mode[3]; //  0: AddressMode of x, y, z
  uint32_t filter_mode;     // 12: FilterMode within a level
  uint32_t mip_filter_mode; // 16: FilterMode between levels
  float lod_bias;           // 20: added to the level of .level and .grad
  float min_lod;            // 24: the level is clamped to [min_lod, max_lod] after the bias
  float max_lod;            // 28
  /// 32: Border: what is outside, red first. A texture of integers takes it rounded toward zero.
  float border[4];
  uint32_t force_unnormalized; // 48: 1: coordinates are texels whatever the texture says
  /// 52: 1: linear filters of a cube take the texels beyond an edge from the neighbouring face; the
  /// address modes are Clamp.
  uint32_t seamless_cubemap;
  uint32_t max_anisotropy; // 56: an upper limit; we sample isotropically (devicelib/README.md)
  uint32_t disable_trilinear_optimization; // 60: of no effect: nothing is optimised away
  uint32_t reserved[12];                   // 64: zero
};

struct MipLevel {
  uint64_t address;     //  0: device address of the level's first byte
  uint64_t row_pitch;   //  8: bytes from row to row
  uint64_t slice_pitch; // 16: bytes from slice (3D), layer or cube face to the next
  uint32_t width;       // 24: texels; Linear: all of them
  uint32_t height;      // 28: 1 for one dimension
  uint32_t depth;       // 32: 1 unless ThreeD
  uint32_t reserved;    // 36: zero
};

/// Texel (x, y, z or layer) of a level starts at address + slice_pitch * layer + row_pitch * y +
/// texel_bytes * x. Multisampled: the samples of a texel lie side by side, texel_bytes each, so
/// that x counts samples times as much. Channels are packed, little-endian.
struct Image {
  uint32_t geometry; //  0: ImageGeometry
  /// 4: 1 to kMostMipLevels; 1 for what has no mipmaps. Level 0 is the base level.
  uint32_t levels;
  uint32_t layers;            //  8: of arrays (cubes: faces, 6 or a multiple); else 0
  uint32_t samples;           // 12: of multisampled images: 1, 2, 4, 8 or 16; else 0
  uint32_t channel_type;      // 16: ChannelType
  uint32_t channels;          // 20: 1, 2 or 4
  uint32_t texel_bytes;       // 24
  uint32_t normalized_coords; // 28: 1: coordinates in [0, 1)
  /// 32: 1: integers of 8 and 16 bits are read as [0, 1] or [-1, 1] (cudaReadModeNormalizedFloat).
  uint32_t read_normalized;
  uint32_t srgb;      // 36: 1: red, green and blue of 8-bit normalised texels are sRGB
  uint32_t mipmapped; // 40: 1: made from a mipmapped array (txq.num_mipmap_levels is then not 0)
  uint32_t linear_memory;         // 44: 1: suq.memory_layout
  uint32_t reserved[4];           // 48: zero
  MipLevel level[kMostMipLevels]; // 64
};

/// A texture or a surface. A surface has one level and ignores the sampler.
struct alignas(kDescriptorAlign) ImageDescriptor {
  uint32_t kind; //   0: DescriptorKind::Texture or Surface
  uint32_t reserved[3];
  SamplerState sampler; //  16
  Image image;          // 128
};

struct alignas(kDescriptorAlign) SamplerDescriptor {
  uint32_t kind; //   0: DescriptorKind::Sampler
  uint32_t reserved[3];
  SamplerState sampler; //  16: where ImageDescriptor has it
};

/// Status::detail[1] of a StatusKind::ImageFault; detail[0] is the handle, detail[2] the kind that
/// was expected (DescriptorKind) for BadHandle, else the first coordinate or zero.
enum class ImageFault : uint32_t {
  BadHandle = 1,   // not the address of such a descriptor
  Unbound = 2,     // a variable that the host has not bound
  Geometry = 3,    // the image has another geometry than the instruction
  OutOfBounds = 4, // surface, .trap
  Format = 5,      // the instruction's type does not go with the channels
  Misaligned = 6,  // surface, byte offset no multiple of the access
};

static_assert(sizeof(SamplerState) == 112 && sizeof(MipLevel) == 40);
static_assert(offsetof(ImageDescriptor, sampler) == 16 && offsetof(ImageDescriptor, image) == 128);
static_assert(offsetof(SamplerDescriptor, sampler) == 16);
static_assert(sizeof(Image) == 704 && sizeof(ImageDescriptor) == 832);
static_assert(sizeof(SamplerDescriptor) == 128);

} // namespace w2w::abi
