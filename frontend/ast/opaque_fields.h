// Fields of .texref, .samplerref and .surfref variables and the words that are their values,
// PTX ISA 5.3.2, table 11.
#pragma once

#include "frontend/isa/types.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace w2w::ptx {

/// A field; in the order of kOpaqueFields.
enum class OpaqueField : uint8_t {
  Width,
  Height,
  Depth,
  ChannelDataType,
  ChannelOrder,
  ArraySize,
  NumMipmapLevels,
  NumSamples,
  MemoryLayout,
  NormalizedCoords,
  ForceUnnormalizedCoords,
  FilterMode,
  AddrMode0,
  AddrMode1,
  AddrMode2
};

/// What a field is called, and the types that have it, as ptxas sees it.
struct OpaqueFieldInfo {
  std::string_view name;
  bool texture, sampler, surface;

  bool belongs_to(Type type) const {
    return type == Type::TexRef       ? texture
           : type == Type::SamplerRef ? sampler
           : type == Type::SurfRef    ? surface
                                      : false;
  }
};

inline constexpr OpaqueFieldInfo kOpaqueFields[] = {
    {"width", true, false, true},
    {"height", true, false, true},
    {"depth", true, false, true},
    {"channel_data_type", true, false, true},
    {"channel_order", true, false, true},
    {"array_size", true, false, true},
    {"num_mipmap_levels", true, false, false},
    {"num_samples", true, false, false},
    {"memory_layout", false, false, true},
    {"normalized_coords", true, false, false},
    {"force_unnormalized_coords", false, true, false},
    {"filter_mode", true, true, false},
    {"addr_mode_0", true, true, false},
    {"addr_mode_1", true, true, false},
    {"addr_mode_2", true, true, false},
};

inline constexpr const OpaqueFieldInfo &info(OpaqueField field) {
  return kOpaqueFields[static_cast<unsigned>(field)];
}

/// A value that is a word; in the order of kOpaqueWords.
enum class OpaqueWord : uint8_t {
  None, // the value is a number
  Nearest,
  Linear,
  Wrap,
  Mirror,
  ClampOgl,
  ClampToEdge,
  ClampToBorder
};

inline constexpr std::string_view kOpaqueWords[] = {
    "", "nearest", "linear", "wrap", "mirror", "clamp_ogl", "clamp_to_edge", "clamp_to_border"};

inline constexpr std::string_view spelling(OpaqueWord word) {
  return kOpaqueWords[static_cast<unsigned>(word)];
}

/// The field or word of a name; nothing if there is no such one.
inline std::optional<OpaqueField> find_opaque_field(std::string_view name) {
  const auto *found = std::ranges::find(kOpaqueFields, name, &OpaqueFieldInfo::name);
  if (found == std::end(kOpaqueFields))
    return std::nullopt;
  return static_cast<OpaqueField>(found - kOpaqueFields);
}
inline std::optional<OpaqueWord> find_opaque_word(std::string_view name) {
  const auto *found = std::ranges::find(kOpaqueWords, name);
  if (name.empty() || found == std::end(kOpaqueWords))
    return std::nullopt;
  return static_cast<OpaqueWord>(found - kOpaqueWords);
}

} // namespace w2w::ptx
