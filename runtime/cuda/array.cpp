// CUDA arrays and mipmapped arrays: creation, description, destruction.
// Source: CUDA Driver API, "Memory Management" (cuArray3DCreate: extents and flags by kind of
// array).
#include "runtime/cuda/array.h"

#include "runtime/cuda/texture_limits.h"

#include <algorithm>
#include <bit>

namespace w2w::cuda {
namespace {

constexpr TexelFormat kFormats[] = {
    {CU_AD_FORMAT_UNSIGNED_INT8, ComponentKind::Unsigned, 1, 0},
    {CU_AD_FORMAT_UNSIGNED_INT16, ComponentKind::Unsigned, 2, 0},
    {CU_AD_FORMAT_UNSIGNED_INT32, ComponentKind::Unsigned, 4, 0},
    {CU_AD_FORMAT_SIGNED_INT8, ComponentKind::Signed, 1, 0},
    {CU_AD_FORMAT_SIGNED_INT16, ComponentKind::Signed, 2, 0},
    {CU_AD_FORMAT_SIGNED_INT32, ComponentKind::Signed, 4, 0},
    {CU_AD_FORMAT_HALF, ComponentKind::Float, 2, 0},
    {CU_AD_FORMAT_FLOAT, ComponentKind::Float, 4, 0},
    {CU_AD_FORMAT_UNORM_INT8X1, ComponentKind::UnsignedNormalised, 1, 1},
    {CU_AD_FORMAT_UNORM_INT8X2, ComponentKind::UnsignedNormalised, 1, 2},
    {CU_AD_FORMAT_UNORM_INT8X4, ComponentKind::UnsignedNormalised, 1, 4},
    {CU_AD_FORMAT_UNORM_INT16X1, ComponentKind::UnsignedNormalised, 2, 1},
    {CU_AD_FORMAT_UNORM_INT16X2, ComponentKind::UnsignedNormalised, 2, 2},
    {CU_AD_FORMAT_UNORM_INT16X4, ComponentKind::UnsignedNormalised, 2, 4},
    {CU_AD_FORMAT_SNORM_INT8X1, ComponentKind::SignedNormalised, 1, 1},
    {CU_AD_FORMAT_SNORM_INT8X2, ComponentKind::SignedNormalised, 1, 2},
    {CU_AD_FORMAT_SNORM_INT8X4, ComponentKind::SignedNormalised, 1, 4},
    {CU_AD_FORMAT_SNORM_INT16X1, ComponentKind::SignedNormalised, 2, 1},
    {CU_AD_FORMAT_SNORM_INT16X2, ComponentKind::SignedNormalised, 2, 2},
    {CU_AD_FORMAT_SNORM_INT16X4, ComponentKind::SignedNormalised, 2, 4},
};

/// The attributes that limit an array's extents. Zero: the extent must be 0.
struct Limits {
  CUdevice_attribute width, height, depth;
};
constexpr auto kNone = static_cast<CUdevice_attribute>(0);
#define W2W_LIMIT(name) CU_DEVICE_ATTRIBUTE_MAXIMUM_##name

/// The table of cuArray3DCreate's and cuMipmappedArrayCreate's documentation.
struct Kind {
  Limits texture, mipmapped, surface;
};
constexpr Kind k1D{{W2W_LIMIT(TEXTURE1D_WIDTH), kNone, kNone},
                   {W2W_LIMIT(TEXTURE1D_MIPMAPPED_WIDTH), kNone, kNone},
                   {W2W_LIMIT(SURFACE1D_WIDTH), kNone, kNone}};
constexpr Kind k2D{
    {W2W_LIMIT(TEXTURE2D_WIDTH), W2W_LIMIT(TEXTURE2D_HEIGHT), kNone},
    {W2W_LIMIT(TEXTURE2D_MIPMAPPED_WIDTH), W2W_LIMIT(TEXTURE2D_MIPMAPPED_HEIGHT), kNone},
    {W2W_LIMIT(SURFACE2D_WIDTH), W2W_LIMIT(SURFACE2D_HEIGHT), kNone}};
constexpr Limits kVolume{W2W_LIMIT(TEXTURE3D_WIDTH), W2W_LIMIT(TEXTURE3D_HEIGHT),
                         W2W_LIMIT(TEXTURE3D_DEPTH)};
constexpr Limits kVolumeAlternate{W2W_LIMIT(TEXTURE3D_WIDTH_ALTERNATE),
                                  W2W_LIMIT(TEXTURE3D_HEIGHT_ALTERNATE),
                                  W2W_LIMIT(TEXTURE3D_DEPTH_ALTERNATE)};
constexpr Kind k3D{
    kVolume,
    kVolume,
    {W2W_LIMIT(SURFACE3D_WIDTH), W2W_LIMIT(SURFACE3D_HEIGHT), W2W_LIMIT(SURFACE3D_DEPTH)}};
constexpr Limits k1DLayers{W2W_LIMIT(TEXTURE1D_LAYERED_WIDTH), kNone,
                           W2W_LIMIT(TEXTURE1D_LAYERED_LAYERS)};
constexpr Kind k1DLayered{
    k1DLayers,
    k1DLayers,
    {W2W_LIMIT(SURFACE1D_LAYERED_WIDTH), kNone, W2W_LIMIT(SURFACE1D_LAYERED_LAYERS)}};
constexpr Limits k2DLayers{W2W_LIMIT(TEXTURE2D_LAYERED_WIDTH), W2W_LIMIT(TEXTURE2D_LAYERED_HEIGHT),
                           W2W_LIMIT(TEXTURE2D_LAYERED_LAYERS)};
constexpr Kind k2DLayered{k2DLayers,
                          k2DLayers,
                          {W2W_LIMIT(SURFACE2D_LAYERED_WIDTH), W2W_LIMIT(SURFACE2D_LAYERED_HEIGHT),
                           W2W_LIMIT(SURFACE2D_LAYERED_LAYERS)}};
// The depth of these is checked for multiples of six; the layered attribute bounds it.
constexpr Limits kCubes{W2W_LIMIT(TEXTURECUBEMAP_WIDTH), W2W_LIMIT(TEXTURECUBEMAP_WIDTH),
                        W2W_LIMIT(TEXTURECUBEMAP_LAYERED_LAYERS)};
constexpr Kind kCubemap{kCubes,
                        kCubes,
                        {W2W_LIMIT(SURFACECUBEMAP_WIDTH), W2W_LIMIT(SURFACECUBEMAP_WIDTH),
                         W2W_LIMIT(SURFACECUBEMAP_LAYERED_LAYERS)}};
constexpr Limits kCubeLayers{W2W_LIMIT(TEXTURECUBEMAP_LAYERED_WIDTH),
                             W2W_LIMIT(TEXTURECUBEMAP_LAYERED_WIDTH),
                             W2W_LIMIT(TEXTURECUBEMAP_LAYERED_LAYERS)};
constexpr Kind kCubemapLayered{kCubeLayers,
                               kCubeLayers,
                               {W2W_LIMIT(SURFACECUBEMAP_LAYERED_WIDTH),
                                W2W_LIMIT(SURFACECUBEMAP_LAYERED_WIDTH),
                                W2W_LIMIT(SURFACECUBEMAP_LAYERED_LAYERS)}};
constexpr Limits kGather{W2W_LIMIT(TEXTURE2D_GATHER_WIDTH), W2W_LIMIT(TEXTURE2D_GATHER_HEIGHT),
                         kNone};
#undef W2W_LIMIT

bool within(size_t extent, CUdevice_attribute limit) {
  if (limit == kNone)
    return extent == 0;
  return extent >= 1 && extent <= static_cast<size_t>(texture_limit(limit));
}

bool within(const CUDA_ARRAY3D_DESCRIPTOR &d, const Limits &limits) {
  return within(d.Width, limits.width) && within(d.Height, limits.height) &&
         within(d.Depth, limits.depth);
}

const Kind &kind_of(const CUDA_ARRAY3D_DESCRIPTOR &d) {
  bool layered = d.Flags & CUDA_ARRAY3D_LAYERED;
  if (d.Flags & CUDA_ARRAY3D_CUBEMAP)
    return layered ? kCubemapLayered : kCubemap;
  if (layered)
    return d.Height ? k2DLayered : k1DLayered;
  return d.Depth ? k3D : d.Height ? k2D : k1D;
}

constexpr unsigned kFlags = CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST |
                            CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_TEXTURE_GATHER;
constexpr unsigned kRefusedFlags = CUDA_ARRAY3D_DEPTH_TEXTURE | CUDA_ARRAY3D_COLOR_ATTACHMENT |
                                   CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING |
                                   CUDA_ARRAY3D_VIDEO_ENCODE_DECODE;

/// What may be created, by cuArray3DCreate's documentation.
CUresult check(const CUDA_ARRAY3D_DESCRIPTOR &d, bool mipmapped) {
  if (d.Flags & ~(kFlags | kRefusedFlags))
    return CUDA_ERROR_INVALID_VALUE;
  if (d.Flags & (CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING))
    return not_supported("cuArray3DCreate", "sparse arrays and arrays mapped later");
  if (d.Flags & kRefusedFlags)
    return not_supported("cuArray3DCreate", "depth textures, colour attachments, video surfaces");
  const TexelFormat *format = find_texel_format(d.Format);
  if (!format)
    return is_known_format(d.Format)
               ? not_supported("cuArray3DCreate", "block-compressed, packed and video formats")
               : CUDA_ERROR_INVALID_VALUE;
  if (!format->allows(d.NumChannels))
    return CUDA_ERROR_INVALID_VALUE;
  const Kind &kind = kind_of(d);
  bool fits = within(d, mipmapped ? kind.mipmapped : kind.texture) ||
              (&kind == &k3D && within(d, kVolumeAlternate));
  if (!fits || ((d.Flags & CUDA_ARRAY3D_SURFACE_LDST) && !within(d, kind.surface)))
    return CUDA_ERROR_INVALID_VALUE;
  if (d.Flags & CUDA_ARRAY3D_CUBEMAP)
    if (d.Width != d.Height || (d.Flags & CUDA_ARRAY3D_LAYERED ? d.Depth % 6 != 0 : d.Depth != 6))
      return CUDA_ERROR_INVALID_VALUE;
  if ((d.Flags & CUDA_ARRAY3D_TEXTURE_GATHER) && (&kind != &k2D || !within(d, kGather)))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

/// Rows start at cache lines, arrays and levels where a texture of linear memory may.
constexpr size_t kRowAlignment = 128, kLevelAlignment = 512;
constexpr size_t align_up(size_t bytes, size_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

std::unique_ptr<Array> lay_out(Context &context, const CUDA_ARRAY3D_DESCRIPTOR &description) {
  auto array = std::make_unique<Array>();
  array->context = &context;
  array->description = description;
  array->format = find_texel_format(description.Format);
  array->pitch = align_up(array->row_bytes(), kRowAlignment);
  array->slice = array->pitch * array->rows();
  return array;
}

CUresult allocate(Context &context, size_t bytes, uint64_t &base) {
  void *memory = nullptr;
  hip::hipError_t error = hip::api().hipMalloc(&memory, bytes);
  if (error == hip::hipErrorOutOfMemory) {
    free_deferred(context, true); // as other allocations do
    error = hip::api().hipMalloc(&memory, bytes);
  }
  base = reinterpret_cast<uint64_t>(memory);
  return to_cuda(error);
}

/// Waits for work that may use the memory, as hipFree does.
CUresult free_memory(Context &owner, uint64_t base, Context &current) {
  activate(*owner.device);
  hip::hipError_t error = hip::api().hipFree(reinterpret_cast<void *>(base));
  activate(*current.device);
  return after_wait(current, error);
}

CUresult create_array(Context &context, CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR &d) {
  if (CUresult result = check(d, false))
    return result;
  auto array = lay_out(context, d);
  if (CUresult result = allocate(context, array->slice * array->slices(), array->base))
    return result;
  driver().arrays.add(array.get());
  *handle = reinterpret_cast<CUarray>(array.release());
  return CUDA_SUCCESS;
}

CUDA_ARRAY3D_DESCRIPTOR level_of(CUDA_ARRAY3D_DESCRIPTOR d, unsigned level) {
  auto shrink = [level](size_t &extent) {
    if (extent)
      extent = std::max<size_t>(extent >> level, 1);
  };
  shrink(d.Width);
  shrink(d.Height);
  if (&kind_of(d) == &k3D) // layers and faces stay
    shrink(d.Depth);
  return d;
}

CUresult create_mipmapped(Context &context, CUmipmappedArray *handle,
                          const CUDA_ARRAY3D_DESCRIPTOR &d, unsigned wanted) {
  if (CUresult result = check(d, true))
    return result;
  size_t longest = std::max(d.Width, d.Height);
  if (&kind_of(d) == &k3D)
    longest = std::max(longest, d.Depth);
  auto most = static_cast<unsigned>(std::bit_width(longest));
  auto mips = std::make_unique<MipmappedArray>();
  mips->context = &context;
  size_t bytes = 0;
  for (unsigned level = 0; level < std::clamp(wanted, 1u, most); ++level) {
    auto array = lay_out(context, level_of(d, level));
    array->mips = mips.get();
    array->base = bytes; // relative until the memory is there
    bytes += align_up(array->slice * array->slices(), kLevelAlignment);
    mips->levels.push_back(std::move(array));
  }
  if (CUresult result = allocate(context, bytes, mips->base))
    return result;
  for (auto &array : mips->levels) {
    array->base += mips->base;
    driver().arrays.add(array.get());
  }
  driver().mipmapped_arrays.add(mips.get());
  *handle = reinterpret_cast<CUmipmappedArray>(mips.release());
  return CUDA_SUCCESS;
}

void forget(Array *array) {
  driver().arrays.remove(array);
  delete array;
}
void forget(MipmappedArray *mips) {
  for (auto &level : mips->levels)
    driver().arrays.remove(level.get());
  driver().mipmapped_arrays.remove(mips);
  delete mips;
}

} // namespace

const TexelFormat *find_texel_format(CUarray_format format) {
  for (const TexelFormat &f : kFormats)
    if (f.format == format)
      return &f;
  return nullptr;
}

bool is_known_format(CUarray_format format) {
  return find_texel_format(format) || format == CU_AD_FORMAT_UNORM_INT_101010_2 ||
         (format >= CU_AD_FORMAT_BC1_UNORM && format <= CU_AD_FORMAT_YUV444_16bit_SemiPlanar);
}

void free_arrays(Context &context) {
  for (MipmappedArray *mips : driver().mipmapped_arrays.all())
    if (mips->context == &context) {
      (void)hip::api().hipFree(reinterpret_cast<void *>(mips->base));
      forget(mips);
    }
  for (Array *array : driver().arrays.all())
    if (array->context == &context) {
      (void)hip::api().hipFree(reinterpret_cast<void *>(array->base));
      forget(array);
    }
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

#define W2W_ARRAY_ARGUMENT(handle)                                                                 \
  Array *array = driver().arrays.find(handle);                                                     \
  if (!array)                                                                                      \
  return CUDA_ERROR_INVALID_HANDLE
#define W2W_MIPMAPPED_ARGUMENT(handle)                                                             \
  MipmappedArray *mips = driver().mipmapped_arrays.find(handle);                                   \
  if (!mips)                                                                                       \
  return CUDA_ERROR_INVALID_HANDLE

CUresult cuArrayCreate_v2(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR *description) {
  W2W_ENTER_CONTEXT(cuArrayCreate_v2);
  if (!handle || !description)
    return CUDA_ERROR_INVALID_VALUE;
  return create_array(*context, handle,
                      {description->Width, description->Height, 0, description->Format,
                       description->NumChannels, 0});
}

CUresult cuArray3DCreate_v2(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *description) {
  W2W_ENTER_CONTEXT(cuArray3DCreate_v2);
  if (!handle || !description)
    return CUDA_ERROR_INVALID_VALUE;
  return create_array(*context, handle, *description);
}

CUresult cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *description, CUarray handle) {
  W2W_ENTER_CONTEXT(cuArrayGetDescriptor_v2);
  if (!description)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_ARRAY_ARGUMENT(handle);
  const CUDA_ARRAY3D_DESCRIPTOR &d = array->description;
  *description = {d.Width, d.Height, d.Format, d.NumChannels};
  return CUDA_SUCCESS;
}

CUresult cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *description, CUarray handle) {
  W2W_ENTER_CONTEXT(cuArray3DGetDescriptor_v2);
  if (!description)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_ARRAY_ARGUMENT(handle);
  *description = array->description;
  return CUDA_SUCCESS;
}

CUresult cuArrayDestroy(CUarray handle) {
  W2W_ENTER_CONTEXT(cuArrayDestroy);
  W2W_ARRAY_ARGUMENT(handle);
  if (array->mips)
    return CUDA_ERROR_INVALID_HANDLE; // a level goes with its mipmapped array
  CUresult result = free_memory(*array->context, array->base, *context);
  forget(array);
  return result;
}

// No array here is sparse, has its memory mapped later, or has planes: these calls are errors for
// any other array.

CUresult cuArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties, CUarray handle) {
  W2W_ENTER_CONTEXT(cuArrayGetSparseProperties);
  W2W_ARRAY_ARGUMENT(handle);
  return CUDA_ERROR_INVALID_VALUE;
}
CUresult cuArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements, CUarray handle,
                                      CUdevice device) {
  W2W_ENTER_CONTEXT(cuArrayGetMemoryRequirements);
  W2W_ARRAY_ARGUMENT(handle);
  return CUDA_ERROR_INVALID_VALUE;
}
CUresult cuArrayGetPlane(CUarray *plane, CUarray handle, unsigned int index) {
  W2W_ENTER_CONTEXT(cuArrayGetPlane);
  W2W_ARRAY_ARGUMENT(handle);
  return CUDA_ERROR_INVALID_VALUE;
}
CUresult cuMipmappedArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties,
                                             CUmipmappedArray handle) {
  W2W_ENTER_CONTEXT(cuMipmappedArrayGetSparseProperties);
  W2W_MIPMAPPED_ARGUMENT(handle);
  return CUDA_ERROR_INVALID_VALUE;
}
CUresult cuMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements,
                                               CUmipmappedArray handle, CUdevice device) {
  W2W_ENTER_CONTEXT(cuMipmappedArrayGetMemoryRequirements);
  W2W_MIPMAPPED_ARGUMENT(handle);
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMipmappedArrayCreate(CUmipmappedArray *handle,
                                const CUDA_ARRAY3D_DESCRIPTOR *description, unsigned int levels) {
  W2W_ENTER_CONTEXT(cuMipmappedArrayCreate);
  if (!handle || !description)
    return CUDA_ERROR_INVALID_VALUE;
  return create_mipmapped(*context, handle, *description, levels);
}

CUresult cuMipmappedArrayGetLevel(CUarray *level_array, CUmipmappedArray handle,
                                  unsigned int level) {
  W2W_ENTER_CONTEXT(cuMipmappedArrayGetLevel);
  W2W_MIPMAPPED_ARGUMENT(handle);
  if (!level_array || level >= mips->levels.size())
    return CUDA_ERROR_INVALID_VALUE;
  *level_array = reinterpret_cast<CUarray>(mips->levels[level].get());
  return CUDA_SUCCESS;
}

CUresult cuMipmappedArrayDestroy(CUmipmappedArray handle) {
  W2W_ENTER_CONTEXT(cuMipmappedArrayDestroy);
  W2W_MIPMAPPED_ARGUMENT(handle);
  CUresult result = free_memory(*mips->context, mips->base, *context);
  forget(mips);
  return result;
}
