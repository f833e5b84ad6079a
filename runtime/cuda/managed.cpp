// Managed memory: prefetching, advice, range attributes. Hints: they change where pages lie, never
// what a program computes. Source: CUDA Driver API, "Unified Addressing".
#include "runtime/cuda/capture.h"

#include <cstring>

namespace w2w::cuda {
namespace {

/// HIP's device number for a CUDA device or the host; false if there is none.
bool hip_location(CUdevice device, int &result) {
  if (device == CU_DEVICE_CPU) {
    result = hip::kCpuDeviceId;
    return true;
  }
  Device *found = find_device(device);
  if (found)
    result = found->hip_device;
  return found != nullptr;
}

bool device_of(const CUmemLocation &location, CUdevice &device) {
  switch (location.type) {
  case CU_MEM_LOCATION_TYPE_DEVICE:
    device = location.id;
    return true;
  case CU_MEM_LOCATION_TYPE_HOST:
  case CU_MEM_LOCATION_TYPE_HOST_NUMA:
  case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
    device = CU_DEVICE_CPU;
    return true;
  default:
    return false;
  }
}

bool is_managed(CUdeviceptr pointer, size_t count) {
  std::optional<Allocation> a = driver().allocations.find(pointer);
  return a && a->kind == MemoryKind::Managed && count > 0 && count <= a->base + a->size - pointer;
}

CUresult prefetch(CUdeviceptr pointer, size_t count, CUdevice target, CUstream handle,
                  bool per_thread) {
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  int device = 0;
  if (!hip_location(target, device))
    return CUDA_ERROR_INVALID_DEVICE;
  if (!is_managed(pointer, count))
    return CUDA_ERROR_INVALID_VALUE;
  Stream *stream = find_stream(handle, *context, per_thread);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = refuse_in_capture(*stream))
    return result;
  return to_cuda(
      hip::api().hipMemPrefetchAsync(reinterpret_cast<void *>(pointer), count, device, stream->hip),
      *context);
}

CUresult prefetch(CUdeviceptr pointer, size_t count, const CUmemLocation &location, unsigned flags,
                  CUstream stream, bool per_thread) {
  CUdevice device = 0;
  if (flags != 0 || !device_of(location, device))
    return CUDA_ERROR_INVALID_VALUE;
  return prefetch(pointer, count, device, stream, per_thread);
}

CUresult advise(CUdeviceptr pointer, size_t count, CUmem_advise advice, CUdevice target) {
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  if (advice < CU_MEM_ADVISE_SET_READ_MOSTLY || advice > CU_MEM_ADVISE_UNSET_ACCESSED_BY ||
      !is_managed(pointer, count))
    return CUDA_ERROR_INVALID_VALUE;
  // Read-mostly advice and unsetting the preferred location ignore the device.
  bool needs_device = advice == CU_MEM_ADVISE_SET_PREFERRED_LOCATION ||
                      advice == CU_MEM_ADVISE_SET_ACCESSED_BY ||
                      advice == CU_MEM_ADVISE_UNSET_ACCESSED_BY;
  int device = context->device->hip_device;
  if (needs_device && !hip_location(target, device))
    return CUDA_ERROR_INVALID_DEVICE;
  return to_cuda(hip::api().hipMemAdvise(reinterpret_cast<void *>(pointer), count,
                                         static_cast<hip::hipMemoryAdvise>(advice), device),
                 *context);
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuMemPrefetchAsync(CUdeviceptr dptr, size_t count, CUdevice dst, CUstream stream) {
  W2W_ENTER(cuMemPrefetchAsync);
  return prefetch(dptr, count, dst, stream, false);
}
CUresult cuMemPrefetchAsync_ptsz(CUdeviceptr dptr, size_t count, CUdevice dst, CUstream stream) {
  W2W_ENTER(cuMemPrefetchAsync_ptsz);
  return prefetch(dptr, count, dst, stream, true);
}
CUresult cuMemPrefetchAsync_v2(CUdeviceptr dptr, size_t count, CUmemLocation location,
                               unsigned int flags, CUstream stream) {
  W2W_ENTER(cuMemPrefetchAsync_v2);
  return prefetch(dptr, count, location, flags, stream, false);
}
CUresult cuMemPrefetchAsync_v2_ptsz(CUdeviceptr dptr, size_t count, CUmemLocation location,
                                    unsigned int flags, CUstream stream) {
  W2W_ENTER(cuMemPrefetchAsync_v2_ptsz);
  return prefetch(dptr, count, location, flags, stream, true);
}

CUresult cuMemAdvise(CUdeviceptr dptr, size_t count, CUmem_advise advice, CUdevice device) {
  W2W_ENTER(cuMemAdvise);
  return advise(dptr, count, advice, device);
}

CUresult cuMemAdvise_v2(CUdeviceptr dptr, size_t count, CUmem_advise advice,
                        CUmemLocation location) {
  W2W_ENTER(cuMemAdvise_v2);
  CUdevice device = CU_DEVICE_CPU;
  if (!device_of(location, device) && location.type != CU_MEM_LOCATION_TYPE_INVALID)
    return CUDA_ERROR_INVALID_VALUE;
  return advise(dptr, count, advice, device);
}

CUresult cuMemRangeGetAttribute(void *data, size_t size, CUmem_range_attribute attribute,
                                CUdeviceptr dptr, size_t count) {
  W2W_ENTER(cuMemRangeGetAttribute);
  if (!data || size < 4 || !is_managed(dptr, count))
    return CUDA_ERROR_INVALID_VALUE;
  return not_supported("cuMemRangeGetAttribute");
}

CUresult cuMemRangeGetAttributes(void **data, size_t *sizes, CUmem_range_attribute *attributes,
                                 size_t count, CUdeviceptr dptr, size_t bytes) {
  W2W_ENTER(cuMemRangeGetAttributes);
  if (!data || !sizes || !attributes || count == 0 || !is_managed(dptr, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return not_supported("cuMemRangeGetAttributes");
}

CUresult cuStreamAttachMemAsync(CUstream handle, CUdeviceptr dptr, size_t length,
                                unsigned int flags) {
  W2W_ENTER_CONTEXT(cuStreamAttachMemAsync);
  Stream *stream = find_stream(handle, *context, false);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = refuse_in_capture(*stream))
    return result;
  std::optional<Allocation> a = driver().allocations.find(dptr);
  if (!a || a->kind != MemoryKind::Managed)
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS; // every stream may use managed memory at any time: attaching restricts
                       // nothing
}
CUresult cuStreamAttachMemAsync_ptsz(CUstream stream, CUdeviceptr dptr, size_t length,
                                     unsigned int flags) {
  return cuStreamAttachMemAsync(stream, dptr, length, flags);
}
