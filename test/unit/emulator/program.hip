// A HIP program against AMD's own header (Debian: libamdhip64-dev), linked with the emulator in place of libamdhip64: matrix
// multiply in tiles, symbols, streams and events. Returns 0 if all is right, else the number of the step that is wrong.
#include <cstdlib>
#include <hip/hip_runtime_api.h>

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))

__device__ int factor = 3;

constexpr int kTile = 16;

__global__ void multiply(const int *a, const int *b, int *c, int n) {
  __shared__ int ta[kTile][kTile], tb[kTile][kTile];
  int x = __builtin_amdgcn_workitem_id_x(), y = __builtin_amdgcn_workitem_id_y();
  int col = __builtin_amdgcn_workgroup_id_x() * kTile + x, row = __builtin_amdgcn_workgroup_id_y() * kTile + y;
  int sum = 0;
  for (int k = 0; k < n; k += kTile) {
    ta[y][x] = a[row * n + k + x];
    tb[y][x] = b[(k + y) * n + col];
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
    __builtin_amdgcn_s_barrier();
    for (int i = 0; i < kTile; ++i)
      sum += ta[y][i] * tb[i][x];
    __builtin_amdgcn_s_barrier();
  }
  c[row * n + col] = sum * factor;
}

int main() {
  constexpr int n = 64, bytes = n * n * sizeof(int);
  int *a = static_cast<int *>(malloc(bytes)), *b = static_cast<int *>(malloc(bytes)), *c = nullptr;
  for (int i = 0; i < n * n; ++i) {
    a[i] = i % 17;
    b[i] = i % 13 - 5;
  }
  int *da, *db, *dc;
  if (hipMalloc(reinterpret_cast<void **>(&da), bytes) || hipMalloc(reinterpret_cast<void **>(&db), bytes) ||
      hipMalloc(reinterpret_cast<void **>(&dc), bytes) || hipHostMalloc(reinterpret_cast<void **>(&c), bytes, 0))
    return 1;
  int five = 5, seen = 0;
  if (hipMemcpyToSymbol(factor, &five, sizeof five, 0, hipMemcpyHostToDevice) ||
      hipMemcpyFromSymbol(&seen, factor, sizeof seen, 0, hipMemcpyDeviceToHost) || seen != 5)
    return 2;
  hipStream_t stream;
  hipEvent_t start, stop;
  if (hipStreamCreate(&stream) || hipEventCreate(&start) || hipEventCreate(&stop))
    return 3;
  if (hipMemcpyAsync(da, a, bytes, hipMemcpyHostToDevice, stream) ||
      hipMemcpyAsync(db, b, bytes, hipMemcpyHostToDevice, stream) || hipEventRecord(start, stream))
    return 4;
  multiply<<<dim3(n / kTile, n / kTile), dim3(kTile, kTile), 0, stream>>>(da, db, dc, n);
  if (hipGetLastError() || hipEventRecord(stop, stream) ||
      hipMemcpyAsync(c, dc, bytes, hipMemcpyDeviceToHost, stream) || hipStreamSynchronize(stream))
    return 5;
  float ms = -1;
  if (hipEventElapsedTime(&ms, start, stop) || !(ms > 0))
    return 6;
  for (int row = 0; row < n; ++row)
    for (int col = 0; col < n; ++col) {
      int sum = 0;
      for (int k = 0; k < n; ++k)
        sum += a[row * n + k] * b[k * n + col];
      if (c[row * n + col] != sum * 5)
        return 7;
    }
  hipDeviceProp_t properties;
  if (hipGetDeviceProperties(&properties, 0) || properties.maxThreadsPerBlock != 1024)
    return 8;
  int blocks = 0;
  if (hipOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, reinterpret_cast<const void *>(&multiply), 256, 0) || blocks < 1)
    return 9;
  return 0;
}
