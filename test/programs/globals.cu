// Device variables: initialisers (values, addresses of other variables), copies by symbol, address and size of a symbol, state
// that lasts from launch to launch, an array of structures.
#include "program.h"

struct Entry {
  short key;
  float weight;
  int *counter;
};

__device__ int counters[4] = {10, 20, 30, 40};
__device__ Entry entries[3] = {{1, 0.5f, &counters[1]}, {2, 1.5f, counters + 3}, {3, 2.5f, counters}};
__device__ unsigned launches; // zero at the start
__device__ unsigned char text[] = "warp to wave";
namespace inner {
__device__ double factor = 0.125;
}

__global__ void visit(double *out) {
  int i = threadIdx.x;
  if (i < 3) {
    atomicAdd(entries[i].counter, entries[i].key);
    out[i] = entries[i].weight * inner::factor + text[i];
  }
  if (i == 31)
    ++launches;
}

int main() {
  Buffer<double> out(3);
  for (int round = 1; round <= 3; ++round) {
    visit<<<1, 32>>>(out.get());
    CUDA_LAUNCHED();
    int got[4];
    CUDA_OK(cudaMemcpyFromSymbol(got, counters, sizeof got));
    expect_equal("counters", std::vector<int>(got, got + 4), {10 + 3 * round, 20 + round, 30, 40 + 2 * round});
    unsigned times = 0;
    CUDA_OK(cudaMemcpyFromSymbol(&times, launches, sizeof times));
    EXPECT(times == static_cast<unsigned>(round));
  }
  expect_equal("out", out.take(), {0.5 * 0.125 + 'w', 1.5 * 0.125 + 'a', 2.5 * 0.125 + 'r'});

  double factor = 3;
  CUDA_OK(cudaMemcpyToSymbol(inner::factor, &factor, sizeof factor));
  unsigned char letter = 'W';
  CUDA_OK(cudaMemcpyToSymbol(text, &letter, 1, 0)); // one byte at an offset
  visit<<<1, 32>>>(out.get());
  CUDA_LAUNCHED();
  expect_equal("out with other values", out.take(), {0.5 * 3 + 'W', 1.5 * 3 + 'a', 2.5 * 3 + 'r'});

  size_t size = 0;
  CUDA_OK(cudaGetSymbolSize(&size, entries));
  EXPECT(size == sizeof(Entry) * 3);
  void *address = nullptr;
  CUDA_OK(cudaGetSymbolAddress(&address, launches));
  CUDA_OK(cudaMemset(address, 0, sizeof(unsigned)));
  unsigned times = 1;
  CUDA_OK(cudaMemcpy(&times, address, sizeof times, cudaMemcpyDeviceToHost));
  EXPECT(times == 0);
  return passed("globals", "5 variables");
}
