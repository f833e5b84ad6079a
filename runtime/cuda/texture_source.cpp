// Source: CUDA Driver API, "Texture Object Management", cuTexObjectCreate.
#include "runtime/cuda/texture_source.h"

#include "runtime/cuda/texture_limits.h"

#include <algorithm>

namespace w2w::cuda {
namespace {

size_t limit(CUdevice_attribute attribute) {
  return static_cast<size_t>(texture_limit(attribute));
}

using abi::ImageGeometry;

bool has_layers(const Array &array) {
  return array.layered() || array.cubemap();
}

abi::MipLevel level_of(const Array &array) {
  abi::MipLevel level{};
  level.address = array.base;
  level.row_pitch = array.pitch;
  level.slice_pitch = array.slice;
  level.width = static_cast<uint32_t>(array.description.Width);
  level.height = static_cast<uint32_t>(array.rows());
  level.depth = has_layers(array) ? 1 : static_cast<uint32_t>(array.slices());
  return level;
}

ImageGeometry geometry_of(const Array &array) {
  const CUDA_ARRAY3D_DESCRIPTOR &d = array.description;
  if (array.cubemap())
    return array.layered() ? ImageGeometry::CubeArray : ImageGeometry::Cube;
  if (array.layered())
    return d.Height ? ImageGeometry::TwoDArray : ImageGeometry::OneDArray;
  return d.Depth ? ImageGeometry::ThreeD : d.Height ? ImageGeometry::TwoD : ImageGeometry::OneD;
}

/// One level of linear memory.
std::vector<abi::MipLevel> linear_level(CUdeviceptr address, size_t width, size_t height,
                                        size_t pitch) {
  abi::MipLevel level{};
  level.address = address;
  level.row_pitch = pitch;
  level.slice_pitch = pitch * height;
  level.width = static_cast<uint32_t>(width);
  level.height = static_cast<uint32_t>(height);
  level.depth = 1;
  return {level};
}

/// Linear memory of either kind: pointer and format.
CUresult set_memory(CUdeviceptr pointer, CUarray_format format, unsigned channels,
                    TextureSource &source) {
  source.format = find_texel_format(format);
  source.channels = channels;
  if (!source.format && is_known_format(format))
    return not_supported("cuTexObjectCreate", "block-compressed, packed and video formats");
  if (!pointer || pointer % limit(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT) != 0 || !source.format ||
      !source.format->allows(channels))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult resolve_linear(const decltype(CUDA_RESOURCE_DESC::res.linear) &r, TextureSource &source) {
  if (CUresult result = set_memory(r.devPtr, r.format, r.numChannels, source))
    return result;
  size_t texels = r.sizeInBytes / source.texel_bytes();
  if (texels == 0 || texels > limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH))
    return CUDA_ERROR_INVALID_VALUE;
  source.geometry = ImageGeometry::Linear;
  source.levels = linear_level(r.devPtr, texels, 1, r.sizeInBytes);
  return CUDA_SUCCESS;
}

CUresult resolve_pitched(const decltype(CUDA_RESOURCE_DESC::res.pitch2D) &r,
                         TextureSource &source) {
  if (CUresult result = set_memory(r.devPtr, r.format, r.numChannels, source))
    return result;
  if (r.width == 0 || r.width > limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH) ||
      r.height == 0 || r.height > limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT) ||
      r.pitchInBytes % limit(CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT) != 0 ||
      r.pitchInBytes > limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH) ||
      r.pitchInBytes < r.width * source.texel_bytes())
    return CUDA_ERROR_INVALID_VALUE;
  source.geometry = ImageGeometry::Pitched;
  source.levels = linear_level(r.devPtr, r.width, r.height, r.pitchInBytes);
  return CUDA_SUCCESS;
}

/// The format of a view: three numbers of channels for each format, in this order.
CUresult set_view_format(CUresourceViewFormat format, TextureSource &source) {
  constexpr CUarray_format kOrder[] = {CU_AD_FORMAT_UNSIGNED_INT8,  CU_AD_FORMAT_SIGNED_INT8,
                                       CU_AD_FORMAT_UNSIGNED_INT16, CU_AD_FORMAT_SIGNED_INT16,
                                       CU_AD_FORMAT_UNSIGNED_INT32, CU_AD_FORMAT_SIGNED_INT32,
                                       CU_AD_FORMAT_HALF,           CU_AD_FORMAT_FLOAT};
  constexpr unsigned kChannels[] = {1, 2, 4};
  static_assert(CU_RES_VIEW_FORMAT_UINT_1X8 == 1 && CU_RES_VIEW_FORMAT_FLOAT_4X32 == 24);
  if (format == CU_RES_VIEW_FORMAT_NONE)
    return CUDA_SUCCESS;
  if (format >= CU_RES_VIEW_FORMAT_UNSIGNED_BC1 && format <= CU_RES_VIEW_FORMAT_UNSIGNED_BC7)
    return not_supported("cuTexObjectCreate", "views of block-compressed texels");
  if (format < CU_RES_VIEW_FORMAT_UINT_1X8 || format > CU_RES_VIEW_FORMAT_FLOAT_4X32)
    return CUDA_ERROR_INVALID_VALUE;
  size_t before = source.texel_bytes();
  source.format = find_texel_format(kOrder[(format - 1) / 3]);
  source.channels = kChannels[(format - 1) % 3];
  return source.texel_bytes() == before ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/// Restricts the source to a view. Extents are those of the resource as it was created.
CUresult apply_view(const CUDA_RESOURCE_VIEW_DESC &view, const CUDA_ARRAY3D_DESCRIPTOR &d,
                    TextureSource &source) {
  if (view.width != d.Width || view.height != d.Height || view.depth != d.Depth)
    return CUDA_ERROR_INVALID_VALUE;
  if (view.firstMipmapLevel > view.lastMipmapLevel || view.lastMipmapLevel >= source.levels.size())
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult result = set_view_format(view.format, source))
    return result;
  source.levels.erase(source.levels.begin() + view.lastMipmapLevel + 1, source.levels.end());
  source.levels.erase(source.levels.begin(), source.levels.begin() + view.firstMipmapLevel);
  if (!(d.Flags & CUDA_ARRAY3D_LAYERED))
    return view.firstLayer == 0 && view.lastLayer == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  if (view.firstLayer > view.lastLayer || view.lastLayer >= d.Depth)
    return CUDA_ERROR_INVALID_VALUE;
  unsigned layers = view.lastLayer - view.firstLayer + 1;
  if (source.cubemap() && (view.firstLayer % 6 != 0 || layers % 6 != 0))
    return CUDA_ERROR_INVALID_VALUE; // whole cubes
  for (abi::MipLevel &level : source.levels)
    level.address += view.firstLayer * level.slice_pitch;
  source.layers = layers;
  return CUDA_SUCCESS;
}

} // namespace

TextureSource source_of(const Array &array) {
  TextureSource source;
  source.geometry = geometry_of(array);
  source.format = array.format;
  source.channels = array.description.NumChannels;
  source.layers = has_layers(array) ? static_cast<unsigned>(array.slices()) : 0;
  source.levels = {level_of(array)};
  return source;
}

TextureSource source_of(const MipmappedArray &mips) {
  TextureSource source = source_of(*mips.levels.front());
  source.mipmapped = true;
  for (size_t i = 1; i < mips.levels.size(); ++i)
    source.levels.push_back(level_of(*mips.levels[i]));
  return source;
}

CUresult resolve_source(const CUDA_RESOURCE_DESC &resource, const CUDA_RESOURCE_VIEW_DESC *view,
                        TextureSource &source) {
  if (resource.flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  switch (resource.resType) {
  case CU_RESOURCE_TYPE_ARRAY: {
    const Array *array = driver().arrays.find(resource.res.array.hArray);
    if (!array)
      return CUDA_ERROR_INVALID_VALUE;
    source = source_of(*array);
    return view ? apply_view(*view, array->description, source) : CUDA_SUCCESS;
  }
  case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY: {
    const MipmappedArray *mips =
        driver().mipmapped_arrays.find(resource.res.mipmap.hMipmappedArray);
    if (!mips)
      return CUDA_ERROR_INVALID_VALUE;
    source = source_of(*mips);
    return view ? apply_view(*view, mips->levels.front()->description, source) : CUDA_SUCCESS;
  }
  case CU_RESOURCE_TYPE_LINEAR:
    return view ? CUDA_ERROR_INVALID_VALUE : resolve_linear(resource.res.linear, source);
  case CU_RESOURCE_TYPE_PITCH2D:
    return view ? CUDA_ERROR_INVALID_VALUE : resolve_pitched(resource.res.pitch2D, source);
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult normalise_sampling(const TextureSource &source, CUDA_TEXTURE_DESC &sampling) {
  constexpr unsigned kKnown = CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES |
                              CU_TRSF_SRGB | CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION |
                              CU_TRSF_SEAMLESS_CUBEMAP;
  const bool normalised = sampling.flags & CU_TRSF_NORMALIZED_COORDINATES;
  if (sampling.flags & ~kKnown)
    return CUDA_ERROR_INVALID_VALUE;
  if ((sampling.flags & CU_TRSF_SEAMLESS_CUBEMAP) && !source.cubemap())
    return CUDA_ERROR_INVALID_VALUE;
  if (source.mipmapped && !normalised)
    return CUDA_ERROR_INVALID_VALUE;
  for (CUaddress_mode &mode : sampling.addressMode) {
    if (mode < CU_TR_ADDRESS_MODE_WRAP || mode > CU_TR_ADDRESS_MODE_BORDER)
      return CUDA_ERROR_INVALID_VALUE;
    // What repeats needs coordinates that say how often: others are clamped.
    if (!normalised && (mode == CU_TR_ADDRESS_MODE_WRAP || mode == CU_TR_ADDRESS_MODE_MIRROR))
      mode = CU_TR_ADDRESS_MODE_CLAMP;
  }
  for (CUfilter_mode filter : {sampling.filterMode, sampling.mipmapFilterMode})
    if (filter != CU_TR_FILTER_MODE_POINT && filter != CU_TR_FILTER_MODE_LINEAR)
      return CUDA_ERROR_INVALID_VALUE;
  if (source.geometry == ImageGeometry::Linear)
    sampling.filterMode = CU_TR_FILTER_MODE_POINT; // neither is used
  if (!source.mipmapped)
    sampling.mipmapFilterMode = CU_TR_FILTER_MODE_POINT;
  // Only fractions can be interpolated.
  const bool integers =
      (source.format->kind == ComponentKind::Unsigned ||
       source.format->kind == ComponentKind::Signed) &&
      (source.format->component_bytes == 4 || (sampling.flags & CU_TRSF_READ_AS_INTEGER));
  if (integers && (sampling.filterMode == CU_TR_FILTER_MODE_LINEAR ||
                   sampling.mipmapFilterMode == CU_TR_FILTER_MODE_LINEAR))
    return CUDA_ERROR_INVALID_VALUE;
  // The flag decides what lies beyond an edge, whatever the modes.
  if (sampling.flags & CU_TRSF_SEAMLESS_CUBEMAP)
    std::fill(std::begin(sampling.addressMode), std::end(sampling.addressMode),
              CU_TR_ADDRESS_MODE_CLAMP);
  sampling.maxAnisotropy = std::clamp(sampling.maxAnisotropy, 1u, 16u);
  return CUDA_SUCCESS;
}

namespace {

abi::ChannelType channel_type(const TexelFormat &format) {
  struct Row {
    ComponentKind kind;
    uint8_t bytes;
    abi::ChannelType type;
  };
  constexpr Row kRows[] = {
      {ComponentKind::Unsigned, 1, abi::ChannelType::U8},
      {ComponentKind::Unsigned, 2, abi::ChannelType::U16},
      {ComponentKind::Unsigned, 4, abi::ChannelType::U32},
      {ComponentKind::Signed, 1, abi::ChannelType::S8},
      {ComponentKind::Signed, 2, abi::ChannelType::S16},
      {ComponentKind::Signed, 4, abi::ChannelType::S32},
      {ComponentKind::Float, 2, abi::ChannelType::F16},
      {ComponentKind::Float, 4, abi::ChannelType::F32},
      {ComponentKind::UnsignedNormalised, 1, abi::ChannelType::Unorm8},
      {ComponentKind::UnsignedNormalised, 2, abi::ChannelType::Unorm16},
      {ComponentKind::SignedNormalised, 1, abi::ChannelType::Snorm8},
      {ComponentKind::SignedNormalised, 2, abi::ChannelType::Snorm16},
  };
  return std::find_if(std::begin(kRows), std::end(kRows),
                      [&](const Row &row) {
                        return row.kind == format.kind && row.bytes == format.component_bytes;
                      })
      ->type;
}

abi::Image describe_image(const TextureSource &source) {
  abi::Image image{};
  image.geometry = static_cast<uint32_t>(source.geometry);
  image.levels = static_cast<uint32_t>(source.levels.size());
  image.layers = source.layers;
  image.channel_type = static_cast<uint32_t>(channel_type(*source.format));
  image.channels = source.channels;
  image.texel_bytes = static_cast<uint32_t>(source.texel_bytes());
  image.mipmapped = source.mipmapped;
  image.linear_memory =
      source.geometry == ImageGeometry::Linear || source.geometry == ImageGeometry::Pitched;
  // No limit of an extent allows more levels.
  std::copy(source.levels.begin(), source.levels.end(), image.level);
  return image;
}

} // namespace

abi::ImageDescriptor describe_texture(const TextureSource &source,
                                      const CUDA_TEXTURE_DESC &sampling) {
  abi::ImageDescriptor d{};
  d.kind = static_cast<uint32_t>(abi::DescriptorKind::Texture);
  abi::SamplerState &s = d.sampler;
  static_assert(sizeof s.address_mode == sizeof sampling.addressMode);
  for (int i = 0; i < 3; ++i)
    s.address_mode[i] = static_cast<uint32_t>(sampling.addressMode[i]);
  s.filter_mode = static_cast<uint32_t>(sampling.filterMode);
  s.mip_filter_mode = static_cast<uint32_t>(sampling.mipmapFilterMode);
  s.lod_bias = sampling.mipmapLevelBias;
  s.min_lod = sampling.minMipmapLevelClamp;
  s.max_lod = sampling.maxMipmapLevelClamp;
  std::copy(std::begin(sampling.borderColor), std::end(sampling.borderColor), s.border);
  s.seamless_cubemap = (sampling.flags & CU_TRSF_SEAMLESS_CUBEMAP) != 0;
  s.max_anisotropy = sampling.maxAnisotropy;
  s.disable_trilinear_optimization = (sampling.flags & CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION) != 0;
  d.image = describe_image(source);
  d.image.normalized_coords = (sampling.flags & CU_TRSF_NORMALIZED_COORDINATES) != 0;
  d.image.read_normalized = (sampling.flags & CU_TRSF_READ_AS_INTEGER) == 0;
  d.image.srgb = (sampling.flags & CU_TRSF_SRGB) != 0;
  return d;
}

abi::ImageDescriptor describe_surface(const TextureSource &source) {
  abi::ImageDescriptor d{};
  d.kind = static_cast<uint32_t>(abi::DescriptorKind::Surface);
  d.image = describe_image(source);
  return d;
}

} // namespace w2w::cuda
