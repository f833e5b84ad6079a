#include "runtime/cuda/jit_options.h"

#include <algorithm>
#include <cstring>

namespace w2w::cuda {

CUresult JitOptions::read(unsigned count, CUjit_option *options, void **values) {
  if (count > 0 && (!options || !values))
    return CUDA_ERROR_INVALID_VALUE;
  count_ = count;
  options_ = options;
  values_ = values;
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == CU_JIT_OPTIMIZATION_LEVEL) {
      auto level = reinterpret_cast<uintptr_t>(values[i]) & 0xffffffffu;
      if (level > 4)
        return CUDA_ERROR_INVALID_VALUE;
      opt_level = static_cast<uint32_t>(
          std::min<uintptr_t>(level, 3)); // CUDA's 4 is its highest, as our 3 is
    }
  return CUDA_SUCCESS;
}

void JitOptions::report(std::string_view info, std::string_view errors, float milliseconds) const {
  auto fill = [&](CUjit_option buffer, CUjit_option size, std::string_view text) {
    char *out = nullptr;
    void **room = nullptr;
    for (unsigned i = 0; i < count_; ++i) {
      if (options_[i] == buffer)
        out = static_cast<char *>(values_[i]);
      if (options_[i] == size)
        room = &values_[i];
    }
    if (!out || !room)
      return;
    size_t capacity = reinterpret_cast<uintptr_t>(*room) & 0xffffffffu;
    size_t used = 0;
    if (capacity > 0) {
      used = std::min(text.size(), capacity - 1);
      std::memcpy(out, text.data(), used);
      out[used] = 0;
    }
    *room = reinterpret_cast<void *>(uintptr_t{used});
  };
  fill(CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, info);
  fill(CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, errors);
  for (unsigned i = 0; i < count_; ++i)
    if (options_[i] == CU_JIT_WALL_TIME) {
      uint32_t bits = 0;
      std::memcpy(&bits, &milliseconds, sizeof bits);
      values_[i] = reinterpret_cast<void *>(uintptr_t{bits});
    }
}

} // namespace w2w::cuda
