// Device memory in which the descriptors behind texture and surface handles lie: a handle is the
// device address of its descriptor.
#pragma once

#include "runtime/cuda/state.h"

namespace w2w::cuda {

/// The descriptors of a context. Thread-safe.
class DescriptorPool {
public:
  /// `bytes` of a descriptor, the same for all.
  explicit DescriptorPool(size_t bytes) : bytes_(bytes) {}

  /// Places a copy of the descriptor in device memory. The work that runs is not disturbed:
  /// programs create textures while kernels wait for the host.
  CUresult create(const void *descriptor, uint64_t &address);
  /// Gives the place back. Programs do so while kernels that were given the handle still run, so a
  /// place is used again only after the device has been idle.
  void destroy(uint64_t address);
  /// Frees the memory; nothing on the device may use it.
  void clear();

private:
  CUresult grow();

  static constexpr size_t kChunk = 512;    // descriptors allocated at once
  static constexpr size_t kRecycle = 4096; // given back before the device is waited for
  const size_t bytes_;
  std::mutex mutex_;
  hip::hipStream_t stream_ = nullptr;
  std::vector<void *> chunks_;
  std::vector<uint64_t> free_, given_back_;
};

} // namespace w2w::cuda
