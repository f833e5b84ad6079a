// The runtime API end to end, as nvcc's programs use it: static and shared runtime, legacy and per-thread default streams.
// clang-format off
// REQUIRES: nvcc
// RUN: %nvcc -arch=compute_80 -code=compute_80 %s -o %t.static
// RUN: %w2w run --device=emulator:gfx942 -- %t.static | FileCheck %s
// RUN: %nvcc -cudart shared -default-stream per-thread -arch=compute_80 -code=compute_80 %s -o %t.shared
// RUN: %w2w run --device=emulator:gfx1100 -- %t.shared | FileCheck %s
// CHECK-NOT: failed
// CHECK: all well
// clang-format on
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>
#include <thread>
#include <vector>

static int failures = 0;

static void report(int line, const char *what, const char *why) {
  std::printf("failed: line %d: %s: %s\n", line, what, why);
  ++failures;
}
/// The call succeeds / gives this error (which is then forgotten) / the condition holds.
#define OK(call)                                                                                   \
  if (cudaError_t e_ = (call))                                                                     \
  report(__LINE__, #call, cudaGetErrorName(e_))
#define GIVES(error, call)                                                                         \
  do {                                                                                             \
    cudaError_t e_ = (call);                                                                       \
    if (e_ != (error))                                                                             \
      report(__LINE__, #call, cudaGetErrorName(e_));                                               \
    cudaGetLastError();                                                                            \
  } while (0)
#define HOLDS(condition)                                                                           \
  if (!(condition))                                                                                \
  report(__LINE__, #condition, "does not hold")

__global__ void fill(int *p, int value) {
  p[threadIdx.x + blockIdx.x * blockDim.x] = value;
}

__global__ void reverse(int *p) {
  extern __shared__ int s[];
  s[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  p[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

static void device_queries() {
  int count = 0, attribute = 0, version = 0;
  OK(cudaGetDeviceCount(&count));
  HOLDS(count >= 1);
  cudaDeviceProp p;
  OK(cudaGetDeviceProperties(&p, 0));
  HOLDS(p.major == 8 && p.minor == 9);
  HOLDS(p.warpSize == 32);
  HOLDS(p.maxThreadsPerBlock == 1024 && p.maxThreadsDim[0] == 1024);
  HOLDS(p.unifiedAddressing && p.managedMemory);
  HOLDS(std::strlen(p.name) > 0 && p.totalGlobalMem > 0);
  OK(cudaDeviceGetAttribute(&attribute, cudaDevAttrMultiProcessorCount, 0));
  HOLDS(attribute == p.multiProcessorCount);
  OK(cudaRuntimeGetVersion(&version));
  HOLDS(version == 13000);
  OK(cudaDriverGetVersion(&version));
  HOLDS(version >= 13000);
  size_t free = 0, total = 0, limit = 0;
  OK(cudaMemGetInfo(&free, &total));
  HOLDS(free > 0 && free <= total);
  OK(cudaDeviceGetLimit(&limit, cudaLimitPrintfFifoSize));
  char bus[32];
  int device = -1;
  OK(cudaDeviceGetPCIBusId(bus, sizeof bus, 0));
  OK(cudaDeviceGetByPCIBusId(&device, bus));
  HOLDS(device == 0);
  GIVES(cudaErrorInvalidDevice, cudaSetDevice(99));
  GIVES(cudaErrorInvalidDevice, cudaGetDeviceProperties(&p, 99));
}

static void functions() {
  cudaFuncAttributes a;
  OK(cudaFuncGetAttributes(&a, fill));
  HOLDS(a.ptxVersion == 80 && a.binaryVersion == 89); // CUB chooses its tuning by these
  HOLDS(a.maxThreadsPerBlock == 1024);
  int blocks = 0, grid = 0, block = 0;
  OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 256, 0));
  HOLDS(blocks >= 1);
  OK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, fill, 0, 0));
  HOLDS(grid >= 1 && block >= 32);
  const char *name = nullptr;
  OK(cudaFuncGetName(&name, reinterpret_cast<const void *>(fill)));
  HOLDS(name && std::strcmp(name, "_Z4fillPii") == 0);
  size_t offset = 0, size = 0;
  OK(cudaFuncGetParamInfo(reinterpret_cast<const void *>(fill), 1, &offset, &size));
  HOLDS(offset == 8 && size == 4);
  int unknown = 0;
  GIVES(cudaErrorInvalidDeviceFunction, cudaFuncGetAttributes(&a, &unknown));
}

static void streams_and_launches() {
  int *device, *pinned;
  OK(cudaMalloc(&device, 4096));
  OK(cudaMallocHost(&pinned, 4096));
  cudaStream_t stream;
  cudaEvent_t start, end;
  OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  OK(cudaEventCreate(&start));
  OK(cudaEventCreate(&end));
  OK(cudaEventRecord(start, stream));
  fill<<<4, 256, 0, stream>>>(device, 3);
  OK(cudaGetLastError());
  OK(cudaMemcpyAsync(pinned, device, 4096, cudaMemcpyDeviceToHost, stream));
  OK(cudaEventRecord(end, stream));
  OK(cudaStreamSynchronize(stream));
  HOLDS(pinned[0] == 3 && pinned[1023] == 3);
  float ms = -1;
  OK(cudaEventElapsedTime(&ms, start, end));
  HOLDS(ms >= 0);
  OK(cudaStreamQuery(stream));

  OK(cudaFuncSetAttribute(reverse, cudaFuncAttributeMaxDynamicSharedMemorySize, 32768));
  reverse<<<1, 256, 32768>>>(device);
  OK(cudaMemcpy(pinned, device, 1024, cudaMemcpyDefault));
  HOLDS(pinned[0] == 255 && pinned[255] == 0);

  int value = 11;
  void *args[] = {&device, &value};
  OK(cudaLaunchKernel(reinterpret_cast<const void *>(fill), dim3(4), dim3(256), args, 0, stream));
  cudaLaunchConfig_t config = {};
  config.gridDim = 2;
  config.blockDim = 256;
  config.stream = stream;
  OK(cudaLaunchKernelEx(&config, fill, device, 12));
  OK(cudaStreamSynchronize(stream));
  OK(cudaMemcpy(pinned, device, 4096, cudaMemcpyDeviceToHost));
  HOLDS(pinned[511] == 12 && pinned[512] == 11);

  int flag = 0;
  OK(cudaLaunchHostFunc(stream, [](void *p) { *static_cast<int *>(p) = 7; }, &flag));
  OK(cudaStreamSynchronize(stream));
  HOLDS(flag == 7);

  fill<<<1, 2048>>>(device, 1);
  GIVES(cudaErrorInvalidConfiguration, cudaGetLastError());
  std::thread([] {
    int *own;
    OK(cudaMalloc(&own, 400));
    fill<<<1, 100>>>(own, 1);
    OK(cudaDeviceSynchronize());
    OK(cudaFree(own));
  }).join();
  OK(cudaEventDestroy(start));
  OK(cudaEventDestroy(end));
  OK(cudaStreamDestroy(stream));
  OK(cudaFreeHost(pinned));
  OK(cudaFree(device));
}

static void memory() {
  int *device, *managed;
  OK(cudaMalloc(&device, 4096));
  OK(cudaMallocManaged(&managed, 4096));
  fill<<<4, 256>>>(managed, 9);
  OK(cudaDeviceSynchronize());
  HOLDS(managed[1023] == 9);
  cudaMemLocation location = {};
  location.type = cudaMemLocationTypeDevice;
  OK(cudaMemPrefetchAsync(managed, 4096, location, 0, nullptr));

  cudaPointerAttributes a;
  int local = 0;
  OK(cudaPointerGetAttributes(&a, device));
  HOLDS(a.type == cudaMemoryTypeDevice && a.devicePointer == device && a.device == 0);
  OK(cudaPointerGetAttributes(&a, managed));
  HOLDS(a.type == cudaMemoryTypeManaged);
  OK(cudaPointerGetAttributes(&a, &local));
  HOLDS(a.type == cudaMemoryTypeUnregistered);

  std::vector<int> host(1024);
  int *mapped = nullptr;
  OK(cudaHostRegister(host.data(), 4096, cudaHostRegisterMapped));
  OK(cudaHostGetDevicePointer(&mapped, host.data(), 0));
  fill<<<4, 256>>>(mapped, 21);
  OK(cudaDeviceSynchronize());
  HOLDS(host[1023] == 21);
  OK(cudaHostUnregister(host.data()));

  char *rows, flat[1000];
  size_t pitch = 0;
  OK(cudaMallocPitch(&rows, &pitch, 100, 10));
  HOLDS(pitch >= 100);
  OK(cudaMemset2D(rows, pitch, 5, 100, 10));
  OK(cudaMemcpy2D(flat, 100, rows, pitch, 100, 10, cudaMemcpyDeviceToHost));
  for (char c : flat)
    HOLDS(c == 5);
  cudaPitchedPtr box;
  char slices[64 * 4 * 3];
  OK(cudaMalloc3D(&box, make_cudaExtent(64, 4, 3)));
  OK(cudaMemset3D(box, 6, make_cudaExtent(64, 4, 3)));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = box;
  copy.dstPtr = make_cudaPitchedPtr(slices, 64, 64, 4);
  copy.extent = make_cudaExtent(64, 4, 3);
  copy.kind = cudaMemcpyDeviceToHost;
  OK(cudaMemcpy3D(&copy));
  for (char c : slices)
    HOLDS(c == 6);

  void *from_pool = nullptr;
  cudaMemPool_t pool;
  uint64_t threshold = 1 << 20;
  OK(cudaDeviceGetDefaultMemPool(&pool, 0));
  OK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  OK(cudaMallocAsync(&from_pool, 1000, nullptr));
  OK(cudaMemsetAsync(from_pool, 1, 1000, nullptr));
  OK(cudaFreeAsync(from_pool, nullptr));
  OK(cudaStreamSynchronize(nullptr));

  GIVES(cudaErrorMemoryAllocation, cudaMalloc(&rows, size_t{1} << 50));
  GIVES(cudaErrorInvalidValue, cudaFree(reinterpret_cast<void *>(0x1234)));
  GIVES(cudaErrorInvalidValue, cudaMemcpy(device, host.data(), 8192, cudaMemcpyHostToDevice));
  OK(cudaFree(nullptr));
  OK(cudaFree(device));
  OK(cudaFree(managed));
}

static void entry_points() {
  void *function = nullptr;
  cudaDriverEntryPointQueryResult found;
  OK(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 12000, cudaEnableDefault, &found));
  HOLDS(function && found == cudaDriverEntryPointSuccess);
  OK(cudaGetDriverEntryPointByVersion("cuNoSuch", &function, 12000, cudaEnableDefault, &found));
  HOLDS(!function && found == cudaDriverEntryPointSymbolNotFound);
}

static void reset() {
  int *device;
  OK(cudaDeviceReset());
  OK(cudaMalloc(&device, 16));
  fill<<<1, 4>>>(device, 1);
  OK(cudaDeviceSynchronize());
  OK(cudaFree(device));
}

int main() {
  device_queries();
  functions();
  streams_and_launches();
  memory();
  entry_points();
  reset();
  if (failures == 0)
    std::puts("all well");
  return failures != 0;
}
