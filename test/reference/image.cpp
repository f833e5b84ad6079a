#include "test/reference/image.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace w2w::reference {
namespace {

using abi::AddressMode;
using abi::ChannelType;
using abi::ImageGeometry;
using Texel = std::array<uint32_t, 4>;

uint32_t raw(float f) {
  return std::bit_cast<uint32_t>(f);
}

template <typename T> T peek(uint64_t address) {
  T v;
  std::memcpy(&v, reinterpret_cast<const void *>(address), sizeof v);
  return v;
}

float half_value(uint16_t h) {
  int exponent = (h >> 10) & 31, fraction = h & 1023;
  float sign = h & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31)
    return fraction ? std::bit_cast<float>((uint32_t(h & 0x8000) << 16) | 0x7fc00000u |
                                           uint32_t(fraction) << 13)
                    : sign * INFINITY;
  return exponent ? sign * std::ldexp(float(1024 + fraction), exponent - 25)
                  : sign * std::ldexp(float(fraction), -24);
}

bool is_float_result(const abi::ImageDescriptor &d) {
  auto t = ChannelType(d.image.channel_type);
  if (t >= ChannelType::F16)
    return true;
  return d.image.read_normalized && t != ChannelType::U32 && t != ChannelType::S32;
}

/// A normalised integer of `bits` bits.
float normalised(int64_t v, int bits, bool is_signed) {
  float limit = float((int64_t{1} << (bits - is_signed)) - 1);
  return std::max(float(v) / limit, -1.0f);
}

Texel decode(const abi::ImageDescriptor &d, uint64_t address) {
  auto type = ChannelType(d.image.channel_type);
  bool norm = is_float_result(d);
  Texel t{0, 0, 0, norm ? raw(1.0f) : 1u};
  if (type == ChannelType::Unorm10_10_10_2) {
    auto w = peek<uint32_t>(address);
    for (int k = 0; k < 4; ++k)
      t[k] = raw(normalised((w >> (10 * k)) & (k < 3 ? 1023 : 3), k < 3 ? 10 : 2, false));
    return t;
  }
  for (uint32_t k = 0; k < d.image.channels; ++k) {
    uint64_t at = address + k * (d.image.texel_bytes / d.image.channels);
    switch (type) {
    case ChannelType::U8:
    case ChannelType::Unorm8:
      t[k] = norm ? raw(normalised(peek<uint8_t>(at), 8, false)) : peek<uint8_t>(at);
      break;
    case ChannelType::U16:
    case ChannelType::Unorm16:
      t[k] = norm ? raw(normalised(peek<uint16_t>(at), 16, false)) : peek<uint16_t>(at);
      break;
    case ChannelType::S8:
    case ChannelType::Snorm8:
      t[k] =
          norm ? raw(normalised(peek<int8_t>(at), 8, true)) : uint32_t(int32_t{peek<int8_t>(at)});
      break;
    case ChannelType::S16:
    case ChannelType::Snorm16:
      t[k] = norm ? raw(normalised(peek<int16_t>(at), 16, true))
                  : uint32_t(int32_t{peek<int16_t>(at)});
      break;
    case ChannelType::F16:
      t[k] = raw(half_value(peek<uint16_t>(at)));
      break;
    default:
      t[k] = peek<uint32_t>(at);
    }
  }
  return t;
}

float scrub(float v) {
  return std::isnan(v) ? 0.0f : std::fmin(std::fmax(v, -0x1p30f), 0x1p30f);
}

class Sampler {
public:
  Sampler(const abi::ImageDescriptor &image, const abi::SamplerState &sampler, const TextureRead &r)
      : d_(image), s_(sampler), r_(r), dimensions_(r.cube || r.multisample ? 2 : r.dimensions),
        normalised_(image.image.normalized_coords && !sampler.force_unnormalized) {
    uint32_t layers = r.cube ? image.image.layers / 6 : image.image.layers;
    slice_ = r.array ? std::min(r.layer, layers - 1) : 0;
    for (int k = 0; k < 3; ++k)
      at_[k] = std::bit_cast<float>(r.at[k]);
  }

  Texel run() {
    if (r_.multisample) {
      sample_ = std::min(r_.at[0], d_.image.samples - 1);
      return texel(0, {index(1) + r_.offset[0], index(2) + r_.offset[1], 0}, false);
    }
    if (r_.integer) {
      int64_t level = r_.level ? int32_t(*r_.level) : 0;
      std::array<int64_t, 3> i{index(0) + r_.offset[0], index(1) + r_.offset[1],
                               index(2) + r_.offset[2]};
      if (ImageGeometry(d_.image.geometry) == ImageGeometry::Linear &&
          (i[0] < 0 || i[0] >= d_.image.level[0].width))
        return {0, 0, 0, 0};
      return texel(size_t(std::clamp<int64_t>(level, 0, d_.image.levels - 1)), i, false);
    }
    std::optional<float> lod;
    if (r_.level)
      lod = std::bit_cast<float>(*r_.level);
    std::array<float, 2> face_at{};
    if (r_.cube)
      lod = project(lod, face_at);
    else if (r_.slope)
      lod = slope_lod();
    if (r_.gather)
      return gather(face_at);
    auto level_value = [&](size_t level) {
      std::array<float, 3> c{};
      for (unsigned k = 0; k < dimensions_; ++k)
        c[k] = r_.cube ? scrub(face_at[k] * float(extent(level, k))) : scaled(level, k);
      return filtered(level, c);
    };
    if (!lod)
      return level_value(0);
    float l = *lod + s_.lod_bias;
    l = l > s_.min_lod ? l : s_.min_lod;
    l = l < s_.max_lod ? l : s_.max_lod;
    l = std::fmin(std::fmax(l, 0.0f), float(d_.image.levels - 1));
    if (s_.mip_filter_mode == 0 || !is_float_result(d_))
      return level_value(size_t(l + 0.5f));
    auto lower = size_t(l);
    float w = std::floor((l - float(lower)) * 256.0f + 0.5f) / 256.0f;
    if (w == 0.0f)
      return level_value(lower);
    Texel b = level_value(lower + 1);
    if (w == 1.0f)
      return b;
    Texel a = level_value(lower);
    for (int k = 0; k < 4; ++k)
      a[k] = raw(std::bit_cast<float>(a[k]) * (1.0f - w) + std::bit_cast<float>(b[k]) * w);
    return a;
  }

private:
  int64_t index(int k) const { return int32_t(r_.at[k]); }
  int64_t extent(size_t level, unsigned k) const {
    const abi::MipLevel &l = d_.image.level[level];
    return k == 0 ? l.width : k == 1 ? l.height : l.depth;
  }

  /// Address modes; nothing for the border, which OpenGL's GL_CLAMP shows to filters alone.
  std::optional<int64_t> wrap(int64_t i, int64_t n, unsigned k, bool normalised,
                              bool filter) const {
    auto mode = AddressMode(s_.address_mode[k]);
    if (mode == AddressMode::Border || (mode == AddressMode::HalfBorder && filter))
      return i < 0 || i >= n ? std::nullopt : std::optional(i);
    if (normalised && mode == AddressMode::Wrap)
      return ((i % n) + n) % n;
    if (normalised && mode == AddressMode::Mirror) {
      int64_t m = ((i % (2 * n)) + 2 * n) % (2 * n);
      return m < n ? m : 2 * n - 1 - m;
    }
    return std::clamp<int64_t>(i, 0, n - 1);
  }

  Texel texel(size_t level, std::array<int64_t, 3> i, bool normalised) const {
    return texel(level, i, normalised, false, slice_);
  }
  Texel texel(size_t level, std::array<int64_t, 3> i, bool normalised, bool filter,
              int64_t slice) const {
    const abi::MipLevel &l = d_.image.level[level];
    bool outside = false;
    for (unsigned k = 0; k < 3; ++k) {
      auto v = k < dimensions_ ? wrap(i[k], extent(level, k), k, normalised, filter)
                               : std::optional<int64_t>(0);
      outside |= !v;
      i[k] = v.value_or(0);
    }
    Texel t;
    if (outside) {
      for (int k = 0; k < 4; ++k) {
        float b = s_.border[k];
        t[k] = is_float_result(d_) ? raw(b) : uint32_t(int64_t(b)); // tests keep it in range
      }
    } else {
      uint64_t samples = r_.multisample ? d_.image.samples : 1;
      t = decode(d_, l.address + l.slice_pitch * uint64_t(dimensions_ == 3 ? i[2] : slice) +
                         l.row_pitch * uint64_t(i[1]) +
                         d_.image.texel_bytes * (uint64_t(i[0]) * samples + sample_));
    }
    if (r_.compare)
      t[0] = raw(*r_.compare <= std::bit_cast<float>(t[0]) ? 1.0f : 0.0f);
    return t;
  }

  float scaled(size_t level, unsigned k) const {
    float c = at_[k];
    if (!normalised_)
      return scrub(c);
    auto mode = AddressMode(s_.address_mode[k]);
    if (mode == AddressMode::Wrap)
      c = c - std::floor(c);
    if (mode == AddressMode::Mirror)
      c = c - 2.0f * std::floor(c / 2.0f);
    return scrub(c * float(extent(level, k)));
  }

  /// Lower index and 8-bit weight of the upper one.
  static std::pair<int64_t, int> split(float c) {
    float x = c - 0.5f;
    return {int64_t(std::floor(x)), int(std::floor((x - std::floor(x)) * 256.0f + 0.5f))};
  }

  /// The same of the filter's place in dimension k, with the offset. GL_CLAMP holds the place
  /// within the image's edges.
  std::pair<int64_t, int> corner_of(size_t level, unsigned k, float c) const {
    auto [low, w] = split(c);
    low += r_.offset[k];
    double middle = double(low) + w / 256.0, last = double(extent(level, k)) - 0.5;
    if (AddressMode(s_.address_mode[k]) == AddressMode::HalfBorder &&
        (middle < -0.5 || middle > last)) {
      middle = middle < -0.5 ? -0.5 : last;
      return {int64_t(std::floor(middle)), 128};
    }
    return {low, w};
  }

  Texel filtered(size_t level, std::array<float, 3> c) const {
    bool normalised = normalised_ && !r_.cube;
    if (s_.filter_mode == 0 || !is_float_result(d_)) {
      std::array<int64_t, 3> i{};
      for (unsigned k = 0; k < dimensions_; ++k)
        i[k] = int64_t(std::floor(c[k])) + r_.offset[k];
      return texel(level, i, normalised);
    }
    std::optional<std::array<float, 4>> sum;
    for (unsigned corner = 0; corner < 1u << dimensions_; ++corner) {
      float weight = 1.0f; // exact: 24 bits at most
      std::array<int64_t, 3> i{};
      for (unsigned k = 0; k < dimensions_; ++k) {
        auto [low, w] = corner_of(level, k, c[k]);
        bool up = corner >> k & 1;
        i[k] = low + up;
        weight *= float(up ? w : 256 - w) / 256.0f;
      }
      if (weight == 0.0f)
        continue;
      Texel t = filter_texel(level, i);
      std::array<float, 4> term;
      for (int k = 0; k < 4; ++k) {
        term[k] = weight * std::bit_cast<float>(t[k]);
        if (sum)
          term[k] = (*sum)[k] + term[k];
      }
      sum = term;
    }
    return {raw((*sum)[0]), raw((*sum)[1]), raw((*sum)[2]), raw((*sum)[3])};
  }

  Texel gather(std::array<float, 2> face_at) const {
    std::array<float, 2> c;
    for (unsigned k = 0; k < 2; ++k)
      c[k] = r_.cube ? scrub(face_at[k] * float(extent(0, k))) : scaled(0, k);
    int64_t x = corner_of(0, 0, c[0]).first, y = corner_of(0, 1, c[1]).first;
    const std::array<std::pair<int, int>, 4> order{{{0, 1}, {1, 1}, {1, 0}, {0, 0}}};
    Texel out;
    for (int k = 0; k < 4; ++k)
      out[k] = filter_texel(0, {x + order[k].first, y + order[k].second, 0})[*r_.gather];
    return out;
  }

  /// The level of detail: log2 of the longer slope, with 10 fractional bits rounded down, halved
  /// where it is taken of the square.
  static float lod_of(float square) {
    if (!(square > 0.0f))
      return 0.5f * -256.0f;
    if (std::isinf(square))
      return 0.5f * 128.0f;
    if (square < 0x1p-126f)
      return 0.5f * -127.0f;
    int e;
    float m = std::frexp(square, &e) * 2.0f;
    float l = float(e - 1), bit = 1.0f;
    for (int k = 0; k < 10; ++k) {
      bit /= 2.0f;
      m = m * m;
      if (m >= 2.0f) {
        m /= 2.0f;
        l += bit;
      }
    }
    return 0.5f * l;
  }

  float slope_lod() const {
    float longest = 0;
    for (const auto &slope : *r_.slope) {
      float sum = 0;
      for (unsigned k = 0; k < dimensions_; ++k) {
        float v = slope[k] * (normalised_ ? float(extent(0, k)) : 1.0f);
        sum += v * v;
      }
      longest = sum > longest ? sum : longest;
    }
    return lod_of(longest);
  }

  struct Axis {
    int component;
    float sign;
  };
  struct Face {
    Axis major, s, t;
  };
  /// CUDA's table of cube faces.
  static constexpr Face kFaces[6] = {{{0, 1}, {2, -1}, {1, -1}}, {{0, -1}, {2, 1}, {1, -1}},
                                     {{1, 1}, {0, 1}, {2, 1}},   {{1, -1}, {0, 1}, {2, -1}},
                                     {{2, 1}, {0, 1}, {1, -1}},  {{2, -1}, {0, -1}, {1, -1}}};
  template <typename V> static auto pick(const V &v, Axis a) { return v[a.component] * a.sign; }

  /// A texel of a filter on a seamless cube: where the ray through the middle of the texel that
  /// would lie beyond an edge meets the neighbouring face. Beyond a corner: the mean of the three
  /// texels around it.
  Texel seamless_texel(size_t level, int64_t x, int64_t y) const {
    const int64_t n = extent(level, 0);
    x = std::clamp<int64_t>(x, -1, n); // further only where the direction is no number
    y = std::clamp<int64_t>(y, -1, n);
    const int64_t cx = std::clamp<int64_t>(x, 0, n - 1), cy = std::clamp<int64_t>(y, 0, n - 1);
    if (x != cx && y != cy) {
      std::array<Texel, 3> around{seamless_texel(level, cx, cy), seamless_texel(level, x, cy),
                                  seamless_texel(level, cx, y)};
      Texel mean;
      for (int k = 0; k < 4; ++k) {
        float sum = std::bit_cast<float>(around[0][k]) + std::bit_cast<float>(around[1][k]);
        sum = sum + std::bit_cast<float>(around[2][k]);
        mean[k] = raw(sum / 3.0f);
      }
      return mean;
    }
    std::array<double, 3> ray{};
    auto put = [&](Axis a, double v) { ray[a.component] = v * a.sign; };
    put(kFaces[face_].major, double(n));
    put(kFaces[face_].s, double(2 * x + 1 - n));
    put(kFaces[face_].t, double(2 * y + 1 - n));
    for (int k = 0; k < 6; ++k) {
      double m = pick(ray, kFaces[k].major), s = pick(ray, kFaces[k].s), t = pick(ray, kFaces[k].t);
      if (m <= std::fabs(s) || m <= std::fabs(t))
        continue;
      auto index = [&](double c) { return int64_t(std::floor((c / m + 1) * double(n) / 2)); };
      return texel(level, {index(s), index(t), 0}, false, true, slice_ - face_ + k);
    }
    std::abort(); // the ray meets one face
  }

  /// A texel of a linear filter.
  Texel filter_texel(size_t level, std::array<int64_t, 3> i) const {
    if (r_.cube && s_.seamless_cubemap && s_.filter_mode == 1 && is_float_result(d_))
      return seamless_texel(level, i[0], i[1]);
    return texel(level, i, normalised_ && !r_.cube, true, slice_);
  }

  /// Gives the place on the face, and the level of slopes.
  std::optional<float> project(std::optional<float> lod, std::array<float, 2> &place) {
    int major = 2;
    auto size = [&](int k) { return std::fabs(at_[k]); };
    if (size(0) >= size(1) && size(0) >= size(2))
      major = 0;
    else if (size(1) >= size(2))
      major = 1;
    int face = 2 * major + (at_[major] < 0);
    face_ = face;
    slice_ = slice_ * 6 + face;
    const Face &f = kFaces[face];
    float m = size(major), s = pick(at_, f.s) / m, t = pick(at_, f.t) / m;
    place = {(s + 1.0f) * 0.5f, (t + 1.0f) * 0.5f};
    if (!r_.slope)
      return lod;
    float longest = 0;
    for (const auto &slope : *r_.slope) {
      float dm = pick(slope, f.major), half = float(extent(0, 0)) * 0.5f;
      float ds = (pick(slope, f.s) - s * dm) / m * half;
      float dt = (pick(slope, f.t) - t * dm) / m * half;
      float sum = 0;
      sum += ds * ds;
      sum += dt * dt;
      longest = sum > longest ? sum : longest;
    }
    return lod_of(longest);
  }

  const abi::ImageDescriptor &d_;
  const abi::SamplerState &s_;
  const TextureRead &r_;
  unsigned dimensions_;
  bool normalised_;
  int64_t slice_ = 0;
  int face_ = 0; // of a cube
  uint64_t sample_ = 0;
  std::array<float, 3> at_;
};

} // namespace

std::array<uint32_t, 4> read_texture(const abi::ImageDescriptor &image,
                                     const abi::SamplerState &sampler, const TextureRead &read) {
  return Sampler(image, sampler, read).run();
}

uint64_t surface_place(const abi::ImageDescriptor &surface, unsigned dimensions, bool array,
                       uint32_t layer, std::array<int32_t, 3> at, unsigned bytes, bool samples,
                       bool clamped) {
  const abi::MipLevel &l = surface.image.level[0];
  int64_t unit = samples ? bytes : 1, row = int64_t(l.width) * surface.image.texel_bytes;
  // First and last place per dimension: x in bytes, y, slice.
  std::array<int64_t, 3> place{at[0] * unit, dimensions > 1 ? at[1] : 0,
                               array            ? int64_t(layer)
                               : dimensions > 2 ? at[2]
                                                : 0};
  std::array<int64_t, 3> last{(row - bytes) / bytes * bytes, int64_t(l.height) - 1,
                              array ? int64_t(surface.image.layers) - 1 : int64_t(l.depth) - 1};
  for (int k = 0; k < 3; ++k) {
    bool outside = place[k] < 0 || place[k] > (k ? last[k] : row - bytes);
    if (outside && (!clamped || row < bytes))
      return 0;
    if (outside)
      place[k] = place[k] < 0 ? 0 : last[k];
  }
  return l.address + l.slice_pitch * uint64_t(place[2]) + l.row_pitch * uint64_t(place[1]) +
         uint64_t(place[0]);
}

void store_formatted(const abi::ImageDescriptor &surface, uint64_t address,
                     const std::array<uint32_t, 4> &rgba) {
  auto type = ChannelType(surface.image.channel_type);
  auto put = [&](unsigned k, uint64_t v) {
    unsigned bytes = surface.image.texel_bytes / surface.image.channels;
    std::memcpy(reinterpret_cast<void *>(address + k * bytes), &v, bytes);
  };
  auto scaled = [&](unsigned k, float low, float limit) {
    auto f = std::bit_cast<float>(rgba[k]);
    return int64_t(std::nearbyint(std::isnan(f) ? 0.0f : std::clamp(f, low, 1.0f) * limit));
  };
  if (type == ChannelType::Unorm10_10_10_2) {
    auto word = uint32_t(scaled(0, 0, 1023) | scaled(1, 0, 1023) << 10 | scaled(2, 0, 1023) << 20 |
                         scaled(3, 0, 3) << 30);
    std::memcpy(reinterpret_cast<void *>(address), &word, 4);
    return;
  }
  for (unsigned k = 0; k < surface.image.channels; ++k) {
    int64_t s = int32_t(rgba[k]), u = rgba[k];
    switch (type) {
    case ChannelType::U8:
      put(k, uint64_t(std::min<int64_t>(u, 255)));
      break;
    case ChannelType::U16:
      put(k, uint64_t(std::min<int64_t>(u, 65535)));
      break;
    case ChannelType::S8:
      put(k, uint64_t(std::clamp<int64_t>(s, -128, 127)));
      break;
    case ChannelType::S16:
      put(k, uint64_t(std::clamp<int64_t>(s, -32768, 32767)));
      break;
    case ChannelType::Unorm8:
      put(k, uint64_t(scaled(k, 0, 255)));
      break;
    case ChannelType::Unorm16:
      put(k, uint64_t(scaled(k, 0, 65535)));
      break;
    case ChannelType::Snorm8:
      put(k, uint64_t(scaled(k, -1, 127)));
      break;
    case ChannelType::Snorm16:
      put(k, uint64_t(scaled(k, -1, 32767)));
      break;
    case ChannelType::F16:
      put(k, std::bit_cast<uint16_t>(static_cast<_Float16>(std::bit_cast<float>(rgba[k]))));
      break;
    default:
      put(k, rgba[k]);
    }
  }
}

} // namespace w2w::reference
