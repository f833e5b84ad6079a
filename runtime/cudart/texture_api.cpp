// Texture and surface objects: the driver's, with the runtime's descriptions.
#include "runtime/cudart/channel_format.h"

#include <cstring>

namespace {

cudaError_t to_driver(const cudaResourceDesc *from, CUDA_RESOURCE_DESC &to) {
  if (!from)
    return cudaErrorInvalidValue;
  to = {};
  to.resType = from->resType;
  to.flags = w2wrt_abi >= 13 ? from->flags : 0;
  switch (from->resType) {
  case CU_RESOURCE_TYPE_ARRAY:
    to.res.array.hArray = from->res.array.array;
    return cudaSuccess;
  case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
    to.res.mipmap.hMipmappedArray = from->res.mipmap.mipmap;
    return cudaSuccess;
  case CU_RESOURCE_TYPE_LINEAR: {
    auto &linear = to.res.linear;
    linear.devPtr = device_pointer(from->res.linear.devPtr);
    linear.sizeInBytes = from->res.linear.sizeInBytes;
    return to_format(from->res.linear.desc, linear.format, linear.numChannels);
  }
  case CU_RESOURCE_TYPE_PITCH2D: {
    auto &pitched = to.res.pitch2D;
    pitched.devPtr = device_pointer(from->res.pitch2D.devPtr);
    pitched.width = from->res.pitch2D.width;
    pitched.height = from->res.pitch2D.height;
    pitched.pitchInBytes = from->res.pitch2D.pitchInBytes;
    return to_format(from->res.pitch2D.desc, pitched.format, pitched.numChannels);
  }
  default:
    return cudaErrorInvalidValue;
  }
}

/// Writes no more than the program's version of the structure has.
void to_runtime(const CUDA_RESOURCE_DESC &from, cudaResourceDesc *out) {
  cudaResourceDesc to;
  std::memset(static_cast<void *>(&to), 0, sizeof to);
  to.resType = from.resType;
  to.flags = from.flags;
  switch (from.resType) {
  case CU_RESOURCE_TYPE_ARRAY:
    to.res.array.array = from.res.array.hArray;
    break;
  case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
    to.res.mipmap.mipmap = from.res.mipmap.hMipmappedArray;
    break;
  case CU_RESOURCE_TYPE_LINEAR:
    to.res.linear.devPtr = reinterpret_cast<void *>(from.res.linear.devPtr);
    to.res.linear.desc = to_channels(from.res.linear.format, from.res.linear.numChannels);
    to.res.linear.sizeInBytes = from.res.linear.sizeInBytes;
    break;
  case CU_RESOURCE_TYPE_PITCH2D:
    to.res.pitch2D.devPtr = reinterpret_cast<void *>(from.res.pitch2D.devPtr);
    to.res.pitch2D.desc = to_channels(from.res.pitch2D.format, from.res.pitch2D.numChannels);
    to.res.pitch2D.width = from.res.pitch2D.width;
    to.res.pitch2D.height = from.res.pitch2D.height;
    to.res.pitch2D.pitchInBytes = from.res.pitch2D.pitchInBytes;
    break;
  }
  std::memcpy(static_cast<void *>(out), &to, w2wrt_abi >= 13 ? sizeof to : kResourceDesc11);
}

struct Flag {
  int cudaTextureDesc::*member;
  unsigned flag;
};
constexpr Flag kFlags[] = {
    {&cudaTextureDesc::normalizedCoords, CU_TRSF_NORMALIZED_COORDINATES},
    {&cudaTextureDesc::sRGB, CU_TRSF_SRGB},
    {&cudaTextureDesc::disableTrilinearOptimization, CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION},
    {&cudaTextureDesc::seamlessCubemap, CU_TRSF_SEAMLESS_CUBEMAP},
};

/// What both descriptions of sampling hold alike, under the same names.
template <class To, class From> void copy_sampling(To &to, const From &from) {
  std::memcpy(to.addressMode, from.addressMode, sizeof to.addressMode);
  to.filterMode = from.filterMode;
  to.maxAnisotropy = from.maxAnisotropy;
  to.mipmapFilterMode = from.mipmapFilterMode;
  to.mipmapLevelBias = from.mipmapLevelBias;
  to.minMipmapLevelClamp = from.minMipmapLevelClamp;
  to.maxMipmapLevelClamp = from.maxMipmapLevelClamp;
  std::memcpy(to.borderColor, from.borderColor, sizeof to.borderColor);
}

CUDA_TEXTURE_DESC to_driver(const cudaTextureDesc &from) {
  CUDA_TEXTURE_DESC to = {};
  copy_sampling(to, from);
  to.flags = from.readMode == 0 ? CU_TRSF_READ_AS_INTEGER : 0;
  for (const Flag &f : kFlags)
    if (from.*f.member)
      to.flags |= f.flag;
  return to;
}

cudaTextureDesc to_runtime(const CUDA_TEXTURE_DESC &from) {
  cudaTextureDesc to = {};
  copy_sampling(to, from);
  to.readMode = from.flags & CU_TRSF_READ_AS_INTEGER ? 0 : 1;
  for (const Flag &f : kFlags)
    to.*f.member = (from.flags & f.flag) != 0;
  return to;
}

/// `bytes`: how much of the texture description the program has.
cudaError_t create_texture(cudaTextureObject_t *texture, const cudaResourceDesc *resource,
                           const cudaTextureDesc *sampling, const CUDA_RESOURCE_VIEW_DESC *view,
                           size_t bytes) {
  if (!texture || !sampling)
    return record(cudaErrorInvalidValue);
  CUDA_RESOURCE_DESC r;
  if (cudaError_t e = to_driver(resource, r))
    return record(e);
  cudaTextureDesc whole = {};
  std::memcpy(&whole, sampling, bytes);
  const CUDA_TEXTURE_DESC s = to_driver(whole);
  CUDA_RESOURCE_VIEW_DESC v = {};
  if (view)
    std::memcpy(&v, view, kResourceViewDesc11);
  return in_context([&] { return cuTexObjectCreate(texture, &r, &s, view ? &v : nullptr); });
}

cudaError_t get_sampling(cudaTextureDesc *sampling, cudaTextureObject_t texture, size_t bytes) {
  if (!sampling)
    return record(cudaErrorInvalidValue);
  return in_context([=] {
    CUDA_TEXTURE_DESC d;
    CUresult r = cuTexObjectGetTextureDesc(&d, texture);
    if (r == CUDA_SUCCESS) {
      const cudaTextureDesc whole = to_runtime(d);
      std::memcpy(sampling, &whole, bytes);
    }
    return r;
  });
}

template <class Object>
cudaError_t get_resource(cudaResourceDesc *resource, Object object,
                         CUresult (*get)(CUDA_RESOURCE_DESC *, Object)) {
  if (!resource)
    return record(cudaErrorInvalidValue);
  return in_context([=] {
    CUDA_RESOURCE_DESC d;
    CUresult r = get(&d, object);
    if (r == CUDA_SUCCESS)
      to_runtime(d, resource);
    return r;
  });
}

} // namespace

W2W_RT w2wrt_cudaCreateTextureObject(cudaTextureObject_t *texture, const cudaResourceDesc *resource,
                                     const cudaTextureDesc *sampling,
                                     const CUDA_RESOURCE_VIEW_DESC *view) {
  return create_texture(texture, resource, sampling, view, sizeof *sampling);
}
W2W_RT w2wrt_cudaCreateTextureObject_11(cudaTextureObject_t *texture,
                                        const cudaResourceDesc *resource,
                                        const cudaTextureDesc *sampling,
                                        const CUDA_RESOURCE_VIEW_DESC *view) {
  return create_texture(texture, resource, sampling, view, kTextureDesc11);
}
W2W_RT w2wrt_cudaDestroyTextureObject(cudaTextureObject_t texture) {
  return in_context([=] { return cuTexObjectDestroy(texture); });
}
W2W_RT w2wrt_cudaGetTextureObjectResourceDesc(cudaResourceDesc *resource,
                                              cudaTextureObject_t texture) {
  return get_resource(resource, texture, cuTexObjectGetResourceDesc);
}
W2W_RT w2wrt_cudaGetTextureObjectTextureDesc(cudaTextureDesc *sampling,
                                             cudaTextureObject_t texture) {
  return get_sampling(sampling, texture, sizeof *sampling);
}
W2W_RT w2wrt_cudaGetTextureObjectTextureDesc_11(cudaTextureDesc *sampling,
                                                cudaTextureObject_t texture) {
  return get_sampling(sampling, texture, kTextureDesc11);
}
W2W_RT w2wrt_cudaGetTextureObjectResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view,
                                                  cudaTextureObject_t texture) {
  if (!view)
    return record(cudaErrorInvalidValue);
  return in_context([=] {
    CUDA_RESOURCE_VIEW_DESC whole;
    CUresult r = cuTexObjectGetResourceViewDesc(&whole, texture);
    if (r == CUDA_SUCCESS)
      std::memcpy(view, &whole, w2wrt_abi >= 13 ? sizeof whole : kResourceViewDesc11);
    return r;
  });
}

W2W_RT w2wrt_cudaCreateSurfaceObject(cudaSurfaceObject_t *surface,
                                     const cudaResourceDesc *resource) {
  if (!surface)
    return record(cudaErrorInvalidValue);
  CUDA_RESOURCE_DESC r;
  if (cudaError_t e = to_driver(resource, r))
    return record(e);
  return in_context([&] { return cuSurfObjectCreate(surface, &r); });
}
W2W_RT w2wrt_cudaDestroySurfaceObject(cudaSurfaceObject_t surface) {
  return in_context([=] { return cuSurfObjectDestroy(surface); });
}
W2W_RT w2wrt_cudaGetSurfaceObjectResourceDesc(cudaResourceDesc *resource,
                                              cudaSurfaceObject_t surface) {
  return get_resource(resource, surface, cuSurfObjectGetResourceDesc);
}
