#include "runtime/cudart/channel_format.h"

namespace w2w::rt {
namespace {

struct Row {
  int kind;     // cudaChannelFormatKind
  int bits;     // of each component
  int channels; // 0: any
  CUarray_format format;
};

constexpr Row kRows[] = {
    {cudaChannelFormatKindSigned, 8, 0, CU_AD_FORMAT_SIGNED_INT8},
    {cudaChannelFormatKindSigned, 16, 0, CU_AD_FORMAT_SIGNED_INT16},
    {cudaChannelFormatKindSigned, 32, 0, CU_AD_FORMAT_SIGNED_INT32},
    {cudaChannelFormatKindUnsigned, 8, 0, CU_AD_FORMAT_UNSIGNED_INT8},
    {cudaChannelFormatKindUnsigned, 16, 0, CU_AD_FORMAT_UNSIGNED_INT16},
    {cudaChannelFormatKindUnsigned, 32, 0, CU_AD_FORMAT_UNSIGNED_INT32},
    {cudaChannelFormatKindFloat, 16, 0, CU_AD_FORMAT_HALF},
    {cudaChannelFormatKindFloat, 32, 0, CU_AD_FORMAT_FLOAT},
    {cudaChannelFormatKindUnsignedNormalized8X1, 8, 1, CU_AD_FORMAT_UNORM_INT8X1},
    {cudaChannelFormatKindUnsignedNormalized8X2, 8, 2, CU_AD_FORMAT_UNORM_INT8X2},
    {cudaChannelFormatKindUnsignedNormalized8X4, 8, 4, CU_AD_FORMAT_UNORM_INT8X4},
    {cudaChannelFormatKindUnsignedNormalized16X1, 16, 1, CU_AD_FORMAT_UNORM_INT16X1},
    {cudaChannelFormatKindUnsignedNormalized16X2, 16, 2, CU_AD_FORMAT_UNORM_INT16X2},
    {cudaChannelFormatKindUnsignedNormalized16X4, 16, 4, CU_AD_FORMAT_UNORM_INT16X4},
    {cudaChannelFormatKindSignedNormalized8X1, 8, 1, CU_AD_FORMAT_SNORM_INT8X1},
    {cudaChannelFormatKindSignedNormalized8X2, 8, 2, CU_AD_FORMAT_SNORM_INT8X2},
    {cudaChannelFormatKindSignedNormalized8X4, 8, 4, CU_AD_FORMAT_SNORM_INT8X4},
    {cudaChannelFormatKindSignedNormalized16X1, 16, 1, CU_AD_FORMAT_SNORM_INT16X1},
    {cudaChannelFormatKindSignedNormalized16X2, 16, 2, CU_AD_FORMAT_SNORM_INT16X2},
    {cudaChannelFormatKindSignedNormalized16X4, 16, 4, CU_AD_FORMAT_SNORM_INT16X4},
};

} // namespace

cudaError_t to_format(const cudaChannelFormatDesc &c, CUarray_format &format, unsigned &count) {
  if (c.f == cudaChannelFormatKindNV12 || (c.f >= cudaChannelFormatKindUnsignedBlockCompressed1 &&
                                           c.f <= cudaChannelFormatKindUnsignedNormalized1010102))
    return cudaErrorNotSupported;
  const int bits[] = {c.x, c.y, c.z, c.w};
  int channels = 0;
  while (channels < 4 && bits[channels] == c.x && c.x > 0)
    ++channels;
  for (int i = channels; i < 4; ++i)
    if (bits[i] != 0)
      return cudaErrorInvalidChannelDescriptor;
  if (channels != 1 && channels != 2 && channels != 4)
    return cudaErrorInvalidChannelDescriptor;
  for (const Row &row : kRows)
    if (row.kind == c.f && row.bits == c.x && (row.channels == 0 || row.channels == channels)) {
      format = row.format;
      count = static_cast<unsigned>(channels);
      return cudaSuccess;
    }
  return cudaErrorInvalidChannelDescriptor;
}

cudaChannelFormatDesc to_channels(CUarray_format format, unsigned count) {
  for (const Row &row : kRows)
    if (row.format == format)
      return {row.bits, count > 1 ? row.bits : 0, count > 2 ? row.bits : 0,
              count > 3 ? row.bits : 0, row.kind};
  return {0, 0, 0, 0, cudaChannelFormatKindNone};
}

cudaError_t texel_bytes(cudaArray_t array, size_t &bytes) {
  CUDA_ARRAY3D_DESCRIPTOR d = {};
  if (CUresult r = cuArray3DGetDescriptor_v2(&d, array))
    return to_error(r);
  const cudaChannelFormatDesc c = to_channels(d.Format, d.NumChannels);
  bytes = static_cast<size_t>(c.x + c.y + c.z + c.w) / 8;
  return cudaSuccess;
}

} // namespace w2w::rt
