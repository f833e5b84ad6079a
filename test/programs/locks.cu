// Threads of one warp that wait for each other: locks taken by all lanes, with the critical section behind the loop, inside it and in
// a function called by its name or through a pointer, locks handed from lane to lane, producers and consumers in one warp, and a warp that waits for the next one
// (which shares its wave on 64-lane hardware). Every kernel ends only if each thread can go on while its neighbours wait.
#include "program.h"

constexpr int threads = 128, blocks = 6;

/// A counter that only the lock protects: lost updates show.
__device__ void increment(volatile int *counter) {
  int seen = *counter;
  *counter = seen + 1;
}
__device__ void release(int *lock) {
  __threadfence();
  atomicExch(lock, 0);
}

__global__ void behind_the_loop(int *lock, int *counter) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  __threadfence();
  increment(counter);
  release(lock);
}

__global__ void inside_the_loop(int *lock, int *counter) {
  bool done = false;
  while (!done) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      increment(counter);
      release(lock);
      done = true;
    }
  }
}

__device__ __attribute__((noinline)) void locked_increment(int *lock, int *counter) {
  while (atomicExch(lock, 1) != 0) {
  }
  __threadfence();
  increment(counter);
  release(lock);
}
__global__ void in_a_function(int *lock, int *counter) {
  for (int k = 0; k < 3; ++k)
    if ((threadIdx.x + k) % 3 != 0)
      locked_increment(lock, counter);
}

/// Which function a thread calls, only the thread knows; one of them waits.
__device__ __attribute__((noinline)) void leave_alone(int *, int *) {}
__global__ void through_a_pointer(int *lock, int *counter) {
  void (*const choices[])(int *, int *) = {leave_alone, locked_increment, locked_increment};
  for (int k = 0; k < 3; ++k)
    choices[(threadIdx.x + k) % 3](lock, counter);
}

/// Each of several locks guards its own counter; a thread takes two, the lower one first.
__global__ void two_locks(int *locks, int *counters, int n) {
  int i = (blockIdx.x * threads + threadIdx.x) % n, j = (i * 7 + 3) % n;
  int low = i < j ? i : j, high = i < j ? j : i;
  while (atomicCAS(&locks[low], 0, 1) != 0) {
  }
  if (low != high)
    while (atomicCAS(&locks[high], 0, 1) != 0) {
    }
  __threadfence();
  increment(&counters[low]);
  increment(&counters[high]);
  if (low != high)
    release(&locks[high]);
  release(&locks[low]);
}

/// Threads of a block go one after the other, last thread first.
__global__ void in_turn(int *turns, int *order) {
  volatile int *turn = &turns[blockIdx.x];
  int mine = threads - 1 - threadIdx.x;
  while (*turn != mine) {
  }
  __threadfence();
  order[blockIdx.x * threads + mine] = threadIdx.x;
  __threadfence();
  *turn = mine + 1;
}

/// Even lanes produce, odd lanes consume, through one slot with a flag each, eight times.
__global__ void pairs(int *sums) {
  __shared__ volatile int slot[threads / 2], full[threads / 2];
  int t = threadIdx.x, pair = t / 2, sum = 0;
  if (t % 2 == 0)
    full[pair] = 0;
  __syncthreads();
  for (int k = 1; k <= 8; ++k) {
    if (t % 2 == 0) {
      while (full[pair]) {
      }
      slot[pair] = k * (pair + 1);
      __threadfence_block();
      full[pair] = 1;
    } else {
      while (!full[pair]) {
      }
      __threadfence_block();
      sum += slot[pair];
      __threadfence_block();
      full[pair] = 0;
    }
  }
  if (t % 2)
    sums[blockIdx.x * (threads / 2) + pair] = sum;
}

/// Each warp waits for the one behind it.
__global__ void warp_chain(int *values) {
  __shared__ int flags[threads / 32 + 1];
  volatile int *ready = flags;
  int t = threadIdx.x, warp = t / 32;
  if (t <= threads / 32)
    ready[t] = t == threads / 32 ? 1 : 0;
  __syncthreads();
  while (!ready[warp + 1]) {
  }
  __threadfence_block();
  int below = ready[warp + 1];
  values[blockIdx.x * threads + t] = below;
  __syncwarp();
  __threadfence_block();
  if (t % 32 == 0)
    atomicExch(&flags[warp], below + 1); // an atomic write, so that the checker takes it for a signal
}

int main() {
  const int all = threads * blocks;
  for (auto kernel : {behind_the_loop, inside_the_loop, in_a_function, through_a_pointer}) {
    Buffer<int> lock(std::vector<int>{0}), counter(std::vector<int>{0});
    kernel<<<blocks, threads>>>(lock.get(), counter.get());
    CUDA_OK(cudaDeviceSynchronize());
    bool twice = kernel == in_a_function || kernel == through_a_pointer;
    expect_equal("counter", counter.take(), {twice ? 2 * all : all});
  }
  {
    const int n = 13;
    Buffer<int> locks(std::vector<int>(n, 0)), counters(std::vector<int>(n, 0));
    two_locks<<<blocks, threads>>>(locks.get(), counters.get(), n);
    CUDA_OK(cudaDeviceSynchronize());
    std::vector<int> want(n, 0);
    for (int k = 0; k < all; ++k) {
      int i = k % n;
      want[i]++, want[(i * 7 + 3) % n]++;
    }
    expect_equal("counters of two locks", counters.take(), want);
  }
  {
    Buffer<int> turns(std::vector<int>(blocks, 0)), order(std::vector<int>(all, -1));
    in_turn<<<blocks, threads>>>(turns.get(), order.get());
    CUDA_OK(cudaDeviceSynchronize());
    std::vector<int> want(all);
    for (int k = 0; k < all; ++k)
      want[k] = threads - 1 - k % threads;
    expect_equal("order of turns", order.take(), want);
  }
  {
    Buffer<int> sums(std::vector<int>(all / 2, 0));
    pairs<<<blocks, threads>>>(sums.get());
    CUDA_OK(cudaDeviceSynchronize());
    std::vector<int> want(all / 2);
    for (int k = 0; k < all / 2; ++k)
      want[k] = 36 * (k % (threads / 2) + 1);
    expect_equal("what was consumed", sums.take(), want);
  }
  {
    Buffer<int> values(std::vector<int>(all, 0));
    warp_chain<<<blocks, threads>>>(values.get());
    CUDA_OK(cudaDeviceSynchronize());
    std::vector<int> want(all);
    for (int k = 0; k < all; ++k)
      want[k] = threads / 32 - k % threads / 32;
    expect_equal("chain of warps", values.take(), want);
  }
  return passed("locks", std::to_string(all) + " threads");
}
