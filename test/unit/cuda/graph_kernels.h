// Kernels for the tests of graphs, and what these share.
#pragma once

#include "test/unit/cuda/in_context.h"

#include <string>
#include <vector>

/// step: *data = *data * 3 + value. join: *to = *a + *b. slow: the same as step after a while.
inline const char kGraphKernels[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .entry step(.param .u64 data, .param .u32 value)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [data];
  ld.param.u32 %r1, [value];
  ld.global.u32 %r2, [%rd1];
  mad.lo.u32 %r3, %r2, 3, %r1;
  st.global.u32 [%rd1], %r3;
  ret;
}
.visible .entry join(.param .u64 a, .param .u64 b, .param .u64 to)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [a];
  ld.param.u64 %rd2, [b];
  ld.param.u64 %rd3, [to];
  ld.global.u32 %r1, [%rd1];
  ld.global.u32 %r2, [%rd2];
  add.u32 %r3, %r1, %r2;
  st.global.u32 [%rd3], %r3;
  ret;
}
.visible .entry slow(.param .u64 data, .param .u32 value)
{
  .reg .pred %p<2>;
  .reg .b32 %r<5>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [data];
  ld.param.u32 %r1, [value];
  mov.u32 %r4, 0;
AGAIN:
  ld.volatile.global.u32 %r2, [%rd1];
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p1, %r4, 20000;
  @%p1 bra AGAIN;
  mad.lo.u32 %r3, %r2, 3, %r1;
  st.global.u32 [%rd1], %r3;
  ret;
}
)";

/// The module and some words of device memory.
struct GraphTest {
  CUmodule module = nullptr;
  CUfunction step = nullptr, join = nullptr, slow = nullptr;
  CUdeviceptr words = 0; // 64 of them, zero
  CUstream stream = nullptr;

  GraphTest() {
    CHECK_CU(cuModuleLoadData(&module, kGraphKernels));
    CHECK_CU(cuModuleGetFunction(&step, module, "step"));
    CHECK_CU(cuModuleGetFunction(&join, module, "join"));
    CHECK_CU(cuModuleGetFunction(&slow, module, "slow"));
    CHECK_CU(cuMemAlloc_v2(&words, 256));
    CHECK_CU(cuMemsetD8_v2(words, 0, 256));
    CHECK_CU(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  }
  ~GraphTest() {
    CHECK_CU(cuStreamDestroy_v2(stream));
    CHECK_CU(cuMemFree_v2(words));
    CHECK_CU(cuModuleUnload(module));
  }
  GraphTest(const GraphTest &) = delete;
  GraphTest &operator=(const GraphTest &) = delete;

  CUdeviceptr word(unsigned i) const { return words + 4 * i; }
  unsigned read(unsigned i) const {
    unsigned value = 0;
    CHECK_CU(cuMemcpyDtoH_v2(&value, word(i), 4));
    return value;
  }
  void write(unsigned i, unsigned value) const { CHECK_CU(cuMemcpyHtoD_v2(word(i), &value, 4)); }
};

/// Launches step on a stream.
inline CUresult launch_step(CUfunction step, CUdeviceptr data, unsigned value, CUstream stream) {
  void *params[] = {&data, &value};
  return cuLaunchKernel(step, 1, 1, 1, 1, 1, 1, 0, stream, params, nullptr);
}

/// Checks that a call gives a certain error.
#define CHECK_ERROR(call, error)                                                                   \
  do {                                                                                             \
    const CUresult check_got = call;                                                               \
    if (check_got != error) {                                                                      \
      ++failed_checks;                                                                             \
      std::fprintf(stderr, "%s:%d: %d, not " #error ": %s\n", __FILE__, __LINE__, check_got,       \
                   #call);                                                                         \
    }                                                                                              \
  } while (0)
