// What the main functions of test programs have in common.
#pragma once

#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

/// Runs tests in a context of the first device; what main returns.
template <typename... Tests> int run_in_context(const char *program, Tests... tests) {
  CUcontext context = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  (tests(), ...);
  CHECK_CU(cuCtxDestroy_v2(context));
  if (!failed_checks)
    std::printf("PASS %s\n", program);
  return failed_checks != 0;
}
