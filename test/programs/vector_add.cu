// c = a + b, one thread per element, a last block that is not full.
#include "program.h"

__global__ void vector_add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    c[i] = a[i] + b[i];
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 10007);
  std::vector<float> a(n), b(n), want(n);
  Random random(1);
  for (int i = 0; i < n; ++i) {
    a[i] = random.unit() * 100 - 50;
    b[i] = random.unit();
    want[i] = a[i] + b[i];
  }
  Buffer<float> da(a), db(b), dc(n);
  vector_add<<<(n + 255) / 256, 256>>>(da.get(), db.get(), dc.get(), n);
  CUDA_LAUNCHED();
  expect_equal("sum", dc.take(), want);
  return passed("vector_add", "n=" + std::to_string(n));
}
