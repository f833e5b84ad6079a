// The (option, value) arrays of cuModuleLoadDataEx, cuLibraryLoadData and cuLinkCreate.
#pragma once

#include "runtime/cuda/cuda_abi.h"

#include <cstdint>
#include <string_view>

namespace w2w::cuda {

/// What of the options concerns us; the rest tunes NVIDIA's code generator and is accepted. Values
/// are passed as pointers: numbers in the pointer itself, buffers as addresses. Sizes of the log
/// buffers are written back.
class JitOptions {
public:
  /// CUDA_ERROR_INVALID_VALUE for null arrays.
  CUresult read(unsigned count, CUjit_option *options, void **values);
  /// Fills the log buffers (always NUL-terminated, cut to their size), their sizes and the wall
  /// time.
  void report(std::string_view info, std::string_view errors, float milliseconds) const;

  uint32_t opt_level = 3;

private:
  unsigned count_ = 0;
  CUjit_option *options_ = nullptr;
  void **values_ = nullptr;
};

} // namespace w2w::cuda
