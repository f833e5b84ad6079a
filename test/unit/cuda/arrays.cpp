// CUDA arrays through libcuda.so.1: creation by the rules of cuArray3DCreate, descriptors, copies
// in every direction and shape, mipmapped arrays, errors.
#include "test/unit/cuda/in_context.h"

#include <cstdint>
#include <numeric>
#include <vector>

namespace {

CUDA_ARRAY3D_DESCRIPTOR describe(size_t width, size_t height, size_t depth, unsigned flags = 0,
                                 CUarray_format format = CU_AD_FORMAT_FLOAT,
                                 unsigned channels = 1) {
  return {width, height, depth, format, channels, flags};
}

CUresult create(const CUDA_ARRAY3D_DESCRIPTOR &d) {
  CUarray array = nullptr;
  CUresult result = cuArray3DCreate_v2(&array, &d);
  if (result == CUDA_SUCCESS)
    CHECK_CU(cuArrayDestroy(array));
  return result;
}

void test_creation() {
  constexpr unsigned layered = CUDA_ARRAY3D_LAYERED, cube = CUDA_ARRAY3D_CUBEMAP,
                     surface = CUDA_ARRAY3D_SURFACE_LDST, gather = CUDA_ARRAY3D_TEXTURE_GATHER;
  const CUDA_ARRAY3D_DESCRIPTOR good[] = {
      describe(131072, 0, 0),
      describe(7, 5, 0),
      describe(131072, 1, 0, surface),
      describe(3, 4, 5),
      describe(1, 1, 32768), // the alternate limits of volumes
      describe(9, 0, 2048, layered),
      describe(9, 3, 4, layered | surface),
      describe(8, 8, 6, cube),
      describe(8, 8, 12, cube | layered | surface),
      describe(8, 9, 0, gather),
      describe(8, 8, 0, 0, CU_AD_FORMAT_HALF, 4),
      describe(8, 8, 0, 0, CU_AD_FORMAT_UNORM_INT8X2, 2),
  };
  for (const auto &d : good)
    CHECK_CU(create(d));
  const CUDA_ARRAY3D_DESCRIPTOR bad[] = {
      describe(0, 0, 0),
      describe(131073, 0, 0),
      describe(32769, 0, 0, surface), // surfaces of one dimension are smaller
      describe(4, 65537, 0),
      describe(4, 0, 4), // neither a volume nor layers
      describe(16385, 1, 1),
      describe(1, 1, 32769),
      describe(9, 0, 2049, layered),
      describe(8, 7, 6, cube),
      describe(8, 8, 5, cube),
      describe(8, 8, 12, cube),
      describe(8, 8, 10, cube | layered),
      describe(8, 8, 8, gather),
      describe(32769, 8, 0, gather),
      describe(8, 8, 0, 0, CU_AD_FORMAT_FLOAT, 3),
      describe(8, 8, 0, 0, CU_AD_FORMAT_UNORM_INT8X2, 4),
      describe(8, 8, 0, 0, static_cast<CUarray_format>(77)),
      describe(8, 8, 0, 0x1000),
  };
  for (const auto &d : bad)
    CHECK(create(d) == CUDA_ERROR_INVALID_VALUE);
  const CUDA_ARRAY3D_DESCRIPTOR refused[] = {
      describe(8, 8, 0, CUDA_ARRAY3D_SPARSE),
      describe(8, 8, 0, CUDA_ARRAY3D_DEFERRED_MAPPING),
      describe(8, 8, 0, CUDA_ARRAY3D_DEPTH_TEXTURE),
      describe(8, 8, 0, 0, CU_AD_FORMAT_NV12, 3),
      describe(8, 8, 0, 0, CU_AD_FORMAT_BC1_UNORM, 4),
      describe(8, 8, 0, 0, CU_AD_FORMAT_UNORM_INT_101010_2, 4),
  };
  for (const auto &d : refused)
    CHECK(create(d) == CUDA_ERROR_NOT_SUPPORTED);
  CUarray array = nullptr;
  const auto d = describe(4, 4, 0);
  CHECK(cuArray3DCreate_v2(nullptr, &d) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuArray3DCreate_v2(&array, nullptr) == CUDA_ERROR_INVALID_VALUE);
}

void test_descriptors() {
  CUarray array = nullptr;
  const CUDA_ARRAY_DESCRIPTOR flat{31, 0, CU_AD_FORMAT_SIGNED_INT16, 2};
  CHECK_CU(cuArrayCreate_v2(&array, &flat));
  CUDA_ARRAY_DESCRIPTOR got{};
  CHECK_CU(cuArrayGetDescriptor_v2(&got, array));
  CHECK(got.Width == 31);
  CHECK(got.Height == 0);
  CHECK(got.Format == CU_AD_FORMAT_SIGNED_INT16);
  CHECK(got.NumChannels == 2);
  CUDA_ARRAY3D_DESCRIPTOR got3{};
  CHECK_CU(cuArray3DGetDescriptor_v2(&got3, array));
  CHECK(got3.Width == 31);
  CHECK(got3.Depth == 0);
  CHECK(got3.Flags == 0);
  CUDA_ARRAY_SPARSE_PROPERTIES sparse;
  CUDA_ARRAY_MEMORY_REQUIREMENTS requirements;
  CUarray plane;
  CHECK(cuArrayGetSparseProperties(&sparse, array) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuArrayGetMemoryRequirements(&requirements, array, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuArrayGetPlane(&plane, array, 0) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuArrayDestroy(array));
  CHECK(cuArrayDestroy(array) == CUDA_ERROR_INVALID_HANDLE);
  CHECK(cuArrayGetDescriptor_v2(&got, array) == CUDA_ERROR_INVALID_HANDLE);
}

std::vector<uint32_t> numbers(size_t count, uint32_t first = 1) {
  std::vector<uint32_t> v(count);
  std::iota(v.begin(), v.end(), first);
  return v;
}

/// Host -> array -> device memory -> a box of a second array -> host.
void test_boxes(bool async) {
  constexpr size_t w = 13, h = 7, d = 5;
  CUstream stream = nullptr;
  CHECK_CU(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  auto copy = [&](const CUDA_MEMCPY3D &c) {
    CHECK_CU(async ? cuMemcpy3DAsync_v2(&c, stream) : cuMemcpy3D_v2(&c));
  };
  CUarray first = nullptr, second = nullptr;
  auto description = describe(w, h, d, 0, CU_AD_FORMAT_UNSIGNED_INT32);
  CHECK_CU(cuArray3DCreate_v2(&first, &description));
  description = describe(w + 3, h + 2, d + 1, CUDA_ARRAY3D_LAYERED, CU_AD_FORMAT_SIGNED_INT32);
  CHECK_CU(cuArray3DCreate_v2(&second, &description));
  const auto source = numbers(w * h * d);
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = CU_MEMORYTYPE_HOST;
  c.srcHost = source.data();
  c.srcPitch = w * 4;
  c.srcHeight = h;
  c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.dstArray = first;
  c.WidthInBytes = w * 4;
  c.Height = h;
  c.Depth = d;
  copy(c);

  // All of the first array into the second, at (3, 2, 1).
  c = {};
  c.srcMemoryType = c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.srcArray = first;
  c.dstArray = second;
  c.dstXInBytes = 12;
  c.dstY = 2;
  c.dstZ = 1;
  c.WidthInBytes = w * 4;
  c.Height = h;
  c.Depth = d;
  copy(c);

  // A box of it to device memory, from there to the host.
  CUdeviceptr memory = 0;
  size_t pitch = 0;
  constexpr size_t bw = 6, bh = 4, bd = 3;
  CHECK_CU(cuMemAllocPitch_v2(&memory, &pitch, bw * 4, bh * bd, 4));
  c = {};
  c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  c.srcArray = second;
  c.srcXInBytes = 5 * 4;
  c.srcY = 3;
  c.srcZ = 2;
  c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  c.dstDevice = memory;
  c.dstPitch = pitch;
  c.dstHeight = bh;
  c.WidthInBytes = bw * 4;
  c.Height = bh;
  c.Depth = bd;
  copy(c);
  std::vector<uint32_t> result(bw * bh * bd);
  CUDA_MEMCPY2D out{};
  out.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  out.srcDevice = memory;
  out.srcPitch = pitch;
  out.dstMemoryType = CU_MEMORYTYPE_HOST;
  out.dstHost = result.data();
  out.dstPitch = bw * 4;
  out.WidthInBytes = bw * 4;
  out.Height = bh * bd;
  CHECK_CU(cuMemcpy2DAsync_v2(&out, async ? stream : nullptr));
  CHECK_CU(cuStreamSynchronize(async ? stream : nullptr));
  for (size_t z = 0; z < bd; ++z)
    for (size_t y = 0; y < bh; ++y)
      for (size_t x = 0; x < bw; ++x)
        CHECK(result[(z * bh + y) * bw + x] == source[((z + 1) * h + y + 1) * w + x + 2]);

  // Positions that are no texel's, boxes that stick out, no array.
  auto refused = [&](auto change, CUresult expected) {
    CUDA_MEMCPY3D bad = c;
    change(bad);
    CHECK(cuMemcpy3D_v2(&bad) == expected);
  };
  refused([](auto &b) { b.srcXInBytes = 3; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.WidthInBytes = 7; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcXInBytes = 11 * 4; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcY = 6; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcZ = 4; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcZ = SIZE_MAX; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcLOD = 1; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.srcArray = nullptr; }, CUDA_ERROR_INVALID_HANDLE);
  CHECK_CU(cuMemFree_v2(memory));
  CHECK_CU(cuArrayDestroy(first));
  CHECK_CU(cuArrayDestroy(second));
  CHECK_CU(cuStreamDestroy_v2(stream));
}

void test_rows() {
  CUarray a = nullptr, b = nullptr, flat = nullptr;
  auto description = describe(64, 0, 0, 0, CU_AD_FORMAT_UNSIGNED_INT16, 2);
  CHECK_CU(cuArray3DCreate_v2(&a, &description));
  description = describe(64, 1, 0, 0, CU_AD_FORMAT_UNSIGNED_INT32);
  CHECK_CU(cuArray3DCreate_v2(&b, &description));
  description = describe(8, 8, 0);
  CHECK_CU(cuArray3DCreate_v2(&flat, &description));
  CUdeviceptr memory = 0;
  CHECK_CU(cuMemAlloc_v2(&memory, 256));
  const auto source = numbers(64, 1000);
  std::vector<uint32_t> result(64);
  CHECK_CU(cuMemcpyHtoA_v2(a, 0, source.data(), 256));
  CHECK_CU(cuMemcpyAtoA_v2(b, 4, a, 8, 62 * 4));
  CHECK_CU(cuMemcpyAtoD_v2(memory, b, 8, 40));
  CHECK_CU(cuMemcpyDtoA_v2(a, 20, memory, 40));
  CHECK_CU(cuMemcpyAtoH_v2(result.data(), a, 0, 256));
  for (size_t i = 0; i < 64; ++i)
    CHECK(result[i] == (i >= 5 && i < 15 ? source[i - 5 + 3] : source[i]));
  CHECK_CU(cuMemcpyHtoAAsync_v2(b, 0, source.data(), 256, nullptr));
  CHECK_CU(cuMemcpyAtoHAsync_v2(result.data(), b, 0, 256, nullptr));
  CHECK_CU(cuCtxSynchronize());
  CHECK(result == source);
  CHECK(cuMemcpyHtoA_v2(a, 4, source.data(), 256) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuMemcpyHtoA_v2(a, 2, source.data(), 4) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuMemcpyHtoA_v2(flat, 0, source.data(), 4) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuMemcpyHtoA_v2(nullptr, 0, source.data(), 4) == CUDA_ERROR_INVALID_HANDLE);
  for (CUarray array : {a, b, flat})
    CHECK_CU(cuArrayDestroy(array));
  CHECK_CU(cuMemFree_v2(memory));
}

void test_mipmaps() {
  CUmipmappedArray mips = nullptr;
  auto description = describe(20, 6, 0, CUDA_ARRAY3D_SURFACE_LDST, CU_AD_FORMAT_UNSIGNED_INT8, 4);
  CHECK_CU(cuMipmappedArrayCreate(&mips, &description, 99)); // clamped to 5
  CUarray level = nullptr;
  CHECK(cuMipmappedArrayGetLevel(&level, mips, 5) == CUDA_ERROR_INVALID_VALUE);
  const size_t widths[] = {20, 10, 5, 2, 1}, heights[] = {6, 3, 1, 1, 1};
  for (unsigned i = 0; i < 5; ++i) {
    CHECK_CU(cuMipmappedArrayGetLevel(&level, mips, i));
    CUDA_ARRAY3D_DESCRIPTOR got{};
    CHECK_CU(cuArray3DGetDescriptor_v2(&got, level));
    CHECK(got.Width == widths[i]);
    CHECK(got.Height == heights[i]);
    CHECK(got.Flags == CUDA_ARRAY3D_SURFACE_LDST);
    const std::vector<uint32_t> texels(widths[i] * heights[i], 0x01010101 * i);
    CUDA_MEMCPY2D c{};
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = texels.data();
    c.srcPitch = widths[i] * 4;
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    c.dstArray = level;
    c.WidthInBytes = widths[i] * 4;
    c.Height = heights[i];
    CHECK_CU(cuMemcpy2D_v2(&c));
  }
  // No level has overwritten another.
  for (unsigned i = 0; i < 5; ++i) {
    CHECK_CU(cuMipmappedArrayGetLevel(&level, mips, i));
    uint32_t corner = 0;
    CUDA_MEMCPY2D c{};
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    c.srcArray = level;
    c.srcXInBytes = (widths[i] - 1) * 4;
    c.srcY = heights[i] - 1;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = &corner;
    c.WidthInBytes = 4;
    c.Height = 1;
    CHECK_CU(cuMemcpy2D_v2(&c));
    CHECK(corner == 0x01010101 * i);
  }
  CHECK(cuArrayDestroy(level) == CUDA_ERROR_INVALID_HANDLE); // it goes with the mipmapped array
  CHECK_CU(cuMipmappedArrayDestroy(mips));
  CHECK(cuMipmappedArrayDestroy(mips) == CUDA_ERROR_INVALID_HANDLE);
  CUDA_ARRAY3D_DESCRIPTOR got{};
  CHECK(cuArray3DGetDescriptor_v2(&got, level) == CUDA_ERROR_INVALID_HANDLE);

  // Layers stay, slices of a volume shrink.
  description = describe(4, 4, 16);
  CHECK_CU(cuMipmappedArrayCreate(&mips, &description, 5));
  CHECK_CU(cuMipmappedArrayGetLevel(&level, mips, 4));
  CHECK_CU(cuArray3DGetDescriptor_v2(&got, level));
  CHECK(got.Width == 1);
  CHECK(got.Depth == 1);
  CHECK_CU(cuMipmappedArrayDestroy(mips));
  description = describe(4, 4, 16, CUDA_ARRAY3D_LAYERED);
  CHECK_CU(cuMipmappedArrayCreate(&mips, &description, 5));
  CHECK(cuMipmappedArrayGetLevel(&level, mips, 3) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuMipmappedArrayGetLevel(&level, mips, 2));
  CHECK_CU(cuArray3DGetDescriptor_v2(&got, level));
  CHECK(got.Depth == 16);
  // The rest of them goes with the context.
}

void test_limits() {
  int value = 0;
  CHECK_CU(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH, 0));
  CHECK(value == 131072);
  CHECK_CU(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, 0));
  CHECK(value == 512);
  CHECK_CU(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_SPARSE_CUDA_ARRAY_SUPPORTED, 0));
  CHECK(value == 0);
  size_t elements = 0;
  CHECK_CU(cuDeviceGetTexture1DLinearMaxWidth(&elements, CU_AD_FORMAT_FLOAT, 4, 0));
  CHECK(elements == size_t{1} << 28);
  CHECK(cuDeviceGetTexture1DLinearMaxWidth(&elements, CU_AD_FORMAT_FLOAT, 3, 0) ==
        CUDA_ERROR_INVALID_VALUE);
}

} // namespace

int main() {
  return run_in_context(
      "arrays", test_limits, test_creation, test_descriptors, [] { test_boxes(false); },
      [] { test_boxes(true); }, test_rows, test_mipmaps);
}
