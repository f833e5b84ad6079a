// An ordinary HIP program, against AMD's own <hip/hip_runtime.h> (Debian: libamdhip64-dev) and linked with the emulator in place
// of libamdhip64: what programs usually call. Returns 0 if all is right; else says on stderr what is wrong.
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

static int failures = 0;
#define TRUE(condition)                                                                                                            \
  do                                                                                                                               \
    if (!(condition)) {                                                                                                            \
      fprintf(stderr, "line %d: not true: %s\n", __LINE__, #condition);                                                            \
      ++failures;                                                                                                                  \
    }                                                                                                                              \
  while (0)
#define OK(call)                                                                                                                   \
  do                                                                                                                               \
    if (hipError_t e = (call); e != hipSuccess) {                                                                                  \
      fprintf(stderr, "line %d: %s: %s (%s)\n", __LINE__, #call, hipGetErrorName(e), hipGetErrorString(e));                        \
      return ++failures;                                                                                                           \
    }                                                                                                                              \
  while (0)

__managed__ int managed_total = 40;
__device__ int device_values[4] = {1, 2, 3, 4};
__constant__ float scale = 2;

__global__ void vector_add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    c[i] = a[i] + b[i];
}

constexpr int kTile = 16;
__global__ void multiply(const float *a, const float *b, float *c, int n) {
  __shared__ float ta[kTile][kTile], tb[kTile][kTile];
  int x = threadIdx.x, y = threadIdx.y, column = blockIdx.x * kTile + x, row = blockIdx.y * kTile + y;
  float sum = 0;
  for (int k = 0; k < n; k += kTile) {
    ta[y][x] = a[row * n + k + x];
    tb[y][x] = b[(k + y) * n + column];
    __syncthreads();
    for (int i = 0; i < kTile; ++i)
      sum += ta[y][i] * tb[i][x];
    __syncthreads();
  }
  c[row * n + column] = sum * scale;
}

__global__ void count_into_managed(int n) {
  if (int(blockIdx.x * blockDim.x + threadIdx.x) < n)
    atomicAdd(&managed_total, 1);
}

__global__ void fill(int *out, int value) { out[blockIdx.x * blockDim.x + threadIdx.x] = value + device_values[threadIdx.x & 3]; }

extern __shared__ int dynamic_shared[];
__global__ void reverse(int *values) {
  int t = threadIdx.x;
  dynamic_shared[t] = values[t];
  __syncthreads();
  values[t] = dynamic_shared[blockDim.x - 1 - t];
}

static int vector_addition() {
  constexpr int n = 5000;
  std::vector<float> a(n), b(n), c(n);
  for (int i = 0; i < n; ++i)
    a[i] = float(i), b[i] = 0.25f;
  float *da, *db, *dc;
  OK(hipMalloc(&da, n * sizeof(float)));
  OK(hipMalloc(&db, n * sizeof(float)));
  OK(hipMalloc(&dc, n * sizeof(float)));
  OK(hipMemcpy(da, a.data(), n * sizeof(float), hipMemcpyHostToDevice));
  OK(hipMemcpy(db, b.data(), n * sizeof(float), hipMemcpyHostToDevice));
  hipLaunchKernelGGL(vector_add, dim3((n + 255) / 256), dim3(256), 0, 0, da, db, dc, n);
  OK(hipGetLastError());
  OK(hipMemcpy(c.data(), dc, n * sizeof(float), hipMemcpyDeviceToHost));
  for (int i = 0; i < n; ++i)
    if (c[i] != a[i] + b[i])
      return fprintf(stderr, "vector add: element %d is %g\n", i, c[i]), ++failures;
  OK(hipFree(da));
  OK(hipFree(db));
  OK(hipFree(dc));
  return 0;
}

static int matrix_multiplication() {
  constexpr int n = 48;
  constexpr size_t bytes = n * n * sizeof(float);
  float *a, *b, *c;
  OK(hipMallocManaged(&a, bytes));
  OK(hipMallocManaged(&b, bytes));
  OK(hipMallocManaged(&c, bytes));
  for (int i = 0; i < n * n; ++i)
    a[i] = float(i % 7), b[i] = float(i % 5 - 2);
  float three = 3;
  OK(hipMemcpyToSymbol(HIP_SYMBOL(scale), &three, sizeof three));
  multiply<<<dim3(n / kTile, n / kTile), dim3(kTile, kTile)>>>(a, b, c, n);
  OK(hipDeviceSynchronize());
  for (int row = 0; row < n; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0;
      for (int k = 0; k < n; ++k)
        sum += a[row * n + k] * b[k * n + column];
      if (c[row * n + column] != sum * 3)
        return fprintf(stderr, "matrix multiply: (%d,%d) is %g\n", row, column, c[row * n + column]), ++failures;
    }
  OK(hipFree(a));
  OK(hipFree(b));
  OK(hipFree(c));
  return 0;
}

static void on_host(void *data) { ++*static_cast<int *>(data); }
static void on_callback(hipStream_t, hipError_t status, void *data) {
  if (status == hipSuccess)
    *static_cast<int *>(data) += 10;
}

static int streams_and_events() {
  int least = 0, greatest = 0, priority = 9;
  OK(hipDeviceGetStreamPriorityRange(&least, &greatest));
  hipStream_t one, two;
  hipEvent_t start, stop;
  OK(hipStreamCreateWithPriority(&one, hipStreamNonBlocking, greatest));
  OK(hipStreamGetPriority(one, &priority));
  TRUE(priority == greatest);
  OK(hipStreamCreateWithFlags(&two, hipStreamNonBlocking));
  OK(hipEventCreate(&start));
  OK(hipEventCreate(&stop));
  constexpr int n = 1024;
  int *pinned, *device;
  OK(hipHostMalloc(&pinned, n * sizeof(int), hipHostMallocDefault));
  OK(hipMalloc(&device, n * sizeof(int)));
  OK(hipEventRecord(start, one));
  fill<<<n / 128, 128, 0, one>>>(device, 100);
  OK(hipEventRecord(stop, one));
  OK(hipStreamWaitEvent(two, stop, 0));
  OK(hipMemcpyAsync(pinned, device, n * sizeof(int), hipMemcpyDeviceToHost, two));
  int calls = 0;
  OK(hipStreamAddCallback(two, on_callback, &calls, 0));
  OK(hipLaunchHostFunc(two, on_host, &calls));
  OK(hipStreamSynchronize(two));
  TRUE(calls == 11);
  OK(hipStreamQuery(one));
  OK(hipEventSynchronize(stop));
  float ms = -1;
  OK(hipEventElapsedTime(&ms, start, stop));
  TRUE(ms >= 0);
  for (int i = 0; i < n; ++i)
    if (pinned[i] != 101 + (i & 3))
      return fprintf(stderr, "streams: element %d is %d\n", i, pinned[i]), ++failures;
  int *temporary;
  OK(hipMallocAsync(reinterpret_cast<void **>(&temporary), 64 * sizeof(int), one));
  fill<<<1, 64, 0, one>>>(temporary, 7);
  reverse<<<1, 64, 64 * sizeof(int), one>>>(temporary);
  OK(hipMemcpyWithStream(pinned, temporary, 64 * sizeof(int), hipMemcpyDeviceToHost, one));
  TRUE(pinned[0] == 7 + 4 && pinned[63] == 7 + 1);
  OK(hipFreeAsync(temporary, one));
  OK(hipStreamSynchronize(one));
  OK(hipFree(device));
  OK(hipHostFree(pinned));
  OK(hipEventDestroy(start));
  OK(hipEventDestroy(stop));
  OK(hipStreamDestroy(one));
  OK(hipStreamDestroy(two));
  return 0;
}

static int memory() {
  char *rows;
  size_t pitch = 0;
  OK(hipMallocPitch(reinterpret_cast<void **>(&rows), &pitch, 100, 8));
  OK(hipMemset2D(rows, pitch, 5, 100, 8));
  std::vector<char> host(800);
  OK(hipMemcpy2D(host.data(), 100, rows, pitch, 100, 8, hipMemcpyDeviceToHost));
  TRUE(host[0] == 5 && host[799] == 5);
  OK(hipMemset(rows, 0, pitch));
  OK(hipMemcpy2D(host.data(), 100, rows, pitch, 100, 8, hipMemcpyDeviceToHost));
  TRUE(host[99] == 0 && host[100] == 5);
  size_t bytes = 0;
  OK(hipMemPtrGetInfo(rows, &bytes));
  TRUE(bytes == pitch * 8);
  OK(hipFree(rows));

  hipPitchedPtr cube;
  hipExtent extent = make_hipExtent(10, 4, 3);
  OK(hipMalloc3D(&cube, extent));
  OK(hipMemset3D(cube, 9, extent));
  OK(hipMemset3D(cube, 8, make_hipExtent(10, 4, 2)));
  hipMemcpy3DParms copy{};
  copy.srcPtr = cube;
  copy.dstPtr = make_hipPitchedPtr(host.data(), 10, 10, 4);
  copy.extent = extent;
  copy.kind = hipMemcpyDeviceToHost;
  OK(hipMemcpy3D(&copy));
  TRUE(host[0] == 8 && host[79] == 8 && host[80] == 9 && host[119] == 9);
  OK(hipFree(cube.ptr));

  void *symbol = nullptr;
  OK(hipGetSymbolAddress(&symbol, HIP_SYMBOL(device_values)));
  OK(hipGetSymbolSize(&bytes, HIP_SYMBOL(device_values)));
  TRUE(symbol && bytes == sizeof device_values);
  int seen[2], put = 30;
  OK(hipMemcpyToSymbol(HIP_SYMBOL(device_values), &put, sizeof put, 2 * sizeof(int)));
  OK(hipMemcpyFromSymbol(seen, HIP_SYMBOL(device_values), sizeof seen, 2 * sizeof(int)));
  TRUE(seen[0] == 30 && seen[1] == 4);
  put = 3;
  OK(hipMemcpyToSymbol(HIP_SYMBOL(device_values), &put, sizeof put, 2 * sizeof(int)));
  TRUE(hipMemcpyToSymbol(HIP_SYMBOL(device_values), &put, sizeof put, sizeof device_values) == hipErrorInvalidValue);

  TRUE(managed_total == 40); // read by the host before any kernel
  managed_total = 100;
  count_into_managed<<<10, 64>>>(500);
  OK(hipDeviceSynchronize());
  TRUE(managed_total == 600);
  OK(hipGetLastError() == hipErrorInvalidValue ? hipSuccess : hipErrorUnknown); // of the refused copy above
  return 0;
}

static int questions() {
  hipDeviceProp_t p;
  OK(hipGetDeviceProperties(&p, 0));
  int warp = 0, blocks = 0, grid = 0, block = 0, count = 0;
  OK(hipDeviceGetAttribute(&warp, hipDeviceAttributeWarpSize, 0));
  TRUE(warp == p.warpSize && p.maxThreadsPerBlock == 1024 && p.multiProcessorCount > 0);
  hipFuncAttributes attributes;
  OK(hipFuncGetAttributes(&attributes, reinterpret_cast<const void *>(multiply)));
  TRUE(attributes.sharedSizeBytes == 2 * kTile * kTile * sizeof(float) && attributes.maxThreadsPerBlock == 1024 &&
       attributes.numRegs > 0);
  OK(hipFuncSetAttribute(reinterpret_cast<const void *>(reverse), hipFuncAttributeMaxDynamicSharedMemorySize, 4096));
  OK(hipFuncSetCacheConfig(reinterpret_cast<const void *>(reverse), hipFuncCachePreferShared));
  OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, multiply, 256, 0));
  TRUE(blocks >= 1 && blocks <= 64);
  OK(hipOccupancyMaxPotentialBlockSize(&grid, &block, multiply, 0, 0));
  TRUE(grid >= p.multiProcessorCount && block >= warp);
  OK(hipGetDeviceCount(&count));
  TRUE(count == 1);
  size_t free = 0, total = 0;
  OK(hipMemGetInfo(&free, &total));
  TRUE(free <= total && total == p.totalGlobalMem);
  TRUE(std::strlen(hipGetErrorString(hipErrorInvalidValue)) > 0);
  hipCtx_t context, current;
  hipDevice_t device = -1;
  OK(hipInit(0));
  OK(hipDeviceGet(&device, 0));
  OK(hipCtxCreate(&context, 0, device));
  OK(hipCtxGetCurrent(&current));
  TRUE(current == context);
  OK(hipCtxSynchronize());
  OK(hipCtxDestroy(context));
  TRUE(hipCtxPopCurrent(&context) == hipErrorInvalidContext);

  // A launch that the device cannot do says so; nothing runs.
  vector_add<<<1, 2048>>>(nullptr, nullptr, nullptr, 0);
  TRUE(hipGetLastError() == hipErrorInvalidConfiguration);
  TRUE(hipModuleLoad(nullptr, "no such file") == hipErrorInvalidValue);
  hipModule_t module;
  TRUE(hipModuleLoadData(&module, "neither ELF nor a bundle, but long enough to be looked at") == hipErrorInvalidImage);
  (void)hipGetLastError();
  return 0;
}

int main() {
  vector_addition();
  matrix_multiplication();
  streams_and_events();
  memory();
  questions();
  std::thread other([] { vector_addition(); });
  other.join();
  OK(hipDeviceReset());
  vector_addition(); // the program's code is loaded again
  return failures;
}
