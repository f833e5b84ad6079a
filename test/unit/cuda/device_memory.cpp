// Which memory a kernel's atomic operations work on decides which code runs: where the device lacks
// instructions for memory of the host, pointers to memory of the device alone get a version of
// their own. Totals are right for any memory.
//   device_memory all       maxima and f32 sums lack on host memory (gfx90a, gfx1100)
//   device_memory integers  maxima do; there are no sums of f32 at all (gfx1030)
//   device_memory none      the instructions serve all memory (gfx942)
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"
#include "test/unit/cuda/log_file.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

/// Threads t of a block: counts[t % 8] is raised to t, and sums[t % 8] grows by 1. `plain` needs no
/// assumption: it only adds integers. `variables` works on the module's own, of which one is shared
/// with the host.
const char kKernels[] = R"(
.version 7.0
.target sm_70
.address_size 64
.visible .global .u32 highest[8];
.visible .global .attribute(.managed) .u32 seen_by_host[8];
.visible .entry both(.param .u64 highest, .param .u32 n, .param .u64 sums)
{
  .reg .b32 %t, %k;
  .reg .b64 %p, %q;
  .reg .f32 %one;
  .reg .pred %none;
  mov.u32 %t, %tid.x;
  and.b32 %k, %t, 7;
  ld.param.u64 %p, [highest];
  setp.eq.u64 %none, %p, 0;
  mad.wide.u32 %p, %k, 4, %p;
  @!%none red.global.max.u32 [%p], %t;
  ld.param.u64 %q, [sums];
  cvta.to.global.u64 %q, %q;
  mad.wide.u32 %q, %k, 4, %q;
  mov.f32 %one, 0f3F800000;
  red.global.add.f32 [%q], %one;
  ret;
}
.visible .entry plain(.param .u64 counts)
{
  .reg .b32 %t, %k;
  .reg .b64 %p;
  mov.u32 %t, %tid.x;
  and.b32 %k, %t, 7;
  ld.param.u64 %p, [counts];
  mad.wide.u32 %p, %k, 4, %p;
  red.global.add.u32 [%p], 1;
  ret;
}
.visible .entry variables()
{
  .reg .b32 %t, %k;
  .reg .b64 %p;
  mov.u32 %t, %tid.x;
  and.b32 %k, %t, 7;
  mov.u64 %p, highest;
  mad.wide.u32 %p, %k, 4, %p;
  red.global.max.u32 [%p], %t;
  mov.u64 %p, seen_by_host;
  mad.wide.u32 %p, %k, 4, %p;
  red.global.max.u32 [%p], %t;
  ret;
}
)";

constexpr unsigned kThreads = 256, kWords = 8, kBytes = 4 * kWords;

const LogFile log_file("device_memory", "trace");

size_t assumed(const char *kernel) {
  return log_file.count(std::string("launched ") + kernel +
                        " grid 1x1x1 block 256x1x1, device memory assumed");
}

CUmodule module = nullptr;
CUresult launch(const char *name, void **parameters) {
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, name));
  CUresult result =
      cuLaunchKernel(function, 1, 1, 1, kThreads, 1, 1, 0, nullptr, parameters, nullptr);
  return result == CUDA_SUCCESS ? cuCtxSynchronize() : result;
}

CUdeviceptr on_device(size_t bytes) {
  CUdeviceptr p = 0;
  CHECK_CU(cuMemAlloc_v2(&p, bytes));
  return p;
}
CUdeviceptr on_host() {
  void *p = nullptr;
  CUdeviceptr seen = 0;
  CHECK_CU(cuMemHostAlloc(&p, kBytes, CU_MEMHOSTALLOC_DEVICEMAP));
  CHECK_CU(cuMemHostGetDevicePointer_v2(&seen, p, 0));
  return seen;
}
CUdeviceptr registered() {
  void *p = std::aligned_alloc(4096, 4096);
  CUdeviceptr seen = 0;
  CHECK_CU(cuMemHostRegister_v2(p, 4096, CU_MEMHOSTREGISTER_DEVICEMAP));
  CHECK_CU(cuMemHostGetDevicePointer_v2(&seen, p, 0));
  return seen;
}
CUdeviceptr managed() {
  CUdeviceptr p = 0;
  CHECK_CU(cuMemAllocManaged(&p, kBytes, CU_MEM_ATTACH_GLOBAL));
  return p;
}
CUdeviceptr variable(const char *name) {
  CUdeviceptr p = 0;
  size_t bytes = 0;
  CHECK_CU(cuModuleGetGlobal_v2(&p, &bytes, module, name));
  CHECK(bytes == kBytes);
  return p;
}

/// Whether the device lacks instructions for maxima, and for sums of f32, on host memory alone.
bool integers_differ = false, sums_differ = false;

/// Memory for `both`, and whether the device lets it pass for its own.
struct Memory {
  CUdeviceptr address;
  bool own;
};

/// One launch of `both` on zeroed memory: totals, and which version ran.
void run_both(Memory maxima_memory, Memory sums_memory) {
  CUdeviceptr highest = maxima_memory.address, sums = sums_memory.address;
  std::vector<uint32_t> zeros(kWords), maxima(kWords);
  std::vector<float> totals(kWords);
  if (highest)
    CHECK_CU(cuMemcpyHtoD_v2(highest, zeros.data(), kBytes));
  CHECK_CU(cuMemcpyHtoD_v2(sums, zeros.data(), kBytes));
  uint32_t n = kThreads;
  void *parameters[] = {&highest, &n, &sums};
  size_t before = assumed("both"), launches = log_file.count("launched both");
  CHECK_CU(launch("both", parameters));
  CHECK(log_file.count("launched both") == launches + 1);
  if (highest)
    CHECK_CU(cuMemcpyDtoH_v2(maxima.data(), highest, kBytes));
  CHECK_CU(cuMemcpyDtoH_v2(totals.data(), sums, kBytes));
  for (unsigned k = 0; k < kWords; ++k) {
    CHECK(!highest || maxima[k] == kThreads - kWords + k);
    CHECK(totals[k] == kThreads / kWords);
  }
  bool assumes = integers_differ && maxima_memory.own && (sums_memory.own || !sums_differ);
  CHECK(assumed("both") == before + assumes);
}

} // namespace

int main(int argc, char **argv) {
  const std::string mode = argc > 1 ? argv[1] : "none";
  integers_differ = mode != "none";
  sums_differ = mode == "all";
  ::setenv("CUDA_CACHE_DISABLE", "1", 1); // what is compiled is counted
  CUcontext context = nullptr;
  CHECK_CU(cuInit(0));
  CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
  CHECK_CU(cuModuleLoadData(&module, kKernels));

  const Memory a = {on_device(kBytes), true}, b = {on_device(2 * kBytes), true};
  run_both(a, b);
  run_both(a, {b.address + kBytes, true}); // inside an allocation
  run_both({0, true}, b);
  CHECK(log_file.count("compiled both") == 1);
  run_both({on_host(), false}, {on_host(), false});
  CHECK(log_file.count("compiled both") == (integers_differ ? 2 : 1));
  run_both({managed(), false}, {managed(), false});
  run_both({registered(), false}, b);
  run_both(a, {on_host(), false});
  run_both({managed(), false}, a);
  run_both({variable("highest"), true}, b);
  run_both({variable("seen_by_host"), false}, b);
  run_both(a, {variable("seen_by_host"), false});
  // The program has not allocated it.
  CHECK(cuMemFree_v2(variable("highest")) == CUDA_ERROR_INVALID_VALUE);
  run_both(b, {variable("highest"), true});
  run_both(a, b);
  CHECK(log_file.count("compiled both") == (integers_differ ? 2 : 1));

  // Nothing to assume: one version for all memory.
  for (CUdeviceptr counts : {on_device(kBytes), on_host(), managed()}) {
    std::vector<uint32_t> totals(kWords);
    CHECK_CU(cuMemcpyHtoD_v2(counts, totals.data(), kBytes));
    void *parameters[] = {&counts};
    CHECK_CU(launch("plain", parameters));
    CHECK_CU(cuMemcpyDtoH_v2(totals.data(), counts, kBytes));
    for (uint32_t total : totals)
      CHECK(total == kThreads / kWords);
  }
  CHECK(log_file.count("compiled plain") == 1);
  CHECK(assumed("plain") == 0);
  // Launches before have left their sums there.
  std::vector<uint32_t> zeros(kWords);
  for (const char *name : {"highest", "seen_by_host"})
    CHECK_CU(cuMemcpyHtoD_v2(variable(name), zeros.data(), kBytes));
  CHECK_CU(launch("variables", nullptr));
  for (const char *name : {"highest", "seen_by_host"}) {
    std::vector<uint32_t> maxima(kWords);
    CHECK_CU(cuMemcpyDtoH_v2(maxima.data(), variable(name), kBytes));
    for (unsigned k = 0; k < kWords; ++k)
      CHECK(maxima[k] == kThreads - kWords + k);
  }
  CHECK(assumed("variables") == 0);

  // Another device's memory, where there are two.
  int devices = 0;
  CHECK_CU(cuDeviceGetCount(&devices));
  if (devices > 1) {
    CUcontext other = nullptr;
    CHECK_CU(cuCtxCreate_v2(&other, 0, 1));
    CUdeviceptr far = on_device(kBytes);
    CHECK_CU(cuCtxSetCurrent(context));
    CHECK_CU(cuCtxEnablePeerAccess(other, 0));
    run_both({far, false}, {on_device(kBytes), true});
    run_both({on_device(kBytes), true}, {on_device(kBytes), true});
  }

  // Variables of a module that is gone are in no book: something else may come to lie there. Nor is
  // freed memory.
  CUmodule kept = module;
  CHECK_CU(cuModuleLoadData(&module, kKernels));
  CUdeviceptr gone = variable("highest");
  CHECK(gone != 0);
  CHECK_CU(cuModuleUnload(module));
  module = kept;
  CUdeviceptr freed = on_device(kBytes);
  CHECK_CU(cuMemFree_v2(freed));
  uint32_t n = 0;
  CUdeviceptr sums = b.address;
  void *stale[] = {&gone, &n, &sums};
  const size_t before = assumed("both");
  for (CUdeviceptr at : {gone, freed}) {
    uint64_t word = 0;
    CHECK(cuPointerGetAttribute(&word, CU_POINTER_ATTRIBUTE_CONTEXT, at) != CUDA_SUCCESS);
  }
  CHECK(launch("both", stale) == CUDA_ERROR_ILLEGAL_ADDRESS);
  CHECK(assumed("both") == before);
  std::printf("device memory: %d failed checks\n", failed_checks);
  return failed_checks != 0;
}
