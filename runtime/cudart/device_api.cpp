// Devices: choice, attributes, limits, peers, memory pools of a device.
#include "runtime/cudart/core.h"

#include <cstring>

W2W_RT w2wrt_cudaGetDeviceCount(int *count) {
  if (!count)
    return record(cudaErrorInvalidValue);
  *count = 0;
  return initialised([=] {
    CUresult r = cuDeviceGetCount(count);
    return r == CUDA_SUCCESS && *count == 0 ? CUDA_ERROR_NO_DEVICE : r;
  });
}

W2W_RT w2wrt_cudaGetDevice(int *device) {
  return device ? record(current_device(*device)) : record(cudaErrorInvalidValue);
}

W2W_RT w2wrt_cudaSetDevice(int device) {
  return record(set_device(device));
}

W2W_RT w2wrt_cudaInitDevice(int device, unsigned device_flags, unsigned flags) {
  // Bit 0: device_flags counts. The device is made ready, but not current.
  if (flags > 1)
    return record(cudaErrorInvalidValue);
  if (flags & 1)
    if (cudaError_t e =
            initialised([=] { return cuDevicePrimaryCtxSetFlags_v2(device, device_flags & 0xff); }))
      return e;
  CUcontext ignored;
  return record(primary_context(device, ignored));
}

W2W_RT w2wrt_cudaSetValidDevices(int *devices, int count) {
  // The list only steers which device is chosen when none was set: ours takes the first.
  if (count < 0 || (count > 0 && !devices))
    return record(cudaErrorInvalidValue);
  int present = 0;
  if (cudaError_t e = w2wrt_cudaGetDeviceCount(&present))
    return e;
  for (int i = 0; i < count; ++i)
    if (devices[i] < 0 || devices[i] >= present)
      return record(cudaErrorInvalidDevice);
  return count > 0 ? record(set_device(devices[0])) : cudaSuccess;
}

W2W_RT w2wrt_cudaSetDeviceFlags(unsigned flags) {
  int device = 0;
  if (cudaError_t e = current_device(device))
    return record(e);
  return initialised([=] { return cuDevicePrimaryCtxSetFlags_v2(device, flags & 0xff); });
}

W2W_RT w2wrt_cudaGetDeviceFlags(unsigned *flags) {
  int device = 0, active = 0;
  if (!flags)
    return record(cudaErrorInvalidValue);
  if (cudaError_t e = current_device(device))
    return record(e);
  return initialised([&] { return cuDevicePrimaryCtxGetState(device, flags, &active); });
}

W2W_RT w2wrt_cudaDeviceGetAttribute(int *value, int attribute, int device) {
  return initialised([=] {
    return cuDeviceGetAttribute(value, static_cast<CUdevice_attribute>(attribute), device);
  });
}

W2W_RT w2wrt_cudaDeviceGetByPCIBusId(int *device, const char *id) {
  return initialised([=] { return cuDeviceGetByPCIBusId(device, id); });
}
W2W_RT w2wrt_cudaDeviceGetPCIBusId(char *id, int length, int device) {
  return initialised([=] { return cuDeviceGetPCIBusId(id, length, device); });
}

W2W_RT w2wrt_cudaDeviceReset() {
  int device = 0;
  if (cudaError_t e = current_device(device))
    return record(e);
  CUresult r = cuDevicePrimaryCtxReset_v2(device);
  forget_primary_context(device);
  if (r == CUDA_SUCCESS)
    r = cuCtxSetCurrent(nullptr);
  forget_errors();
  return record(to_error(r));
}

W2W_RT w2wrt_cudaDeviceSynchronize() {
  return in_context([] { return cuCtxSynchronize(); });
}

W2W_RT w2wrt_cudaDeviceGetLimit(size_t *value, int limit) {
  return in_context([=] { return cuCtxGetLimit(value, static_cast<CUlimit>(limit)); });
}
W2W_RT w2wrt_cudaDeviceSetLimit(int limit, size_t value) {
  return in_context([=] { return cuCtxSetLimit(static_cast<CUlimit>(limit), value); });
}
W2W_RT w2wrt_cudaDeviceGetCacheConfig(CUfunc_cache *config) {
  return in_context([=] { return cuCtxGetCacheConfig(config); });
}
W2W_RT w2wrt_cudaDeviceSetCacheConfig(int config) {
  return in_context([=] { return cuCtxSetCacheConfig(static_cast<CUfunc_cache>(config)); });
}
W2W_RT w2wrt_cudaDeviceGetSharedMemConfig(CUsharedconfig *config) {
  return in_context([=] { return cuCtxGetSharedMemConfig(config); });
}
W2W_RT w2wrt_cudaDeviceSetSharedMemConfig(int config) {
  return in_context([=] { return cuCtxSetSharedMemConfig(static_cast<CUsharedconfig>(config)); });
}
W2W_RT w2wrt_cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
  return in_context([=] { return cuCtxGetStreamPriorityRange(least, greatest); });
}
W2W_RT w2wrt_cudaCtxResetPersistingL2Cache() {
  return in_context([] { return cuCtxResetPersistingL2Cache(); });
}
W2W_RT w2wrt_cudaDeviceFlushGPUDirectRDMAWrites(int target, int scope) {
  return in_context([=] {
    return cuFlushGPUDirectRDMAWrites(static_cast<CUflushGPUDirectRDMAWritesTarget>(target),
                                      static_cast<CUflushGPUDirectRDMAWritesScope>(scope));
  });
}

W2W_RT w2wrt_cudaDeviceCanAccessPeer(int *can, int device, int peer) {
  return initialised([=] { return cuDeviceCanAccessPeer(can, device, peer); });
}
W2W_RT w2wrt_cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  CUcontext context = nullptr;
  if (cudaError_t e = primary_context(peer, context))
    return record(e);
  return in_context([=] { return cuCtxEnablePeerAccess(context, flags); });
}
W2W_RT w2wrt_cudaDeviceDisablePeerAccess(int peer) {
  CUcontext context = nullptr;
  if (cudaError_t e = primary_context(peer, context))
    return record(e);
  return in_context([=] { return cuCtxDisablePeerAccess(context); });
}
W2W_RT w2wrt_cudaDeviceGetP2PAttribute(int *value, int attribute, int source, int destination) {
  return initialised([=] {
    return cuDeviceGetP2PAttribute(value, static_cast<CUdevice_P2PAttribute>(attribute), source,
                                   destination);
  });
}

W2W_RT w2wrt_cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
  return initialised([=] { return cuDeviceGetDefaultMemPool(pool, device); });
}
W2W_RT w2wrt_cudaDeviceGetMemPool(cudaMemPool_t *pool, int device) {
  return initialised([=] { return cuDeviceGetMemPool(pool, device); });
}
W2W_RT w2wrt_cudaDeviceSetMemPool(int device, cudaMemPool_t pool) {
  return initialised([=] { return cuDeviceSetMemPool(device, pool); });
}
