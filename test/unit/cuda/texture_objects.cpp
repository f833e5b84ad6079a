// Texture and surface objects through libcuda.so.1: what may be created, what the descriptors in
// device memory say (a handle is a descriptor's address), getters, errors.
#include "lowering/abi/texture_descriptor.h"
#include "test/unit/cuda/in_context.h"

#include <cstring>
#include <set>
#include <vector>

using namespace w2w;

namespace {

CUarray make_array(size_t width, size_t height, size_t depth, unsigned flags = 0,
                   CUarray_format format = CU_AD_FORMAT_FLOAT, unsigned channels = 1) {
  CUarray array = nullptr;
  const CUDA_ARRAY3D_DESCRIPTOR d{width, height, depth, format, channels, flags};
  CHECK_CU(cuArray3DCreate_v2(&array, &d));
  return array;
}

CUDA_RESOURCE_DESC of_array(CUarray array) {
  CUDA_RESOURCE_DESC r{};
  r.resType = CU_RESOURCE_TYPE_ARRAY;
  r.res.array.hArray = array;
  return r;
}

CUDA_RESOURCE_DESC of_mips(CUmipmappedArray mips) {
  CUDA_RESOURCE_DESC r{};
  r.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
  r.res.mipmap.hMipmappedArray = mips;
  return r;
}

/// What a kernel would read through the handle.
abi::ImageDescriptor descriptor(CUtexObject handle) {
  abi::ImageDescriptor d;
  CHECK(handle % abi::kDescriptorAlign == 0);
  CHECK_CU(cuMemcpyDtoH_v2(&d, handle, sizeof d));
  return d;
}

CUresult create(const CUDA_RESOURCE_DESC &resource, const CUDA_TEXTURE_DESC &sampling,
                const CUDA_RESOURCE_VIEW_DESC *view = nullptr) {
  CUtexObject texture = 0;
  CUresult result = cuTexObjectCreate(&texture, &resource, &sampling, view);
  if (result == CUDA_SUCCESS)
    CHECK_CU(cuTexObjectDestroy(texture));
  return result;
}

void test_array_texture() {
  CUarray array = make_array(20, 10, 0, 0, CU_AD_FORMAT_UNSIGNED_INT8, 4);
  CUDA_TEXTURE_DESC s{};
  s.addressMode[0] = CU_TR_ADDRESS_MODE_BORDER;
  s.addressMode[1] = CU_TR_ADDRESS_MODE_MIRROR;
  s.addressMode[2] = CU_TR_ADDRESS_MODE_WRAP;
  s.filterMode = CU_TR_FILTER_MODE_LINEAR;
  s.flags = CU_TRSF_SRGB;
  s.maxAnisotropy = 99;
  s.borderColor[2] = 0.5f;
  const CUDA_RESOURCE_DESC r = of_array(array);
  CUtexObject texture = 0;
  CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
  abi::ImageDescriptor d = descriptor(texture);
  CHECK(d.kind == static_cast<uint32_t>(abi::DescriptorKind::Texture));
  CHECK(d.image.geometry == static_cast<uint32_t>(abi::ImageGeometry::TwoD));
  CHECK(d.image.levels == 1);
  CHECK(d.image.layers == 0);
  CHECK(d.image.channel_type == static_cast<uint32_t>(abi::ChannelType::U8));
  CHECK(d.image.channels == 4);
  CHECK(d.image.texel_bytes == 4);
  CHECK(d.image.normalized_coords == 0);
  CHECK(d.image.read_normalized == 1);
  CHECK(d.image.srgb == 1);
  CHECK(d.image.mipmapped == 0);
  CHECK(d.image.linear_memory == 0);
  CHECK(d.image.level[0].width == 20);
  CHECK(d.image.level[0].height == 10);
  CHECK(d.image.level[0].depth == 1);
  CHECK(d.image.level[0].row_pitch >= 80);
  // Coordinates that are not normalised cannot repeat.
  CHECK(d.sampler.address_mode[0] == CU_TR_ADDRESS_MODE_BORDER);
  CHECK(d.sampler.address_mode[1] == CU_TR_ADDRESS_MODE_CLAMP);
  CHECK(d.sampler.address_mode[2] == CU_TR_ADDRESS_MODE_CLAMP);
  CHECK(d.sampler.filter_mode == 1);
  CHECK(d.sampler.mip_filter_mode == 0);
  CHECK(d.sampler.max_anisotropy == 16);
  CHECK(d.sampler.border[2] == 0.5f);

  // The descriptor's address is where copies to the array go.
  std::vector<unsigned char> texels(20 * 10 * 4);
  for (size_t i = 0; i < texels.size(); ++i)
    texels[i] = static_cast<unsigned char>(i * 7);
  CUDA_MEMCPY2D c{};
  c.srcMemoryType = CU_MEMORYTYPE_HOST;
  c.srcHost = texels.data();
  c.srcPitch = 80;
  c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.dstArray = array;
  c.WidthInBytes = 80;
  c.Height = 10;
  CHECK_CU(cuMemcpy2D_v2(&c));
  unsigned char row[80];
  const abi::MipLevel &level = d.image.level[0];
  CHECK_CU(cuMemcpyDtoH_v2(row, level.address + 3 * level.row_pitch, sizeof row));
  CHECK(std::memcmp(row, &texels[3 * 80], sizeof row) == 0);

  CUDA_RESOURCE_DESC got{};
  CUDA_TEXTURE_DESC got_sampling{};
  CUDA_RESOURCE_VIEW_DESC view{};
  CHECK_CU(cuTexObjectGetResourceDesc(&got, texture));
  CHECK(got.res.array.hArray == array);
  CHECK_CU(cuTexObjectGetTextureDesc(&got_sampling, texture));
  CHECK(std::memcmp(&got_sampling, &s, sizeof s) == 0); // as given
  CHECK(cuTexObjectGetResourceViewDesc(&view, texture) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuSurfObjectDestroy(texture) == CUDA_ERROR_INVALID_VALUE); // it is no surface
  CHECK_CU(cuTexObjectDestroy(texture));
  CHECK(cuTexObjectDestroy(texture) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexObjectGetResourceDesc(&got, texture) == CUDA_ERROR_INVALID_VALUE);

  // Integers are not interpolated, 32-bit ones whatever the flags.
  s.flags = CU_TRSF_READ_AS_INTEGER;
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE);
  s.filterMode = CU_TR_FILTER_MODE_POINT;
  CHECK_CU(create(r, s));
  s.flags = 0x80;
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE);
  s.flags = CU_TRSF_SEAMLESS_CUBEMAP; // it is no cubemap
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE);
  s.flags = 0;
  s.addressMode[1] = static_cast<CUaddress_mode>(4);
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE);
  s.addressMode[1] = CU_TR_ADDRESS_MODE_WRAP;
  s.filterMode = static_cast<CUfilter_mode>(2);
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE);
  s.filterMode = CU_TR_FILTER_MODE_POINT;
  CUDA_RESOURCE_DESC bad = r;
  bad.flags = 1;
  CHECK(create(bad, s) == CUDA_ERROR_INVALID_VALUE);
  CHECK(create(of_array(nullptr), s) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexObjectCreate(&texture, &r, nullptr, nullptr) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuTexObjectCreate(nullptr, &r, &s, nullptr) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuArrayDestroy(array));
}

void test_geometries() {
  struct {
    size_t width, height, depth;
    unsigned flags;
    abi::ImageGeometry geometry;
    uint32_t layers, level_depth;
  } const cases[] = {
      {8, 0, 0, 0, abi::ImageGeometry::OneD, 0, 1},
      {8, 4, 3, 0, abi::ImageGeometry::ThreeD, 0, 3},
      {8, 0, 5, CUDA_ARRAY3D_LAYERED, abi::ImageGeometry::OneDArray, 5, 1},
      {8, 4, 5, CUDA_ARRAY3D_LAYERED, abi::ImageGeometry::TwoDArray, 5, 1},
      {8, 8, 6, CUDA_ARRAY3D_CUBEMAP, abi::ImageGeometry::Cube, 6, 1},
      {8, 8, 12, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED, abi::ImageGeometry::CubeArray, 12, 1},
  };
  for (const auto &c : cases) {
    CUarray array = make_array(c.width, c.height, c.depth, c.flags);
    const CUDA_RESOURCE_DESC r = of_array(array);
    const CUDA_TEXTURE_DESC s{};
    CUtexObject texture = 0;
    CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
    const abi::ImageDescriptor d = descriptor(texture);
    CHECK(d.image.geometry == static_cast<uint32_t>(c.geometry));
    CHECK(d.image.layers == c.layers);
    CHECK(d.image.level[0].depth == c.level_depth);
    CHECK(d.image.level[0].slice_pitch == d.image.level[0].row_pitch * (c.height ? c.height : 1));
    CHECK_CU(cuTexObjectDestroy(texture));
    CHECK_CU(cuArrayDestroy(array));
  }
  // Seamless cubemaps, whose address modes do not count.
  CUarray cube = make_array(8, 8, 6, CUDA_ARRAY3D_CUBEMAP);
  CUDA_TEXTURE_DESC s{};
  s.flags = CU_TRSF_SEAMLESS_CUBEMAP | CU_TRSF_NORMALIZED_COORDINATES;
  const CUDA_RESOURCE_DESC r = of_array(cube);
  CUtexObject texture = 0;
  CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
  CHECK(descriptor(texture).sampler.address_mode[0] == CU_TR_ADDRESS_MODE_CLAMP);
  CHECK_CU(cuTexObjectDestroy(texture));
  s.filterMode = CU_TR_FILTER_MODE_LINEAR;
  CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
  CHECK(descriptor(texture).sampler.seamless_cubemap == 1);
  CHECK(descriptor(texture).sampler.address_mode[1] == CU_TR_ADDRESS_MODE_CLAMP);
  CHECK_CU(cuTexObjectDestroy(texture));
  CHECK_CU(cuArrayDestroy(cube));
}

void test_mipmaps_and_views() {
  CUmipmappedArray mips = nullptr;
  const CUDA_ARRAY3D_DESCRIPTOR description{16, 8, 6, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED};
  CHECK_CU(cuMipmappedArrayCreate(&mips, &description, 4));
  const CUDA_RESOURCE_DESC r = of_mips(mips);
  CUDA_TEXTURE_DESC s{};
  CHECK(create(r, s) == CUDA_ERROR_INVALID_VALUE); // coordinates must be normalised
  s.flags = CU_TRSF_NORMALIZED_COORDINATES;
  s.mipmapFilterMode = CU_TR_FILTER_MODE_LINEAR;
  s.mipmapLevelBias = 0.25f;
  s.minMipmapLevelClamp = 0.5f;
  s.maxMipmapLevelClamp = 3;
  CUtexObject whole = 0, part = 0;
  CHECK_CU(cuTexObjectCreate(&whole, &r, &s, nullptr));
  CUDA_RESOURCE_VIEW_DESC v{};
  v.format = CU_RES_VIEW_FORMAT_UINT_2X16;
  v.width = 16;
  v.height = 8;
  v.depth = 6;
  v.firstMipmapLevel = 1;
  v.lastMipmapLevel = 2;
  v.firstLayer = 2;
  v.lastLayer = 4;
  CHECK_CU(cuTexObjectCreate(&part, &r, &s, &v));
  const abi::ImageDescriptor d = descriptor(whole), p = descriptor(part);
  CHECK(d.image.levels == 4);
  CHECK(d.image.mipmapped == 1);
  CHECK(d.sampler.mip_filter_mode == 1);
  CHECK(d.sampler.lod_bias == 0.25f);
  CHECK(d.sampler.min_lod == 0.5f);
  CHECK(d.sampler.max_lod == 3);
  CHECK(p.image.levels == 2);
  CHECK(p.image.layers == 3);
  CHECK(p.image.channel_type == static_cast<uint32_t>(abi::ChannelType::U16));
  CHECK(p.image.channels == 2);
  CHECK(p.image.level[0].width == 8);
  CHECK(p.image.level[0].address == d.image.level[1].address + 2 * d.image.level[1].slice_pitch);
  CUDA_RESOURCE_VIEW_DESC got{};
  CHECK_CU(cuTexObjectGetResourceViewDesc(&got, part));
  CHECK(std::memcmp(&got, &v, sizeof v) == 0);
  CHECK_CU(cuTexObjectDestroy(whole));
  CHECK_CU(cuTexObjectDestroy(part));

  auto refused = [&](auto change, CUresult expected) {
    CUDA_RESOURCE_VIEW_DESC bad = v;
    change(bad);
    CHECK(create(r, s, &bad) == expected);
  };
  refused([](auto &b) { b.width = 15; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.depth = 3; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.lastMipmapLevel = 4; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.firstMipmapLevel = 3; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.lastLayer = 6; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.format = CU_RES_VIEW_FORMAT_UINT_4X16; }, CUDA_ERROR_INVALID_VALUE);
  refused([](auto &b) { b.format = CU_RES_VIEW_FORMAT_UNSIGNED_BC1; }, CUDA_ERROR_NOT_SUPPORTED);
  CHECK_CU(cuMipmappedArrayDestroy(mips));
}

void test_linear_memory() {
  CUdeviceptr memory = 0;
  CHECK_CU(cuMemAlloc_v2(&memory, 1 << 20));
  CUDA_RESOURCE_DESC linear{};
  linear.resType = CU_RESOURCE_TYPE_LINEAR;
  linear.res.linear = {memory + 512, CU_AD_FORMAT_HALF, 2, 1001};
  CUDA_TEXTURE_DESC s{};
  s.filterMode = CU_TR_FILTER_MODE_LINEAR; // ignored
  CUtexObject texture = 0;
  CHECK_CU(cuTexObjectCreate(&texture, &linear, &s, nullptr));
  abi::ImageDescriptor d = descriptor(texture);
  CHECK(d.image.geometry == static_cast<uint32_t>(abi::ImageGeometry::Linear));
  CHECK(d.image.level[0].address == memory + 512);
  CHECK(d.image.level[0].width == 250); // whole texels
  CHECK(d.image.linear_memory == 1);
  CHECK(d.sampler.filter_mode == 0);
  CHECK_CU(cuTexObjectDestroy(texture));
  auto refused = [&](CUDA_RESOURCE_DESC bad, auto change) {
    change(bad.res);
    CHECK(create(bad, s) == CUDA_ERROR_INVALID_VALUE);
  };
  refused(linear, [](auto &r) { r.linear.devPtr += 256; });
  refused(linear, [](auto &r) { r.linear.devPtr = 0; });
  refused(linear, [](auto &r) { r.linear.sizeInBytes = 3; });
  refused(linear, [](auto &r) { r.linear.sizeInBytes = (size_t{4} << 28) + 4; });
  refused(linear, [](auto &r) { r.linear.numChannels = 3; });

  CUDA_RESOURCE_DESC pitched{};
  pitched.resType = CU_RESOURCE_TYPE_PITCH2D;
  pitched.res.pitch2D = {memory, CU_AD_FORMAT_FLOAT, 1, 20, 9, 96};
  CHECK_CU(cuTexObjectCreate(&texture, &pitched, &s, nullptr));
  d = descriptor(texture);
  CHECK(d.image.geometry == static_cast<uint32_t>(abi::ImageGeometry::Pitched));
  CHECK(d.image.level[0].row_pitch == 96);
  CHECK(d.image.level[0].height == 9);
  CHECK(d.sampler.filter_mode == 1);
  CHECK_CU(cuTexObjectDestroy(texture));
  refused(pitched, [](auto &r) { r.pitch2D.devPtr += 32; });
  refused(pitched, [](auto &r) { r.pitch2D.pitchInBytes = 80 + 4; });
  refused(pitched, [](auto &r) { r.pitch2D.pitchInBytes = 64; });
  refused(pitched, [](auto &r) { r.pitch2D.pitchInBytes = 2097120 + 32; });
  refused(pitched, [](auto &r) { r.pitch2D.width = 0; });
  refused(pitched, [](auto &r) { r.pitch2D.height = 65001; });
  const CUDA_RESOURCE_VIEW_DESC v{};
  CHECK(create(pitched, s, &v) == CUDA_ERROR_INVALID_VALUE); // views are for arrays
  CHECK_CU(cuMemFree_v2(memory));
}

void test_surfaces() {
  CUarray array = make_array(8, 8, 0, CUDA_ARRAY3D_SURFACE_LDST, CU_AD_FORMAT_SIGNED_INT16, 2);
  CUDA_RESOURCE_DESC r = of_array(array);
  CUsurfObject surface = 0;
  CHECK_CU(cuSurfObjectCreate(&surface, &r));
  const abi::ImageDescriptor d = descriptor(surface);
  CHECK(d.kind == static_cast<uint32_t>(abi::DescriptorKind::Surface));
  CHECK(d.image.geometry == static_cast<uint32_t>(abi::ImageGeometry::TwoD));
  CHECK(d.image.channel_type == static_cast<uint32_t>(abi::ChannelType::S16));
  CHECK(d.image.texel_bytes == 4);
  CUDA_RESOURCE_DESC got{};
  CHECK_CU(cuSurfObjectGetResourceDesc(&got, surface));
  CHECK(got.res.array.hArray == array);
  CHECK(cuTexObjectDestroy(surface) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuSurfObjectDestroy(surface));
  CHECK(cuSurfObjectGetResourceDesc(&got, surface) == CUDA_ERROR_INVALID_VALUE);
  r.resType = CU_RESOURCE_TYPE_LINEAR;
  CHECK(cuSurfObjectCreate(&surface, &r) == CUDA_ERROR_INVALID_VALUE);
  CUarray plain = make_array(8, 8, 0);
  r = of_array(plain); // not made for surfaces
  CHECK(cuSurfObjectCreate(&surface, &r) == CUDA_ERROR_INVALID_VALUE);
  CHECK_CU(cuArrayDestroy(plain));
  CHECK_CU(cuArrayDestroy(array));
}

/// Handles are unique, and a place given back is not overwritten at once: kernels may still run.
void test_many() {
  CUarray array = make_array(8, 8, 0);
  const CUDA_RESOURCE_DESC r = of_array(array);
  CUDA_TEXTURE_DESC s{};
  std::set<CUtexObject> handles;
  for (int i = 0; i < 1200; ++i) {
    CUtexObject texture = 0;
    s.mipmapLevelBias = static_cast<float>(i);
    CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
    CHECK(handles.insert(texture).second);
  }
  CUtexObject first = 0;
  for (CUtexObject texture : handles) {
    CUDA_TEXTURE_DESC got{};
    CHECK_CU(cuTexObjectGetTextureDesc(&got, texture));
    CHECK(descriptor(texture).sampler.lod_bias == got.mipmapLevelBias);
    CHECK_CU(cuTexObjectDestroy(texture));
    first = first ? first : texture;
  }
  const float before = descriptor(first).sampler.lod_bias;
  for (int i = 0; i < 1000; ++i)
    CHECK_CU(create(r, s));
  CHECK(descriptor(first).sampler.lod_bias == before);
  // ... but after a while, so that memory does not grow for ever.
  std::set<CUtexObject> places;
  for (int i = 0; i < 20000; ++i) {
    CUtexObject texture = 0;
    CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
    places.insert(texture);
    CHECK_CU(cuTexObjectDestroy(texture));
  }
  CHECK(places.size() < 10000);
  CHECK_CU(cuArrayDestroy(array));
}

} // namespace

int main() {
  return run_in_context("texture_objects", test_array_texture, test_geometries,
                        test_mipmaps_and_views, test_linear_memory, test_surfaces, test_many);
}
