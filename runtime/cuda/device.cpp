// Devices: counting, naming, attributes.
// Source: CUDA Driver API, "Device Management", "Device Management [DEPRECATED]", "Peer Context
// Memory Access".
#include "runtime/cuda/array.h"
#include "runtime/cuda/texture_limits.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstring>

namespace w2w::cuda {
namespace {

using Props = hip::hipDeviceProp_tR0600;

int clamp(size_t value) {
  return static_cast<int>(std::min<size_t>(value, INT_MAX));
}
/// The larger of what HIP reports and the number that the software implementation offers anyway.
int at_least(int reported, int offered) {
  return std::max(reported, offered);
}

/// CUDA's limit for kernels that have not opted in to more.
constexpr int kSharedWithoutOptIn = 48 << 10;

/// Attributes that depend on the device. Those not named here answer 0.
int attribute_value(const Device &device, CUdevice_attribute attribute) {
  const Props &p = device.properties;
  const hip::Api &api = hip::api();
  switch (attribute) {
  // Blocks and grids: a block's limits are the device's; grids are CUDA's (larger ones than AMD's
  // are launched in slices).
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    return std::min(p.maxThreadsPerBlock, 1024);
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return std::min(p.maxThreadsDim[attribute - CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X], 1024);
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    return INT_MAX;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    return 32; // on wave64 devices too: a wave is two warps
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return p.multiProcessorCount;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return p.maxThreadsPerMultiProcessor;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    return p.maxBlocksPerMultiProcessor > 0 ? p.maxBlocksPerMultiProcessor : 32;

  // Shared memory: 48 KiB without, the whole LDS with opting in.
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return std::min(clamp(p.sharedMemPerBlock), kSharedWithoutOptIn);
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return clamp(p.sharedMemPerBlock);
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return clamp(std::max(p.sharedMemPerMultiprocessor, p.sharedMemPerBlock));

  case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
    return 64 << 10; // .const variables lie in the module's arena: PTX's own limit holds
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    return at_least(p.regsPerBlock, 65536);
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return at_least(p.regsPerMultiprocessor, 65536);
  case CU_DEVICE_ATTRIBUTE_MAX_PITCH:
    return clamp(p.memPitch);
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    return p.clockRate;
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return p.memoryClockRate;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return p.memoryBusWidth;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return p.l2CacheSize;

  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return static_cast<int>(driver().cc / 10);
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return static_cast<int>(driver().cc % 10);
  case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
    return p.computeMode;
  case CU_DEVICE_ATTRIBUTE_INTEGRATED:
    return p.integrated;
  case CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT:
    return p.kernelExecTimeoutEnabled;
  case CU_DEVICE_ATTRIBUTE_ECC_ENABLED:
    return p.ECCEnabled;
  case CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD:
    return p.isMultiGpuBoard;
  case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
    return p.pciBusID;
  case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID:
    return p.pciDeviceID;
  case CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID:
    return p.pciDomainID;
  case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
    return at_least(p.asyncEngineCount, 1);
  case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:
    return p.managedMemory;
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS:
    return p.concurrentManagedAccess;
  case CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS:
    return p.pageableMemoryAccess;
  case CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES:
    return p.pageableMemoryAccessUsesHostPageTables;
  case CU_DEVICE_ATTRIBUTE_DIRECT_MANAGED_MEM_ACCESS_FROM_HOST:
    return p.directManagedMemAccessFromHost;
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
    return p.cooperativeLaunch && api.hipModuleLaunchCooperativeKernel;
  case CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:
    return at_least(p.singleToDoublePrecisionPerfRatio, 2);

  // What the driver layer itself provides, on every device.
  case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
  case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
  case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
    return 1;
  case CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT:
    return 1;
  case CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES:
    return CU_MEM_HANDLE_TYPE_NONE;
  case CU_DEVICE_ATTRIBUTE_NUMA_CONFIG:
    return CU_DEVICE_NUMA_CONFIG_NONE;
  case CU_DEVICE_ATTRIBUTE_NUMA_ID:
  case CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID:
    return -1;

  // Everything else is a limit of textures, or a feature that is not offered: interoperability,
  // virtual memory management, clusters, ...
  default:
    return texture_limit(attribute);
  }
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

#define W2W_DEVICE_ARGUMENT(dev)                                                                   \
  Device *device = find_device(dev);                                                               \
  if (!device)                                                                                     \
  return CUDA_ERROR_INVALID_DEVICE

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  W2W_ENTER(cuDeviceGet);
  if (!device)
    return CUDA_ERROR_INVALID_VALUE;
  if (!find_device(ordinal))
    return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  W2W_ENTER(cuDeviceGetCount);
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  *count = static_cast<int>(driver().devices.size());
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int len, CUdevice dev) {
  W2W_ENTER(cuDeviceGetName);
  if (!name || len <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  std::snprintf(name, static_cast<size_t>(len), "%s", device->properties.name);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev) {
  W2W_ENTER(cuDeviceGetUuid);
  if (!uuid)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *uuid = device->uuid;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev) {
  return cuDeviceGetUuid(uuid, dev);
}

CUresult cuDeviceGetLuid(char *luid, unsigned int *node_mask, CUdevice dev) {
  W2W_ENTER(cuDeviceGetLuid);
  return not_supported("cuDeviceGetLuid", "it exists on Windows only");
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev) {
  W2W_ENTER(cuDeviceTotalMem_v2);
  if (!bytes)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *bytes = device->properties.totalGlobalMem;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetTexture1DLinearMaxWidth(size_t *elements, CUarray_format format,
                                            unsigned channels, CUdevice dev) {
  W2W_ENTER(cuDeviceGetTexture1DLinearMaxWidth);
  const TexelFormat *texel = find_texel_format(format);
  if (!elements || !texel || !texel->allows(channels))
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *elements = static_cast<size_t>(
      attribute_value(*device, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attrib, CUdevice dev) {
  W2W_ENTER(cuDeviceGetAttribute);
  if (!value || attrib <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *value = attribute_value(*device, attrib);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetProperties(CUdevprop *prop, CUdevice dev) {
  W2W_ENTER(cuDeviceGetProperties);
  if (!prop)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  auto get = [&](CUdevice_attribute a) { return attribute_value(*device, a); };
  prop->maxThreadsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  prop->maxThreadsDim[0] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X);
  prop->maxThreadsDim[1] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y);
  prop->maxThreadsDim[2] = get(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z);
  prop->maxGridSize[0] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X);
  prop->maxGridSize[1] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y);
  prop->maxGridSize[2] = get(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z);
  prop->sharedMemPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
  prop->totalConstantMemory = get(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY);
  prop->SIMDWidth = get(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
  prop->memPitch = get(CU_DEVICE_ATTRIBUTE_MAX_PITCH);
  prop->regsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
  prop->clockRate = get(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  prop->textureAlign = get(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
  return CUDA_SUCCESS;
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev) {
  W2W_ENTER(cuDeviceComputeCapability);
  if (!major || !minor)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *major = static_cast<int>(driver().cc / 10);
  *minor = static_cast<int>(driver().cc % 10);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *id, int len, CUdevice dev) {
  W2W_ENTER(cuDeviceGetPCIBusId);
  if (!id || len < 13)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  const auto &p = device->properties;
  std::snprintf(id, static_cast<size_t>(len), "%04x:%02x:%02x.0",
                static_cast<unsigned>(p.pciDomainID), static_cast<unsigned>(p.pciBusID),
                static_cast<unsigned>(p.pciDeviceID));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetByPCIBusId(CUdevice *dev, const char *id) {
  W2W_ENTER(cuDeviceGetByPCIBusId);
  if (!dev || !id)
    return CUDA_ERROR_INVALID_VALUE;
  // [domain]:[bus]:[device].[function], or without the domain or function.
  unsigned domain = 0, bus = 0, slot = 0;
  if (std::sscanf(id, "%x:%x:%x", &domain, &bus, &slot) != 3) {
    domain = 0;
    if (std::sscanf(id, "%x:%x", &bus, &slot) != 2)
      return CUDA_ERROR_INVALID_VALUE;
  }
  for (auto &device : driver().devices) {
    const auto &p = device->properties;
    if (static_cast<unsigned>(p.pciDomainID) == domain &&
        static_cast<unsigned>(p.pciBusID) == bus && static_cast<unsigned>(p.pciDeviceID) == slot) {
      *dev = device->ordinal;
      return CUDA_SUCCESS;
    }
  }
  return CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type, CUdevice dev) {
  W2W_ENTER(cuDeviceGetExecAffinitySupport);
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  *value = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice dev, CUdevice peer) {
  W2W_ENTER(cuDeviceCanAccessPeer);
  if (!can)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_DEVICE_ARGUMENT(dev);
  Device *other = find_device(peer);
  if (!other)
    return CUDA_ERROR_INVALID_DEVICE;
  *can = 0;
  if (device == other)
    return CUDA_SUCCESS;
  return to_cuda(hip::api().hipDeviceCanAccessPeer(can, device->hip_device, other->hip_device));
}

CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attrib, CUdevice src,
                                 CUdevice dst) {
  W2W_ENTER(cuDeviceGetP2PAttribute);
  if (!value || attrib < CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK ||
      attrib > CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED || src == dst)
    return CUDA_ERROR_INVALID_VALUE;
  int can = 0;
  CUresult result = cuDeviceCanAccessPeer(&can, src, dst);
  *value = attrib == CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED ? can : 0;
  return result;
}

CUresult cuFlushGPUDirectRDMAWrites(CUflushGPUDirectRDMAWritesTarget target,
                                    CUflushGPUDirectRDMAWritesScope scope) {
  W2W_ENTER(cuFlushGPUDirectRDMAWrites);
  return not_supported("cuFlushGPUDirectRDMAWrites");
}
