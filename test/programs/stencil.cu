// 2-D convolution with a 5x5 filter in constant memory, clamped at the borders. The filter is set by cudaMemcpyToSymbol over
// its initial value; a second constant array keeps its initialiser.
#include "program.h"

constexpr int radius = 2, side = 2 * radius + 1;
__constant__ int filter[side][side] = {{1}};
__constant__ float scale[3] = {0.5f, 0.25f, 2.0f};

__global__ void stencil(const int *in, float *out, int width, int height) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height)
    return;
  int sum = 0;
  for (int dy = -radius; dy <= radius; ++dy)
    for (int dx = -radius; dx <= radius; ++dx) {
      int sx = min(max(x + dx, 0), width - 1), sy = min(max(y + dy, 0), height - 1);
      sum += filter[dy + radius][dx + radius] * in[sy * width + sx];
    }
  out[y * width + x] = static_cast<float>(sum) * scale[(x + y) % 3];
}

int main(int argc, char **argv) {
  int width = argument(argc, argv, 1, 101), height = argument(argc, argv, 2, 67);
  std::vector<int> in(width * height);
  Random random(7);
  for (int &v : in)
    v = random.between(-1000, 1000);
  Buffer<int> din(in);
  Buffer<float> dout(in.size());

  int taps[side][side] = {{1}};
  const float scales[3] = {0.5f, 0.25f, 2.0f};
  auto expected = [&] {
    std::vector<float> want(in.size());
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        int sum = 0;
        for (int dy = -radius; dy <= radius; ++dy)
          for (int dx = -radius; dx <= radius; ++dx) {
            int sx = std::min(std::max(x + dx, 0), width - 1), sy = std::min(std::max(y + dy, 0), height - 1);
            sum += taps[dy + radius][dx + radius] * in[sy * width + sx];
          }
        want[y * width + x] = static_cast<float>(sum) * scales[(x + y) % 3];
      }
    return want;
  };
  dim3 block(16, 8), grid((width + 15) / 16, (height + 7) / 8);
  stencil<<<grid, block>>>(din.get(), dout.get(), width, height);
  CUDA_LAUNCHED();
  expect_equal("initial filter", dout.take(), expected());

  for (auto &row : taps)
    for (int &tap : row)
      tap = random.between(-9, 9);
  CUDA_OK(cudaMemcpyToSymbol(filter, taps, sizeof taps));
  stencil<<<grid, block>>>(din.get(), dout.get(), width, height);
  CUDA_LAUNCHED();
  expect_equal("filter set by the host", dout.take(), expected());

  int back[side][side];
  CUDA_OK(cudaMemcpyFromSymbol(back, filter, sizeof back));
  EXPECT(std::memcmp(back, taps, sizeof back) == 0);
  return passed("stencil", std::to_string(width) + "x" + std::to_string(height));
}
