// Cooperative launches: every block waits for every other one inside one kernel. The barrier is
// written out with the grid's workspace as cooperative groups do (their header belongs to the
// toolkit): a word at +4 of the address in %envreg1 (high half) and %envreg2.
#include "program.h"

__device__ unsigned *grid_barrier_word() {
  unsigned high, low;
  asm volatile("mov.u32 %0, %%envreg1;" : "=r"(high));
  asm volatile("mov.u32 %0, %%envreg2;" : "=r"(low));
  unsigned long long address = (static_cast<unsigned long long>(high) << 32) | low;
  return reinterpret_cast<unsigned *>(address) + 1;
}

/// The top bit flips when all blocks have come; the block 0 adds what makes the sum end there.
__device__ void grid_sync() {
  __syncthreads();
  if (threadIdx.x == 0) {
    unsigned *word = grid_barrier_word();
    unsigned before, now, add = blockIdx.x == 0 ? 0x80000000u - (gridDim.x - 1) : 1;
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
    asm volatile("atom.add.release.gpu.u32 %0, [%1], %2;" : "=r"(before) : "l"(word), "r"(add) : "memory");
    do
      asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(now) : "l"(word) : "memory");
    while (((now ^ before) & 0x80000000u) == 0);
  }
  __syncthreads();
}

/// Each round every thread adds the value of a thread of another block, from the round before.
__global__ void rounds(unsigned *a, unsigned *b, int n) {
  unsigned size = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int round = 0; round < n; ++round) {
    volatile unsigned *from = round & 1 ? b : a, *to = round & 1 ? a : b;
    to[i] = from[i] + 3 * from[(i + blockDim.x * (round + 1)) % size] + 1;
    grid_sync();
  }
}

__global__ void workspace(unsigned long long *out) {
  *out = reinterpret_cast<unsigned long long>(grid_barrier_word());
}

int main() {
  int can = 0;
  CUDA_OK(cudaDeviceGetAttribute(&can, cudaDevAttrCooperativeLaunch, 0));
  EXPECT(can == 1);

  const unsigned kBlocks = 6, kThreads = 96, kSize = kBlocks * kThreads;
  int n = 7;
  Random random(5);
  std::vector<unsigned> a(kSize), b(kSize);
  for (unsigned &v : a)
    v = random.next();
  Buffer<unsigned> da(a), db(b);
  for (int repeat = 0; repeat < 3; ++repeat) { // each launch finds a zeroed workspace
    for (int round = 0; round < n; ++round) {
      for (unsigned i = 0; i < kSize; ++i)
        b[i] = a[i] + 3 * a[(i + kThreads * (round + 1)) % kSize] + 1;
      a.swap(b);
    }
    unsigned *pa = da.get(), *pb = db.get();
    void *args[] = {&pa, &pb, &n};
    CUDA_OK(cudaLaunchCooperativeKernel(reinterpret_cast<const void *>(rounds), dim3(kBlocks), dim3(kThreads), args, 0,
                                        nullptr));
    CUDA_LAUNCHED();
    std::vector<unsigned> got = db.take(); // n is odd: the last round wrote there
    expect_equal("rounds", got, a);
    CUDA_OK(cudaMemcpy(da.get(), got.data(), kSize * sizeof(unsigned), cudaMemcpyHostToDevice));
  }

  // An ordinary launch has no workspace.
  Buffer<unsigned long long> address(1);
  workspace<<<1, 1>>>(address.get());
  CUDA_LAUNCHED();
  EXPECT(address.take()[0] == 4);

  // More blocks than the device holds at once can never meet.
  unsigned *pa = da.get(), *pb = db.get();
  void *args[] = {&pa, &pb, &n};
  cudaError_t error = cudaLaunchCooperativeKernel(reinterpret_cast<const void *>(rounds), dim3(1u << 20), dim3(256), args,
                                                  0, nullptr);
  EXPECT(error == cudaErrorCooperativeLaunchTooLarge);
  EXPECT(cudaGetLastError() == error);
  CUDA_OK(cudaDeviceSynchronize()); // and that is all that happened
  return passed("grid_sync", "grid barriers of " + std::to_string(kBlocks) + " blocks");
}
