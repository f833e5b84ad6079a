// Allocation, registration and questions about pointers.
#include "runtime/emulator/api.h"

#include <algorithm>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

uint64_t value(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

hipError_t allocate(MemoryKind kind, void **pointer, size_t bytes, unsigned flags) {
  W2W_BEGIN(call);
  if (!pointer)
    return note(hipErrorInvalidValue);
  if (bytes == 0) {
    *pointer = nullptr;
    return hipSuccess;
  }
  return note(call.platform->allocate(kind, *call.device, bytes, flags, pointer));
}

hipError_t release(void *pointer, MemoryKind kind) {
  auto call = begin_call();
  if (!call.device)
    return note(call.error);
  if (!pointer)
    return note(call.error);
  hipError_t error = call.platform->free(value(pointer), kind);
  return note(error == hipSuccess ? call.device->sticky() : error);
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipMalloc(void **pointer, size_t bytes) {
  return allocate(MemoryKind::Device, pointer, bytes, 0);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFree(void *pointer) {
  return release(pointer, MemoryKind::Device);
}

namespace {
/// `height` rows, each at a multiple of the pitch that it chooses.
hipError_t allocate_rows(void **pointer, size_t *pitch, size_t width, size_t height) {
  if (!pitch)
    return note(hipErrorInvalidValue);
  constexpr size_t kPitch = 256;
  constexpr size_t kLargest = size_t{1} << 40;
  if (width > kLargest || (width && height > kLargest / width))
    return note(hipErrorOutOfMemory);
  *pitch = (width + kPitch - 1) / kPitch * kPitch;
  return allocate(MemoryKind::Device, pointer, *pitch * height, 0);
}
} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipMallocPitch(void **pointer, size_t *pitch, size_t width,
                                                   size_t height) {
  return allocate_rows(pointer, pitch, width, height);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemAllocPitch(hipDeviceptr_t *pointer, size_t *pitch,
                                                     size_t width, size_t height, unsigned) {
  return allocate_rows(pointer, pitch, width, height);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMalloc3D(hipPitchedPtr *pointer, hipExtent extent) {
  if (!pointer)
    return note(hipErrorInvalidValue);
  constexpr size_t kMostRows = size_t{1} << 40;
  if (extent.depth && extent.height > kMostRows / extent.depth)
    return note(hipErrorOutOfMemory);
  hipPitchedPtr result{nullptr, 0, extent.width, extent.height};
  if (hipError_t error =
          allocate_rows(&result.ptr, &result.pitch, extent.width, extent.height * extent.depth);
      error != hipSuccess)
    return error;
  *pointer = result;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostMalloc(void **pointer, size_t bytes, unsigned flags) {
  constexpr unsigned kKnown = kHostMallocPortable | kHostMallocMapped | kHostMallocWriteCombined |
                              kHostMallocNumaUser | kHostMallocCoherent | kHostMallocNonCoherent;
  if (flags & ~kKnown || (flags & kHostMallocCoherent && flags & kHostMallocNonCoherent))
    return note(hipErrorInvalidValue);
  return allocate(MemoryKind::Pinned, pointer, bytes, flags);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return hipHostMalloc(pointer, bytes, flags);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMallocHost(void **pointer, size_t bytes) {
  return hipHostMalloc(pointer, bytes, kHostMallocDefault);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemAllocHost(void **pointer, size_t bytes) {
  return hipHostMalloc(pointer, bytes, kHostMallocDefault);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostFree(void *pointer) {
  return release(pointer, MemoryKind::Pinned);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipFreeHost(void *pointer) {
  return release(pointer, MemoryKind::Pinned);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostRegister(void *pointer, size_t bytes, unsigned flags) {
  W2W_BEGIN(call);
  constexpr unsigned kKnown =
      kHostRegisterPortable | kHostRegisterMapped | kHostRegisterIoMemory | kHostRegisterReadOnly;
  if (flags & ~kKnown)
    return note(hipErrorInvalidValue);
  return note(call.platform->register_host(value(pointer), bytes, flags, *call.device));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostUnregister(void *pointer) {
  W2W_BEGIN(call);
  return note(call.platform->unregister_host(value(pointer)));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostGetDevicePointer(void **device, void *host,
                                                            unsigned flags) {
  W2W_BEGIN(call);
  if (!device || flags)
    return note(hipErrorInvalidValue);
  auto found = call.platform->find(value(host));
  if (!found || found->kind == MemoryKind::Device)
    return note(hipErrorInvalidValue);
  *device = host; // one address for both
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipHostGetFlags(unsigned *flags, void *host) {
  W2W_BEGIN(call);
  auto found = call.platform->find(value(host));
  if (!flags || !found || found->kind == MemoryKind::Device || found->kind == MemoryKind::Managed)
    return note(hipErrorInvalidValue);
  *flags = found->flags;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMallocManaged(void **pointer, size_t bytes, unsigned flags) {
  if (flags != kMemAttachGlobal && flags != kMemAttachHost)
    return note(hipErrorInvalidValue);
  return allocate(MemoryKind::Managed, pointer, bytes, flags);
}

// Managed memory has one home: a prefetch or an advice is valid or not, and moves nothing.
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemPrefetchAsync(const void *pointer, size_t bytes,
                                                        int device, hipStream_t stream) {
  W2W_BEGIN(call, stream);
  auto found = call.platform->find(value(pointer));
  if (!found || found->kind != MemoryKind::Managed ||
      bytes > found->address + found->bytes - value(pointer))
    return note(hipErrorInvalidValue);
  if (device != kCpuDeviceId && !call.platform->device(device))
    return note(hipErrorInvalidDevice);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemAdvise(const void *pointer, size_t bytes,
                                                 hipMemoryAdvise advice, int device) {
  W2W_BEGIN(call);
  auto found = call.platform->find(value(pointer));
  if (!found || found->kind != MemoryKind::Managed ||
      bytes > found->address + found->bytes - value(pointer))
    return note(hipErrorInvalidValue);
  if (advice >= hipMemAdviseSetPreferredLocation && advice <= hipMemAdviseUnsetAccessedBy &&
      device != kCpuDeviceId && !call.platform->device(device))
    return note(hipErrorInvalidDevice);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMallocAsync(void **pointer, size_t bytes,
                                                   hipStream_t stream) {
  W2W_BEGIN(call, stream);
  return allocate(MemoryKind::Device, pointer, bytes, 0);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipFreeAsync(void *pointer, hipStream_t stream) {
  W2W_BEGIN(call, stream);
  if (!pointer)
    return note(hipErrorInvalidValue);
  auto found = call.platform->find(value(pointer));
  if (!found || found->address != value(pointer) || found->kind != MemoryKind::Device)
    return note(hipErrorInvalidValue);
  // In stream order, without waiting for the rest of the device: nothing later in the stream's
  // order may use it.
  push(*call.device, *call.stream,
       [platform = call.platform, address = value(pointer)] { platform->free_in_order(address); });
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemGetInfo(size_t *free, size_t *total) {
  W2W_BEGIN(call);
  uint64_t capacity = call.device->memory.capacity();
  if (free)
    *free = capacity - call.device->memory.used() + call.platform->quarantined(call.device->memory);
  if (total)
    *total = capacity;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemGetAddressRange(hipDeviceptr_t *base, size_t *bytes,
                                                          hipDeviceptr_t pointer) {
  W2W_BEGIN(call);
  auto found = call.platform->find(value(pointer));
  if (!found)
    return note(hipErrorNotFound);
  if (base)
    *base = reinterpret_cast<hipDeviceptr_t>(found->address);
  if (bytes)
    *bytes = found->bytes;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemPtrGetInfo(void *pointer, size_t *bytes) {
  W2W_BEGIN(call);
  auto found = call.platform->find(value(pointer));
  if (!bytes || !found)
    return note(hipErrorInvalidValue);
  *bytes = found->bytes;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipStreamAttachMemAsync(hipStream_t stream, void *pointer,
                                                            size_t bytes, unsigned flags) {
  W2W_BEGIN(call, stream);
  auto found = call.platform->find(value(pointer));
  bool known = flags == kMemAttachGlobal || flags == kMemAttachHost || flags == kMemAttachSingle;
  if (!known || !found || found->kind != MemoryKind::Managed ||
      bytes > found->address + found->bytes - value(pointer))
    return note(hipErrorInvalidValue);
  return hipSuccess; // every stream and the host may reach managed memory at any time
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipPointerGetAttributes(hipPointerAttribute_t *attributes,
                                                            const void *pointer) {
  W2W_BEGIN(call);
  if (!attributes || !pointer)
    return note(hipErrorInvalidValue);
  void *address = const_cast<void *>(pointer);
  auto found = call.platform->find(value(pointer));
  if (!found) { // pageable host memory
    *attributes = {hipMemoryTypeUnregistered, -2, nullptr, nullptr, 0, 0};
    return hipSuccess;
  }
  hipMemoryType type = found->kind == MemoryKind::Device    ? hipMemoryTypeDevice
                       : found->kind == MemoryKind::Managed ? hipMemoryTypeManaged
                                                            : hipMemoryTypeHost;
  *attributes = {type,
                 found->device,
                 address,
                 found->kind == MemoryKind::Device ? nullptr : address,
                 found->kind == MemoryKind::Managed,
                 found->flags};
  return hipSuccess;
}

// Sharing memory with another process is not emulated.
W2W_HIP_EXPORT hipError_t w2w::hip::hipIpcGetMemHandle(hipIpcMemHandle_t *, void *) {
  return note(hipErrorNotSupported);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipIpcOpenMemHandle(void **, hipIpcMemHandle_t, unsigned) {
  return note(hipErrorNotSupported);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipIpcCloseMemHandle(void *) {
  return note(hipErrorNotSupported);
}
