// Devices, errors, limits, properties.
#include "runtime/emulator/api.h"

#include "runtime/emulator/log.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace w2w::emu {

namespace {
thread_local hipError_t g_last_error = hip::hipSuccess;
constexpr int kVersion = 60032831; // HIP 6.0.32831: the version whose behaviour is emulated
} // namespace

hipError_t note(hipError_t error) {
  if (error != hip::hipSuccess && error != hip::hipErrorNotReady)
    g_last_error = error;
  return error;
}

Call begin_call() {
  if (g_process_ends) // destructors of the program's statics: nothing runs any more, and nothing
                      // must wait for it
    return {nullptr, nullptr, hip::hipErrorDeinitialized};
  Platform *platform = Platform::get();
  if (!platform)
    return {nullptr, nullptr, hip::hipErrorNotInitialized};
  Device *device = platform->current();
  if (!device)
    return {platform, nullptr, hip::hipErrorNoDevice};
  return {platform, device, device->sticky()};
}

StreamCall begin_call(hip::hipStream_t handle) {
  StreamCall call{begin_call(), nullptr};
  if (!call)
    return call;
  call.stream = call.platform->stream(handle);
  if (!call.stream) {
    call.error = hip::hipErrorInvalidHandle;
    return call;
  }
  call.device = call.platform->device(call.stream->device);
  call.error = call.device->sticky();
  return call;
}

Call begin_device(int index) {
  Platform *platform = Platform::get();
  if (!platform)
    return {nullptr, nullptr, hip::hipErrorNotInitialized};
  if (platform->devices.empty())
    return {platform, nullptr, hip::hipErrorNoDevice};
  Device *device = platform->device(index);
  return {platform, device, device ? hip::hipSuccess : hip::hipErrorInvalidDevice};
}

namespace {

int pci_bus(const Device &device) {
  return 3 + device.index;
}

hip::hipUUID uuid_of(const Device &device) {
  hip::hipUUID uuid;
  char text[17];
  snprintf(text, sizeof text, "W2W-%08x%04x", device.model.pci_device, device.index);
  memcpy(uuid.bytes, text, sizeof uuid.bytes);
  return uuid;
}

int clamped(uint64_t value) {
  return static_cast<int>(std::min<uint64_t>(value, INT32_MAX));
}

constexpr int kMaxTexture = 16384;
constexpr int kMaxGrid = INT32_MAX, kMaxGridYz = 65536;
constexpr size_t kPitchAlign = 256;
constexpr uint32_t kArchBits =
    (hip::kArchDynamicParallelism - 1) & ~(hip::kArchSurfaceFuncs | hip::kArchFunnelShift);

hip::hipDeviceProp_tR0600 properties(const Device &device) {
  const Model &m = device.model;
  hip::hipDeviceProp_tR0600 p{};
  snprintf(p.name, sizeof p.name, "%s (emulated by warp2wave)", m.name);
  p.uuid = uuid_of(device);
  p.totalGlobalMem = device.memory.capacity();
  p.sharedMemPerBlock = m.lds_per_group;
  // All vector registers of a multiprocessor in dwords, in both fields.
  p.regsPerBlock = p.regsPerMultiprocessor = static_cast<int>(
      m.simds * (m.wave_size == 64 ? m.vgprs_wave64 : m.vgprs_wave32) * m.wave_size);
  p.warpSize = static_cast<int>(m.wave_size);
  p.memPitch = INT32_MAX;
  p.maxThreadsPerBlock = 1024;
  for (int &dim : p.maxThreadsDim)
    dim = 1024;
  p.maxGridSize[0] = kMaxGrid;
  p.maxGridSize[1] = p.maxGridSize[2] = kMaxGridYz;
  p.clockRate = static_cast<int>(m.clock_khz);
  p.totalConstMem = INT32_MAX;
  p.major = m.gfx_major;
  p.minor = m.gfx_minor;
  p.textureAlignment = p.texturePitchAlignment = p.surfaceAlignment = kPitchAlign;
  p.deviceOverlap = 1;
  p.multiProcessorCount = static_cast<int>(m.multiprocessors);
  p.canMapHostMemory = 1;
  p.maxTexture1D = p.maxTexture1DLinear = kMaxTexture;
  p.maxTexture2D[0] = p.maxTexture2D[1] = kMaxTexture;
  for (int &dim : p.maxTexture3D)
    dim = kMaxTexture / 8;
  p.concurrentKernels = 1;
  p.pciBusID = pci_bus(device);
  p.asyncEngineCount = 2;
  p.unifiedAddressing = 1;
  p.memoryClockRate = static_cast<int>(m.memory_clock_khz);
  p.memoryBusWidth = static_cast<int>(m.memory_bus_bits);
  p.l2CacheSize = clamped(m.l2_bytes);
  p.maxThreadsPerMultiProcessor = static_cast<int>(m.simds * m.waves_per_simd * m.wave_size);
  p.streamPrioritiesSupported = 1;
  // HIP tells a compute unit's LDS, on RDNA too, where a multiprocessor has two of them.
  p.sharedMemPerMultiprocessor = p.maxSharedMemoryPerMultiProcessor = m.lds_per_group;
  p.managedMemory = 1;
  p.hostNativeAtomicSupported = 1;
  p.singleToDoublePrecisionPerfRatio = m.gfx_major == 9 ? 1 : 32;
  p.concurrentManagedAccess = 1;
  p.canUseHostPointerForRegisteredMem = 1;
  p.cooperativeLaunch = 1;
  p.sharedMemPerBlockOptin = m.lds_per_group;
  p.directManagedMemAccessFromHost = 1;
  p.maxBlocksPerMultiProcessor = static_cast<int>(m.simds * m.waves_per_simd); // of one wave each
  p.hostRegisterSupported = 1;
  snprintf(p.gcnArchName, sizeof p.gcnArchName, "%s", m.target_id);
  p.clockInstructionRate = static_cast<int>(m.wall_clock_khz);
  p.arch = kArchBits;
  p.isLargeBar = 1;
  return p;
}

/// HIP 5's layout says the same.
hip::hipDeviceProp_tR0000 old_properties(const Device &device) {
  hip::hipDeviceProp_tR0600 n = properties(device);
  hip::hipDeviceProp_tR0000 p{};
  memcpy(p.name, n.name, sizeof p.name);
  memcpy(p.maxThreadsDim, n.maxThreadsDim, sizeof p.maxThreadsDim);
  memcpy(p.maxGridSize, n.maxGridSize, sizeof p.maxGridSize);
  memcpy(p.maxTexture2D, n.maxTexture2D, sizeof p.maxTexture2D);
  memcpy(p.maxTexture3D, n.maxTexture3D, sizeof p.maxTexture3D);
  memcpy(p.gcnArchName, n.gcnArchName, sizeof p.gcnArchName);
  p.gcnArch = device.model.gcn_arch;
#define SAME(field) p.field = n.field
  SAME(totalGlobalMem);
  SAME(sharedMemPerBlock);
  SAME(regsPerBlock);
  SAME(warpSize);
  SAME(maxThreadsPerBlock);
  SAME(clockRate);
  SAME(memoryClockRate);
  SAME(memoryBusWidth);
  SAME(totalConstMem);
  SAME(major);
  SAME(minor);
  SAME(multiProcessorCount);
  SAME(l2CacheSize);
  SAME(maxThreadsPerMultiProcessor);
  SAME(computeMode);
  SAME(clockInstructionRate);
  SAME(arch);
  SAME(concurrentKernels);
  SAME(pciDomainID);
  SAME(pciBusID);
  SAME(pciDeviceID);
  SAME(maxSharedMemoryPerMultiProcessor);
  SAME(isMultiGpuBoard);
  SAME(canMapHostMemory);
  SAME(integrated);
  SAME(cooperativeLaunch);
  SAME(maxTexture1DLinear);
  SAME(maxTexture1D);
  SAME(memPitch);
  SAME(textureAlignment);
  SAME(texturePitchAlignment);
  SAME(isLargeBar);
  SAME(managedMemory);
  SAME(directManagedMemAccessFromHost);
  SAME(concurrentManagedAccess);
#undef SAME
  return p;
}

/// Attributes, derived from the properties. False for one that has no meaning here.
bool attribute_value(const Device &device, hip::hipDeviceAttribute_t attribute, int &value) {
  using namespace hip;
  const hipDeviceProp_tR0600 p = properties(device);
  switch (attribute) {
#define IS(name, expression)                                                                       \
  case hipDeviceAttribute##name:                                                                   \
    value = static_cast<int>(expression);                                                          \
    return true;
    IS(EccEnabled, p.ECCEnabled)
    IS(AsyncEngineCount, p.asyncEngineCount)
    IS(CanMapHostMemory, p.canMapHostMemory)
    IS(CanUseHostPointerForRegisteredMem, p.canUseHostPointerForRegisteredMem)
    IS(ClockRate, p.clockRate)
    IS(ComputeMode, p.computeMode)
    IS(ConcurrentKernels, p.concurrentKernels)
    IS(ConcurrentManagedAccess, p.concurrentManagedAccess)
    IS(CooperativeLaunch, p.cooperativeLaunch)
    IS(DeviceOverlap, p.deviceOverlap)
    IS(DirectManagedMemAccessFromHost, p.directManagedMemAccessFromHost)
    IS(HostNativeAtomicSupported, p.hostNativeAtomicSupported)
    IS(Integrated, p.integrated)
    IS(IsMultiGpuBoard, p.isMultiGpuBoard)
    IS(KernelExecTimeout, p.kernelExecTimeoutEnabled)
    IS(L2CacheSize, p.l2CacheSize)
    IS(ComputeCapabilityMajor, p.major)
    IS(ComputeCapabilityMinor, p.minor)
    IS(ManagedMemory, p.managedMemory)
    IS(MaxBlocksPerMultiProcessor, p.maxBlocksPerMultiProcessor)
    IS(MaxBlockDimX, p.maxThreadsDim[0])
    IS(MaxBlockDimY, p.maxThreadsDim[1])
    IS(MaxBlockDimZ, p.maxThreadsDim[2])
    IS(MaxGridDimX, p.maxGridSize[0])
    IS(MaxGridDimY, p.maxGridSize[1])
    IS(MaxGridDimZ, p.maxGridSize[2])
    IS(MaxTexture1DWidth, p.maxTexture1D)
    IS(MaxTexture1DLinear, p.maxTexture1DLinear)
    IS(MaxTexture2DWidth, p.maxTexture2D[0])
    IS(MaxTexture2DHeight, p.maxTexture2D[1])
    IS(MaxTexture3DWidth, p.maxTexture3D[0])
    IS(MaxTexture3DHeight, p.maxTexture3D[1])
    IS(MaxTexture3DDepth, p.maxTexture3D[2])
    IS(MaxThreadsDim, p.maxThreadsDim[0])
    IS(MaxThreadsPerBlock, p.maxThreadsPerBlock)
    IS(MaxThreadsPerMultiProcessor, p.maxThreadsPerMultiProcessor)
    IS(MaxPitch, p.memPitch)
    IS(MemoryBusWidth, p.memoryBusWidth)
    IS(MemoryClockRate, p.memoryClockRate)
    IS(MultiprocessorCount, p.multiProcessorCount)
    IS(PageableMemoryAccess, p.pageableMemoryAccess)
    IS(PageableMemoryAccessUsesHostPageTables, p.pageableMemoryAccessUsesHostPageTables)
    IS(PciBusId, p.pciBusID)
    IS(PciDeviceId, p.pciDeviceID)
    IS(PciDomainID, p.pciDomainID)
    IS(MaxRegistersPerBlock, p.regsPerBlock)
    IS(MaxRegistersPerMultiprocessor, p.regsPerMultiprocessor)
    IS(ReservedSharedMemPerBlock, p.reservedSharedMemPerBlock)
    IS(MaxSharedMemoryPerBlock, p.sharedMemPerBlock)
    IS(SharedMemPerBlockOptin, p.sharedMemPerBlockOptin)
    IS(SharedMemPerMultiprocessor, p.sharedMemPerMultiprocessor)
    IS(SingleToDoublePrecisionPerfRatio, p.singleToDoublePrecisionPerfRatio)
    IS(StreamPrioritiesSupported, p.streamPrioritiesSupported)
    IS(SurfaceAlignment, p.surfaceAlignment)
    IS(TccDriver, p.tccDriver)
    IS(TextureAlignment, p.textureAlignment)
    IS(TexturePitchAlignment, p.texturePitchAlignment)
    IS(TotalConstantMemory, p.totalConstMem)
    IS(TotalGlobalMem, clamped(p.totalGlobalMem))
    IS(UnifiedAddressing, p.unifiedAddressing)
    IS(WarpSize, p.warpSize)
    IS(MemoryPoolsSupported, p.memoryPoolsSupported)
    IS(ComputePreemptionSupported, p.computePreemptionSupported)
    IS(CooperativeMultiDeviceLaunch, p.cooperativeMultiDeviceLaunch)
    IS(GlobalL1CacheSupported, p.globalL1CacheSupported)
    IS(LocalL1CacheSupported, p.localL1CacheSupported)
    IS(MultiGpuBoardGroupID, p.multiGpuBoardGroupID)
    IS(PersistingL2CacheMaxSize, p.persistingL2CacheMaxSize)
    IS(AccessPolicyMaxWindowSize, p.accessPolicyMaxWindowSize)
    IS(ClockInstructionRate, p.clockInstructionRate)
    IS(Arch, p.arch)
    IS(MaxSharedMemoryPerMultiprocessor, p.maxSharedMemoryPerMultiProcessor)
    IS(GcnArch, device.model.gcn_arch)
    IS(IsLargeBar, p.isLargeBar)
    IS(AsicRevision, p.asicRevision)
    IS(CanUseStreamWaitValue, 0)
    IS(ImageSupport, 0)
    IS(PhysicalMultiProcessorCount,
       device.model.gfx_major >= 10 ? p.multiProcessorCount * 2 : p.multiProcessorCount)
    IS(FineGrainSupport, 1)
#undef IS
  default:
    return false;
  }
}

} // namespace
} // namespace w2w::emu

using namespace w2w::emu;
using namespace w2w::hip;

W2W_HIP_EXPORT hipError_t w2w::hip::hipInit(unsigned flags) {
  if (flags)
    return note(hipErrorInvalidValue);
  Platform *platform = Platform::get();
  if (!platform)
    return note(hipErrorNotInitialized);
  return note(platform->devices.empty() ? hipErrorNoDevice : hipSuccess);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDriverGetVersion(int *version) {
  if (!version)
    return note(hipErrorInvalidValue);
  *version = kVersion;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipRuntimeGetVersion(int *version) {
  return hipDriverGetVersion(version);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDeviceCount(int *count) {
  if (!count)
    return note(hipErrorInvalidValue);
  Platform *platform = Platform::get();
  *count = platform ? static_cast<int>(platform->devices.size()) : 0;
  return note(!platform ? hipErrorNotInitialized : *count == 0 ? hipErrorNoDevice : hipSuccess);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipSetDevice(int device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  Platform::current_index = device;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDevice(int *device) {
  if (!device)
    return note(hipErrorInvalidValue);
  auto call = begin_device(Platform::current_index);
  if (!call)
    return note(call.error);
  *device = Platform::current_index;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipSetDeviceFlags(unsigned flags) {
  // How the host waits is our own business; what is no known flag is refused.
  return note(flags & ~(kDeviceScheduleMask | kDeviceMapHost | 0x10) ? hipErrorInvalidValue
                                                                     : hipSuccess);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDeviceFlags(unsigned *flags) {
  if (!flags)
    return note(hipErrorInvalidValue);
  *flags = 0;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGet(hipDevice_t *device, int ordinal) {
  auto call = begin_device(ordinal);
  if (!device)
    return note(hipErrorInvalidValue);
  if (!call)
    return note(call.error);
  *device = ordinal;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetName(char *name, int length, hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!name || length <= 0)
    return note(hipErrorInvalidValue);
  snprintf(name, static_cast<size_t>(length), "%s", properties(*call.device).name);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetUuid(hipUUID *uuid, hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!uuid)
    return note(hipErrorInvalidValue);
  *uuid = uuid_of(*call.device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetPCIBusId(char *id, int length, int device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!id || length <= 0)
    return note(hipErrorInvalidValue);
  snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0",
           static_cast<unsigned>(pci_bus(*call.device)) & 0xff);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetByPCIBusId(int *device, const char *id) {
  auto call = begin_device(0);
  if (!call)
    return note(call.error);
  if (!device || !id)
    return note(hipErrorInvalidValue);
  unsigned domain = 0, bus = 0, slot = 0, function = 0;
  bool parsed = sscanf(id, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4 ||
                (domain = 0, sscanf(id, "%x:%x.%x", &bus, &slot, &function) == 3);
  if (parsed && domain == 0 && slot == 0 && function == 0)
    for (const auto &each : call.platform->devices)
      if (static_cast<unsigned>(pci_bus(*each)) == bus) {
        *device = each->index;
        return hipSuccess;
      }
  return note(hipErrorInvalidDevice);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceTotalMem(size_t *bytes, hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!bytes)
    return note(hipErrorInvalidValue);
  *bytes = call.device->memory.capacity();
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceComputeCapability(int *major, int *minor,
                                                               hipDevice_t device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!major || !minor)
    return note(hipErrorInvalidValue);
  *major = call.device->model.gfx_major;
  *minor = call.device->model.gfx_minor;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetAttribute(int *value,
                                                          hipDeviceAttribute_t attribute,
                                                          int device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!value)
    return note(hipErrorInvalidValue);
  return note(attribute_value(*call.device, attribute, *value) ? hipSuccess : hipErrorInvalidValue);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDevicePropertiesR0600(hipDeviceProp_tR0600 *properties,
                                                                int device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!properties)
    return note(hipErrorInvalidValue);
  *properties = w2w::emu::properties(*call.device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDevicePropertiesR0000(hipDeviceProp_tR0000 *properties,
                                                                int device) {
  auto call = begin_device(device);
  if (!call)
    return note(call.error);
  if (!properties)
    return note(hipErrorInvalidValue);
  *properties = old_properties(*call.device);
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetDeviceProperties(hipDeviceProp_tR0000 *properties,
                                                           int device) {
  return hipGetDevicePropertiesR0000(properties, device);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceSynchronize(void) {
  W2W_BEGIN(call);
  synchronize(*call.device);
  return note(call.device->sticky());
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceReset(void) {
  auto call = begin_call();
  if (!call.device)
    return note(call.error);
  synchronize(*call.device);
  call.platform->free_all(*call.device);
  call.platform->disable_peers(*call.device);
  call.device->clear_failure();
  return hipSuccess;
}

namespace {
size_t *limit_of(Device &device, hipLimit_t limit) {
  switch (limit) {
  case hipLimitStackSize:
    return &device.stack_limit;
  case hipLimitPrintfFifoSize:
    return &device.printf_limit;
  case hipLimitMallocHeapSize:
    return &device.heap_limit;
  }
  return nullptr;
}
} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetLimit(size_t *value, hipLimit_t limit) {
  W2W_BEGIN(call);
  if (!value)
    return note(hipErrorInvalidValue);
  size_t *place = limit_of(*call.device, limit);
  if (!place)
    return note(hipErrorUnsupportedLimit);
  *value = *place;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceSetLimit(hipLimit_t limit, size_t value) {
  W2W_BEGIN(call);
  size_t *place = limit_of(*call.device, limit);
  if (!place)
    return note(hipErrorUnsupportedLimit);
  constexpr size_t kLargestStack = 128 << 10;
  if (limit == hipLimitStackSize && value > kLargestStack)
    return note(hipErrorInvalidValue);
  *place = value;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetCacheConfig(hipFuncCache_t *config) {
  if (!config)
    return note(hipErrorInvalidValue);
  *config = hipFuncCachePreferNone;
  return hipSuccess;
}
// AMD's LDS and caches are separate memories: preferences have no effect, there as here.
W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceSetCacheConfig(hipFuncCache_t) {
  return hipSuccess;
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetSharedMemConfig(hipSharedMemConfig *config) {
  if (!config)
    return note(hipErrorInvalidValue);
  *config = hipSharedMemBankSizeFourByte;
  return hipSuccess;
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceSetSharedMemConfig(hipSharedMemConfig) {
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetStreamPriorityRange(int *least, int *greatest) {
  if (least)
    *least = 1;
  if (greatest)
    *greatest = -1;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceCanAccessPeer(int *can, int device, int peer) {
  auto first = begin_device(device), second = begin_device(peer);
  if (!can)
    return note(hipErrorInvalidValue);
  if (!first || !second)
    return note(hipErrorInvalidDevice);
  *can = device != peer;
  return hipSuccess;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceGetP2PAttribute(int *value, hipDeviceP2PAttr attribute,
                                                             int from, int to) {
  auto first = begin_device(from), second = begin_device(to);
  if (!value)
    return note(hipErrorInvalidValue);
  if (!first || !second || from == to)
    return note(hipErrorInvalidDevice);
  switch (attribute) {
  case hipDevP2PAttrPerformanceRank: // all links are alike
  case hipDevP2PAttrHipArrayAccessSupported:
    *value = 0;
    return hipSuccess;
  case hipDevP2PAttrAccessSupported:
  case hipDevP2PAttrNativeAtomicSupported:
    *value = 1;
    return hipSuccess;
  }
  return note(hipErrorInvalidValue);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceEnablePeerAccess(int peer, unsigned flags) {
  W2W_BEGIN(call);
  auto other = begin_device(peer);
  if (flags || !other || other.device == call.device)
    return note(flags ? hipErrorInvalidValue : hipErrorInvalidDevice);
  return note(call.platform->enable_peer(*call.device, *other.device));
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipDeviceDisablePeerAccess(int peer) {
  W2W_BEGIN(call);
  auto other = begin_device(peer);
  if (!other)
    return note(hipErrorInvalidDevice);
  synchronize(*call.device);
  return note(call.platform->disable_peer(*call.device, *other.device));
}

W2W_HIP_EXPORT const char *w2w::hip::hipGetErrorName(hipError_t error) {
  switch (error) {
#define HIP_ERROR(name, value, text)                                                               \
  case name:                                                                                       \
    return #name;
#include "runtime/hip/hip_errors.def"
#undef HIP_ERROR
  }
  return "hipErrorUnknown";
}

W2W_HIP_EXPORT const char *w2w::hip::hipGetErrorString(hipError_t error) {
  switch (error) {
#define HIP_ERROR(name, value, text)                                                               \
  case name:                                                                                       \
    return text;
#include "runtime/hip/hip_errors.def"
#undef HIP_ERROR
  }
  return "unknown error";
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipGetLastError(void) {
  hipError_t error = g_last_error;
  g_last_error = hipSuccess;
  return error;
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipPeekAtLastError(void) {
  return g_last_error;
}
