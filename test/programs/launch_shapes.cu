// Grids and blocks of one, two and three dimensions: every special register seen by every thread, odd block sizes included;
// and launches that CUDA refuses.
#include "program.h"

__global__ void where(uint4 *out) {
  unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  unsigned size = blockDim.x * blockDim.y * blockDim.z;
  out[block * size + thread] = make_uint4(threadIdx.x | threadIdx.y << 10 | threadIdx.z << 20,
                                          blockIdx.x | blockIdx.y << 10 | blockIdx.z << 20,
                                          blockDim.x | blockDim.y << 10 | blockDim.z << 20,
                                          gridDim.x | gridDim.y << 10 | gridDim.z << 20);
}

static void check(dim3 grid, dim3 block) {
  size_t threads = size_t(block.x) * block.y * block.z, n = threads * grid.x * grid.y * grid.z;
  Buffer<uint4> out(n);
  out.fill(0xff);
  where<<<grid, block>>>(out.get());
  CUDA_LAUNCHED();
  std::vector<uint4> got = out.take();
  for (size_t i = 0; i < n; ++i) {
    size_t t = i % threads, b = i / threads;
    unsigned thread = static_cast<unsigned>(t % block.x | t / block.x % block.y << 10 | t / block.x / block.y << 20);
    unsigned at = static_cast<unsigned>(b % grid.x | b / grid.x % grid.y << 10 | b / grid.x / grid.y << 20);
    EXPECT(got[i].x == thread);
    EXPECT(got[i].y == at);
    EXPECT(got[i].z == (block.x | block.y << 10 | block.z << 20));
    EXPECT(got[i].w == (grid.x | grid.y << 10 | grid.z << 20));
  }
}

int main(int argc, char **argv) {
  const size_t most = argument(argc, argv, 1, 1024); // threads a block
  check(1, 1);
  check(3, 33);
  check(2, dim3(static_cast<unsigned>(most - 24)));
  check(dim3(3, 2), dim3(5, 7));
  check(dim3(2, 3, 4), dim3(3, 5, 7));
  check(dim3(1, 1, 5), dim3(4, static_cast<unsigned>(most / 256), 64));
  Buffer<uint4> out(1);
  where<<<1, 1025>>>(out.get());
  EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
  where<<<dim3(1, 0), 32>>>(out.get());
  EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
  EXPECT(cudaGetLastError() == cudaSuccess); // reading the error cleared it
  where<<<1, dim3(1, 1, 65)>>>(out.get());
  EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
  check(1, 32); // none of this hurts the next launch
  return passed("launch_shapes", "6 shapes, 3 refusals");
}
