// What textures and surfaces mean, PTX ISA 9.7.10 and 9.7.11, and CUDA's "Texture Fetching" for the
// filters. Descriptors are those of lowering/abi/texture_descriptor.h, but with host addresses.
#pragma once

#include "lowering/abi/texture_descriptor.h"

#include <array>
#include <cstdint>
#include <optional>

namespace w2w::reference {

/// One tex or tld4. Coordinates and the level are raw bits of `integer ? s32 : f32`.
struct TextureRead {
  unsigned dimensions = 1; // 1, 2 or 3
  bool array = false, cube = false, multisample = false, integer = false;
  uint32_t layer = 0;
  std::array<uint32_t, 3> at{};
  std::optional<uint32_t> level;                            // .level
  std::optional<std::array<std::array<float, 3>, 2>> slope; // .grad
  std::array<int32_t, 3> offset{};
  std::optional<float> compare;
  std::optional<unsigned> gather; // tld4: the component
};
std::array<uint32_t, 4> read_texture(const abi::ImageDescriptor &image,
                                     const abi::SamplerState &sampler, const TextureRead &read);

/// Where an access of a surface goes, as a host address; 0: nowhere. Out of bounds with .trap is
/// not asked for.
uint64_t surface_place(const abi::ImageDescriptor &surface, unsigned dimensions, bool array,
                       uint32_t layer, std::array<int32_t, 3> at, unsigned bytes, bool samples,
                       bool clamped);
/// sust.p.
void store_formatted(const abi::ImageDescriptor &surface, uint64_t address,
                     const std::array<uint32_t, 4> &rgba);

} // namespace w2w::reference
