// Exclusive prefix sum of any length: each block scans its chunk (work-efficient tree in shared memory), the blocks' sums are
// scanned by the same kernel, then added.
#include "program.h"

constexpr int threads = 128, chunk = 2 * threads;

__global__ void scan_chunks(const unsigned *in, unsigned *out, unsigned *sums, int n) {
  __shared__ unsigned s[chunk];
  int t = threadIdx.x, base = blockIdx.x * chunk;
  s[2 * t] = base + 2 * t < n ? in[base + 2 * t] : 0;
  s[2 * t + 1] = base + 2 * t + 1 < n ? in[base + 2 * t + 1] : 0;
  int offset = 1;
  for (int d = threads; d > 0; d /= 2) { // up: sums of ever longer pieces
    __syncthreads();
    if (t < d)
      s[offset * (2 * t + 2) - 1] += s[offset * (2 * t + 1) - 1];
    offset *= 2;
  }
  if (t == 0) {
    sums[blockIdx.x] = s[chunk - 1];
    s[chunk - 1] = 0;
  }
  for (int d = 1; d <= threads; d *= 2) { // down: each piece hands its start to its halves
    offset /= 2;
    __syncthreads();
    if (t < d) {
      unsigned left = s[offset * (2 * t + 1) - 1];
      s[offset * (2 * t + 1) - 1] = s[offset * (2 * t + 2) - 1];
      s[offset * (2 * t + 2) - 1] += left;
    }
  }
  __syncthreads();
  if (base + 2 * t < n)
    out[base + 2 * t] = s[2 * t];
  if (base + 2 * t + 1 < n)
    out[base + 2 * t + 1] = s[2 * t + 1];
}

__global__ void add_sums(unsigned *out, const unsigned *sums, int n) {
  int i = blockIdx.x * chunk + threadIdx.x;
  unsigned sum = sums[blockIdx.x];
  if (i < n)
    out[i] += sum;
  if (i + threads < n)
    out[i + threads] += sum;
}

static void exclusive_scan(const unsigned *in, unsigned *out, int n) {
  int blocks = (n + chunk - 1) / chunk;
  Buffer<unsigned> sums(blocks);
  scan_chunks<<<blocks, threads>>>(in, out, sums.get(), n);
  CUDA_OK(cudaGetLastError());
  if (blocks == 1)
    return;
  Buffer<unsigned> starts(blocks);
  exclusive_scan(sums.get(), starts.get(), blocks);
  add_sums<<<blocks, threads>>>(out, starts.get(), n);
  CUDA_OK(cudaGetLastError());
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 70001); // three levels
  std::vector<unsigned> in(n), want(n);
  Random random(9);
  unsigned sum = 0;
  for (int i = 0; i < n; ++i) {
    in[i] = random.next() % 1000;
    want[i] = sum;
    sum += in[i];
  }
  Buffer<unsigned> din(in), dout(n);
  exclusive_scan(din.get(), dout.get(), n);
  CUDA_LAUNCHED();
  expect_equal("prefix sums", dout.take(), want);
  return passed("scan", "n=" + std::to_string(n));
}
