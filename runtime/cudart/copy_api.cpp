// Copies and fills. Each exists in three manners: synchronous on the legacy stream, synchronous on
// the calling thread's own stream (_ptds), and asynchronous on a stream.
#include "runtime/cudart/channel_format.h"
#include "runtime/cudart/copy_order.h"
#include "runtime/cudart/registry.h"

#include <cstring>

namespace {

cudaError_t copy(void *dst, const void *src, size_t count, int kind, Order order) {
  if (!valid(kind))
    return record(cudaErrorInvalidMemcpyDirection);
  return in_context([=]() -> CUresult {
    if (count == 0)
      return CUDA_SUCCESS;
    const CUdeviceptr d = device_pointer(dst), s = device_pointer(src);
    const bool wait = order.manner != Manner::Async, own = order.manner == Manner::SyncPerThread;
    const CUstream stream = order.target();
    switch (kind) {
    case cudaMemcpyHostToHost: {
      CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
      if (!wait && cuStreamIsCapturing(stream, &status) == CUDA_SUCCESS &&
          status != CU_STREAM_CAPTURE_STATUS_NONE) {
        CUDA_MEMCPY2D c = {};
        c.srcMemoryType = c.dstMemoryType = CU_MEMORYTYPE_HOST;
        c.srcHost = src;
        c.dstHost = dst;
        c.WidthInBytes = count;
        c.Height = 1;
        return cuMemcpy2DAsync_v2(&c, stream);
      }
      // After whatever the stream was given before, as a copy in stream order.
      if (CUresult r = cuStreamSynchronize(stream))
        return r;
      std::memmove(dst, src, count);
      return CUDA_SUCCESS;
    }
    case cudaMemcpyHostToDevice:
      return !wait ? cuMemcpyHtoDAsync_v2(d, src, count, stream)
             : own ? cuMemcpyHtoD_v2_ptds(d, src, count)
                   : cuMemcpyHtoD_v2(d, src, count);
    case cudaMemcpyDeviceToHost:
      return !wait ? cuMemcpyDtoHAsync_v2(dst, s, count, stream)
             : own ? cuMemcpyDtoH_v2_ptds(dst, s, count)
                   : cuMemcpyDtoH_v2(dst, s, count);
    case cudaMemcpyDeviceToDevice:
      return !wait ? cuMemcpyDtoDAsync_v2(d, s, count, stream)
             : own ? cuMemcpyDtoD_v2_ptds(d, s, count)
                   : cuMemcpyDtoD_v2(d, s, count);
    default:
      return !wait ? cuMemcpyAsync(d, s, count, stream)
             : own ? cuMemcpy_ptds(d, s, count)
                   : cuMemcpy(d, s, count);
    }
  });
}

cudaError_t copy_2d(void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
                    size_t height, int kind, Order order) {
  if (!valid(kind))
    return record(cudaErrorInvalidMemcpyDirection);
  if (width > dst_pitch || width > src_pitch)
    return record(cudaErrorInvalidPitchValue);
  return in_context([=]() -> CUresult {
    if (width == 0 || height == 0)
      return CUDA_SUCCESS;
    CUDA_MEMCPY2D c = {};
    types_of(kind, c.srcMemoryType, c.dstMemoryType);
    c.srcHost = src;
    c.srcDevice = device_pointer(src);
    c.srcPitch = src_pitch;
    c.dstHost = dst;
    c.dstDevice = device_pointer(dst);
    c.dstPitch = dst_pitch;
    c.WidthInBytes = width;
    c.Height = height;
    return run(c, order);
  });
}

/// The bytes of the elements in which a 3-D copy counts: the texels of its arrays, which must
/// agree, else single bytes. Each side is either an array or a pointer.
template <class Parameters>
cudaError_t element_bytes(const Parameters &p, size_t &dst, size_t &src, size_t &extent) {
  if (!p.srcArray == !p.srcPtr.ptr || !p.dstArray == !p.dstPtr.ptr)
    return cudaErrorInvalidValue;
  dst = src = 1;
  if (p.srcArray)
    if (cudaError_t e = texel_bytes(p.srcArray, src))
      return e;
  if (p.dstArray)
    if (cudaError_t e = texel_bytes(p.dstArray, dst))
      return e;
  if (p.srcArray && p.dstArray && src != dst)
    return cudaErrorInvalidValue;
  extent = p.srcArray ? src : dst;
  return cudaSuccess;
}

/// Positions, pitches, arrays, device pointers and extent of a 3-D copy: the same fields in both
/// pairs of structures. Memory types must be set before.
template <class Copy, class Parameters> cudaError_t set_geometry(Copy &c, const Parameters &p) {
  size_t dst = 1, src = 1, extent = 1;
  if (cudaError_t e = element_bytes(p, dst, src, extent))
    return e;
  // An array is device memory, whatever the direction says of the other side.
  if ((p.srcArray && c.srcMemoryType == CU_MEMORYTYPE_HOST) ||
      (p.dstArray && c.dstMemoryType == CU_MEMORYTYPE_HOST))
    return cudaErrorInvalidMemcpyDirection;
  if (p.srcArray)
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  if (p.dstArray)
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.srcArray = p.srcArray;
  c.dstArray = p.dstArray;
  c.srcXInBytes = p.srcPos.x * src;
  c.srcY = p.srcPos.y;
  c.srcZ = p.srcPos.z;
  c.srcDevice = device_pointer(p.srcPtr.ptr);
  c.srcPitch = p.srcPtr.pitch;
  c.srcHeight = p.srcPtr.ysize;
  c.dstXInBytes = p.dstPos.x * dst;
  c.dstY = p.dstPos.y;
  c.dstZ = p.dstPos.z;
  c.dstDevice = device_pointer(p.dstPtr.ptr);
  c.dstPitch = p.dstPtr.pitch;
  c.dstHeight = p.dstPtr.ysize;
  c.WidthInBytes = p.extent.width * extent;
  c.Height = p.extent.height;
  c.Depth = p.extent.depth;
  return cudaSuccess;
}

cudaError_t copy_3d(const cudaMemcpy3DParms *p, Order order) {
  if (!p)
    return record(cudaErrorInvalidValue);
  if (!valid(p->kind))
    return record(cudaErrorInvalidMemcpyDirection);
  return in_context([=]() -> cudaError_t {
    if (p->extent.width == 0 || p->extent.height == 0 || p->extent.depth == 0)
      return cudaSuccess;
    CUDA_MEMCPY3D c;
    if (cudaError_t e = to_driver(*p, c))
      return e;
    switch (order.manner) {
    case Manner::Sync:
      return to_error(cuMemcpy3D_v2(&c));
    case Manner::SyncPerThread:
      return to_error(cuMemcpy3D_v2_ptds(&c));
    case Manner::Async:
      break;
    }
    return to_error(cuMemcpy3DAsync_v2(&c, order.stream));
  });
}

cudaError_t copy_3d_peer(const cudaMemcpy3DPeerParms *p, Order order) {
  if (!p)
    return record(cudaErrorInvalidValue);
  CUDA_MEMCPY3D_PEER c = {};
  if (cudaError_t e = primary_context(p->srcDevice, c.srcContext))
    return record(e);
  if (cudaError_t e = primary_context(p->dstDevice, c.dstContext))
    return record(e);
  return in_context([&]() -> cudaError_t {
    if (p->extent.width == 0 || p->extent.height == 0 || p->extent.depth == 0)
      return cudaSuccess;
    c.srcMemoryType = c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    if (cudaError_t e = set_geometry(c, *p))
      return e;
    switch (order.manner) {
    case Manner::Sync:
      return to_error(cuMemcpy3DPeer(&c));
    case Manner::SyncPerThread:
      return to_error(cuMemcpy3DPeer_ptds(&c));
    case Manner::Async:
      break;
    }
    return to_error(cuMemcpy3DPeerAsync(&c, order.stream));
  });
}

cudaError_t to_symbol(const void *symbol, const void *src, size_t count, size_t offset, int kind,
                      Order order) {
  if (kind != cudaMemcpyHostToDevice && kind != cudaMemcpyDeviceToDevice &&
      kind != cudaMemcpyDefault)
    return record(cudaErrorInvalidMemcpyDirection);
  void *address = nullptr;
  if (cudaError_t e = inside_variable(symbol, count, offset, &address))
    return record(e);
  return copy(address, src, count, kind, order);
}

cudaError_t from_symbol(void *dst, const void *symbol, size_t count, size_t offset, int kind,
                        Order order) {
  if (kind != cudaMemcpyDeviceToHost && kind != cudaMemcpyDeviceToDevice &&
      kind != cudaMemcpyDefault)
    return record(cudaErrorInvalidMemcpyDirection);
  void *address = nullptr;
  if (cudaError_t e = inside_variable(symbol, count, offset, &address))
    return record(e);
  return copy(dst, address, count, kind, order);
}

cudaError_t fill(void *p, int value, size_t count, Order order) {
  return in_context([=]() -> CUresult {
    if (count == 0)
      return CUDA_SUCCESS;
    const auto byte = static_cast<unsigned char>(value);
    switch (order.manner) {
    case Manner::Sync:
      return cuMemsetD8_v2(device_pointer(p), byte, count);
    case Manner::SyncPerThread:
      return cuMemsetD8_v2_ptds(device_pointer(p), byte, count);
    case Manner::Async:
      break;
    }
    return cuMemsetD8Async(device_pointer(p), byte, count, order.stream);
  });
}

cudaError_t fill_3d(const cudaPitchedPtr &p, int value, const cudaExtent &extent, Order order) {
  if (extent.width > p.pitch && extent.height * extent.depth > 1)
    return record(cudaErrorInvalidPitchValue);
  return in_context([=]() -> CUresult {
    if (extent.width == 0 || extent.height == 0)
      return CUDA_SUCCESS;
    const auto byte = static_cast<unsigned char>(value);
    CUresult r = CUDA_SUCCESS;
    for (size_t z = 0; z < extent.depth && r == CUDA_SUCCESS; ++z) {
      CUdeviceptr slice = device_pointer(p.ptr) + z * p.pitch * p.ysize;
      r = cuMemsetD2D8Async(slice, p.pitch, byte, extent.width, extent.height, order.target());
    }
    return order.finish(r);
  });
}

} // namespace

namespace w2w::rt {

cudaError_t to_driver(const cudaMemcpy3DParms &p, CUDA_MEMCPY3D &c) {
  if (!valid(p.kind))
    return cudaErrorInvalidMemcpyDirection;
  c = {};
  types_of(p.kind, c.srcMemoryType, c.dstMemoryType);
  if (cudaError_t e = set_geometry(c, p))
    return e;
  c.srcHost = p.srcPtr.ptr;
  c.dstHost = p.dstPtr.ptr;
  return cudaSuccess;
}

cudaError_t to_runtime(const CUDA_MEMCPY3D &c, cudaMemcpy3DParms &p) {
  p = {};
  p.srcArray = c.srcArray;
  p.dstArray = c.dstArray;
  size_t dst = 1, src = 1, extent = 1;
  if (cudaError_t e = element_bytes(p, dst, src, extent))
    return e;
  auto pointer = [](CUmemorytype type, const void *host, CUdeviceptr device) {
    return type == CU_MEMORYTYPE_HOST ? const_cast<void *>(host) : reinterpret_cast<void *>(device);
  };
  p.srcPos = {c.srcXInBytes / src, c.srcY, c.srcZ};
  p.dstPos = {c.dstXInBytes / dst, c.dstY, c.dstZ};
  if (!c.srcArray)
    p.srcPtr = {pointer(c.srcMemoryType, c.srcHost, c.srcDevice), c.srcPitch, c.srcPitch,
                c.srcHeight};
  if (!c.dstArray)
    p.dstPtr = {pointer(c.dstMemoryType, c.dstHost, c.dstDevice), c.dstPitch, c.dstPitch,
                c.dstHeight};
  p.extent = {c.WidthInBytes / extent, c.Height, c.Depth};
  const bool from_host = c.srcMemoryType == CU_MEMORYTYPE_HOST;
  const bool to_host = c.dstMemoryType == CU_MEMORYTYPE_HOST;
  if (c.srcMemoryType == CU_MEMORYTYPE_UNIFIED || c.dstMemoryType == CU_MEMORYTYPE_UNIFIED)
    p.kind = cudaMemcpyDefault;
  else
    p.kind = from_host ? (to_host ? cudaMemcpyHostToHost : cudaMemcpyHostToDevice)
                       : (to_host ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice);
  return cudaSuccess;
}

cudaError_t inside_variable(const void *symbol, size_t count, size_t offset, void **address) {
  if (cudaError_t e = enter())
    return e;
  CUdeviceptr at = 0;
  size_t size = 0;
  if (cudaError_t e = find_variable(symbol, at, size))
    return e;
  if (offset > size || count > size - offset)
    return cudaErrorInvalidValue;
  *address = reinterpret_cast<void *>(at + offset);
  return cudaSuccess;
}

} // namespace w2w::rt

W2W_RT w2wrt_cudaMemcpy(void *d, const void *s, size_t n, int kind) {
  return copy(d, s, n, kind, kSync);
}
W2W_RT w2wrt_cudaMemcpy_ptds(void *d, const void *s, size_t n, int kind) {
  return copy(d, s, n, kind, kPerThread);
}
W2W_RT w2wrt_cudaMemcpyAsync(void *d, const void *s, size_t n, int kind, cudaStream_t stream) {
  return copy(d, s, n, kind, async(stream));
}

W2W_RT w2wrt_cudaMemcpy2D(void *d, size_t dp, const void *s, size_t sp, size_t w, size_t h,
                          int kind) {
  return copy_2d(d, dp, s, sp, w, h, kind, kSync);
}
W2W_RT w2wrt_cudaMemcpy2D_ptds(void *d, size_t dp, const void *s, size_t sp, size_t w, size_t h,
                               int kind) {
  return copy_2d(d, dp, s, sp, w, h, kind, kPerThread);
}
W2W_RT w2wrt_cudaMemcpy2DAsync(void *d, size_t dp, const void *s, size_t sp, size_t w, size_t h,
                               int kind, cudaStream_t stream) {
  return copy_2d(d, dp, s, sp, w, h, kind, async(stream));
}

W2W_RT w2wrt_cudaMemcpy3D(const cudaMemcpy3DParms *p) {
  return copy_3d(p, kSync);
}
W2W_RT w2wrt_cudaMemcpy3D_ptds(const cudaMemcpy3DParms *p) {
  return copy_3d(p, kPerThread);
}
W2W_RT w2wrt_cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, cudaStream_t stream) {
  return copy_3d(p, async(stream));
}
W2W_RT w2wrt_cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms *p) {
  return copy_3d_peer(p, kSync);
}
W2W_RT w2wrt_cudaMemcpy3DPeer_ptds(const cudaMemcpy3DPeerParms *p) {
  return copy_3d_peer(p, kPerThread);
}
W2W_RT w2wrt_cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms *p, cudaStream_t stream) {
  return copy_3d_peer(p, async(stream));
}

W2W_RT w2wrt_cudaMemcpyPeerAsync(void *d, int dst_device, const void *s, int src_device, size_t n,
                                 cudaStream_t stream) {
  CUcontext dst_context = nullptr, src_context = nullptr;
  if (cudaError_t e = primary_context(dst_device, dst_context))
    return record(e);
  if (cudaError_t e = primary_context(src_device, src_context))
    return record(e);
  return in_context([=] {
    return n == 0 ? CUDA_SUCCESS
                  : cuMemcpyPeerAsync(device_pointer(d), dst_context, device_pointer(s),
                                      src_context, n, stream);
  });
}
W2W_RT w2wrt_cudaMemcpyPeer(void *d, int dst_device, const void *s, int src_device, size_t n) {
  CUcontext dst_context = nullptr, src_context = nullptr;
  if (cudaError_t e = primary_context(dst_device, dst_context))
    return record(e);
  if (cudaError_t e = primary_context(src_device, src_context))
    return record(e);
  return in_context([=] {
    return n == 0 ? CUDA_SUCCESS
                  : cuMemcpyPeer(device_pointer(d), dst_context, device_pointer(s), src_context, n);
  });
}

W2W_RT w2wrt_cudaMemcpyToSymbol(const void *symbol, const void *s, size_t n, size_t offset,
                                int kind) {
  return to_symbol(symbol, s, n, offset, kind, kSync);
}
W2W_RT w2wrt_cudaMemcpyToSymbol_ptds(const void *symbol, const void *s, size_t n, size_t offset,
                                     int kind) {
  return to_symbol(symbol, s, n, offset, kind, kPerThread);
}
W2W_RT w2wrt_cudaMemcpyToSymbolAsync(const void *symbol, const void *s, size_t n, size_t offset,
                                     int kind, cudaStream_t stream) {
  return to_symbol(symbol, s, n, offset, kind, async(stream));
}
W2W_RT w2wrt_cudaMemcpyFromSymbol(void *d, const void *symbol, size_t n, size_t offset, int kind) {
  return from_symbol(d, symbol, n, offset, kind, kSync);
}
W2W_RT w2wrt_cudaMemcpyFromSymbol_ptds(void *d, const void *symbol, size_t n, size_t offset,
                                       int kind) {
  return from_symbol(d, symbol, n, offset, kind, kPerThread);
}
W2W_RT w2wrt_cudaMemcpyFromSymbolAsync(void *d, const void *symbol, size_t n, size_t offset,
                                       int kind, cudaStream_t stream) {
  return from_symbol(d, symbol, n, offset, kind, async(stream));
}

W2W_RT w2wrt_cudaMemset(void *p, int value, size_t n) {
  return fill(p, value, n, kSync);
}
W2W_RT w2wrt_cudaMemset_ptds(void *p, int value, size_t n) {
  return fill(p, value, n, kPerThread);
}
W2W_RT w2wrt_cudaMemsetAsync(void *p, int value, size_t n, cudaStream_t stream) {
  return fill(p, value, n, async(stream));
}
W2W_RT w2wrt_cudaMemset2D(void *p, size_t pitch, int value, size_t w, size_t h) {
  return fill_3d({p, pitch, w, h}, value, {w, h, 1}, kSync);
}
W2W_RT w2wrt_cudaMemset2D_ptds(void *p, size_t pitch, int value, size_t w, size_t h) {
  return fill_3d({p, pitch, w, h}, value, {w, h, 1}, kPerThread);
}
W2W_RT w2wrt_cudaMemset2DAsync(void *p, size_t pitch, int value, size_t w, size_t h,
                               cudaStream_t stream) {
  return fill_3d({p, pitch, w, h}, value, {w, h, 1}, async(stream));
}
W2W_RT w2wrt_cudaMemset3D(cudaPitchedPtr p, int value, cudaExtent e) {
  return fill_3d(p, value, e, kSync);
}
W2W_RT w2wrt_cudaMemset3D_ptds(cudaPitchedPtr p, int value, cudaExtent e) {
  return fill_3d(p, value, e, kPerThread);
}
W2W_RT w2wrt_cudaMemset3DAsync(cudaPitchedPtr p, int value, cudaExtent e, cudaStream_t stream) {
  return fill_3d(p, value, e, async(stream));
}
