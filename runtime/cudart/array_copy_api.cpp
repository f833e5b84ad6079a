// Copies from and to arrays: boxes of rows, and (long deprecated) spans of bytes that run over the
// ends of rows.
#include "runtime/cudart/channel_format.h"
#include "runtime/cudart/copy_order.h"

#include <algorithm>

namespace {

/// One side of a copy: an array with a place in it, or memory.
struct Side {
  cudaArray_t array = nullptr;
  size_t x = 0, y = 0;          // bytes, rows
  const void *memory = nullptr; // of either kind, as the direction says
  size_t pitch = 0;
};

Side in_array(cudaArray_t array, size_t x, size_t y) {
  return {array, x, y, nullptr, 0};
}
Side in_memory(const void *memory, size_t pitch) {
  return {nullptr, 0, 0, memory, pitch};
}

cudaError_t run_box(const Side &dst, const Side &src, size_t width, size_t height, int kind,
                    const Order &order) {
  CUDA_MEMCPY2D c = {};
  types_of(kind, c.srcMemoryType, c.dstMemoryType);
  if (src.array)
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  if (dst.array)
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.srcArray = src.array;
  c.srcXInBytes = src.x;
  c.srcY = src.y;
  c.srcHost = src.memory;
  c.srcDevice = device_pointer(src.memory);
  c.srcPitch = src.pitch;
  c.dstArray = dst.array;
  c.dstXInBytes = dst.x;
  c.dstY = dst.y;
  c.dstHost = const_cast<void *>(dst.memory);
  c.dstDevice = device_pointer(dst.memory);
  c.dstPitch = dst.pitch;
  c.WidthInBytes = width;
  c.Height = height;
  return to_error(run(c, order));
}

/// Whether a direction can be: an array is device memory.
bool direction_fits(const Side &dst, const Side &src, int kind) {
  if (!valid(kind))
    return false;
  CUmemorytype from, to;
  types_of(kind, from, to);
  return !(src.array && from == CU_MEMORYTYPE_HOST) && !(dst.array && to == CU_MEMORYTYPE_HOST);
}

cudaError_t copy_box(const Side &dst, const Side &src, size_t width, size_t height, int kind,
                     const Order &order) {
  if (!direction_fits(dst, src, kind))
    return record(cudaErrorInvalidMemcpyDirection);
  if ((src.memory && src.pitch < width) || (dst.memory && dst.pitch < width))
    return record(cudaErrorInvalidPitchValue);
  return in_context([&]() -> cudaError_t {
    return width && height ? run_box(dst, src, width, height, kind, order) : cudaSuccess;
  });
}

/// Where a span stands, and how it goes on.
struct Cursor {
  Side side;
  size_t row_bytes = SIZE_MAX; // memory has no rows

  cudaError_t open() {
    if (!side.array)
      return cudaSuccess;
    CUDA_ARRAY3D_DESCRIPTOR d = {};
    if (CUresult r = cuArray3DGetDescriptor_v2(&d, side.array))
      return to_error(r);
    size_t texel = 0;
    if (cudaError_t e = texel_bytes(side.array, texel))
      return e;
    row_bytes = d.Width * texel;
    return side.x < row_bytes ? cudaSuccess : cudaErrorInvalidValue;
  }
  /// Bytes up to the end of the row.
  size_t rest() const { return side.array ? row_bytes - side.x : SIZE_MAX; }
  bool at_row(size_t bytes) const { return !side.array || (side.x == 0 && row_bytes == bytes); }
  void advance(size_t bytes) {
    if (side.array) {
      side.y += (side.x + bytes) / row_bytes;
      side.x = (side.x + bytes) % row_bytes;
    } else {
      side.memory = static_cast<const char *>(side.memory) + bytes;
    }
  }
};

/// Copies `count` bytes row after row: whole rows as boxes, the beginning and the end by
/// themselves.
cudaError_t copy_span(const Side &dst_side, const Side &src_side, size_t count, int kind,
                      const Order &order) {
  if (!direction_fits(dst_side, src_side, kind))
    return record(cudaErrorInvalidMemcpyDirection);
  return in_context([&]() -> cudaError_t {
    Cursor dst{dst_side}, src{src_side};
    if (cudaError_t e = dst.open())
      return e;
    if (cudaError_t e = src.open())
      return e;
    while (count > 0) {
      const size_t row = std::min(dst.row_bytes, src.row_bytes);
      size_t width = std::min({count, dst.rest(), src.rest()}), height = 1;
      if (count >= row && dst.at_row(row) && src.at_row(row)) {
        width = row;
        height = count / row;
      }
      dst.side.pitch = src.side.pitch = width;
      if (cudaError_t e = run_box(dst.side, src.side, width, height, kind, order))
        return e;
      dst.advance(width * height);
      src.advance(width * height);
      count -= width * height;
    }
    return cudaSuccess;
  });
}

} // namespace

// Each in three manners: synchronous, synchronous on the thread's own stream, asynchronous.
#define W2W_SYNC(name, parameters, call)                                                           \
  W2W_RT w2wrt_##name parameters {                                                                 \
    const Order order = kSync;                                                                     \
    return call;                                                                                   \
  }                                                                                                \
  W2W_RT w2wrt_##name##_ptds parameters {                                                          \
    const Order order = kPerThread;                                                                \
    return call;                                                                                   \
  }
#define W2W_ASYNC(name, parameters, call)                                                          \
  W2W_RT w2wrt_##name parameters {                                                                 \
    const Order order = async(stream);                                                             \
    return call;                                                                                   \
  }

W2W_SYNC(cudaMemcpy2DToArray,
         (cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width,
          size_t height, int kind),
         copy_box(in_array(dst, x, y), in_memory(src, pitch), width, height, kind, order))
W2W_ASYNC(cudaMemcpy2DToArrayAsync,
          (cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width,
           size_t height, int kind, cudaStream_t stream),
          copy_box(in_array(dst, x, y), in_memory(src, pitch), width, height, kind, order))
W2W_SYNC(cudaMemcpy2DFromArray,
         (void *dst, size_t pitch, cudaArray_t src, size_t x, size_t y, size_t width, size_t height,
          int kind),
         copy_box(in_memory(dst, pitch), in_array(src, x, y), width, height, kind, order))
W2W_ASYNC(cudaMemcpy2DFromArrayAsync,
          (void *dst, size_t pitch, cudaArray_t src, size_t x, size_t y, size_t width,
           size_t height, int kind, cudaStream_t stream),
          copy_box(in_memory(dst, pitch), in_array(src, x, y), width, height, kind, order))
W2W_SYNC(cudaMemcpy2DArrayToArray,
         (cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_t src, size_t src_x, size_t src_y,
          size_t width, size_t height, int kind),
         copy_box(in_array(dst, dst_x, dst_y), in_array(src, src_x, src_y), width, height, kind,
                  order))

W2W_SYNC(cudaMemcpyToArray,
         (cudaArray_t dst, size_t x, size_t y, const void *src, size_t count, int kind),
         copy_span(in_array(dst, x, y), in_memory(src, 0), count, kind, order))
W2W_ASYNC(cudaMemcpyToArrayAsync,
          (cudaArray_t dst, size_t x, size_t y, const void *src, size_t count, int kind,
           cudaStream_t stream),
          copy_span(in_array(dst, x, y), in_memory(src, 0), count, kind, order))
W2W_SYNC(cudaMemcpyFromArray,
         (void *dst, cudaArray_t src, size_t x, size_t y, size_t count, int kind),
         copy_span(in_memory(dst, 0), in_array(src, x, y), count, kind, order))
W2W_ASYNC(cudaMemcpyFromArrayAsync,
          (void *dst, cudaArray_t src, size_t x, size_t y, size_t count, int kind,
           cudaStream_t stream),
          copy_span(in_memory(dst, 0), in_array(src, x, y), count, kind, order))
W2W_SYNC(cudaMemcpyArrayToArray,
         (cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_t src, size_t src_x, size_t src_y,
          size_t count, int kind),
         copy_span(in_array(dst, dst_x, dst_y), in_array(src, src_x, src_y), count, kind, order))
