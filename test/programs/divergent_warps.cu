// Threads of a warp that meet at different instructions: shuffles and votes with full masks in both arms of a branch, in
// loops that threads leave at different times, after some threads have exited, with several groups of the warp at once; __syncwarp
// between arms that exchange through shared memory. Since sm_70 all of this is defined (PTX ISA, membermask).
#include "program.h"

constexpr int threads = 96, columns = 8;
constexpr unsigned whole = 0xffffffffu;

__global__ void arms(unsigned *out) {
  int t = threadIdx.x, lane = t & 31;
  unsigned r[columns] = {};
  if (lane % 2) { // both arms exchange with each other
    r[0] = __shfl_xor_sync(whole, t * 10, 1) + 1000;
    r[1] = __ballot_sync(whole, lane > 7);
  } else {
    r[0] = __shfl_xor_sync(whole, t * 10 + 5, 1) + 2000;
    r[1] = __ballot_sync(whole, lane > 20);
  }
  if (lane < 10)
    r[2] = __popc(__ballot_sync(whole, lane % 2));
  else if (lane < 20)
    r[2] = __popc(__ballot_sync(whole, lane % 3)) + 100;
  else
    r[2] = __popc(__ballot_sync(whole, lane % 5)) + 200;
  // Groups of different masks are under way at once.
  unsigned mine = lane % 4 == 0 ? 0x11111111u : lane % 4 == 1 ? 0x22222222u : 0xccccccccu;
  if (lane % 4 < 2)
    r[3] = __ballot_sync(mine, lane > 12);
  else
    r[3] = __ballot_sync(mine, lane < 12) + 1;
  r[4] = __match_any_sync(whole, lane / 5);
  // Lane k shuffles k % 5 + 1 times with those that still do; all votes are counted.
  unsigned count = 0, still = whole;
  for (int k = 0; k <= lane % 5; ++k) {
    still = __ballot_sync(still, k <= lane % 5);
    count += __popc(still);
    still = __ballot_sync(still, k < lane % 5);
  }
  r[5] = count;
  // The upper lanes leave; a full mask then names those that are left.
  if (lane >= 24) {
    for (int k = 0; k < columns; ++k)
      out[t * columns + k] = r[k];
    return;
  }
  r[6] = __ballot_sync(whole, true);
  if (lane < 3)
    r[7] = __shfl_sync(whole, lane + 50, 20);
  else
    r[7] = __shfl_sync(whole, lane + 70, 1);
  for (int k = 0; k < columns; ++k)
    out[t * columns + k] = r[k];
}

/// Arms of one warp that hand values over through shared memory, joined by __syncwarp in each arm.
__global__ void syncwarp(int *out) {
  __shared__ int box[threads];
  int t = threadIdx.x, lane = t & 31, base = t - lane;
  int sum = 0;
  for (int k = 0; k < 4; ++k) {
    if (lane < 16) {
      box[t] = t * 3 + k;
      __syncwarp();
      sum += box[base + 31 - lane];
      __syncwarp();
    } else {
      box[t] = t * 5 + k;
      __syncwarp();
      sum -= box[base + 31 - lane];
      __syncwarp();
    }
  }
  out[t] = sum;
}

/// Splits no warp of a block whose warps are rows, and does split others: two versions of the kernel.
__global__ void first_columns(unsigned *out) {
  int t = threadIdx.x + blockDim.x * threadIdx.y, lane = t & 31;
  unsigned first = 0;
  if (threadIdx.x < 32)
    first = __ballot_sync(whole, lane & 1);
  out[2 * t] = first;
  out[2 * t + 1] = __ballot_sync(whole, lane & 2);
}

int main() {
  std::vector<unsigned> want(threads * columns);
  for (int t = 0; t < threads; ++t) {
    int lane = t & 31, other = t ^ 1;
    unsigned *r = &want[t * columns];
    r[0] = (other & 1 ? other * 10 : other * 10 + 5) + (lane % 2 ? 1000 : 2000);
    for (int l = 0; l < 32; ++l) {
      r[1] |= (l % 2 ? l > 7 : l > 20) ? 1u << l : 0;
      r[2] += l < 10 ? l % 2 != 0 : l < 20 ? l % 3 != 0 : l % 5 != 0;
      bool with = lane % 4 < 2 ? l % 4 == lane % 4 : l % 4 >= 2;
      r[3] |= with && (lane % 4 < 2 ? l > 12 : l < 12) ? 1u << l : 0;
      r[4] |= l / 5 == lane / 5 ? 1u << l : 0;
    }
    r[2] += lane < 10 ? 0 : lane < 20 ? 100 : 200;
    r[3] += lane % 4 >= 2;
    for (int k = 0; k <= lane % 5; ++k)
      for (int l = 0; l < 32; ++l)
        r[5] += k <= l % 5;
    if (lane >= 24)
      continue;
    r[6] = 0xffffffu;
    // Lanes below 3 read lane 20, which is in the other arm; the others lane 1.
    r[7] = lane < 3 ? 20 + 70 : 1 + 50;
  }
  Buffer<unsigned> out(std::vector<unsigned>(want.size(), 0));
  arms<<<1, threads>>>(out.get());
  CUDA_OK(cudaDeviceSynchronize());
  expect_equal("operations in arms", out.take(), want);

  std::vector<int> wanted(threads);
  for (int t = 0; t < threads; ++t) {
    int lane = t & 31, from = t - lane + 31 - lane;
    for (int k = 0; k < 4; ++k)
      wanted[t] += lane < 16 ? from * 5 + k : -(from * 3 + k);
  }
  Buffer<int> sums(std::vector<int>(threads, 0));
  syncwarp<<<1, threads>>>(sums.get());
  CUDA_OK(cudaDeviceSynchronize());
  expect_equal("arms joined by __syncwarp", sums.take(), wanted);
  for (dim3 block : {dim3(64), dim3(48, 2), dim3(64, 1)}) {
    int n = static_cast<int>(block.x * block.y);
    std::vector<unsigned> votes(2 * n);
    for (int t = 0; t < n; ++t) {
      int lane = t & 31, warp = t - lane;
      bool in = t % static_cast<int>(block.x) < 32;
      for (int l = 0; l < 32 && warp + l < n; ++l) {
        bool its = (warp + l) % static_cast<int>(block.x) < 32;
        // Who is in the first columns votes twice; the others' only vote meets their first one.
        if (in && (its ? l & 1 : l & 2))
          votes[2 * t] |= 1u << l;
        bool together = in ? its : true; // threads outside are gone when those inside vote again
        bool split = false;
        for (int k = 0; k < 32 && warp + k < n; ++k)
          split |= ((warp + k) % static_cast<int>(block.x) < 32) != in;
        if (!split ? l & 2 : in ? together && (l & 2) : its ? l & 1 : l & 2)
          votes[2 * t + 1] |= 1u << l;
      }
    }
    Buffer<unsigned> got(std::vector<unsigned>(2 * n, 0));
    first_columns<<<1, block>>>(got.get());
    CUDA_OK(cudaDeviceSynchronize());
    expect_equal("first columns", got.take(), votes);
  }
  return passed("divergent_warps", std::to_string(threads) + " threads");
}
