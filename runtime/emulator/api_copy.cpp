// Copies and fills.
#include "runtime/emulator/api.h"

#include "runtime/emulator/check/blocks.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace w2w::emu;
using namespace w2w::hip;

namespace {

uint64_t value(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

/// Rows of bytes at a pitch, slices of rows: what every copy and fill comes down to.
struct Box {
  size_t width = 0, height = 1, depth = 1;
  bool empty() const { return !width || !height || !depth; }
};
struct Side {
  uint8_t *base = nullptr;
  size_t pitch = 0, slice = 0;
  /// Bytes from the first to the last one touched.
  size_t extent(const Box &box) const {
    return (box.depth - 1) * slice + (box.height - 1) * pitch + box.width;
  }
};

void copy_box(const Side &dst, const Side &src, const Box &box) {
  for (size_t z = 0; z < box.depth; ++z)
    for (size_t y = 0; y < box.height; ++y) {
      uint8_t *to = dst.base + z * dst.slice + y * dst.pitch;
      const uint8_t *from = src.base + z * src.slice + y * src.pitch;
      memmove(to, from, box.width);
      check::host_copied(value(to), value(from), box.width);
    }
}

/// A side that the kind of copy calls device memory must be memory a device can reach.
hipError_t check_sides(Platform &platform, const Side &dst, const Side &src, const Box &box,
                       hipMemcpyKind kind) {
  if (kind < hipMemcpyHostToHost || kind > hipMemcpyDefault)
    return hipErrorInvalidMemcpyDirection;
  if (!dst.base || !src.base)
    return hipErrorInvalidValue;
  bool dst_device = kind == hipMemcpyHostToDevice || kind == hipMemcpyDeviceToDevice;
  bool src_device = kind == hipMemcpyDeviceToHost || kind == hipMemcpyDeviceToDevice;
  // Wherever it starts in a known block, it must not run over its end.
  auto reach = [&](const Side &side, bool must) {
    if (platform.device_can_reach(value(side.base), side.extent(box)))
      return true;
    return !must && !platform.device_can_reach(value(side.base), 1);
  };
  return reach(dst, dst_device) && reach(src, src_device) ? hipSuccess : hipErrorInvalidValue;
}

/// Whether a stream may read or write it later: memory that does not go away under it and needs no
/// staging.
bool pinned(Platform &platform, const Side &side) {
  return platform.find(value(side.base)).has_value();
}

hipError_t copy(const Side &dst, const Side &src, const Box &box, hipMemcpyKind kind,
                hipStream_t stream, bool async) {
  W2W_BEGIN(call, stream);
  if (box.empty())
    return hipSuccess;
  if (box.height > 1 && (dst.pitch < box.width || src.pitch < box.width))
    return note(hipErrorInvalidPitchValue);
  if (hipError_t error = check_sides(*call.platform, dst, src, box, kind); error != hipSuccess)
    return note(error);
  if (async && pinned(*call.platform, dst)) {
    if (pinned(*call.platform, src)) {
      push(*call.device, *call.stream, [=] { copy_box(dst, src, box); });
      return hipSuccess;
    }
    // Pageable source: it is free for the caller as soon as we return. Small ones are staged, for
    // large ones we wait.
    constexpr size_t kStaged = 1 << 20;
    if (box.width * box.height * box.depth <= kStaged) {
      std::vector<uint8_t> staged(box.width * box.height * box.depth);
      Side at{staged.data(), box.width, box.width * box.height};
      copy_box(at, src, box);
      push(*call.device, *call.stream, [dst, box, staged = std::move(staged)]() mutable {
        copy_box(dst, {staged.data(), box.width, box.width * box.height}, box);
      });
      return hipSuccess;
    }
  }
  wait_for_turn(*call.device, *call.stream);
  if (call.device->sticky() == hipSuccess)
    copy_box(dst, src, box);
  return note(call.device->sticky());
}

hipError_t copy_line(void *dst, const void *src, size_t bytes, hipMemcpyKind kind,
                     hipStream_t stream, bool async) {
  if (bytes == 0)
    return hipSuccess;
  return copy({static_cast<uint8_t *>(dst)}, {static_cast<uint8_t *>(const_cast<void *>(src))},
              {bytes}, kind, stream, async);
}

/// Fills `count` elements of `size` bytes in each row of the side.
hipError_t fill_rows(const Side &side, uint32_t pattern, unsigned size, size_t count, size_t height,
                     size_t depth, hipStream_t stream, bool async) {
  W2W_BEGIN(call, stream);
  constexpr size_t kLargest = size_t{1} << 48;
  Box box{0, height, depth};
  if (count == 0 || height == 0 || depth == 0)
    return hipSuccess;
  if (!side.base || value(side.base) % size || count > kLargest / size)
    return note(hipErrorInvalidValue);
  box.width = count * size;
  if ((height > 1 && side.pitch < box.width) || (depth > 1 && side.slice / height < side.pitch))
    return note(hipErrorInvalidPitchValue);
  if (height > kLargest / std::max<size_t>(side.pitch, 1) ||
      depth > kLargest / std::max<size_t>(side.slice, 1) ||
      !call.platform->device_can_reach(value(side.base), side.extent(box)))
    return note(hipErrorInvalidValue);
  auto work = [=] {
    for (size_t row = 0; row < height * depth; ++row) {
      uint8_t *at = side.base + row / height * side.slice + row % height * side.pitch;
      check::host_wrote(value(at), box.width);
      if (size == 1)
        memset(at, static_cast<int>(pattern), count);
      else
        for (size_t i = 0; i < count; ++i)
          memcpy(at + i * size, &pattern, size);
    }
  };
  if (async) {
    push(*call.device, *call.stream, work);
    return hipSuccess;
  }
  wait_for_turn(*call.device, *call.stream);
  if (call.device->sticky() == hipSuccess)
    work();
  return note(call.device->sticky());
}

hipError_t fill(void *dst, size_t pitch, uint32_t pattern, unsigned size, size_t count,
                size_t height, hipStream_t stream, bool async) {
  return fill_rows({static_cast<uint8_t *>(dst), pitch}, pattern, size, count, height, 1, stream,
                   async);
}

hipError_t fill_3d(const hipPitchedPtr &p, int value, const hipExtent &extent, hipStream_t stream,
                   bool async) {
  return fill_rows({static_cast<uint8_t *>(p.ptr), p.pitch, p.pitch * p.ysize},
                   static_cast<uint8_t>(value), 1, extent.width, extent.height, extent.depth,
                   stream, async);
}

/// hip_Memcpy2D; arrays do not exist here. The memory type says which of host and device pointer
/// counts; with HIP 6's managed and unified types it is the device pointer.
hipError_t copy_parameters(const hip_Memcpy2D *c, hipStream_t stream, bool async) {
  if (!c)
    return note(hipErrorInvalidValue);
  if (c->srcMemoryType == hipMemoryTypeArray || c->dstMemoryType == hipMemoryTypeArray)
    return note(hipErrorNotSupported);
  bool src_host = c->srcMemoryType == hipMemoryTypeHost,
       dst_host = c->dstMemoryType == hipMemoryTypeHost;
  auto *src = static_cast<uint8_t *>(src_host ? const_cast<void *>(c->srcHost) : c->srcDevice);
  auto *dst = static_cast<uint8_t *>(dst_host ? c->dstHost : c->dstDevice);
  if (!src || !dst)
    return note(hipErrorInvalidValue);
  size_t src_pitch = c->srcPitch ? c->srcPitch : c->WidthInBytes + c->srcXInBytes;
  size_t dst_pitch = c->dstPitch ? c->dstPitch : c->WidthInBytes + c->dstXInBytes;
  hipMemcpyKind kind = src_host ? (dst_host ? hipMemcpyHostToHost : hipMemcpyHostToDevice)
                                : (dst_host ? hipMemcpyDeviceToHost : hipMemcpyDeviceToDevice);
  return copy({dst + c->dstY * dst_pitch + c->dstXInBytes, dst_pitch},
              {src + c->srcY * src_pitch + c->srcXInBytes, src_pitch}, {c->WidthInBytes, c->Height},
              kind, stream, async);
}

hipError_t copy_3d(const hipMemcpy3DParms *p, hipStream_t stream, bool async) {
  if (!p)
    return note(hipErrorInvalidValue);
  if (p->srcArray || p->dstArray)
    return note(hipErrorNotSupported);
  auto side = [](const hipPitchedPtr &pointer, const hipPos &pos) {
    size_t slice = pointer.pitch * pointer.ysize;
    return Side{static_cast<uint8_t *>(pointer.ptr) + pos.z * slice + pos.y * pointer.pitch + pos.x,
                pointer.pitch, slice};
  };
  if (!p->srcPtr.ptr || !p->dstPtr.ptr)
    return note(hipErrorInvalidValue);
  Box box{p->extent.width, p->extent.height, p->extent.depth};
  return copy(side(p->dstPtr, p->dstPos), side(p->srcPtr, p->srcPos), box, p->kind, stream, async);
}

} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy(void *dst, const void *src, size_t bytes,
                                              hipMemcpyKind kind) {
  return copy_line(dst, src, bytes, kind, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyAsync(void *dst, const void *src, size_t bytes,
                                                   hipMemcpyKind kind, hipStream_t stream) {
  return copy_line(dst, src, bytes, kind, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyHtoD(hipDeviceptr_t dst, void *src, size_t bytes) {
  return copy_line(dst, src, bytes, hipMemcpyHostToDevice, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyDtoH(void *dst, hipDeviceptr_t src, size_t bytes) {
  return copy_line(dst, src, bytes, hipMemcpyDeviceToHost, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyDtoD(hipDeviceptr_t dst, hipDeviceptr_t src,
                                                  size_t bytes) {
  return copy_line(dst, src, bytes, hipMemcpyDeviceToDevice, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyHtoDAsync(hipDeviceptr_t dst, void *src, size_t bytes,
                                                       hipStream_t stream) {
  return copy_line(dst, src, bytes, hipMemcpyHostToDevice, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyDtoHAsync(void *dst, hipDeviceptr_t src, size_t bytes,
                                                       hipStream_t stream) {
  return copy_line(dst, src, bytes, hipMemcpyDeviceToHost, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyDtoDAsync(hipDeviceptr_t dst, hipDeviceptr_t src,
                                                       size_t bytes, hipStream_t stream) {
  return copy_line(dst, src, bytes, hipMemcpyDeviceToDevice, stream, true);
}

namespace {
hipError_t copy_peer(void *dst, int dst_device, const void *src, int src_device, size_t bytes,
                     hipStream_t stream, bool async) {
  Platform *platform = Platform::get();
  if (platform && (!platform->device(dst_device) || !platform->device(src_device)))
    return note(hipErrorInvalidDevice);
  return copy_line(dst, src, bytes, hipMemcpyDeviceToDevice, stream, async);
}
} // namespace

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyPeer(void *dst, int dst_device, const void *src,
                                                  int src_device, size_t bytes) {
  return copy_peer(dst, dst_device, src, src_device, bytes, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyPeerAsync(void *dst, int dst_device, const void *src,
                                                       int src_device, size_t bytes,
                                                       hipStream_t stream) {
  return copy_peer(dst, dst_device, src, src_device, bytes, stream, true);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy2DAsync(void *dst, size_t dst_pitch, const void *src,
                                                     size_t src_pitch, size_t width, size_t height,
                                                     hipMemcpyKind kind, hipStream_t stream) {
  return copy({static_cast<uint8_t *>(dst), dst_pitch},
              {static_cast<uint8_t *>(const_cast<void *>(src)), src_pitch}, {width, height}, kind,
              stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy2D(void *dst, size_t dst_pitch, const void *src,
                                                size_t src_pitch, size_t width, size_t height,
                                                hipMemcpyKind kind) {
  return copy({static_cast<uint8_t *>(dst), dst_pitch},
              {static_cast<uint8_t *>(const_cast<void *>(src)), src_pitch}, {width, height}, kind,
              kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyParam2D(const hip_Memcpy2D *c) {
  return copy_parameters(c, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyParam2DAsync(const hip_Memcpy2D *c,
                                                          hipStream_t stream) {
  return copy_parameters(c, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy3D(const hipMemcpy3DParms *p) {
  return copy_3d(p, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpy3DAsync(const hipMemcpy3DParms *p,
                                                     hipStream_t stream) {
  return copy_3d(p, stream, true);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset(void *dst, int value, size_t bytes) {
  return fill(dst, bytes, static_cast<uint8_t>(value), 1, bytes, 1, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetAsync(void *dst, int value, size_t bytes,
                                                   hipStream_t stream) {
  return fill(dst, bytes, static_cast<uint8_t>(value), 1, bytes, 1, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD8(hipDeviceptr_t dst, unsigned char value,
                                                size_t count) {
  return fill(dst, count, value, 1, count, 1, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD8Async(hipDeviceptr_t dst, unsigned char value,
                                                     size_t count, hipStream_t stream) {
  return fill(dst, count, value, 1, count, 1, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD16(hipDeviceptr_t dst, unsigned short value,
                                                 size_t count) {
  return fill(dst, count, value, 2, count, 1, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD16Async(hipDeviceptr_t dst, unsigned short value,
                                                      size_t count, hipStream_t stream) {
  return fill(dst, count, value, 2, count, 1, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD32(hipDeviceptr_t dst, int value, size_t count) {
  return fill(dst, count, static_cast<uint32_t>(value), 4, count, 1, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemsetD32Async(hipDeviceptr_t dst, int value, size_t count,
                                                      hipStream_t stream) {
  return fill(dst, count, static_cast<uint32_t>(value), 4, count, 1, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset2D(void *dst, size_t pitch, int value, size_t width,
                                                size_t height) {
  return fill(dst, pitch, static_cast<uint8_t>(value), 1, width, height, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset2DAsync(void *dst, size_t pitch, int value,
                                                     size_t width, size_t height,
                                                     hipStream_t stream) {
  return fill(dst, pitch, static_cast<uint8_t>(value), 1, width, height, stream, true);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset3D(hipPitchedPtr pointer, int value,
                                                hipExtent extent) {
  return fill_3d(pointer, value, extent, kStreamNull, false);
}
W2W_HIP_EXPORT hipError_t w2w::hip::hipMemset3DAsync(hipPitchedPtr pointer, int value,
                                                     hipExtent extent, hipStream_t stream) {
  return fill_3d(pointer, value, extent, stream, true);
}

W2W_HIP_EXPORT hipError_t w2w::hip::hipMemcpyWithStream(void *dst, const void *src, size_t bytes,
                                                        hipMemcpyKind kind, hipStream_t stream) {
  return copy_line(dst, src, bytes, kind, stream, false);
}
