// One texel: from memory to the four 32-bit values that instructions return.
#pragma once

#include "lowering/devicelib/image.h"

namespace w2w {

/// How texels of an image are read, settled once an instruction.
struct Format {
  ChannelType type;
  uint32_t channels, texel_bytes;
  bool to_float; // the result is f32, not an integer
  bool srgb;
};

W2W_INLINE Format format_of(ImagePointer d) {
  Format f{ChannelType(d->image.channel_type), d->image.channels, d->image.texel_bytes, true,
           d->image.srgb != 0};
  if (d->image.read_normalized) {
    switch (f.type) {
    case ChannelType::U8:
      f.type = ChannelType::Unorm8;
      break;
    case ChannelType::U16:
      f.type = ChannelType::Unorm16;
      break;
    case ChannelType::S8:
      f.type = ChannelType::Snorm8;
      break;
    case ChannelType::S16:
      f.type = ChannelType::Snorm16;
      break;
    default:
      break;
    }
  }
  f.to_float = uint32_t(f.type) >= uint32_t(ChannelType::F16);
  f.srgb = f.srgb && f.type == ChannelType::Unorm8;
  return f;
}

/// IEC 61966-2-1: c in [0, 1]. x^2.4 = x^2 * (x^2)^(1/5), the root by Newton's iteration from
/// above.
W2W_INLINE float linear_of_srgb(float c) {
  if (c <= 0.04045f)
    return c / 12.92f;
  double x = (double(c) + 0.055) / 1.055, square = x * x, root = 1.0;
  for (int i = 0; i < 12; ++i)
    root = (4.0 * root + square / (root * root * root * root)) / 5.0;
  return float(square * root);
}

template <typename T> W2W_INLINE T load(uint64_t address) {
  return *reinterpret_cast<const W2W_GLOBAL T *>(address);
}

W2W_INLINE float at_least_minus_one(float v) {
  return v < -1.0f ? -1.0f : v;
}

/// Channel k of the texel at `address`, as result bits.
W2W_INLINE uint32_t channel(const Format &f, uint64_t address, uint32_t k) {
  switch (f.type) {
  case ChannelType::U8:
    return load<uint8_t>(address + k);
  case ChannelType::U16:
    return load<uint16_t>(address + 2 * k);
  case ChannelType::U32:
    return load<uint32_t>(address + 4 * k);
  case ChannelType::S8:
    return uint32_t(int32_t(load<int8_t>(address + k)));
  case ChannelType::S16:
    return uint32_t(int32_t(load<int16_t>(address + 2 * k)));
  case ChannelType::S32:
    return load<uint32_t>(address + 4 * k);
  case ChannelType::F16:
    return bits_of(float(load<_Float16>(address + 2 * k)));
  case ChannelType::F32:
    return load<uint32_t>(address + 4 * k);
  case ChannelType::Unorm8: {
    float c = float(load<uint8_t>(address + k)) / 255.0f;
    return bits_of(f.srgb && k < 3 ? linear_of_srgb(c) : c);
  }
  case ChannelType::Unorm16:
    return bits_of(float(load<uint16_t>(address + 2 * k)) / 65535.0f);
  case ChannelType::Snorm8:
    return bits_of(at_least_minus_one(float(load<int8_t>(address + k)) / 127.0f));
  case ChannelType::Snorm16:
    return bits_of(at_least_minus_one(float(load<int16_t>(address + 2 * k)) / 32767.0f));
  case ChannelType::Unorm10_10_10_2: {
    uint32_t word = load<uint32_t>(address);
    return bits_of(k < 3 ? float((word >> (10 * k)) & 1023) / 1023.0f : float(word >> 30) / 3.0f);
  }
  }
  return 0;
}

/// What a channel is that the image does not have: 0, 0, 0, 1.
W2W_INLINE uint32_t missing(const Format &f, uint32_t k) {
  return k < 3 ? 0 : f.to_float ? bits_of(1.0f) : 1;
}

W2W_INLINE U4 texel(const Format &f, uint64_t address) {
  U4 v;
  v.x = channel(f, address, 0);
  v.y = f.channels > 1 ? channel(f, address, 1) : missing(f, 1);
  v.z = f.channels > 2 ? channel(f, address, 2) : missing(f, 2);
  v.w = f.channels > 3 ? channel(f, address, 3) : missing(f, 3);
  return v;
}

} // namespace w2w
