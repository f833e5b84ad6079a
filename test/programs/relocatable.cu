// Relocatable device code (nvcc -rdc=true): two object files whose symbols refer to each other,
// with internal ones of the same names.
#include <cstdio>

extern __device__ int value;
extern __device__ int twice(int);
static __device__ int own = 5;
static __device__ __noinline__ int add(int x) {
  return x + own;
}

__global__ void use(int *out) {
  out[threadIdx.x] = twice(add(value)) + threadIdx.x;
}

int main() {
  int *device = nullptr, host[64] = {};
  cudaMalloc(&device, sizeof host);
  use<<<1, 64>>>(device);
  if (cudaError_t e = cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost)) {
    std::printf("FAIL relocatable: %s\n", cudaGetErrorString(e));
    return 1;
  }
  for (int i = 0; i < 64; ++i)
    if (host[i] != 2 * (37 + 5) + 100 + i) {
      std::printf("FAIL relocatable: [%d] is %d\n", i, host[i]);
      return 1;
    }
  std::printf("PASS relocatable 64 values\n");
}
