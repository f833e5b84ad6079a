// Our HIP ABI against AMD's headers (HIP 5.2): sizes, offsets, enumerators, signatures; and the
// list of functions against the installed library. Ours is included first: AMD's has macros.
#include "runtime/hip/hip_abi.h"

// Our signatures, before AMD's types of the same names are visible.
namespace signature {
using namespace w2w::hip;
#define HIP_FUNCTION(presence, result, name, parameters) using name##_type = result(*) parameters;
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
} // namespace signature

#define __HIP_DISABLE_CPP_FUNCTIONS__ 1
#include <hip/hip_runtime_api.h>

#include <catch2/catch.hpp>
#include <dlfcn.h>
#include <string>
#include <type_traits>

namespace {

namespace ours = w2w::hip;

// A parameter's shape as the calling convention sees it: pointer, float, or integer/enum/struct
// with its size.
template <typename T> constexpr int shape() {
  if constexpr (std::is_void_v<T>)
    return 0;
  else if constexpr (std::is_pointer_v<T>)
    return 1000;
  else if constexpr (std::is_floating_point_v<T>)
    return 2000 + sizeof(T);
  else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
    return 3000 + sizeof(T);
  else
    return 4000 + sizeof(T);
}

template <typename A, typename B> struct SameShape : std::false_type {};
template <typename RA, typename RB, typename... A, typename... B>
struct SameShape<RA (*)(A...), RB (*)(B...)>
    : std::bool_constant<shape<RA>() == shape<RB>() && sizeof...(A) == sizeof...(B)> {
  static constexpr bool parameters() {
    if constexpr (sizeof...(A) == sizeof...(B))
      return ((shape<A>() == shape<B>()) && ...);
    return false;
  }
};

} // namespace

// What 5.2 lacks is named here, so that a function we add is compared by default.
extern "C" {
void hipGetDevicePropertiesR0000();
void hipGetDevicePropertiesR0600();
void hipModuleLaunchCooperativeKernel();
void hipDeviceSetLimit();
}

// The one overloaded name: its C function, chosen out of AMD's overloads by its type.
hipError_t hip_malloc_async_c(void **, size_t, hipStream_t);
[[maybe_unused]] static decltype(&hip_malloc_async_c) const check_overload = &hipMallocAsync;

namespace {

constexpr bool lacking_in_52(std::string_view name) {
  return name == "hipGetDevicePropertiesR0000" || name == "hipGetDevicePropertiesR0600" ||
         name == "hipModuleLaunchCooperativeKernel" || name == "hipDeviceSetLimit";
}

// AMD's headers overload some names in C++; pick the C function by its own type where ours is
// compatible in shape.
template <typename Ours> struct Pick {
  template <typename Theirs> static constexpr bool matches(Theirs *) {
    if constexpr (SameShape<Ours, Theirs *>::value)
      return SameShape<Ours, Theirs *>::parameters();
    return false;
  }
};

#define HIP_FUNCTION(presence, result, name, parameters)                                           \
  static_assert(lacking_in_52(#name) || Pick<signature::name##_type>::matches(                     \
                                            static_cast<decltype(&::name)>(nullptr)),              \
                "signature of " #name);
#define hipMallocAsync hip_malloc_async_c
#include "runtime/hip/hip_functions.def"
#undef hipMallocAsync
#undef HIP_FUNCTION

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

TEST_CASE("the installed libamdhip64.so.5 has every function marked `always`") {
  void *library = dlopen("libamdhip64.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    WARN("skipped: no libamdhip64.so.5");
    return;
  }
  enum Presence { always, optional };
#define HIP_FUNCTION(presence, result, name, parameters)                                           \
  {                                                                                                \
    INFO(#name);                                                                                   \
    CHECK((presence == optional || dlsym(library, #name) != nullptr));                             \
    if (lacking_in_52(#name))                                                                      \
      CHECK(presence == optional);                                                                 \
  }
#include "runtime/hip/hip_functions.def"
#undef HIP_FUNCTION
}

} // namespace
