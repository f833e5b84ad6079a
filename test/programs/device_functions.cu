// A kernel that calls device functions (not inlined) and keeps an array in local memory, indexed at run time.
#include "program.h"

constexpr int length = 12;

__host__ __device__ inline unsigned mix(unsigned x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  return x * 0x846ca68bu;
}

// Pointers into the caller's local array.
__host__ __device__ __noinline__ void insertion_sort(unsigned *v, int n) {
  for (int i = 1; i < n; ++i) {
    unsigned x = v[i];
    int j = i;
    for (; j > 0 && v[j - 1] > x; --j)
      v[j] = v[j - 1];
    v[j] = x;
  }
}

__host__ __device__ __noinline__ unsigned weigh(const unsigned *v, int n, unsigned short weight, double half) {
  unsigned sum = 0;
  for (int i = 0; i < n; ++i)
    sum = sum * weight + v[i];
  return sum + static_cast<unsigned>(half * 2.0);
}

__host__ __device__ inline unsigned work(unsigned i) {
  unsigned v[length];
  for (unsigned k = 0; k < length; ++k)
    v[(k * 5 + i) % length] = mix(i * length + k) % 100;
  insertion_sort(v, length - static_cast<int>(i % 3));
  return weigh(v, length, static_cast<unsigned short>(i), 0.5 * i) ^ v[i % length];
}

__global__ void device_functions(unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    out[i] = work(static_cast<unsigned>(i));
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 1500);
  std::vector<unsigned> want(n);
  for (int i = 0; i < n; ++i)
    want[i] = work(static_cast<unsigned>(i));
  Buffer<unsigned> out(n);
  device_functions<<<(n + 127) / 128, 128>>>(out.get(), n);
  CUDA_LAUNCHED();
  expect_equal("out", out.take(), want);
  return passed("device_functions", "n=" + std::to_string(n));
}
