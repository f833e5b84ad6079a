// The CUDA runtime API's binary interface, declared by us. Handles and enumerations shared with the
// driver API are those of runtime/cuda/cuda_abi.h; what differs between the library versions 11, 12
// and 13 is a template over the version. A unit test compares sizes, offsets and values with a
// toolkit's headers where one is installed. Source: CUDA Runtime API reference 13.0, "Data types
// used by CUDA Runtime"; layouts of 11 and 12 as 11.8 and 12.9 have them.
#pragma once

#include "runtime/cuda/cuda_abi.h"

namespace w2w::rt {

enum cudaError_t : int {
#define W2W_RT_ERROR(name, value, text) name = value,
#include "runtime/cudart/errors.def"
#undef W2W_RT_ERROR
};

using cudaStream_t = CUstream;
using cudaEvent_t = CUevent;
using cudaKernel_t = CUkernel;
using cudaFunction_t = CUfunction;
using cudaLibrary_t = CUlibrary;
using cudaMemPool_t = CUmemoryPool;
using cudaArray_t = CUarray;
using cudaMipmappedArray_t = CUmipmappedArray;

enum cudaMemcpyKind : int {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};

enum cudaMemoryType : int {
  cudaMemoryTypeUnregistered = 0,
  cudaMemoryTypeHost = 1,
  cudaMemoryTypeDevice = 2,
  cudaMemoryTypeManaged = 3
};

/// cudaCpuDeviceId, cudaInvalidDeviceId.
inline constexpr int kCpuDevice = -1, kInvalidDevice = -2;

struct dim3 {
  unsigned x, y, z;
};

struct cudaPitchedPtr {
  void *ptr;
  size_t pitch; // bytes from row to row
  size_t xsize; // bytes in a row
  size_t ysize; // rows in a slice
};

struct cudaExtent {
  size_t width; // bytes, or elements where an array takes part
  size_t height;
  size_t depth;
};

struct cudaPos {
  size_t x, y, z;
};

struct cudaMemcpy3DParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  cudaExtent extent;
  cudaMemcpyKind kind;
};
static_assert(sizeof(cudaMemcpy3DParms) == 160);

struct cudaMemcpy3DPeerParms {
  cudaArray_t srcArray;
  cudaPos srcPos;
  cudaPitchedPtr srcPtr;
  int srcDevice;
  cudaArray_t dstArray;
  cudaPos dstPos;
  cudaPitchedPtr dstPtr;
  int dstDevice;
  cudaExtent extent;
};

enum cudaChannelFormatKind : int {
  cudaChannelFormatKindSigned = 0,
  cudaChannelFormatKindUnsigned = 1,
  cudaChannelFormatKindFloat = 2,
  cudaChannelFormatKindNone = 3,
  cudaChannelFormatKindNV12 = 4,
  cudaChannelFormatKindUnsignedNormalized8X1 = 5,
  cudaChannelFormatKindUnsignedNormalized8X2 = 6,
  cudaChannelFormatKindUnsignedNormalized8X4 = 7,
  cudaChannelFormatKindUnsignedNormalized16X1 = 8,
  cudaChannelFormatKindUnsignedNormalized16X2 = 9,
  cudaChannelFormatKindUnsignedNormalized16X4 = 10,
  cudaChannelFormatKindSignedNormalized8X1 = 11,
  cudaChannelFormatKindSignedNormalized8X2 = 12,
  cudaChannelFormatKindSignedNormalized8X4 = 13,
  cudaChannelFormatKindSignedNormalized16X1 = 14,
  cudaChannelFormatKindSignedNormalized16X2 = 15,
  cudaChannelFormatKindSignedNormalized16X4 = 16,
  cudaChannelFormatKindUnsignedBlockCompressed1 = 17,
  cudaChannelFormatKindUnsignedNormalized1010102 = 31
};

struct cudaChannelFormatDesc {
  int x, y, z, w; // bits of each component; 0: there is none
  int f;          // cudaChannelFormatKind
};

using cudaTextureObject_t = unsigned long long;
using cudaSurfaceObject_t = unsigned long long;

/// As version 13 has it; 11 and 12 end before `reserved` and `flags`. Resource types have the
/// driver's values.
struct cudaResourceDesc {
  CUresourcetype resType;
  union {
    struct {
      cudaArray_t array;
    } array;
    struct {
      cudaMipmappedArray_t mipmap;
    } mipmap;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t sizeInBytes;
    } linear;
    struct {
      void *devPtr;
      cudaChannelFormatDesc desc;
      size_t width;  // elements
      size_t height; // rows
      size_t pitchInBytes;
    } pitch2D;
    struct {
      int reserved[32];
    } reserved;
  } res;
  unsigned flags;
};
inline constexpr size_t kResourceDesc11 = 64;
static_assert(sizeof(cudaResourceDesc) == 144);

/// As versions 12 and 13 (and _v2 functions of 11) have it; version 11 ends before
/// `seamlessCubemap`. Address and filter modes have the driver's values.
struct cudaTextureDesc {
  CUaddress_mode addressMode[3];
  CUfilter_mode filterMode;
  int readMode; // 0: as the elements are; 1: integers of 8 and 16 bits as fractions
  int sRGB;
  float borderColor[4];
  int normalizedCoords;
  unsigned maxAnisotropy;
  CUfilter_mode mipmapFilterMode;
  float mipmapLevelBias;
  float minMipmapLevelClamp;
  float maxMipmapLevelClamp;
  int disableTrilinearOptimization;
  int seamlessCubemap;
};
inline constexpr size_t kTextureDesc11 = 68;
static_assert(sizeof(cudaTextureDesc) == 72);

/// cudaResourceViewDesc: the driver's structure; versions 11 and 12 end before its reserved words.
inline constexpr size_t kResourceViewDesc11 = offsetof(CUDA_RESOURCE_VIEW_DESC, reserved);
static_assert(kResourceViewDesc11 == 48);

using cudaGraph_t = CUgraph;
using cudaGraphNode_t = CUgraphNode;
using cudaGraphExec_t = CUgraphExec;
using cudaUserObject_t = CUuserObject;

/// Parameters of memset, host and allocation nodes, edge data, instantiation and update results
/// have the driver's layouts.
struct cudaKernelNodeParams {
  void *func;
  dim3 gridDim;
  dim3 blockDim;
  unsigned sharedMemBytes;
  void **kernelParams;
  void **extra;
};
static_assert(sizeof(cudaKernelNodeParams) == 56);

struct cudaGraphNodeParams {
  CUgraphNodeType type;
  int reserved0[3];
  union {
    long long reserved1[29];
    cudaKernelNodeParams kernel;
    struct {
      int flags;
      int reserved[3];
      cudaMemcpy3DParms copyParams;
    } memcpy;
    CUDA_MEMSET_NODE_PARAMS memset;
    CUDA_HOST_NODE_PARAMS host;
    struct {
      cudaGraph_t graph;
      int ownership; // 0: the graph is cloned; 1: it is moved
    } graph;
    struct {
      cudaEvent_t event;
    } event; // of nodes that wait for one and of those that record one
    CUDA_MEM_ALLOC_NODE_PARAMS alloc;
    struct {
      void *dptr;
    } free;
  };
  long long reserved2;
};
static_assert(sizeof(cudaGraphNodeParams) == 256);

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  CUlaunchAttribute *attrs; // cudaLaunchAttribute has the driver's layout and ids
  unsigned numAttrs;
};
static_assert(sizeof(cudaLaunchConfig_t) == 56);

/// As version 11 has it.
struct cudaFuncAttributes11 {
  size_t sharedSizeBytes;
  size_t constSizeBytes;
  size_t localSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int ptxVersion;
  int binaryVersion;
  int cacheModeCA;
  int maxDynamicSharedSizeBytes;
  int preferredShmemCarveout;
};
static_assert(sizeof(cudaFuncAttributes11) == 56);

/// As versions 12 and 13 have it.
struct cudaFuncAttributes {
  size_t sharedSizeBytes;
  size_t constSizeBytes;
  size_t localSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int ptxVersion;
  int binaryVersion;
  int cacheModeCA;
  int maxDynamicSharedSizeBytes;
  int preferredShmemCarveout;
  int clusterDimMustBeSet;
  int requiredClusterWidth;
  int requiredClusterHeight;
  int requiredClusterDepth;
  int clusterSchedulingPolicyPreference;
  int nonPortableClusterSizeAllowed;
  int reserved[16];
};
static_assert(sizeof(cudaFuncAttributes) == 144);

/// As versions 11 and 12 have it; version 13 adds 64 reserved bytes.
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
  void *devicePointer;
  void *hostPointer;
};
inline constexpr size_t kPointerAttributes13 = 88;

/// A member that only some versions have. `Id` keeps absent ones apart, so that they take no room.
template <class T, int N, bool Present, int Id> struct Slot {
  T v[N];
};
template <class T, int N, int Id> struct Slot<T, N, false, Id> {};

/// cudaDeviceProp of runtime version 11, 12 or 13.
template <int Version> struct cudaDeviceProp {
#define W2W_PROPERTY_OTHER(type, name, elements, first, last)                                      \
  [[no_unique_address]] Slot<type, elements, (Version >= first && Version <= last), __LINE__> name;
#define W2W_PROPERTY(type, name, elements, first, last, attribute)                                 \
  W2W_PROPERTY_OTHER(type, name, elements, first, last)
#include "runtime/cudart/properties.def"
#undef W2W_PROPERTY
#undef W2W_PROPERTY_OTHER
  [[no_unique_address]] Slot<int, Version == 13 ? 56 : 63, (Version >= 12), -1> reserved;
};
static_assert(sizeof(cudaDeviceProp<11>) == 728);
static_assert(sizeof(cudaDeviceProp<12>) == 1032);
static_assert(sizeof(cudaDeviceProp<13>) == 1008);

} // namespace w2w::rt
