// Warp-level operations in uniform flow: shuffles of every kind and width, ballots, votes, lane numbers, block-wide votes. A block has
// three warps, so that on a 64-lane wave two warps share a wave and one stands alone.
#include "program.h"

constexpr int threads = 96, columns = 14;

__global__ void warps(const int *in, unsigned *out) {
  int t = threadIdx.x, lane = t & 31;
  int v = in[blockIdx.x * threads + t];
  const unsigned all = 0xffffffffu;
  unsigned r[columns];
  r[0] = __shfl_sync(all, v, 5);
  r[1] = __shfl_sync(all, v, lane + 3, 8);
  r[2] = __shfl_up_sync(all, v, 7);
  r[3] = __shfl_up_sync(all, v, 3, 16);
  r[4] = __shfl_down_sync(all, v, 9);
  r[5] = __shfl_down_sync(all, v, 1, 4);
  r[6] = __shfl_xor_sync(all, v, 31);
  r[7] = __shfl_xor_sync(all, v, 5, 8);
  r[8] = __ballot_sync(all, v & 1);
  r[9] = __any_sync(all, v == 77) + 2 * __all_sync(all, v >= 0) + 4 * __all_sync(all, v < 99);
  r[10] = __syncthreads_count(v % 3 == 0);
  r[11] = (__syncthreads_or(v == 77) != 0) + 2 * (__syncthreads_and(v >= 0) != 0);
  r[12] = __float_as_int(__shfl_xor_sync(all, static_cast<float>(v), 1));
  r[13] = __popc(__ballot_sync(all, v > 50) & ((1u << lane) - 1)); // rank among those above 50
  for (int k = 0; k < columns; ++k)
    out[(blockIdx.x * threads + t) * columns + k] = r[k];
}

int main() {
  const int blocks = 3, n = blocks * threads;
  std::vector<int> in(n);
  Random random(14);
  for (int i = 0; i < n; ++i)
    in[i] = random.between(0, i < threads ? 98 : 100);
  in[threads + 40] = 77;
  std::vector<unsigned> want(n * columns);
  for (int i = 0; i < n; ++i) {
    int lane = i & 31, block = i / threads * threads;
    const int *w = &in[i - lane];
    auto u = [](int v) { return static_cast<unsigned>(v); };
    unsigned *r = &want[i * columns];
    r[0] = u(w[5]);
    r[1] = u(w[(lane & ~7) + ((lane + 3) & 7)]);
    r[2] = u(w[lane >= 7 ? lane - 7 : lane]);
    r[3] = u(w[(lane & 15) >= 3 ? lane - 3 : lane]);
    r[4] = u(w[lane + 9 < 32 ? lane + 9 : lane]);
    r[5] = u(w[(lane & 3) + 1 < 4 ? lane + 1 : lane]);
    r[6] = u(w[lane ^ 31]);
    r[7] = u(w[lane ^ 5]);
    unsigned odd = 0, above = 0, any77 = 0, all0 = 1, all99 = 1, thirds = 0, block77 = 0;
    for (int k = 0; k < 32; ++k) {
      odd |= u(w[k] & 1) << k;
      above |= u(w[k] > 50) << k;
      any77 |= w[k] == 77;
      all0 &= w[k] >= 0;
      all99 &= w[k] < 99;
    }
    for (int k = 0; k < threads; ++k) {
      thirds += in[block + k] % 3 == 0;
      block77 |= in[block + k] == 77;
    }
    r[8] = odd;
    r[9] = any77 + 2 * all0 + 4 * all99;
    r[10] = thirds;
    r[11] = block77 + 2;
    float other = static_cast<float>(w[lane ^ 1]);
    std::memcpy(&r[12], &other, 4);
    r[13] = u(__builtin_popcount(above & ((1u << lane) - 1)));
  }
  Buffer<int> din(in);
  Buffer<unsigned> out(want.size());
  warps<<<blocks, threads>>>(din.get(), out.get());
  CUDA_LAUNCHED();
  expect_equal("results", out.take(), want);
  return passed("warp_operations", "14 operations");
}
