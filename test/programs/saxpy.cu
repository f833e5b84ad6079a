// y = a x + y with a grid-stride loop: fewer threads than elements.
#include "program.h"

__global__ void saxpy(int n, float a, const float *x, float *y) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = fmaf(a, x[i], y[i]);
}

int main(int argc, char **argv) {
  int n = argument(argc, argv, 1, 20011);
  const float a = 1.7f;
  std::vector<float> x(n), y(n), want(n);
  Random random(2);
  for (int i = 0; i < n; ++i) {
    x[i] = random.unit() * 4 - 2;
    y[i] = random.unit() * 4 - 2;
    want[i] = std::fma(a, x[i], y[i]);
  }
  Buffer<float> dx(x), dy(y);
  saxpy<<<7, 192>>>(n, a, dx.get(), dy.get());
  CUDA_LAUNCHED();
  expect_equal("y", dy.take(), want);
  return passed("saxpy", "n=" + std::to_string(n));
}
