// What a kernel can do wrong: the sticky errors of a context, one context
// each.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/log_file.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

const char kKernels[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .entry traps()
{
  trap;
}
.visible .entry wild()
{
  .reg .b32 %r<2>;
  .reg .b64 %rd<2>;
  mov.u64 %rd1, 4096;
  mov.u32 %r1, 1;
  st.global.u32 [%rd1], %r1;
  ret;
}
.visible .entry fine()
{
  ret;
}
)";

/// A fresh context with the kernels loaded; launches one and returns what waiting for it gives.
CUresult run(const char *kernel) {
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuModuleLoadData(&module, kKernels));
  CHECK_CU(cuModuleGetFunction(&function, module, kernel));
  CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 3, 1, 1, 0, nullptr, nullptr, nullptr));
  CUresult result = cuCtxSynchronize();
  if (result != CUDA_SUCCESS) {
    // Every later call of the context answers the same.
    CUdeviceptr pointer = 0;
    CHECK(cuMemAlloc_v2(&pointer, 16) == result);
    CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr) == result);
    CHECK(cuCtxSynchronize() == result);
  }
  CHECK_CU(cuCtxDestroy_v2(context));
  CUcontext none = nullptr;
  CHECK_CU(cuCtxGetCurrent(&none));
  CHECK(none == nullptr);
  return result;
}

const LogFile log_file("device_errors");

} // namespace

int main() {
  CHECK_CU(cuInit(0));
  CHECK(run("fine") == CUDA_SUCCESS);
  CHECK(run("traps") == CUDA_ERROR_LAUNCH_FAILED);
  CHECK(log_file.count("traps") > 0);
  CHECK(log_file.count("PTX line 7") > 0);
  CHECK(run("wild") == CUDA_ERROR_ILLEGAL_ADDRESS);
  CHECK(log_file.count("wild") > 0);
  CHECK(run("fine") == CUDA_SUCCESS); // a new context is a new start

  std::printf("device errors: %d failed checks\n", failed_checks);
  return failed_checks != 0;
}
