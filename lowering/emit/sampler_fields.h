// The fields of a .samplerref's initial value -> its descriptor. PTX ISA 5.3.2.
#pragma once

#include "frontend/ast/ast.h"
#include "lowering/abi/texture_descriptor.h"

#include <string>

namespace w2w::emit {

/// What samples by default: the nearest texel, clamped to the edge, coordinates as the texture has
/// them. PTX leaves what a .samplerref does not give to the runtime (ptxas marks it as not given).
abi::SamplerState default_sampler();

/// Sets in `state` what the field `e` of the initial value of `v` means, and returns an empty
/// string; or leaves `state` alone and returns why it cannot be had. Fields of textures and
/// surfaces mean nothing: what the host binds says all of them, and ptxas leaves no trace of the
/// values (the cubins are the same), so that the driver API starts from its own defaults. The
/// frontend says so.
std::string apply_field(const ptx::Variable &v, const ptx::InitialiserElement &e,
                        abi::SamplerState &state);

} // namespace w2w::emit
