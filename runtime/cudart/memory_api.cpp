// Memory: allocation, host memory, managed memory, pointer attributes, pools.
#include "runtime/cudart/core.h"

#include <cstring>

namespace {

CUmemLocation device_location(int device) {
  // Versions 11 and 12 name the CPU by cudaCpuDeviceId (-1).
  if (device == kCpuDevice)
    return {CU_MEM_LOCATION_TYPE_HOST, 0};
  return {CU_MEM_LOCATION_TYPE_DEVICE, device};
}

cudaError_t pointer_attributes(cudaPointerAttributes *out, const void *p) {
  if (!out)
    return record(cudaErrorInvalidValue);
  return in_context([=]() -> CUresult {
    unsigned memory_type = 0, managed = 0;
    int device = kInvalidDevice;
    CUcontext context = nullptr;
    CUdeviceptr device_address = 0;
    void *host_address = nullptr;
    CUpointer_attribute which[] = {
        CU_POINTER_ATTRIBUTE_CONTEXT,        CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
        CU_POINTER_ATTRIBUTE_DEVICE_POINTER, CU_POINTER_ATTRIBUTE_HOST_POINTER,
        CU_POINTER_ATTRIBUTE_IS_MANAGED,     CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    void *data[] = {&context, &memory_type, &device_address, &host_address, &managed, &device};
    if (CUresult r = cuPointerGetAttributes(6, which, data, device_pointer(p)))
      return r;
    if (memory_type == 0 && !managed) {
      *out = {cudaMemoryTypeUnregistered, kInvalidDevice, nullptr, const_cast<void *>(p)};
      return CUDA_SUCCESS;
    }
    out->type = managed                             ? cudaMemoryTypeManaged
                : memory_type == CU_MEMORYTYPE_HOST ? cudaMemoryTypeHost
                                                    : cudaMemoryTypeDevice;
    out->device = device;
    out->devicePointer = reinterpret_cast<void *>(device_address);
    out->hostPointer = host_address;
    return CUDA_SUCCESS;
  });
}

/// Allocations of nothing succeed with a null pointer; the driver refuses them.
template <class Allocate> cudaError_t allocate(void **p, size_t size, Allocate call) {
  if (!p)
    return record(cudaErrorInvalidValue);
  return in_context([&]() -> CUresult {
    *p = nullptr;
    if (size == 0)
      return CUDA_SUCCESS;
    return call(reinterpret_cast<CUdeviceptr *>(p));
  });
}

} // namespace

W2W_RT w2wrt_cudaMalloc(void **p, size_t size) {
  return allocate(p, size, [=](CUdeviceptr *d) { return cuMemAlloc_v2(d, size); });
}

W2W_RT w2wrt_cudaMallocPitch(void **p, size_t *pitch, size_t width, size_t height) {
  if (!pitch)
    return record(cudaErrorInvalidValue);
  *pitch = 0;
  return allocate(p, width && height,
                  [=](CUdeviceptr *d) { return cuMemAllocPitch_v2(d, pitch, width, height, 4); });
}

W2W_RT w2wrt_cudaMalloc3D(cudaPitchedPtr *p, cudaExtent extent) {
  if (!p)
    return record(cudaErrorInvalidValue);
  void *memory = nullptr;
  size_t pitch = 0, rows = extent.height * extent.depth;
  if (extent.depth && rows / extent.depth != extent.height)
    return record(cudaErrorMemoryAllocation);
  if (cudaError_t e = w2wrt_cudaMallocPitch(&memory, &pitch, extent.width, rows))
    return e;
  *p = {memory, pitch, extent.width, extent.height};
  return cudaSuccess;
}

W2W_RT w2wrt_cudaMallocManaged(void **p, size_t size, unsigned flags) {
  if (size == 0) // unlike cudaMalloc
    return record(cudaErrorInvalidValue);
  return allocate(p, size, [=](CUdeviceptr *d) { return cuMemAllocManaged(d, size, flags); });
}

W2W_RT w2wrt_cudaMallocAsync(void **p, size_t size, cudaStream_t stream) {
  return allocate(p, size, [=](CUdeviceptr *d) { return cuMemAllocAsync(d, size, stream); });
}
W2W_RT w2wrt_cudaMallocFromPoolAsync(void **p, size_t size, cudaMemPool_t pool,
                                     cudaStream_t stream) {
  return allocate(p, size,
                  [=](CUdeviceptr *d) { return cuMemAllocFromPoolAsync(d, size, pool, stream); });
}

W2W_RT w2wrt_cudaFree(void *p) {
  // cudaFree(0) is the usual way to have the runtime initialised.
  return in_context([=] { return p ? cuMemFree_v2(device_pointer(p)) : CUDA_SUCCESS; });
}
W2W_RT w2wrt_cudaFreeAsync(void *p, cudaStream_t stream) {
  return in_context([=] { return p ? cuMemFreeAsync(device_pointer(p), stream) : CUDA_SUCCESS; });
}

W2W_RT w2wrt_cudaHostAlloc(void **p, size_t size, unsigned flags) {
  return allocate(p, size, [=](CUdeviceptr *) { return cuMemHostAlloc(p, size, flags); });
}
W2W_RT w2wrt_cudaMallocHost(void **p, size_t size) {
  return w2wrt_cudaHostAlloc(p, size, 0);
}
W2W_RT w2wrt_cudaFreeHost(void *p) {
  return in_context([=] { return p ? cuMemFreeHost(p) : CUDA_SUCCESS; });
}
W2W_RT w2wrt_cudaHostRegister(void *p, size_t size, unsigned flags) {
  return in_context([=] { return cuMemHostRegister_v2(p, size, flags); });
}
W2W_RT w2wrt_cudaHostUnregister(void *p) {
  return in_context([=] { return cuMemHostUnregister(p); });
}
W2W_RT w2wrt_cudaHostGetDevicePointer(void **device, void *host, unsigned flags) {
  return in_context([=] {
    return cuMemHostGetDevicePointer_v2(reinterpret_cast<CUdeviceptr *>(device), host, flags);
  });
}
W2W_RT w2wrt_cudaHostGetFlags(unsigned *flags, void *p) {
  return in_context([=] { return cuMemHostGetFlags(flags, p); });
}

W2W_RT w2wrt_cudaMemGetInfo(size_t *free, size_t *total) {
  return in_context([=] { return cuMemGetInfo_v2(free, total); });
}

W2W_RT w2wrt_cudaPointerGetAttributes_11(cudaPointerAttributes *out, const void *p) {
  return pointer_attributes(out, p);
}
W2W_RT w2wrt_cudaPointerGetAttributes_13(cudaPointerAttributes *out, const void *p) {
  if (out)
    std::memset(static_cast<void *>(out), 0, kPointerAttributes13);
  return pointer_attributes(out, p);
}

// Managed memory: advice and prefetching. Versions 11 and 12 name a device, 13 (and _v2 of 12) a
// location.

W2W_RT w2wrt_cudaMemAdvise_13(const void *p, size_t count, int advice, CUmemLocation location) {
  return in_context([=] {
    return cuMemAdvise_v2(device_pointer(p), count, static_cast<CUmem_advise>(advice), location);
  });
}
W2W_RT w2wrt_cudaMemAdvise_11(const void *p, size_t count, int advice, int device) {
  return w2wrt_cudaMemAdvise_13(p, count, advice, device_location(device));
}
W2W_RT w2wrt_cudaMemPrefetchAsync_13(const void *p, size_t count, CUmemLocation location,
                                     unsigned flags, cudaStream_t stream) {
  return in_context(
      [=] { return cuMemPrefetchAsync_v2(device_pointer(p), count, location, flags, stream); });
}
W2W_RT w2wrt_cudaMemPrefetchAsync_11(const void *p, size_t count, int device, cudaStream_t stream) {
  return w2wrt_cudaMemPrefetchAsync_13(p, count, device_location(device), 0, stream);
}
W2W_RT w2wrt_cudaMemRangeGetAttribute(void *data, size_t size, int attribute, const void *p,
                                      size_t count) {
  return in_context([=] {
    return cuMemRangeGetAttribute(data, size, static_cast<CUmem_range_attribute>(attribute),
                                  device_pointer(p), count);
  });
}
W2W_RT w2wrt_cudaMemRangeGetAttributes(void **data, size_t *sizes,
                                       CUmem_range_attribute *attributes, size_t number,
                                       const void *p, size_t count) {
  return in_context([=] {
    return cuMemRangeGetAttributes(data, sizes, attributes, number, device_pointer(p), count);
  });
}

// Pools: structures and enumerations are the driver's.

W2W_RT w2wrt_cudaMemPoolCreate(cudaMemPool_t *pool, const CUmemPoolProps *properties) {
  return in_context([=] { return cuMemPoolCreate(pool, properties); });
}
W2W_RT w2wrt_cudaMemPoolDestroy(cudaMemPool_t pool) {
  return in_context([=] { return cuMemPoolDestroy(pool); });
}
W2W_RT w2wrt_cudaMemPoolTrimTo(cudaMemPool_t pool, size_t keep) {
  return in_context([=] { return cuMemPoolTrimTo(pool, keep); });
}
W2W_RT w2wrt_cudaMemPoolSetAttribute(cudaMemPool_t pool, int attribute, void *value) {
  return in_context([=] {
    return cuMemPoolSetAttribute(pool, static_cast<CUmemPool_attribute>(attribute), value);
  });
}
W2W_RT w2wrt_cudaMemPoolGetAttribute(cudaMemPool_t pool, int attribute, void *value) {
  return in_context([=] {
    return cuMemPoolGetAttribute(pool, static_cast<CUmemPool_attribute>(attribute), value);
  });
}
W2W_RT w2wrt_cudaMemPoolSetAccess(cudaMemPool_t pool, const CUmemAccessDesc *list, size_t count) {
  return in_context([=] { return cuMemPoolSetAccess(pool, list, count); });
}
W2W_RT w2wrt_cudaMemPoolGetAccess(CUmemAccess_flags *flags, cudaMemPool_t pool,
                                  CUmemLocation *location) {
  return in_context([=] { return cuMemPoolGetAccess(flags, pool, location); });
}
