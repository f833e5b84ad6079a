// Barriers by number and of part of a block: warps that specialise as producers and consumers (bar.arrive and bar.sync), groups of
// warps with barriers of their own, reductions over them, barriers in flow that differs between the warps of a block, and barrier.sync
// in both arms of a branch within a warp. Blocks of up to 1,024 threads.
#include "program.h"

__device__ void sync(int id, int count) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(count) : "memory"); }
__device__ void arrive(int id, int count) { asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(count) : "memory"); }

constexpr int rounds = 10;

/// The first warps fill a buffer, the others add it up; two numbers of barrier for full and empty, for two halves of the buffer.
__global__ void specialised(int *out, int producers) {
  __shared__ int buffer[2][64];
  int t = threadIdx.x, threads = blockDim.x;
  if (t < producers) {
    for (int k = 0; k < rounds; ++k) {
      if (k >= 2)
        sync(3 + k % 2, threads); // the half is empty
      for (int i = t; i < 64; i += producers)
        buffer[k % 2][i] = k * 100 + i;
      arrive(1 + k % 2, threads); // the half is full
    }
  } else {
    int sum = 0;
    for (int k = 0; k < rounds; ++k) {
      sync(1 + k % 2, threads);
      for (int i = 0; i < 64; ++i)
        sum += buffer[k % 2][i] * (i % 3 + 1);
      if (k + 2 < rounds)
        arrive(3 + k % 2, threads);
    }
    out[blockIdx.x * (threads - producers) + t - producers] = sum;
  }
}

/// Groups of 64 threads work at their own pace, each with a barrier of its own.
__global__ void groups(int *out) {
  __shared__ int box[1024];
  int t = threadIdx.x, group = t / 64, in = t % 64;
  int value = t;
  for (int k = 0; k < 3 + group; ++k) {
    box[t] = value;
    sync(group % 15 + 1, 64);
    value += box[group * 64 + (in + 1) % 64];
    sync(group % 15 + 1, 64);
  }
  out[blockIdx.x * blockDim.x + t] = value;
}

/// Reductions at barriers of 64 threads.
__global__ void reductions(int *out) {
  int t = threadIdx.x, group = t / 64, count = 0, some = 0, every = 0;
  asm volatile("{ .reg .pred p; setp.ne.s32 p, %1, 0; bar.red.popc.u32 %0, %2, 64, p; }"
               : "=r"(count) : "r"(int(t % 3 == 0)), "r"(group) : "memory");
  asm volatile("{ .reg .pred p, q; setp.ne.s32 p, %1, 0; bar.red.or.pred q, %2, 64, p; selp.s32 %0, 1, 0, q; }"
               : "=r"(some) : "r"(int(t == 70)), "r"(group) : "memory");
  asm volatile("{ .reg .pred p, q; setp.ne.s32 p, %1, 0; bar.red.and.pred q, %2, 64, p; selp.s32 %0, 1, 0, q; }"
               : "=r"(every) : "r"(int(t != 130)), "r"(group) : "memory");
  out[t] = count * 4 + some * 2 + every;
}

/// Warps come to the barriers of the block by different ways, and some leave early.
__global__ void ways(int *out) {
  __shared__ int box[256];
  int t = threadIdx.x, warp = t / 32;
  if (warp == 5)
    return;
  box[t] = t;
  int sum = 0;
  if (warp % 2) {
    __syncthreads();
    sum = box[t ^ 32];
    __syncthreads();
    box[t] = 1000 + t;
    __syncthreads();
    sum += box[(t + 64) % 128];
  } else {
    for (int k = 0; k < 3; ++k) {
      __syncthreads();
      if (k == 0)
        sum = box[t ^ 32] * 2;
      if (k == 1)
        box[t] = 2000 + t;
    }
    sum += box[(t + 64) % 128];
  }
  out[t] = sum;
}

/// barrier.sync without .aligned, in both arms of a branch that splits each warp.
__global__ void split(int *out) {
  __shared__ int box[128];
  int t = threadIdx.x;
  box[t] = t + 1;
  if (t % 2) {
    asm volatile("barrier.sync 0;" ::: "memory");
    out[t] = box[127 - t];
  } else {
    asm volatile("barrier.sync 0;" ::: "memory");
    out[t] = -box[127 - t];
  }
}

int main(int argc, char **argv) {
  const int most = static_cast<int>(argument(argc, argv, 1, 1024)); // threads a block
  for (int threads : {64, 96, 256, most})
    for (int producers : {32, threads / 2}) {
      int consumers = threads - producers, want = 0;
      if (producers % 32 || producers <= 0)
        continue;
      for (int k = 0; k < rounds; ++k)
        for (int i = 0; i < 64; ++i)
          want += (k * 100 + i) * (i % 3 + 1);
      Buffer<int> out(std::vector<int>(3 * consumers, 0));
      specialised<<<3, threads>>>(out.get(), producers);
      CUDA_OK(cudaDeviceSynchronize());
      expect_equal("consumers", out.take(), std::vector<int>(3 * consumers, want));
    }
  {
    const int threads = std::min(960, most);
    std::vector<int> value(threads);
    for (int t = 0; t < threads; ++t)
      value[t] = t;
    for (int g = 0; g < threads / 64; ++g)
      for (int k = 0; k < 3 + g; ++k) {
        std::vector<int> old(value.begin() + g * 64, value.begin() + g * 64 + 64);
        for (int i = 0; i < 64; ++i)
          value[g * 64 + i] = static_cast<int>(static_cast<unsigned>(old[i]) + static_cast<unsigned>(old[(i + 1) % 64]));
      }
    Buffer<int> out(std::vector<int>(threads, 0));
    groups<<<1, threads>>>(out.get());
    CUDA_OK(cudaDeviceSynchronize());
    expect_equal("groups", out.take(), value);
  }
  {
    const int threads = 256;
    std::vector<int> want(threads);
    for (int t = 0; t < threads; ++t) {
      int group = t / 64, count = 0;
      for (int i = group * 64; i < group * 64 + 64; ++i)
        count += i % 3 == 0;
      want[t] = count * 4 + (group == 1) * 2 + (group != 2);
    }
    Buffer<int> out(std::vector<int>(threads, 0));
    reductions<<<1, threads>>>(out.get());
    CUDA_OK(cudaDeviceSynchronize());
    expect_equal("reductions", out.take(), want);
  }
  {
    const int threads = 256;
    std::vector<int> want(threads, 0);
    for (int t = 0; t < threads; ++t) {
      int warp = t / 32, other = (t + 64) % 128, at = other / 32 % 2 ? 1000 + other : 2000 + other;
      int across = (t ^ 32) / 32 == 5 ? 0 : t ^ 32;
      if (warp != 5)
        want[t] = (warp % 2 ? across : across * 2) + at;
    }
    Buffer<int> out(std::vector<int>(threads, 0));
    ways<<<1, threads>>>(out.get());
    CUDA_OK(cudaDeviceSynchronize());
    std::vector<int> got = out.take();
    for (int t = 128; t < 160; ++t) // they read what the warp that left never wrote
      got[t] = want[t];
    expect_equal("different ways", got, want);
  }
  {
    std::vector<int> want(128);
    for (int t = 0; t < 128; ++t)
      want[t] = t % 2 ? 128 - t : -(128 - t);
    Buffer<int> out(std::vector<int>(128, 0));
    split<<<1, 128>>>(out.get());
    CUDA_OK(cudaDeviceSynchronize());
    expect_equal("split warps", out.take(), want);
  }
  return passed("named_barriers", "up to " + std::to_string(most) + " threads");
}
