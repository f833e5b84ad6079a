// Products of matrices whose tiles are copied ahead by cp.async, and sums in rounds that an mbarrier separates. The PTX is inline,
// as __pipeline_memcpy_async and cuda::barrier have it.
#include "program.h"

namespace {

__device__ unsigned shared_address(const void *p) {
  unsigned long long address;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(p));
  return static_cast<unsigned>(address);
}

// Copies 16 bytes, or zeros if the source lies outside.
__device__ void copy_ahead(void *to, const void *from, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(inside ? 16 : 0)
               : "memory");
}
__device__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Pending> __device__ void wait() { asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory"); }

/// cuda::barrier<thread_scope_block>.
class Barrier {
public:
  __device__ void init(unsigned threads) {
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(&word_)), "r"(threads) : "memory");
  }
  __device__ unsigned long long arrive() {
    unsigned long long state;
    asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(shared_address(&word_)) : "memory");
    return state;
  }
  __device__ void wait(unsigned long long state) {
    unsigned complete = 0;
    while (!complete)
      asm volatile("{ .reg .pred p; mbarrier.test_wait.shared.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                   : "=r"(complete)
                   : "r"(shared_address(&word_)), "l"(state)
                   : "memory");
  }
  /// The copies of this thread so far count as an arrival when they are done.
  __device__ void arrive_with_copies() {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(&word_)) : "memory");
  }

private:
  unsigned long long word_;
};

constexpr int tile = 16, stages = 3;

// c = a * b, all n by n: the tiles of two steps are under way while a third one is used.
__global__ void multiply(const float *a, const float *b, float *c, int n) {
  __shared__ alignas(16) float as[stages][tile][tile], bs[stages][tile][tile];
  const int row = blockIdx.y * tile, column = blockIdx.x * tile, x = threadIdx.x, y = threadIdx.y;
  const int thread = y * tile + x, steps = (n + tile - 1) / tile;
  auto fetch = [&](int step) {
    const int part = thread % 64, r = part / 4, k = part % 4 * 4, s = step % stages;
    if (thread < 64)
      copy_ahead(&as[s][r][k], &a[(row + r) * n + step * tile + k], row + r < n && step * tile + k < n);
    else if (thread < 128)
      copy_ahead(&bs[s][r][k], &b[(step * tile + r) * n + column + k], step * tile + r < n && column + k < n);
  };
  for (int step = 0; step < stages - 1; ++step) {
    if (step < steps)
      fetch(step);
    commit();
  }
  float sum = 0;
  for (int step = 0; step < steps; ++step) {
    wait<stages - 2>();
    __syncthreads();
    if (step + stages - 1 < steps)
      fetch(step + stages - 1);
    commit();
    for (int k = 0; k < tile; ++k)
      sum = fmaf(as[step % stages][y][k], bs[step % stages][k][x], sum);
  }
  if (row + y < n && column + x < n)
    c[(row + y) * n + column + x] = sum;
}

// Each round a thread adds up what another one has copied; one barrier says that copies are done, one that they are used.
__global__ void rounds(const int *in, int *out, int count) {
  __shared__ int buffer[1024];
  __shared__ Barrier full, used;
  const int threads = blockDim.x, t = threadIdx.x;
  if (t == 0) {
    full.init(2 * threads);
    used.init(threads);
  }
  __syncthreads();
  int sum = 0;
  for (int round = 0; round < count; ++round) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(&buffer[t])), "l"(&in[round * threads + t])
                 : "memory");
    full.arrive_with_copies();
    full.wait(full.arrive());
    sum = 3 * sum + buffer[(t * 7 + round) % threads];
    used.wait(used.arrive());
  }
  out[blockIdx.x * threads + t] = sum;
}

void check_rounds(int threads, int count, Random &random) {
  std::vector<int> in(threads * count), want(2 * threads);
  for (int &x : in)
    x = static_cast<int>(random.next() % 1000);
  for (int t = 0; t < threads; ++t) {
    int sum = 0;
    for (int round = 0; round < count; ++round)
      sum = static_cast<int>(3u * static_cast<unsigned>(sum)) + in[round * threads + (t * 7 + round) % threads];
    want[t] = want[threads + t] = sum;
  }
  Buffer<int> din(in), dout(2 * threads);
  rounds<<<2, threads>>>(din.get(), dout.get(), count);
  CUDA_LAUNCHED();
  expect_equal("rounds", dout.take(), want);
}

} // namespace

int main(int argc, char **argv) {
  const int n = argument(argc, argv, 1, 52); // a multiple of 4
  Random random(7);
  std::vector<float> a(n * n), b(n * n), want(n * n);
  for (auto *m : {&a, &b})
    for (float &x : *m)
      x = static_cast<float>(static_cast<int>(random.next() % 17) - 8);
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) {
      float sum = 0;
      for (int k = 0; k < n; ++k)
        sum += a[r * n + k] * b[k * n + c]; // integers: exact
      want[r * n + c] = sum;
    }
  Buffer<float> da(a), db(b), dc(n * n);
  const unsigned blocks = (n + tile - 1) / tile;
  multiply<<<dim3(blocks, blocks), dim3(tile, tile)>>>(da.get(), db.get(), dc.get(), n);
  CUDA_LAUNCHED();
  expect_equal("product", dc.take(), want);
  for (int threads : {32, 96, 256})
    check_rounds(threads, 6, random);
  return passed("pipelines", "n=" + std::to_string(n));
}
