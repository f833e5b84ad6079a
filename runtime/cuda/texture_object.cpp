// Texture and surface objects. A handle is the device address of its descriptor.
// Source: CUDA Driver API, "Texture Object Management", "Surface Object Management".
#include "runtime/cuda/texture_object.h"

#include "runtime/cuda/descriptor_pool.h"
#include "runtime/cuda/texture_source.h"

#include <unordered_map>

namespace w2w::cuda {
namespace {

struct TextureObject {
  Context *context = nullptr;
  bool surface = false;
  CUDA_RESOURCE_DESC resource{};
  CUDA_TEXTURE_DESC sampling{}; // as given
  std::optional<CUDA_RESOURCE_VIEW_DESC> view;
};

struct Objects {
  std::shared_mutex mutex;
  std::unordered_map<uint64_t, TextureObject> by_handle;
  std::map<Context *, std::unique_ptr<DescriptorPool>> pools;
};

/// Never destroyed, as the driver.
Objects &objects() {
  static auto *all = new Objects;
  return *all;
}

CUresult create(TextureObject object, const abi::ImageDescriptor &descriptor,
                unsigned long long *handle) {
  Objects &o = objects();
  std::unique_lock lock(o.mutex);
  auto &pool = o.pools[object.context];
  if (!pool)
    pool = std::make_unique<DescriptorPool>(sizeof descriptor);
  uint64_t address = 0;
  if (CUresult result = pool->create(&descriptor, address))
    return result;
  o.by_handle.emplace(address, std::move(object));
  *handle = address;
  return CUDA_SUCCESS;
}

CUresult destroy(uint64_t handle, bool surface) {
  Objects &o = objects();
  std::unique_lock lock(o.mutex);
  auto it = o.by_handle.find(handle);
  if (it == o.by_handle.end() || it->second.surface != surface)
    return CUDA_ERROR_INVALID_VALUE;
  o.pools[it->second.context]->destroy(handle);
  o.by_handle.erase(it);
  return CUDA_SUCCESS;
}

std::optional<TextureObject> find(uint64_t handle, bool surface) {
  Objects &o = objects();
  std::shared_lock lock(o.mutex);
  auto it = o.by_handle.find(handle);
  if (it == o.by_handle.end() || it->second.surface != surface)
    return std::nullopt;
  return it->second;
}

} // namespace

void free_texture_objects(Context &context) {
  Objects &o = objects();
  std::unique_lock lock(o.mutex);
  std::erase_if(o.by_handle, [&](const auto &entry) { return entry.second.context == &context; });
  auto it = o.pools.find(&context);
  if (it != o.pools.end()) {
    it->second->clear();
    o.pools.erase(it);
  }
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuTexObjectCreate(CUtexObject *texture, const CUDA_RESOURCE_DESC *resource,
                           const CUDA_TEXTURE_DESC *sampling, const CUDA_RESOURCE_VIEW_DESC *view) {
  W2W_ENTER_CONTEXT(cuTexObjectCreate);
  if (!texture || !resource || !sampling)
    return CUDA_ERROR_INVALID_VALUE;
  TextureSource source;
  if (CUresult result = resolve_source(*resource, view, source))
    return result;
  CUDA_TEXTURE_DESC used = *sampling;
  if (CUresult result = normalise_sampling(source, used))
    return result;
  TextureObject object{context, false, *resource, *sampling, std::nullopt};
  if (view)
    object.view = *view;
  return create(std::move(object), describe_texture(source, used), texture);
}

CUresult cuTexObjectDestroy(CUtexObject texture) {
  W2W_ENTER_CONTEXT(cuTexObjectDestroy);
  return destroy(texture, false);
}

CUresult cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUtexObject texture) {
  W2W_ENTER_CONTEXT(cuTexObjectGetResourceDesc);
  auto object = find(texture, false);
  if (!resource || !object)
    return CUDA_ERROR_INVALID_VALUE;
  *resource = object->resource;
  return CUDA_SUCCESS;
}

CUresult cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *sampling, CUtexObject texture) {
  W2W_ENTER_CONTEXT(cuTexObjectGetTextureDesc);
  auto object = find(texture, false);
  if (!sampling || !object)
    return CUDA_ERROR_INVALID_VALUE;
  *sampling = object->sampling;
  return CUDA_SUCCESS;
}

CUresult cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view, CUtexObject texture) {
  W2W_ENTER_CONTEXT(cuTexObjectGetResourceViewDesc);
  auto object = find(texture, false);
  if (!view || !object || !object->view)
    return CUDA_ERROR_INVALID_VALUE;
  *view = *object->view;
  return CUDA_SUCCESS;
}

CUresult cuSurfObjectCreate(CUsurfObject *surface, const CUDA_RESOURCE_DESC *resource) {
  W2W_ENTER_CONTEXT(cuSurfObjectCreate);
  if (!surface || !resource || resource->resType != CU_RESOURCE_TYPE_ARRAY || resource->flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  const Array *array = driver().arrays.find(resource->res.array.hArray);
  if (!array || !(array->description.Flags & CUDA_ARRAY3D_SURFACE_LDST))
    return CUDA_ERROR_INVALID_VALUE;
  TextureObject object;
  object.context = context;
  object.surface = true;
  object.resource = *resource;
  return create(std::move(object), describe_surface(source_of(*array)), surface);
}

CUresult cuSurfObjectDestroy(CUsurfObject surface) {
  W2W_ENTER_CONTEXT(cuSurfObjectDestroy);
  return destroy(surface, true);
}

CUresult cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUsurfObject surface) {
  W2W_ENTER_CONTEXT(cuSurfObjectGetResourceDesc);
  auto object = find(surface, true);
  if (!resource || !object)
    return CUDA_ERROR_INVALID_VALUE;
  *resource = object->resource;
  return CUDA_SUCCESS;
}
