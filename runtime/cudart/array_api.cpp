// CUDA arrays, mipmapped arrays, channel descriptors. Flags have the driver's values.
#include "runtime/cudart/channel_format.h"

namespace {

/// Frees nothing for a null handle.
template <class Handle> cudaError_t destroy(Handle handle, CUresult (*call)(Handle)) {
  return in_context([=] { return handle ? call(handle) : CUDA_SUCCESS; });
}

/// Creates an array or a mipmapped array by `call`, which is given the driver's descriptor.
template <class Handle, class Call>
cudaError_t create(Handle *array, const cudaChannelFormatDesc *channels, const cudaExtent &extent,
                   unsigned flags, Call call) {
  if (!array || !channels)
    return record(cudaErrorInvalidValue);
  CUDA_ARRAY3D_DESCRIPTOR d = {extent.width, extent.height, extent.depth, {}, 0, flags};
  if (cudaError_t e = to_format(*channels, d.Format, d.NumChannels))
    return record(e);
  return in_context([&] { return call(&d); });
}

} // namespace

W2W_RT_RETURNING(cudaChannelFormatDesc)
w2wrt_cudaCreateChannelDesc(int x, int y, int z, int w, int kind) {
  return {x, y, z, w, kind};
}

W2W_RT w2wrt_cudaGetChannelDesc(cudaChannelFormatDesc *channels, cudaArray_t array) {
  if (!channels)
    return record(cudaErrorInvalidValue);
  return in_context([=] {
    CUDA_ARRAY3D_DESCRIPTOR d = {};
    CUresult r = cuArray3DGetDescriptor_v2(&d, array);
    if (r == CUDA_SUCCESS)
      *channels = to_channels(d.Format, d.NumChannels);
    return r;
  });
}

W2W_RT w2wrt_cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *channels,
                               cudaExtent extent, unsigned flags) {
  return create(array, channels, extent, flags,
                [=](const CUDA_ARRAY3D_DESCRIPTOR *d) { return cuArray3DCreate_v2(array, d); });
}
W2W_RT w2wrt_cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *channels,
                             size_t width, size_t height, unsigned flags) {
  return w2wrt_cudaMalloc3DArray(array, channels, {width, height, 0}, flags);
}
W2W_RT w2wrt_cudaMallocMipmappedArray(cudaMipmappedArray_t *mips,
                                      const cudaChannelFormatDesc *channels, cudaExtent extent,
                                      unsigned levels, unsigned flags) {
  return create(mips, channels, extent, flags, [=](const CUDA_ARRAY3D_DESCRIPTOR *d) {
    return cuMipmappedArrayCreate(mips, d, levels);
  });
}
W2W_RT w2wrt_cudaGetMipmappedArrayLevel(cudaArray_t *array, cudaMipmappedArray_t mips,
                                        unsigned level) {
  return in_context([=] { return cuMipmappedArrayGetLevel(array, mips, level); });
}
W2W_RT w2wrt_cudaFreeArray(cudaArray_t array) {
  return destroy(array, cuArrayDestroy);
}
W2W_RT w2wrt_cudaFreeMipmappedArray(cudaMipmappedArray_t mips) {
  return destroy(mips, cuMipmappedArrayDestroy);
}

W2W_RT w2wrt_cudaArrayGetInfo(cudaChannelFormatDesc *channels, cudaExtent *extent, unsigned *flags,
                              cudaArray_t array) {
  return in_context([=] {
    CUDA_ARRAY3D_DESCRIPTOR d = {};
    if (CUresult r = cuArray3DGetDescriptor_v2(&d, array))
      return r;
    if (channels)
      *channels = to_channels(d.Format, d.NumChannels);
    if (extent)
      *extent = {d.Width, d.Height, d.Depth};
    if (flags)
      *flags = d.Flags;
    return CUDA_SUCCESS;
  });
}

// The structures are the driver's.
W2W_RT w2wrt_cudaArrayGetPlane(cudaArray_t *plane, cudaArray_t array, unsigned index) {
  return in_context([=] { return cuArrayGetPlane(plane, array, index); });
}
W2W_RT w2wrt_cudaArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties,
                                          cudaArray_t array) {
  return in_context([=] { return cuArrayGetSparseProperties(properties, array); });
}
W2W_RT w2wrt_cudaArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements,
                                            cudaArray_t array, int device) {
  return in_context([=] { return cuArrayGetMemoryRequirements(requirements, array, device); });
}
W2W_RT w2wrt_cudaMipmappedArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties,
                                                   cudaMipmappedArray_t mips) {
  return in_context([=] { return cuMipmappedArrayGetSparseProperties(properties, mips); });
}
W2W_RT
w2wrt_cudaMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements,
                                              cudaMipmappedArray_t mips, int device) {
  return in_context(
      [=] { return cuMipmappedArrayGetMemoryRequirements(requirements, mips, device); });
}

W2W_RT w2wrt_cudaDeviceGetTexture1DLinearMaxWidth(size_t *elements,
                                                  const cudaChannelFormatDesc *channels,
                                                  int device) {
  if (!elements || !channels)
    return record(cudaErrorInvalidValue);
  CUarray_format format = {};
  unsigned count = 0;
  if (cudaError_t e = to_format(*channels, format, count))
    return record(e);
  return initialised(
      [=] { return cuDeviceGetTexture1DLinearMaxWidth(elements, format, count, device); });
}
