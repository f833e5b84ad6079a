#include "lowering/emit/sampler_fields.h"

#include <optional>

namespace w2w::emit {

using ptx::OpaqueField;
using ptx::OpaqueWord;

namespace {

std::optional<abi::FilterMode> filter_mode(OpaqueWord word) {
  switch (word) {
  case OpaqueWord::Nearest:
    return abi::FilterMode::Point;
  case OpaqueWord::Linear:
    return abi::FilterMode::Linear;
  default:
    return std::nullopt;
  }
}

std::optional<abi::AddressMode> address_mode(OpaqueWord word) {
  switch (word) {
  case OpaqueWord::Wrap:
    return abi::AddressMode::Wrap;
  case OpaqueWord::Mirror:
    return abi::AddressMode::Mirror;
  case OpaqueWord::ClampOgl:
    return abi::AddressMode::HalfBorder;
  case OpaqueWord::ClampToEdge:
    return abi::AddressMode::Clamp;
  case OpaqueWord::ClampToBorder:
    return abi::AddressMode::Border;
  default:
    return std::nullopt;
  }
}

} // namespace

abi::SamplerState default_sampler() {
  abi::SamplerState state{};
  for (uint32_t &mode : state.address_mode)
    mode = uint32_t(abi::AddressMode::Clamp);
  state.filter_mode = uint32_t(abi::FilterMode::Point);
  state.max_lod = abi::kMostMipLevels;
  return state;
}

std::string apply_field(const ptx::Variable &v, const ptx::InitialiserElement &e,
                        abi::SamplerState &state) {
  if (v.type != ptx::Type::SamplerRef)
    return "";
  const std::string whose =
      "'" + std::string(info(e.field).name) + "' of sampler '" + std::string(v.name) + "' ";
  switch (e.field) {
  case OpaqueField::ForceUnnormalizedCoords:
    if (e.word != OpaqueWord::None || e.bits > 1)
      return whose + "can only be 0 or 1";
    state.force_unnormalized = static_cast<uint32_t>(e.bits);
    return "";
  case OpaqueField::FilterMode:
    if (const auto mode = filter_mode(e.word)) {
      state.filter_mode = uint32_t(*mode);
      return "";
    }
    return whose + "can only be nearest or linear";
  default: // AddrMode0 to AddrMode2: a sampler has no others
    if (const auto mode = address_mode(e.word)) {
      state.address_mode[unsigned(e.field) - unsigned(OpaqueField::AddrMode0)] = uint32_t(*mode);
      return "";
    }
    return whose + "can only be wrap, mirror, clamp_ogl, clamp_to_edge or clamp_to_border";
  }
}

} // namespace w2w::emit
