// Memory: allocation, host memory, pools, pointer attributes.
// Source: CUDA Driver API, "Memory Management", "Stream Ordered Memory Allocator", "Unified
// Addressing".
#include "runtime/cuda/capture.h"
#include "runtime/cuda/graph_memory.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {
namespace {

constexpr uint64_t kPitchAlignment = 512;

CUresult allocate(Context &context, CUdeviceptr *dptr, size_t bytes, MemoryKind kind,
                  unsigned flags) {
  const hip::Api &api = hip::api();
  void *memory = nullptr;
  hip::hipError_t error = kind == MemoryKind::Managed
                              ? api.hipMallocManaged(&memory, bytes, hip::kMemAttachGlobal)
                              : api.hipMalloc(&memory, bytes);
  if (error == hip::hipErrorOutOfMemory) {
    // Memory freed in stream order may still be waiting for its stream.
    free_deferred(context, true);
    error = kind == MemoryKind::Managed
                ? api.hipMallocManaged(&memory, bytes, hip::kMemAttachGlobal)
                : api.hipMalloc(&memory, bytes);
  }
  if (error != hip::hipSuccess)
    return to_cuda(error);
  Allocation a;
  a.base = reinterpret_cast<uint64_t>(memory);
  a.size = bytes;
  a.kind = kind;
  a.context = &context;
  a.flags = flags;
  a.device_address = a.base;
  driver().allocations.add(a);
  *dptr = a.base;
  return CUDA_SUCCESS;
}

CUresult allocate_host(Context &context, void **pp, size_t bytes, unsigned flags) {
  const hip::Api &api = hip::api();
  unsigned hip_flags = hip::kHostMallocPortable | hip::kHostMallocMapped;
  if (flags & CU_MEMHOSTALLOC_WRITECOMBINED)
    hip_flags |= hip::kHostMallocWriteCombined;
  void *memory = nullptr, *seen = nullptr;
  hip::hipError_t error = api.hipHostMalloc(&memory, bytes, hip_flags);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  error = api.hipHostGetDevicePointer(&seen, memory, 0);
  if (error != hip::hipSuccess) {
    (void)api.hipHostFree(memory);
    return to_cuda(error);
  }
  Allocation a;
  a.base = reinterpret_cast<uint64_t>(memory);
  a.size = bytes;
  a.kind = MemoryKind::Host;
  a.context = &context;
  a.flags = flags;
  a.device_address = reinterpret_cast<uint64_t>(seen);
  driver().allocations.add(a);
  *pp = memory;
  return CUDA_SUCCESS;
}

void account(CUmemoryPool handle, int64_t bytes) {
  if (MemoryPool *pool = driver().pools.find(handle)) {
    uint64_t now = pool->used += static_cast<uint64_t>(bytes);
    uint64_t high = pool->used_high;
    while (bytes > 0 && now > high && !pool->used_high.compare_exchange_weak(high, now)) {
    }
  }
}

CUDA_MEM_ALLOC_NODE_PARAMS graph_allocation(const Context &context, size_t bytes) {
  CUDA_MEM_ALLOC_NODE_PARAMS params{};
  params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  params.poolProps.location = {CU_MEM_LOCATION_TYPE_DEVICE, context.device->ordinal};
  params.bytesize = bytes;
  return params;
}

CUresult allocate_from_pool(CUdeviceptr *dptr, size_t bytes, CUmemoryPool pool, CUstream handle,
                            bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  if (!dptr)
    return CUDA_ERROR_INVALID_VALUE;
  if (pool && !driver().pools.find(pool))
    return CUDA_ERROR_INVALID_VALUE;
  bool capturing = false;
  if (CUresult result = enter_stream(*stream, capturing))
    return result;
  if (bytes == 0) {
    *dptr = 0;
    return CUDA_SUCCESS;
  }
  if (capturing) {
    std::shared_ptr<GraphMemory> memory;
    if (CUresult result = GraphMemory::create(*context, graph_allocation(*context, bytes), memory))
      return result;
    *dptr = memory->address();
    return capture(*stream, AllocateOperation{std::move(memory)});
  }
  free_deferred(*context, false);
  // The memory is there at once, which no stream order can tell from later.
  CUresult result = allocate(*context, dptr, bytes, MemoryKind::Device, 0);
  if (result != CUDA_SUCCESS)
    return result;
  if (!pool)
    pool = reinterpret_cast<CUmemoryPool>(context->device->current_pool.load());
  std::optional<Allocation> a = driver().allocations.take(*dptr);
  a->pool = pool;
  driver().allocations.add(*a);
  account(pool, static_cast<int64_t>(bytes));
  return CUDA_SUCCESS;
}

/// Takes the allocation at dptr out of the books so that it can be freed. Nothing if there is none,
/// or if it is host memory, which other calls free.
std::optional<Allocation> take_device_allocation(CUdeviceptr dptr) {
  std::optional<Allocation> a = driver().allocations.take(dptr);
  if (!a)
    return std::nullopt;
  if (a->kind == MemoryKind::Host || a->kind == MemoryKind::Registered) {
    driver().allocations.add(*a);
    return std::nullopt;
  }
  account(a->pool, -static_cast<int64_t>(a->size));
  return a;
}

CUresult free_in_order(CUdeviceptr dptr, CUstream handle, bool per_thread) {
  Context *context = nullptr;
  Stream *stream = nullptr;
  if (CUresult result = find_stream(handle, per_thread, context, stream))
    return result;
  if (!dptr)
    return CUDA_SUCCESS;
  bool capturing = false;
  if (CUresult result = enter_stream(*stream, capturing))
    return result;
  std::shared_ptr<GraphMemory> memory = GraphMemory::find(dptr);
  if (capturing)
    return memory ? capture(*stream, FreeOperation{std::move(memory)}) : CUDA_ERROR_INVALID_VALUE;
  if (memory)
    return memory->allocated.exchange(false) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  std::optional<Allocation> a = take_device_allocation(dptr);
  if (!a)
    return CUDA_ERROR_INVALID_VALUE;
  const hip::Api &api = hip::api();
  hip::hipEvent_t event = nullptr;
  hip::hipError_t error = api.hipEventCreateWithFlags(&event, hip::kEventDisableTiming);
  if (error == hip::hipSuccess)
    error = api.hipEventRecord(event, stream->hip);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  std::lock_guard lock(context->mutex);
  context->deferred.push_back({a->base, event});
  return CUDA_SUCCESS;
}

/// One attribute of cuPointerGetAttribute; `a`: the allocation, if the pointer is in one. False: no
/// such attribute.
bool pointer_attribute(CUpointer_attribute attribute, CUdeviceptr pointer,
                       const std::optional<Allocation> &a, void *data) {
  uint64_t offset = a ? pointer - a->base : 0;
  bool host = a && (a->kind == MemoryKind::Host || a->kind == MemoryKind::Registered);
  auto put = [&](auto value) { std::memcpy(data, &value, sizeof value); };
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    put(a ? a->context : nullptr);
    return true;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    put(a ? static_cast<unsigned>(host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE) : 0u);
    return true;
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    put(a ? a->device_address + offset : uint64_t{0});
    return true;
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    put(a && (host || a->kind == MemoryKind::Managed) ? pointer : CUdeviceptr{0});
    return true;
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    put(0u);
    return true;
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    put(a ? static_cast<unsigned long long>(a->id) : 0ull);
    return true;
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    put(static_cast<unsigned>(a && a->kind == MemoryKind::Managed));
    return true;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    put(a ? a->context->device->ordinal : static_cast<int>(CU_DEVICE_INVALID));
    return true;
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    put(a ? a->base : uint64_t{0});
    return true;
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    put(a ? static_cast<size_t>(a->size) : size_t{0});
    return true;
  case CU_POINTER_ATTRIBUTE_MAPPED:
    put(static_cast<unsigned>(a.has_value()));
    return true;
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    put(a ? a->pool : nullptr);
    return true;
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
    put(0u);
    return true;
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
  case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
  case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
  case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
    put(uint64_t{0});
    return true;
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    put(static_cast<unsigned>(a ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : 0));
    return true;
  default:
    return false;
  }
}

} // namespace

void free_deferred(Context &context, bool wait) {
  const hip::Api &api = hip::api();
  std::vector<Context::DeferredFree> ready;
  {
    std::lock_guard lock(context.mutex);
    if (context.deferred.empty())
      return;
    auto done = [&](const Context::DeferredFree &d) {
      return (wait ? api.hipEventSynchronize(d.event) : api.hipEventQuery(d.event)) !=
             hip::hipErrorNotReady;
    };
    auto middle = std::partition(context.deferred.begin(), context.deferred.end(),
                                 [&](const auto &d) { return !done(d); });
    ready.assign(middle, context.deferred.end());
    context.deferred.erase(middle, context.deferred.end());
  }
  for (const auto &d : ready) {
    (void)api.hipEventDestroy(d.event);
    (void)api.hipFree(reinterpret_cast<void *>(d.base));
  }
}

} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  W2W_ENTER_CONTEXT(cuMemGetInfo_v2);
  size_t f = 0, t = 0;
  CUresult result = to_cuda(hip::api().hipMemGetInfo(&f, &t), *context);
  if (free)
    *free = f;
  if (total)
    *total = t;
  return result;
}

CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytes) {
  W2W_ENTER_CONTEXT(cuMemAlloc_v2);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!dptr || bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  return allocate(*context, dptr, bytes, MemoryKind::Device, 0);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pitch, size_t width, size_t height,
                            unsigned int element_size) {
  W2W_ENTER_CONTEXT(cuMemAllocPitch_v2);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!dptr || !pitch || width == 0 || height == 0 ||
      (element_size != 4 && element_size != 8 && element_size != 16) ||
      width > SIZE_MAX - kPitchAlignment)
    return CUDA_ERROR_INVALID_VALUE;
  size_t row = (width + kPitchAlignment - 1) & ~(kPitchAlignment - 1);
  size_t bytes = 0;
  if (__builtin_mul_overflow(row, height, &bytes))
    return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = allocate(*context, dptr, bytes, MemoryKind::Device, 0);
  if (result == CUDA_SUCCESS)
    *pitch = row;
  return result;
}

CUresult cuMemAllocManaged(CUdeviceptr *dptr, size_t bytes, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuMemAllocManaged);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!dptr || bytes == 0 || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST))
    return CUDA_ERROR_INVALID_VALUE;
  return allocate(*context, dptr, bytes, MemoryKind::Managed, flags);
}

CUresult cuMemFree_v2(CUdeviceptr dptr) {
  W2W_ENTER_CONTEXT(cuMemFree_v2);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!dptr)
    return CUDA_SUCCESS;
  if (std::shared_ptr<GraphMemory> memory = GraphMemory::find(dptr)) {
    CUresult result = after_wait(*context, hip::api().hipDeviceSynchronize());
    if (result != CUDA_SUCCESS)
      return result;
    return memory->allocated.exchange(false) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  }
  std::optional<Allocation> a = take_device_allocation(dptr);
  if (!a)
    return CUDA_ERROR_INVALID_VALUE;
  // hipFree waits for work that may use the memory, as cuMemFree does.
  activate(*a->context->device);
  hip::hipError_t error = hip::api().hipFree(reinterpret_cast<void *>(dptr));
  activate(*context->device);
  return after_wait(*context, error);
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr dptr) {
  W2W_ENTER_CONTEXT(cuMemGetAddressRange_v2);
  std::optional<Allocation> a = driver().allocations.find(dptr);
  if (!a)
    return CUDA_ERROR_NOT_FOUND;
  if (base)
    *base = a->base;
  if (size)
    *size = a->size;
  return CUDA_SUCCESS;
}

// ---- host memory
// ---------------------------------------------------------------------------------

CUresult cuMemHostAlloc(void **pp, size_t bytes, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuMemHostAlloc);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!pp || (flags & ~7u))
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes == 0) {
    *pp = nullptr;
    return CUDA_SUCCESS;
  }
  return allocate_host(*context, pp, bytes, flags);
}

CUresult cuMemAllocHost_v2(void **pp, size_t bytes) {
  return cuMemHostAlloc(pp, bytes, 0);
}

CUresult cuMemFreeHost(void *p) {
  W2W_ENTER_CONTEXT(cuMemFreeHost);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!p)
    return CUDA_SUCCESS;
  std::optional<Allocation> a = driver().allocations.take(reinterpret_cast<uint64_t>(p));
  if (!a)
    return CUDA_ERROR_INVALID_VALUE;
  if (a->kind != MemoryKind::Host) {
    driver().allocations.add(*a);
    return CUDA_ERROR_INVALID_VALUE;
  }
  return after_wait(*context, hip::api().hipHostFree(p));
}

CUresult cuMemHostRegister_v2(void *p, size_t bytes, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuMemHostRegister);
  if (CUresult result = refuse_unsafe())
    return result;
  if (!p || bytes == 0 || (flags & ~15u))
    return CUDA_ERROR_INVALID_VALUE;
  if (flags & CU_MEMHOSTREGISTER_IOMEMORY)
    return not_supported("cuMemHostRegister", "I/O memory");
  auto address = reinterpret_cast<uint64_t>(p);
  if (driver().allocations.find(address) || driver().allocations.find(address + bytes - 1))
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  const hip::Api &api = hip::api();
  void *seen = nullptr;
  hip::hipError_t error =
      api.hipHostRegister(p, bytes, hip::kHostRegisterPortable | hip::kHostRegisterMapped);
  if (error == hip::hipSuccess)
    error = api.hipHostGetDevicePointer(&seen, p, 0);
  if (error != hip::hipSuccess)
    return to_cuda(error);
  Allocation a;
  a.base = address;
  a.size = bytes;
  a.kind = MemoryKind::Registered;
  a.context = context;
  a.flags = flags;
  a.device_address = reinterpret_cast<uint64_t>(seen);
  driver().allocations.add(a);
  return CUDA_SUCCESS;
}

CUresult cuMemHostRegister(void *p, size_t bytes, unsigned int flags) {
  return cuMemHostRegister_v2(p, bytes, flags);
}

CUresult cuMemHostUnregister(void *p) {
  W2W_ENTER_CONTEXT(cuMemHostUnregister);
  if (CUresult result = refuse_unsafe())
    return result;
  std::optional<Allocation> a = driver().allocations.take(reinterpret_cast<uint64_t>(p));
  if (!a)
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  if (a->kind != MemoryKind::Registered) {
    driver().allocations.add(*a);
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  }
  return after_wait(*context, hip::api().hipHostUnregister(p));
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *dptr, void *p, unsigned int flags) {
  W2W_ENTER_CONTEXT(cuMemHostGetDevicePointer_v2);
  if (!dptr || flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  auto address = reinterpret_cast<uint64_t>(p);
  std::optional<Allocation> a = driver().allocations.find(address);
  if (!a || a->kind == MemoryKind::Device)
    return CUDA_ERROR_INVALID_VALUE;
  *dptr = a->device_address + (address - a->base);
  return CUDA_SUCCESS;
}

CUresult cuMemHostGetFlags(unsigned int *flags, void *p) {
  W2W_ENTER_CONTEXT(cuMemHostGetFlags);
  std::optional<Allocation> a = driver().allocations.find(reinterpret_cast<uint64_t>(p));
  if (!flags || !a || a->kind != MemoryKind::Host)
    return CUDA_ERROR_INVALID_VALUE;
  *flags =
      a->flags | CU_MEMHOSTALLOC_DEVICEMAP; // with unified addressing all host memory is mapped
  return CUDA_SUCCESS;
}

// ---- stream-ordered allocation
// -------------------------------------------------------------------

W2W_TWIN(cuMemAllocAsync, (CUdeviceptr * dptr, size_t bytes, CUstream stream),
         return allocate_from_pool(dptr, bytes, nullptr, stream, per_thread))
W2W_TWIN(cuMemAllocFromPoolAsync,
         (CUdeviceptr * dptr, size_t bytes, CUmemoryPool pool, CUstream stream),
         return pool ? allocate_from_pool(dptr, bytes, pool, stream, per_thread)
                     : CUDA_ERROR_INVALID_VALUE)
W2W_TWIN(cuMemFreeAsync, (CUdeviceptr dptr, CUstream stream),
         return free_in_order(dptr, stream, per_thread))

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice dev) {
  W2W_ENTER(cuDeviceGetDefaultMemPool);
  if (!pool)
    return CUDA_ERROR_INVALID_VALUE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  *pool = reinterpret_cast<CUmemoryPool>(&device->default_pool);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev) {
  W2W_ENTER(cuDeviceGetMemPool);
  if (!pool)
    return CUDA_ERROR_INVALID_VALUE;
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  *pool = reinterpret_cast<CUmemoryPool>(device->current_pool.load());
  return CUDA_SUCCESS;
}

CUresult cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool) {
  W2W_ENTER(cuDeviceSetMemPool);
  Device *device = find_device(dev);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  MemoryPool *found = driver().pools.find(pool);
  if (!found || found->device != device)
    return CUDA_ERROR_INVALID_VALUE;
  device->current_pool = found;
  return CUDA_SUCCESS;
}

CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *props) {
  W2W_ENTER(cuMemPoolCreate);
  if (!pool || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
    return CUDA_ERROR_INVALID_VALUE;
  if (props->handleTypes != CU_MEM_HANDLE_TYPE_NONE)
    return not_supported("cuMemPoolCreate", "shareable handles");
  if (props->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
    return not_supported("cuMemPoolCreate", "pools of host memory");
  Device *device = find_device(props->location.id);
  if (!device)
    return CUDA_ERROR_INVALID_DEVICE;
  auto *fresh = new MemoryPool;
  fresh->device = device;
  driver().pools.add(fresh);
  *pool = reinterpret_cast<CUmemoryPool>(fresh);
  return CUDA_SUCCESS;
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  W2W_ENTER(cuMemPoolDestroy);
  MemoryPool *found = driver().pools.find(pool);
  if (!found || found->is_default)
    return CUDA_ERROR_INVALID_VALUE;
  for (auto &device : driver().devices) {
    MemoryPool *current = found;
    device->current_pool.compare_exchange_strong(current, &device->default_pool);
  }
  driver().pools.remove(found);
  delete found;
  return CUDA_SUCCESS;
}

CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t keep) {
  W2W_ENTER_CONTEXT(cuMemPoolTrimTo);
  if (!driver().pools.find(pool))
    return CUDA_ERROR_INVALID_VALUE;
  free_deferred(*context, false); // nothing else is held back
  return CUDA_SUCCESS;
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value) {
  W2W_ENTER(cuMemPoolSetAttribute);
  MemoryPool *found = driver().pools.find(pool);
  if (!found || !value)
    return CUDA_ERROR_INVALID_VALUE;
  switch (attr) {
  case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
  case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
  case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
    found->reuse[static_cast<size_t>(attr - 1)] = *static_cast<int *>(value) != 0;
    return CUDA_SUCCESS;
  case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
    found->release_threshold = *static_cast<cuuint64_t *>(value);
    return CUDA_SUCCESS;
  case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
  case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
    if (*static_cast<cuuint64_t *>(value) != 0)
      return CUDA_ERROR_INVALID_VALUE; // it can only be reset
    found->used_high = found->used.load();
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value) {
  W2W_ENTER(cuMemPoolGetAttribute);
  MemoryPool *found = driver().pools.find(pool);
  if (!found || !value)
    return CUDA_ERROR_INVALID_VALUE;
  auto put = [&](cuuint64_t number) {
    std::memcpy(value, &number, sizeof number);
    return CUDA_SUCCESS;
  };
  switch (attr) {
  case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
  case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
  case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
    *static_cast<int *>(value) = found->reuse[static_cast<size_t>(attr - 1)];
    return CUDA_SUCCESS;
  case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
    return put(found->release_threshold);
  case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT: // the pool holds what is in use, and nothing else
  case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
    return put(found->used);
  case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
  case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
    return put(found->used_high);
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count) {
  W2W_ENTER(cuMemPoolSetAccess);
  MemoryPool *found = driver().pools.find(pool);
  if (!found || (!map && count > 0))
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < count; ++i) {
    bool own = map[i].location.type == CU_MEM_LOCATION_TYPE_DEVICE &&
               map[i].location.id == found->device->ordinal;
    if (own && map[i].flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
      return CUDA_ERROR_INVALID_VALUE; // the owner's access cannot be taken away
    if (!own && map[i].flags != CU_MEM_ACCESS_FLAGS_PROT_NONE)
      return not_supported("cuMemPoolSetAccess", "access from other devices");
  }
  return CUDA_SUCCESS;
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool, CUmemLocation *location) {
  W2W_ENTER(cuMemPoolGetAccess);
  MemoryPool *found = driver().pools.find(pool);
  if (!found || !flags || !location)
    return CUDA_ERROR_INVALID_VALUE;
  bool own =
      location->type == CU_MEM_LOCATION_TYPE_DEVICE && location->id == found->device->ordinal;
  *flags = own ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
  return CUDA_SUCCESS;
}

// ---- unified addressing
// --------------------------------------------------------------------------

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr) {
  W2W_ENTER(cuPointerGetAttribute);
  if (!data)
    return CUDA_ERROR_INVALID_VALUE;
  std::optional<Allocation> a = driver().allocations.find(ptr);
  // Alone, the call fails for unknown pointers; cuPointerGetAttributes answers zeros.
  if (!a)
    return CUDA_ERROR_INVALID_VALUE;
  return pointer_attribute(attribute, ptr, a, data) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes, void **data,
                                CUdeviceptr ptr) {
  W2W_ENTER(cuPointerGetAttributes);
  if (count > 0 && (!attributes || !data))
    return CUDA_ERROR_INVALID_VALUE;
  std::optional<Allocation> a = driver().allocations.find(ptr);
  for (unsigned i = 0; i < count; ++i)
    if (!data[i] || !pointer_attribute(attributes[i], ptr, a, data[i]))
      return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr ptr) {
  W2W_ENTER(cuPointerSetAttribute);
  if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS || !driver().allocations.find(ptr))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS; // synchronous copies already wait
}
