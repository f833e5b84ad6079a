// Copies and fills of linear memory and arrays. The entry points are made from one function each:
// the plain one and its per-thread twin differ in what a NULL stream means, and the synchronous
// ones wait. Source: CUDA Driver API, "Memory Management".
#include "runtime/cuda/array.h"
#include "runtime/cuda/capture.h"

#include <cstring>

namespace w2w::cuda {
namespace {

using hip::hipMemcpyKind;

/// Which stream a call runs on and whether it waits.
struct Order {
  CUstream stream = nullptr;
  bool per_thread = false;
  bool wait = false;
};
constexpr Order kSync{nullptr, false, true}, kSyncPerThread{nullptr, true, true};
constexpr Order on(CUstream stream) {
  return {stream, false, false};
}
constexpr Order on_per_thread(CUstream stream) {
  return {stream, true, false};
}

struct Running {
  Context *context = nullptr;
  Stream *stream = nullptr;
  bool capturing = false; // the work goes to a graph
};

CUresult begin(const Order &order, Running &run) {
  if (CUresult result = find_stream(order.stream, order.per_thread, run.context, run.stream))
    return result;
  if (!order.wait)
    return enter_stream(*run.stream, run.capturing);
  if (CUresult result = refuse_in_capture(*run.stream))
    return result;
  return refuse_unsafe();
}

CUresult end(const Order &order, const Running &run, hip::hipError_t error) {
  if (!order.wait)
    return to_cuda(error, *run.context);
  if (error == hip::hipSuccess)
    error = hip::api().hipStreamSynchronize(run.stream->hip);
  return after_wait(*run.context, error);
}

/// The same copy as a node of a graph has it.
CUDA_MEMCPY3D row_copy(const void *dst, const void *src, size_t bytes, hipMemcpyKind kind) {
  const bool unified = kind == hip::hipMemcpyDefault;
  const bool to_host = kind == hip::hipMemcpyDeviceToHost;
  const bool from_host = kind == hip::hipMemcpyHostToDevice;
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = unified     ? CU_MEMORYTYPE_UNIFIED
                    : from_host ? CU_MEMORYTYPE_HOST
                                : CU_MEMORYTYPE_DEVICE;
  c.dstMemoryType = unified   ? CU_MEMORYTYPE_UNIFIED
                    : to_host ? CU_MEMORYTYPE_HOST
                              : CU_MEMORYTYPE_DEVICE;
  if (from_host)
    c.srcHost = src;
  else
    c.srcDevice = reinterpret_cast<CUdeviceptr>(src);
  if (to_host)
    c.dstHost = const_cast<void *>(dst);
  else
    c.dstDevice = reinterpret_cast<CUdeviceptr>(dst);
  c.WidthInBytes = c.srcPitch = c.dstPitch = bytes;
  c.Height = c.Depth = c.srcHeight = c.dstHeight = 1;
  return c;
}

CUresult copy(const void *dst, const void *src, size_t bytes, hipMemcpyKind kind,
              const Order &order) {
  Running run;
  if (CUresult result = begin(order, run))
    return result;
  if (bytes == 0)
    return CUDA_SUCCESS;
  if (!dst || !src)
    return CUDA_ERROR_INVALID_VALUE;
  if (run.capturing)
    return capture(*run.stream, CopyOperation{row_copy(dst, src, bytes, kind), run.context});
  // A copy from or to pageable memory is complete for the caller when HIP returns, as CUDA has it.
  return end(order, run,
             hip::api().hipMemcpyAsync(const_cast<void *>(dst), src, bytes, kind, run.stream->hip));
}

const void *device(CUdeviceptr pointer) {
  return reinterpret_cast<const void *>(pointer);
}

/// One side of a 2-D or 3-D copy.
struct Side {
  const uint8_t *base = nullptr; // of the first byte copied
  size_t pitch = 0, slice = 0;   // bytes from row to row, from slice to slice
  CUmemorytype type = CU_MEMORYTYPE_DEVICE;
};

struct Extent {
  size_t width = 0, height = 1, depth = 1; // bytes, rows, slices
};

/// One side of a copy as the program named it.
struct Place {
  CUmemorytype type;
  const void *host;
  CUdeviceptr pointer;
  CUarray array;
  size_t pitch, rows;
  size_t x, y, z;
};

CUresult make_array_side(const Place &place, const Extent &extent, Side &side) {
  const Array *array = driver().arrays.find(place.array);
  if (!array)
    return CUDA_ERROR_INVALID_HANDLE;
  auto inside = [](size_t first, size_t count, size_t all) {
    return first <= all && count <= all - first;
  };
  if (place.x % array->texel_bytes() != 0 || extent.width % array->texel_bytes() != 0 ||
      !inside(place.x, extent.width, array->row_bytes()) ||
      !inside(place.y, extent.height, array->rows()) ||
      !inside(place.z, extent.depth, array->slices()))
    return CUDA_ERROR_INVALID_VALUE;
  side.type = CU_MEMORYTYPE_DEVICE;
  side.pitch = array->pitch;
  side.slice = array->slice;
  side.base = static_cast<const uint8_t *>(device(array->base)) + place.z * array->slice +
              place.y * array->pitch + place.x;
  return CUDA_SUCCESS;
}

CUresult make_side(const Place &place, const Extent &extent, Side &side) {
  if (place.type == CU_MEMORYTYPE_ARRAY)
    return make_array_side(place, extent, side);
  if (place.type != CU_MEMORYTYPE_HOST && place.type != CU_MEMORYTYPE_DEVICE &&
      place.type != CU_MEMORYTYPE_UNIFIED)
    return CUDA_ERROR_INVALID_VALUE;
  // 0: one row, or tightly packed.
  size_t pitch = place.pitch ? place.pitch : place.x + extent.width;
  size_t rows = place.rows ? place.rows : place.y + extent.height;
  if (pitch < place.x + extent.width || rows < place.y + extent.height)
    return CUDA_ERROR_INVALID_VALUE;
  side.type = place.type;
  side.pitch = pitch;
  side.slice = pitch * rows;
  side.base = static_cast<const uint8_t *>(
      place.type == CU_MEMORYTYPE_HOST ? place.host : device(place.pointer));
  if (!side.base)
    return CUDA_ERROR_INVALID_VALUE;
  side.base += place.z * side.slice + place.y * pitch + place.x;
  return CUDA_SUCCESS;
}

hipMemcpyKind kind_of(CUmemorytype dst, CUmemorytype src) {
  if (dst == CU_MEMORYTYPE_UNIFIED || src == CU_MEMORYTYPE_UNIFIED)
    return hip::hipMemcpyDefault;
  if (dst == CU_MEMORYTYPE_HOST)
    return src == CU_MEMORYTYPE_HOST ? hip::hipMemcpyHostToHost : hip::hipMemcpyDeviceToHost;
  return src == CU_MEMORYTYPE_HOST ? hip::hipMemcpyHostToDevice : hip::hipMemcpyDeviceToDevice;
}

/// The copy as a node of a graph has it.
CUDA_MEMCPY3D box_copy(const Place &dst, const Place &src, const Extent &extent) {
  CUDA_MEMCPY3D c{};
  c.srcXInBytes = src.x;
  c.srcY = src.y;
  c.srcZ = src.z;
  c.srcMemoryType = src.type;
  c.srcHost = src.host;
  c.srcDevice = src.pointer;
  c.srcArray = src.array;
  c.srcPitch = src.pitch;
  c.srcHeight = src.rows;
  c.dstXInBytes = dst.x;
  c.dstY = dst.y;
  c.dstZ = dst.z;
  c.dstMemoryType = dst.type;
  c.dstHost = const_cast<void *>(dst.host);
  c.dstDevice = dst.pointer;
  c.dstArray = dst.array;
  c.dstPitch = dst.pitch;
  c.dstHeight = dst.rows;
  c.WidthInBytes = extent.width;
  c.Height = extent.height;
  c.Depth = extent.depth;
  return c;
}

/// Copies slice by slice: HIP's 2-D copy is the same in all its versions, its 3-D parameters are
/// not.
CUresult copy_box(const Place &dst_place, const Place &src_place, const Extent &extent,
                  const Order &order) {
  Side dst, src;
  if (CUresult result = make_side(src_place, extent, src))
    return result;
  if (CUresult result = make_side(dst_place, extent, dst))
    return result;
  Running run;
  if (CUresult result = begin(order, run))
    return result;
  if (run.capturing)
    return capture(*run.stream, CopyOperation{box_copy(dst_place, src_place, extent), run.context});
  hip::hipError_t error = hip::hipSuccess;
  if (extent.height == 1 && extent.depth == 1)
    return end(order, run,
               hip::api().hipMemcpyAsync(const_cast<uint8_t *>(dst.base), src.base, extent.width,
                                         kind_of(dst.type, src.type), run.stream->hip));
  for (size_t z = 0; z < extent.depth && error == hip::hipSuccess; ++z) {
    auto *to = const_cast<uint8_t *>(dst.base + z * dst.slice);
    error = hip::api().hipMemcpy2DAsync(to, dst.pitch, src.base + z * src.slice, src.pitch,
                                        extent.width, extent.height, kind_of(dst.type, src.type),
                                        run.stream->hip);
  }
  return end(order, run, error);
}

CUresult copy_2d(const CUDA_MEMCPY2D *c, const Order &order) {
  if (!initialised())
    return CUDA_ERROR_NOT_INITIALIZED;
  if (!c)
    return CUDA_ERROR_INVALID_VALUE;
  if (c->WidthInBytes == 0 || c->Height == 0)
    return CUDA_SUCCESS;
  return copy_box({c->dstMemoryType, c->dstHost, c->dstDevice, c->dstArray, c->dstPitch, 0,
                   c->dstXInBytes, c->dstY, 0},
                  {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcArray, c->srcPitch, 0,
                   c->srcXInBytes, c->srcY, 0},
                  {c->WidthInBytes, c->Height, 1}, order);
}

/// CUDA_MEMCPY3D and CUDA_MEMCPY3D_PEER have the same members but for the contexts, which unified
/// addressing makes unnecessary.
template <class Copy> CUresult copy_3d(const Copy *c, const Order &order) {
  if (!initialised())
    return CUDA_ERROR_NOT_INITIALIZED;
  if (!c || c->srcLOD != 0 || c->dstLOD != 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (c->WidthInBytes == 0 || c->Height == 0 || c->Depth == 0)
    return CUDA_SUCCESS;
  return copy_box({c->dstMemoryType, c->dstHost, c->dstDevice, c->dstArray, c->dstPitch,
                   c->dstHeight, c->dstXInBytes, c->dstY, c->dstZ},
                  {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcArray, c->srcPitch,
                   c->srcHeight, c->srcXInBytes, c->srcY, c->srcZ},
                  {c->WidthInBytes, c->Height, c->Depth}, order);
}

// Copies of bytes from and to one-dimensional arrays.

Place bytes_at(const void *host) {
  return {CU_MEMORYTYPE_HOST, host, 0, nullptr, 0, 0, 0, 0, 0};
}
Place bytes_at(CUdeviceptr pointer) {
  return {CU_MEMORYTYPE_DEVICE, nullptr, pointer, nullptr, 0, 0, 0, 0, 0};
}
Place bytes_at(CUarray array, size_t offset) {
  return {CU_MEMORYTYPE_ARRAY, nullptr, 0, array, 0, 0, offset, 0, 0};
}

CUresult copy_row(const Place &dst, const Place &src, size_t bytes, const Order &order) {
  if (!initialised())
    return CUDA_ERROR_NOT_INITIALIZED;
  for (const Place *place : {&dst, &src})
    if (place->type == CU_MEMORYTYPE_ARRAY) {
      const Array *array = driver().arrays.find(place->array);
      if (!array)
        return CUDA_ERROR_INVALID_HANDLE;
      if (array->rows() > 1 || array->slices() > 1)
        return CUDA_ERROR_INVALID_VALUE;
    }
  return bytes == 0 ? CUDA_SUCCESS : copy_box(dst, src, {bytes, 1, 1}, order);
}

/// Fills `count` elements of 1, 2 or 4 bytes.
hip::hipError_t fill_row(CUdeviceptr dst, unsigned value, size_t count, unsigned element,
                         hip::hipStream_t stream) {
  const hip::Api &api = hip::api();
  auto *to = reinterpret_cast<void *>(dst);
  switch (element) {
  case 1:
    return api.hipMemsetD8Async(to, static_cast<unsigned char>(value), count, stream);
  case 2:
    return api.hipMemsetD16Async(to, static_cast<unsigned short>(value), count, stream);
  default:
    return api.hipMemsetD32Async(to, static_cast<int>(value), count, stream);
  }
}

CUresult fill(CUdeviceptr dst, unsigned value, size_t count, unsigned element, const Order &order) {
  Running run;
  if (CUresult result = begin(order, run))
    return result;
  if (count == 0)
    return CUDA_SUCCESS;
  if (!dst || dst % element != 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (run.capturing)
    return capture(*run.stream, FillOperation{{dst, 0, value, element, count, 1}, run.context});
  return end(order, run, fill_row(dst, value, count, element, run.stream->hip));
}

CUresult fill_2d(CUdeviceptr dst, size_t pitch, unsigned value, size_t width, size_t height,
                 unsigned element, const Order &order) {
  Running run;
  if (CUresult result = begin(order, run))
    return result;
  if (width == 0 || height == 0)
    return CUDA_SUCCESS;
  if (!dst || dst % element != 0 || pitch % element != 0 || (height > 1 && pitch < width * element))
    return CUDA_ERROR_INVALID_VALUE;
  if (run.capturing)
    return capture(*run.stream,
                   FillOperation{{dst, pitch, value, element, width, height}, run.context});
  hip::hipError_t error = hip::hipSuccess;
  if (element == 1)
    error = hip::api().hipMemset2DAsync(reinterpret_cast<void *>(dst), pitch,
                                        static_cast<int>(value), width, height, run.stream->hip);
  else if (pitch == width * element)
    error = fill_row(dst, value, width * height, element, run.stream->hip);
  else
    for (size_t y = 0; y < height && error == hip::hipSuccess; ++y)
      error = fill_row(dst + y * pitch, value, width, element, run.stream->hip);
  return end(order, run, error);
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

// Defines the synchronous entry point NAME and NAME_ptds, or the asynchronous NAME and NAME_ptsz.
// `call` sees `order`.
#define W2W_SYNC(name, parameters, call)                                                           \
  CUresult name parameters {                                                                       \
    const Order order = kSync;                                                                     \
    return call;                                                                                   \
  }                                                                                                \
  CUresult name##_ptds parameters {                                                                \
    const Order order = kSyncPerThread;                                                            \
    return call;                                                                                   \
  }
#define W2W_ASYNC(name, parameters, call)                                                          \
  CUresult name parameters {                                                                       \
    const Order order = on(stream);                                                                \
    return call;                                                                                   \
  }                                                                                                \
  CUresult name##_ptsz parameters {                                                                \
    const Order order = on_per_thread(stream);                                                     \
    return call;                                                                                   \
  }

W2W_SYNC(cuMemcpy, (CUdeviceptr dst, CUdeviceptr src, size_t bytes),
         copy(device(dst), device(src), bytes, hip::hipMemcpyDefault, order))
W2W_SYNC(cuMemcpyPeer,
         (CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx, size_t bytes),
         copy(device(dst), device(src), bytes, hip::hipMemcpyDefault, order))
W2W_SYNC(cuMemcpyHtoD_v2, (CUdeviceptr dst, const void *src, size_t bytes),
         copy(device(dst), src, bytes, hip::hipMemcpyHostToDevice, order))
W2W_SYNC(cuMemcpyDtoH_v2, (void *dst, CUdeviceptr src, size_t bytes),
         copy(dst, device(src), bytes, hip::hipMemcpyDeviceToHost, order))
W2W_SYNC(cuMemcpyDtoD_v2, (CUdeviceptr dst, CUdeviceptr src, size_t bytes),
         copy(device(dst), device(src), bytes, hip::hipMemcpyDeviceToDevice, order))
W2W_SYNC(cuMemcpy2D_v2, (const CUDA_MEMCPY2D *c), copy_2d(c, order))
W2W_SYNC(cuMemcpy2DUnaligned_v2, (const CUDA_MEMCPY2D *c), copy_2d(c, order))
W2W_SYNC(cuMemcpy3D_v2, (const CUDA_MEMCPY3D *c), copy_3d(c, order))
W2W_SYNC(cuMemcpy3DPeer, (const CUDA_MEMCPY3D_PEER *c), copy_3d(c, order))

W2W_SYNC(cuMemcpyDtoA_v2, (CUarray dst, size_t dst_offset, CUdeviceptr src, size_t bytes),
         copy_row(bytes_at(dst, dst_offset), bytes_at(src), bytes, order))
W2W_SYNC(cuMemcpyAtoD_v2, (CUdeviceptr dst, CUarray src, size_t src_offset, size_t bytes),
         copy_row(bytes_at(dst), bytes_at(src, src_offset), bytes, order))
W2W_SYNC(cuMemcpyHtoA_v2, (CUarray dst, size_t dst_offset, const void *src, size_t bytes),
         copy_row(bytes_at(dst, dst_offset), bytes_at(src), bytes, order))
W2W_SYNC(cuMemcpyAtoH_v2, (void *dst, CUarray src, size_t src_offset, size_t bytes),
         copy_row(bytes_at(dst), bytes_at(src, src_offset), bytes, order))
W2W_SYNC(cuMemcpyAtoA_v2,
         (CUarray dst, size_t dst_offset, CUarray src, size_t src_offset, size_t bytes),
         copy_row(bytes_at(dst, dst_offset), bytes_at(src, src_offset), bytes, order))
W2W_ASYNC(cuMemcpyHtoAAsync_v2,
          (CUarray dst, size_t dst_offset, const void *src, size_t bytes, CUstream stream),
          copy_row(bytes_at(dst, dst_offset), bytes_at(src), bytes, order))
W2W_ASYNC(cuMemcpyAtoHAsync_v2,
          (void *dst, CUarray src, size_t src_offset, size_t bytes, CUstream stream),
          copy_row(bytes_at(dst), bytes_at(src, src_offset), bytes, order))

W2W_ASYNC(cuMemcpyAsync, (CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream),
          copy(device(dst), device(src), bytes, hip::hipMemcpyDefault, order))
W2W_ASYNC(cuMemcpyPeerAsync,
          (CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx, size_t bytes,
           CUstream stream),
          copy(device(dst), device(src), bytes, hip::hipMemcpyDefault, order))
W2W_ASYNC(cuMemcpyHtoDAsync_v2, (CUdeviceptr dst, const void *src, size_t bytes, CUstream stream),
          copy(device(dst), src, bytes, hip::hipMemcpyHostToDevice, order))
W2W_ASYNC(cuMemcpyDtoHAsync_v2, (void *dst, CUdeviceptr src, size_t bytes, CUstream stream),
          copy(dst, device(src), bytes, hip::hipMemcpyDeviceToHost, order))
W2W_ASYNC(cuMemcpyDtoDAsync_v2, (CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream),
          copy(device(dst), device(src), bytes, hip::hipMemcpyDeviceToDevice, order))
W2W_ASYNC(cuMemcpy2DAsync_v2, (const CUDA_MEMCPY2D *c, CUstream stream), copy_2d(c, order))
W2W_ASYNC(cuMemcpy3DAsync_v2, (const CUDA_MEMCPY3D *c, CUstream stream), copy_3d(c, order))
W2W_ASYNC(cuMemcpy3DPeerAsync, (const CUDA_MEMCPY3D_PEER *c, CUstream stream), copy_3d(c, order))

W2W_SYNC(cuMemsetD8_v2, (CUdeviceptr dst, unsigned char value, size_t count),
         fill(dst, value, count, 1, order))
W2W_SYNC(cuMemsetD16_v2, (CUdeviceptr dst, unsigned short value, size_t count),
         fill(dst, value, count, 2, order))
W2W_SYNC(cuMemsetD32_v2, (CUdeviceptr dst, unsigned int value, size_t count),
         fill(dst, value, count, 4, order))
W2W_SYNC(cuMemsetD2D8_v2,
         (CUdeviceptr dst, size_t pitch, unsigned char value, size_t width, size_t height),
         fill_2d(dst, pitch, value, width, height, 1, order))
W2W_SYNC(cuMemsetD2D16_v2,
         (CUdeviceptr dst, size_t pitch, unsigned short value, size_t width, size_t height),
         fill_2d(dst, pitch, value, width, height, 2, order))
W2W_SYNC(cuMemsetD2D32_v2,
         (CUdeviceptr dst, size_t pitch, unsigned int value, size_t width, size_t height),
         fill_2d(dst, pitch, value, width, height, 4, order))
W2W_ASYNC(cuMemsetD8Async, (CUdeviceptr dst, unsigned char value, size_t count, CUstream stream),
          fill(dst, value, count, 1, order))
W2W_ASYNC(cuMemsetD16Async, (CUdeviceptr dst, unsigned short value, size_t count, CUstream stream),
          fill(dst, value, count, 2, order))
W2W_ASYNC(cuMemsetD32Async, (CUdeviceptr dst, unsigned int value, size_t count, CUstream stream),
          fill(dst, value, count, 4, order))
W2W_ASYNC(cuMemsetD2D8Async,
          (CUdeviceptr dst, size_t pitch, unsigned char value, size_t width, size_t height,
           CUstream stream),
          fill_2d(dst, pitch, value, width, height, 1, order))
W2W_ASYNC(cuMemsetD2D16Async,
          (CUdeviceptr dst, size_t pitch, unsigned short value, size_t width, size_t height,
           CUstream stream),
          fill_2d(dst, pitch, value, width, height, 2, order))
W2W_ASYNC(cuMemsetD2D32Async,
          (CUdeviceptr dst, size_t pitch, unsigned int value, size_t width, size_t height,
           CUstream stream),
          fill_2d(dst, pitch, value, width, height, 4, order))
