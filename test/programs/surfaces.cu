// Surface objects: what one kernel writes, another reads, through surfaces, a texture and copies.
#include "program.h"

namespace {

cudaSurfaceObject_t surface_of(cudaArray_t array) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = array;
  cudaSurfaceObject_t surface = 0;
  CUDA_OK(cudaCreateSurfaceObject(&surface, &r));
  return surface;
}

constexpr int kWidth = 23, kHeight = 9, kDepth = 4;

__device__ unsigned value(int x, int y, int z) { return static_cast<unsigned>(x + 100 * y + 10000 * z); }

__global__ void write_2d(cudaSurfaceObject_t surface) {
  int x = static_cast<int>(threadIdx.x), y = static_cast<int>(blockIdx.x);
  if (x < kWidth)
    surf2Dwrite(value(x, y, 0), surface, x * 4, y);
}
/// Each texel twice and one more.
__global__ void change_2d(cudaSurfaceObject_t surface) {
  int x = static_cast<int>(threadIdx.x), y = static_cast<int>(blockIdx.x);
  if (x < kWidth)
    surf2Dwrite(2 * surf2Dread<unsigned>(surface, x * 4, y) + 1, surface, x * 4, y);
}
__global__ void write_3d(cudaSurfaceObject_t volume, cudaSurfaceObject_t layers) {
  int x = static_cast<int>(threadIdx.x), y = static_cast<int>(blockIdx.x), z = static_cast<int>(blockIdx.y);
  if (x < kWidth) {
    surf3Dwrite(value(x, y, z), volume, x * 4, y, z);
    surf2DLayeredwrite(surf3Dread<unsigned>(volume, x * 4, y, z) + 5, layers, x * 4, y, z);
  }
}
__global__ void vectors(cudaSurfaceObject_t surface) {
  int x = static_cast<int>(threadIdx.x);
  float f = static_cast<float>(x);
  surf1Dwrite(make_float4(f, f + 0.25f, f + 0.5f, f + 0.75f), surface, x * 16);
  float4 v = surf1Dread<float4>(surface, x * 16);
  surf1Dwrite(make_float4(v.w, v.z, v.y, v.x), surface, x * 16);
}
__global__ void through_texture(cudaTextureObject_t texture, unsigned *out) {
  int x = static_cast<int>(threadIdx.x), y = static_cast<int>(blockIdx.x);
  if (x < kWidth)
    out[y * kWidth + x] = tex2D<unsigned>(texture, static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
}

unsigned expected(int x, int y, int z) { return static_cast<unsigned>(x + 100 * y + 10000 * z); }

void flat() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned>();
  cudaArray_t array;
  CUDA_OK(cudaMallocArray(&array, &format, kWidth, kHeight, cudaArraySurfaceLoadStore));
  cudaSurfaceObject_t surface = surface_of(array);
  write_2d<<<kHeight, 32>>>(surface);
  change_2d<<<kHeight, 32>>>(surface);
  CUDA_LAUNCHED();
  std::vector<unsigned> got(kWidth * kHeight), want;
  CUDA_OK(cudaMemcpy2DFromArray(got.data(), kWidth * 4, array, 0, 0, kWidth * 4, kHeight, cudaMemcpyDeviceToHost));
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x)
      want.push_back(2 * expected(x, y, 0) + 1);
  expect_equal("surf2D", got, want);
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = array;
  const cudaTextureDesc s = {};
  cudaTextureObject_t texture;
  CUDA_OK(cudaCreateTextureObject(&texture, &r, &s, nullptr));
  Buffer<unsigned> out(want.size());
  through_texture<<<kHeight, 32>>>(texture, out.get());
  CUDA_LAUNCHED();
  expect_equal("a surface through a texture", out.take(), want);
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaDestroySurfaceObject(surface));
  CUDA_OK(cudaFreeArray(array));
}

void volumes() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<unsigned>();
  cudaArray_t volume, layers;
  const cudaExtent extent = make_cudaExtent(kWidth, kHeight, kDepth);
  CUDA_OK(cudaMalloc3DArray(&volume, &format, extent, cudaArraySurfaceLoadStore));
  CUDA_OK(cudaMalloc3DArray(&layers, &format, extent, cudaArraySurfaceLoadStore | cudaArrayLayered));
  cudaSurfaceObject_t a = surface_of(volume), b = surface_of(layers);
  write_3d<<<dim3(kHeight, kDepth), 32>>>(a, b);
  CUDA_LAUNCHED();
  std::vector<unsigned> want;
  for (int z = 0; z < kDepth; ++z)
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x)
        want.push_back(expected(x, y, z));
  for (cudaArray_t array : {volume, layers}) {
    std::vector<unsigned> got(want.size());
    cudaMemcpy3DParms copy = {};
    copy.srcArray = array;
    copy.dstPtr = make_cudaPitchedPtr(got.data(), kWidth * 4, kWidth, kHeight);
    copy.extent = extent;
    copy.kind = cudaMemcpyDeviceToHost;
    CUDA_OK(cudaMemcpy3D(&copy));
    expect_equal("surf3D, surf2DLayered", got, want);
    for (unsigned &v : want)
      v += 5;
  }
  CUDA_OK(cudaDestroySurfaceObject(a));
  CUDA_OK(cudaDestroySurfaceObject(b));
  CUDA_OK(cudaFreeArray(volume));
  CUDA_OK(cudaFreeArray(layers));
}

void lines() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<float4>();
  cudaArray_t array;
  CUDA_OK(cudaMallocArray(&array, &format, 32, 0, cudaArraySurfaceLoadStore));
  cudaSurfaceObject_t surface = surface_of(array);
  vectors<<<1, 32>>>(surface);
  CUDA_LAUNCHED();
  std::vector<float> got(128), want;
  CUDA_OK(cudaMemcpy2DFromArray(got.data(), 512, array, 0, 0, 512, 1, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 32; ++i)
    for (float f : {0.75f, 0.5f, 0.25f, 0.0f})
      want.push_back(static_cast<float>(i) + f);
  expect_equal("surf1D of float4", got, want);
  CUDA_OK(cudaDestroySurfaceObject(surface));
  cudaArray_t plain;
  CUDA_OK(cudaMallocArray(&plain, &format, 32));
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = plain; // not made for surfaces
  EXPECT(cudaCreateSurfaceObject(&surface, &r) == cudaErrorInvalidValue);
  (void)cudaGetLastError();
  CUDA_OK(cudaFreeArray(plain));
  CUDA_OK(cudaFreeArray(array));
}

} // namespace

int main() {
  flat();
  volumes();
  lines();
  return passed("surfaces", "1d, 2d, 3d, layered");
}
