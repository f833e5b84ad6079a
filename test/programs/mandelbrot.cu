// Mandelbrot iteration counts: loops whose length differs from thread to thread. Products and sums are kept from being fused,
// so that the CPU gets the same counts exactly.
#include "program.h"

__global__ void mandelbrot(int *out, int width, int height, int limit) {
  int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= width || py >= height)
    return;
  float cx = __fadd_rn(__fmul_rn(static_cast<float>(px), 3.0f / 128), -2.25f);
  float cy = __fadd_rn(__fmul_rn(static_cast<float>(py), 2.5f / 96), -1.25f);
  float x = 0, y = 0;
  int i = 0;
  for (; i < limit; ++i) {
    float xx = __fmul_rn(x, x), yy = __fmul_rn(y, y);
    if (__fadd_rn(xx, yy) > 4.0f)
      break;
    float xy = __fmul_rn(x, y);
    x = __fadd_rn(__fadd_rn(xx, -yy), cx);
    y = __fadd_rn(__fadd_rn(xy, xy), cy);
  }
  out[py * width + px] = i;
}

static int iterations(int px, int py, int limit) {
  volatile float cx = static_cast<float>(px) * (3.0f / 128), cy = static_cast<float>(py) * (2.5f / 96);
  cx = cx + -2.25f;
  cy = cy + -1.25f;
  float x = 0, y = 0;
  int i = 0;
  for (; i < limit; ++i) {
    volatile float xx = x * x, yy = y * y, xy = x * y; // volatile: rounded, never fused
    if (xx + yy > 4.0f)
      break;
    volatile float difference = xx - yy, twice = xy + xy;
    x = difference + cx;
    y = twice + cy;
  }
  return i;
}

int main(int argc, char **argv) {
  int width = 128, height = 96, limit = argument(argc, argv, 1, 100);
  std::vector<int> want(width * height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      want[y * width + x] = iterations(x, y, limit);
  Buffer<int> out(want.size());
  mandelbrot<<<dim3(width / 32, height / 8), dim3(32, 8)>>>(out.get(), width, height, limit);
  CUDA_LAUNCHED();
  expect_equal("iterations", out.take(), want);
  return passed("mandelbrot", std::to_string(width) + "x" + std::to_string(height));
}
