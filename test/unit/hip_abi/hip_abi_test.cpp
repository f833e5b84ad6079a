// Our HIP ABI against AMD's headers (HIP 5.2): sizes, offsets, enumerators.
// Ours is included first: AMD's has macros.
#include "runtime/hip/hip_abi.h"

#define __HIP_DISABLE_CPP_FUNCTIONS__ 1
#include <hip/hip_runtime_api.h>

#include <catch2/catch.hpp>
#include <utility>

namespace {

namespace ours = w2w::hip;

TEST_CASE("error codes have AMD's values") {
#define SAME(name) CHECK(static_cast<int>(ours::name) == static_cast<int>(::name))
#define HIP_ERROR(name, value, text) SAME(name);
#include "runtime/hip/hip_errors.def"
#undef HIP_ERROR
}

TEST_CASE("device attributes have AMD's values") {
#define HIP_ATTRIBUTE(name, value) SAME(hipDeviceAttribute##name);
#include "runtime/hip/hip_attributes.def"
#undef HIP_ATTRIBUTE
}

TEST_CASE("enumerators have AMD's values") {
  SAME(hipMemcpyHostToHost);
  SAME(hipMemcpyHostToDevice);
  SAME(hipMemcpyDeviceToHost);
  SAME(hipMemcpyDeviceToDevice);
  SAME(hipMemcpyDefault);
  SAME(hipLimitPrintfFifoSize);
  SAME(hipLimitMallocHeapSize);
  SAME(hipFuncCachePreferEqual);
  SAME(hipSharedMemBankSizeEightByte);
  SAME(hipFuncAttributeMaxDynamicSharedMemorySize);
  SAME(hipFuncAttributePreferredSharedMemoryCarveout);
  SAME(HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  SAME(HIP_FUNC_ATTRIBUTE_NUM_REGS);
  SAME(HIP_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
  SAME(hipDevP2PAttrHipArrayAccessSupported);
  SAME(hipMemAdviseUnsetAccessedBy);
  SAME(hipMemAdviseSetCoarseGrain);
  CHECK(ours::kMemoryTypeHostHip5 == static_cast<int>(::hipMemoryTypeHost));
  CHECK(ours::kMemoryTypeDeviceHip5 == static_cast<int>(::hipMemoryTypeDevice));
}

TEST_CASE("constants that AMD has as macros") {
  CHECK(ours::kStreamNonBlocking == hipStreamNonBlocking);
  CHECK(ours::kEventBlockingSync == hipEventBlockingSync);
  CHECK(ours::kEventDisableTiming == hipEventDisableTiming);
  CHECK(ours::kEventInterprocess == hipEventInterprocess);
  CHECK(ours::kEventReleaseToSystem == hipEventReleaseToSystem);
  CHECK(ours::kHostMallocPortable == hipHostMallocPortable);
  CHECK(ours::kHostMallocMapped == hipHostMallocMapped);
  CHECK(ours::kHostMallocWriteCombined == hipHostMallocWriteCombined);
  CHECK(ours::kHostMallocNumaUser == hipHostMallocNumaUser);
  CHECK(ours::kHostMallocCoherent == hipHostMallocCoherent);
  CHECK(ours::kHostMallocNonCoherent == hipHostMallocNonCoherent);
  CHECK(ours::kHostRegisterPortable == hipHostRegisterPortable);
  CHECK(ours::kHostRegisterMapped == hipHostRegisterMapped);
  CHECK(ours::kHostRegisterIoMemory == hipHostRegisterIoMemory);
  CHECK(ours::kMemAttachGlobal == hipMemAttachGlobal);
  CHECK(ours::kMemAttachHost == hipMemAttachHost);
  CHECK(ours::kDeviceMapHost == hipDeviceMapHost);
  CHECK(ours::kDeviceScheduleMask == hipDeviceScheduleMask);
  CHECK(ours::kCpuDeviceId == hipCpuDeviceId);
  CHECK(ours::kLaunchParamBufferPointer == HIP_LAUNCH_PARAM_BUFFER_POINTER);
  CHECK(ours::kLaunchParamBufferSize == HIP_LAUNCH_PARAM_BUFFER_SIZE);
  CHECK(ours::kLaunchParamEnd == HIP_LAUNCH_PARAM_END);
}

#define FIELD_AS(mine, theirs, field, field2)                                                      \
  CHECK(offsetof(ours::mine, field) == offsetof(::theirs, field2));                                \
  CHECK(sizeof(std::declval<ours::mine>().field) == sizeof(std::declval<::theirs>().field2))
#define FIELD(field) FIELD_AS(hipDeviceProp_tR0000, hipDeviceProp_t, field, field)

TEST_CASE("device properties R0000") {
  CHECK(sizeof(ours::hipDeviceProp_tR0000) == sizeof(::hipDeviceProp_t));
  FIELD(name);
  FIELD(totalGlobalMem);
  FIELD(sharedMemPerBlock);
  FIELD(regsPerBlock);
  FIELD(warpSize);
  FIELD(maxThreadsDim);
  FIELD(maxGridSize);
  FIELD(clockRate);
  FIELD(totalConstMem);
  FIELD(major);
  FIELD(multiProcessorCount);
  FIELD(l2CacheSize);
  FIELD(maxThreadsPerMultiProcessor);
  FIELD(clockInstructionRate);
  FIELD(arch);
  FIELD(concurrentKernels);
  FIELD(pciDomainID);
  FIELD(maxSharedMemoryPerMultiProcessor);
  FIELD(gcnArch);
  FIELD(gcnArchName);
  FIELD(integrated);
  FIELD(cooperativeLaunch);
  FIELD(maxTexture1DLinear);
  FIELD(maxTexture3D);
  FIELD(hdpMemFlushCntl);
  FIELD(memPitch);
  FIELD(textureAlignment);
  FIELD(kernelExecTimeoutEnabled);
  FIELD(cooperativeMultiDeviceUnmatchedSharedMem);
  FIELD(isLargeBar);
  FIELD(asicRevision);
  FIELD(managedMemory);
  FIELD(pageableMemoryAccessUsesHostPageTables);
}

TEST_CASE("hipDeviceArch_t is our word of bits") {
  ::hipDeviceArch_t arch{};
  arch.hasDoubles = 1;
  arch.hasDynamicParallelism = 1;
  uint32_t word = 0;
  static_assert(sizeof arch == sizeof word);
  memcpy(&word, &arch, sizeof word);
  CHECK(word == (ours::kArchDoubles | ours::kArchDynamicParallelism));
}

TEST_CASE("other structures") {
  CHECK(sizeof(ours::dim3) == sizeof(::dim3));
  CHECK(sizeof(ours::hipUUID) == sizeof(::hipUUID));
  CHECK(sizeof(ours::hipIpcMemHandle_t) == sizeof(::hipIpcMemHandle_t));
  CHECK(sizeof(ours::hipPointerAttribute_t) == sizeof(::hipPointerAttribute_t));
  FIELD_AS(hipPointerAttribute_t, hipPointerAttribute_t, type, memoryType);
  FIELD_AS(hipPointerAttribute_t, hipPointerAttribute_t, allocationFlags, allocationFlags);
  CHECK(sizeof(ours::hipFuncAttributes) == sizeof(::hipFuncAttributes));
  FIELD_AS(hipFuncAttributes, hipFuncAttributes, sharedSizeBytes, sharedSizeBytes);
  FIELD_AS(hipFuncAttributes, hipFuncAttributes, numRegs, numRegs);
  CHECK(sizeof(ours::hip_Memcpy2D) == sizeof(::hip_Memcpy2D));
  FIELD_AS(hip_Memcpy2D, hip_Memcpy2D, dstDevice, dstDevice);
  FIELD_AS(hip_Memcpy2D, hip_Memcpy2D, Height, Height);
  CHECK(sizeof(ours::hipMemcpy3DParms) == sizeof(::hipMemcpy3DParms));
  FIELD_AS(hipMemcpy3DParms, hipMemcpy3DParms, dstPtr, dstPtr);
  FIELD_AS(hipMemcpy3DParms, hipMemcpy3DParms, kind, kind);
  CHECK(sizeof(ours::HIP_MEMCPY3D_HIP5) == sizeof(::HIP_MEMCPY3D));
  FIELD_AS(HIP_MEMCPY3D_HIP5, HIP_MEMCPY3D, dstPitch, dstPitch);
  FIELD_AS(HIP_MEMCPY3D_HIP5, HIP_MEMCPY3D, Depth, Depth);
}

} // namespace
