// The part of CUDA C++ that our test programs use, declared by ourselves, so that clang compiles them where no CUDA toolkit is
// installed. With nvcc the same sources include <cuda_runtime.h> instead (see program.h). Names and signatures: CUDA C++
// Programming Guide and CUDA Runtime API reference; device functions map to clang's NVPTX builtins.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))

// ---- vector types
#define W2W_VECTOR_TYPES(T, name, align2, align4)                                                  \
  struct name##1 { T x; };                                                                         \
  struct alignas(align2) name##2 { T x, y; };                                                      \
  struct name##3 { T x, y, z; };                                                                   \
  struct alignas(align4) name##4 { T x, y, z, w; };                                                \
  static inline __host__ __device__ name##2 make_##name##2(T x, T y) { return {x, y}; }            \
  static inline __host__ __device__ name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; }    \
  static inline __host__ __device__ name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
W2W_VECTOR_TYPES(int, int, 8, 16)
W2W_VECTOR_TYPES(unsigned, uint, 8, 16)
W2W_VECTOR_TYPES(float, float, 8, 16)
W2W_VECTOR_TYPES(double, double, 16, 16)
W2W_VECTOR_TYPES(unsigned char, uchar, 2, 4)
#undef W2W_VECTOR_TYPES

struct dim3 {
  unsigned x, y, z;
  constexpr __host__ __device__ dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  constexpr __host__ __device__ dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr __host__ __device__ operator uint3() const { return {x, y, z}; }
};

#include <__clang_cuda_builtin_vars.h> // threadIdx, blockIdx, blockDim, gridDim, warpSize: clang's own

// ---- runtime API (host)
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidSymbol = 13,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorAssert = 710,
  cudaErrorLaunchFailure = 719,
  cudaErrorCooperativeLaunchTooLarge = 720,
  cudaErrorNotSupported = 801,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};
enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrCooperativeLaunch = 95
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
enum : unsigned { cudaStreamDefault = 0, cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2, cudaMemAttachGlobal = 1 };

extern "C" {
cudaError_t cudaMalloc(void **ptr, size_t size);
cudaError_t cudaMallocHost(void **ptr, size_t size);
cudaError_t cudaMallocManaged(void **ptr, size_t size, unsigned flags);
cudaError_t cudaMallocPitch(void **ptr, size_t *pitch, size_t width, size_t height);
cudaError_t cudaFree(void *ptr);
cudaError_t cudaFreeHost(void *ptr);
cudaError_t cudaMemcpy(void *dst, const void *src, size_t size, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t size, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemcpy2D(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width, size_t height,
                         cudaMemcpyKind kind);
cudaError_t cudaMemset(void *ptr, int value, size_t size);
cudaError_t cudaMemsetAsync(void *ptr, int value, size_t size, cudaStream_t stream);
cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *src, size_t size, size_t offset, cudaMemcpyKind kind);
cudaError_t cudaMemcpyFromSymbol(void *dst, const void *symbol, size_t size, size_t offset, cudaMemcpyKind kind);
cudaError_t cudaGetSymbolAddress(void **ptr, const void *symbol);
cudaError_t cudaGetSymbolSize(size_t *size, const void *symbol);
cudaError_t cudaDeviceSynchronize(void);
cudaError_t cudaDeviceReset(void);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);
const char *cudaGetErrorString(cudaError_t error);
const char *cudaGetErrorName(cudaError_t error);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value);
cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **args, size_t shared, cudaStream_t stream);
cudaError_t cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block, void **args,
                                        size_t shared, cudaStream_t stream);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
// What the compiler calls for k<<<grid, block, shared, stream>>>(...).
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr);
} // extern "C"

// The typed forms of cuda_runtime.h that take T** and references to symbols.
template <class T> cudaError_t cudaMalloc(T **ptr, size_t size) {
  return cudaMalloc(reinterpret_cast<void **>(ptr), size);
}
template <class T> cudaError_t cudaMallocHost(T **ptr, size_t size) {
  return cudaMallocHost(reinterpret_cast<void **>(ptr), size);
}
template <class T> cudaError_t cudaMallocManaged(T **ptr, size_t size, unsigned flags = cudaMemAttachGlobal) {
  return cudaMallocManaged(reinterpret_cast<void **>(ptr), size, flags);
}
template <class T> cudaError_t cudaMallocPitch(T **ptr, size_t *pitch, size_t width, size_t height) {
  return cudaMallocPitch(reinterpret_cast<void **>(ptr), pitch, width, height);
}
template <class T>
cudaError_t cudaMemcpyToSymbol(const T &symbol, const void *src, size_t size, size_t offset = 0,
                               cudaMemcpyKind kind = cudaMemcpyHostToDevice) {
  return cudaMemcpyToSymbol(static_cast<const void *>(&symbol), src, size, offset, kind);
}
template <class T>
cudaError_t cudaMemcpyFromSymbol(void *dst, const T &symbol, size_t size, size_t offset = 0,
                                 cudaMemcpyKind kind = cudaMemcpyDeviceToHost) {
  return cudaMemcpyFromSymbol(dst, static_cast<const void *>(&symbol), size, offset, kind);
}
template <class T> cudaError_t cudaGetSymbolAddress(void **ptr, const T &symbol) {
  return cudaGetSymbolAddress(ptr, static_cast<const void *>(&symbol));
}
template <class T> cudaError_t cudaGetSymbolSize(size_t *size, const T &symbol) {
  return cudaGetSymbolSize(size, static_cast<const void *>(&symbol));
}
template <class T> cudaError_t cudaFuncSetAttribute(T *function, cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void *>(function), attribute, value);
}
inline cudaError_t cudaEventRecord(cudaEvent_t event) { return cudaEventRecord(event, nullptr); }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event) {
  return cudaStreamWaitEvent(stream, event, 0);
}
inline cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t size, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(dst, src, size, kind, nullptr);
}

// ---- device functions
#define W2W_DEVICE static inline __device__ __attribute__((always_inline))

extern "C" __device__ int vprintf(const char *format, const char *arguments);
extern "C" __device__ int printf(const char *format, ...);
extern "C" __device__ void __assertfail(const char *condition, const char *file, unsigned line, const char *function,
                                        size_t char_size) __attribute__((noreturn));

// __syncthreads() is a builtin of clang's.
W2W_DEVICE int __syncthreads_count(int p) { return __nvvm_bar0_popc(p); }
W2W_DEVICE int __syncthreads_and(int p) { return __nvvm_bar0_and(p); }
W2W_DEVICE int __syncthreads_or(int p) { return __nvvm_bar0_or(p); }
W2W_DEVICE void __syncwarp(unsigned mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
W2W_DEVICE void __threadfence() { __nvvm_membar_gl(); }
W2W_DEVICE void __threadfence_block() { __nvvm_membar_cta(); }

// Shuffles: the last operand packs the segment mask and the clamp value as PTX's shfl.sync takes them.
#define W2W_SHUFFLE(name, builtin, clamp)                                                          \
  W2W_DEVICE int name(unsigned mask, int value, int b, int width = 32) {                           \
    return __nvvm_shfl_sync_##builtin##_i32(mask, value, b, ((32 - width) << 8) | clamp); \
  }                                                                                                \
  W2W_DEVICE unsigned name(unsigned mask, unsigned value, int b, int width = 32) {                 \
    return static_cast<unsigned>(name(mask, static_cast<int>(value), b, width));                   \
  }                                                                                                \
  W2W_DEVICE float name(unsigned mask, float value, int b, int width = 32) {                       \
    return __builtin_bit_cast(float, name(mask, __builtin_bit_cast(int, value), b, width));        \
  }                                                                                                \
  W2W_DEVICE unsigned long long name(unsigned mask, unsigned long long value, int b, int width = 32) { \
    unsigned low = name(mask, static_cast<unsigned>(value), b, width);                             \
    unsigned high = name(mask, static_cast<unsigned>(value >> 32), b, width);                      \
    return static_cast<unsigned long long>(high) << 32 | low;                                      \
  }                                                                                                \
  W2W_DEVICE double name(unsigned mask, double value, int b, int width = 32) {                     \
    return __builtin_bit_cast(double, name(mask, __builtin_bit_cast(unsigned long long, value), b, width)); \
  }
W2W_SHUFFLE(__shfl_sync, idx, 0x1f)
W2W_SHUFFLE(__shfl_up_sync, up, 0)
W2W_SHUFFLE(__shfl_down_sync, down, 0x1f)
W2W_SHUFFLE(__shfl_xor_sync, bfly, 0x1f)
#undef W2W_SHUFFLE
W2W_DEVICE unsigned __ballot_sync(unsigned mask, int p) { return __nvvm_vote_ballot_sync(mask, p); }
W2W_DEVICE int __any_sync(unsigned mask, int p) { return __nvvm_vote_any_sync(mask, p); }
W2W_DEVICE int __all_sync(unsigned mask, int p) { return __nvvm_vote_all_sync(mask, p); }
W2W_DEVICE unsigned __match_any_sync(unsigned mask, int v) { return __nvvm_match_any_sync_i32(mask, v); }
W2W_DEVICE unsigned __activemask() { return __nvvm_activemask(); }
W2W_DEVICE int __reduce_add_sync(unsigned mask, int v) { return __nvvm_redux_sync_add(v, mask); }
W2W_DEVICE unsigned __reduce_max_sync(unsigned mask, unsigned v) { return __nvvm_redux_sync_umax(v, mask); }

// Atomics: device scope, relaxed, as CUDA's functions without suffix.
#define W2W_ATOMIC(name, operation, T)                                                             \
  W2W_DEVICE T name(T *address, T value) {                                                         \
    return __scoped_atomic_##operation(address, value, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);   \
  }
#define W2W_ATOMIC_INTEGERS(name, operation)                                                       \
  W2W_ATOMIC(name, operation, int)                                                                 \
  W2W_ATOMIC(name, operation, unsigned)                                                            \
  W2W_ATOMIC(name, operation, unsigned long long)
W2W_ATOMIC_INTEGERS(atomicAdd, fetch_add)
W2W_ATOMIC_INTEGERS(atomicMax, fetch_max)
W2W_ATOMIC_INTEGERS(atomicMin, fetch_min)
W2W_ATOMIC_INTEGERS(atomicAnd, fetch_and)
W2W_ATOMIC_INTEGERS(atomicOr, fetch_or)
W2W_ATOMIC_INTEGERS(atomicXor, fetch_xor)
W2W_ATOMIC_INTEGERS(atomicExch, exchange_n)
W2W_ATOMIC(atomicAdd, fetch_add, float)
W2W_ATOMIC(atomicAdd, fetch_add, double)
#undef W2W_ATOMIC_INTEGERS
#undef W2W_ATOMIC
W2W_DEVICE int atomicSub(int *address, int value) { return atomicAdd(address, -value); }
W2W_DEVICE int atomicCAS(int *address, int compare, int value) {
  return __nvvm_atom_cas_gen_i(address, compare, value);
}
W2W_DEVICE unsigned atomicCAS(unsigned *address, unsigned compare, unsigned value) {
  return atomicCAS(reinterpret_cast<int *>(address), static_cast<int>(compare), static_cast<int>(value));
}
W2W_DEVICE unsigned long long atomicCAS(unsigned long long *address, unsigned long long compare,
                                        unsigned long long value) {
  return static_cast<unsigned long long>(
      __nvvm_atom_cas_gen_ll(reinterpret_cast<long long *>(address), compare, value));
}

// Arithmetic that is never contracted into a fused multiply-add.
W2W_DEVICE float __fadd_rn(float a, float b) { return __nvvm_add_rn_f(a, b); }
W2W_DEVICE float __fmul_rn(float a, float b) { return __nvvm_mul_rn_f(a, b); }
W2W_DEVICE float __fdiv_rn(float a, float b) { return __nvvm_div_rn_f(a, b); }
W2W_DEVICE double __dadd_rn(double a, double b) { return __nvvm_add_rn_d(a, b); }
W2W_DEVICE double __dmul_rn(double a, double b) { return __nvvm_mul_rn_d(a, b); }

// Math. The host side's functions of the same names are <cmath>'s.
W2W_DEVICE float sqrtf(float x) { return __builtin_sqrtf(x); }
W2W_DEVICE double sqrt(double x) { return __builtin_sqrt(x); }
W2W_DEVICE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
W2W_DEVICE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
W2W_DEVICE float fabsf(float x) { return __builtin_fabsf(x); }
W2W_DEVICE double fabs(double x) { return __builtin_fabs(x); }
W2W_DEVICE float floorf(float x) { return __builtin_floorf(x); }
W2W_DEVICE float ceilf(float x) { return __builtin_ceilf(x); }
W2W_DEVICE float truncf(float x) { return __builtin_truncf(x); }
W2W_DEVICE float rintf(float x) { return __builtin_rintf(x); }
W2W_DEVICE double floor(double x) { return __builtin_floor(x); }
W2W_DEVICE float fminf(float a, float b) { return __builtin_fminf(a, b); }
W2W_DEVICE float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
W2W_DEVICE float copysignf(float a, float b) { return __builtin_copysignf(a, b); }
W2W_DEVICE int min(int a, int b) { return a < b ? a : b; }
W2W_DEVICE int max(int a, int b) { return a > b ? a : b; }
W2W_DEVICE unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
W2W_DEVICE unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }

// Integer intrinsics.
W2W_DEVICE int __popc(unsigned x) { return __builtin_popcount(x); }
W2W_DEVICE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
W2W_DEVICE int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
W2W_DEVICE int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
W2W_DEVICE int __ffs(int x) { return __builtin_ffs(x); }
W2W_DEVICE unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
W2W_DEVICE unsigned long long __brevll(unsigned long long x) { return __builtin_bitreverse64(x); }
W2W_DEVICE unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((1ull * a * b) >> 32); }
W2W_DEVICE int __mulhi(int a, int b) { return static_cast<int>((1ll * a * b) >> 32); }
W2W_DEVICE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return __nvvm_mulhi_ull(a, b);
}
W2W_DEVICE unsigned __byte_perm(unsigned a, unsigned b, unsigned s) { return __nvvm_prmt(a, b, s); }
W2W_DEVICE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned n) {
  return static_cast<unsigned>(((static_cast<unsigned long long>(high) << 32 | low) << (n & 31)) >> 32);
}
W2W_DEVICE float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
W2W_DEVICE int __float_as_int(float x) { return __builtin_bit_cast(int, x); }

#undef W2W_DEVICE

#include "w2w_graphs.h"
#include "w2w_texture.h"
