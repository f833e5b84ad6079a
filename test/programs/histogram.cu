// Histogram of bytes: each block counts in shared memory with atomics, then adds its counts to the grid's.
#include "program.h"

constexpr int bins = 256;

__global__ void histogram(const unsigned char *data, int n, unsigned *counts) {
  __shared__ unsigned local[bins];
  for (int i = threadIdx.x; i < bins; i += blockDim.x)
    local[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[data[i]], 1u);
  __syncthreads();
  for (int i = threadIdx.x; i < bins; i += blockDim.x)
    if (local[i] != 0)
      atomicAdd(&counts[i], local[i]);
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 30001);
  std::vector<unsigned char> data(n);
  std::vector<unsigned> want(bins);
  Random random(6);
  for (unsigned char &x : data) {
    // Crowded: half of all values fall into few bins, so that lanes of a wave meet at one address.
    x = static_cast<unsigned char>(random.next() & 1 ? random.between(0, 3) : random.between(0, 255));
    ++want[x];
  }
  Buffer<unsigned char> ddata(data);
  Buffer<unsigned> dcounts(bins);
  dcounts.fill(0);
  histogram<<<6, 128>>>(ddata.get(), n, dcounts.get());
  CUDA_LAUNCHED();
  expect_equal("counts", dcounts.take(), want);
  return passed("histogram", "n=" + std::to_string(n));
}
