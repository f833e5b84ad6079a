// 128-bit atomics of two modules on one location at a time: they share the context's locks.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

/// Each thread adds one to the low half and three to the high one.
const char kCount[] = R"(
.version 8.4
.target sm_90
.address_size 64
.visible .entry count(.param .u64 counter)
{
  .reg .pred %p, %q;
  .reg .b64 %at, %low, %high, %x, %y;
  .reg .b128 %old, %new, %found;
  ld.param.u64 %at, [counter];
  cvta.to.global.u64 %at, %at;
  ld.relaxed.gpu.global.b128 %old, [%at];
again:
  mov.b128 {%low, %high}, %old;
  add.u64 %x, %low, 1;
  add.u64 %y, %high, 3;
  mov.b128 %new, {%x, %y};
  atom.relaxed.gpu.global.cas.b128 %found, [%at], %old, %new;
  mov.b128 {%x, %y}, %found;
  mov.b128 %old, %found;
  setp.ne.u64 %p, %x, %low;
  setp.ne.or.u64 %q, %y, %high, %p;
  @%q bra again;
  ret;
}
)";

} // namespace

int main() {
  setenv("W2W_CONFIG", "cc=9.0", 1);
  CHECK_CU(cuInit(0));
  CUcontext context = nullptr;
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CUdeviceptr counter = 0;
  CHECK_CU(cuMemAlloc_v2(&counter, 16));
  CHECK_CU(cuMemsetD8_v2(counter, 0, 16));
  constexpr unsigned kModules = 2, kBlocks = 4, kThreads = 64;
  CUstream streams[kModules];
  for (CUstream &stream : streams) {
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    CHECK_CU(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CHECK_CU(cuModuleLoadData(&module, kCount));
    CHECK_CU(cuModuleGetFunction(&function, module, "count"));
    void *parameters[] = {&counter};
    CHECK_CU(
        cuLaunchKernel(function, kBlocks, 1, 1, kThreads, 1, 1, 0, stream, parameters, nullptr));
  }
  CHECK_CU(cuCtxSynchronize());
  uint64_t total[2] = {};
  CHECK_CU(cuMemcpyDtoH_v2(total, counter, sizeof total));
  constexpr uint64_t kAll = kModules * kBlocks * kThreads;
  std::printf("%llu, %llu\n", (unsigned long long)total[0], (unsigned long long)total[1]);
  CHECK(total[0] == kAll);
  CHECK(total[1] == 3 * kAll);
  CHECK_CU(cuCtxDestroy_v2(context));
  return failed_checks ? 1 : 0;
}
