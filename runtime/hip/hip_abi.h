// Our own declarations of the part of the HIP ABI that the runtime calls and the emulator exports.
// No AMD header is needed to build; where Debian's headers (HIP 5.2) are installed,
// test/unit/hip_abi compares every size, offset, enumerator and signature with them.
// hipDeviceProp_tR0600 is the layout HIP 6 and 7 use.
//
// Everything is in namespace w2w::hip, so that a translation unit may include this file next to
// AMD's. Things that AMD has as macros have names of our own here (kStreamNonBlocking), because a
// macro would replace them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace w2w::hip {

enum hipError_t : uint32_t {
#define HIP_ERROR(name, value, text) name = value,
#include "runtime/hip/hip_errors.def"
#undef HIP_ERROR
};

enum hipDeviceAttribute_t : int {
#define HIP_ATTRIBUTE(name, value) hipDeviceAttribute##name = value,
#include "runtime/hip/hip_attributes.def"
#undef HIP_ATTRIBUTE
};

typedef int hipDevice_t;
typedef void *hipDeviceptr_t;
typedef struct ihipCtx_t *hipCtx_t;
typedef struct ihipStream_t *hipStream_t;
typedef struct ihipEvent_t *hipEvent_t;
typedef struct ihipModule_t *hipModule_t;
typedef struct ihipModuleSymbol_t *hipFunction_t;
typedef struct ihipMemPoolHandle_t *hipMemPool_t;
struct hipArray;
typedef hipArray *hipArray_t;

/// Stream handles with a fixed meaning. hipStreamLegacy exists since HIP 6.
inline const hipStream_t kStreamNull = nullptr;
inline const hipStream_t kStreamLegacy = reinterpret_cast<hipStream_t>(1);
inline const hipStream_t kStreamPerThread = reinterpret_cast<hipStream_t>(2);

/// `extra` of hipModuleLaunchKernel: {kLaunchParamBufferPointer, buffer, kLaunchParamBufferSize,
/// &size, kLaunchParamEnd}.
inline void *const kLaunchParamBufferPointer = reinterpret_cast<void *>(1);
inline void *const kLaunchParamBufferSize = reinterpret_cast<void *>(2);
inline void *const kLaunchParamEnd = reinterpret_cast<void *>(3);

inline constexpr unsigned kStreamDefault = 0, kStreamNonBlocking = 1;
inline constexpr unsigned kEventDefault = 0, kEventBlockingSync = 1, kEventDisableTiming = 2,
                          kEventInterprocess = 4, kEventReleaseToDevice = 0x40000000,
                          kEventReleaseToSystem = 0x80000000;
inline constexpr unsigned kHostMallocDefault = 0, kHostMallocPortable = 1, kHostMallocMapped = 2,
                          kHostMallocWriteCombined = 4, kHostMallocNumaUser = 0x20000000,
                          kHostMallocCoherent = 0x40000000, kHostMallocNonCoherent = 0x80000000;
inline constexpr unsigned kHostRegisterDefault = 0, kHostRegisterPortable = 1,
                          kHostRegisterMapped = 2, kHostRegisterIoMemory = 4,
                          kHostRegisterReadOnly = 8;
inline constexpr unsigned kMemAttachGlobal = 1, kMemAttachHost = 2, kMemAttachSingle = 4;
inline constexpr unsigned kDeviceMapHost = 8, kDeviceScheduleMask = 7;
inline constexpr int kCpuDeviceId = -1, kInvalidDeviceId = -2;

enum hipMemcpyKind : int {
  hipMemcpyHostToHost = 0,
  hipMemcpyHostToDevice = 1,
  hipMemcpyDeviceToHost = 2,
  hipMemcpyDeviceToDevice = 3,
  hipMemcpyDefault = 4,
};

/// The values changed with HIP 6: in HIP 5 host is 0, device 1, array 2, unified 3. Whoever reads
/// or writes a hipMemoryType must ask hipRuntimeGetVersion first (below 60000000: HIP 5) - or not
/// use the calls that carry one. The emulator is a HIP 6.
enum hipMemoryType : int {
  hipMemoryTypeUnregistered = 0,
  hipMemoryTypeHost = 1,
  hipMemoryTypeDevice = 2,
  hipMemoryTypeManaged = 3,
  hipMemoryTypeArray = 10,
  hipMemoryTypeUnified = 11,
};
inline constexpr int kMemoryTypeHostHip5 = 0, kMemoryTypeDeviceHip5 = 1;
inline constexpr int kHip6Version = 60000000;

enum hipLimit_t : int {
  hipLimitStackSize = 0,
  hipLimitPrintfFifoSize = 1,
  hipLimitMallocHeapSize = 2
};

enum hipFuncCache_t : int {
  hipFuncCachePreferNone,
  hipFuncCachePreferShared,
  hipFuncCachePreferL1,
  hipFuncCachePreferEqual
};

enum hipSharedMemConfig : int {
  hipSharedMemBankSizeDefault,
  hipSharedMemBankSizeFourByte,
  hipSharedMemBankSizeEightByte
};

/// hipFuncSetAttribute's selector.
enum hipFuncAttribute : int {
  hipFuncAttributeMaxDynamicSharedMemorySize = 8,
  hipFuncAttributePreferredSharedMemoryCarveout = 9,
};

/// hipFuncGetAttribute's selector.
enum hipFunction_attribute : int {
  HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
  HIP_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
  HIP_FUNC_ATTRIBUTE_CONST_SIZE_BYTES,
  HIP_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES,
  HIP_FUNC_ATTRIBUTE_NUM_REGS,
  HIP_FUNC_ATTRIBUTE_PTX_VERSION,
  HIP_FUNC_ATTRIBUTE_BINARY_VERSION,
  HIP_FUNC_ATTRIBUTE_CACHE_MODE_CA,
  HIP_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
  HIP_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
};

enum hipMemoryAdvise : int {
  hipMemAdviseSetReadMostly = 1,
  hipMemAdviseUnsetReadMostly = 2,
  hipMemAdviseSetPreferredLocation = 3,
  hipMemAdviseUnsetPreferredLocation = 4,
  hipMemAdviseSetAccessedBy = 5,
  hipMemAdviseUnsetAccessedBy = 6,
  hipMemAdviseSetCoarseGrain = 100,
  hipMemAdviseUnsetCoarseGrain = 101,
};

/// hipDeviceGetP2PAttribute's selector.
enum hipDeviceP2PAttr : int {
  hipDevP2PAttrPerformanceRank = 0,
  hipDevP2PAttrAccessSupported = 1,
  hipDevP2PAttrNativeAtomicSupported = 2,
  hipDevP2PAttrHipArrayAccessSupported = 3,
};

/// Only passed through; the emulator takes none.
enum hipJitOption : int {};

struct dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

struct hipUUID {
  char bytes[16];
};

struct hipIpcMemHandle_t {
  char reserved[64];
};

struct hipPointerAttribute_t {
  hipMemoryType type; // `memoryType` in HIP 5; see hipMemoryType
  int device;
  void *devicePointer;
  void *hostPointer;
  int isManaged;
  unsigned allocationFlags;
};

struct hipFuncAttributes {
  int binaryVersion;
  int cacheModeCA;
  size_t constSizeBytes;
  size_t localSizeBytes;
  int maxDynamicSharedSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int preferredShmemCarveout;
  int ptxVersion;
  size_t sharedSizeBytes;
};

struct hip_Memcpy2D {
  size_t srcXInBytes, srcY;
  hipMemoryType srcMemoryType;
  const void *srcHost;
  hipDeviceptr_t srcDevice;
  hipArray_t srcArray;
  size_t srcPitch;
  size_t dstXInBytes, dstY;
  hipMemoryType dstMemoryType;
  void *dstHost;
  hipDeviceptr_t dstDevice;
  hipArray_t dstArray;
  size_t dstPitch;
  size_t WidthInBytes, Height;
};

struct hipPitchedPtr {
  void *ptr;
  size_t pitch, xsize, ysize;
};
struct hipExtent {
  size_t width, height, depth;
};
struct hipPos {
  size_t x, y, z;
};

struct hipMemcpy3DParms {
  hipArray_t srcArray;
  hipPos srcPos;
  hipPitchedPtr srcPtr;
  hipArray_t dstArray;
  hipPos dstPos;
  hipPitchedPtr dstPtr;
  hipExtent extent;
  hipMemcpyKind kind;
};

/// Pitches and heights are 32 bits wide up to HIP 5; HIP 6 widened HIP_MEMCPY3D to size_t. The
/// runtime therefore copies 3-D linear memory by hipMemcpy3D, whose struct never changed.
struct HIP_MEMCPY3D_HIP5 {
  uint32_t srcXInBytes, srcY, srcZ, srcLOD;
  hipMemoryType srcMemoryType;
  const void *srcHost;
  hipDeviceptr_t srcDevice;
  hipArray_t srcArray;
  uint32_t srcPitch, srcHeight;
  uint32_t dstXInBytes, dstY, dstZ, dstLOD;
  hipMemoryType dstMemoryType;
  void *dstHost;
  hipDeviceptr_t dstDevice;
  hipArray_t dstArray;
  uint32_t dstPitch, dstHeight;
  uint32_t WidthInBytes, Height, Depth;
};

/// hipDeviceArch_t: bit i of the word, in this order.
enum ArchBit : uint32_t {
  kArchGlobalInt32Atomics = 1u << 0,
  kArchGlobalFloatAtomicExch = 1u << 1,
  kArchSharedInt32Atomics = 1u << 2,
  kArchSharedFloatAtomicExch = 1u << 3,
  kArchFloatAtomicAdd = 1u << 4,
  kArchGlobalInt64Atomics = 1u << 5,
  kArchSharedInt64Atomics = 1u << 6,
  kArchDoubles = 1u << 7,
  kArchWarpVote = 1u << 8,
  kArchWarpBallot = 1u << 9,
  kArchWarpShuffle = 1u << 10,
  kArchFunnelShift = 1u << 11,
  kArchThreadFenceSystem = 1u << 12,
  kArchSyncThreadsExt = 1u << 13,
  kArchSurfaceFuncs = 1u << 14,
  kArch3dGrid = 1u << 15,
  kArchDynamicParallelism = 1u << 16,
};

/// Filled by hipGetDeviceProperties (HIP 5) and hipGetDevicePropertiesR0000 (HIP 6 and later).
struct hipDeviceProp_tR0000 {
  char name[256];
  size_t totalGlobalMem;
  size_t sharedMemPerBlock;
  int regsPerBlock;
  int warpSize;
  int maxThreadsPerBlock;
  int maxThreadsDim[3];
  int maxGridSize[3];
  int clockRate;       // kHz
  int memoryClockRate; // kHz
  int memoryBusWidth;  // bits
  size_t totalConstMem;
  int major, minor;
  int multiProcessorCount;
  int l2CacheSize;
  int maxThreadsPerMultiProcessor;
  int computeMode;
  int clockInstructionRate; // kHz of the device's wall clock
  uint32_t arch;            // ArchBit
  int concurrentKernels;
  int pciDomainID, pciBusID, pciDeviceID;
  size_t maxSharedMemoryPerMultiProcessor;
  int isMultiGpuBoard;
  int canMapHostMemory;
  int gcnArch;
  char gcnArchName[256];
  int integrated;
  int cooperativeLaunch;
  int cooperativeMultiDeviceLaunch;
  int maxTexture1DLinear;
  int maxTexture1D;
  int maxTexture2D[2];
  int maxTexture3D[3];
  unsigned *hdpMemFlushCntl;
  unsigned *hdpRegFlushCntl;
  size_t memPitch;
  size_t textureAlignment;
  size_t texturePitchAlignment;
  int kernelExecTimeoutEnabled;
  int ECCEnabled;
  int tccDriver;
  int cooperativeMultiDeviceUnmatchedFunc;
  int cooperativeMultiDeviceUnmatchedGridDim;
  int cooperativeMultiDeviceUnmatchedBlockDim;
  int cooperativeMultiDeviceUnmatchedSharedMem;
  int isLargeBar;
  int asicRevision;
  int managedMemory;
  int directManagedMemAccessFromHost;
  int concurrentManagedAccess;
  int pageableMemoryAccess;
  int pageableMemoryAccessUsesHostPageTables;
};
static_assert(sizeof(hipDeviceProp_tR0000) == 792);
static_assert(offsetof(hipDeviceProp_tR0000, gcnArchName) == 396);

/// Filled by hipGetDevicePropertiesR0600 (HIP 6 and 7).
struct hipDeviceProp_tR0600 {
  char name[256];
  hipUUID uuid;
  char luid[8];
  unsigned luidDeviceNodeMask;
  size_t totalGlobalMem;
  size_t sharedMemPerBlock;
  int regsPerBlock;
  int warpSize;
  size_t memPitch;
  int maxThreadsPerBlock;
  int maxThreadsDim[3];
  int maxGridSize[3];
  int clockRate; // kHz
  size_t totalConstMem;
  int major, minor;
  size_t textureAlignment;
  size_t texturePitchAlignment;
  int deviceOverlap;
  int multiProcessorCount;
  int kernelExecTimeoutEnabled;
  int integrated;
  int canMapHostMemory;
  int computeMode;
  int maxTexture1D;
  int maxTexture1DMipmap;
  int maxTexture1DLinear;
  int maxTexture2D[2];
  int maxTexture2DMipmap[2];
  int maxTexture2DLinear[3];
  int maxTexture2DGather[2];
  int maxTexture3D[3];
  int maxTexture3DAlt[3];
  int maxTextureCubemap;
  int maxTexture1DLayered[2];
  int maxTexture2DLayered[3];
  int maxTextureCubemapLayered[2];
  int maxSurface1D;
  int maxSurface2D[2];
  int maxSurface3D[3];
  int maxSurface1DLayered[2];
  int maxSurface2DLayered[3];
  int maxSurfaceCubemap;
  int maxSurfaceCubemapLayered[2];
  size_t surfaceAlignment;
  int concurrentKernels;
  int ECCEnabled;
  int pciBusID, pciDeviceID, pciDomainID;
  int tccDriver;
  int asyncEngineCount;
  int unifiedAddressing;
  int memoryClockRate; // kHz
  int memoryBusWidth;  // bits
  int l2CacheSize;
  int persistingL2CacheMaxSize;
  int maxThreadsPerMultiProcessor;
  int streamPrioritiesSupported;
  int globalL1CacheSupported;
  int localL1CacheSupported;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor;
  int managedMemory;
  int isMultiGpuBoard;
  int multiGpuBoardGroupID;
  int hostNativeAtomicSupported;
  int singleToDoublePrecisionPerfRatio;
  int pageableMemoryAccess;
  int concurrentManagedAccess;
  int computePreemptionSupported;
  int canUseHostPointerForRegisteredMem;
  int cooperativeLaunch;
  int cooperativeMultiDeviceLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableMemoryAccessUsesHostPageTables;
  int directManagedMemAccessFromHost;
  int maxBlocksPerMultiProcessor;
  int accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostRegisterSupported;
  int sparseHipArraySupported;
  int hostRegisterReadOnlySupported;
  int timelineSemaphoreInteropSupported;
  int memoryPoolsSupported;
  int gpuDirectRDMASupported;
  unsigned gpuDirectRDMAFlushWritesOptions;
  int gpuDirectRDMAWritesOrdering;
  unsigned memoryPoolSupportedHandleTypes;
  int deferredMappingHipArraySupported;
  int ipcEventSupported;
  int clusterLaunch;
  int unifiedFunctionPointers;
  int reserved[63];
  int hipReserved[32];
  char gcnArchName[256];
  size_t maxSharedMemoryPerMultiProcessor;
  int clockInstructionRate; // kHz
  uint32_t arch;            // ArchBit
  unsigned *hdpMemFlushCntl;
  unsigned *hdpRegFlushCntl;
  int cooperativeMultiDeviceUnmatchedFunc;
  int cooperativeMultiDeviceUnmatchedGridDim;
  int cooperativeMultiDeviceUnmatchedBlockDim;
  int cooperativeMultiDeviceUnmatchedSharedMem;
  int isLargeBar;
  int asicRevision;
};
static_assert(sizeof(hipDeviceProp_tR0600) == 1472);
static_assert(offsetof(hipDeviceProp_tR0600, gcnArchName) == 1160);

typedef void (*hipStreamCallback_t)(hipStream_t stream, hipError_t status, void *userData);
typedef void (*hipHostFn_t)(void *userData);

/// What clang's HIP host code hands to __hipRegisterFatBinary: `binary` points to an offload bundle
/// or a code object.
struct HipFatBinaryWrapper {
  uint32_t magic; // kHipFatBinaryMagic ("HIPF")
  uint32_t version;
  const void *binary;
  const void *unused;
};
inline constexpr uint32_t kHipFatBinaryMagic = 0x48495046;

} // namespace w2w::hip
