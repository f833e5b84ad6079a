// CUDA arrays through the runtime API: copies between host, device memory and arrays in all shapes, mipmapped arrays.
#include "program.h"

namespace {

std::vector<unsigned> numbers(size_t n) {
  std::vector<unsigned> v(n);
  for (size_t i = 0; i < n; ++i)
    v[i] = static_cast<unsigned>(i * 2654435761u + 12345);
  return v;
}

__global__ void add(unsigned *data, size_t pitch, int width, int height, unsigned what) {
  int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), y = static_cast<int>(blockIdx.y);
  if (x < width && y < height)
    *reinterpret_cast<unsigned *>(reinterpret_cast<char *>(data) + y * pitch + x * 4) += what;
}

constexpr size_t kWidth = 37, kHeight = 11, kDepth = 5;

void boxes() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned>();
  cudaArray_t a, b;
  CUDA_OK(cudaMallocArray(&a, &format, kWidth, kHeight));
  CUDA_OK(cudaMallocArray(&b, &format, kWidth + 9, kHeight + 4));
  cudaExtent extent;
  cudaChannelFormatDesc got;
  unsigned flags = 99;
  CUDA_OK(cudaArrayGetInfo(&got, &extent, &flags, b));
  EXPECT(got.x == 32 && got.y == 0 && got.f == cudaChannelFormatKindUnsigned);
  EXPECT(extent.width == kWidth + 9 && extent.height == kHeight + 4 && extent.depth == 0 && flags == 0);

  const std::vector<unsigned> in = numbers(kWidth * kHeight);
  std::vector<unsigned> out(in.size()), want = in;
  CUDA_OK(cudaMemcpy2DToArray(a, 0, 0, in.data(), kWidth * 4, kWidth * 4, kHeight, cudaMemcpyHostToDevice));
  CUDA_OK(cudaMemcpy2DArrayToArray(b, 5 * 4, 2, a, 0, 0, kWidth * 4, kHeight));
  // In the order of a stream: out of the array, through a kernel, back into it.
  cudaStream_t stream;
  unsigned *data;
  size_t pitch;
  CUDA_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CUDA_OK(cudaMallocPitch(&data, &pitch, kWidth * 4, kHeight));
  CUDA_OK(cudaMemcpy2DFromArrayAsync(data, pitch, b, 5 * 4, 2, kWidth * 4, kHeight, cudaMemcpyDeviceToDevice, stream));
  add<<<dim3(2, kHeight), 32, 0, stream>>>(data, pitch, kWidth, kHeight, 7);
  CUDA_OK(cudaGetLastError());
  CUDA_OK(cudaMemcpy2DToArrayAsync(a, 0, 0, data, pitch, kWidth * 4, kHeight, cudaMemcpyDeviceToDevice, stream));
  CUDA_OK(cudaStreamSynchronize(stream));
  CUDA_OK(cudaMemcpy2DFromArray(out.data(), kWidth * 4, a, 0, 0, kWidth * 4, kHeight, cudaMemcpyDeviceToHost));
  for (unsigned &v : want)
    v += 7;
  expect_equal("boxes", out, want);

  EXPECT(cudaMemcpy2DToArray(a, 4, 0, in.data(), kWidth * 4, kWidth * 4, 1, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  EXPECT(cudaMemcpy2DToArray(a, 2, 0, in.data(), kWidth * 4, 4, 1, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  EXPECT(cudaMemcpy2DFromArray(out.data(), kWidth * 4, a, 0, kHeight, 4, 1, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
  (void)cudaGetLastError();
  CUDA_OK(cudaFree(data));
  CUDA_OK(cudaStreamDestroy(stream));
  CUDA_OK(cudaFreeArray(a));
  CUDA_OK(cudaFreeArray(b));
}

void volumes() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned>();
  const std::vector<unsigned> in = numbers(kWidth * kHeight * kDepth);
  for (unsigned flags : {cudaArrayDefault, cudaArrayLayered}) {
    cudaArray_t a;
    CUDA_OK(cudaMalloc3DArray(&a, &format, make_cudaExtent(kWidth, kHeight, kDepth), flags));
    cudaMemcpy3DParms to = {};
    to.srcPtr = make_cudaPitchedPtr(const_cast<unsigned *>(in.data()), kWidth * 4, kWidth, kHeight);
    to.dstArray = a;
    to.extent = make_cudaExtent(kWidth, kHeight, kDepth);
    to.kind = cudaMemcpyHostToDevice;
    CUDA_OK(cudaMemcpy3D(&to));
    // A box from (3, 2, 1); extents and positions of arrays count texels.
    constexpr size_t w = 20, h = 6, d = 3;
    std::vector<unsigned> out(w * h * d), want;
    cudaMemcpy3DParms from = {};
    from.srcArray = a;
    from.srcPos = make_cudaPos(3, 2, 1);
    from.dstPtr = make_cudaPitchedPtr(out.data(), w * 4, w, h);
    from.extent = make_cudaExtent(w, h, d);
    from.kind = cudaMemcpyDeviceToHost;
    CUDA_OK(cudaMemcpy3D(&from));
    for (size_t z = 0; z < d; ++z)
      for (size_t y = 0; y < h; ++y)
        for (size_t x = 0; x < w; ++x)
          want.push_back(in[((z + 1) * kHeight + y + 2) * kWidth + x + 3]);
    expect_equal("a box of a volume", out, want);
    from.kind = cudaMemcpyHostToDevice;
    EXPECT(cudaMemcpy3D(&from) != cudaSuccess);
    (void)cudaGetLastError();
    CUDA_OK(cudaFreeArray(a));
  }
}

void mipmaps() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<float4>();
  cudaMipmappedArray_t mips;
  CUDA_OK(cudaMallocMipmappedArray(&mips, &format, make_cudaExtent(16, 12, 0), 3));
  const size_t widths[] = {16, 8, 4}, heights[] = {12, 6, 3};
  cudaArray_t level;
  for (unsigned i = 0; i < 3; ++i) {
    CUDA_OK(cudaGetMipmappedArrayLevel(&level, mips, i));
    const std::vector<float> in(widths[i] * heights[i] * 4, static_cast<float>(i + 1));
    CUDA_OK(cudaMemcpy2DToArray(level, 0, 0, in.data(), widths[i] * 16, widths[i] * 16, heights[i], cudaMemcpyHostToDevice));
  }
  for (unsigned i = 0; i < 3; ++i) {
    CUDA_OK(cudaGetMipmappedArrayLevel(&level, mips, i));
    cudaExtent extent;
    CUDA_OK(cudaArrayGetInfo(nullptr, &extent, nullptr, level));
    EXPECT(extent.width == widths[i] && extent.height == heights[i]);
    const std::vector<float> want(widths[i] * heights[i] * 4, static_cast<float>(i + 1));
    std::vector<float> out(want.size());
    CUDA_OK(cudaMemcpy2DFromArray(out.data(), widths[i] * 16, level, 0, 0, widths[i] * 16, heights[i], cudaMemcpyDeviceToHost));
    expect_equal("mipmap levels", out, want);
  }
  EXPECT(cudaGetMipmappedArrayLevel(&level, mips, 3) == cudaErrorInvalidValue);
  (void)cudaGetLastError();
  CUDA_OK(cudaFreeMipmappedArray(mips));
}

/// The deprecated copies of bytes, which run over the ends of rows.
#if defined(__NVCC__)
#pragma nv_diag_suppress 1444
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
void spans() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned>();
  const size_t n = kWidth * kHeight;
  const std::vector<unsigned> in = numbers(n);
  cudaArray_t a, b;
  CUDA_OK(cudaMallocArray(&a, &format, kWidth, kHeight));
  CUDA_OK(cudaMallocArray(&b, &format, kWidth - 8, kHeight + 6)); // other rows
  CUDA_OK(cudaMemcpyToArray(a, 0, 0, in.data(), n * 4, cudaMemcpyHostToDevice));
  std::vector<unsigned> out(n);
  CUDA_OK(cudaMemcpyFromArray(out.data(), a, 0, 0, n * 4, cudaMemcpyDeviceToHost));
  expect_equal("all of an array", out, in);
  const size_t from = 2 * kWidth + 30, count = 3 * kWidth + 9; // from within a row to within another
  out.assign(count, 0);
  CUDA_OK(cudaMemcpyFromArray(out.data(), a, 30 * 4, 2, count * 4, cudaMemcpyDeviceToHost));
  expect_equal("a span", out, std::vector<unsigned>(in.begin() + from, in.begin() + from + count));
  CUDA_OK(cudaMemcpyArrayToArray(b, 3 * 4, 1, a, 30 * 4, 2, count * 4));
  out.assign(count, 0);
  CUDA_OK(cudaMemcpyFromArray(out.data(), b, 3 * 4, 1, count * 4, cudaMemcpyDeviceToHost));
  expect_equal("a span between arrays", out, std::vector<unsigned>(in.begin() + from, in.begin() + from + count));
  EXPECT(cudaMemcpyFromArray(out.data(), a, 30 * 4, kHeight - 1, 8 * 4, cudaMemcpyDeviceToHost) != cudaSuccess);
  (void)cudaGetLastError();
  CUDA_OK(cudaFreeArray(a));
  CUDA_OK(cudaFreeArray(b));
}

void errors() {
  cudaArray_t a;
  cudaChannelFormatDesc three = {32, 32, 32, 0, cudaChannelFormatKindFloat};
  EXPECT(cudaMallocArray(&a, &three, 8, 8) != cudaSuccess);
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  EXPECT(cudaMallocArray(&a, &format, 0, 8) == cudaErrorInvalidValue);
  EXPECT(cudaMalloc3DArray(&a, &format, make_cudaExtent(8, 9, 6), cudaArrayCubemap) == cudaErrorInvalidValue);
  (void)cudaGetLastError();
  CUDA_OK(cudaFreeArray(nullptr));
}

} // namespace

int main() {
  boxes();
  volumes();
  mipmaps();
  spans();
  errors();
  return passed("arrays", "boxes, volumes, mipmaps, spans");
}
