// Texture and surface objects.
#pragma once

#include "runtime/cuda/state.h"

namespace w2w::cuda {

/// Forgets all texture and surface objects of a context that is torn down, and frees their
/// descriptors.
void free_texture_objects(Context &context);

} // namespace w2w::cuda
