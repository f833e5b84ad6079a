// What a texture or surface reads, resolved from what the program gave and checked by CUDA's rules,
// and the descriptors made of it.
#pragma once

#include "lowering/abi/texture_descriptor.h"
#include "runtime/cuda/array.h"

namespace w2w::cuda {

struct TextureSource {
  abi::ImageGeometry geometry = abi::ImageGeometry::Unbound;
  const TexelFormat *format = nullptr;
  unsigned channels = 0;
  bool mipmapped = false;            // made from a mipmapped array, be it of one level
  unsigned layers = 0;               // of layered arrays, faces of cubemaps
  std::vector<abi::MipLevel> levels; // at least one

  bool cubemap() const {
    return geometry == abi::ImageGeometry::Cube || geometry == abi::ImageGeometry::CubeArray;
  }
  size_t texel_bytes() const { return size_t{format->component_bytes} * channels; }
};

/// The texels of a resource, restricted to `view` if that is not null. CUDA_ERROR_INVALID_VALUE for
/// what cuTexObjectCreate's documentation excludes: alignment, sizes, formats, handles, views.
CUresult resolve_source(const CUDA_RESOURCE_DESC &resource, const CUDA_RESOURCE_VIEW_DESC *view,
                        TextureSource &source);
/// The same for an array: all of it.
TextureSource source_of(const Array &array);
TextureSource source_of(const MipmappedArray &mips);

/// Checks how a texture shall be sampled and replaces what CUDA ignores by what it uses instead:
/// address modes, the range of the anisotropy.
CUresult normalise_sampling(const TextureSource &source, CUDA_TEXTURE_DESC &sampling);

/// The descriptor of a texture whose sampling has been normalised.
abi::ImageDescriptor describe_texture(const TextureSource &source,
                                      const CUDA_TEXTURE_DESC &sampling);
abi::ImageDescriptor describe_surface(const TextureSource &source);

} // namespace w2w::cuda
