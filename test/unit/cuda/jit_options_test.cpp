#include "runtime/cuda/jit_options.h"

#include <catch2/catch.hpp>

#include <cstring>

using w2w::cuda::JitOptions;

TEST_CASE("log buffers are cut to their size, terminated, and their lengths written back") {
  char errors[8], info[64];
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,   CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                            CU_JIT_INFO_LOG_BUFFER,    CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                            CU_JIT_OPTIMIZATION_LEVEL, CU_JIT_WALL_TIME};
  void *values[] = {errors,
                    reinterpret_cast<void *>(sizeof errors),
                    info,
                    reinterpret_cast<void *>(sizeof info),
                    reinterpret_cast<void *>(1),
                    nullptr};
  JitOptions jit;
  REQUIRE(jit.read(6, options, values) == CUDA_SUCCESS);
  CHECK(jit.opt_level == 1);
  jit.report("fine", "a long error message", 2.5f);
  CHECK(std::string(errors) == "a long ");
  CHECK(values[1] == reinterpret_cast<void *>(7));
  CHECK(std::string(info) == "fine");
  CHECK(values[3] == reinterpret_cast<void *>(4));
  float ms = 0;
  std::memcpy(&ms, &values[5], sizeof ms);
  CHECK(ms == 2.5f);
}

TEST_CASE("malformed options") {
  CUjit_option level = CU_JIT_OPTIMIZATION_LEVEL;
  void *value = reinterpret_cast<void *>(9);
  JitOptions jit;
  CHECK(jit.read(1, nullptr, &value) == CUDA_ERROR_INVALID_VALUE);
  CHECK(jit.read(1, &level, nullptr) == CUDA_ERROR_INVALID_VALUE);
  CHECK(jit.read(1, &level, &value) == CUDA_ERROR_INVALID_VALUE);
  CHECK(jit.read(0, nullptr, nullptr) == CUDA_SUCCESS);
  // A size without a buffer is left alone.
  CUjit_option size = CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES;
  value = reinterpret_cast<void *>(100);
  REQUIRE(jit.read(1, &size, &value) == CUDA_SUCCESS);
  jit.report("", "error", 0);
  CHECK(value == reinterpret_cast<void *>(100));
}
