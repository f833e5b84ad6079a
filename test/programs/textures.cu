// Texture objects: every geometry, filter and address mode against the CPU. Coordinates and texels are such that filters give
// exact results.
#include "program.h"

namespace {

template <class T> cudaArray_t array_of(const std::vector<T> &texels, size_t width, size_t height, size_t depth, unsigned flags) {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<T>();
  cudaArray_t array;
  CUDA_OK(cudaMalloc3DArray(&array, &format, make_cudaExtent(width, height, depth), flags));
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(const_cast<T *>(texels.data()), width * sizeof(T), width, height ? height : 1);
  copy.dstArray = array;
  copy.extent = make_cudaExtent(width, height ? height : 1, depth ? depth : 1);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA_OK(cudaMemcpy3D(&copy));
  return array;
}

cudaTextureDesc sampling(cudaTextureAddressMode mode, cudaTextureFilterMode filter, bool normalised) {
  cudaTextureDesc s = {};
  s.addressMode[0] = s.addressMode[1] = s.addressMode[2] = mode;
  s.filterMode = filter;
  s.normalizedCoords = normalised;
  return s;
}

cudaTextureObject_t texture_of(cudaArray_t array, const cudaTextureDesc &s) {
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeArray;
  r.res.array.array = array;
  cudaTextureObject_t texture = 0;
  CUDA_OK(cudaCreateTextureObject(&texture, &r, &s, nullptr));
  return texture;
}

/// What a kernel samples: geometry and coordinates.
enum Kind { Fetch, Flat1D, Flat2D, Volume, Layered1D, Layered2D, Cube, Lod, Gather };

struct Point {
  float x, y, z;
  int layer;
};

template <class T> __global__ void sample(cudaTextureObject_t texture, Kind kind, const Point *points, T *out, int n) {
  int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n)
    return;
  const Point p = points[i];
  switch (kind) {
  case Fetch: out[i] = tex1Dfetch<T>(texture, p.layer); break;
  case Flat1D: out[i] = tex1D<T>(texture, p.x); break;
  case Flat2D: out[i] = tex2D<T>(texture, p.x, p.y); break;
  case Volume: out[i] = tex3D<T>(texture, p.x, p.y, p.z); break;
  case Layered1D: out[i] = tex1DLayered<T>(texture, p.x, p.layer); break;
  case Layered2D: out[i] = tex2DLayered<T>(texture, p.x, p.y, p.layer); break;
  case Cube: out[i] = texCubemap<T>(texture, p.x, p.y, p.z); break;
  case Lod: out[i] = tex2DLod<T>(texture, p.x, p.y, p.z); break;
  default: break;
  }
}

__global__ void gather(cudaTextureObject_t texture, const Point *points, float4 *out, int n) {
  int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n)
    out[i] = tex2Dgather<float4>(texture, points[i].x, points[i].y);
}

template <class T> std::vector<T> sampled(cudaTextureObject_t texture, Kind kind, const std::vector<Point> &points) {
  Buffer<Point> in(points);
  Buffer<T> out(points.size());
  const int n = static_cast<int>(points.size());
  sample<T><<<(n + 63) / 64, 64>>>(texture, kind, in.get(), out.get(), n);
  CUDA_LAUNCHED();
  return out.take();
}

/// The texel index that an address mode makes of i; -1: the border.
int wrapped(int i, int n, cudaTextureAddressMode mode) {
  switch (mode) {
  case cudaAddressModeWrap: return ((i % n) + n) % n;
  case cudaAddressModeMirror: i = ((i % (2 * n)) + 2 * n) % (2 * n); return i < n ? i : 2 * n - 1 - i;
  case cudaAddressModeClamp: return i < 0 ? 0 : i >= n ? n - 1 : i;
  default: return i < 0 || i >= n ? -1 : i;
  }
}

/// A 2-D texture of floats, sampled on the CPU. Coordinates in texels.
float reference(const std::vector<float> &t, int w, int h, float u, float v, cudaTextureAddressMode mode, bool linear) {
  auto texel = [&](int x, int y) {
    x = wrapped(x, w, mode);
    y = wrapped(y, h, mode);
    return x < 0 || y < 0 ? 0.0f : t[static_cast<size_t>(y * w + x)];
  };
  if (!linear)
    return texel(static_cast<int>(std::floor(u)), static_cast<int>(std::floor(v)));
  const float x = std::floor(u - 0.5f), y = std::floor(v - 0.5f), a = u - 0.5f - x, b = v - 0.5f - y;
  const int i = static_cast<int>(x), j = static_cast<int>(y);
  return (1 - a) * (1 - b) * texel(i, j) + a * (1 - b) * texel(i + 1, j) + (1 - a) * b * texel(i, j + 1) +
         a * b * texel(i + 1, j + 1);
}

void flat() {
  constexpr int w = 16, h = 8; // powers of two: normalised coordinates are exact
  std::vector<float> texels;
  for (int i = 0; i < w * h; ++i)
    texels.push_back(static_cast<float>((i * 37) % 256));
  cudaArray_t array = array_of(texels, w, h, 0, cudaArrayTextureGather);
  std::vector<Point> texel_points;
  for (int y = -2 * h * 4; y < 3 * h * 4; y += 3)
    for (int x = -2 * w * 4; x < 3 * w * 4; x += 5)
      texel_points.push_back({static_cast<float>(x) / 4 + 0.125f, static_cast<float>(y) / 4 + 0.125f, 0, 0});
  for (bool normalised : {false, true})
    for (cudaTextureAddressMode mode : {cudaAddressModeWrap, cudaAddressModeClamp, cudaAddressModeMirror, cudaAddressModeBorder})
      for (cudaTextureFilterMode filter : {cudaFilterModePoint, cudaFilterModeLinear}) {
        if (!normalised && (mode == cudaAddressModeWrap || mode == cudaAddressModeMirror))
          continue;
        cudaTextureObject_t texture = texture_of(array, sampling(mode, filter, normalised));
        std::vector<Point> points = texel_points;
        std::vector<float> want;
        for (Point &p : points) {
          want.push_back(reference(texels, w, h, p.x, p.y, mode, filter == cudaFilterModeLinear));
          if (normalised) {
            p.x /= w;
            p.y /= h;
          }
        }
        expect_equal("tex2D", sampled<float>(texture, Flat2D, points), want);
        CUDA_OK(cudaDestroyTextureObject(texture));
      }
  // Gather: the four texels, counter-clockwise from the lower left.
  cudaTextureObject_t texture = texture_of(array, sampling(cudaAddressModeClamp, cudaFilterModePoint, false));
  std::vector<Point> points;
  for (int y = 1; y < h; ++y)
    for (int x = 1; x < w; ++x)
      points.push_back({static_cast<float>(x), static_cast<float>(y), 0, 0});
  Buffer<Point> in(points);
  Buffer<float4> out(points.size());
  gather<<<static_cast<unsigned>(points.size() + 63) / 64, 64>>>(texture, in.get(), out.get(), static_cast<int>(points.size()));
  CUDA_LAUNCHED();
  std::vector<float> got, want;
  for (const float4 &v : out.take())
    got.insert(got.end(), {v.x, v.y, v.z, v.w});
  for (const Point &p : points) {
    const int x = static_cast<int>(p.x) - 1, y = static_cast<int>(p.y) - 1;
    for (int at : {(y + 1) * w + x, (y + 1) * w + x + 1, y * w + x + 1, y * w + x})
      want.push_back(texels[static_cast<size_t>(at)]);
  }
  expect_equal("tex2Dgather", got, want);
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaFreeArray(array));
}

void linear_memory() {
  std::vector<int> texels;
  for (int i = 0; i < 100; ++i)
    texels.push_back(i * i - 50);
  Buffer<int> memory(texels);
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = memory.get();
  r.res.linear.desc = cudaCreateChannelDesc<int>();
  r.res.linear.sizeInBytes = 400;
  const cudaTextureDesc s = {};
  cudaTextureObject_t texture;
  CUDA_OK(cudaCreateTextureObject(&texture, &r, &s, nullptr));
  std::vector<Point> points;
  for (int i = -3; i < 103; ++i)
    points.push_back({0, 0, 0, i});
  std::vector<int> want;
  for (const Point &p : points)
    want.push_back(p.layer < 0 || p.layer >= 100 ? 0 : texels[static_cast<size_t>(p.layer)]);
  expect_equal("tex1Dfetch", sampled<int>(texture, Fetch, points), want);
  CUDA_OK(cudaDestroyTextureObject(texture));

  // Pitched memory of bytes, read as fractions.
  uchar4 *pitched;
  size_t pitch;
  constexpr int w = 12, h = 6;
  CUDA_OK(cudaMallocPitch(&pitched, &pitch, w * 4, h));
  std::vector<uchar4> bytes;
  for (int i = 0; i < w * h; ++i)
    bytes.push_back(make_uchar4(static_cast<unsigned char>(i), static_cast<unsigned char>(255 - i), 255, 0));
  CUDA_OK(cudaMemcpy2D(pitched, pitch, bytes.data(), w * 4, w * 4, h, cudaMemcpyHostToDevice));
  r = {};
  r.resType = cudaResourceTypePitch2D;
  r.res.pitch2D.devPtr = pitched;
  r.res.pitch2D.desc = cudaCreateChannelDesc<uchar4>();
  r.res.pitch2D.width = w;
  r.res.pitch2D.height = h;
  r.res.pitch2D.pitchInBytes = pitch;
  cudaTextureDesc fractions = sampling(cudaAddressModeClamp, cudaFilterModePoint, false);
  fractions.readMode = cudaReadModeNormalizedFloat;
  CUDA_OK(cudaCreateTextureObject(&texture, &r, &fractions, nullptr));
  points.clear();
  std::vector<float> wanted, got;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      points.push_back({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f, 0, 0});
      const int i = y * w + x;
      for (int c : {i, 255 - i, 255, 0})
        wanted.push_back(static_cast<float>(c) / 255.0f);
    }
  for (const float4 &v : sampled<float4>(texture, Flat2D, points))
    got.insert(got.end(), {v.x, v.y, v.z, v.w});
  expect_close("bytes as fractions", got, wanted, 1e-6);
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaFree(pitched));
}

void other_geometries() {
  constexpr int w = 8, h = 4, d = 6;
  std::vector<float> texels;
  for (int i = 0; i < w * h * d; ++i)
    texels.push_back(static_cast<float>(i));
  const cudaTextureDesc point = sampling(cudaAddressModeClamp, cudaFilterModePoint, false);
  std::vector<Point> points;
  for (int z = 0; z < d; ++z)
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        points.push_back({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.25f, static_cast<float>(z) + 0.75f, z});
  for (Kind kind : {Volume, Layered2D}) {
    cudaArray_t array = array_of(texels, w, h, d, kind == Volume ? cudaArrayDefault : cudaArrayLayered);
    cudaTextureObject_t texture = texture_of(array, point);
    expect_equal("tex3D, tex2DLayered", sampled<float>(texture, kind, points), texels);
    CUDA_OK(cudaDestroyTextureObject(texture));
    CUDA_OK(cudaFreeArray(array));
  }
  std::vector<float> lines(texels.begin(), texels.begin() + w * d);
  cudaArray_t array = array_of(lines, w, 0, d, cudaArrayLayered);
  cudaTextureObject_t texture = texture_of(array, point);
  points.clear();
  for (int z = 0; z < d; ++z)
    for (int x = 0; x < w; ++x)
      points.push_back({static_cast<float>(x) + 0.5f, 0, 0, z});
  expect_equal("tex1DLayered", sampled<float>(texture, Layered1D, points), lines);
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaFreeArray(array));

  // The centres of a cube's faces, in the order of the layers.
  std::vector<float> faces;
  for (int face = 0; face < 6; ++face)
    faces.insert(faces.end(), 9, static_cast<float>(face + 10));
  array = array_of(faces, 3, 3, 6, cudaArrayCubemap);
  texture = texture_of(array, sampling(cudaAddressModeClamp, cudaFilterModePoint, true));
  points = {{2, 0.5f, -0.5f, 0}, {-2, 0.5f, -0.5f, 0}, {0.5f, 3, 1, 0}, {0.5f, -3, 1, 0}, {0.1f, 0.2f, 1, 0}, {0.1f, 0.2f, -1, 0}};
  expect_equal("texCubemap", sampled<float>(texture, Cube, points), std::vector<float>{10, 11, 12, 13, 14, 15});
  CUDA_OK(cudaDestroyTextureObject(texture));
  // On edges two faces count alike, and at corners three, if the cube is seamless.
  cudaTextureDesc smooth = sampling(cudaAddressModeBorder, cudaFilterModeLinear, true);
  smooth.seamlessCubemap = 1;
  texture = texture_of(array, smooth);
  points = {{1, 0.1f, 1, 0}, {1, 0.1f, -1, 0}, {0.1f, 1, 1, 0}, {-1, -1, 0.2f, 0}, {1, 1, 1, 0}, {-1, -1, -1, 0}};
  expect_equal("seamless texCubemap", sampled<float>(texture, Cube, points), std::vector<float>{12, 12.5f, 13, 12, 12, 13});
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaFreeArray(array));
}

void mipmaps() {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
  cudaMipmappedArray_t mips;
  CUDA_OK(cudaMallocMipmappedArray(&mips, &format, make_cudaExtent(8, 8, 0), 4));
  for (unsigned i = 0; i < 4; ++i) {
    cudaArray_t level;
    CUDA_OK(cudaGetMipmappedArrayLevel(&level, mips, i));
    const std::vector<float> texels((8 >> i) * (8 >> i), static_cast<float>(100 * i));
    CUDA_OK(cudaMemcpy2DToArray(level, 0, 0, texels.data(), (8 >> i) * 4, (8 >> i) * 4, 8 >> i, cudaMemcpyHostToDevice));
  }
  cudaResourceDesc r = {};
  r.resType = cudaResourceTypeMipmappedArray;
  r.res.mipmap.mipmap = mips;
  cudaTextureDesc s = sampling(cudaAddressModeClamp, cudaFilterModePoint, true);
  s.mipmapFilterMode = cudaFilterModeLinear;
  s.maxMipmapLevelClamp = 2.5f;
  cudaTextureObject_t texture;
  CUDA_OK(cudaCreateTextureObject(&texture, &r, &s, nullptr));
  std::vector<Point> points;
  for (float level : {0.0f, 0.25f, 1.0f, 1.5f, 2.0f, 3.0f})
    points.push_back({0.5f, 0.5f, level, 0});
  expect_equal("tex2DLod", sampled<float>(texture, Lod, points), std::vector<float>{0, 25, 100, 150, 200, 250});
  CUDA_OK(cudaDestroyTextureObject(texture));
  CUDA_OK(cudaFreeMipmappedArray(mips));
}

} // namespace

int main() {
  flat();
  linear_memory();
  other_geometries();
  mipmaps();
  return passed("textures", "flat, linear, layered, volumes, cubes, mipmaps, gather");
}
