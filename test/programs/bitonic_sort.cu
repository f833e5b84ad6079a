// Bitonic sort of 2^k unsigned keys: steps inside a block in shared memory with barriers, wider steps through global memory.
#include "program.h"
#include <algorithm>

constexpr int threads = 128, chunk = 2 * threads;

__device__ void exchange(unsigned &a, unsigned &b, bool ascending) {
  if ((a > b) == ascending) {
    unsigned t = a;
    a = b;
    b = t;
  }
}

// Sorts each chunk; the direction alternates as the next merge needs it.
__global__ void sort_chunks(unsigned *keys) {
  __shared__ unsigned s[chunk];
  unsigned base = blockIdx.x * chunk, t = threadIdx.x;
  s[t] = keys[base + t];
  s[t + threads] = keys[base + t + threads];
  for (unsigned size = 2; size <= chunk; size *= 2)
    for (unsigned stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      unsigned at = 2 * t - (t & (stride - 1));
      exchange(s[at], s[at + stride], ((base + at) & size) == 0);
    }
  __syncthreads();
  keys[base + t] = s[t];
  keys[base + t + threads] = s[t + threads];
}

__global__ void merge_step(unsigned *keys, unsigned size, unsigned stride) {
  unsigned t = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned at = 2 * t - (t & (stride - 1));
  exchange(keys[at], keys[at + stride], (at & size) == 0);
}

__global__ void merge_chunks(unsigned *keys, unsigned size) {
  __shared__ unsigned s[chunk];
  unsigned base = blockIdx.x * chunk, t = threadIdx.x;
  s[t] = keys[base + t];
  s[t + threads] = keys[base + t + threads];
  for (unsigned stride = chunk / 2; stride > 0; stride /= 2) {
    __syncthreads();
    unsigned at = 2 * t - (t & (stride - 1));
    exchange(s[at], s[at + stride], ((base + at) & size) == 0);
  }
  __syncthreads();
  keys[base + t] = s[t];
  keys[base + t + threads] = s[t + threads];
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 4096);
  EXPECT(n >= chunk && (n & (n - 1)) == 0);
  std::vector<unsigned> keys(n);
  Random random(8);
  for (unsigned &k : keys)
    k = random.next() >> (random.next() & 15); // some values more than once
  Buffer<unsigned> device(keys);
  int blocks = n / chunk;
  sort_chunks<<<blocks, threads>>>(device.get());
  for (unsigned size = 2 * chunk; size <= static_cast<unsigned>(n); size *= 2) {
    for (unsigned stride = size / 2; stride >= chunk; stride /= 2)
      merge_step<<<blocks, threads>>>(device.get(), size, stride);
    merge_chunks<<<blocks, threads>>>(device.get(), size);
  }
  CUDA_LAUNCHED();
  std::sort(keys.begin(), keys.end());
  expect_equal("keys", device.take(), keys);
  return passed("bitonic_sort", "n=" + std::to_string(n));
}
