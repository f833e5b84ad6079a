// The runtime's channel descriptors and the driver's array formats.
#pragma once

#include "runtime/cudart/core.h"

namespace w2w::rt {

/// The driver's format and number of channels. cudaErrorInvalidChannelDescriptor if there is none
/// such; cudaErrorNotSupported for block-compressed and video formats.
cudaError_t to_format(const cudaChannelFormatDesc &channels, CUarray_format &format,
                      unsigned &count);
/// The inverse, for a format that an array can have.
cudaChannelFormatDesc to_channels(CUarray_format format, unsigned count);

/// Bytes of an array's texel. cudaErrorInvalidResourceHandle if it is none of ours.
cudaError_t texel_bytes(cudaArray_t array, size_t &bytes);

} // namespace w2w::rt
