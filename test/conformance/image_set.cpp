#include "test/conformance/image_set.h"

#include <algorithm>
#include <bit>

namespace w2w::conformance {

using namespace abi;

namespace {

unsigned channel_bytes(ChannelType t) {
  switch (t) {
  case ChannelType::U8:
  case ChannelType::S8:
  case ChannelType::Unorm8:
  case ChannelType::Snorm8:
    return 1;
  case ChannelType::U32:
  case ChannelType::S32:
  case ChannelType::F32:
    return 4;
  default:
    return 2;
  }
}

/// Random texels; floats are finite and of middling size, so that filters don't overflow.
void fill(std::vector<uint8_t> &bytes, ChannelType type, std::mt19937_64 &random) {
  for (uint8_t &b : bytes)
    b = uint8_t(random());
  if (type == ChannelType::F32)
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4)
      bytes[i + 3] = uint8_t((bytes[i + 3] & 0x80) | 0x3e | (bytes[i + 3] & 1));
  if (type == ChannelType::F16)
    for (size_t i = 0; i + 2 <= bytes.size(); i += 2)
      bytes[i + 1] = uint8_t((bytes[i + 1] & 0x83) | 0x30 | (bytes[i + 1] & 8));
}

} // namespace

bool TestImage::gives_floats() const {
  auto t = ChannelType(host.image.channel_type);
  return t >= ChannelType::F16 ||
         (host.image.read_normalized && t != ChannelType::U32 && t != ChannelType::S32);
}

TestImage make_image(Device &device, ImageGeometry geometry, DescriptorKind kind,
                     std::mt19937_64 &random, bool wants_float) {
  auto pick = [&](uint32_t n) { return uint32_t(random() % n); };
  TestImage t;
  bool surface = kind == DescriptorKind::Surface;
  do {
    t.host = {};
    t.host.kind = uint32_t(kind);
    SamplerState &s = t.host.sampler;
    for (uint32_t &mode : s.address_mode)
      mode = pick(5);
    s.filter_mode = pick(2);
    s.mip_filter_mode = pick(2);
    s.lod_bias = pick(2) ? float(int(pick(9)) - 4) * 0.25f : 0.0f;
    s.min_lod = pick(3) ? 0.0f : 0.75f;
    s.max_lod = pick(3) ? 16.0f : 1.5f;
    for (float &b : s.border)
      b = float(pick(200)) * 0.125f;
    Image &i = t.host.image;
    i.geometry = uint32_t(geometry);
    auto type = ChannelType(pick(13));
    i.channel_type = uint32_t(type);
    i.channels = type == ChannelType::Unorm10_10_10_2 ? 4 : 1u << pick(3);
    i.texel_bytes = type == ChannelType::Unorm10_10_10_2 ? 4 : i.channels * channel_bytes(type);
    i.normalized_coords = pick(2);
    i.read_normalized = pick(2);
  } while (wants_float && !t.gives_floats());

  Image &i = t.host.image;
  bool is_linear = geometry == ImageGeometry::Linear,
       is_pitched = geometry == ImageGeometry::Pitched;
  bool multisample =
      geometry == ImageGeometry::TwoDMultisample || geometry == ImageGeometry::TwoDMultisampleArray;
  bool cube = geometry == ImageGeometry::Cube || geometry == ImageGeometry::CubeArray;
  bool one = geometry == ImageGeometry::OneD || geometry == ImageGeometry::OneDArray || is_linear;
  bool array = geometry == ImageGeometry::OneDArray || geometry == ImageGeometry::TwoDArray ||
               geometry == ImageGeometry::TwoDMultisampleArray;
  i.levels = surface || is_linear || is_pitched || multisample ? 1 : 1 + pick(4);
  i.mipmapped = i.levels > 1;
  i.layers = cube ? (geometry == ImageGeometry::Cube ? 6 : 12) : array ? 1 + pick(4) : 0;
  i.samples = multisample ? 1u << pick(4) : 0;
  i.linear_memory = is_linear || is_pitched;
  // As the runtime has it: the address modes of a seamless cube are Clamp.
  t.host.sampler.seamless_cubemap = cube && pick(2);
  if (t.host.sampler.seamless_cubemap)
    std::fill_n(t.host.sampler.address_mode, 3, uint32_t(AddressMode::Clamp));
  uint32_t w = 1 + pick(13), h = one ? 1 : cube ? w : 1 + pick(11);
  uint32_t d = geometry == ImageGeometry::ThreeD ? 1 + pick(7) : 1;
  uint64_t size = 0;
  std::vector<uint64_t> at;
  for (uint32_t k = 0; k < i.levels; ++k) {
    MipLevel &l = i.level[k];
    l.width = std::max(1u, w >> k);
    l.height = std::max(1u, h >> k);
    l.depth = std::max(1u, d >> k);
    l.row_pitch = (uint64_t(l.width) * i.texel_bytes * std::max(1u, i.samples) + 15) / 16 * 16 + 16;
    l.slice_pitch = l.row_pitch * l.height + 16;
    at.push_back(size);
    size += l.slice_pitch * std::max(std::max(1u, i.layers), l.depth);
  }
  t.bytes.resize(size);
  fill(t.bytes, ChannelType(i.channel_type), random);
  t.data = device.upload(t.bytes);
  ImageDescriptor on_device = t.host;
  for (uint32_t k = 0; k < i.levels; ++k) {
    i.level[k].address = reinterpret_cast<uint64_t>(t.bytes.data()) + at[k];
    on_device.image.level[k].address = t.data + at[k];
  }
  auto *raw = reinterpret_cast<const uint8_t *>(&on_device);
  t.handle = device.upload({raw, sizeof on_device});
  return t;
}

} // namespace w2w::conformance
