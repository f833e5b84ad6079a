// Sum and maximum of an array: a grid-stride loop, shuffles in the warp, shared memory in the block, atomics in the grid.
#include "program.h"

constexpr int threads = 256;

// Every thread of the block gets the sum. All warps take every step, so no warp waits inside a divergent branch.
__device__ long long block_sum(long long value) {
  __shared__ long long sums[threads / 32];
  int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  for (int step = 16; step > 0; step /= 2)
    value += static_cast<long long>(__shfl_down_sync(0xffffffffu, static_cast<unsigned long long>(value), step));
  if (lane == 0)
    sums[warp] = value;
  __syncthreads();
  value = lane < threads / 32 ? sums[lane] : 0;
  for (int step = 4; step > 0; step /= 2)
    value += static_cast<long long>(__shfl_xor_sync(0xffffffffu, static_cast<unsigned long long>(value), step, 8));
  return value;
}

__device__ int block_max(int value) {
  __shared__ int most[threads / 32];
  int lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  for (int step = 16; step > 0; step /= 2) {
    int other = __shfl_xor_sync(0xffffffffu, value, step);
    value = other > value ? other : value;
  }
  if (lane == 0)
    most[warp] = value;
  __syncthreads();
  value = most[lane % (threads / 32)];
  for (int step = 4; step > 0; step /= 2) {
    int other = __shfl_xor_sync(0xffffffffu, value, step, 8);
    value = other > value ? other : value;
  }
  return value;
}

__global__ void reduce(const int *in, int n, unsigned long long *sum, int *most, float *float_sum, unsigned *blocks) {
  long long mine = 0;
  int high = -2147483647 - 1;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    mine += in[i];
    high = in[i] > high ? in[i] : high;
  }
  mine = block_sum(mine);
  high = block_max(high);
  if (threadIdx.x == 0) {
    atomicAdd(sum, static_cast<unsigned long long>(mine));
    atomicMax(most, high);
    atomicAdd(float_sum, 0.5f);
    // A counter that wraps by compare-and-swap: the loop that programs write for atomics that CUDA lacks.
    unsigned seen = *blocks, expected;
    do {
      expected = seen;
      seen = atomicCAS(blocks, expected, expected + 3);
    } while (seen != expected);
  }
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 30011);
  std::vector<int> in(n);
  Random random(5);
  long long want = 0;
  int high = -2147483647 - 1;
  for (int &x : in) {
    x = static_cast<int>(random.next());
    want += x;
    high = x > high ? x : high;
  }
  const int blocks = 9;
  Buffer<int> din(in), dmost(std::vector<int>{-2147483647 - 1});
  Buffer<unsigned long long> dsum(1);
  Buffer<float> dfloat(1);
  Buffer<unsigned> dblocks(1);
  dsum.fill(0);
  dfloat.fill(0);
  dblocks.fill(0);
  reduce<<<blocks, threads>>>(din.get(), n, dsum.get(), dmost.get(), dfloat.get(), dblocks.get());
  CUDA_LAUNCHED();
  expect_equal("sum", dsum.take(), {static_cast<unsigned long long>(want)});
  expect_equal("maximum", dmost.take(), {high});
  expect_equal("float atomics", dfloat.take(), {0.5f * blocks});
  expect_equal("compare-and-swap", dblocks.take(), {3u * blocks});
  return passed("reduce", "n=" + std::to_string(n));
}
