// Blocks with more shared memory than an AMD LDS holds (64 KiB): 80 and 96 KiB, dynamic after static.
#include "program.h"

constexpr unsigned threads = 128;
constexpr unsigned rounds = 6;

extern __shared__ unsigned window[];

#define BARRIER() asm volatile("bar.sync 1, 128;" ::: "memory")

__device__ unsigned in_shared(const void *p) {
  unsigned yes;
  asm("{ .reg .pred p; isspacep.shared p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(yes) : "l"(p));
  return yes;
}

__host__ __device__ inline unsigned mix(unsigned x) {
  x ^= x >> 15;
  x *= 0x2c1b3c6du;
  return x ^ (x >> 12);
}

// Through a generic pointer, into shared or global memory.
__device__ __noinline__ void bump(unsigned *p, unsigned by) { atomicAdd(p, by); }

// out, a block: sum of the window, last round's consumers' sum, what isspacep said, a float and a 64-bit sum, the maximum.
constexpr unsigned results = 6;

__global__ void fill_and_fold(unsigned words, unsigned *scratch, unsigned *out) {
  __shared__ unsigned totals[3];
  __shared__ float float_total;
  __shared__ unsigned long long long_total;
  unsigned t = threadIdx.x, block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  unsigned *mine = scratch + block;
  if (t < 3)
    totals[t] = 0;
  if (t == 0) {
    float_total = 0;
    long_total = 0;
  }
  for (unsigned i = t; i < words; i += threads)
    window[i] = mix(block * 977 + i);
  __syncthreads();

  // Atomics all over the window, from every thread, on words of others.
  for (unsigned i = t; i < words; i += threads)
    atomicAdd(&window[words - 1 - i], i);
  bump((t & 1) ? &totals[1] : mine, in_shared((t & 1) ? &totals[1] : mine) ? 3 : 5);
  __syncthreads();

  // Each thread reads what others wrote, 16 bytes at a time.
  unsigned sum = 0, most = 0;
  const uint4 *vectors = reinterpret_cast<const uint4 *>(window);
  for (unsigned i = threads - 1 - t; i < words / 4; i += threads) {
    uint4 v = vectors[i];
    sum += v.x + 3 * v.y + 5 * v.z + 7 * v.w;
    most = v.x > most ? v.x : most;
  }
  atomicAdd(&totals[0], sum);
  atomicMax(&totals[2], most);
  atomicAdd(&float_total, 0.5f);
  atomicAdd(&long_total, (1ull << 32) + t);
  __syncthreads();

  // One warp produces, the others consume and never store to the window: the word has one address for all of them.
  unsigned consumed = 0;
  if (t < 32) {
    for (unsigned r = 0; r < rounds; ++r) {
      window[words - 1] = mix(block + r);
      BARRIER();
      BARRIER();
    }
  } else {
    for (unsigned r = 0; r < rounds; ++r) {
      BARRIER();
      consumed += window[words - 1];
      BARRIER();
    }
  }
  if (t == threads - 1) {
    unsigned *o = out + results * block;
    o[0] = totals[0];
    o[1] = consumed;
    o[2] = totals[1] + (in_shared(window + words - 1) && !in_shared(out) ? 1000 : 0);
    o[3] = static_cast<unsigned>(float_total * 2);
    o[4] = static_cast<unsigned>(long_total >> 32) * 100000 + static_cast<unsigned>(long_total);
    o[5] = totals[2];
  }
}

// Many blocks, each with its own window: its far end tells them apart.
__global__ void touch(unsigned words, unsigned *out) {
  unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
  window[words - 1 - threadIdx.x] = block * 32 + threadIdx.x;
  __syncthreads();
  if (threadIdx.x == 0)
    out[block] = window[words - 32] - 31;
}

std::vector<unsigned> expected(unsigned blocks, unsigned words) {
  std::vector<unsigned> want;
  for (unsigned block = 0; block < blocks; ++block) {
    unsigned sum = 0, most = 0, consumed = 0, thread_sum = 0;
    constexpr unsigned weights[] = {1, 3, 5, 7};
    for (unsigned i = 0; i < words; ++i) {
      unsigned v = mix(block * 977 + i) + (words - 1 - i);
      sum += v * weights[i % 4];
      if (i % 4 == 0 && v > most)
        most = v;
    }
    for (unsigned r = 0; r < rounds; ++r)
      consumed += mix(block + r);
    for (unsigned t = 0; t < threads; ++t)
      thread_sum += t;
    want.insert(want.end(), {sum, consumed, threads / 2 * 3 + 1000, threads, threads * 100000 + thread_sum, most});
  }
  return want;
}

void fold(dim3 grid, unsigned bytes, bool cooperative) {
  unsigned blocks = grid.x * grid.y * grid.z, words = bytes / 4;
  Buffer<unsigned> out(size_t{blocks} * results), scratch(blocks);
  out.fill(0xff);
  scratch.fill(0);
  unsigned *s = scratch.get(), *o = out.get();
  if (cooperative) {
    void *arguments[] = {&words, &s, &o};
    CUDA_OK(cudaLaunchCooperativeKernel(reinterpret_cast<const void *>(fill_and_fold), grid, dim3(threads), arguments,
                                        bytes, nullptr));
  } else {
    fill_and_fold<<<grid, threads, bytes>>>(words, s, o);
  }
  CUDA_LAUNCHED();
  expect_equal("folded", out.take(), expected(blocks, words));
  expect_equal("scratch", scratch.take(), std::vector<unsigned>(blocks, threads / 2 * 5));
}

void touch_all(dim3 grid, unsigned bytes) {
  unsigned blocks = grid.x * grid.y;
  Buffer<unsigned> out(blocks);
  out.fill(0xff);
  touch<<<grid, 32, bytes>>>(bytes / 4, out.get());
  CUDA_LAUNCHED();
  std::vector<unsigned> want;
  for (unsigned block = 0; block < blocks; ++block)
    want.push_back(block * 32);
  expect_equal("touched", out.take(), want);
}

int main(int argc, char **argv) {
  // 227 KiB at most, where the compute capability reported allows it.
  unsigned more = static_cast<unsigned>(argument(argc, argv, 1, 0)) << 10;
  constexpr unsigned most = 96 << 10, bytes = 80 << 10;
  CUDA_OK(cudaFuncSetAttribute(fill_and_fold, cudaFuncAttributeMaxDynamicSharedMemorySize, most));
  CUDA_OK(cudaFuncSetAttribute(touch, cudaFuncAttributeMaxDynamicSharedMemorySize, most));
  if (more) {
    CUDA_OK(cudaFuncSetAttribute(fill_and_fold, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(more)));
    fold(dim3(2, 3), more, false);
  }
  // Beyond what CUDA allows on the compute capability that is reported.
  EXPECT(cudaFuncSetAttribute(touch, cudaFuncAttributeMaxDynamicSharedMemorySize, 300 << 10) == cudaErrorInvalidValue);
  EXPECT(cudaGetLastError() == cudaErrorInvalidValue);

  fold(dim3(1), 8 << 10, false); // in the LDS: the same kernel, compiled otherwise
  fold(dim3(3, 2, 2), bytes, false);
  fold(dim3(2), most, false);
  fold(dim3(2, 2), bytes, true);
  unsigned words = most / 4, *none = nullptr;
  void *arguments[] = {&words, &none, &none};
  EXPECT(cudaLaunchCooperativeKernel(reinterpret_cast<const void *>(fill_and_fold), dim3(1 << 20), dim3(threads),
                                     arguments, most, nullptr) == cudaErrorCooperativeLaunchTooLarge);
  EXPECT(cudaGetLastError() == cudaErrorCooperativeLaunchTooLarge);
  // More blocks than one slab is for, in one dimension and in two.
  touch_all(dim3(3400), bytes);
  touch_all(dim3(60, 58), bytes);
  return passed("big_shared", "80 and 96 KiB");
}
