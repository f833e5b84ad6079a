// CUDA arrays. Their layout is opaque to programs, and textures are sampled by software, so that an
// array is plain memory: slices (of a volume, layers, cube faces) of rows of texels.
#pragma once

#include "runtime/cuda/state.h"

namespace w2w::cuda {

/// What a component of a texel is. Normalised ones are those that are read as fractions whatever
/// the texture says.
enum class ComponentKind : uint8_t {
  Unsigned,
  Signed,
  Float,
  UnsignedNormalised,
  SignedNormalised
};

/// An array format that can be stored and sampled.
struct TexelFormat {
  CUarray_format format;
  ComponentKind kind;
  uint8_t component_bytes;
  uint8_t channels; // of formats that say how many they have; 0: CUDA's NumChannels decides

  /// Whether texels of `count` components exist.
  bool allows(unsigned count) const {
    return channels ? count == channels : count == 1 || count == 2 || count == 4;
  }
};

/// Null for block-compressed and video formats, and for what is no format.
const TexelFormat *find_texel_format(CUarray_format format);
/// Whether CUDA has the format, though it is not supported here.
bool is_known_format(CUarray_format format);

struct MipmappedArray;

/// Behind CUarray.
struct Array {
  Context *context = nullptr;
  CUDA_ARRAY3D_DESCRIPTOR description{}; // with flags, extents as given: Height, Depth may be 0
  const TexelFormat *format = nullptr;
  uint64_t base = 0;              // device address of texel (0, 0, 0)
  size_t pitch = 0;               // bytes from row to row
  size_t slice = 0;               // bytes from slice, layer or face to the next
  MipmappedArray *mips = nullptr; // of which it is a level; null if it owns its memory

  size_t texel_bytes() const { return size_t{format->component_bytes} * description.NumChannels; }
  size_t row_bytes() const { return description.Width * texel_bytes(); }
  size_t rows() const { return description.Height ? description.Height : 1; }
  size_t slices() const { return description.Depth ? description.Depth : 1; }
  bool layered() const { return description.Flags & CUDA_ARRAY3D_LAYERED; }
  bool cubemap() const { return description.Flags & CUDA_ARRAY3D_CUBEMAP; }
  bool volume() const { return description.Depth && !layered() && !cubemap(); }
};

/// Behind CUmipmappedArray: its levels lie in one allocation, the finest first.
struct MipmappedArray {
  Context *context = nullptr;
  uint64_t base = 0;
  std::vector<std::unique_ptr<Array>> levels;
};

/// Frees all arrays of a context that is torn down.
void free_arrays(Context &context);

} // namespace w2w::cuda
