// Source: CUDA Driver API, "Texture Reference Management [DEPRECATED]", "Surface Reference
// Management [DEPRECATED]", "Module Management [DEPRECATED]".
#include "runtime/cuda/texture_reference.h"

#include "runtime/cuda/texture_limits.h"

#include <cstring>

namespace w2w::cuda {

ModuleTextures::~ModuleTextures() {
  for (auto &[name, reference] : references_)
    driver().texture_references.remove(reference.get());
  if (last_use_)
    (void)hip::api().hipEventDestroy(last_use_);
}

TextureReference *ModuleTextures::reference(const jit::Program &program, std::string_view name,
                                            bool surface) {
  const abi::VariableSummary *variable = program.find_variable(name);
  const auto wanted = surface ? abi::OpaqueKind::Surfref : abi::OpaqueKind::Texref;
  if (!variable || variable->is_extern || variable->opaque != static_cast<uint8_t>(wanted))
    return nullptr;
  std::lock_guard lock(mutex_);
  auto &reference = references_[std::string(name)];
  if (!reference) {
    reference = std::make_unique<TextureReference>();
    reference->surface = surface;
    reference->offset = variable->offset;
    driver().texture_references.add(reference.get());
  }
  return reference.get();
}

CUresult ModuleTextures::write_bindings(uint64_t arena, Stream &stream, Context &context) {
  const hip::Api &api = hip::api();
  // All launches of a module with references follow one another, whatever their streams.
  if (last_use_ && last_stream_ != &stream)
    if (hip::hipError_t error = api.hipStreamWaitEvent(stream.hip, last_use_, 0);
        error != hip::hipSuccess)
      return to_cuda(error, context);
  for (auto &[name, reference] : references_) {
    std::lock_guard lock(reference->mutex);
    if (!reference->dirty)
      continue;
    abi::ImageDescriptor descriptor{};
    descriptor.kind = static_cast<uint32_t>(reference->surface ? abi::DescriptorKind::Surface
                                                               : abi::DescriptorKind::Texture);
    if (reference->source && reference->surface) {
      descriptor = describe_surface(*reference->source);
    } else if (reference->source) {
      CUDA_TEXTURE_DESC sampling = reference->sampling;
      if (CUresult result = normalise_sampling(*reference->source, sampling))
        return fail(result,
                    fmt::format("texture reference {}: its flags and filters do not go with "
                                "what is bound to it",
                                name));
      descriptor = describe_texture(*reference->source, sampling);
    }
    // From pageable memory: the bytes are taken before the call returns.
    if (hip::hipError_t error =
            api.hipMemcpyAsync(reinterpret_cast<void *>(arena + reference->offset), &descriptor,
                               sizeof descriptor, hip::hipMemcpyHostToDevice, stream.hip);
        error != hip::hipSuccess)
      return to_cuda(error, context);
    reference->dirty = false;
  }
  return CUDA_SUCCESS;
}

CUresult ModuleTextures::remember_use(Stream &stream, Context &context) {
  const hip::Api &api = hip::api();
  hip::hipError_t error = hip::hipSuccess;
  if (!last_use_)
    error = api.hipEventCreateWithFlags(&last_use_, hip::kEventDisableTiming);
  if (error == hip::hipSuccess)
    error = api.hipEventRecord(last_use_, stream.hip);
  last_stream_ = &stream;
  return to_cuda(error, context);
}

namespace {

/// A reference's state, locked while it is read or changed.
struct Locked {
  TextureReference *reference = nullptr;
  std::unique_lock<std::mutex> lock;

  Locked(void *handle, bool surface) {
    TextureReference *found = driver().texture_references.find(handle);
    if (found && found->surface == surface) {
      reference = found;
      lock = std::unique_lock(found->mutex);
    }
  }
  explicit operator bool() const { return reference; }
  TextureReference *operator->() const { return reference; }
};

/// Binds what a resource describes.
CUresult bind(TextureReference &reference, const CUDA_RESOURCE_DESC &resource) {
  TextureSource source;
  if (CUresult result = resolve_source(resource, nullptr, source))
    return result;
  reference.resource = resource;
  reference.format = source.format->format;
  reference.channels = source.channels;
  reference.source = std::move(source);
  reference.dirty = true;
  return CUDA_SUCCESS;
}

bool bound_to(const TextureReference &reference, CUresourcetype type) {
  return reference.source && reference.resource.resType == type;
}

CUresult get_reference(void **handle, CUmodule module, const char *name, bool surface) {
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  if (!handle || !name)
    return CUDA_ERROR_INVALID_VALUE;
  ModuleObject *object = driver().modules.find(module);
  if (!object)
    return CUDA_ERROR_INVALID_HANDLE;
  TextureReference *found =
      object->textures_in(*context).reference(*object->program, name, surface);
  if (!found)
    return CUDA_ERROR_NOT_FOUND;
  *handle = found;
  return CUDA_SUCCESS;
}

} // namespace

ModuleTextures &ModuleObject::textures_in(Context &context) {
  std::lock_guard lock(mutex);
  std::shared_ptr<ModuleTextures> &mine = textures[bound ? bound : &context];
  if (!mine)
    mine = std::make_shared<ModuleTextures>();
  has_textures = true;
  return *mine;
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuModuleGetTexRef(CUtexref *reference, CUmodule module, const char *name) {
  W2W_ENTER(cuModuleGetTexRef);
  return get_reference(reinterpret_cast<void **>(reference), module, name, false);
}
CUresult cuModuleGetSurfRef(CUsurfref *reference, CUmodule module, const char *name) {
  W2W_ENTER(cuModuleGetSurfRef);
  return get_reference(reinterpret_cast<void **>(reference), module, name, true);
}

// A function on a texture reference: the body sees it as `r`.
#define W2W_REFERENCE(name, parameters, ...)                                                       \
  CUresult name parameters {                                                                       \
    W2W_ENTER_CONTEXT(name);                                                                       \
    Locked r(handle, false);                                                                       \
    if (!r)                                                                                        \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    __VA_ARGS__;                                                                                   \
  }
// A getter, and a setter of a value that must fulfil `condition`.
#define W2W_GETTER(name, type, expression)                                                         \
  W2W_REFERENCE(name, (type * out, CUtexref handle), {                                             \
    if (!out)                                                                                      \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    *out = expression;                                                                             \
    return CUDA_SUCCESS;                                                                           \
  })
#define W2W_BOUND_GETTER(name, type, condition, expression)                                        \
  W2W_REFERENCE(name, (type * out, CUtexref handle), {                                             \
    if (!out || !(condition))                                                                      \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    *out = expression;                                                                             \
    return CUDA_SUCCESS;                                                                           \
  })
#define W2W_SETTER(name, type, member, condition)                                                  \
  W2W_REFERENCE(name, (CUtexref handle, type value), {                                             \
    if (!(condition))                                                                              \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    r->sampling.member = value;                                                                    \
    r->dirty = true;                                                                               \
    return CUDA_SUCCESS;                                                                           \
  })

// ---- what is bound
// -------------------------------------------------------------------------------

// `flags`: the texture always takes the array's format, and CUDA insists on being told so.
#define W2W_ARRAY_SETTER(name, type, resource_type, member)                                        \
  W2W_REFERENCE(name, (CUtexref handle, type array, unsigned int flags), {                         \
    if (flags != CU_TRSA_OVERRIDE_FORMAT)                                                          \
      return CUDA_ERROR_INVALID_VALUE;                                                             \
    CUDA_RESOURCE_DESC resource{};                                                                 \
    resource.resType = resource_type;                                                              \
    resource.res.member = array;                                                                   \
    return bind(*r.reference, resource);                                                           \
  })
W2W_ARRAY_SETTER(cuTexRefSetArray, CUarray, CU_RESOURCE_TYPE_ARRAY, array.hArray)
W2W_ARRAY_SETTER(cuTexRefSetMipmappedArray, CUmipmappedArray, CU_RESOURCE_TYPE_MIPMAPPED_ARRAY,
                 mipmap.hMipmappedArray)

W2W_REFERENCE(cuTexRefSetAddress_v2,
              (size_t *offset, CUtexref handle, CUdeviceptr pointer, size_t bytes), {
                if (!pointer) { // nothing is bound any more
                  r->source.reset();
                  r->dirty = true;
                  if (offset)
                    *offset = 0;
                  return CUDA_SUCCESS;
                }
                // Textures start at aligned addresses; the program adds the rest to its indices.
                size_t rest = pointer % static_cast<size_t>(
                                            texture_limit(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT));
                if (rest != 0 && !offset)
                  return CUDA_ERROR_INVALID_VALUE;
                CUDA_RESOURCE_DESC resource{};
                resource.resType = CU_RESOURCE_TYPE_LINEAR;
                resource.res.linear = {pointer - rest, r->format, r->channels, bytes + rest};
                CUresult result = bind(*r.reference, resource);
                if (result == CUDA_SUCCESS && offset)
                  *offset = rest;
                return result;
              })

W2W_REFERENCE(cuTexRefSetAddress2D_v3,
              (CUtexref handle, const CUDA_ARRAY_DESCRIPTOR *description, CUdeviceptr pointer,
               size_t pitch),
              {
                if (!description)
                  return CUDA_ERROR_INVALID_VALUE;
                CUDA_RESOURCE_DESC resource{};
                resource.resType = CU_RESOURCE_TYPE_PITCH2D;
                resource.res.pitch2D = {pointer,
                                        description->Format,
                                        description->NumChannels,
                                        description->Width,
                                        description->Height,
                                        pitch};
                return bind(*r.reference, resource);
              })
CUresult cuTexRefSetAddress2D_v2(CUtexref handle, const CUDA_ARRAY_DESCRIPTOR *description,
                                 CUdeviceptr pointer, size_t pitch) {
  return cuTexRefSetAddress2D_v3(handle, description, pointer, pitch);
}

W2W_BOUND_GETTER(cuTexRefGetAddress_v2, CUdeviceptr,
                 bound_to(*r.reference, CU_RESOURCE_TYPE_LINEAR) ||
                     bound_to(*r.reference, CU_RESOURCE_TYPE_PITCH2D),
                 r->source->levels.front().address)
W2W_BOUND_GETTER(cuTexRefGetArray, CUarray, bound_to(*r.reference, CU_RESOURCE_TYPE_ARRAY),
                 r->resource.res.array.hArray)
W2W_BOUND_GETTER(cuTexRefGetMipmappedArray, CUmipmappedArray,
                 bound_to(*r.reference, CU_RESOURCE_TYPE_MIPMAPPED_ARRAY),
                 r->resource.res.mipmap.hMipmappedArray)

W2W_REFERENCE(cuTexRefSetFormat, (CUtexref handle, CUarray_format format, int channels), {
  const TexelFormat *texel = find_texel_format(format);
  if (!texel || channels < 0 || !texel->allows(static_cast<unsigned>(channels)))
    return CUDA_ERROR_INVALID_VALUE;
  r->format = format;
  r->channels = static_cast<unsigned>(channels);
  return CUDA_SUCCESS; // for the address that is bound next
})
W2W_REFERENCE(cuTexRefGetFormat, (CUarray_format * format, int *channels, CUtexref handle), {
  if (format)
    *format = r->format;
  if (channels)
    *channels = static_cast<int>(r->channels);
  return CUDA_SUCCESS;
})

// ---- how it is sampled
// ---------------------------------------------------------------------------

W2W_REFERENCE(cuTexRefSetAddressMode, (CUtexref handle, int dimension, CUaddress_mode mode), {
  if (dimension < 0 || dimension > 2 || mode < CU_TR_ADDRESS_MODE_WRAP ||
      mode > CU_TR_ADDRESS_MODE_BORDER)
    return CUDA_ERROR_INVALID_VALUE;
  r->sampling.addressMode[dimension] = mode;
  r->dirty = true;
  return CUDA_SUCCESS;
})
W2W_REFERENCE(cuTexRefGetAddressMode, (CUaddress_mode * mode, CUtexref handle, int dimension), {
  if (!mode || dimension < 0 || dimension > 2)
    return CUDA_ERROR_INVALID_VALUE;
  *mode = r->sampling.addressMode[dimension];
  return CUDA_SUCCESS;
})

W2W_SETTER(cuTexRefSetFilterMode, CUfilter_mode, filterMode,
           value == CU_TR_FILTER_MODE_POINT || value == CU_TR_FILTER_MODE_LINEAR)
W2W_GETTER(cuTexRefGetFilterMode, CUfilter_mode, r->sampling.filterMode)
W2W_SETTER(cuTexRefSetMipmapFilterMode, CUfilter_mode, mipmapFilterMode,
           value == CU_TR_FILTER_MODE_POINT || value == CU_TR_FILTER_MODE_LINEAR)
W2W_GETTER(cuTexRefGetMipmapFilterMode, CUfilter_mode, r->sampling.mipmapFilterMode)
W2W_SETTER(cuTexRefSetMipmapLevelBias, float, mipmapLevelBias, true)
W2W_GETTER(cuTexRefGetMipmapLevelBias, float, r->sampling.mipmapLevelBias)
W2W_SETTER(cuTexRefSetMaxAnisotropy, unsigned int, maxAnisotropy, true)
W2W_GETTER(cuTexRefGetMaxAnisotropy, int, static_cast<int>(r->sampling.maxAnisotropy))
W2W_SETTER(cuTexRefSetFlags, unsigned int, flags,
           (value & ~unsigned(CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES |
                              CU_TRSF_SRGB | CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION)) == 0)
W2W_GETTER(cuTexRefGetFlags, unsigned int, r->sampling.flags)

W2W_REFERENCE(cuTexRefSetMipmapLevelClamp, (CUtexref handle, float least, float most), {
  r->sampling.minMipmapLevelClamp = least;
  r->sampling.maxMipmapLevelClamp = most;
  r->dirty = true;
  return CUDA_SUCCESS;
})
W2W_REFERENCE(cuTexRefGetMipmapLevelClamp, (float *least, float *most, CUtexref handle), {
  if (!least || !most)
    return CUDA_ERROR_INVALID_VALUE;
  *least = r->sampling.minMipmapLevelClamp;
  *most = r->sampling.maxMipmapLevelClamp;
  return CUDA_SUCCESS;
})
W2W_REFERENCE(cuTexRefSetBorderColor, (CUtexref handle, float *colour), {
  if (!colour)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(r->sampling.borderColor, colour, sizeof r->sampling.borderColor);
  r->dirty = true;
  return CUDA_SUCCESS;
})
W2W_REFERENCE(cuTexRefGetBorderColor, (float *colour, CUtexref handle), {
  if (!colour)
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(colour, r->sampling.borderColor, sizeof r->sampling.borderColor);
  return CUDA_SUCCESS;
})

// ---- references of no module
// ---------------------------------------------------------------------

CUresult cuTexRefCreate(CUtexref *reference) {
  W2W_ENTER_CONTEXT(cuTexRefCreate);
  if (!reference)
    return CUDA_ERROR_INVALID_VALUE;
  auto *fresh = new TextureReference;
  fresh->free = true;
  driver().texture_references.add(fresh);
  *reference = reinterpret_cast<CUtexref>(fresh);
  return CUDA_SUCCESS;
}

CUresult cuTexRefDestroy(CUtexref reference) {
  W2W_ENTER_CONTEXT(cuTexRefDestroy);
  TextureReference *found = driver().texture_references.find(reference);
  if (!found || !found->free)
    return CUDA_ERROR_INVALID_VALUE;
  driver().texture_references.remove(found);
  delete found;
  return CUDA_SUCCESS;
}

// ---- surface references
// --------------------------------------------------------------------------

CUresult cuSurfRefSetArray(CUsurfref handle, CUarray array, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuSurfRefSetArray);
  Locked r(handle, true);
  const Array *found = driver().arrays.find(array);
  if (!r || !found || flags != 0 || !(found->description.Flags & CUDA_ARRAY3D_SURFACE_LDST))
    return CUDA_ERROR_INVALID_VALUE;
  CUDA_RESOURCE_DESC resource{};
  resource.resType = CU_RESOURCE_TYPE_ARRAY;
  resource.res.array.hArray = array;
  return bind(*r.reference, resource);
}

CUresult cuSurfRefGetArray(CUarray *array, CUsurfref handle) {
  W2W_ENTER_CONTEXT(cuSurfRefGetArray);
  Locked r(handle, true);
  if (!array || !r || !r->source)
    return CUDA_ERROR_INVALID_VALUE;
  *array = r->resource.res.array.hArray;
  return CUDA_SUCCESS;
}
